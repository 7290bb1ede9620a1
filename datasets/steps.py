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
from datasets.factors import Factor, FactorSpace, IntArray

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


def acted(space: FactorSpace, own: IntArray, action: npt.ArrayLike, repetitions: int = 1) -> IntArray:
    """The same by what the factors' actions do (`Factor.acts`): larger steps, around the end, to a value."""
    action = np.asarray(action, dtype=np.int64)
    after = own.copy()
    for index in np.unique(action):
        _, f, direction, value = space.actions[index]
        factor, here = space.factors[f], action == index
        column = after[here, f] + repetitions * direction * factor.step
        if factor.acts == "around":
            column %= factor.size
        after[here, f] = column if value is None else value
    return after


def successors(
    steps: Steps, values: IntArray, action: npt.ArrayLike, repetitions: int = 1
) -> tuple[IntArray, BoolArray]:
    """Factor values [n, F] after actions [n], and whether the set has such images, [n]."""
    return steps.settle(moved(steps.own_values(values), action, repetitions))


class Block(NamedTuple):
    """Candidates for pairs: grid indices before and after, and the actions there and back, [n] each."""

    before: IntArray
    after: IntArray
    action: IntArray
    back: IntArray


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
    """Of a full grid: one factor differs, by what one of its actions does. See `Neighbours`.

    Args:
        space: the factors.
        natural: every pair is as likely as the others, so that actions are as frequent as their pairs.
    """

    def __init__(self, space: FactorSpace, natural: bool = False) -> None:
        self.space, self._natural = space, natural
        self._ways = np.array([ways_of(factor) for factor in space.factors], dtype=np.int64)

    def count(self) -> int:
        total = self.space.num_images
        return sum(
            total // size * ways for size, ways in zip(self.space.sizes, self._ways.tolist(), strict=True)
        )

    def draw(self, rng: np.random.Generator) -> Block:
        """The factor is uniform over those that can be moved (or as frequent as its pairs are), which of its
        changes uniform, the other factors uniform, the direction a fair coin.
        """
        space = self.space
        movable = np.flatnonzero(self._ways)
        sizes = np.array(space.sizes, dtype=np.int64)
        share = self._ways[movable] / sizes[movable]
        factor = rng.choice(movable, _CHUNK, p=share / share.sum() if self._natural else None)
        values = rng.integers(0, sizes, (_CHUNK, len(sizes)))
        way = rng.integers(0, self._ways[factor])
        ends = values.copy()
        for f in movable:
            here = factor == f
            values[here, f], ends[here, f] = ends_of(space.factors[f], way[here])
        return directed(space, space.to_index(values), space.to_index(ends), factor, rng)

    def among(self, held: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
        values, far = self.space.to_values(held), strides(self.space)
        for f, factor in enumerate(self.space.factors):
            low, high = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
            for step in range(1, factor.size) if factor.acts == "set" else (factor.step,):
                start, end = values[:, f], values[:, f] + step
                end = end % factor.size if factor.acts == "around" else end
                there = held + (end - start) * far[f]
                both = (end < factor.size) & np.isin(there, held, assume_unique=True)
                low.append(held[both])
                high.append(there[both])
            yield f, np.concatenate(low), np.concatenate(high)


def ways_of(factor: Factor) -> int:
    """How many unordered pairs of values are one action apart."""
    if factor.acts == "steps":
        return max(0, factor.size - factor.step)
    return {"around": factor.size, "set": factor.size * (factor.size - 1) // 2, "once": 0}[factor.acts]


def ends_of(factor: Factor, way: IntArray) -> tuple[IntArray, IntArray]:
    """The values of such pairs: the one that raising starts from, and the other one."""
    if factor.acts == "set":
        low, high = np.triu_indices(factor.size, 1)
        return low[way], high[way]
    return way, (way + factor.step) % factor.size


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
        return directed(self.space, low, high, factor, rng)

    def among(self, held: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
        for f, (low, high) in enumerate(zip(self._low, self._high, strict=True)):
            both = np.isin(low, held) & np.isin(high, held)
            yield f, low[both], high[both]


def neighbours_of(source: object, space: FactorSpace, natural: bool = False) -> Neighbours:
    """The neighbours of a source: by its own steps where it has some, else those of the grid."""
    return SettledNeighbours(source) if isinstance(source, Steps) else GridNeighbours(space, natural)


def strides(space: FactorSpace) -> IntArray:
    """How far the grid index moves when each factor is raised by one, [F]."""
    sizes = np.array((*space.sizes[1:], 1), dtype=np.int64)
    return np.cumprod(sizes[::-1])[::-1].copy()


def directed(
    space: FactorSpace, low: IntArray, high: IntArray, factor: IntArray, rng: np.random.Generator
) -> Block:
    """Each pair in a random direction, with the actions that lead there and back.

    Args:
        space: the factors.
        low: grid indices, [n].
        high: those that raising leads to, [n].
        factor: which one differs, [n].
        rng: throws the coin.
    """
    rises = rng.random(len(low)) < 0.5
    before, after = np.where(rises, low, high), np.where(rises, high, low)
    up, down = (np.array([space.step_action(f, d) for f in range(space.num_factors)]) for d in (1, -1))
    action, back = (np.where(rises, up[factor], down[factor]), np.where(rises, down[factor], up[factor]))
    for f, one in enumerate(space.factors):
        if one.acts == "set":
            here, first = factor == f, space.actions_of(f)[0]
            for ends, chosen in ((after, action), (before, back)):
                chosen[here] = first + ends[here] // strides(space)[f] % one.size
    return Block(before, after, action, back)
