"""What an action makes of factor values, and which images of a set lie one action apart.

In a plain grid an action moves its own factor by one step and nothing else. Where factors cause one
another, an action on a cause moves its effects too. Both are said by *own values*: of each factor's value
what its causes do not explain. An action raises or lowers one own value by one; factor values follow:

    own = values                       of factors without causes
    own = values - f(causes)           of effects: how far they stand off from what their causes make of them

so that an action on an effect moves that effect alone, an action on a cause leaves the deviations as they
are, and the opposite action always leads back. (In the words of structural causal models: own values are the
exogenous part, and actions are shift interventions on it.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from datasets.errors import DatasetInputError
from datasets.factors import FactorSpace, IntArray

BoolArray = npt.NDArray[np.bool_]
Edges = tuple[tuple[str, str], ...]
_CHUNK = 1024  # candidates drawn at once; part of what a seed means


@runtime_checkable
class Steps(Protocol):
    """Factor values <-> own values.

    Attributes:
        space: the factors.
        factor_graph: which factor causes which, (cause, effect) by name.
    """

    @property
    def space(self) -> FactorSpace: ...

    @property
    def factor_graph(self) -> Edges: ...

    def own_values(self, values: IntArray) -> IntArray:
        """Factor values int64 [n, F] -> own values int64 [n, F]. Inverse of `settle`."""
        ...

    def settle(self, own: IntArray) -> tuple[IntArray, BoolArray]:
        """Own values int64 [n, F] -> factor values [n, F], and whether the set has such images, [n]."""
        ...


class PlainSteps:
    """The steps of a grid in which no factor causes another one. See `Steps`."""

    factor_graph: Edges = ()

    def __init__(self, space: FactorSpace) -> None:
        self.space = space

    def own_values(self, values: IntArray) -> IntArray:
        """The values themselves."""
        return values

    def settle(self, own: IntArray) -> tuple[IntArray, BoolArray]:
        """The values themselves, and whether they lie in the grid."""
        return own, in_range(self.space, own)


def in_range(space: FactorSpace, values: IntArray) -> BoolArray:
    """Whether factor values [n, F] lie in the grid, [n]."""
    return np.asarray(((values >= 0) & (values < np.array(space.sizes))).all(axis=1))


def moved(own: IntArray, action: npt.ArrayLike, repetitions: int = 1) -> IntArray:
    """Own values [n, F] after actions [n], each done `repetitions` times; they may leave the range."""
    num_factors = own.shape[1]
    action = np.asarray(action, dtype=np.int64)
    after = own.copy()
    after[np.arange(len(own)), action % num_factors] += repetitions * np.where(action < num_factors, 1, -1)
    return after


def successors(
    steps: Steps, values: IntArray, action: npt.ArrayLike, repetitions: int = 1
) -> tuple[IntArray, BoolArray]:
    """Factor values [n, F] after actions [n], and whether the set has such images, [n]."""
    return steps.settle(moved(steps.own_values(values), action, repetitions))


class Block(NamedTuple):
    """Candidates for pairs: grid indices before and after, and the actions between them, [n] each."""

    before: IntArray
    after: IntArray
    action: IntArray


class Neighbours(Protocol):
    """The pairs of images that lie one action apart; `low` is the one that raising the factor starts from."""

    @property
    def space(self) -> FactorSpace: ...

    def count(self) -> int:
        """The number of unordered pairs."""
        ...

    def draw(self, rng: np.random.Generator) -> Block:
        """Some pairs at random, every action as likely as the others."""
        ...

    def among(self, held: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
        """The pairs among some images (grid indices, ascending): (factor, low, high) for each factor."""
        ...


class GridNeighbours:
    """Of a full grid: one factor differs by one step, without wrap-around. See `Neighbours`."""

    def __init__(self, space: FactorSpace) -> None:
        self.space = space

    def count(self) -> int:
        return sum(self.space.num_images // size * (size - 1) for size in self.space.sizes)

    def draw(self, rng: np.random.Generator) -> Block:
        """The factor is uniform over those with two values or more, its lower value uniform over all but the
        last, the other factors uniform, the direction a fair coin.
        """
        space = self.space
        movable = np.array([f for f, size in enumerate(space.sizes) if size > 1], dtype=np.int64)
        sizes = np.array(space.sizes, dtype=np.int64)
        factor = rng.choice(movable, _CHUNK)
        values = rng.integers(0, sizes, (_CHUNK, len(sizes)))
        values[np.arange(_CHUNK), factor] = rng.integers(0, sizes[factor] - 1)
        low = space.to_index(values)
        return directed(low, low + strides(space)[factor], factor, len(sizes), rng)

    def among(self, held: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
        values = self.space.to_values(held)
        for f, step in enumerate(strides(self.space).tolist()):
            low = held[values[:, f] < self.space.sizes[f] - 1]
            low = low[np.isin(low + step, held, assume_unique=True)]
            yield f, low, low + step


class SettledNeighbours:
    """Of a set whose factors cause one another: a table of all steps. See `Neighbours`.

    Args:
        steps: of a grid of up to some hundred thousand images.

    Raises:
        DatasetInputError: no factor can be moved.
    """

    def __init__(self, steps: Steps) -> None:
        self.space = steps.space
        values = self.space.to_values(np.arange(self.space.num_images))
        own = steps.own_values(values)
        there = steps.settle(own)[1]
        grid, own = np.flatnonzero(there).astype(np.int64), own[there]
        self._low, self._high = [], []
        for f in range(self.space.num_factors):
            after, possible = steps.settle(moved(own, np.full(len(own), f)))
            self._low.append(grid[possible])
            self._high.append(self.space.to_index(after[possible]))
        self._movable = np.array([f for f, low in enumerate(self._low) if len(low)], dtype=np.int64)
        if not len(self._movable):
            raise DatasetInputError("the data set has no two images that lie one action apart")

    def count(self) -> int:
        return sum(map(len, self._low))

    def draw(self, rng: np.random.Generator) -> Block:
        """The factor is uniform over those that can be moved, the pair uniform over its pairs, the direction
        a fair coin.
        """
        factor = rng.choice(self._movable, _CHUNK)
        at = rng.random(_CHUNK)
        low, high = np.empty(_CHUNK, np.int64), np.empty(_CHUNK, np.int64)
        for f in self._movable:
            here = factor == f
            pick = (at[here] * len(self._low[f])).astype(np.int64)
            low[here], high[here] = self._low[f][pick], self._high[f][pick]
        return directed(low, high, factor, self.space.num_factors, rng)

    def among(self, held: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
        for f, (low, high) in enumerate(zip(self._low, self._high, strict=True)):
            both = np.isin(low, held) & np.isin(high, held)
            yield f, low[both], high[both]


def neighbours_of(source: object, space: FactorSpace) -> Neighbours:
    """The neighbours of a source: by its own steps where it has some, else those of the grid."""
    return SettledNeighbours(source) if isinstance(source, Steps) else GridNeighbours(space)


def strides(space: FactorSpace) -> IntArray:
    """How far the grid index moves when each factor is raised by one, [F]."""
    sizes = np.array((*space.sizes[1:], 1), dtype=np.int64)
    return np.cumprod(sizes[::-1])[::-1].copy()


def directed(
    low: IntArray, high: IntArray, factor: IntArray, num_factors: int, rng: np.random.Generator
) -> Block:
    """Each pair in a random direction, with the action that leads there."""
    rises = rng.random(len(low)) < 0.5
    before, after = np.where(rises, low, high), np.where(rises, high, low)
    return Block(before, after, np.where(rises, factor, factor + num_factors))
