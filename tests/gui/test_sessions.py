"""Sessions: saved, opened and coming back by themselves, through the real window and the real engine."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QLabel, QSlider, QWidget

from engine.results import LoadedImage, Reconstruction
from engine.session import Session, SessionRun, SessionStep
from engine.session_files import read_session, write_session
from gui import requests as rq
from gui.main_window import MainWindow
from gui.notebook import action_line, do_line, is_line, state_line
from gui.replies import OpenedSession
from gui.sessions import Sessions
from gui.state import Selection
from tests.gui.conftest import wait_idle
from tests.gui.test_explore import drop


def trigger(window: MainWindow, name: str) -> None:
    window.findChild(QAction, f"action_{name}").trigger()


def answer(qtbot, window: MainWindow, dialog_name: str, path: Path) -> None:
    """Types a file's name into an open dialog."""
    dialog = window.findChild(QFileDialog, dialog_name)
    assert dialog is not None
    dialog.selectFile(str(path))
    dialog.accept()
    qtbot.wait(1)
    wait_idle(qtbot, window)


def look(window: MainWindow) -> list[object]:
    """What the user sees of the session, in plain values."""
    chosen, explore = window.selection, window.explore
    return [
        [(s.title, s.label, s.codes.tolist(), s.image.tolist(), s.python, s.moves) for s in chosen.steps()],
        len(chosen.branches.paths), chosen.branches.present, chosen.history.index(),
        chosen.variable, chosen.action, chosen.propagate,
        explore.images.original.image.tolist(), explore.images.after.image.tolist(),
        explore.images.reconstruction.image.tolist(), explore.source.note.text(),
        [slider.value() for slider in explore.source.findChildren(QSlider)],
        [label.text() for label in explore.source.findChildren(QLabel)],
    ]  # fmt: skip


def explore_a_little(qtbot, window: MainWindow) -> None:
    """Two actions, a name, one undone, a variable, an action's graph, direct interventions."""
    for _ in range(2):
        window.explore.action_panel.buttons[1].click()
    qtbot.waitUntil(lambda: window.selection.history.count() == 2)
    window.selection.rename_step(2, "twice")
    window.selection.history.undo()
    window.selection.set_variable(9)
    window.selection.set_action(3)
    window.explore.variable_panel.direct.click()
    wait_idle(qtbot, window)


def test_a_session_comes_back_whole(qtbot, ready: MainWindow, tmp_path: Path, monkeypatch) -> None:
    """Over another image, while the engine still answers for it: everything is as it was, nothing is
    computed again, and what was seen is drawn: the graph under the action, the palette, the traversal."""
    path = tmp_path / "mine.doscope"
    explore_a_little(qtbot, ready)
    trigger(ready, "save_session")
    answer(qtbot, ready, "save_session_dialog", path)
    assert "Saved mine.doscope: 2 interventions" in ready.messages.text
    assert ready.windowTitle().startswith("mine.doscope")
    before = look(ready)
    ready.explore.random_image()
    wait_idle(qtbot, ready)
    assert look(ready) != before
    asked: list[str] = []
    submit = ready.engine.submit
    monkeypatch.setattr(ready.engine, "submit", lambda request: (asked.append(request.kind), submit(request)))
    ready.selection.restored.connect(lambda _name: asked.append("restored"))
    ready.show_workspace(3)
    trigger(ready, "open_session")
    ready.sessions.asked.connect(lambda _request: ready.explore.random_image())  # answered after the session
    answer(qtbot, ready, "open_session_dialog", path)
    assert look(ready) == before
    assert ready.stack.currentWidget() is ready.explore
    since = asked[asked.index("restored") :]
    assert not {"PickImage", "ShowImage", "ApplyAction", "DoVariables", "LoadRun"} & set(since)
    assert ready.explore.graph.which.currentData() == 3
    assert ready.explore.graph.pages.currentWidget() is ready.explore.graph.view
    assert ready.explore.variable_panel.thumbs.count() > 1
    assert len(ready.explore.traversal.grid.rows) > 1
    ready.explore.history.redo.click()
    assert ready.selection.step.title == "twice"
    trigger(ready, "save_session")  # the file is known now: no dialog
    wait_idle(qtbot, ready)
    assert read_session(path).index == 2


