"""How long does a person wait for the window, at rest and while it trains?

    python -m benchmarks.interaction [--clicks 200] [--json]

Drives the real window with the bundled model, without a display, by mouse clicks on its buttons and
nodes. An answer counts when the widget that shows it has been painted. Gaps are the times between two
turns of the event loop, looked at while clicks go on.

JSON keys: `click_p95_ms_idle`, `click_p95_ms_quick` (clicked again at once), `click_p95_ms_training` (an
action's button to the new image, 95th percentile), `palette_ms` (a node to the first thumbnails of its
codes; median), `palette_all_ms` (from there to all codes), `traversal_first_ms`, `traversal_ms` (an action to
the first row and to all rows of the traversal grid; medians),
`threshold_p95_ms` (a drag of the threshold to the redrawn graph, 95th percentile; all pairs of variables are
candidates), `frame_gap_p99_ms`, `frame_gap_max_ms` (while training), the same with `_idle`, `memory_idle_mb`,
`memory_training_mb` (resident size, where the system tells).
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import report
from benchmarks.report import Figures, InputError
from benchmarks.timing import resident_mb
from benchmarks.tiny import build_tiny

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.main_window import MainWindow

LIMIT_S = 300
TRAINING_MINUTES = 30  # more than the benchmark needs; it is stopped


class NoAnswer(Exception):
    """The window did not do in time what it was asked for."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, 1 if the window gave no answer, 2 for something the user can mend."""
    parser = report.parser("interaction", "Times answers of the window.")
    parser.add_argument("--clicks", type=int, default=200, help="clicks of each kind (default: 200)")
    parser.add_argument("--run", default="bundled", help="whose model (default: bundled)")
    arguments = parser.parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        figures = report.conditions(arguments.threads)
        with tempfile.TemporaryDirectory() as home:
            os.environ["DOSCOPE_HOME"] = home
            if arguments.quick:
                build_tiny(Path(home))
            figures |= measure(arguments.run, 5 if arguments.quick else arguments.clicks)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except NoAnswer as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    report.say(figures, [_table(figures)], arguments.json)
    return 0


