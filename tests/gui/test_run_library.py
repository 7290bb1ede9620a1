"""The run library in the window: search, sort, tags and notes, comparing, training again, the trash."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from datasets.home import runs_dir
from engine.checkpoint import load_checkpoint
from engine.run_directory import RunDirectory
from engine.run_notes import RunNotes, read_notes, write_notes
from gui.library.compare_view import BEST
from gui.main_window import MainWindow
from gui.requests import DeleteRun
from tests.gui.conftest import wait_idle
from tests.gui.test_library import WAIT, click, home, window  # noqa: F401 (fixtures)


@pytest.fixture
def three_runs(qtbot, window: MainWindow, tiny_run: Path) -> MainWindow:  # noqa: F811
    """The Library with the runs a, b and c, which differ in their seed; b was worse and has a note."""
    for seed, name in enumerate("abc"):
        run = RunDirectory(Path(shutil.copytree(tiny_run, runs_dir() / name)))
        description = run.description()
        training = dataclasses.replace(description.config.training, seed=seed)
        config = dataclasses.replace(description.config, training=training)
        run.config_path.unlink()
        run.create(dataclasses.replace(description, config=config))
    metrics = runs_dir() / "b" / "metrics.jsonl"
    metrics.write_text(metrics.read_text().replace('"psnr":', '"psnr":1.5,"was":'))
    write_notes(runs_dir() / "b", RunNotes(("views", "odd"), "loses the views\nafter a while"))
    click(window.findChild(object, "library_refresh"))
    wait_idle(qtbot, window, WAIT)
    return window


def names(library) -> list[str]:
    return [library.runs.item(row, 0).text().split()[0] for row in range(library.runs.rowCount())]


def test_runs_are_searched_and_sorted(qtbot, three_runs: MainWindow) -> None:
    """By any word of name, tags or note; by the figure in the list, largest or smallest first."""
    library = three_runs.library
    panel = library.runs_panel
    assert set(names(library)) == {"bundled", "a", "b", "c"}
    QTest.keyClicks(panel.search, "views")
    assert names(library) == ["b"]
    assert "#odd" in library.runs.item(0, 0).text()
    panel.search.clear()
    panel.figure.setCurrentIndex(panel.figure.findData("psnr"))
    header = library.runs.horizontalHeader()
    assert library.runs.horizontalHeaderItem(3).text() == "psnr"
    place = header.sectionViewportPosition(3) + 5
    for first in ("b", "bundled"):
        QTest.mouseClick(
            header.viewport(), Qt.MouseButton.LeftButton, pos=header.rect().topLeft() + _at(place, header)
        )
        assert names(library)[0] == first, names(library)
    assert library.runs.item(3, 3).text() == "1.5 dB"


def _at(x: int, header):
    from PySide6.QtCore import QPoint

    return QPoint(x, header.height() // 2)


def test_tags_and_notes_are_kept(qtbot, three_runs: MainWindow) -> None:
    """What is typed is in the run's directory when the field is left, and found by the search."""
    library = three_runs.library
    library.show_run(str(runs_dir() / "b"))
    notes = library.run_detail.notes
    assert notes.tags.text() == "odd, views"
    assert notes.note.toPlainText() == "loses the views\nafter a while"
    library.show_run(str(runs_dir() / "a"))
    assert notes.tags.text() == ""
    notes.tags.setFocus()
    QTest.keyClicks(notes.tags, "good, base line ,good")
    QTest.keyClick(notes.tags, Qt.Key.Key_Return)
    notes.note.setFocus()
    QTest.keyClicks(notes.note, "the best so far")
    library.show_run(str(runs_dir() / "c"))
    wait_idle(qtbot, three_runs, WAIT)
    assert read_notes(runs_dir() / "a") == RunNotes(("base line", "good"), "the best so far")
    assert read_notes(runs_dir() / "c") == RunNotes()
    library.show_run("bundled")
    click(three_runs.findChild(object, "library_refresh"))
    wait_idle(qtbot, three_runs, WAIT)
    QTest.keyClicks(library.runs_panel.search, "best far")
    assert names(library) == ["a"]


def test_runs_are_compared(qtbot, three_runs: MainWindow) -> None:
    """Two rows chosen: only the seed differs, the better PSNR has the star, and the curves open in Train."""
    library = three_runs.library
    library.runs.choose_all([str(runs_dir() / "a"), str(runs_dir() / "b")])
    library.runs.itemSelectionChanged.emit()
    assert library.details.currentWidget() is library.compare
    table = library.compare.table
    qtbot.waitUntil(lambda: table.rowCount() > 0, timeout=WAIT)
    rows = {
        table.verticalHeaderItem(row).text(): [table.item(row, n).text() for n in range(2)]
        for row in range(table.rowCount())
    }
    order = [table.horizontalHeaderItem(n).text() for n in range(2)]
    assert sorted(order) == ["a", "b"]
    a, b = order.index("a"), order.index("b")
    assert rows["psnr"][a].endswith(BEST)
    assert rows["psnr"][b] == "1.5 dB"
    assert rows["training.seed"][a] == "0"
    assert rows["training.seed"][b] == "1"
    assert "training.transition_rate" not in rows
    assert not any(BEST in cell for cell in rows["steps"])
    click(library.compare.curves)
    curves = three_runs.train.curves
    assert three_runs.stack.currentWidget() is three_runs.train
    qtbot.waitUntil(lambda: not three_runs.train.data.is_empty(), timeout=WAIT)
    qtbot.waitUntil(lambda: list(curves.plots[0]._others) == [order[1]], timeout=WAIT)
    qtbot.waitUntil(lambda: not curves.plots[0]._others[order[1]].is_empty(), timeout=WAIT)
    wait_idle(qtbot, three_runs, WAIT)


def test_a_run_is_trained_again(qtbot, three_runs: MainWindow) -> None:
    """Again with... fills Train's form."""
    library = three_runs.library
    library.show_run(str(runs_dir() / "c"))
    click(library.run_detail.again)
    form = three_runs.train.form
    assert three_runs.stack.currentWidget() is three_runs.train
    qtbot.waitUntil(lambda: form.seed.value() == 2, timeout=WAIT)
    wait_idle(qtbot, three_runs, WAIT)
    trained_on = RunDirectory(runs_dir() / "c").description().cache
    assert form.dataset.currentText() == trained_on  # which is not the data set of that name here
    three_runs.show_workspace(3)
    three_runs.show_workspace(2)
    wait_idle(qtbot, three_runs, WAIT)
    assert form.dataset.currentText() == trained_on


def test_a_deleted_run_can_be_taken_out_of_the_trash(tmp_path: Path, tiny_run: Path, monkeypatch) -> None:
    """Where the system has no trash the run lies whole in a folder beside the others, and is not listed."""
    from gui.library import trash, work

    run = Path(shutil.copytree(tiny_run, tmp_path / "runs" / "gone"))
    monkeypatch.setattr(trash.QFile, "moveToTrash", lambda _path: False)
    deleted = work.delete_run(DeleteRun(str(run)))
    assert not run.exists()
    assert load_checkpoint(Path(deleted.place) / "checkpoints" / "best.safetensors").meta
    from engine.run_directory import list_runs

    assert [status.name for status in list_runs(tmp_path / "runs")] == ["bundled"]
