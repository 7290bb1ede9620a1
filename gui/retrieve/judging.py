"""Judging the model and walking over the pairs of a cell of the matrix: asks and answers for `JudgeView`."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from engine.results import JudgedPairs, RunInfo
from gui import requests as rq
from gui.replies import DatasetView
from gui.retrieve.asking import Asking
from gui.retrieve.judge_view import JudgeView
from gui.retrieve.pair_view import WalkBar
from gui.retrieve.walk import Walk
from gui.state import Selection, fits
from gui.words import readable_action

NO_DATA_OF_RUN = "Open the data set that the run was trained on first."


class Judging(Asking):
    """What the judge's tab and the walk bar do.

    Signals:
        pair_wanted(position): show the test pair at this place.
        walk_begun(): the first pair of a cell is going to be shown, and the bar of the walk is there.
    """

    pair_wanted = Signal(int)
    walk_begun = Signal()

    def __init__(self, selection: Selection, view: JudgeView, bar: WalkBar, parent: QObject) -> None:
        super().__init__(parent)
        self._selection, self._view, self._bar = selection, view, bar
        self._walk: Walk | None = None
        view.wanted.connect(self.judge)
        view.cancel_wanted.connect(lambda: self.cancelled.emit(rq.kind_of(rq.JudgeRun)))
        view.cell_chosen.connect(self._begin_walk)
        view.table_wanted.connect(self._write_answers)
        bar.step_wanted.connect(self.walk_on)
        bar.closed.connect(self.end_walk)

    def both(self) -> tuple[RunInfo, DatasetView] | None:
        """The run and the data set, where the one was trained on the other."""
        run, dataset = self._selection.run, self._selection.dataset
        return (run, dataset) if run is not None and dataset is not None and fits(run, dataset) else None

    def forget(self) -> None:
        """Another run or data set: nothing that was counted holds any more."""
        self.forgotten.emit(rq.kind_of(rq.JudgeRun))
        self.end_walk()
        ready = self.both() is not None
        self._view.set_ready(ready, "" if ready else NO_DATA_OF_RUN)

    def judge(self) -> None:
        """Ask about every test pair."""
        both = self.both()
        if both is None:
            self.hinted.emit(NO_DATA_OF_RUN)
        else:
            run, dataset = both
            self._view.begin(run.space)
            self.asked.emit(rq.JudgeRun(str(run.path), dataset.dataset))

    def on_judged(self, part: JudgedPairs) -> None:
        """Some answers have come."""
        self._view.add(part)

    def end_walk(self) -> None:
        """No walk any more; the pair on show stays."""
        self._walk = None
        self._bar.show_place("")

    def _begin_walk(self, truth: int, answer: int) -> None:
        """Over the pairs of a cell of the confusion matrix."""
        both, positions = self.both(), self._view.positions(truth, answer)
        if both is None or not positions:
            return
        names = both[0].space.action_names
        title = f"{readable_action(names[truth])} answered {readable_action(names[answer])}"
        self._walk = Walk(positions, title)
        self._show_place()
        self.walk_begun.emit()

    def walk_on(self, step: int) -> None:
        """To the next pair of the walk (+1), or the one before (-1)."""
        if self._walk is None:
            self.hinted.emit("No walk yet: it begins at a cell of the confusion matrix, in Judge.")
        else:
            self._walk.step(step)
            self._show_place()

    def _show_place(self) -> None:
        if self._walk is not None:
            self._bar.show_place(self._walk.words())
            self.pair_wanted.emit(self._walk.position)

    def _write_answers(self, path: str) -> None:
        run, judged = self._selection.run, self._view.judged
        if run is not None and judged is not None:
            self.asked.emit(rq.WriteAnswers(path, judged, run.space.action_names))
