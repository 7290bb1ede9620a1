"""The shell: engine thread, messages, state, names of widgets, closing."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

import datasets
from engine.errors import InputError
from gui import requests as rq
from gui.engine_thread import MAX_UNDELIVERED, EngineThread
from gui.engine_work import EngineWork, describe
from gui.explore.graph_layout import latent_grid, layered, strongest
from gui.main_window import MainWindow
from gui.replies import Activity, Failure, TrainingEnded
from gui.theme import DARK, LIGHT
from gui.top_bar import WORKSPACES
from gui.widget_list import interactive, page
from tests.gui.conftest import wait_idle


def fill_factors(window: MainWindow) -> None:
    """The widgets that follow the data set, as docs/widgets.md lists them."""
    space = datasets.info("shapes").space
    window.explore.source.set_space(space)
    window.explore.action_panel.set_space(space)


def test_every_interactive_widget_has_both_names(window: MainWindow) -> None:
    """Tests and screen readers find everything; no object name is used twice."""
    fill_factors(window)
    found = list(interactive(window))
    nameless = [w for w in found if not w.objectName() or not w.accessibleName()]
    assert len(found) > 40
    assert not nameless, [(type(w).__name__, w.objectName(), w.parent()) for w in nameless]
    names = [w.objectName() for w in found]
    assert sorted(set(names)) == sorted(names), sorted({n for n in names if names.count(n) > 1})


def test_widget_page_is_current(window: MainWindow) -> None:
    """docs/widgets.md lists the window as it is; make it again with `python -m gui.widget_list`."""
    fill_factors(window)
    path = Path(__file__).parents[2] / "docs" / "widgets.md"
    assert path.read_text(encoding="utf-8") == page(window)


def test_no_text_is_cut_off_at_the_small_size(window: MainWindow) -> None:
    """At 1280x800 every visible button is as wide as its text asks for."""
    fill_factors(window)
    window.resize(1280, 800)
    for index in range(len(WORKSPACES)):
        window.show_workspace(index)
        QTest.qWait(10)
        for widget in interactive(window.workspaces[index]):
            if widget.isVisible() and hasattr(widget, "text") and hasattr(widget, "click"):
                assert widget.width() >= min(widget.minimumSizeHint().width(), 34), widget.objectName()


@pytest.mark.parametrize("index", range(4))
def test_keys_show_the_workspaces(window: MainWindow, index: int) -> None:
    """Ctrl+1 to Ctrl+4."""
    window.activateWindow()
    QTest.keyClick(window, Qt.Key(Qt.Key.Key_1 + index), Qt.KeyboardModifier.ControlModifier)
    assert window.stack.currentIndex() == index


def test_theme_toggles_and_is_remembered(window: MainWindow) -> None:
    """Light to dark, in the settings, and back."""
    window.toggle_theme()
    assert window.settings.value("theme") == "dark"
    assert window.palette().window().color().name() == DARK.window
    window.toggle_theme()
    assert window.palette().window().color().name() == LIGHT.window


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_can_be_read(theme) -> None:
    """Text and secondary text reach the contrast that WCAG AA asks for on all surfaces."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ground in (theme.panel, theme.window, theme.field):
        for text in (theme.text, theme.dim):
            light, dark = sorted((luminance(text), luminance(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_bad_runs_and_caches_are_said(qtbot, window: MainWindow, tiny_cache: Path, tmp_path: Path) -> None:
    """A missing run, and a truncated cache: one sentence each that names the file."""
    window.engine.submit(rq.LoadRun(str(tmp_path / "nowhere")))
    qtbot.waitUntil(lambda: "nowhere" in window.messages.text, timeout=20_000)
    short = tmp_path / "short.h5"
    short.write_bytes(tiny_cache.read_bytes()[:5000])
    window.engine.submit(rq.OpenDataset(str(short)))
    qtbot.waitUntil(lambda: "short.h5" in window.messages.text, timeout=20_000)
    assert window.selection.dataset is None


def test_run_of_another_version_is_said(qtbot, window: MainWindow, tiny_run_copy: Path) -> None:
    """A run that a later Doscope wrote is refused by name, and nothing is loaded."""
    config = tiny_run_copy / "config.json"
    config.write_text(config.read_text().replace('"version": 1', '"version": 99'))
    window.engine.submit(rq.LoadRun(str(tiny_run_copy)))
    qtbot.waitUntil(lambda: bool(window.messages.text), timeout=20_000)
    assert "version" in window.messages.text
    assert window.selection.run is None


def test_truncated_built_in_cache_can_be_built_again(qtbot, window: MainWindow, monkeypatch) -> None:
    """The remedy button asks for the build."""
    from datasets.errors import CacheError

    failure = describe(CacheError("shapes.h5 is truncated; build it again"), rq.OpenDataset("shapes"))
    asked: list[object] = []
    window.messages.remedy_chosen.disconnect()
    window.messages.remedy_chosen.connect(asked.append)
    window.messages.error(failure)
    window.messages._remedy_button.click()
    assert isinstance(asked[0], rq.BuildDataset)
    assert not window.messages.text


def test_unknown_errors_keep_their_traceback() -> None:
    """The user reads a sentence; the traceback is behind Details. User's mistakes carry none."""
    assert not describe(InputError("no action 'x'"), rq.LoadRun("x")).detail
    try:
        raise KeyError("inside")
    except KeyError as error:
        failure = describe(error, rq.LoadRun("x"))
    assert "KeyError" in failure.detail
    assert "KeyError" not in failure.sentence


class CountingWork(EngineWork):
    """Real thread, work that a test controls: `Graph` waits for a gate, `Traverse` never ends."""

    gate = threading.Event()
    done: list[int | None] = []
    closed: list[str] = []

    def start(self, request: rq.Request) -> object:
        if isinstance(request, rq.Traverse | rq.StartTraining):
            return self._endless(request.kind)
        self.gate.wait(10)
        self.done.append(request.action if isinstance(request, rq.Graph) else None)
        return request

    def _endless(self, kind: str) -> Iterator[object]:
        try:
            while True:
                yield Activity(kind, "working")
        finally:
            self.closed.append(kind)


@pytest.fixture
def thread(qtbot, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineThread]:
    monkeypatch.setattr("gui.engine_work.EngineWork", CountingWork)
    CountingWork.gate.clear()
    CountingWork.done, CountingWork.closed = [], []
    engine = EngineThread()
    engine.start()
    yield engine
    CountingWork.gate.set()
    assert engine.shutdown()


def graph(action: int) -> rq.Graph:
    return rq.Graph("run", np.zeros(1, np.int64), action)


def test_newest_of_a_kind_wins(qtbot, thread: EngineThread) -> None:
    """Of five requests only the running one and the newest are worked on; only the newest answers."""
    answers: list[int] = []
    thread.result.connect(lambda _kind, _generation, request: answers.append(request.action))
    for action in range(5):
        thread.submit(graph(action))
        if action == 0:
            QTest.qWait(50)  # the first is taken up
    CountingWork.gate.set()
    qtbot.waitUntil(thread.is_idle)
    assert CountingWork.done == [0, 4]
    assert answers == [4]


def test_cancel_closes_a_job(qtbot, thread: EngineThread) -> None:
    """A cancelled job's generator is closed and its end is told."""
    ended: list[str] = []
    thread.ended.connect(lambda kind, _generation: ended.append(kind))
    texts: list[str] = []
    thread.activity.connect(lambda activity: texts.append(activity.text if activity else ""))
    thread.submit(rq.Traverse("run", np.zeros(1, np.int64), "actions", (0,)))
    qtbot.waitUntil(lambda: "working" in texts)
    thread.cancel("Traverse")
    qtbot.waitUntil(lambda: ended == ["Traverse"])
    assert CountingWork.closed == ["Traverse"]


def test_cancel_tells_the_end_of_what_had_not_begun(qtbot, thread: EngineThread) -> None:
    """A cancelled request that still waited its turn is never worked on, and its view hears that it ended."""
    ended: list[str] = []
    thread.ended.connect(lambda kind, _generation: ended.append(kind))
    thread.submit(graph(0))
    QTest.qWait(50)  # taken up: the thread is busy with it
    thread.submit(rq.BuildDataset("shapes"))
    thread.cancel("BuildDataset")
    CountingWork.gate.set()
    qtbot.waitUntil(thread.is_idle)
    assert ended == ["Graph", "BuildDataset"]
    assert CountingWork.done == [0]


def test_what_is_asked_after_a_cancel_is_done(qtbot, thread: EngineThread) -> None:
    """A cancel means what was asked before it, not the request of the same kind that follows."""
    thread.submit(rq.Traverse("run", np.zeros(1, np.int64), "actions", (0,)))
    thread.submit(rq.LoadRun("a"))
    QTest.qWait(50)
    thread.submit(graph(1))
    thread.cancel("Graph")
    thread.submit(graph(2))
    CountingWork.gate.set()
    qtbot.waitUntil(lambda: 2 in CountingWork.done)
    assert 1 not in CountingWork.done
    thread.cancel("Traverse")
    qtbot.waitUntil(thread.is_idle)


def test_requests_come_between_training_steps(qtbot, thread: EngineThread) -> None:
    """A click is answered while a training runs; stopping closes it."""
    CountingWork.gate.set()
    told: list[object] = []
    thread.result.connect(lambda _kind, _generation, payload: told.append(payload))
    thread.submit(rq.StartTraining("shapes", "small", "runs/a"))
    qtbot.waitUntil(lambda: thread.is_training)
    thread.submit(graph(7))
    qtbot.waitUntil(lambda: CountingWork.done == [7])
    QTest.qWait(30)  # some steps of the training
    assert thread.is_training
    assert not thread.is_idle()
    thread.submit(rq.StopTraining())
    qtbot.waitUntil(lambda: not thread.is_training)
    assert CountingWork.closed == ["StartTraining"]
    assert TrainingEnded("runs/a", "stopped") in told


def test_the_thread_does_not_run_ahead_of_the_window(qtbot, thread: EngineThread) -> None:
    """While the window is busy, steps wait for their news to be delivered instead of piling up."""
    CountingWork.gate.set()
    thread.submit(rq.StartTraining("shapes", "small", "runs/a"))
    qtbot.waitUntil(lambda: thread.is_training)
    time.sleep(0.3)  # the window does not come to its events
    assert thread._sent - thread._delivered <= MAX_UNDELIVERED + 10
    thread.submit(rq.StopTraining())
    qtbot.waitUntil(lambda: not thread.is_training)


def test_layout_remembers_the_splitters(make_window, tmp_path: Path) -> None:
    """A moved splitter stands where it was in the next window."""
    first = make_window()
    first.explore._middle.setSizes([200, 450])
    sizes = first.explore._middle.sizes()
    first.close()
    assert make_window().explore._middle.sizes() == sizes


def test_layouts_place_every_node_apart() -> None:
    """No two nodes on one spot; in a chain each cause lies above its effect."""
    positions, radius = latent_grid((3, 8, 8))
    assert positions.min() > 0
    assert positions.max() < 1
    assert radius > 0
    assert len(np.unique(positions.round(5), axis=0)) == 192
    chain = np.array([[0, 1], [1, 2], [2, 3]])
    y = layered(chain, 6)[:, 1]
    assert y[0] < y[1] < y[2] < y[3] < y[4]
    cycle = np.array([[0, 1], [1, 2], [2, 0]])
    assert np.isfinite(layered(cycle, 3)).all()


def test_strongest_edges_are_the_strongest() -> None:
    """Sorted, no more than exist, and never an edge of probability 0."""
    edges = np.zeros((4, 4), np.float32)
    edges[1, 2], edges[3, 0] = 0.2, 0.9
    assert strongest(edges, 10).tolist() == [[3, 0], [1, 2]]
    assert strongest(edges, 1).tolist() == [[3, 0]]
    assert strongest(np.zeros((2, 2), np.float32), 5).shape == (0, 2)


def test_messages_details_and_close(qtbot, window: MainWindow) -> None:
    """Details only where there are some; the banner closes."""
    window.messages.error(Failure("it broke", "Traceback …"))
    assert window.messages.text == "It broke"
    assert window.messages._detail_button.isVisible()
    window.messages._close_button.click()
    assert window.messages.text == ""
    window.messages.warning("careful")
    assert not window.messages._detail_button.isVisible()


def test_qt_keeps_its_references(window: MainWindow) -> None:
    """PySide6 6.12 loses a reference to None a call on Python 3.11 and aborts in the end."""
    label = QWidget(window)
    before = sys.getrefcount(None)
    for number in range(3000):
        label.setToolTip(str(number))
        label.update()
        label.parentWidget()
    assert sys.getrefcount(None) > before - 1000


def test_loading_shows_what_it_does(qtbot, window: MainWindow, tiny_cache: Path) -> None:
    """While something loads the status bar says so; afterwards it is ready."""
    texts: list[str] = []
    window.engine.activity.connect(lambda activity: texts.append(activity.text if activity else ""))
    window.engine.submit(rq.OpenDataset(str(tiny_cache)))
    qtbot.waitUntil(lambda: window.selection.dataset is not None, timeout=20_000)
    wait_idle(qtbot, window)
    assert "Opening the data set" in texts
    assert window.activity.text.text() == "Ready"
