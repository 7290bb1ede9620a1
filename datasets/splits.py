"""Draws transition pairs and keeps the splits apart by image content.

A pair is two images that lie one action apart (datasets.steps): in a plain grid one factor differs by one
step, without wrap-around, as in the paper's public code (action f raises factor f, F + f lowers it), unless
the recipe wants other actions (datasets.pair_rules). An
unordered pair is kept once, in a random direction. Splits own *contents*: an image whose pixels another
split already holds is refused, whatever its labels, so no picture can be learned in one split and asked
about in another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from datasets.errors import DatasetInputError
from datasets.factors import FactorSpace
from datasets.source import ImageArray
from datasets.steps import Block, Neighbours, directed

_PATIENCE = 20_000  # refusals in a row before the grid counts as exhausted


@dataclass(frozen=True)
class Pair:
    """A directed pair of neighbours: grid indices before and after, and the actions there and back."""

    before: int
    after: int
    action: int
    back: int = -1

    @property
    def key(self) -> tuple[int, int]:
        """The same for a pair and its reverse."""
        return min(self.before, self.after), max(self.before, self.after)


def candidates(neighbours: Neighbours, rng: np.random.Generator) -> Iterator[Pair]:
    """Random pairs without end, not yet distinct; every action is equally likely."""
    while True:
        block = neighbours.draw(rng)
        yield from pairs_of(block)


def pairs_of(block: Block) -> Iterator[Pair]:
    """The candidates one by one."""
    return map(Pair, *(column.tolist() for column in block))


def even_room(space: FactorSpace, wanted: int) -> list[int]:
    """`wanted` pairs shared out among the actions, [A]; the shares differ by one at most."""
    actions = [a for a, f in enumerate(space.action_factors) if space.sizes[f] > 1]
    room = [0] * space.num_actions
    for i, action in enumerate(actions):
        room[action] = wanted // len(actions) + (i < wanted % len(actions))
    return room


def digests(images: ImageArray) -> list[bytes]:
    """A 16-byte hash of each image's pixels."""
    whole = np.ascontiguousarray(images)
    return [hashlib.blake2b(image.data, digest_size=16).digest() for image in whole]


@dataclass
class Ledger:
    """Which images and contents each split holds, and the pairs that were accepted.

    Attributes:
        row_of: grid index -> row; rows are numbered in the order of acceptance.
        splits: split number of each row.
        contents: content hash of each row.
        pairs: accepted pairs of each split number.
        null_pairs: distinct pixel-identical pairs that were refused.
        room: pairs of each action that a split still takes; a split without an entry takes any number.
    """

    row_of: dict[int, int] = field(default_factory=dict)
    splits: list[int] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    pairs: dict[int, list[Pair]] = field(default_factory=dict)
    null_pairs: int = 0
    room: dict[int, list[int]] = field(default_factory=dict)
    _owner: dict[bytes, int] = field(default_factory=dict)
    _settled: set[tuple[int, int]] = field(default_factory=set)

    def is_open(self, pair: Pair, split: int) -> bool:
        """Whether a pair could still be accepted, as far as can be told without its pixels."""
        if pair.key in self._settled or (split in self.room and self.room[split][pair.action] < 1):
            return False
        rows = (self.row_of.get(pair.before), self.row_of.get(pair.after))
        return all(row is None or self.splits[row] == split for row in rows)

    def offer(self, pair: Pair, split: int, before: bytes, after: bytes) -> tuple[bool, list[int]]:
        """Accept a pair, given the content hashes of its images, or refuse it.

        Returns:
            Whether it was accepted, and the grid indices of the images that got a new row, in order.
        """
        if not self.is_open(pair, split):
            return False, []
        if before == after:
            self._settled.add(pair.key)
            self.null_pairs += 1
            return False, []
        if any(self._owner.get(content, split) != split for content in (before, after)):
            return False, []
        self._settled.add(pair.key)
        self.pairs.setdefault(split, []).append(pair)
        if split in self.room:
            self.room[split][pair.action] -= 1
        ends = ((pair.before, before), (pair.after, after))
        return True, [index for index, content in ends if self.hold(index, split, content)]

    def hold(self, index: int, split: int, content: bytes) -> bool:
        """Give an image of a split its row, unless it has one or another split owns its content."""
        if index in self.row_of or not self.may_hold(index, split, content):
            return False
        self.row_of[index] = len(self.splits)
        self.splits.append(split)
        self.contents.append(content)
        self._owner[content] = split
        return True

    def may_hold(self, index: int, split: int, content: bytes) -> bool:
        """Whether an image is in a split already, or could be."""
        row = self.row_of.get(index)
        return self._owner.get(content, split) == split and (row is None or self.splits[row] == split)

    def close_under_steps(self, neighbours: Neighbours, split: int, rng: np.random.Generator) -> list[Pair]:
        """Every other neighbour pair among one split's images: more transitions for no more images."""
        rows = np.flatnonzero(np.array(self.splits) == split)
        grid = np.fromiter(self.row_of, np.int64, len(self.row_of))[rows]
        found: list[Pair] = []
        for f, low, high in neighbours.among(np.sort(grid)):
            for pair in pairs_of(directed(neighbours.space, low, high, np.full(len(low), f), rng)):
                if pair.key in self._settled:
                    continue
                self._settled.add(pair.key)
                if self.contents[self.row_of[pair.before]] == self.contents[self.row_of[pair.after]]:
                    self.null_pairs += 1
                else:
                    found.append(pair)
        return found


class Patience:
    """Counts refusals in a row, and gives up."""

    def __init__(self, split: str, wanted: int) -> None:
        self._split, self._wanted, self._refused = split, wanted, 0

    def note(self, accepted: bool, have: int) -> None:
        """Record one outcome; `have` pairs are accepted so far.

        Raises:
            DatasetInputError: the grid seems to have no further pair for this split.
        """
        self._refused = 0 if accepted else self._refused + 1
        if self._refused >= _PATIENCE:
            raise DatasetInputError(
                f"the data set has room for only about {have:,} {self._split} pairs beside the other "
                f"splits, {self._wanted:,} were asked for; ask for fewer pairs"
            )


def check_room(neighbours: Neighbours, wanted: int) -> None:
    """Refuse at once what can never be drawn.

    Raises:
        DatasetInputError: there are fewer neighbour pairs than are wanted.
    """
    total = neighbours.count()
    if wanted > total:
        raise DatasetInputError(
            f"the data set has {total:,} pairs of neighbours, {wanted:,} were asked for; ask for fewer pairs"
        )
