"""What may be said of the pairs of a data set, as a form has it, and the same in plain words.

`datasets.pair_rules` has what the choices mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import prod
from typing import Any

import numpy as np

import datasets
from datasets.errors import DatasetError, DatasetInputError
from datasets.factors import FactorSpace
from datasets.pair_rules import Asked, HeldOut, acting
from datasets.recipe import LABELLED, Hole, Recipe
from datasets.registry import entries
from datasets.steps import ways_of

Named = Mapping[str, Sequence[str | int]]
USUAL = "one factor, one step, up or down, not around its end"
_NAMED = 3  # held-out combinations, or values, that are listed; more are counted


@dataclass(frozen=True)
class PairChoices:
    """See the attributes of the same names in `Recipe`.

    Attributes:
        hold_out: a share of a factor's values or of some factors' combinations, named values (factor ->
            names or numbers from 0 on), or what a recipe already has.
    """

    rules: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    hold_out: tuple[Asked | Named | Hole, ...] = ()
    frequency: str = "balanced"
    several: int = 0

    @classmethod
    def of(cls, recipe: Recipe) -> PairChoices:
        """Those of a recipe."""
        return cls(recipe.rules, recipe.steps, recipe.hold_out, recipe.frequency, recipe.several)

    def parts(self) -> dict[str, Any]:
        """As `datasets.make_recipe` takes them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def renamed(self, names: Mapping[str, str]) -> PairChoices:
        """The same with other names for some factors, old -> new."""
        steps = [step.rpartition("=") for step in self.steps]
        return replace(
            self,
            steps=tuple(f"{names.get(name, name)}={number}" for name, _, number in steps),
            hold_out=tuple(_renamed(one, names) for one in self.hold_out),
        )


def _renamed(one: Asked | Named | Hole, names: Mapping[str, str]) -> Asked | Named | Hole:
    if isinstance(one, Asked):
        return replace(one, factors=tuple(names.get(name, name) for name in one.factors))
    if isinstance(one, Hole):
        return Hole(tuple((names.get(name, name), values) for name, values in one.values))
    return {names.get(name, name): values for name, values in one.items()}


USUAL_PAIRS = PairChoices()


@dataclass(frozen=True)
class Offer:
    """Which choices there are for a data set.

    Attributes:
        actions: actions around the end, to a value, and larger steps.
        held_out: values and combinations for the test alone.
        drawn: how often actions are drawn, and further test pairs.
        why_not: why not all of them, a sentence; or empty.
    """

    actions: bool = True
    held_out: bool = True
    drawn: bool = True
    why_not: str = ""

    def __bool__(self) -> bool:
        return self.actions or self.held_out or self.drawn


def offer_for(name: str) -> Offer:
    """The choices for a data set of the registry; none for any other name."""
    if name not in datasets.names():
        return Offer(False, False, False, "Doscope does not know how the images of this set are made.")
    if name in LABELLED:
        return Offer(False, False, False, "The pairs of this set are those that its photographs allow.")
    if name == "pendulum":
        words = "The actions of this set are what its causes and effects make them."
        return Offer(actions=False, drawn=False, why_not=words)
    if entries()[name].sparse:
        return Offer(drawn=False, why_not="A set that is no full grid gives all pairs that its images allow.")
    return Offer()


def plain(space: FactorSpace) -> FactorSpace:
    """The same factors with the usual actions."""
    return FactorSpace(tuple(replace(factor, acts="steps", step=1) for factor in space.factors))


def trial(name: str, space: FactorSpace, choices: PairChoices) -> Recipe:
    """The recipe of a data set with these choices, as far as it can be told without its images.

    Args:
        name: of the registry.
        space: its factors.
        choices: what is said.

    Raises:
        DatasetInputError: it could not be built.
    """
    recipe = datasets.make_recipe(name, space=space, **choices.parts())
    held_out = HeldOut(acting(space, recipe), recipe.hold_out)
    movable = sum(ways_of(factor) > 0 for factor in acting(space, recipe).factors)
    if recipe.several > movable:
        raise DatasetInputError(f"{recipe.several} factors cannot change at once, as {movable} can change")
    if held_out:
        _refuse_unseen(space, recipe.hold_out)
    return recipe


def _refuse_unseen(space: FactorSpace, holes: Sequence[Hole]) -> None:
    """Refuse single factors of which fewer than two values stay."""
    for factor in space.factors:
        alone = [hole.values[0][1] for hole in holes if [name for name, _ in hole.values] == [factor.name]]
        left = factor.size - len({value for values in alone for value in values})
        if alone and left < 2:
            raise DatasetInputError(
                f"of the {factor.size} values of {factor.name} two have to stay for training; hold out fewer"
            )


def refusal(name: str, space: FactorSpace, choices: PairChoices) -> str:
    """Why a data set could not be built so, a sentence; or empty. See `trial`."""
    try:
        trial(name, space, choices)
    except DatasetError as error:
        return str(error)
    return ""


# ------------------------------------------------------------ in words


def words_of(space: FactorSpace, recipe: Recipe) -> tuple[str, ...]:
    """What is unusual about the pairs of a recipe, phrases; empty for those of the paper.

    Args:
        space: the factors; whether they act already does not matter.
        recipe: what was asked for.
    """
    found = []
    if "wrap" in recipe.rules:
        names = [f.name for f in space.factors if f.kind == "cyclic" and f.size > 2]
        found.append(f"{_listed(names)} go{'es' * (len(names) == 1)} on around the end")
    if "set" in recipe.rules:
        names = [f.name for f in space.factors if f.kind == "nominal" and f.size > 1]
        found.append(f"{_listed(names)} {_are(names)} set to a value")
    steps = [step.rpartition("=") for step in recipe.steps]
    if steps:
        found.append(f"steps of {_listed([f'{number} values of {name}' for name, _, number in steps])}")
    found += _held_out_words(space, recipe.hold_out)
    if recipe.frequency == "natural":
        found.append("in training, actions are as frequent as there are pairs of them")
    if recipe.several:
        found.append(f"further test pairs in which {recipe.several} factors change at once")
    return tuple(_readable(space, words) for words in found)


def _held_out_words(space: FactorSpace, holes: Sequence[Hole]) -> list[str]:
    groups: dict[tuple[str, ...], list[Hole]] = {}
    for hole in holes:
        groups.setdefault(tuple(name for name, _ in hole.values), []).append(hole)
    return [held_out_words(space, group) for group in groups.values()]


def held_out_words(space: FactorSpace, holes: Sequence[Hole]) -> str:
    """What holes of the same factors keep for the test, a phrase."""
    names = [name for name, _ in holes[0].values]
    factors = [space.factors[space.factor_index(name)] for name in names]
    table = np.zeros([factor.size for factor in factors], np.bool_)
    for hole in holes:
        table[np.ix_(*(values for _, values in hole.values))] = True
    places = np.argwhere(table)
    shown = [
        " with ".join(factor.values[value] for factor, value in zip(factors, place, strict=True))
        for place in places[:_NAMED].tolist()
    ]
    of = f"{len(places):,} of {prod(table.shape):,}"
    what = f"{of} {f'values of {names[0]}' if len(names) == 1 else f'combinations of {_listed(names)}'}"
    more = ", \N{HORIZONTAL ELLIPSIS}" if len(places) > _NAMED else ""
    return f"only the test has {what} ({', '.join(shown)}{more})"


def _readable(space: FactorSpace, words: str) -> str:
    for name in space.names:
        words = words.replace(name, name.replace("_", " "))
    return words


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
