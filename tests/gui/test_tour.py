"""The guided tour, and the pairs and images that the engine thread picks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from gui import requests as rq
from gui.data_work import DataWork
from gui.tour import TourError, take_tour


@pytest.mark.long
def test_tour_saves_pictures_of_the_real_window(
    qapp, tiny_run: Path, tiny_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stop of the tour (but the training) leaves a picture that shows something."""
    monkeypatch.setattr("engine.metrics.probes.MOST_STEPS", 40)
    pictures = take_tour(tmp_path / "tour", str(tiny_run), str(tiny_cache), minutes=0)
    names = [path.stem.split("-")[1] for path in pictures]
    assert names == [
        "explore", "variable", "gallery", "intervention", "action", "difference", "traversal", "several",
        "compare", "mean", "moves", "forces", "layered", "retrieve", "steps", "judge", "library",
        "values", "wizard",
    ]  # fmt: skip
    for path in pictures:
        with PilImage.open(path) as picture:
            assert picture.size == (1440, 900) or path.stem[3:] in ("gallery", "compare", "wizard")
            assert np.asarray(picture.convert("L")).std() > 5


def test_tour_says_where_it_stopped(qapp, tmp_path: Path, tiny_cache: Path) -> None:
    """A run that is not there ends the tour with a sentence that names it."""
    with pytest.raises(TourError, match="nowhere"):
        take_tour(tmp_path / "tour", str(tmp_path / "nowhere"), str(tiny_cache), minutes=0)


def test_pairs_show_their_action_in_both_directions(tiny_cache: Path) -> None:
    """The factor values of a drawn pair differ by exactly the action that comes with it."""
    work = DataWork()
    directions = set()
    for seed in range(12):
        pair = work.pick_pair(rq.PickPair(str(tiny_cache), "test", seed))
        space = work.cache(str(tiny_cache)).space
        factor, direction = space.factor_of_action(pair.action)
        change = np.subtract(pair.after.factors, pair.before.factors)
        assert np.flatnonzero(change).tolist() == [factor]
        size = space.sizes[factor]
        assert change[factor] in (direction, direction * (1 - size))
        directions.add(direction)
    assert directions == {1, -1}
    work.close()