def measure(run: str, clicks: int) -> Figures:
    """All figures, from one window."""
    gc.disable()  # as cli.window does
    from gui.app import make_application, show
    from gui.main_window import MainWindow

    make_application("light")
    window = MainWindow()
    person = Person(window)
    try:
        show(window, lambda: window.start(run))
        person.wait(lambda: window.selection.step is not None, "the first image")
        person.settle()
        figures: Figures = {"clicks": clicks, "memory_idle_mb": resident_mb()}
        figures |= person.figures("idle", clicks)
        figures |= person.figures("quick", clicks)
        figures |= {
            **person.palettes(clicks),
            **person.traversals(max(3, clicks // 10)),
            "threshold_p95_ms": person.thresholds(clicks),
        }
        person.begin_training()
        figures |= person.figures("training", clicks)
        figures["memory_training_mb"] = resident_mb()
        figures["frame_gap_p99_ms"] = figures.pop("frame_gap_p99_ms_training")
        figures["frame_gap_max_ms"] = figures.pop("frame_gap_max_ms_training")
    finally:
        window.engine.shutdown()
        person.turn()
        window.close()
    return figures


class Person:
    """Clicks, and waits for what it sees."""

    def __init__(self, window: MainWindow) -> None:
        from PySide6.QtWidgets import QApplication

        self.window = window
        self.turn: Callable[[], None] = QApplication.processEvents
        self.gaps: list[float] = []
        self._turned = time.perf_counter()

    def figures(self, when: str, clicks: int) -> Figures:
        """Clicks on actions, and the gaps between the turns of the event loop meanwhile.

        "idle" waits before each click until the engine rests; else a click meets what the one before set off.
        """
        self.gaps.clear()
        waited = []
        for number in range(clicks):
            if when == "idle":
                self.settle()
            waited.append(self._click_action(number))
        gaps = np.array(self.gaps) * 1e3
        return {
            f"click_p50_ms_{when}": _percentile(waited, 50),
            f"click_p95_ms_{when}": _percentile(waited, 95),
            f"frame_gap_p99_ms_{when}": float(np.percentile(gaps, 99)),
            f"frame_gap_max_ms_{when}": float(gaps.max()),
        }

    def palettes(self, clicks: int) -> Figures:
        """From a click on a node to the first thumbnails, and from there to all codes; medians, ms."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        view, panel = self.window.explore.graph.view, self.window.explore.variable_panel
        thumbs, every = panel.thumbs, panel.palette_view.all_switch
        codes = self.window.selection.run.num_codes if self.window.selection.run else 0
        first, whole = [], []
        for number in range(min(clicks, 40)):
            node = view.nodes[(7 * number) % len(view.nodes)]
            place = view.mapFromScene(node.scenePos())
            painted = self._painted(thumbs, lambda: thumbs.count() > 1)
            self.settle()
            begun = time.perf_counter()
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
            shown = self._until(painted, "the palette")
            painted = self._painted(thumbs, lambda: thumbs.count() == codes)
            asked = time.perf_counter()
            QTest.mouseClick(every, Qt.MouseButton.LeftButton)
            first.append(shown - begun)
            whole.append(self._until(painted, "the palette of all codes") - asked)
            QTest.mouseClick(every, Qt.MouseButton.LeftButton)
            self.window.selection.set_variable(None)
        return {"palette_ms": _percentile(first, 50), "palette_all_ms": _percentile(whole, 50)}

    def traversals(self, clicks: int) -> Figures:
        """From a click on an action to the first and the last row of the new traversal; medians, ms."""
        grid = self.window.explore.traversal.grid
        wanted = self.window.selection.run.space.num_factors if self.window.selection.run else 0
        first, whole = [], []
        for number in range(clicks):
            self.settle()
            begun, fresh = time.perf_counter(), self._new_rows()
            self._click_action(number)
            painted = self._painted(grid, partial(fresh, 1))
            first.append(self._until(painted, "the first row of the traversal") - begun)
            painted = self._painted(grid, partial(fresh, wanted))
            whole.append(self._until(painted, "the traversal") - begun)
        return {"traversal_first_ms": _percentile(first, 50), "traversal_ms": _percentile(whole, 50)}

    def _new_rows(self) -> Callable[[int], bool]:
        """Whether so many rows of a new traversal have come; those of before stay in sight until then."""
        grid = self.window.explore.traversal.grid
        before = grid.rows
        return lambda count: grid.rows is not before and len(grid.rows) >= count

    def thresholds(self, steps: int) -> float:
        """From a move of the threshold's slider to the redrawn graph; 95th percentile, ms."""
        panel = self.window.explore.graph
        usual = panel.count.value(), panel.threshold.value()
        panel.count.setValue(panel.count.maximum())
        panel.threshold.setSliderDown(True)  # as a drag does
        waited = []
        for number in range(steps):
            self.settle()
            value = 10 + (37 * number) % 85
            painted = self._painted(panel.view.viewport(), lambda: True)
            begun = time.perf_counter()
            panel.threshold.setValue(value)
            waited.append(self._until(painted, "the graph") - begun)
        panel.threshold.setSliderDown(False)
        panel.count.setValue(usual[0])  # so that what is measured next is not that of 600 arrows
        panel.threshold.setValue(usual[1])
        return _percentile(waited, 95)

    def begin_training(self) -> None:
        """Starts a training as a person would, and comes back to Explore once it runs."""
        window = self.window
        window.show_workspace(2)
        self.wait(lambda: window.train.form.plan() is not None, "the training form")
        window.train.form.minutes.setValue(TRAINING_MINUTES)
        window.train.form.start.click()
        self.wait(lambda: window.engine.is_training, "the training")
        window.show_workspace(0)
        self.pause(3)

    def settle(self) -> None:
        """Until the engine rests; while it trains it never does."""
        if not self.window.engine.is_training:
            self.wait(self.window.engine.is_idle, "the engine")
        self.pause(0.02)

    def pause(self, seconds: float) -> None:
        """Lets the window run."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end, "the clock")

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        """Turns the event loop until something is so, and notes how long each turn takes.

        Raises:
            NoAnswer: it took too long.
        """
        end = time.monotonic() + LIMIT_S
        self._turned = time.perf_counter()
        while not reached():
            if time.monotonic() > end:
                raise NoAnswer(f"the window did not show {what} within {LIMIT_S} s")
            self.turn()
            now = time.perf_counter()
            self.gaps.append(now - self._turned)
            self._turned = now
            time.sleep(0.001)

    def _click_action(self, number: int) -> float:
        """Seconds from a click on an action's button until the new image has been painted."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        window = self.window
        before, buttons = window.selection.step, window.explore.action_panel.buttons
        painted = self._painted(window.explore.images.after, lambda: window.selection.step is not before)
        begun = time.perf_counter()
        QTest.mouseClick(buttons[number % len(buttons)], Qt.MouseButton.LeftButton)
        self.gaps.append(time.perf_counter() - begun)  # the event loop does not turn while it is handled
        return self._until(painted, "the image after the action") - begun

    def _until(self, painted: list[float], what: str) -> float:
        """Turns the event loop until it has been painted; the time (perf_counter) at which it had."""
        self.wait(lambda: bool(painted), what)
        return painted[0]

    def _painted(self, widget: QWidget, ready: Callable[[], bool]) -> list[float]:
        """Gets the time (perf_counter) at which the widget has been painted, once `ready` is true."""
        from PySide6.QtCore import QEvent, QObject
        from PySide6.QtWidgets import QAbstractScrollArea

        times: list[float] = []
        parent, paint = widget.parentWidget(), widget.event
        if isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget:
            paint = parent.viewportEvent

        class Watch(QObject):
            def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
                if event.type() != QEvent.Type.Paint or not ready():
                    return False
                widget.removeEventFilter(self)
                paint(event)
                times.append(time.perf_counter())
                self.deleteLater()
                return True

        widget.installEventFilter(Watch(widget))
        return times


def _percentile(seconds: Sequence[float], share: int) -> float:
    return float(np.percentile(np.array(seconds) * 1e3, share))


def _table(figures: Figures) -> str:
    words = {
        "click_p95_ms_idle": "an action to the new image, at rest: 95th percentile, ms",
        "click_p95_ms_quick": "the same, clicked again at once, while the traversal is under way, ms",
        "click_p95_ms_training": "the same while it trains, clicked again at once, ms",
        "palette_ms": "a node to its palette, the most likely codes, ms",
        "palette_all_ms": "from there to all codes, ms",
        "traversal_first_ms": "an action to the first row of the traversal grid, ms",
        "traversal_ms": "to the whole grid, ms",
        "threshold_p95_ms": "the threshold moved to the graph redrawn: 95th percentile, ms",
        "frame_gap_p99_ms_idle": "gaps of the event loop at rest: 99th percentile, ms",
        "frame_gap_max_ms_idle": "the longest, ms",
        "frame_gap_p99_ms": "gaps while it trains: 99th percentile, ms",
        "frame_gap_max_ms": "the longest, ms",
        "memory_idle_mb": "memory at rest, MB",
        "memory_training_mb": "memory while it trains, MB",
    }
    rows = [(text, figures[key]) for key, text in words.items()]
    return report.table(f"The window, {figures['clicks']} clicks", ("", ""), rows)


if __name__ == "__main__":
    sys.exit(main())
