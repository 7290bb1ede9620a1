"""What the window opens with begins after it has been seen, once."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QWidget

from gui import requests as rq
from gui.app import show
from gui.first_look import FirstLook
from gui.main_window import MainWindow
from gui.top_bar import WORKSPACES
from tests.gui.conftest import wait_idle

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_window_is_seen_first(qtbot, make_window: Callable[[], MainWindow]) -> None:
    """Nothing is asked of the engine before the first painting."""
    window, seen = make_window(), []
    window.hide()
    show(window, lambda: seen.append(window.isVisible()))
    assert seen == []
    qtbot.waitUntil(lambda: bool(seen))
    window.repaint()
    qtbot.wait(20)
    assert seen == [True]


def test_the_other_workspaces_come_after_the_first_look(
    qtbot, make_window: Callable[..., MainWindow], tiny_run: Path, tiny_cache: Path
) -> None:
    """Explore is seen alone; the others are as they were left and hear of the run and the data set."""
    left = make_window()
    left.show_workspace(1)
    usual = left.retrieve.splitters[-1].sizes()
    left.retrieve.splitters[-1].setSizes([usual[0] + 60, usual[1] - 60, *usual[2:]])
    sizes = left.retrieve.splitters[-1].sizes()
    assert sizes != usual
    left.close()
    window = make_window(whole=False)
    assert window.stack.count() == 1
    assert not hasattr(window, "library")
    show(window, lambda: window.start(str(tiny_run), str(tiny_cache)))
    qtbot.waitUntil(lambda: window.selection.step is not None, timeout=30_000)
    assert window.workspaces == (window.explore, window.retrieve, window.train, window.library)
    window.show_workspace(1)
    assert window.retrieve.splitters[-1].sizes() == sizes
    window.findChild(QAction, "action_random_pair").trigger()
    qtbot.waitUntil(lambda: window.retrieve.ranking.list.count() > 0, timeout=30_000)
    window.show_workspace(3)
    wait_idle(qtbot, window)
    assert window.library.datasets.rowCount() > 0


@pytest.mark.parametrize("workspace", [1, 2, 3])
def test_who_is_quicker_than_the_building_does_not_wait_in_vain(
    make_window: Callable[..., MainWindow], workspace: int
) -> None:
    """A tab that is clicked at once is built at once, and only once."""
    window = make_window(whole=False)
    window.findChild(QPushButton, f"workspace_{WORKSPACES[workspace].lower()}").click()
    assert window.stack.currentWidget() is window.workspaces[workspace]
    window.complete()
    assert window.stack.count() == len(WORKSPACES)


def test_what_goes_wrong_at_the_start_leaves_a_whole_window(qtbot, make_window) -> None:
    """An error in what the window opens with is shown as any other; all workspaces are there."""
    window = make_window(whole=False)

    def wrong() -> None:
        raise RuntimeError("the disk is gone")

    with qtbot.captureExceptions() as caught:
        show(window, wrong)
        qtbot.waitUntil(lambda: len(window.workspaces) == len(WORKSPACES))
    assert [str(error) for _, error, _ in caught] == ["the disk is gone"]


@pytest.mark.parametrize("whole", [True, False])
def test_the_tab_key_comes_to_the_status_bar_last(make_window, whole: bool) -> None:
    """Whenever a workspace was built: top bar, workspaces in their order, the button that cancels."""
    window = make_window(whole=whole)
    window.complete()
    parts = (window.top_bar, *window.workspaces, window.activity)
    at, met = window.top_bar.nextInFocusChain(), [0]
    while at is not window.top_bar:
        if at.focusPolicy() & Qt.FocusPolicy.TabFocus:
            met += [place for place, part in enumerate(parts) if part.isAncestorOf(at)]
        at = at.nextInFocusChain()
    assert met == sorted(met)
    assert set(met) == set(range(len(parts)))


def test_a_window_that_is_closed_at_once_closes(make_window: Callable[..., MainWindow]) -> None:
    window = make_window(whole=False)
    assert window.close()
    assert not window.engine.isRunning()


def test_the_collector_waits_until_the_engine_rests(qtbot, make_window, monkeypatch) -> None:
    """Then it works, and what many modules brought by then, or bring later, is set apart."""
    window, enabled, frozen = make_window(), [], []
    qtbot.waitUntil(window.engine.is_idle)
    window.engine.result.connect(lambda *_: enabled.append(gc.isenabled()))
    gc.disable()
    try:
        show(window, lambda: window.engine.submit(rq.ListLibrary()))
        qtbot.waitUntil(gc.isenabled)
        assert enabled == [False]
        frozen.append(gc.get_freeze_count())
        for number in range(100):
            monkeypatch.setitem(sys.modules, f"made_{number}", ModuleType("made"))
        kept = [[] for _ in range(1000)]
        window.engine.submit(rq.ListLibrary())
        wait_idle(qtbot, window)
        assert gc.get_freeze_count() >= frozen[0] + len(kept)
    finally:
        gc.enable()
        gc.unfreeze()


def test_a_window_that_is_never_painted_begins_all_the_same(qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gui.first_look.PATIENCE_MS", 10)
    window, seen = QWidget(), []
    qtbot.addWidget(window)
    FirstLook(window, lambda: seen.append(1))
    qtbot.waitUntil(lambda: seen == [1])


DRESSED = """
from PySide6.QtWidgets import QApplication, QPushButton
from gui.theme import dressed_at_once

application, sheet = QApplication([]), "QPushButton { padding: 13px 29px }"
application.setStyleSheet(sheet)
early = QPushButton("x")
with dressed_at_once():
    assert not application.styleSheet()
    late = QPushButton("x")
assert late.sizeHint() == early.sizeHint()
try:
    with dressed_at_once():
        raise RuntimeError
except RuntimeError:
    assert application.styleSheet() == sheet
    print("dressed")
"""


def test_widgets_are_dressed_at_the_end() -> None:
    """Also where something goes wrong inside, and they look as if they had been dressed from the start.

    In a process of its own: another sheet for all that earlier tests left behind now and then crashes Qt.
    """
    done = subprocess.run(
        [sys.executable, "-c", DRESSED], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "dressed", done.stderr
