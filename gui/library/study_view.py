"""The studies of `doscope sweep`: their trials as lines across parallel axes and as a table."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from engine.study import StudyResult, TrialResult
from gui import requests as rq
from gui.library.parallel_axes import Axis, axes_of, value_on
from gui.library.parallel_plot import ParallelPlot
from gui.library.table import EntryTable
from gui.replies import Studies
from gui.widgets import GAP, EmptyState, button, caption, heading, named, row, tool_button
from gui.words import count, figure, readable, short

LOOK_AGAIN_MS = 5000  # while a trial is running
NO_STUDY = (
    "No study yet",
    "A study is many trainings that look for good settings. Begin one on the command line:\n"
    "doscope sweep --study rates --trials 20 --minutes 2 --search training.transition_rate=1e-4:1e-2:log",
)
HOW = (
    "Drag along an axis to keep only the trials that cross it there; click it to keep all again. By keys: "
    "\N{LEFTWARDS ARROW} \N{RIGHTWARDS ARROW} choose an axis, "
    "\N{UPWARDS ARROW} \N{DOWNWARDS ARROW} move the upper end of what is kept, "
    "with Shift the lower end; Backspace keeps all of an axis, Esc of all axes."
)


class StudyView(QWidget):
    """The right side of the Library while studies are looked at.

    Signals:
        asked(Request): read studies.
        run_wanted(path): the user wants to see this trial's run.
        curves_wanted(paths): the curves of these trials' runs over each other.
    """

    asked = Signal(object)
    run_wanted = Signal(str)
    curves_wanted = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._study: StudyResult | None = None
        self.names = named(QComboBox(), "library_study_name", "Study")
        self.names.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.names.activated.connect(lambda _: self.ask())
        self.storage = named(QLineEdit(), "library_study_storage", "Database of studies")
        self.storage.setPlaceholderText("Doscope's own studies; or a database's address")
        self.storage.setToolTip("What --storage names for doscope sweep; Enter reads it")
        self.storage.returnPressed.connect(self._other_storage)
        refresh = tool_button("Refresh", "library_study_refresh", "Read the study again", self.ask)
        self.summary = named(caption(wrap=True), "library_study_summary", "What the study is")
        self.plot = named(ParallelPlot(), "library_study_plot", "Trials across the settings")
        self.kept = named(caption(wrap=True), "library_study_kept", "Ranges on the axes")
        self.plot.chosen.connect(self._choose)
        self.plot.kept_changed.connect(self._fill)
        self.table = EntryTable(
            "library_study_trials", "Trials of the study", ("trial", "state"), several=True
        )
        self.table.itemSelectionChanged.connect(self._on_selection)
        self.show_run = button("Show run", "library_study_run", "Show the chosen trial's run", self._show_run)
        self.curves = button(
            "Curves", "library_study_curves", "Curves of the chosen trials over each other", self._show_curves
        )
        self._empty = EmptyState(*NO_STUDY)
        self._timer = QTimer(self, interval=LOOK_AGAIN_MS)
        self._timer.timeout.connect(self.ask)
        self._lay_out(refresh)
        self.set_studies(Studies("", (), None))

    def _lay_out(self, refresh: QWidget) -> None:
        below = QWidget()
        below_layout = QVBoxLayout(below)
        below_layout.setContentsMargins(0, 0, 0, 0)
        below_layout.addWidget(self.kept)
        below_layout.addWidget(self.table, 1)
        how = caption(HOW, wrap=True)
        below_layout.addLayout(row(how, self.show_run, self.curves, wide=how))
        both = QSplitter(Qt.Orientation.Vertical)
        both.setHandleWidth(GAP)
        both.setChildrenCollapsible(False)
        both.addWidget(self.plot)
        both.addWidget(below)
        both.setStretchFactor(0, 3)
        both.setStretchFactor(1, 2)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(both)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(heading("Study"), self.names, self.storage, refresh, wide=self.storage))
        layout.addWidget(self.summary)
        layout.addWidget(self._pages, 1)

    def showEvent(self, event: QShowEvent) -> None:
        """Read the studies anew."""
        super().showEvent(event)
        self.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._timer.stop()

    def ask(self) -> None:
        """Read the studies and the chosen one; an answer, and no failure, has it read again."""
        self._timer.stop()
        self.asked.emit(rq.ReadStudies(self.storage.text().strip(), self.names.currentText()))

    def set_studies(self, studies: Studies) -> None:
        """What was read; ranges and chosen trials stay where they can."""
        self._study = study = studies.study
        with QSignalBlocker(self.names):
            self.names.clear()
            self.names.addItems(studies.names)
            self.names.setCurrentIndex(-1 if study is None else self.names.findText(study.name))
        self.names.setEnabled(bool(studies.names))
        self.summary.setText("" if study is None else summary(study))
        self.summary.setVisible(study is not None)
        self._pages.setCurrentIndex(0 if study is None else 1)
        self.plot.set_study(study)
        self._fill()
        running = study is not None and any(trial.state == "running" for trial in study.trials)
        if running and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def trials_kept(self) -> list[TrialResult]:
        """The trials that cross the axes within the ranges, best first."""
        return [] if self._study is None else [t for t in self._study.trials if self.plot.is_kept(t)]

    def _fill(self) -> None:
        """The table of the kept trials."""
        chosen = self.table.keys()
        axes = axes_of(self._study) if self._study is not None else []
        figure_first = [*axes[-1:], *axes[:-1]]
        columns = ("trial", "state", *(short(axis.key.rpartition(".")[2]) for axis in figure_first))
        self.table.set_columns(columns, wide=None)
        kept = self.trials_kept()
        self.kept.setText(self._kept_words(len(kept)))
        self.kept.setVisible(bool(self.plot.ranges))
        rows = [(str(trial.number), trial_row(trial, figure_first)) for trial in kept]
        self.table.set_rows(rows, [sort_keys(trial, figure_first) for trial in kept])
        self.table.choose_all(chosen)
        self._on_selection()

    def _kept_words(self, kept: int) -> str:
        trials = 0 if self._study is None else len(self._study.trials)
        return f"{self.plot.ranges.words(self.plot.axes)}: {count(kept)} of {count(trials)} trials"

    def _choose(self, number: int) -> None:
        self.table.choose(str(number))
        self._on_selection()

    def _on_selection(self) -> None:
        numbers = set(map(int, self.table.keys()))
        self.plot.set_selected(numbers)
        self.show_run.setEnabled(len(numbers) == 1)
        self.curves.setEnabled(bool(numbers))

    def _runs(self) -> list[str]:
        chosen = self.table.keys()
        trials = {str(trial.number): trial for trial in self.trials_kept()}
        return [trials[key].run for key in chosen]

    def _show_run(self) -> None:
        self.run_wanted.emit(self._runs()[0])

    def _show_curves(self) -> None:
        self.curves_wanted.emit(self._runs())

    def _other_storage(self) -> None:
        """Another database has other studies."""
        with QSignalBlocker(self.names):
            self.names.clear()
        self.ask()


def summary(study: StudyResult) -> str:
    """What all trials have in common, and how many there are of each state."""
    plan, states = study.plan, Counter(trial.state for trial in study.trials)
    length = "the preset's steps" if plan.minutes is None else f"{plan.minutes:g} min"
    counts = ", ".join(f"{count(number)} {state}" for state, number in states.most_common())
    best = max((t.value for t in study.trials if t.value is not None), default=None)
    parts = [
        f"{plan.dataset}, preset {plan.config.preset}, {length} a trial",
        f"maximises {readable(plan.metric)} on validation",
        f"trials: {counts or 'none yet'}",
    ]
    if best is not None:
        parts.append(f"best {figure(plan.metric, best)}")
    return "; ".join(parts) + "."


def trial_row(trial: TrialResult, axes: list[Axis]) -> tuple[str, ...]:
    """A trial's cells."""
    return str(trial.number), trial.state, *(axis.words(value_on(axis, trial)) for axis in axes)


def sort_keys(trial: TrialResult, axes: list[Axis]) -> tuple[object, ...]:
    """What each cell is sorted by: numbers by size, values of lists by their order in the list."""
    places = [axis.place(value_on(axis, trial)) for axis in axes]
    return trial.number, trial.state, *(float("-inf") if place is None else place for place in places)
