"""The first start, and what a message offers: lists that follow a build, remedies that can work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import datasets
from datasets.errors import CacheError
from datasets.home import caches_dir
from datasets.recipe import Recipe
from gui import requests as rq
from gui.engine_work import describe
from gui.main_window import MainWindow
from gui.top_bar import WORKSPACES
from tests.gui.conftest import wait_idle

WAIT = 60_000


@pytest.fixture
def empty(
    qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_window: Callable[[], MainWindow]
) -> Callable[[str], MainWindow]:
    """Opens the window on a workspace, in a home without data sets, and waits for its first lists."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    small = Recipe("shapes", train_pairs=150, validation_pairs=30, test_pairs=40)
    monkeypatch.setitem(datasets._RECIPES, "shapes", small)

    def open_on(workspace: str) -> MainWindow:
        window = make_window()
        window.show_workspace(WORKSPACES.index(workspace))
        qtbot.waitUntil(lambda: window.library.isHidden() or window.library.datasets.rowCount() > 0)
        wait_idle(qtbot, window, WAIT)
        return window

    return open_on


def test_train_learns_of_the_first_data_set(qtbot, empty: Callable[[str], MainWindow]) -> None:
    """Train is in front while the first start builds: its form takes the data set by itself."""
    window = empty("Train")
    form = window.train.form
    assert "No data set yet" in form.problem.text()
    window.engine.submit(rq.OpenDataset("shapes"))
    qtbot.waitUntil(lambda: form.dataset.currentText() == "shapes", timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert form.start.isEnabled()


def test_train_learns_of_a_build_in_the_library(qtbot, empty: Callable[[str], MainWindow]) -> None:
    """The user went from the Library to Train while the build was under way."""
    window = empty("Library")
    window.library.dataset_detail.build.click()
    window.show_workspace(WORKSPACES.index("Train"))
    qtbot.waitUntil(lambda: window.train.form.dataset.currentText() == "shapes", timeout=WAIT)
    wait_idle(qtbot, window, WAIT)


def test_the_library_learns_of_the_first_data_set(
    qtbot, empty: Callable[[str], MainWindow], tiny_cache: Path
) -> None:
    """The Library in front lists as built what the first start has built."""
    window = empty("Library")
    table = window.library.datasets
    assert table.item(0, 3).text() == "not built"
    caches_dir().mkdir(parents=True)
    shutil.copy(tiny_cache, caches_dir() / "shapes.h5")
    window.engine.submit(rq.OpenDataset("shapes"))
    qtbot.waitUntil(lambda: table.item(0, 3).text() == "built", timeout=WAIT)
    wait_idle(qtbot, window, WAIT)


@pytest.mark.parametrize(("dataset", "offered"), [("shapes", True), ("sprites", False), ("my/own.h5", False)])
def test_building_is_offered_only_where_it_can_work(dataset: str, offered: bool) -> None:
    """Sprites needs a folder, and a path is no recipe: the sentence stands, without a button that fails."""
    failure = describe(CacheError("it is truncated; build it again"), rq.OpenDataset(dataset))
    assert (failure.remedy is not None) is offered
    assert bool(failure.remedy_label) is offered
