"""Judging: every pair once, from anywhere, with the answers that retrieval gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from datasets.cache import Cache
from engine.explorer import Explorer
from engine.judging import BATCH, judging_steps


@pytest.fixture
def cache(tiny_cache: Path) -> Iterator[Cache]:
    with Cache.open(tiny_cache) as opened:
        yield opened


def test_every_pair_is_judged_once(tiny_run: Path, cache: Cache) -> None:
    """Joined, the parts are the split; the answers are those of retrieval; values are those before."""
    explorer = Explorer.load(tiny_run, threads=1)
    parts = list(judging_steps(explorer, cache))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.joined(part)
    pairs = cache.transitions("test")
    assert len(parts[0]) == BATCH
    assert whole.positions.tolist() == list(range(len(pairs)))
    assert whole.total == len(pairs)
    assert (whole.truth == pairs.action).all()
    codes = [explorer.encode(cache.images(rows)) for rows in (pairs.before, pairs.after)]
    scores = explorer.retrieve_codes(*codes)
    assert (whole.answer == scores.log_probability.argmax(axis=1)).mean() > 0.95  # rounding may differ
    assert ((whole.confidence > 1 / 12) & (whole.confidence <= 1)).all()
    f = cache.space.num_factors
    assert (whole.value == cache.factors[pairs.before, pairs.action % f]).all()
    assert whole.train_pairs.sum() == 2 * len(cache.transitions("train"))


def test_it_can_begin_anywhere(tiny_run: Path, cache: Cache) -> None:
    """From position 50 on and round to 49."""
    parts = list(judging_steps(Explorer.load(tiny_run, threads=1), cache, start=50))
    positions = np.concatenate([part.positions for part in parts])
    assert positions[:3].tolist() == [50, 51, 52]
    assert sorted(positions.tolist()) == list(range(60))
