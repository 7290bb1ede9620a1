"""The weight of a pixel: where factors show, whatever else differs between the two images of a pair."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from datasets.cache import Cache
from datasets.factors import Factor, FactorSpace
from engine.pixel_weights import pixel_weights_steps


def labelled(pairs: int, painted: bool = True, seed: int = 0) -> Any:
    """Noise of other people in every image; "large" brightens a quarter of it, "small" two pixels."""
    rng = np.random.default_rng(seed)
    space = FactorSpace(tuple(Factor(name, ("no", "yes"), "binary") for name in ("large", "small")))
    images = rng.integers(0, 180, (2 * pairs, 16, 16, 3), dtype=np.uint8)
    before = np.arange(pairs)
    factor = before % 2
    factors = np.zeros((2 * pairs, 2), np.int64)
    factors[before + pairs, factor] = 1
    if painted:
        images[before[factor == 0] + pairs, :8, :8] += 60
        images[before[factor == 1] + pairs, 12, 12:14] += 60
    flip = rng.random(pairs) < 0.5
    ends = np.where(flip, before + pairs, before), np.where(flip, before, before + pairs)
    transitions = SimpleNamespace(before=ends[0], after=ends[1], action=factor + 2 * flip)
    return SimpleNamespace(
        image_shape=(16, 16, 3), space=space, factors=factors, images=lambda rows: images[rows],
        transitions=lambda split: {"train": transitions}[split],
    )  # fmt: skip


def weights(cache: Any, share: float) -> np.ndarray:
    steps = pixel_weights_steps(cache, share, np.random.default_rng(0))
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return np.asarray(done.value)


def test_factors_count_alike_however_few_pixels_show_them() -> None:
    """Half of the weight goes to what the factors change, a quarter to each."""
    found = weights(labelled(600), 0.5)
    assert found.shape == (16, 16)
    assert found.mean() == pytest.approx(1, rel=1e-5)
    whole = found.size
    assert found[:8, :8].sum() / whole == pytest.approx(0.25 + 0.5 * 64 / 256, abs=0.04)
    assert found[12, 12:14].sum() / whole == pytest.approx(0.25 + 0.5 * 2 / 256, abs=0.06)
    assert found.min() >= 0.5


def test_without_a_share_or_without_anything_to_see_all_pixels_count_alike() -> None:
    np.testing.assert_allclose(weights(labelled(100), 0.0), 1.0)
    quiet = weights(labelled(100, painted=False), 0.5)
    assert quiet.mean() == pytest.approx(1, rel=1e-5)


def test_the_same_seed_gives_the_same_weights(tiny_cache: Any) -> None:
    """A real cache; every pixel of `shapes` is changed by some factor, none is forgotten."""
    with Cache.open(tiny_cache) as cache:
        first, second = weights(cache, 0.5), weights(cache, 0.5)
    assert np.array_equal(first, second)
    assert first.min() >= 0.5
    assert first.max() > 1.2


def test_neither_validation_nor_test_pairs_are_looked_at() -> None:
    """The stand-in knows the training pairs only, and every row that is read belongs to one."""
    cache = labelled(50)
    pairs, seen, images = cache.transitions("train"), [], cache.images
    cache.images = lambda rows: (seen.extend(rows), images(rows))[1]
    weights(cache, 0.5)
    assert set(seen) <= set(pairs.before) | set(pairs.after)
    assert seen
