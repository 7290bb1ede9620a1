"""Weights are those of the page, the draw obeys them, and expected counts are those of many draws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import DatasetInputError
from datasets.factors import Factor, FactorSpace, Kind
from datasets.imbalance import (
    draw_order,
    expect,
    hole,
    inclusion,
    log_weights,
    neighbours_within,
    suffix,
    weights,
)
from datasets.recipe import Correlation, Hole, Recipe, Skew
from datasets.shapes import shapes_space
from tests.datasets.drawing import drawn, space_of

BENCHMARK = Recipe(
    "shapes",
    images=40_000,
    train_pairs=0,
    skew=(Skew("object_hue", 100),),
    correlate=(Correlation("floor_hue", "wall_hue", 0.2),),
)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=4),
    ratio=st.floats(1, 1e6),
    rare=st.sampled_from(["high", "low"]),
    sigma=st.floats(0.01, 10),
    kind=st.sampled_from(["ordinal", "cyclic", "nominal"]),
)
def test_weights_are_a_distribution(
    sizes: list[int], ratio: float, rare: str, sigma: float, kind: Kind
) -> None:
    """They sum to 1, fall towards the rare end by equal ratios down to 1 / ratio, and the rest stays even."""
    space = space_of(*sizes, kind=kind)
    w = weights(space, drawn(1, skew=(Skew("f1", ratio, rare),))).reshape(sizes)  # type: ignore[arg-type]
    assert w.sum() == pytest.approx(1)
    marginal = w.sum(axis=tuple(a for a in range(len(sizes)) if a != 1))
    falling = marginal if rare == "high" else marginal[::-1]
    assert (np.diff(falling) <= 1e-12).all()
    if sizes[1] > 1:
        assert falling[0] / falling[-1] == pytest.approx(ratio)
        assert falling[1:] / falling[:-1] == pytest.approx(ratio ** (-1 / (sizes[1] - 1)))
    assert w.std(axis=0).max() < 1e-12
    both = weights(space, drawn(1, correlate=(Correlation("f0", "f1", sigma),)))
    assert both.sum() == pytest.approx(1)
    assert both.reshape(*sizes[:2], -1).std(axis=2).max() < 1e-12


def test_without_preference_all_images_are_equally_likely() -> None:
    """A ratio of 1 and no ratio at all are the uniform distribution, exactly."""
    space = space_of(3, 4, 5)
    for recipe in (drawn(9), drawn(9, skew=(Skew("f0", 1), Skew("f2", 1, "low")))):
        assert (weights(space, recipe) == 1 / 60).all()


def test_weights_of_a_small_grid() -> None:
    """By hand: rho 4 over three values is 1, 1/2, 1/4; a correlation has its bell; both multiply."""
    assert weights(space_of(3, 1), drawn(1, skew=(Skew("f0", 4),))) == pytest.approx(np.array([4, 2, 1]) / 7)
    assert weights(space_of(3, 1), drawn(1, skew=(Skew("f0", 4, "low"),))) == pytest.approx(
        np.array([1, 2, 4]) / 7
    )
    bell = np.exp([0, -1 / 8, -1 / 2])  # distances 0, 1/2, 1 with sigma 1
    w = np.array([bell, bell[::-1]])  # a factor of two values against one of three
    recipe = drawn(1, correlate=(Correlation("f0", "f1", 1),))
    assert weights(space_of(2, 3), recipe).reshape(2, 3) == pytest.approx(w / w.sum())
    recipe = drawn(1, correlate=(Correlation("f0", "f1", 1),), skew=(Skew("f1", 9),))
    w *= [1, 1 / 3, 1 / 9]
    assert weights(space_of(2, 3), recipe).reshape(2, 3) == pytest.approx(w / w.sum())


def test_cyclic_factors_are_close_around_the_end() -> None:
    """Two cyclic factors of four values lie 0, 1/4, 1/2, 1/4 apart; one cyclic factor alone has no circle."""
    recipe = drawn(1, correlate=(Correlation("f0", "f1", 0.25),))
    first = weights(space_of(4, 4, kind="cyclic"), recipe).reshape(4, 4)[0]
    assert first / first[0] == pytest.approx(np.exp([0, -1 / 2, -2, -1 / 2]))
    mixed = FactorSpace((Factor("f0", tuple("abcd"), "cyclic"), Factor("f1", tuple("abcd"))))
    first = weights(mixed, recipe).reshape(4, 4)[0]
    assert first / first[0] == pytest.approx(np.exp(-8 * np.array([0, 1 / 3, 2 / 3, 1]) ** 2))


def test_holes_are_empty_and_nothing_else_is() -> None:
    """The images where every named factor has a named value have weight 0, all others keep theirs."""
    space = space_of(3, 4, 2)
    recipe = drawn(1, holes=(Hole((("f0", (2,)), ("f1", (0, 3)))), Hole((("f2", (1,)), ("f1", (1,))))))
    values = space.to_values(np.arange(24))
    inside = ((values[:, 0] == 2) & np.isin(values[:, 1], (0, 3))) | (
        (values[:, 2] == 1) & (values[:, 1] == 1)
    )
    assert inside.sum() == 7
    assert weights(space, recipe) == pytest.approx(np.where(inside, 0, 1 / 17))


def test_extreme_weights_stay_numbers() -> None:
    """A ratio of 1e300 beside a tiny sigma neither overflows nor leaves nothing."""
    space = space_of(5, 5)
    recipe = drawn(1, skew=(Skew("f0", 1e300),), correlate=(Correlation("f0", "f1", 1e-200),))
    assert weights(space, recipe).sum() == pytest.approx(1)
    assert len(draw_order(log_weights(space, recipe), np.random.default_rng(0))) == 5


def test_a_draw_follows_the_weights() -> None:
    """Over many draws, each image comes first, and among the first ten, as often as it should."""
    space, rng, times = space_of(4, 5), np.random.default_rng(0), 4000
    recipe = drawn(10, skew=(Skew("f0", 8),), holes=(Hole((("f0", (0,)), ("f1", (0, 1)))),))
    logs, w = log_weights(space, recipe), weights(space, recipe)
    orders = np.array([draw_order(logs, rng) for _ in range(times)])
    assert (np.sort(orders) == np.flatnonzero(w)).all()
    first = np.bincount(orders[:, 0], minlength=20) / times
    assert (abs(first - w) <= 4 * np.sqrt(w * (1 - w) / times)).all()
    there = np.bincount(orders[:, :10].ravel(), minlength=20) / times
    expected = inclusion(w, 10)
    assert expected.sum() == pytest.approx(10)
    assert abs(there - expected).max() < 4 * 0.5 / np.sqrt(times) + 0.02  # 0.02: the order of 1 / images


def test_inclusion_of_a_uniform_draw_is_exact() -> None:
    """Without preference each image is in with probability n / N; all are in when all are asked for."""
    assert inclusion(np.full(50, 0.02), 15) == pytest.approx(np.full(50, 0.3))
    assert inclusion(np.array([0.5, 0, 0.5]), 2).tolist() == [1, 0, 1]


def test_neighbours_within_a_set_are_counted() -> None:
    """The counts by factor agree with going through all pairs."""
    space = space_of(3, 4, 2)
    held = np.random.default_rng(1).choice(24, 15, replace=False)
    values = space.to_values(held)
    counts = [0, 0, 0]
    for a, b in itertools.combinations(values, 2):
        step = np.abs(a - b)
        if step.sum() == 1:
            counts[int(step.argmax())] += 1
    assert neighbours_within(space, held) == counts
    assert min(counts) > 0


def pair_spread(space: FactorSpace, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the number of pairs by factor, from those of the actions."""
    e = expect(space, recipe)
    mean = e.mean[: space.num_factors] * 2
    return mean, np.sqrt(4 * e.spread[: space.num_factors] ** 2 - mean)


