"""Runs that someone is using: loaded in this window, trained by another process, or left by a killed one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QMessageBox

from datasets.cache import Cache
from datasets.home import caches_dir, runs_dir
from engine.events import CheckpointSaved, RunFinished, from_json_line
from engine.run_directory import RunDirectory
from engine.training import train
from gui import requests as rq
from gui.main_window import MainWindow
from gui.top_bar import WORKSPACES
from tests.conftest import tiny_config
from tests.engine.trainings import end, holder
from tests.gui.conftest import wait_idle

WAIT = 60_000


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_run: Path, tiny_cache: Path) -> Path:
    """A finished run in a home of this test's own, with the tiny data set as its `shapes`."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    caches_dir().mkdir(parents=True)
    shutil.copy(tiny_cache, caches_dir() / "shapes.h5")
    return Path(shutil.copytree(tiny_run, runs_dir() / "tiny"))


def interrupt(run: Path) -> int:
    """Take the end off a run's log, as if its process had been killed. Returns the step reached."""
    metrics = run / "metrics.jsonl"
    lines = metrics.read_text().splitlines(keepends=True)
    end = from_json_line(lines[-1])
    assert isinstance(end, RunFinished)
    metrics.write_text("".join(lines[:-1]))
    return end.step


@pytest.fixture
def library(qtbot, run: Path, make_window: Callable[[], MainWindow]) -> Callable[[], MainWindow]:
    """Opens the window on the Library with the run in detail."""

    def open_library() -> MainWindow:
        window = make_window()
        window.show_workspace(WORKSPACES.index("Library"))
        qtbot.waitUntil(lambda: window.library.runs.choose(str(run)), timeout=WAIT)
        window.library.show_run(str(run))
        wait_idle(qtbot, window, WAIT)
        return window

    return open_library


def delete(window: MainWindow) -> None:
    """Delete the run on show, and mean it."""
    window.library.run_detail.delete.click()
    box = window.findChild(QMessageBox, "library_delete_question")
    button = box.findChild(QAbstractButton, "library_delete_yes")
    assert button is not None
    button.click()


def test_deleting_the_loaded_run_loads_the_bundled_one(
    qtbot, run: Path, library, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window does not go on asking a model whose run is gone."""
    monkeypatch.setattr("engine.run_directory.BUNDLED", tiny_run)
    window = library()
    window.engine.submit(rq.LoadRun(str(run)))
    qtbot.waitUntil(lambda: window.selection.run is not None, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    delete(window)
    qtbot.waitUntil(lambda: not run.exists(), timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert window.selection.run is not None
    assert window.selection.run.path == tiny_run


@pytest.fixture
def elsewhere(run: Path) -> Iterator[int]:
    """Another process has the run; its number."""
    interrupt(run)
    other = holder(run)
    yield other.pid
    end(other)


@pytest.mark.process
def test_a_run_of_another_process_is_not_deleted(qtbot, run: Path, library, elsewhere: int) -> None:
    """The sentence names the run and who has it, and nothing is removed."""
    before = sorted(run.rglob("*"))
    window = library()
    delete(window)
    qtbot.waitUntil(lambda: f"process {elsewhere}" in window.messages.text, timeout=WAIT)
    assert str(run) in window.messages.text
    assert "not deleted" in window.messages.text
    assert sorted(run.rglob("*")) == before


@pytest.mark.process
def test_a_run_of_another_process_is_not_resumed(qtbot, run: Path, library, elsewhere: int) -> None:
    """Two processes must not write into one run directory."""
    before = (run / "metrics.jsonl").read_bytes()
    window = library()
    facts = window.library.run_detail.facts.text()
    assert "in training" in facts
    assert f"process {elsewhere}" in facts
    window.library.run_detail.resume.click()
    qtbot.waitUntil(lambda: "not resumed" in window.messages.text, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert (run / "metrics.jsonl").read_bytes() == before
    assert window.train.form.start.isEnabled()


def stop_midway(run: Path) -> None:
    """Train the run anew, up to the checkpoint between its phases."""
    shutil.rmtree(run)
    with Cache.open(caches_dir() / "shapes.h5") as cache:
        events = train(tiny_config(), cache, run, threads=1, dataset="shapes")
        for event in events:
            if isinstance(event, CheckpointSaved):
                break
        events.close()


@pytest.mark.long
def test_a_killed_run_is_resumed(qtbot, run: Path, library) -> None:
    """Its log has no end: Resume goes on from the last checkpoint, and it ends as done."""
    stop_midway(run)
    interrupt(run)
    window = library()
    assert "interrupted" in window.library.run_detail.facts.text()
    window.library.run_detail.resume.click()
    qtbot.waitUntil(lambda: RunDirectory(run).status().finished == "done", timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert window.train.live.phase.text() == "finished"
    assert not window.train.data.is_empty()
    assert "resumed at step" in window.train.log.toPlainText()
    assert not window.messages.text


def test_a_killed_run_is_deleted(qtbot, run: Path, library) -> None:
    """What nobody writes to any more can go."""
    interrupt(run)
    window = library()
    assert "interrupted" in window.library.run_detail.facts.text()
    delete(window)
    qtbot.waitUntil(lambda: not run.exists(), timeout=WAIT)
