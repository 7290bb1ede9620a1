"""Caches of drawn images: all pairs among them, balanced tests, nothing shared, and refusals that help."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datasets.build
from datasets.build import build
from datasets.cache import SPLITS, Cache
from datasets.errors import DatasetInputError
from datasets.factors import IntArray
from datasets.imbalance import expect
from datasets.recipe import Correlation, Hole, Skew
from datasets.source import ImageArray
from datasets.splits import even_room
from tests.datasets.conftest import TinySource
from tests.datasets.drawing import arrays, built, drawn, grid_of, pairs_of, space_of


class Veiled(TinySource):
    """Where f1 is 0 nobody sees f2: equal pictures under different labels, and pairs without a difference."""

    def __init__(self) -> None:
        super().__init__((4, 5, 3, 6))

    def render(self, values: IntArray) -> ImageArray:
        seen = np.array(values)
        seen[seen[:, 1] == 0, 2] = 0
        return super().render(seen)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), ratio=st.sampled_from([1, 5, 50]), images=st.integers(100, 150))
def test_a_cache_of_drawn_images(tmp_path: Path, seed: int, ratio: float, images: int) -> None:
    """Exactly the asked images, all true pairs of neighbours among them, and no content in two splits."""
    recipe = drawn(images, seed=seed, skew=(Skew("f0", ratio),), correlate=(Correlation("f1", "f3", 0.4),))
    with built(Veiled(), tmp_path / f"{seed}.h5", recipe) as cache:
        train = grid_of(cache, "train")
        assert len(train) == len(set(train)) == images
        owner: dict[bytes, int] = {}
        pictures = [image.tobytes() for image in cache.images(np.arange(cache.num_images))]
        for picture, split in zip(pictures, cache.splits, strict=True):
            assert owner.setdefault(picture, split) == split
        shown = dict(zip(train, (pictures[row] for row in cache.rows("train")), strict=True))
        values = cache.space.to_values(train)
        near = {
            frozenset((train[i], train[j]))
            for i, j in itertools.combinations(range(images), 2)
            if np.abs(values[i] - values[j]).sum() == 1 and shown[train[i]] != shown[train[j]]
        }
        stored = pairs_of(cache, "train")
        assert {frozenset(pair[:2]) for pair in stored} == near
        assert len(stored) == len(near) == len(cache.transitions("train")) == cache.closure_pairs
        for before, after, action in set.union(*(pairs_of(cache, split) for split in SPLITS)):
            factor, direction = cache.space.factor_of_action(action)
            step = cache.space.to_values(after) - cache.space.to_values(before)
            assert step.tolist() == [direction * (f == factor) for f in range(4)]


def test_validation_and_test_are_balanced_and_uniform(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Every action has as many pairs as the others, give or take one; holes of training occur in the test."""
    gap = Hole((("f0", (0, 1)),))
    recipe = drawn(150, skew=(Skew("f0", 50, "low"),), holes=(gap,))
    with built(tiny((5, 5, 4, 6)), tmp_path / "a.h5", recipe) as cache:
        for split, least in (("validation", 1), ("test", 2)):
            counts = list(cache.action_counts(split).values())
            assert set(counts) <= {least, least + 1}
            assert sum(counts) == recipe.pairs[split]
        assert cache.factors[cache.rows("train"), 0].min() == 2
        assert (cache.factors[cache.rows("test"), 0] < 2).any()


def test_room_is_shared_out_evenly() -> None:
    """Actions of a factor with one value get nothing, the others the same, give or take one."""
    assert even_room(space_of(3, 1, 2), 10) == [3, 0, 3, 2, 0, 2]
    assert even_room(space_of(3, 1, 2), 1) == [1, 0, 0, 0, 0, 0]


