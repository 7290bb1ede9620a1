"""Ending a training by closing or stopping: it asks, saves, and says so when saving failed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton

from datasets.home import runs_dir
from engine.events import RunStarted, StepLogged
from engine.run_directory import RunDirectory
from engine.steering import Order, give_order
from gui import requests as rq
from gui.main_window import MainWindow
from gui.replies import TrainingEnded
from tests.gui.conftest import wait_idle
from tests.gui.test_train import begin as start
from tests.gui.test_train import home, training_window  # noqa: F401 (fixtures)


@pytest.fixture
def begin(
    qtbot, window: MainWindow, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, float], Path]:
    """Starts a real training; returns its run directory once it has begun."""
    from tests.conftest import tiny_config

    tiny = tiny_config()
    monkeypatch.setattr("engine.config.load_preset", lambda _name: tiny)

    def begin(name: str, minutes: float = 30) -> Path:
        path = runs_dir() / name
        window.engine.submit(rq.StartTraining(str(tiny_cache), "tiny", str(path), minutes=minutes))
        qtbot.waitUntil(lambda: window.engine.is_training, timeout=30_000)
        qtbot.waitUntil((path / "config.json").is_file, timeout=30_000)
        return path

    return begin


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Fills the disk, as far as checkpoints can tell."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return lambda: monkeypatch.setattr("engine.checkpoint.save_file", refuse)


def press(window: MainWindow, name: str) -> None:
    button = window.closing.question.findChild(QAbstractButton, name)
    assert button is not None
    button.click()


def endings(window: MainWindow) -> list[object]:
    """Collects, from now on, every TrainingEnded, and "failed" / "ended" of the training."""
    told: list[object] = []
    kind = rq.kind_of(rq.StartTraining)
    window.engine.result.connect(lambda _k, _g, p: told.append(p) if isinstance(p, TrainingEnded) else None)
    window.engine.failed.connect(lambda k, _g, _f: told.append("failed") if k == kind else None)
    window.engine.ended.connect(lambda k, _g: told.append("ended") if k == kind else None)
    return told


def test_closing_asks_and_saves(qtbot, window: MainWindow, begin) -> None:
    """With "Keep training" the window stays; "Save and close" leaves a run to resume."""
    path = begin("closing")
    window.close()
    assert window.isVisible()
    press(window, "close_keep")
    assert window.engine.is_training
    window.close()
    press(window, "close_save")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    assert not window.engine.isRunning()
    status = RunDirectory(path).status()
    assert status.finished == "stopped"
    assert status.resumable


def test_a_window_that_could_not_save_stays_with_the_reason(
    qtbot, window: MainWindow, begin, full_disk
) -> None:
    """Save and close on a full disk: told as failed, ended once, and the window stays with the sentence."""
    path, told = begin("close-full"), endings(window)
    full_disk()
    window.close()
    press(window, "close_save")
    qtbot.waitUntil(lambda: not window.engine.is_training, timeout=60_000)
    wait_idle(qtbot, window)
    assert window.isVisible()
    assert "disk is full" in window.messages.text
    assert told == [TrainingEnded(str(path), "failed"), "failed", "ended"]
    window.close()
    assert not window.isVisible()


def test_the_close_question_may_outlive_the_training(qtbot, window: MainWindow, begin) -> None:
    """Answered after the training ended by itself, Save and close closes; there is nothing to wait for."""
    begin("outlived")
    window.close()
    window.engine.submit(rq.StopTraining())
    qtbot.waitUntil(lambda: not window.engine.is_training, timeout=60_000)
    assert window.isVisible()
    press(window, "close_save")
    assert not window.isVisible()


def test_a_later_training_does_not_close_the_window(qtbot, window: MainWindow, begin) -> None:
    """A close that came to nothing is forgotten: the end of another run leaves the window open."""
    window.closing._waiting = True
    begin("later")
    window.engine.submit(rq.StopTraining())
    qtbot.waitUntil(lambda: not window.engine.is_training, timeout=60_000)
    wait_idle(qtbot, window)
    assert window.isVisible()


def test_a_training_goes_on_without_the_window(qtbot, training_window: MainWindow) -> None:  # noqa: F811
    """The window closes, and a process of its own has resumed the run from its checkpoint."""
    window = training_window
    path = start(qtbot, window)
    window.close()
    press(window, "close_go_on")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    run = RunDirectory(path)
    saved = run.status().step

    def goes_on() -> bool:
        events, _ = run.events()
        return isinstance(events[-1], StepLogged) and events[-1].step > saved

    try:
        qtbot.waitUntil(goes_on, timeout=60_000)
        resumed = [event for event in run.events()[0] if isinstance(event, RunStarted)][-1]
        assert resumed.resumed_step == saved
    finally:
        give_order(path, Order("stop"))
        qtbot.waitUntil(lambda: run.status().finished == "stopped", timeout=60_000)
