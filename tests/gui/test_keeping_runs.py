"""A run renamed, exported and imported in the window."""

from __future__ import annotations

import shlex
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from datasets.home import runs_dir
from gui.main_window import MainWindow
from tests.gui.conftest import wait_idle
from tests.gui.test_library import WAIT, click, home, window, with_run  # noqa: F401 (fixtures)


def test_a_run_is_renamed_by_keys(qtbot, with_run: MainWindow) -> None:  # noqa: F811
    """F2, a name, Return: the folder has it, the run stays chosen; a name that is taken is refused."""
    library = with_run.library
    library.runs.setFocus()
    for name in ("better", "better/worse"):
        with_run.activateWindow()
        qtbot.waitUntil(with_run.isActiveWindow, timeout=WAIT)
        QTest.keyClick(library.runs, Qt.Key.Key_F2)
        dialog = with_run.findChild(QInputDialog, "library_rename_dialog")
        dialog.setTextValue(name)
        dialog.accept()
        wait_idle(qtbot, with_run, WAIT)
        qtbot.waitUntil(lambda: library.run_detail.title.text() == "better", timeout=WAIT)
        qtbot.waitUntil(lambda: with_run.findChild(QInputDialog) is None, timeout=WAIT)
    assert [path.name for path in runs_dir().iterdir()] == ["better"]
    assert library.runs.keys() == [str(runs_dir() / "better")]
    assert "cannot be a run's name" in with_run.messages.text
    library.show_run(library.runs.item(0, 0).data(Qt.ItemDataRole.UserRole))
    assert library.run_detail.title.text() == "bundled"
    assert not library.run_detail.more.rename.isEnabled()


def test_a_run_is_exported_and_imported(qtbot, with_run: MainWindow, tmp_path: Path, monkeypatch) -> None:  # noqa: F811
    """One file; unpacked again it is a second run, which is shown."""
    library = with_run.library
    file = tmp_path / "kept"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    library.runs.setFocus()
    QTest.keyClick(library.runs, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    wait_idle(qtbot, with_run, WAIT)
    made = file.with_suffix(".zip")
    assert made.is_file()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(made), ""))
    click(library.import_run)
    qtbot.waitUntil(lambda: library.run_detail.title.text() == "tiny-2", timeout=WAIT)
    wait_idle(qtbot, with_run, WAIT)
    assert (runs_dir() / "tiny-2" / "metrics.jsonl").is_file()


def test_the_command_for_tensorboard_is_copied(qtbot, with_run: MainWindow) -> None:  # noqa: F811
    """It names the run's folder."""
    with_run.library.run_detail.more.findChild(QAction, "library_run_tensorboard").trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words == ["tensorboard", "--logdir", str(runs_dir() / "tiny")]


def test_the_delete_key_asks(qtbot, with_run: MainWindow) -> None:  # noqa: F811
    """And Keep is what Return means."""
    with_run.library.runs.setFocus()
    QTest.keyClick(with_run.library.runs, Qt.Key.Key_Delete)
    box = with_run.findChild(QMessageBox, "library_delete_question")
    QTest.keyClick(box, Qt.Key.Key_Return)
    wait_idle(qtbot, with_run, WAIT)
    assert (runs_dir() / "tiny").is_dir()