@pytest.mark.parametrize("how", ["missing", "another version"])
def test_without_its_run_a_session_can_be_looked_at(
    qtbot,
    make_window: Callable[[], MainWindow],
    tiny_run_copy: Path,
    tiny_cache: Path,
    tmp_path: Path,
    how: str,
) -> None:
    """The pictures and the history, no interventions, one sentence; a new image ends it, or a new session."""
    path = tmp_path / "old.doscope"
    session = small_session()
    run = dataclasses.replace(session.run, path=str(tiny_run_copy), name=tiny_run_copy.name)
    write_session(path, dataclasses.replace(session, run=run, dataset=str(tiny_cache), dataset_name="shapes"))
    if how == "missing":
        shutil.rmtree(tiny_run_copy)
    window = make_window()
    window.engine.submit(rq.OpenSession(str(path)))
    qtbot.waitUntil(lambda: window.selection.read_only != "", timeout=30_000)
    wait_idle(qtbot, window)
    assert how in window.messages.text
    assert str(tiny_run_copy) in window.messages.text
    assert window.selection.run is None
    assert window.selection.dataset.dataset == str(tiny_cache)
    assert not window.explore.action_panel.buttons
    assert not window.explore.history.copy.isEnabled()
    window.explore.history.undo.click()
    assert np.array_equal(window.explore.images.after.image, session.steps[0].image)
    wait_idle(qtbot, window)
    assert "can be looked at" in window.messages.text  # and nothing went wrong since
    again = window.sessions.snapshot()  # saved again it is still the lost run's
    assert again.run == run
    assert [s.label for s in again.steps] == [s.label for s in session.steps]
    if how == "another version":
        trigger(window, "new_session")  # takes the run as it is now
        qtbot.waitUntil(lambda: window.selection.step is not None, timeout=30_000)
        assert window.selection.run.path == tiny_run_copy
        assert window.selection.read_only == ""
        wait_idle(qtbot, window)
        return
    window.explore.presenter.pick_pixels(np.full((64, 64, 3), 200, np.uint8))
    qtbot.waitUntil(lambda: window.selection.read_only == "")
    assert window.selection.step is None  # what stood beside the old image does not stay beside the new one
    wait_idle(qtbot, window)


def small_session(python: str = "") -> Session:
    """A start, one step, and no data set."""
    codes, image = np.zeros(64, np.int64), np.zeros((64, 64, 3), np.uint8)
    steps = (
        SessionStep("reconstruction", codes, image),
        SessionStep("shape+", codes + 1, image + 9, moved=codes > -1, python=python),
    )
    return Session(
        SessionRun("tiny", "", "0" * 16, (1, 8, 8), 512), "", "", LoadedImage(image + 3, "", "a file"),
        None, "", Reconstruction(codes, image, image, 30.0), steps, ((0, 1),), 0, 1,
    )  # fmt: skip


@pytest.fixture
def kept(qapp, make_window, tmp_path: Path) -> Callable[[], MainWindow]:
    """Windows that keep their session in one place."""

    def make() -> MainWindow:
        window = make_window()
        window.last_session = tmp_path / "last.doscope"
        return window

    return make


