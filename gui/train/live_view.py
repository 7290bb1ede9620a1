"""The head of the Train workspace: which run, how far, how fast, how long still, and the buttons."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from engine.events import (
    CheckpointSaved,
    Event,
    PhaseStarted,
    Progressed,
    RunFinished,
    RunStarted,
    Steered,
    StepLogged,
)
from engine.steering import PAUSE, RESUME, STOP, Order
from gui.train.steer_bar import SteerBar
from gui.widgets import button, caption, heading, named, row
from gui.words import count, duration, end_of_run, figure, readable

ITEMS = {"autoencoder": "images/s", "transition": "transitions/s"}
DOT = "  \N{MIDDLE DOT}  "
IDLE, RUNNING, PAUSED, STOPPING, WATCHING, ENDED = (
    "idle",
    "running",
    "paused",
    "stopping",
    "watching",
    "ended",
)
OURS = (RUNNING, PAUSED, STOPPING)
NOBODY = "No training has this run now. If it was interrupted, the Library resumes it."


class LiveView(QWidget):
    """Progress of the run on show.

    Signals:
        ordered(order): an Order for the training on show, here or elsewhere.
        stop_requested(): end the training in this window.
        explore_requested(): open the run that is on show in Explore.
        leave_requested(): stop watching a run that is trained elsewhere.
    """

    ordered = Signal(object)
    stop_requested = Signal()
    explore_requested = Signal()
    leave_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = IDLE
        self._saved = self._stands_still = self._orphaned = False
        self.title = named(heading(""), "train_title", "Run on show")
        self.phase = named(caption(), "train_phase", "Phase")
        self.phase.setProperty("role", "pill")
        self.progress = named(QProgressBar(), "train_progress", "Progress of the run")
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(10)
        self.facts = named(caption(), "train_facts", "Step, rate and time left")
        self.facts.setMinimumWidth(10)
        self.pause = button("Pause", "train_pause", "Pause the training", self._on_pause)
        self.stop = button(
            "Stop and keep",
            "train_stop",
            "Stop the training and keep what it learned",
            self._on_stop,
            "Save a checkpoint and end; the run can be resumed in the Library",
        )
        self.explore = button(
            "Explore this run", "train_explore", "Open the run in Explore", self.explore_requested.emit
        )
        self.steer = SteerBar()
        self.leave = button("Close", "train_leave", "Stop watching this run", self.leave_requested.emit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(self.title, self.phase, 1, self.explore, self.pause, self.stop, self.leave))
        layout.addWidget(self.progress)
        layout.addWidget(self.facts)
        layout.addWidget(self.steer)
        self.set_idle()

    def set_idle(self) -> None:
        """Nothing is on show."""
        self._saved = self._stands_still = False
        self.title.setText("No training is running")
        self.phase.hide()
        self.progress.setValue(0)
        self.facts.setText("Fill in the form and start, or watch a run that is trained elsewhere.")
        self._set_state(IDLE)

    def begin(self, name: str, watching: bool) -> None:
        """A run comes on show."""
        self._saved = self._stands_still = self._orphaned = False
        self.title.setToolTip("")
        self.title.setText(f"Watching {name}" if watching else f"Training {name}")
        self.phase.setText("getting ready")
        self.phase.show()
        self.progress.setValue(0)
        self.facts.setText("")
        self.steer.begin()
        self._set_state(WATCHING if watching else RUNNING)

    def set_owner(self, words: str) -> None:
        """Who trains the run that is watched, in words; empty: nobody."""
        if self.state != WATCHING:
            return
        self.title.setToolTip(f"Trained by {words}" if words else NOBODY)
        if self._orphaned != (not words):
            self._orphaned = not words
            self.phase.setText("not in training" if self._orphaned else "in training")
            self._set_state(self.state)

    def set_stopping(self) -> None:
        """The checkpoint is being written."""
        self.phase.setText("saving")
        self._set_state(STOPPING)

    def set_ended(self, reason: str) -> None:
        """The run is over for a reason of RunFinished, or "failed"."""
        self._saved = self._saved or reason in ("done", "stopped")
        nothing_kept = reason == "failed" and not self._saved
        self.phase.setText("ended by an error" if nothing_kept else end_of_run(reason))
        if reason == "done":
            self.progress.setValue(1000)
        self._set_state(ENDED)

    def add(self, event: Event) -> None:
        """Show what an event says about progress."""
        if isinstance(event, RunStarted):
            self._stands_still = False  # a run that was stopped or paused, and resumed
            self._set_state({ENDED: WATCHING, PAUSED: RUNNING}.get(self.state, self.state))
            self.facts.setText(f"{event.dataset}, {event.preset}, on {event.device}, {event.threads} threads")
        elif isinstance(event, PhaseStarted):
            self._show_phase(event.phase)
        elif isinstance(event, StepLogged):
            self._show_phase(event.phase)
            self.progress.setValue(round(1000 * event.progress))
            self.facts.setText(step_words(event))
        elif isinstance(event, Progressed):
            self.facts.setText(f"{event.stage}: {count(event.done)} of {count(event.total)}")
        elif isinstance(event, CheckpointSaved):
            self._saved = True
            self._set_state(self.state)
        elif isinstance(event, Steered):
            self.steer.heeded(event)
            if event.order in (PAUSE, RESUME):
                self._stand_still(event.order == PAUSE)
        elif isinstance(event, RunFinished):
            self._saved = True
            reached = [f"step {count(event.step)}, {duration(event.elapsed_s)} of training"]
            reached += [f"{readable(name)} {figure(name, value)}" for name, value in event.figures.items()]
            self.facts.setText(DOT.join(reached))
            if self.state == WATCHING:
                self.set_ended(event.reason)

    def _stand_still(self, paused: bool) -> None:
        """Whoever gave the order; a training elsewhere stays one that is watched."""
        self._stands_still = paused
        if self.state in (RUNNING, PAUSED):
            self.state = PAUSED if paused else RUNNING
        self.phase.setText("paused" if paused else "going on")
        self._set_state(self.state)

    def _show_phase(self, phase: str) -> None:
        self.steer.show_phase(phase)
        if self.state != STOPPING and not self._stands_still and not self._orphaned:
            self.phase.setText(f"{readable(phase)} phase")

    def _on_pause(self) -> None:
        """The training takes the order between two steps; its log says when."""
        self.phase.setText("going on" if self._stands_still else "pausing")
        self.ordered.emit(Order(RESUME if self._stands_still else PAUSE))

    def _on_stop(self) -> None:
        if self.state == WATCHING:
            self.phase.setText("stopping")
            self.ordered.emit(Order(STOP))
        else:
            self.stop_requested.emit()

    def _set_state(self, state: str) -> None:
        self.state = state
        in_training = state in OURS or state == WATCHING
        reachable = state != STOPPING and not (state == WATCHING and self._orphaned)
        for widget in (self.pause, self.stop, self.steer):
            widget.setVisible(in_training)
            widget.setEnabled(reachable)
        self.pause.setText("Resume" if self._stands_still else "Pause")
        self.pause.setAccessibleName("Resume the training" if self._stands_still else "Pause the training")
        self.explore.setVisible(state == ENDED and self._saved)
        self.leave.setVisible(state in (WATCHING, ENDED))


def step_words(event: StepLogged) -> str:
    """Step, rate and times of a logged step, as one line."""
    rate = f"{count(event.items_per_s)} {ITEMS.get(event.phase, 'items/s')}"
    times = f"{duration(event.elapsed_s)} spent, {duration(event.remaining_s)} left"
    if 0 <= event.phase_remaining_s < event.remaining_s:  # the last phase is all that is left
        times += f", {duration(event.phase_remaining_s)} of it in this phase"
    return DOT.join((f"step {count(event.step)}", rate, f"{100 * event.progress:.0f} %", times))
