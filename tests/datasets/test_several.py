"""Test pairs in which several factors change at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.cache import SPLITS
from datasets.errors import DatasetInputError
from datasets.recipe import Hole
from datasets.steps import acted
from tests.datasets.ruled import leaks, ruled


@pytest.mark.parametrize("hold_out", [(), (Hole((("hue", (1, 2, 3)),)),)])
def test_several_factors_at_once(tmp_path: Path, hold_out: tuple[Hole, ...]) -> None:
    """Each pair has the actions that it says, one a factor, between test images; all else is as without."""
    rules = {"rules": ("wrap", "set"), "hold_out": hold_out, "train_pairs": 20, "validation_pairs": 3}
    with ruled(tmp_path / "x.h5", several=3, **rules) as cache, ruled(tmp_path / "y.h5", **rules) as plain:
        pairs = cache.several
        assert pairs is not None
        assert plain.several is None
        assert pairs.actions.shape == (8, 3)
        assert (cache.splits[np.concatenate([pairs.before, pairs.after])] == 2).all()
        assert leaks(cache, hold_out) == []
        for before, after, actions in zip(pairs.before, pairs.after, pairs.actions, strict=True):
            factors = cache.space.action_factors[actions]
            assert (np.diff(factors) > 0).all()
            values = cache.factors[before][None]
            for action in actions:
                values = acted(cache.space, values, [action])
            assert (values[0] == cache.factors[after]).all()
            assert ((cache.factors[before] != cache.factors[after]).nonzero()[0] == factors).all()
        there = plain.num_images
        assert (cache.factors[:there] == plain.factors).all()
        for split in SPLITS:
            assert (cache.transitions(split).before == plain.transitions(split).before).all()


def test_too_many_at_once(tmp_path: Path) -> None:
    """No more factors can change than there are."""
    with pytest.raises(DatasetInputError, match="5 factors cannot change at once, as 4 can change at all"):
        ruled(tmp_path / "x.h5", several=5)
    hole = (Hole((("hue", (1, 2)), ("shape", (0,)), ("lit", (0,)))),)  # only hue and height vary inside
    with pytest.raises(DatasetInputError, match="among what is held out in which 3 factors change"):
        ruled(tmp_path / "x.h5", several=3, hold_out=hole, test_pairs=2)
    assert list(tmp_path.iterdir()) == []