def test_realised_pairs_lie_within_three_sigma_of_the_expected() -> None:
    """The benchmark's recipe: every factor has as many pairs as predicted, hundreds of each action."""
    space = shapes_space()
    mean, spread = pair_spread(space, BENCHMARK)
    logs = log_weights(space, BENCHMARK)
    found = neighbours_within(space, draw_order(logs, np.random.default_rng(5))[: BENCHMARK.images])
    assert (abs(found - mean) < 3 * spread).all()
    assert (mean / 2 > 3000).all()


def test_the_spread_is_that_of_many_draws() -> None:
    """Over 150 seeds the mean is the expected one, and the spread is an upper bound that is not far off."""
    space = space_of(8, 7, 6, 5)
    recipe = drawn(400, skew=(Skew("f0", 20),), correlate=(Correlation("f1", "f2", 0.3),))
    mean, spread = pair_spread(space, recipe)
    logs = log_weights(space, recipe)
    rng = np.random.default_rng(0)
    found = np.array([neighbours_within(space, draw_order(logs, rng)[:400]) for _ in range(150)])
    assert (abs(found.mean(0) - mean) < 3 * spread / np.sqrt(150) + mean / 400).all()
    assert (found.std(0) < 1.15 * spread).all()
    assert (found.std(0) > 0.4 * spread).all()