def test_realised_counts_of_a_cache(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """The training pairs of every action lie within 3 sigma of what the cache's own recipe leads to."""
    recipe = drawn(500, skew=(Skew("f0", 30), Skew("f3", 10, "low")))
    with built(tiny((6, 7, 5, 8)), tmp_path / "a.h5", recipe) as cache:
        taken = cache.space.to_index(cache.factors[cache.splits != 0])
        e = expect(cache.space, cache.recipe, taken)
        counts = np.array(list(cache.action_counts("train").values()))
        assert (abs(counts - e.mean) < 3 * e.spread).all()
        rare = np.bincount(cache.factors[cache.rows("train"), 0], minlength=6)
        assert (np.diff(rare) < 0).all()


def test_action_and_step_counts(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """They agree with a count by hand, name by name; a step has no direction."""
    with built(tiny((4, 4, 1, 7)), tmp_path / "a.h5", drawn(60, seed=1)) as cache:
        pairs = cache.transitions("train")
        counts, steps = cache.action_counts("train"), cache.step_counts("train")
        assert list(counts) == ["f0+", "f1+", "f2+", "f3+", "f0-", "f1-", "f2-", "f3-"]
        assert [len(s) for s in steps.values()] == [3, 3, 0, 6]
        assert counts["f1-"] == sum(int(a) == 5 for a in pairs.action)
        low = [0, 0, 0]
        for before, after, action in zip(pairs.before, pairs.after, pairs.action, strict=True):
            if action in (1, 5):
                low[min(cache.factors[before, 1], cache.factors[after, 1])] += 1
        assert steps["f1"] == low
        assert sum(counts.values()) == sum(map(sum, steps.values())) == len(pairs)


def test_steps_need_factor_values(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """A cache that knows actions only has counts of actions, and none of steps."""
    path = tmp_path / "a.h5"
    built(tiny((4, 5, 3, 6)), path, drawn(120)).close()
    with h5py.File(path, "r+") as file:
        file.attrs["factor_labels"] = False
    with Cache.open(path) as cache:
        assert cache.step_counts("train") == {}
        assert sum(cache.action_counts("train").values()) == len(cache.transitions("train"))


def test_the_same_seed_gives_the_same_cache(
    tmp_path: Path, tiny: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrays depend on recipe and seed alone, not on the size of a slice of work."""
    recipe = drawn(120, skew=(Skew("f0", 5),))
    built(tiny((4, 5, 3, 6)), tmp_path / "a.h5", recipe).close()
    monkeypatch.setattr(datasets.build, "_MAX_SLICE", 3)
    built(tiny((4, 5, 3, 6)), tmp_path / "b.h5", recipe).close()
    built(tiny((4, 5, 3, 6)), tmp_path / "c.h5", replace(recipe, seed=4)).close()
    assert arrays(tmp_path / "a.h5") == arrays(tmp_path / "b.h5") != arrays(tmp_path / "c.h5")


def test_sets_of_one_seed_have_the_same_questions(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Skewed or uniform, the same validation and test pairs; a smaller draw lies within a larger one."""
    recipes = {
        "skewed": drawn(150, skew=(Skew("f0", 5),)),
        "smaller": drawn(110, skew=(Skew("f0", 5),)),
        "uniform": drawn(150),
    }
    caches = {
        name: built(tiny((5, 5, 4, 6)), tmp_path / f"{name}.h5", recipe) for name, recipe in recipes.items()
    }
    for split in ("validation", "test"):
        assert len({frozenset(pairs_of(cache, split)) for cache in caches.values()}) == 1
    train = {name: set(grid_of(cache, "train")) for name, cache in caches.items()}
    assert train["smaller"] < train["skewed"]
    assert train["uniform"] != train["skewed"]


def test_another_seed_draws_other_images(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Training images of two seeds have no more in common than chance has it, 150 of 600 twice."""
    sets = []
    for seed in (3, 4):
        with built(tiny((5, 5, 4, 6)), tmp_path / f"{seed}.h5", drawn(150, seed=seed)) as cache:
            sets.append(set(grid_of(cache, "train")))
    assert len(sets[0] & sets[1]) < 75


def test_training_pairs_can_be_capped(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """The images stay, and a random part of their pairs; a cap above what there is changes nothing."""
    whole = built(tiny((4, 5, 3, 6)), tmp_path / "whole.h5", drawn(200))
    capped = built(tiny((4, 5, 3, 6)), tmp_path / "capped.h5", drawn(200, pairs=100))
    assert grid_of(whole, "train") == grid_of(capped, "train")
    assert len(capped.transitions("train")) == 100
    assert pairs_of(capped, "train") < pairs_of(whole, "train")
    by_factor = np.array([sum(steps) for steps in capped.step_counts("train").values()])
    share = np.array([sum(steps) for steps in whole.step_counts("train").values()]) / len(
        whole.transitions("train")
    )
    assert (abs(by_factor - 100 * share) < 3 * np.sqrt(100 * share)).all()
    built(tiny((4, 5, 3, 6)), tmp_path / "roomy.h5", drawn(200, pairs=10_000)).close()
    assert arrays(tmp_path / "roomy.h5") == arrays(tmp_path / "whole.h5")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"skew": (Skew("hue", 2),)}, "unknown factor 'hue'; choose one of f0, f1, f2, f3"),
        ({"correlate": (Correlation("f0", "hue", 2),)}, "unknown factor 'hue'"),
        ({"holes": (Hole((("f0", (4,)),)),)}, "f0 has no value '4'; give 0 to 3 or one of v0, v1, v2, v3"),
        ({"holes": (Hole((("f0", (0, 1, 2, 3)),)),)}, "leave no image to train on; remove one"),
        ({"images": 361}, "has 360 images to draw from, 361 were asked for; ask for fewer with --images"),
        ({"images": 271, "holes": (Hole((("f0", (0,)),)),)}, "has 270 images to draw from"),
        ({"images": 345}, "room for only 3.. training images beside the other splits, 345 were asked for"),
        (
            {"holes": (Hole((("f1", (0, 1, 2, 3)),)),), "skew": (Skew("f0", 2),), "images": 40},
            r"changes f1, so the actions f1\+ and f1- could .* more --images, or a smaller --hole of f1$",
        ),
        (
            {"correlate": (Correlation("f0", "f3", 1e-9),), "skew": (Skew("f1", 2),), "images": 25},
            r"changes f[03], .* ask for more --images, or a larger sigma in --correlate f0,f3$",
        ),
        (
            {"skew": (Skew("f2", 1e12),), "images": 40},
            r"no training pair among 40 drawn images changes f2, .* or a smaller ratio in --skew f2$",
        ),
        ({"images": 200, "pairs": 3}, r"changes f[0-3], .* ask for more --images, or more --train-pairs$"),
        (
            {"images": 1},
            r"changes f0, so the actions f0\+ and f0- could not be learned; ask for more --images$",
        ),
    ],
)
def test_a_draw_that_cannot_be_is_refused(
    tmp_path: Path, tiny: Callable[..., object], parts: dict[str, object], words: str
) -> None:
    """Unknown words, too few images, actions without pairs: a sentence that names them and the remedy."""
    with pytest.raises(DatasetInputError, match=words):
        built(tiny((4, 5, 3, 6)), tmp_path / "a.h5", drawn(**{"images": 100, **parts}))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_factor_that_nobody_sees_is_refused(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """A factor whose pairs are all without a difference leaves its actions without pairs."""
    with pytest.raises(DatasetInputError, match="only about 14 test pairs beside the other splits"):
        built(tiny((4, 5, 3, 6), (2,)), tmp_path / "a.h5", drawn(100))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stop_at", [0, 2, 5])
def test_a_cancelled_draw_leaves_nothing(tmp_path: Path, tiny: Callable[..., object], stop_at: int) -> None:
    """Closing the iterator at any report removes what was written."""
    steps = build(tiny((4, 5, 3, 6)), tmp_path / "a.h5", drawn(150))  # type: ignore[arg-type]
    for _ in range(stop_at + 1):
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


def test_progress_of_a_draw_is_honest(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Counts only grow and each stage ends at its total."""
    reports = list(build(tiny((4, 5, 3, 6)), tmp_path / "a.h5", drawn(150)))  # type: ignore[arg-type]
    for stage, total in (("rendering", 8 + 18 + 150), ("writing", None)):
        counts = [report.done for report in reports if report.stage == stage]
        assert counts == sorted(counts)
        assert {report.total for report in reports if report.stage == stage} == {total or counts[-1]}
        assert counts[-1] == (total or counts[-1])
