"""Recipes: written and read back, refused by name, and those of the first version stay what they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import DatasetInputError
from datasets.imbalance import suffix
from datasets.recipe import Correlation, Hole, Recipe, Skew
from tests.datasets.drawing import arrays, built, drawn

names = st.sampled_from(["a", "b", "object_hue", "view"])
holes = st.dictionaries(names, st.lists(st.integers(0, 9), min_size=1), min_size=1).map(
    lambda d: Hole(tuple((name, tuple(values)) for name, values in d.items()))
)


@given(
    images=st.integers(1, 10**6),
    ratios=st.dictionaries(names, st.tuples(st.floats(1, 1e9), st.sampled_from(["high", "low"]))),
    sigma=st.floats(1e-6, 1e3),
    gaps=st.lists(holes, max_size=3),
)
def test_a_recipe_survives_json(
    images: int, ratios: dict[str, tuple[float, str]], sigma: float, gaps: list[Hole]
) -> None:
    """Written and read back it is the same, and so is what a run remembers of it (its JSON)."""
    recipe = drawn(
        images,
        skew=tuple(Skew(name, ratio, rare) for name, (ratio, rare) in ratios.items()),  # type: ignore[arg-type]
        correlate=(Correlation("view", "a", sigma), Correlation("b", "a", sigma)),
        holes=tuple(gaps),
    )
    text = json.dumps(recipe.to_json())
    assert json.loads(text) == recipe.to_json()
    assert Recipe.from_json(json.loads(text)) == recipe


def test_the_order_of_parts_does_not_matter() -> None:
    """The same skews, correlations and holes in another order are the same recipe and file name."""
    first = drawn(
        5,
        skew=(Skew("b", 2), Skew("a", 3)),
        correlate=(Correlation("b", "a", 0.2),),
        holes=(Hole((("b", (2, 1)), ("a", (0,)))),),
    )
    second = drawn(
        5,
        skew=(Skew("a", 3), Skew("b", 2)),
        correlate=(Correlation("a", "b", 0.2),),
        holes=(Hole((("a", (0,)), ("b", (1, 2, 2)))),),
    )
    assert first == second
    assert suffix(first) == "-skew-a-3-skew-b-2-correlate-a-b-0.2-hole-a-0-b-1.2-images-5"
    assert suffix(second) == suffix(first)


def test_caches_of_the_first_version_stay(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """A recipe as it was written before there were drawn images reads as ever and draws the same arrays."""
    old = {
        "name": "tiny",
        "seed": 3,
        "train_pairs": 60,
        "validation_pairs": 8,
        "test_pairs": 10,
        "source": "",
    }
    recipe = Recipe.from_json(old)
    assert recipe.to_json() == old
    assert recipe == Recipe("tiny", 3, 60, 8, 10)
    built(tiny((4, 5, 3, 4), (2,)), tmp_path / "a.h5", recipe).close()
    assert arrays(tmp_path / "a.h5") == "dd6a56d157c2655ef14b1d76"  # of version 0.1.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Skew("a", 0.5), "the skew of a has the ratio 0.5; give .* 1 or greater"),
        (lambda: Skew("a", float("nan")), "ratio nan"),
        (lambda: Skew("a", float("inf")), "ratio inf"),
        (lambda: Skew("a", 2, "middle"), "no end 'middle'; the rare end is high or low"),  # type: ignore[arg-type]
        (lambda: Correlation("a", "b", 0), "a and b has sigma 0; give a number greater than 0"),
        (lambda: Correlation("a", "b", -1), "sigma -1"),
        (lambda: Correlation("a", "a", 1), "a cannot be correlated with itself; name two factors"),
        (lambda: Hole(()), "names no factor"),
        (lambda: Hole((("a", ()),)), "no value of a"),
        (lambda: Hole((("a", (1,)), ("a", (2,)))), "a is given 2 times in one hole; give it once"),
        (lambda: drawn(5, skew=(Skew("a", 2), Skew("a", 3))), "a is given 2 times as a skew"),
        (
            lambda: drawn(5, correlate=(Correlation("a", "b", 2), Correlation("b", "a", 3))),
            "a,b is given 2 times as a correlation",
        ),
        (lambda: Recipe("tiny", skew=(Skew("a", 2),)), "weighs drawn images; say how many with --images"),
        (lambda: drawn(-1), "-1 images"),
        (lambda: drawn(0, pairs=0), "0 train pairs"),
        (lambda: drawn(5, pairs=-1), "-1 train pairs"),
        (lambda: Recipe.from_json({"name": "a", "skew": "a=2"}), "no place for skew = 'a=2'"),
        (lambda: Recipe.from_json({"name": "a", "skew": [{"factor": "a"}]}), "no place for skew"),
        (lambda: Recipe.from_json({"name": "a", "images": True}), "no place for images = True"),
        (lambda: Recipe.from_json({"name": "a", "holes": [[1]]}), "no place for holes"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object], words: str) -> None:
    """Ratios, sigmas, holes and recipes out of range are refused by name."""
    with pytest.raises(DatasetInputError, match=words):
        make()
