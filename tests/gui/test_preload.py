"""What is loaded beside the first look: once, and not left behind."""

from __future__ import annotations

import threading

import pytest

from gui import preload
from gui.main_window import MainWindow
from tests.gui.conftest import wait_idle
from tests.gui.test_train import WAIT, home, training_window  # noqa: F401 (fixtures)


def test_it_loads_once_and_ends_with_the_window(
    qtbot,
    training_window: MainWindow,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Train in front begins it; a second time does not; closing the window waits for it."""
    begun, may_end = [], threading.Event()

    def load() -> None:
        begun.append(threading.current_thread().name)
        may_end.wait(WAIT / 1000)

    monkeypatch.setattr(preload, "_load", load)
    monkeypatch.setattr(preload, "LIBRARY", "no_such_library")
    window = training_window
    window.preload = preload.Preload()
    window.show_workspace(3)
    assert not begun
    window.show_workspace(2)
    window.show_workspace(3)
    window.show_workspace(2)
    wait_idle(qtbot, window, WAIT)
    assert begun == ["preload"]
    threading.Timer(0.1, may_end.set).start()
    window.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "preload"]


def test_what_is_there_is_not_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread where the library is loaded."""
    monkeypatch.setattr(preload, "LIBRARY", "sys")
    made = preload.Preload()
    made.start()
    made.join()
    assert made._thread is None
