"""Run and data set belong together: the window follows the run, or says that it cannot."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import h5py
import numpy as np
import pytest

import datasets
from datasets.errors import DatasetInputError
from datasets.factors import Factor, FactorSpace
from datasets.shapes import ShapesSource
from engine.results import LoadedImage, RunInfo
from gui import requests as rq
from gui.data_work import DataWork
from gui.explore.asked_actions import changed_factors
from gui.library.contact_sheet import ContactSheet
from gui.library.dataset_work import DatasetWork
from gui.main_window import MainWindow
from gui.replies import DatasetView, Failure, PickedImage
from tests.datasets.faces import random_faces
from tests.gui.conftest import wait_idle

SPACE = ShapesSource().space
OTHER = FactorSpace((Factor("hair", ("long", "short"), "nominal"),))


def view(name: str, space: FactorSpace) -> DatasetView:
    return DatasetView(name, name, Path(f"{name}.h5"), space, (64, 64, 3), 1, {}, {}, 0, True)


@pytest.fixture
def asked(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> list[rq.Request]:
    """What the main window itself asks; the engine rests."""
    collected: list[rq.Request] = []
    monkeypatch.setattr(window.engine, "submit", collected.append)
    return collected


RUN = RunInfo("puppet", Path("puppet"), "sprites", OTHER, (64, 64, 3), (1, 2, 2), 16, "cpu", 1)


def test_a_run_of_another_data_set_opens_its_own(window: MainWindow, asked: list[rq.Request]) -> None:
    """A sprites run never reads a shapes room: its cache is opened, without a build, and then chosen."""
    window._on_result("OpenDataset", 1, view("shapes", SPACE))
    window._on_result("LoadRun", 1, RUN)
    (request,) = [r for r in asked if isinstance(r, rq.OpenDataset)]
    assert (request.dataset, request.build) == ("sprites", False)
    window._on_result(request.kind, 2, view("sprites", OTHER))
    assert window.selection.dataset.name == "sprites"
    window._on_result("LoadRun", 3, dataclasses.replace(RUN, dataset="shapes", space=SPACE))
    window._on_result(request.kind, 4, view("sprites", OTHER))  # late: another run is loaded by now
    assert [r.dataset for r in asked if isinstance(r, rq.OpenDataset)] == ["sprites", "shapes"]


def test_the_first_data_set_follows_a_run_that_came_earlier(
    window: MainWindow, asked: list[rq.Request]
) -> None:
    """Run first, data set later: the same question."""
    window._on_result("LoadRun", 1, RUN)
    assert not [r for r in asked if isinstance(r, rq.OpenDataset)]
    window._on_result("OpenDataset", 1, view("shapes", SPACE))
    assert [r.dataset for r in asked if isinstance(r, rq.OpenDataset)] == ["sprites"]


def test_a_data_set_that_does_not_fit_is_said(window: MainWindow, asked: list[rq.Request]) -> None:
    """Chosen in the Library on purpose it is used, with a word; one that is missing is named."""
    window._on_result("OpenDataset", 1, view("sprites", OTHER))
    window._on_result("LoadRun", 1, RUN)
    window._on_result("OpenDataset", 2, view("shapes", SPACE))
    assert window.selection.dataset.name == "shapes"
    assert "puppet" in window.messages.text
    assert "shapes" in window.messages.text
    window._on_failed(rq.kind_of(rq.OpenDataset, "run"), 3, Failure("no such cache"))
    assert "sprites" in window.messages.text
    assert "Library" in window.messages.text


def test_images_without_factor_labels(qtbot, tmp_path: Path) -> None:
    """Of a cache that knows only actions, images and pairs are shown without factor values."""
    path = tmp_path / "unlabelled.h5"
    for _ in datasets.build_steps("celeba", source=random_faces(60).write(tmp_path / "faces"), out=path):
        pass
    with h5py.File(path, "r+") as file:
        file.attrs["factor_labels"] = False
    work = DataWork()
    picked = work.pick_image(rq.PickImage(dataset=str(path), position=0))
    assert picked.loaded.factors is None
    assert work.pick_pair(rq.PickPair(str(path))).before.factors is None
    page = work.browse(rq.BrowseImages(str(path), count=2))
    shown = ContactSheet("")
    qtbot.addWidget(shown)
    shown.begin(str(path), "test", work.cache(str(path)).space)
    shown.set_page(page)
    assert list(shown.grid.words.values()) == [f"image {row}" for row in page.rows]
    assert shown.values.text() == f"image {page.rows[0]}"
    assert shown.sliders.isHidden()
    found = DatasetWork(work)
    assert found.count_values(rq.CountValues(str(path))).counts == {"train": {}, "validation": {}, "test": {}}
    assert found.count_pairs(rq.CountPairs(str(path))).not_drawn
    assert found.find_image(rq.FindImage(str(path), (0,) * page.factors.shape[1])).image is None
    work.close()


def test_the_nearest_image_where_not_all_exist(tiny_cache: Path) -> None:
    """It has the value that was moved and most of the others, which is said; none without any is refused."""
    work = DataWork()
    cache = work.cache(str(tiny_cache))
    work._sources[cache.name] = None  # as of a set whose images cannot be drawn
    known, moved = cache.factors, 2
    values = next(v for v in known if cache.find([*v[:moved], v[moved] ^ 1, *v[moved + 1 :]]) is None).copy()
    values[moved] ^= 1
    wanted = tuple(values.tolist())
    loaded = work.pick_image(rq.PickImage(str(tiny_cache), values=wanted, keep=(moved,))).loaded
    found = np.array(loaded.factors)
    same = known[known[:, moved] == values[moved]]
    assert found[moved] == values[moved]
    assert (found != values).sum() == (same != values).sum(axis=1).min() > 0
    names = [cache.space.names[f].replace("_", " ") for f in np.flatnonzero(found != values)]
    assert loaded.note == f"the nearest image that there is; not as chosen: {', '.join(names)}"
    with pytest.raises(DatasetInputError, match="no image"):
        work.pick_image(rq.PickImage(str(tiny_cache), values=wanted))
    whole = tuple(known[5].tolist())
    assert work.pick_image(rq.PickImage(str(tiny_cache), values=whole, keep=(0,))).loaded.note == ""
    work.close()
    now = PickedImage(LoadedImage(np.zeros((1, 1, 3), np.uint8), factors=(1, 2, 3)))
    assert changed_factors(now, (1, 0, 4)) == (1, 2)
    assert changed_factors(None, (1, 0, 4)) == ()


def test_a_data_set_that_did_not_open_is_not_awaited(qtbot, window: MainWindow) -> None:
    """After a failed (or cancelled) opening the picture says that none is open, not "Loading"."""
    assert "Loading" in window.explore.images.original.placeholder
    window.engine.submit(rq.OpenDataset("no-such-set.h5"))
    wait_idle(qtbot, window)
    assert "Loading" not in window.explore.images.original.placeholder
    assert "data set" in window.explore.images.original.placeholder
