"""The arithmetic of factor values, grid indices and actions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import DatasetInputError
from datasets.factors import Factor, FactorSpace

SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def space_of(sizes: list[int]) -> FactorSpace:
    return FactorSpace(tuple(Factor(f"f{i}", tuple(map(str, range(n)))) for i, n in enumerate(sizes)))


@given(SIZES, st.data())
def test_values_and_index_are_inverse(sizes: list[int], data: st.DataObject) -> None:
    """Index -> values -> index is the identity on the whole grid, and values stay in range."""
    space = space_of(sizes)
    index = np.array(data.draw(st.lists(st.integers(0, space.num_images - 1), min_size=1, max_size=20)))
    values = space.to_values(index)
    assert (values >= 0).all()
    assert (values < np.array(sizes)).all()
    assert (space.to_index(values) == index).all()


@given(SIZES)
def test_the_last_factor_is_the_fastest(sizes: list[int]) -> None:
    """The grid index is the mixed-radix number of the values, in C order."""
    space = space_of(sizes)
    assert space.num_images == math.prod(sizes)
    assert space.to_values(0).tolist() == [0] * len(sizes)
    assert space.to_values(space.num_images - 1).tolist() == [n - 1 for n in sizes]
    if sizes[-1] > 1:
        assert space.to_values(1).tolist() == [0] * (len(sizes) - 1) + [1]


@given(SIZES)
def test_every_action_has_one_name_and_one_meaning(sizes: list[int]) -> None:
    """Action f raises factor f, action F + f lowers it, and names lead back to the index."""
    space = space_of(sizes)
    for action, name in enumerate(space.action_names):
        factor, direction = space.factor_of_action(action)
        assert name == space.names[factor] + ("+" if direction == 1 else "-")
        assert space.action_index(name) == action
    assert space.num_actions == 2 * len(sizes)


def test_json_keeps_everything() -> None:
    """A space survives being written as JSON."""
    space = FactorSpace((Factor("hue", ("red", "green"), "cyclic"), Factor("shape", ("cube",), "nominal")))
    assert FactorSpace.from_json(json.loads(json.dumps(space.to_json()))) == space


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.to_index([0, 3]), "factor 'f1' takes values 0 to 2"),
        (lambda s: s.to_index([-1, 0]), "factor 'f0' takes values 0 to 1"),
        (lambda s: s.to_index([0]), "expected 2 factor values"),
        (lambda s: s.action_index("f0*"), "unknown action 'f0*'; choose one of f0+, f1+, f0-, f1-"),
        (lambda s: s.factor_index("hue"), "unknown factor 'hue'; choose one of f0, f1"),
        (lambda s: Factor("x", ("a",), "round"), "unknown kind 'round'"),
        (lambda s: Factor("x", ()), "factor 'x' has no values"),
        (
            lambda s: FactorSpace.from_json([{"name": "x", "kind": "ordinal", "values": 3}]),
            "no list of values",
        ),
    ],
)
def test_wrong_words_are_named(call: object, words: str) -> None:
    """Each wrong value, action, factor or kind is refused by a sentence that names it."""
    with pytest.raises(DatasetInputError) as caught:
        call(space_of([2, 3]))  # type: ignore[operator]
    assert words in str(caught.value)
