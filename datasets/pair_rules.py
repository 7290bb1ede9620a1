"""Which two images are a pair, and which combinations training never sees, beside how many there are.

The rule of the paper is one factor, one step, not around the end, up or down. A recipe may change the actions
(`acting`) and hold combinations of factor values out (`HeldOut`): the test then has pairs of held-out images
only, and training and validation have none of them, so that the test asks about what was never seen. Nothing
is drawn first and sorted out afterwards: each split draws from its own part of the grid.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from datasets.errors import DatasetInputError
from datasets.factors import Acts, Factor, FactorSpace, IntArray, Kind
from datasets.recipe import Hole, Recipe
from datasets.steps import Block, BoolArray, Neighbours

SHARE = 0.2  # of the values or combinations, unless said otherwise
_MOST = 10_000  # named combinations
_LONGEST_SUFFIX = 100  # characters
_EMPTY_DRAWS = 300  # in a row, before a part of the grid counts as having no pair


_MEANING: dict[str, tuple[Kind, Acts, int]] = {  # rule: which factors, their actions, how many values
    "wrap": ("cyclic", "around", 3),
    "set": ("nominal", "set", 2),
}


def acting(space: FactorSpace, recipe: Recipe) -> FactorSpace:
    """The factors with the actions that the recipe gives them.

    Raises:
        DatasetInputError: an unknown rule or factor, no factor that a rule is for, or a step that its factor
            cannot make.
    """
    factors = list(space.factors)
    for rule in recipe.rules:
        factors = _ruled(rule, factors)
    for word in recipe.steps:
        name, _, number = word.rpartition("=")
        f = space.factor_index(name)
        if factors[f].acts == "set":
            raise DatasetInputError(f"{name} is set to its values and has no steps; leave out --step {word}")
        factors[f] = replace(factors[f], step=int(number))
    return FactorSpace(tuple(factors))


def _ruled(rule: str, factors: list[Factor]) -> list[Factor]:
    kind, acts, least = _MEANING[rule]
    fitting = [factor.kind == kind and factor.size >= least for factor in factors]
    if not any(fitting):
        listed = ", ".join(f"{factor.name} ({factor.kind})" for factor in factors)
        raise DatasetInputError(
            f"--pairs {rule} is for {kind} factors of {least} values or more; there is none among {listed}"
        )
    return [
        replace(factor, acts=acts) if fits else factor for factor, fits in zip(factors, fitting, strict=True)
    ]


# ------------------------------------------------------------ what is held out


@dataclass(frozen=True)
class Asked:
    """What is to be held out, as asked for.

    Attributes:
        factors: of one factor values are chosen, of several combinations of their values.
        share: of them, in 0..1.
    """

    factors: tuple[str, ...]
    share: float = SHARE


def choose(space: FactorSpace, asked: Asked, seed: int) -> tuple[Hole, ...]:
    """The values or combinations that a share means, the same for the same seed.

    Of one factor it is a run of neighbouring values, so that the test has steps among them; of several any
    combinations of which every value also occurs in one that stays.

    Raises:
        DatasetInputError: an unknown factor, a share outside 0..1, or too little would stay.
    """
    if not 0 < asked.share < 1:
        raise DatasetInputError(f"a share of {asked.share:g} cannot be held out; give one between 0 and 1")
    chosen = [space.factors[space.factor_index(name)] for name in asked.factors]
    if len(set(asked.factors)) < len(asked.factors):
        raise DatasetInputError(f"{', '.join(asked.factors)} names a factor twice")
    rng = np.random.default_rng([seed, 3])
    if len(chosen) == 1:
        return (Hole(((chosen[0].name, _run(chosen[0], asked.share, rng)),)),)
    total = int(np.prod([factor.size for factor in chosen]))
    if total * asked.share > _MOST:
        raise DatasetInputError(
            f"{', '.join(asked.factors)} have {total:,} combinations; hold out a smaller share of them or "
            "fewer factors"
        )
    return _combinations(chosen, max(1, round(asked.share * total)), rng)


def _run(factor: Factor, share: float, rng: np.random.Generator) -> tuple[int, ...]:
    """Neighbouring values such that two neighbours stay."""
    count = max(1, round(share * factor.size))
    starts = [
        first
        for first in range(factor.size - count + 1)
        if max(first, factor.size - count - first) >= min(2, factor.size - 1)
    ]
    if not starts or factor.size < 3:
        raise DatasetInputError(
            f"of the {factor.size} values of {factor.name} two neighbours have to stay for training; hold "
            "out a smaller share, or another factor"
        )
    first = int(rng.choice(starts))
    return tuple(range(first, first + count))


def _combinations(chosen: Sequence[Factor], count: int, rng: np.random.Generator) -> tuple[Hole, ...]:
    everything = list(itertools.product(*(range(factor.size) for factor in chosen)))
    left = [np.full(factor.size, len(everything) // factor.size) for factor in chosen]
    found: list[Hole] = []
    for at in rng.permutation(len(everything)).tolist():
        values = everything[at]
        if len(found) == count:
            break
        if min(int(stay[v]) for stay, v in zip(left, values, strict=True)) < 2:
            continue
        for stay, value in zip(left, values, strict=True):
            stay[value] -= 1
        found.append(Hole(tuple((f.name, (v,)) for f, v in zip(chosen, values, strict=True))))
    if len(found) < count:
        raise DatasetInputError(
            f"{count:,} combinations of {', '.join(factor.name for factor in chosen)} cannot be held out so "
            "that every value stays in training; hold out a smaller share"
        )
    return tuple(found)


class HeldOut:
    """Which images training and validation never see.

    Args:
        space: the factors.
        holes: what is held out; without any, nothing is.

    Raises:
        DatasetInputError: an unknown factor or value, or everything is held out.
    """

    def __init__(self, space: FactorSpace, holes: Sequence[Hole]) -> None:
        self._space, self._parts = space, []
        by_factors: dict[tuple[int, ...], list[tuple[tuple[int, ...], ...]]] = {}
        for hole in holes:
            axes = tuple(space.factor_index(name) for name, _ in hole.values)
            for axis, (name, values) in zip(axes, hole.values, strict=True):
                if max(values) >= space.sizes[axis]:
                    raise DatasetInputError(f"{name} has no value {max(values)}; it has {space.sizes[axis]}")
            by_factors.setdefault(axes, []).append(tuple(values for _, values in hole.values))
        for axes, ranges in by_factors.items():
            table = np.zeros([space.sizes[axis] for axis in axes], dtype=np.bool_)
            for chosen in ranges:
                table[np.ix_(*chosen)] = True
            if table.all():
                names = ", ".join(space.names[axis] for axis in axes)
                raise DatasetInputError(f"every value of {names} is held out; leave some for training")
            self._parts.append((axes, table))

    def __bool__(self) -> bool:
        return bool(self._parts)

    def of_values(self, values: IntArray) -> BoolArray:
        """Which images of factor values [n, F] are held out, [n]."""
        out = np.zeros(len(values), dtype=np.bool_)
        for axes, table in self._parts:
            out |= table[tuple(values[:, axis] for axis in axes)]
        return out

    def of(self, index: IntArray) -> BoolArray:
        """Which grid indices [n] are held out, [n]."""
        return self.of_values(self._space.to_values(index))


class Within:
    """The neighbours of which both are held out, or neither is. See `datasets.steps.Neighbours`.

    Args:
        neighbours: all of them.
        held_out: which images are.
        inside: the held-out ones, or the others.
    """

    def __init__(self, neighbours: Neighbours, held_out: HeldOut, inside: bool) -> None:
        self._neighbours, self._held_out, self._inside = neighbours, held_out, inside

    @property
    def space(self) -> FactorSpace:
        return self._neighbours.space

    def count(self) -> int:
        """Of all neighbours: an upper bound."""
        return self._neighbours.count()

    def draw(self, rng: np.random.Generator) -> Block:
        """Those of a draw that lie inside.

        Raises:
            DatasetInputError: there seems to be none.
        """
        for _ in range(_EMPTY_DRAWS):
            block = self._neighbours.draw(rng)
            kept = self._fit(block.before, block.after)
            if kept.any():
                return Block(*(column[kept] for column in block))
        where = "among what is held out" if self._inside else "beside what is held out"
        raise DatasetInputError(
            f"there is no pair of images {where}; hold out {'more' if self._inside else 'less'}"
        )

    def among(self, held: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
        for f, low, high in self._neighbours.among(held):
            kept = self._fit(low, high)
            yield f, low[kept], high[kept]

    def _fit(self, first: IntArray, second: IntArray) -> BoolArray:
        return np.asarray(
            (self._held_out.of(first) == self._inside) & (self._held_out.of(second) == self._inside)
        )


def refuse_unlearnt(space: FactorSpace, recipe: Recipe, there: Collection[int]) -> None:
    """Refuse training pairs that leave an action out that a rule of the recipe brought about.

    Args:
        space: the factors, acting.
        recipe: caches of the usual rule are never refused.
        there: the actions of the training pairs, also those back.

    Raises:
        DatasetInputError: an action has no pair; names it.
    """
    if not recipe.ruled:
        return
    for index, one in enumerate(space.actions):
        if index not in there and space.factors[one.factor].size > 1:
            raise DatasetInputError(
                f"no training pair has the action {one.name}, which could not be learned then; "
                + ("hold out less or something else" if recipe.hold_out else "ask for more --train-pairs")
            )


def rules_suffix(recipe: Recipe) -> str:
    """What a file name says of the rules ("-wrap-step-orientation-3"); empty for the usual one."""
    words = [*recipe.rules, *(f"step-{step.replace('=', '-')}" for step in recipe.steps)]
    words += ["natural"] if recipe.frequency == "natural" else []
    words += [f"several-{recipe.several}"] if recipe.several else []
    for hole in recipe.hold_out:
        words += ["without", *(f"{name}-{'.'.join(map(str, values))}" for name, values in hole.values)]
    text = "".join(f"-{word}" for word in words)
    if len(text) <= _LONGEST_SUFFIX:
        return text
    return f"-{words[0]}-{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}"
