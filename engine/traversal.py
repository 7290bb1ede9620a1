"""Rows of the traversal grid: actions repeated, or the likeliest codes of a variable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InputError
from engine.results import Codes, Image, TraversalRow

if TYPE_CHECKING:
    from datasets.factors import FactorSpace
    from engine.explorer import Explorer

FACTORS_AT_ONCE = 3
Cell = tuple[Codes, Image]
Chains = dict[int, list[Cell]]  # of each action: codes and image after one, two, ... repetitions


def traverse_actions(
    explorer: Explorer, codes: Codes, factors: list[int], steps: int = 5
) -> Iterator[TraversalRow]:
    """One row a factor: its actions repeated, from -steps to +steps; the middle is the image itself.

    A factor that is not moved by steps has the image first, then what each of its actions, or its only one
    repeated, makes of it.

    Raises:
        InputError: a factor does not exist.
    """
    return (row for row in traverse_actions_steps(explorer, codes, factors, steps) if row is not None)


def traverse_actions_steps(
    explorer: Explorer, codes: Codes, factors: list[int], steps: int = 5
) -> Iterator[TraversalRow | None]:
    """The same, with a None after every few interventions, where something else can be done.

    The first row comes as soon as it can. The actions of FACTORS_AT_ONCE further rows are done together:
    fewer passes through the model.
    """
    space = explorer.info.space
    for factor in factors:
        if not 0 <= factor < space.num_factors:
            raise InputError(f"there is no factor {factor}; factors are 0 to {space.num_factors - 1}")
    present = codes, explorer.decode(codes)
    further = range(1, len(factors), FACTORS_AT_ONCE)
    for some in (factors[:1], *(factors[start : start + FACTORS_AT_ONCE] for start in further)):
        repeats = {action: times for factor in some for action, times in _repeats(space, factor, steps)}
        made: Chains = {action: [] for action in repeats}
        for done in range(max(repeats.values(), default=0)):
            _once_more(explorer, codes, [a for a, times in repeats.items() if times > done], made)
            yield None
        for factor in some:
            yield _row_of(space, factor, present, made)


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


def _repeats(space: FactorSpace, factor: int, steps: int) -> list[tuple[int, int]]:
    """The actions of a factor's row, and how often each is repeated."""
    raising, lowering = (space.step_action(factor, direction) for direction in (1, -1))
    if raising >= 0 and lowering >= 0:
        return [(raising, steps), (lowering, steps)]
    if space.factors[factor].acts == "set":
        return [(action, 1) for action in space.actions_of(factor)]
    return [(space.actions_of(factor)[0], 2 * steps)]


def _once_more(explorer: Explorer, codes: Codes, actions: list[int], made: Chains) -> None:
    """Does each action once more to what came of it so far, at first to the image with these codes."""
    so_far = np.stack([made[action][-1][0] if made[action] else codes for action in actions])
    acted = explorer.apply_actions(so_far, np.array(actions))
    for action, after, image in zip(actions, acted.codes, acted.images, strict=True):
        made[action].append((after, image))


def _row_of(space: FactorSpace, factor: int, present: Cell, made: Chains) -> TraversalRow:
    raising, lowering = (space.step_action(factor, direction) for direction in (1, -1))
    if raising >= 0 and lowering >= 0:
        steps = len(made[raising])
        row, middle = [*reversed(made[lowering]), present, *made[raising]], steps
        labels = tuple(f"{k:+d}" if k else "0" for k in range(-steps, steps + 1))
    elif space.factors[factor].acts == "set":
        row, middle = [present, *(made[action][0] for action in space.actions_of(factor))], 0
        labels = ("0", *space.factors[factor].values)
    else:
        row, middle = [present, *made[space.actions_of(factor)[0]]], 0
        labels = ("0", *(f"{k:+d}" for k in range(1, len(row))))
    cells, images = (np.stack(part) for part in zip(*row, strict=True))
    return _row(space.names[factor], labels, cells, images, middle)


def _row(title: str, labels: tuple[str, ...], cells: Codes, images: Image, middle: int) -> TraversalRow:
    others = np.delete(images, middle, axis=0).astype(np.float32)
    effect = float(np.abs(others - images[middle]).mean() / 255) if len(others) else 0.0
    return TraversalRow(title, labels, images, cells, effect)
