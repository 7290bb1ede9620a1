"""Pairs in which several factors change at once, for testing only: one action each, all in one pair.

Nothing is trained on them. They ask whether a model that learned single actions tells several apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from datasets.errors import DatasetInputError
from datasets.factors import FactorSpace, IntArray
from datasets.steps import BoolArray, ends_of, ways_of

_CHUNK = 256  # drawn at once; part of what a seed means
_EMPTY_DRAWS = 200  # in a row, before a part of the grid counts as having no such pair


@dataclass(frozen=True)
class Several:
    """Pairs of test images, as rows of their cache.

    Attributes:
        before, after: rows, int64 [M].
        actions: of different factors, ascending by factor, int64 [M, k].
    """

    before: IntArray
    after: IntArray
    actions: IntArray

    def __len__(self) -> int:
        return len(self.before)


def blocks_of_several(
    space: FactorSpace, count: int, inside: Callable[[IntArray], BoolArray] | None, rng: np.random.Generator
) -> Iterator[Several]:
    """Pairs without end, some at a time, whose images are both `inside` (a mask of grid indices; None: all).

    Raises:
        DatasetInputError: there seem to be none, or so many factors cannot be moved.
    """
    empty = 0
    while empty < _EMPTY_DRAWS:
        block = draw_several(space, count, rng)
        kept = np.ones(len(block), np.bool_) if inside is None else inside(block.before) & inside(block.after)
        empty = 0 if kept.any() else empty + 1
        if kept.any():
            yield Several(block.before[kept], block.after[kept], block.actions[kept])
    raise DatasetInputError(
        f"there is no pair of images among what is held out in which {count} factors change; hold out more, "
        "or ask for fewer with --several"
    )


def draw_several(space: FactorSpace, count: int, rng: np.random.Generator) -> Several:
    """Pairs of a full grid, with grid indices for rows: any `count` factors, any of their changes.

    Raises:
        DatasetInputError: so many factors cannot be moved.
    """
    ways = np.array([ways_of(factor) for factor in space.factors], dtype=np.int64)
    movable = np.flatnonzero(ways)
    if len(movable) < count:
        raise DatasetInputError(
            f"{count} factors cannot change at once, as {len(movable)} can change at all; ask for fewer with "
            "--several"
        )
    chosen = np.sort(rng.permuted(np.tile(movable, (_CHUNK, 1)), axis=1)[:, :count], axis=1)
    before = rng.integers(0, space.sizes, (_CHUNK, space.num_factors))
    after, actions = before.copy(), np.zeros((_CHUNK, count), np.int64)
    for f in movable.tolist():
        row, place = np.nonzero(chosen == f)
        low, high = ends_of(space.factors[f], rng.integers(0, ways[f], len(row)))
        rises = rng.random(len(row)) < 0.5
        before[row, f], after[row, f] = np.where(rises, low, high), np.where(rises, high, low)
        if space.factors[f].acts == "set":
            actions[row, place] = space.actions_of(f)[0] + after[row, f]
        else:
            actions[row, place] = np.where(rises, space.step_action(f, 1), space.step_action(f, -1))
    return Several(space.to_index(before), space.to_index(after), actions)
