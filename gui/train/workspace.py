"""The Train workspace: the form, the head, the curves, the samples and the log of one run.

A run that this window trains and a run that is only watched come the same way: as events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from datasets.home import runs_dir
from engine.events import CheckpointSaved, Event, Noted, RunFinished, SampleSaved, StepLogged
from engine.steering import SAVE, Order
from gui import requests as rq
from gui.replies import Failure, Library, Presets, RunLog, TrainingEnded
from gui.settings import restore_splitters, save_splitters
from gui.state import Selection
from gui.train.curve_data import CurveData
from gui.train.curves_panel import MOST_OTHERS, CurvesPanel
from gui.train.event_log import EventLog
from gui.train.live_view import OURS, LiveView
from gui.train.run_form import RunForm, RunPlan
from gui.train.sample_view import SampleView
from gui.train.watch_bar import WatchBar
from gui.widgets import GAP, heading, panel
from gui.workspace import Answer, Workspace

REDRAW_MS = 100  # at most 10 redraws a second, however fast events come
DRAWING = 0.02  # of the time at most goes into curves while this process trains
WATCH_MS = 1000
EVENTS_AT_ONCE = 500  # some ten milliseconds
WATCH, VIEW = "watch", "train"
COMPARE = tuple(f"compare{slot}" for slot in range(MOST_OTHERS))  # views, so that no answer is overtaken
BUILDERS = ("", "library")  # the views of BuildDataset: the remedy of a message, the Library


class TrainWorkspace(Workspace):
    """Shows one run: the one in training, or one that is watched by its run directory.

    Signals:
        explore_wanted(path): open this run in Explore.
        try_wanted(path): open the newest weights of this run, which is still in training, in Explore.
    """

    explore_wanted = Signal(str)
    try_wanted = Signal(str)

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self.setObjectName("train_workspace")
        self.data = CurveData()
        self.form, self.watch_bar, self.live = RunForm(), WatchBar(), LiveView()
        self.samples, self.log = SampleView(), EventLog()
        self.curves = CurvesPanel(self.data)
        self._path: Path | None = None
        self._watched: Path | None = None
        self._offset = 0
        self._trying = False
        self._next_other, self._asked_others = 0, dict[str, str]()  # kind of request -> run
        self._backlog: deque[Event] = deque()
        self._redraw_timer = QTimer(self, interval=REDRAW_MS)
        self._redraw_timer.timeout.connect(self._redraw)
        self._watch_timer = QTimer(self, interval=WATCH_MS)
        self._watch_timer.timeout.connect(self._read_on)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        form_panel, form_layout = panel(object_name="train_form_panel")
        form_layout.addWidget(heading("New run"))
        form_layout.addWidget(self.form, 1)
        form_layout.addWidget(heading("Watch a run"))
        form_layout.addWidget(self.watch_bar)
        head_panel, head_layout = panel(object_name="train_head_panel")
        head_layout.addWidget(self.live)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.setObjectName("train_below_splitter")
        curves_panel, curves_layout = panel(object_name="train_curves_panel")
        curves_layout.addWidget(self.curves)
        below.addWidget(curves_panel)
        below.addWidget(self._side_panel())
        below.setStretchFactor(0, 5)
        below.setStretchFactor(1, 3)
        below.setSizes([600, 340])
        right = QWidget()
        right_layout = QVBoxLayout(right)
        right_layout.setContentsMargins(0, 0, 0, 0)
        right_layout.setSpacing(GAP)
        right_layout.addWidget(head_panel)
        right_layout.addWidget(below, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("train_splitter")
        self.splitter.addWidget(form_panel)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([320, 960])
        self.splitters = (below, self.splitter)
        for splitter in self.splitters:
            splitter.setHandleWidth(GAP)
            splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.splitter)

    def _side_panel(self) -> QWidget:
        side = QSplitter(Qt.Orientation.Vertical)
        side.setObjectName("train_side_splitter")
        side.setHandleWidth(GAP)
        side.setChildrenCollapsible(False)
        for view in (self.samples, self.log):
            surface, layout = panel()
            layout.addWidget(view)
            side.addWidget(surface)
        side.setStretchFactor(0, 3)
        side.setStretchFactor(1, 2)
        return side

    def _connect(self) -> None:
        self.watch_bar.watch_wanted.connect(lambda path: self.watch(Path(path)))
        self.form.start_requested.connect(self._start)
        self.form.estimate_wanted.connect(self._estimate)
        self.live.ordered.connect(self._order)
        self.live.stop_requested.connect(self._stop)
        self.live.steer.ordered.connect(self._order)
        self.live.steer.try_wanted.connect(self._try)
        self.live.explore_requested.connect(self._explore)
        self.live.leave_requested.connect(self._leave)
        self.curves.compare_wanted.connect(self._read_other)
        self.selection.dataset_changed.connect(self._on_built)

    # ------------------------------------------------------------ answers of the engine thread

    def answers(self) -> dict[str, Answer]:
        return {
            rq.kind_of(rq.ReadPresets): self._on_presets,
            rq.kind_of(rq.EstimateTraining): self.form.show_estimate,
            rq.kind_of(rq.ReadPlan): self.form.fill,
            rq.kind_of(rq.StartTraining): self._on_training,
            rq.kind_of(rq.ReadRunLog, WATCH): self._on_run_log,
            rq.kind_of(rq.ListLibrary, VIEW): self._on_library,
            **{rq.kind_of(rq.ReadRunLog, view): self._on_other_log for view in COMPARE},
            **{rq.kind_of(rq.BuildDataset, view): self._on_built for view in BUILDERS},
        }

    def on_failed(self, kind: str, failure: Failure) -> None:
        if kind == rq.kind_of(rq.ReadRunLog, WATCH) and self._watched is not None:
            self._leave()
        elif kind in self._asked_others:
            self.curves.drop_other(self._asked_others[kind])
        elif kind == rq.kind_of(rq.EstimateTraining):
            self.form.show_estimate(None)
        elif kind == rq.kind_of(rq.StartTraining) and self.live.state in OURS:
            self.live.set_ended("failed")

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for what there is each time that the workspace comes to the front."""
        super().showEvent(event)
        if not self.form.has_presets():
            self.asked.emit(rq.ReadPresets())
        self._ask_library()

    def _on_built(self, _dataset: object) -> None:
        """There may be a data set that was not there before; hidden, `showEvent` asks later."""
        if self.isVisible():
            self._ask_library()

    def _on_presets(self, presets: Presets) -> None:
        self.form.set_presets(presets.settings)

    def _on_training(self, payload: object) -> None:
        """An event of the training in this window, or its end."""
        if isinstance(payload, TrainingEnded):
            if self._watched is None and self._path is not None and Path(payload.path) == self._path:
                self.live.set_ended(payload.reason)
                self._redraw()
            self._ask_library()
        elif isinstance(payload, Event):
            self._add([payload])
            if isinstance(payload, Noted):
                self.warned.emit(payload.text)

    def _on_run_log(self, log: RunLog) -> None:
        """New events of the watched run, or of a resumed run before it goes on."""
        if self._path is None or Path(log.path) != self._path:
            return
        self._offset = log.offset
        self._add(log.events)
        if not self._backlog:  # else its end may still be among what is shown later
            self.live.set_owner(log.owner)
        if log.events and isinstance(log.events[-1], RunFinished):
            self._watch_timer.stop()

    def _read_other(self, path: str) -> None:
        """The log of a run that is compared with."""
        view = COMPARE[self._next_other % len(COMPARE)]
        self._next_other += 1
        self._asked_others[rq.kind_of(rq.ReadRunLog, view)] = path
        self.asked.emit(rq.ReadRunLog(path, 0, view=view))

    def _on_other_log(self, log: RunLog) -> None:
        self.curves.add_other(log.path, log.events)

    def _on_library(self, library: Library) -> None:
        """Data sets to train on, names that are taken, runs to watch."""
        self.form.set_datasets(
            [entry.name for entry in library.datasets if entry.built and not entry.problem]
        )
        self.form.set_taken([run.name for run in library.runs])
        runs = {run.name: str(run.path) for run in library.runs}
        self.watch_bar.set_runs(runs)
        self.curves.set_runs({name: path for name, path in runs.items() if name != "bundled"})

    def set_training(self, running: bool) -> None:
        """Whether the engine thread holds a training (running or paused)."""
        self.form.set_training(running)

    @property
    def path(self) -> str:
        """The directory of the run on show; empty without one."""
        return "" if self._path is None else str(self._path)

    # ------------------------------------------------------------ what the user does

    def resume(self, path: str, dataset: str, preset: str) -> None:
        """Go on with a run from its last checkpoint."""
        self._begin(Path(path), watching=False)
        self.asked.emit(rq.ReadRunLog(path, 0, view=WATCH))
        self.asked.emit(rq.StartTraining(dataset, preset, path, resume=True))

    def watch(self, path: Path) -> None:
        """Follow a run by its directory."""
        if self.live.state in OURS:
            self.hinted.emit("A training runs in this window: stop it first to watch another run.")
            return
        self._begin(path, watching=True)
        self._watch_timer.start()
        self._read_on()

    def again(self, path: str) -> None:
        """Fill the form as a run was trained."""
        self.asked.emit(rq.ReadPlan(path))

    def _estimate(self, plan: RunPlan) -> None:
        self.asked.emit(
            rq.EstimateTraining(
                plan.dataset, plan.preset, plan.overrides, plan.minutes, plan.epochs, plan.device
            )
        )

    def _start(self, plan: RunPlan) -> None:
        path = runs_dir() / plan.name
        self._begin(path, watching=False)
        self.asked.emit(
            rq.StartTraining(
                plan.dataset,
                plan.preset,
                str(path),
                plan.overrides,
                plan.minutes,
                plan.epochs,
                plan.seed,
                device=plan.device,
            )
        )

    def _order(self, order: Order) -> None:
        if self._path is not None:
            self.asked.emit(rq.SteerTraining(str(self._path), order, view=order.kind))

    def _try(self) -> None:
        """The weights are opened when the checkpoint is there."""
        self._trying = True
        self._order(Order(SAVE))

    def _stop(self) -> None:
        self.live.set_stopping()
        self.asked.emit(rq.StopTraining())

    def _explore(self) -> None:
        if self._path is not None:
            self.explore_wanted.emit(str(self._path))

    def _leave(self) -> None:
        self._watch_timer.stop()
        self._watched = self._path = None
        self._clear()
        self.live.set_idle()

    # ------------------------------------------------------------ inside

    def _begin(self, path: Path, watching: bool) -> None:
        self._watch_timer.stop()
        self._path, self._watched, self._offset = path, path if watching else None, 0
        self._trying = False
        self.forgotten.emit(rq.kind_of(rq.EstimateTraining))  # it would take the training's time
        self._clear()
        self.samples.set_run(path)
        self.live.begin(path.name, watching)
        self._redraw_timer.start()

    def _clear(self) -> None:
        self._backlog.clear()
        self.data.clear()
        self.samples.set_run(None)
        self.log.clear()
        self._redraw()

    def _ask_library(self) -> None:
        self.asked.emit(rq.ListLibrary(view=VIEW))

    def _read_on(self) -> None:
        if self._watched is not None:
            self.asked.emit(rq.ReadRunLog(str(self._watched), self._offset, view=WATCH))

    def _add(self, events: Iterable[Event]) -> None:
        self._backlog.extend(events)
        self._take_events()

    def _take_events(self) -> None:
        """Show events, so many at a time that the window stays quick over the log of a long run."""
        some = [self._backlog.popleft() for _ in range(min(len(self._backlog), EVENTS_AT_ONCE))]
        self.data.add(some)
        self.log.add(some)
        newest_step = next((event for event in reversed(some) if isinstance(event, StepLogged)), None)
        for event in some:
            if not isinstance(event, StepLogged) or event is newest_step:
                self.live.add(event)
            if isinstance(event, SampleSaved):
                self.samples.add(event)
            if self._trying and isinstance(event, CheckpointSaved) and event.kind == "last":
                self._trying = False
                self.try_wanted.emit(str(self._path))
        if self._backlog:
            QTimer.singleShot(0, self, self._take_events)

    def _redraw(self) -> None:
        self.curves.redraw(DRAWING if self.live.state in OURS else None)

    def close_views(self) -> None:
        """Before the window goes: stop the timers and empty the plots."""
        self._watch_timer.stop()
        self._redraw_timer.stop()
        self.curves.close_plots()

    # ------------------------------------------------------------ layout

    def save_layout(self, settings: QSettings) -> None:
        save_splitters(settings, self.splitters)

    def restore_layout(self, settings: QSettings) -> None:
        restore_splitters(settings, self.splitters)
