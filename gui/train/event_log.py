"""The events of a run as lines to read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from engine.events import (
    CheckpointSaved,
    Event,
    Noted,
    PhaseStarted,
    Progressed,
    RunFinished,
    RunStarted,
    SampleSaved,
    Steered,
    StepLogged,
    Validated,
)
from engine.steering import NEXT_PHASE, PAUSE, RATE, RESUME, SAVE, STOP
from gui.widgets import heading, named, row
from gui.words import count, duration, figure, readable

MAX_LINES = 2000
ALL, MAIN, WARNINGS = "all", "main", "warnings"
LEVELS = (ALL, MAIN, WARNINGS)  # from the least that matters on
LEVEL_TIP = (
    "all: checkpoints and pictures too\n"
    "main: phases, validations, orders\n"
    "warnings: what a person should know"
)
EMPTY = "What happens during training is written here."
NOTHING = "No event matches."


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


def level(event: Event) -> int:
    """How much an event matters: an index into `LEVELS`."""
    if isinstance(event, Noted) or (isinstance(event, RunFinished) and event.reason == "diverged"):
        return LEVELS.index(WARNINGS)
    return LEVELS.index(ALL if isinstance(event, CheckpointSaved | SampleSaved) else MAIN)


class EventLog(QWidget):
    """The newest events at the bottom; old lines beyond 2,000 are dropped.

    A level and a search choose the lines that are seen; all are kept.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: deque[tuple[int, str]] = deque(maxlen=MAX_LINES)
        self.search = named(QLineEdit(), "train_log_search", "Search the events")
        self.search.setPlaceholderText("Search")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self._fill())
        self.level = named(QComboBox(), "train_log_level", "Which events are seen", LEVEL_TIP)
        self.level.addItems(LEVELS)
        self.level.currentIndexChanged.connect(lambda _: self._fill())
        self.text = named(QPlainTextEdit(), "train_log", "Events of the run")
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(MAX_LINES)
        self.text.setPlaceholderText(EMPTY)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(heading("Events"), self.search, self.level, spacing=6, wide=self.search))
        layout.addWidget(self.text, 1)

    def add(self, events: list[Event]) -> None:
        """Append the lines of events."""
        lines = [(level(event), text) for event in events if (text := line(event)) is not None]
        self._lines.extend(lines)
        if shown := self._shown(lines):
            self.text.appendPlainText("\n".join(shown))

    def clear(self) -> None:
        """Another run: no lines; level and search stay."""
        self._lines.clear()
        self._fill()

    def toPlainText(self) -> str:
        """The lines that are seen."""
        return self.text.toPlainText()

    def _shown(self, lines: Iterable[tuple[int, str]]) -> list[str]:
        words, least = self.search.text().casefold().split(), self.level.currentIndex()
        return [text for at, text in lines if at >= least and all(w in text.casefold() for w in words)]

    def _fill(self) -> None:
        """All kept lines that level and search let through, the newest in sight."""
        self.text.setPlaceholderText(NOTHING if self._lines else EMPTY)
        self.text.setPlainText("\n".join(self._shown(self._lines)))
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())
