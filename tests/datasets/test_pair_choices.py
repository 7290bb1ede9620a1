"""Choices of pairs as a form has them: what is offered and refused, what is said of them, other names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import datasets
from datasets.errors import DatasetInputError
from datasets.factors import FactorSpace
from datasets.pair_choices import PairChoices, offer_for, plain, refusal, trial, words_of
from datasets.pair_rules import Asked
from datasets.recipe import Hole
from tests.datasets.ruled import KindSource, ruled

SPACE = datasets.info("shapes").space
EVERYTHING = PairChoices(
    rules=("wrap", "set"),
    steps=("view=3", "scale=2"),
    hold_out=(Asked(("floor_hue",), 0.2), Asked(("shape", "object_hue"), 0.1), {"scale": ("0", "1")}),
    frequency="natural",
    several=2,
)


def test_what_is_offered() -> None:
    """Everything for grids; less, with the reason, where the images or the causes decide."""
    assert offer_for("shapes").why_not == offer_for("cars3d").why_not == ""
    whole = [(o.actions, o.held_out, o.drawn) for o in map(offer_for, ("pendulum", "own", "causalvae_flow"))]
    assert whole == [(False, True, False), (True, True, False), (True, True, False)]
    for name in ("celeba", "shapes-wrap"):
        assert not offer_for(name)
        assert offer_for(name).why_not.endswith(".")


@pytest.mark.parametrize(
    "name", [n for n in datasets.names() if n not in ("celeba", "own")]
)  # own has no factors yet
def test_what_is_offered_is_taken(name: str) -> None:
    """And what is not offered is refused: the offer and the recipe agree."""
    offer, space = offer_for(name), datasets.info(name).space
    large = max(space.factors, key=lambda factor: factor.size)
    asked = {
        "actions": PairChoices(steps=(f"{large.name}=2",)),
        "held_out": PairChoices(hold_out=(Asked((large.name,)),)),
        "drawn": PairChoices(frequency="natural"),
    }
    for part, choices in asked.items():
        if name == "pendulum" and part != "held_out":
            continue  # said when it is built
        assert (refusal(name, space, choices) == "") is getattr(offer, part), part


def test_the_words(tmp_path: Path) -> None:
    """Every choice is said once, with names as words; nothing of the usual pairs. So of a built cache."""
    recipe = trial("shapes", SPACE, EVERYTHING)
    said = words_of(SPACE, recipe)
    hue = recipe.hold_out[0].values[0][1]
    assert len(hue) == 2
    assert said[0] == "floor hue, wall hue and object hue go on around the end"
    assert said[1] == "shape is set to a value"
    assert said[2] == "steps of 2 values of scale and 3 values of view"
    assert any(words.startswith("only the test has 2 of 10 values of floor hue (") for words in said)
    assert any("only the test has 4 of 40 combinations of object hue and shape (" in words for words in said)
    assert any(words.startswith("only the test has 2 of 8 values of scale (") for words in said)
    assert said[-2:] == (
        "in training, actions are as frequent as there are pairs of them",
        "further test pairs in which 2 factors change at once",
    )
    assert "_" not in "".join(said)
    assert words_of(SPACE, datasets.default_recipe("shapes")) == ()
    cache = ruled(tmp_path / "c.h5", rules=("wrap",), hold_out=(Hole((("lit", (0,)), ("shape", (1,)))),))
    with cache:
        assert words_of(cache.space, cache.recipe) == (
            "hue goes on around the end",
            "only the test has 1 of 8 combinations of lit and shape (lit 0 with shape 1)",
        )
        assert plain(cache.space) == KindSource().space
        again = PairChoices.of(cache.recipe)
        assert replace(cache.recipe, rules=(), hold_out=()) != cache.recipe
        assert Hole((("lit", (0,)), ("shape", (1,)))) in again.hold_out


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (PairChoices(steps=("view=9",), rules=("wrap",)), ""),
        (PairChoices(steps=("view=15",)), "cannot move by 15"),
        (PairChoices(steps=("floor_hue=5",), rules=("wrap",)), "around its end; give a step of 1 to 4"),
        (PairChoices(steps=("shape=2",), rules=("set",)), "has no steps"),
        (PairChoices(several=7), "7 factors cannot change at once, as 6 can"),
        (PairChoices(hold_out=({"shape": ()},)), "names no value of shape"),
        (PairChoices(hold_out=({"shape": ("cube", "9")},)), "no value '9'"),
        (PairChoices(hold_out=({"shape": ("0", "1", "2")},)), "two have to stay"),
        (PairChoices(hold_out=({"shape": ("0", "1", "2", "3")},)), "every value of shape is held out"),
        (PairChoices(hold_out=(Asked(("shape",), 0.9),)), "two neighbours have to stay"),
        (PairChoices(hold_out=(Asked(("shape", "view"), 0.99),)), "hold out a smaller share"),
    ],
)
def test_what_cannot_be_is_said(choices: PairChoices, words: str) -> None:
    """Before anything is read or drawn."""
    said = refusal("shapes", SPACE, choices)
    assert words in said
    assert bool(said) is bool(words)


def test_other_names() -> None:
    """Columns and the factors that they make: there and back, everywhere where a name stands."""
    names = {"view": "angle", "shape": "form", "floor_hue": "x"}
    kept = Hole((("view", (1,)), ("scale", (2,))))
    choices = replace(EVERYTHING, hold_out=(*EVERYTHING.hold_out, kept))
    there = choices.renamed(names)
    assert there.steps == ("angle=3", "scale=2")
    assert there.hold_out[0] == Asked(("x",), 0.2)
    assert there.hold_out[1].factors == ("form", "object_hue")
    assert there.hold_out[3].values == (("angle", (1,)), ("scale", (2,)))
    assert there.renamed({new: old for old, new in names.items()}) == choices


def test_known_factors_need_no_files(tmp_path: Path) -> None:
    """The recipe of one's own data is told by the columns that were looked at."""
    space = FactorSpace(tuple(KindSource().space.factors))
    recipe = datasets.make_recipe("own", source=tmp_path, space=space, steps=["height=2"], rules=["set"])
    assert recipe.steps == ("height=2",)
    with pytest.raises(DatasetInputError, match="cannot move by 4"):
        datasets.make_recipe("own", source=tmp_path, space=space, steps=["height=4"])
