"""The curves of the run on show: two plots, their smoothing, and other runs laid over them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QLabel,
    QMenu,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.events import Event
from gui.train.curve_data import FIGURES, LOSSES, SPEED, CurveData
from gui.widgets import EmptyState, heading, named, row

if TYPE_CHECKING:
    from gui.train.curve_plot import CurvePlot

MOST_OTHERS = 4  # runs: more of them cannot be told apart by their dashes
SMOOTHEST = 98  # per cent of the value before


class CurvesPanel(QWidget):
    """All curves of one run, and of the runs that it is compared with.

    Signals:
        compare_wanted(path): the log of this run is wanted; it comes back by `add_other`.

    Args:
        data: of the run on show; filled by whoever follows it.
    """

    compare_wanted = Signal(str)

    def __init__(self, data: CurveData, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data = data
        self._drawn, self._drawn_at, self._spent_s = -1, 0.0, 0.0
        self._clock = time.perf_counter
        self._names: dict[str, str] = {}  # path -> name
        self._others: dict[str, CurveData] = {}  # path -> curves
        self._plots: list[CurvePlot] = []
        self._build_bar()
        self.stack = QStackedWidget()
        self.stack.addWidget(
            EmptyState(
                "No curves yet", "They grow here while a run trains, in this window or on the command line."
            )
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        words = QLabel("&Smoothing")
        words.setBuddy(self.smoothing)
        bar = row(heading("Curves"), 1, words, self.smoothing, self.compare, self.by_time)
        layout.addLayout(bar)
        layout.addWidget(self.stack, 1)

    def _build_bar(self) -> None:
        self.smoothing = named(
            QSlider(Qt.Orientation.Horizontal), "train_smoothing", "Smoothing of the curves"
        )
        self.smoothing.setRange(0, SMOOTHEST)
        self.smoothing.setFixedWidth(90)
        self.smoothing.setToolTip("Running mean of each curve: how much of it comes from the values before")
        self.smoothing.valueChanged.connect(self._smooth)
        self.by_time = named(
            QCheckBox("over minutes"), "train_by_time", "Curves over minutes instead of steps"
        )
        self.by_time.toggled.connect(self._show_time)
        self.compare = named(QToolButton(), "train_compare", "Lay other runs over these curves")
        self.compare.setText("Compare")
        self.compare.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.compare.setToolTip(f"Lay the same curves of up to {MOST_OTHERS} other runs over these, dashed")
        self.menu = QMenu(self.compare)
        self.menu.setToolTipsVisible(True)
        self.compare.setMenu(self.menu)

    # ------------------------------------------------------------ the run on show

    @property
    def plots(self) -> list[CurvePlot]:
        """The two plots; made when they are first needed, because pyqtgraph takes long to load."""
        if not self._plots:
            from gui.train.curve_plot import CurvePlot

            self._plots = [
                CurvePlot(self._data, {"Losses": LOSSES}),
                CurvePlot(self._data, {"Validation": FIGURES, "Speed and memory": SPEED}),
            ]
            curves = QWidget()
            below = QVBoxLayout(curves)
            below.setContentsMargins(0, 0, 0, 0)
            for plot in self._plots:
                below.addWidget(plot, 1)
                plot.show_time(self.by_time.isChecked())
                plot.smooth(self.smoothing.value() / 100)
            self.stack.addWidget(curves)
        return self._plots

    def redraw(self, share: float | None = None) -> None:
        """Bring the plots up to date; cheap when nothing is new.

        Args:
            share: of the time that may go into drawing them, None for no limit. A training in this process
                stands still while Python draws.
        """
        if self._drawn != self._data.version and self._may_draw(share):
            self._drawn = self._data.version
            for plot in self._plots if self._data.is_empty() else self.plots:
                plot.redraw()
            self.stack.setCurrentIndex(0 if self._data.is_empty() else 1)

    def _may_draw(self, share: float | None) -> bool:
        """Whether what was drawn last has been paid for by now."""
        now = self._clock()
        self._spent_s += sum(plot.take_spent_s() for plot in self._plots)
        if share is not None and now - self._drawn_at < self._spent_s / share:
            return False
        self._drawn_at, self._spent_s = now, 0.0
        return True

    def close_plots(self) -> None:
        """Before the window goes."""
        for plot in self._plots:
            plot.close_plot()

    def _show_time(self, on: bool) -> None:
        for plot in self._plots:
            plot.show_time(on)

    def _smooth(self, per_cent: int) -> None:
        for plot in self._plots:
            plot.smooth(per_cent / 100)

    # ------------------------------------------------------------ other runs

    def set_runs(self, runs: Mapping[str, str]) -> None:
        """What can be compared with: name -> directory. Those that are compared with stay."""
        compared = {path: name for path, name in self._names.items() if path in self._others}
        self._names = {**compared, **{path: name for name, path in runs.items()}}
        self._fill_menu()
        self._show_others()

    def compare_with(self, paths: Iterable[str]) -> None:
        """Lay these runs over the one on show, in place of others; they need not be in the list."""
        self._others.clear()
        for path in list(paths)[:MOST_OTHERS]:
            self._names.setdefault(path, Path(path).name)
            self._choose(path, True)
        self._fill_menu()

    def add_other(self, path: str, events: Iterable[Event]) -> None:
        """The log of a run that was asked for by `compare_wanted`."""
        if path in self._others:
            self._others[path].add(events)
            self._show_others()

    def drop_other(self, path: str) -> None:
        """A run that cannot be read is not compared with."""
        if self._others.pop(path, None) is not None:
            self._fill_menu()
            self._show_others()

    def _fill_menu(self) -> None:
        self.menu.clear()
        for path, name in self._names.items():
            action = self.menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(path in self._others)
            action.setToolTip(str(Path(path)))
            action.toggled.connect(lambda on, path=path: self._choose(path, on))
        self.compare.setEnabled(bool(self._names))
        self._limit()

    def _choose(self, path: str, on: bool) -> None:
        if on and path not in self._others:
            self._others[path] = CurveData()
            self.compare_wanted.emit(path)
        elif not on:
            self._others.pop(path, None)
            self._show_others()
        self._limit()

    def _limit(self) -> None:
        """Choices beyond the limit wait until one is taken back."""
        full = len(self._others) >= MOST_OTHERS
        for action in self.menu.actions():
            action.setEnabled(action.isChecked() or not full)
        number = len(self._others)
        self.compare.setText(f"Compare ({number})" if number else "Compare")

    def _show_others(self) -> None:
        others = {self._names.get(path, path): data for path, data in self._others.items()}
        for plot in self.plots if others else self._plots:
            plot.set_others(others)
