"""Fixtures for the window: offscreen, an own settings file, and no thread or timer left behind."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QSettings, QThread, QTimer
from PySide6.QtWidgets import QApplication

from gui.main_window import MainWindow
from gui.replies import PickedImage
from gui.theme import apply_theme, colours


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the window may reach out."""

    def refuse(*_args: object) -> None:
        raise AssertionError("the window tried to connect to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: QApplication) -> Iterator[None]:
    """A test that leaves a running thread or a ticking timer fails."""
    gc.freeze()  # what was there before need not be looked through
    yield
    qapp.processEvents()
    made = gc.get_objects()
    threads = [o for o in made if _is_a(type(o), QThread) and _alive(o) and o.isRunning()]
    timers = [o for o in made if _is_a(type(o), QTimer) and _alive(o) and o.isActive()]
    gc.unfreeze()
    assert not threads, f"a thread is still running: {threads}"
    assert not timers, f"a timer is still ticking: {[t.parent() for t in timers]}"


@cache
def _is_a(kind: type, of: type) -> bool:
    """Whether one class is another's; asked of hundreds of thousands of objects of few classes."""
    return issubclass(kind, of)


def _alive(thing: object) -> bool:
    import shiboken6

    return shiboken6.isValid(thing)


@pytest.fixture
def make_window(qapp: QApplication, tmp_path: Path) -> Iterator[Callable[..., MainWindow]]:
    """A factory of shown windows that are closed, ended and deleted after the test."""
    if colours().name != "light" or not qapp.styleSheet():
        apply_theme(qapp, "light")
    made: list[MainWindow] = []

    def make(whole: bool = True) -> MainWindow:
        settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
        window = MainWindow(settings, whole=whole)
        window.resize(1280, 800)
        made.append(window)
        window.show()
        return window

    yield make
    for window in made:
        window.engine.shutdown()
        qapp.processEvents()  # what the thread said last, so that the window knows that no training runs
        window.close()
        window.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    """A window with nothing loaded."""
    return make_window()


@pytest.fixture
def brief_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest part of an evaluation made short, where its figures are not what is tested."""
    monkeypatch.setattr("engine.metrics.graph.STEPS", 20)
    monkeypatch.setattr("engine.metrics.graph.EFFECT_IMAGES", 4)


@pytest.fixture
def ready(qtbot, window: MainWindow, tiny_run: Path, tiny_cache: Path) -> MainWindow:
    """A window with the tiny run and data set, and a test image read."""
    window.start(str(tiny_run), str(tiny_cache))
    qtbot.waitUntil(lambda: window.selection.step is not None, timeout=30_000)
    wait_idle(qtbot, window)
    return window


def wait_idle(qtbot, window: MainWindow, timeout: int = 30_000) -> None:
    """Until the engine thread has nothing to do and all its answers have arrived."""
    qtbot.waitUntil(window.engine.is_idle, timeout=timeout)


def picked(window: MainWindow) -> PickedImage:
    """The present image."""
    assert window.selection.image is not None
    return window.selection.image
