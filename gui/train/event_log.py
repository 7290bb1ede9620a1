"""The events of a run as lines to read."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from engine.events import (
    CheckpointSaved,
    Event,
    Noted,
    PhaseStarted,
    Progressed,
    RunStarted,
    SampleSaved,
    Steered,
    StepLogged,
    Validated,
)
from engine.steering import NEXT_PHASE, PAUSE, RATE, RESUME, SAVE, STOP
from gui.widgets import named
from gui.words import count, duration, figure, readable

MAX_LINES = 2000


def line(event: Event) -> str | None:
    """One event as a line; None for steps and progress, which are shown elsewhere."""
    if isinstance(event, RunStarted):
        how = f"resumed at step {count(event.resumed_step)}" if event.resumed_step else "started"
        return f"   0:00  run {how}: {event.dataset}, preset {event.preset}, {event.device}"
    if isinstance(event, StepLogged | Progressed):
        return None
    at = f"{duration(event.elapsed_s):>7}  "
    if isinstance(event, PhaseStarted):
        return f"{at}{event.phase} phase begins at step {count(event.step)}"
    if isinstance(event, Validated):
        return f"{at}validation: {figures(event.figures)}"
    if isinstance(event, SampleSaved):
        return f"{at}picture {event.path}"
    if isinstance(event, CheckpointSaved):
        return f"{at}checkpoint saved ({event.kind})"
    if isinstance(event, Noted):
        return f"{at}{event.text}"
    if isinstance(event, Steered):
        return f"{at}{order_words(event)} at step {count(event.step)}"
    return f"{at}run {event.reason} at step {count(event.step)}. {figures(event.figures)}"


def order_words(event: Steered) -> str:
    """What was ordered, as a person says it."""
    if event.order == RATE:
        return f"learning rate {event.value:g} times the planned one"
    return {
        NEXT_PHASE: f"{event.phase} phase ended by hand",
        SAVE: "checkpoint asked for",
        PAUSE: "paused",
        RESUME: "gone on with",
        STOP: "stopped by hand",
    }.get(event.order, readable(event.order))


def figures(values: dict[str, float]) -> str:
    """Figures by name, in one line."""
    return ", ".join(f"{readable(name)} {figure(name, value)}" for name, value in values.items())


class EventLog(QPlainTextEdit):
    """The newest events at the bottom; old lines beyond 2,000 are dropped."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "train_log", "Events of the run")
        self.setReadOnly(True)
        self.setMaximumBlockCount(MAX_LINES)
        self.setPlaceholderText("What happens during training is written here.")

    def add(self, events: list[Event]) -> None:
        """Append the lines of events."""
        lines = [text for event in events if (text := line(event)) is not None]
        if lines:
            self.appendPlainText("\n".join(lines))