def test_the_last_session_comes_back(
    qtbot, kept: Callable[[], MainWindow], tiny_run: Path, tiny_cache: Path
) -> None:
    """Close, start again: the same; New session: nothing of it, on the same run and data."""
    first = kept()
    first.come_back(str(tiny_run), str(tiny_cache))
    qtbot.waitUntil(lambda: first.selection.step is not None, timeout=30_000)
    explore_a_little(qtbot, first)
    before = look(first)
    first.close()
    second = kept()
    second.come_back("bundled", "nowhere")
    qtbot.waitUntil(lambda: second.selection.dataset is not None, timeout=30_000)
    wait_idle(qtbot, second)
    assert look(second) == before
    assert second.sessions.path == ""
    second.explore.action_panel.buttons[0].click()  # acting goes on from where it was
    qtbot.waitUntil(lambda: len(second.selection.branches.paths) == 2)  # and "twice" is another branch
    trigger(second, "new_session")
    qtbot.waitUntil(lambda: second.selection.step is not None)
    wait_idle(qtbot, second)
    assert second.selection.history.count() == 0
    assert len(second.selection.branches.paths) == 1
    assert second.selection.run.path == tiny_run
    assert (second.selection.variable, second.selection.action, second.selection.propagate) == (
        None,
        None,
        True,
    )


def test_a_damaged_last_session_is_left_out(
    qtbot, kept: Callable[[], MainWindow], tmp_path: Path, monkeypatch, caplog
) -> None:
    """The window starts as the first time; the log says why, the user is not told of what nobody asked."""
    (tmp_path / "last.doscope").write_bytes(b"PK nonsense")
    window, started = kept(), []
    monkeypatch.setattr(window, "start", lambda *what: started.append(what))
    window.come_back("a run", "a data set")
    qtbot.waitUntil(lambda: bool(started))
    wait_idle(qtbot, window)
    assert started == [("a run", "a data set")]
    assert window.messages.text == ""
    assert "last.doscope is not a Doscope session" in caplog.text


def test_a_save_is_done_although_the_window_closes(window: MainWindow, tmp_path: Path) -> None:
    """Ctrl+S, Ctrl+Q in one breath, behind other work: the file is there and whole."""
    window.engine.submit(rq.ListLibrary())
    window.engine.submit(rq.SaveSession(str(tmp_path / "a.doscope"), small_session()))
    window.close()
    assert len(read_session(tmp_path / "a.doscope").steps) == 2


def test_what_cannot_be_saved_or_opened_is_said(qtbot, window: MainWindow, tmp_path: Path) -> None:
    """Nothing read yet, a folder that is not there, a file of another kind: a sentence each."""
    trigger(window, "save_session")
    assert "no session to save" in window.messages.text
    (tmp_path / "a.doscope").write_text("hello")
    drop(window, tmp_path / "a.doscope")
    wait_idle(qtbot, window)
    assert "a.doscope is not a Doscope session" in window.messages.text
    (tmp_path / "file").write_text("in the way")
    window.engine.submit(rq.SaveSession(str(tmp_path / "file" / "a.doscope"), small_session()))
    wait_idle(qtbot, window)
    assert "a.doscope" in window.messages.text
    assert window.sessions.path == ""


def test_lines_of_strangers_are_not_taken(qapp) -> None:
    """ "Copy as Python" gives only lines that Doscope writes; another becomes one that sets the codes."""
    selection, parent = Selection(), QWidget()
    sessions = Sessions(selection, parent)
    for line in (
        "import os",
        state_line(np.arange(2), "a\rimport os"),
        "",
        action_line(0, "a") + "\nimport os",
    ):
        sessions.on_opened(OpenedSession(small_session(line), None, "why", "a.doscope"))
        found = selection.steps()[1]
        assert found.python == state_line(found.codes, found.label)
    selection.close()


def test_all_own_lines_are_known() -> None:
    """Every line that an intervention writes is kept when its session is opened."""
    codes = np.arange(3)
    lines = (action_line(3, "a"), action_line(3, "a # b", 4), do_line({1: 2}, True, "do(0,0,1 = 2)"))
    assert all(map(is_line, (*lines, do_line({1: 2, 3: 4}, False, "x"), state_line(codes, "x"))))
