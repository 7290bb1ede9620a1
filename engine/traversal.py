"""Rows of the traversal grid: actions repeated, or the likeliest codes of a variable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InputError
from engine.results import Codes, Image, TraversalRow

if TYPE_CHECKING:
    from engine.explorer import Explorer


def traverse_actions(
    explorer: Explorer, codes: Codes, factors: list[int], steps: int = 5
) -> Iterator[TraversalRow]:
    """One row a factor: its actions repeated, from -steps to +steps; the middle is the image itself.

    A factor that is not moved by steps has the image first, then what each of its actions, or its only one
    repeated, makes of it.

    Raises:
        InputError: a factor does not exist.
    """
    space = explorer.info.space
    for factor in factors:
        if not 0 <= factor < space.num_factors:
            raise InputError(f"there is no factor {factor}; factors are 0 to {space.num_factors - 1}")
        up, down = (space.step_action(factor, direction) for direction in (1, -1))
        if up < 0 or down < 0:
            yield _other_actions(explorer, codes, factor, steps)
            continue
        raised, lowered = (_repeat(explorer, codes, action, steps) for action in (up, down))
        row = [*reversed(lowered), (codes, explorer.decode(codes)), *raised]
        labels = tuple(f"{k:+d}" if k else "0" for k in range(-steps, steps + 1))
        cells, images = (np.stack(part) for part in zip(*row, strict=True))
        yield _row(space.names[factor], labels, cells, images, steps)


def traverse_variables(
    explorer: Explorer, codes: Codes, variables: list[int], columns: int = 11
) -> Iterator[TraversalRow]:
    """One row a variable: the present code first, then its most likely codes.

    Raises:
        InputError: a variable does not exist.
    """
    for variable in variables:
        likely = explorer.palette(codes, variable, columns + 1).codes
        current = int(codes[variable])
        chosen = np.array([current, *(k for k in likely if k != current)][:columns])
        cells = np.repeat(codes[None], len(chosen), axis=0)
        cells[:, variable] = chosen
        name = explorer.info.variable_name(variable)
        yield _row(name, tuple(str(k) for k in chosen), cells, explorer.decode(cells), 0)


def _other_actions(explorer: Explorer, codes: Codes, factor: int, steps: int) -> TraversalRow:
    """The row of a factor whose actions are no steps."""
    space = explorer.info.space
    actions = space.actions_of(factor)
    if space.factors[factor].acts == "set":
        made = [_repeat(explorer, codes, action, 1)[0] for action in actions]
        labels = space.factors[factor].values
    else:
        made = _repeat(explorer, codes, actions[0], 2 * steps)
        labels = tuple(f"{k:+d}" for k in range(1, 2 * steps + 1))
    cells, images = (np.stack(part) for part in zip((codes, explorer.decode(codes)), *made, strict=True))
    return _row(space.names[factor], ("0", *labels), cells, images, 0)


def _repeat(explorer: Explorer, codes: Codes, action: int, steps: int) -> list[tuple[Codes, Image]]:
    """Codes and image after one, two, ... repetitions."""
    after = []
    for _ in range(steps):
        step = explorer.apply_action(codes, action)
        codes = step.codes
        after.append((codes, step.image))
    return after


def _row(title: str, labels: tuple[str, ...], cells: Codes, images: Image, middle: int) -> TraversalRow:
    others = np.delete(images, middle, axis=0).astype(np.float32)
    effect = float(np.abs(others - images[middle]).mean() / 255) if len(others) else 0.0
    return TraversalRow(title, labels, images, cells, effect)
