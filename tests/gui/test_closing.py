"""Closing the window while a training runs: it asks, and saves."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton

from datasets.home import runs_dir
from engine.run_directory import RunDirectory
from gui import requests as rq
from gui.main_window import MainWindow


@pytest.fixture
def training(qtbot, window: MainWindow, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real training that has begun; its run directory."""
    from tests.conftest import tiny_config

    tiny = tiny_config()
    monkeypatch.setattr("engine.config.load_preset", lambda _name: tiny)
    path = runs_dir() / "closing"
    window.engine.submit(rq.StartTraining(str(tiny_cache), "tiny", str(path), minutes=30))
    qtbot.waitUntil(lambda: window.engine.is_training, timeout=30_000)
    qtbot.waitUntil((path / "config.json").is_file, timeout=30_000)
    return path


def press(window: MainWindow, name: str) -> None:
    button = window.close_question.findChild(QAbstractButton, name)
    assert button is not None
    button.click()


def test_closing_asks_and_saves(qtbot, window: MainWindow, training: Path) -> None:
    """With "Keep training" the window stays; "Save and close" leaves a run to resume."""
    window.close()
    assert window.isVisible()
    press(window, "close_keep")
    assert window.engine.is_training
    window.close()
    press(window, "close_save")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    assert not window.engine.isRunning()
    status = RunDirectory(training).status()
    assert status.finished == "stopped"
    assert status.resumable
