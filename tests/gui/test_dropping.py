"""Whatever is dropped on the window is looked at, and goes where it belongs; or a sentence says why not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

from datasets.home import runs_dir
from engine.run_archive import export_run
from gui.dropping import may_be_picture
from gui.main_window import MainWindow
from tests.datasets.set_files import write_cars3d, write_dsprites
from tests.datasets.test_own import folder, picture  # noqa: F401 (fixture)
from tests.gui.conftest import wait_idle

WAIT = 30_000


@pytest.fixture
def window(make_window: Callable[[], MainWindow], tmp_path: Path, monkeypatch) -> MainWindow:
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    return make_window()


def drop(target: QWidget, *paths: Path) -> QWidget | None:
    """Drags files over a widget and lets them go: as Qt does it, the nearest widget that takes them has them.

    Returns that widget, or None where nobody took them.
    """
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    rest = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    widget: QWidget | None = target
    while widget is not None:
        if widget.acceptDrops():
            entered = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, *rest)
            entered.ignore()
            widget.dragEnterEvent(entered)
            if entered.isAccepted():
                widget.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, *rest))
                return widget
        widget = None if widget.isWindow() else widget.parentWidget()
    return None


def test_data_go_where_they_belong(
    qtbot,
    window: MainWindow,
    tmp_path: Path,
    folder: Path,  # noqa: F811
    tiny_cache: Path,
) -> None:
    """From any workspace, also from places for images: a set's card with the place filled in, the wizard, a
    cache as the window's data set."""
    dsprites, cars = write_dsprites(tmp_path)[0], write_cars3d(tmp_path)[0]
    detail, wizard = window.library.dataset_detail, window.library.own.wizard
    places = (window.explore, window.retrieve.pair.slots["before"], window.train.form, window.library.runs)
    for workspace, place in enumerate(places):
        path, name = ((dsprites, "dsprites"), (cars, "cars3d"))[workspace % 2]
        window.show_workspace(workspace)
        assert drop(place, path) is window
        qtbot.waitUntil(lambda path=path: detail.source.text() == str(path), timeout=WAIT)
        wait_idle(qtbot, window, WAIT)
        assert window.stack.currentWidget() is window.library
        assert window.library.datasets.key() == name
        assert detail.isVisible()
        assert detail.build.isEnabled()
    window.show_workspace(2)
    drop(window.train, folder)
    qtbot.waitUntil(lambda: wizard.isVisible() and len(wizard.columns.rows) == 3, timeout=WAIT)
    assert wizard.source.text() == str(folder)
    wizard.reject()
    drop(window.library, tiny_cache)
    qtbot.waitUntil(lambda: window.selection.dataset is not None, timeout=WAIT)
    assert window.selection.dataset.path == tiny_cache
    wait_idle(qtbot, window, WAIT)


def test_runs_are_listed_and_imported_and_the_rest_is_said(
    qtbot, window: MainWindow, tmp_path: Path, tiny_run: Path
) -> None:
    """A run's directory is listed with its neighbours, an exported run is unpacked into the home. Pictures
    without a table, a text and several things leave a sentence and the window as it is."""
    kept = tmp_path / "kept" / "mine"
    shutil.copytree(tiny_run, kept)
    drop(window.train, kept)
    qtbot.waitUntil(lambda: window.library.runs.key() == str(kept), timeout=WAIT)
    for _ in export_run(kept, tmp_path / "run.zip"):
        pass
    drop(window.library, tmp_path / "run.zip")
    qtbot.waitUntil(lambda: window.library.runs.key() == str(runs_dir() / "mine"), timeout=WAIT)
    window.show_workspace(2)
    album = tmp_path / "album"
    album.mkdir()
    picture("small", 1, "red").save(album / "a.png")
    (tmp_path / "letter.txt").write_text("hello")
    for path, said in (
        (album, "1 of them images, and no table"),
        (tmp_path / "letter.txt", "neither a folder"),
    ):
        drop(window.train, path)
        qtbot.waitUntil(lambda said=said: said in window.messages.text, timeout=WAIT)
        assert window.messages.text.startswith("Doscope can do nothing with this")
    drop(window.train, album, tmp_path / "letter.txt")
    assert "one file or one folder at a time" in window.messages.text
    assert window.stack.currentWidget() is window.train
    wait_idle(qtbot, window, WAIT)


def test_pictures_stay_with_the_places_for_pictures(
    qtbot, qapp: QApplication, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is dropped elsewhere is opened in Explore. What a place for pictures refuses goes on to the
    window by Qt's own rules."""
    path = tmp_path / "one.png"
    picture("small", 1, "red").save(path)
    picked: list[str] = []
    monkeypatch.setattr(window.explore.presenter, "pick_file", picked.append)
    slot = window.retrieve.pair.slots["before"]
    assert drop(slot, path) is slot
    assert drop(window.explore, path) is window.explore
    assert picked == [str(path)]
    window.show_workspace(2)
    assert drop(window.train.form, path) is window
    qtbot.waitUntil(lambda: len(picked) == 2, timeout=WAIT)
    assert window.stack.currentWidget() is window.explore
    slot.tile.set_highlighted(False)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    entered = QDragEnterEvent(
        QPoint(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    entered.ignore()
    qapp.notify(slot, entered)
    assert entered.isAccepted()
    assert not slot.tile.highlighted
    wait_idle(qtbot, window, WAIT)


def test_data_are_told_from_pictures_by_their_endings(tmp_path: Path) -> None:
    """Only to decide who looks at them."""
    assert not may_be_picture(tmp_path)
    assert not may_be_picture(tmp_path / "a.TAR.GZ")
    assert may_be_picture(tmp_path / "a.webp")
    assert may_be_picture(tmp_path / "picture without ending")
