"""A packed file becomes a data set again: by the button or dropped, under a name that is free."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton

import datasets
from datasets.home import caches_dir
from datasets.packing import pack
from gui import requests as rq
from gui.main_window import MainWindow
from gui.top_bar import WORKSPACES
from tests.gui.conftest import wait_idle
from tests.gui.test_dropping import drop
from tests.gui.test_own_wizard import type_over

WAIT = 30_000


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


@pytest.fixture
def window(make_window: Callable[[], MainWindow], tmp_path: Path, monkeypatch) -> MainWindow:
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    return make_window()


@pytest.fixture(scope="module")
def packed(tiny_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "from a friend.packed.h5"
    list(pack(tiny_cache, path))
    return path


def test_dropped_and_chosen(
    qtbot, window: MainWindow, packed: Path, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropped in any workspace it gets the name of its recipe where that is free, else that of the file;
    a name that is taken is refused as it is typed."""
    window.show_workspace(WORKSPACES.index("Train"))
    drop(window.train, packed)
    dialog = window.library.unpacking.dialog
    qtbot.waitUntil(dialog.isVisible, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert window.stack.currentWidget() is window.library
    assert dialog.title.text() == packed.name
    assert "images; unpacked" in dialog.words.text()
    assert dialog.name.text() == "shapes"
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "is built" in window.messages.text, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert window.library.datasets.key() == "shapes"
    with datasets.open_cache("shapes") as cache, datasets.open_cache(tiny_cache) as first:
        np.testing.assert_array_equal(cache.images([0, 7]), first.images([0, 7]))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(packed), ""))
    click(window.findChild(QPushButton, "library_unpack"))
    qtbot.waitUntil(dialog.isVisible, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert dialog.name.text() == "from a friend"
    for bad in ("shapes", "a/b", ""):
        type_over(dialog.name, bad)
        assert dialog.problem.text()
        assert not dialog.unpack.isEnabled()
    type_over(dialog.name, "mine")
    click(dialog.unpack)
    qtbot.waitUntil(lambda: window.library.datasets.key() == "mine", timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert (caches_dir() / "mine.h5").is_file()


def test_cancelled_or_refused(qtbot, window: MainWindow, packed: Path, tmp_path: Path) -> None:
    """Cancel in the status bar leaves nothing; neither does a damaged file. A recipe that names a place
    outside the folder does not lead there."""
    window.show_workspace(WORKSPACES.index("Library"))
    wait_idle(qtbot, window, WAIT)
    begun: list[object] = []

    def cancel(activity: object) -> None:
        if getattr(activity, "kind", "") == rq.kind_of(rq.UnpackDataset):
            begun.append(activity)
            window.engine.cancel(rq.kind_of(rq.UnpackDataset))

    window.engine.activity.connect(cancel)
    window.engine.submit(rq.UnpackDataset(str(packed), "mine"))
    wait_idle(qtbot, window, WAIT)
    window.engine.activity.disconnect(cancel)
    assert begun
    assert begun[0].cancellable  # type: ignore[attr-defined]
    assert not list(caches_dir().glob("*"))
    bad = tmp_path / "bad.packed.h5"
    bad.write_bytes(packed.read_bytes())
    with h5py.File(bad, "r+") as file:
        recipe = json.loads(file.attrs["recipe"])
        file.attrs["recipe"] = json.dumps({**recipe, "name": "own", "called": "../../outside"})
    window.library.unpacking.look(str(bad))
    qtbot.waitUntil(window.library.unpacking.dialog.isVisible, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert window.library.unpacking.dialog.name.text() == "outside"
    window.engine.submit(rq.UnpackDataset(str(bad), "outside"))
    wait_idle(qtbot, window, WAIT)
    assert sorted(path.name for path in caches_dir().iterdir()) == ["outside.h5"]
    window.library.unpacking.dialog.reject()
    bad.write_bytes(packed.read_bytes()[:3000])
    window.library.unpacking.look(str(bad))
    qtbot.waitUntil(lambda: "damaged" in window.messages.text, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert not window.library.unpacking.dialog.isVisible()
