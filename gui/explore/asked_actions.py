"""Which action is meant by a key, a button or a cell, and what it asks of its factor: no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datasets.factors import FactorSpace
from gui import requests as rq
from gui.history import Step
from gui.replies import PickedImage

Moves = tuple[int, int]  # factor, signed number of steps


@dataclass(frozen=True, eq=False)
class Asked:
    """An intervention on its way to the engine.

    Attributes:
        label, python: of the step that it will be.
        moves: factor and signed number of steps that it asks of it, None for do(variable).
    """

    request: rq.Request
    label: str
    python: str
    moves: tuple[int, int] | None = None


def changed_factors(image: PickedImage | None, values: Sequence[int]) -> tuple[int, ...]:
    """The factors that shall have another value than in the present image."""
    now = image.loaded.factors if image is not None else None
    if now is None or len(now) != len(values):
        return ()
    return tuple(f for f, (before, after) in enumerate(zip(now, values, strict=True)) if before != after)


def action_of_key(space: FactorSpace, factor: int, up: bool) -> int | None:
    """The action of the keys + and -; None where the factor has none such."""
    action, only = space.step_action(factor, 1 if up else -1), space.actions_of(factor)
    if action < 0 and up and len(only) == 1:
        return only[0]
    return None if action < 0 else action


def moves_of(
    space: FactorSpace, action: int, start: Sequence[int] | None, done: Sequence[Step]
) -> Moves | None:
    """What an action asks of its factor; None where that is not known.

    Args:
        space: the factors.
        action: the action.
        start: the image's factor values, None where unknown.
        done: the steps before it.
    """
    one = space.actions[action]
    if one.direction:
        return one.factor, one.direction
    if one.value is None or start is None or len(start) != space.num_factors:
        return None
    moved = sum(step.moves[1] for step in done if step.moves is not None and step.moves[0] == one.factor)
    return one.factor, one.value - start[one.factor] - moved


def action_of_cell(
    space: FactorSpace, title: str, labels: Sequence[str], column: int
) -> tuple[int, int] | None:
    """The action of a cell in a row of the traversal, and how often.

    None where the row is no factor's, and for the image itself.
    """
    if title not in space.names:
        return None
    factor = space.names.index(title)
    up, down = space.step_action(factor, 1), space.step_action(factor, -1)
    if up >= 0:
        steps = int(labels[column])
        return (up if steps > 0 else down, abs(steps)) if steps else None
    if not column:
        return None
    its = space.actions_of(factor)
    return (its[0], column) if len(its) == 1 else (its[column - 1], 1)