def test_expectation_by_hand() -> None:
    """A line of three images of which one is drawn; a whole grid; half of a whole grid's pairs."""
    line = expect(space_of(3), drawn(1))  # each image is in with probability 1/3
    variance = 2 * (1 / 9) * (8 / 9) + 2 * (1 / 27) * (2 / 3)  # of the number of pairs
    assert line.mean == pytest.approx([1 / 9, 1 / 9])
    assert line.spread == pytest.approx([np.sqrt((variance + 2 / 9) / 4)] * 2)  # a coin turns each pair
    whole = expect(space_of(6, 6), drawn(36))
    assert whole.mean == pytest.approx([15] * 4)
    assert whole.spread == pytest.approx([np.sqrt(30 / 4)] * 4)
    half = expect(space_of(6, 6), drawn(36, pairs=30))
    assert half.mean == pytest.approx([7.5] * 4)
    assert half.spread == pytest.approx([np.sqrt(30 * (1 / 4) * (3 / 4))] * 4)


def test_images_of_other_splits_are_not_expected() -> None:
    """What other splits hold cannot be drawn, so no pair with it is expected."""
    e = expect(space_of(4, 3), drawn(6), taken=[1, 4, 7, 10])
    assert e.mean == pytest.approx([(3 * 2 * 0.75**2) / 2, 0] * 2)


def test_file_names_tell_recipes_apart() -> None:
    """Pairs give no suffix, every other recipe one of its own, also when there is too much to tell."""
    many = tuple(Hole((("object_hue", (k,)), ("wall_hue", (k,)))) for k in range(9))
    recipes = [
        Recipe("tiny"),
        drawn(5),
        drawn(6),
        drawn(5, pairs=3),
        drawn(5, skew=(Skew("a", 2.5),)),
        drawn(5, skew=(Skew("a", 2.5, "low"),)),
        drawn(5, holes=many),
        drawn(5, holes=many[1:]),
    ]
    found = [suffix(recipe) for recipe in recipes]
    assert found[0] == ""
    assert len(set(found)) == len(found)
    assert found[5] == "-skew-a-2.5-low-images-5"
    assert max(map(len, found)) <= 120


def test_values_of_a_hole_go_by_name_or_number() -> None:
    """A name wins over a number; a value may be given both ways."""
    space = FactorSpace((Factor("a", ("1", "0", "x")), Factor("b", ("y", "z"))))
    assert hole(space, {"b": ["z"], "a": ["x", 2, "1"]}) == Hole((("a", (0, 2)), ("b", (1,))))
    for value in ("w", "3", "-1", 7):
        with pytest.raises(
            DatasetInputError, match=rf"a has no value '{value}'; give 0 to 2 or one of 1, 0, x"
        ):
            hole(space, {"a": [value]})
    with pytest.raises(DatasetInputError, match="unknown factor 'c'"):
        hole(space, {"c": ["x"]})
