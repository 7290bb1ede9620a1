"""The status bar: device, what the engine is doing, progress, Cancel."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar

from engine.results import RunInfo
from gui.replies import Activity
from gui.widgets import GAP, button, named


def duration(seconds: float) -> str:
    """Seconds in words: "45 s", "3 min", "1 h 20 min"."""
    total = round(seconds)
    if total < 90:
        return f"{total} s"
    minutes = round(total / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class ActivityBar(QStatusBar):
    """Signals:
    cancelled: the kind of the job whose Cancel was pressed.
    """

    cancelled = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("status_bar")
        self.setSizeGripEnabled(False)
        self._kind = ""
        self.device = QLabel("no model")
        self.device.setObjectName("status_device")
        self.device.setProperty("role", "caption")
        self.text = QLabel("")
        self.text.setObjectName("status_activity")
        self.progress = named(QProgressBar(), "status_progress", "Progress of the present work")
        self.progress.setFixedWidth(180)
        self.progress.setTextVisible(False)
        self.cancel: QPushButton = button(
            "Cancel", "status_cancel", "Cancel the present work", lambda: self.cancelled.emit(self._kind)
        )
        for widget in (self.text, self.progress, self.cancel):
            self.addWidget(widget)
        self.addPermanentWidget(self.device)
        self.setContentsMargins(GAP, 0, GAP, 0)
        self.show_activity(None)

    def show_run(self, run: RunInfo | None) -> None:
        """Name the device."""
        self.device.setText(f"{run.name} on {run.device}" if run is not None else "no model")

    def show_activity(self, activity: Activity | None) -> None:
        """What is going on; None: nothing."""
        busy = activity is not None
        self.progress.setVisible(busy)
        self.cancel.setVisible(activity is not None and activity.cancellable)
        if activity is None:
            self.text.setText("Ready")
            return
        self._kind = activity.kind
        left = (
            f", {duration(activity.remaining_s)} left" if activity.remaining_s >= 0 and activity.total else ""
        )
        self.text.setText(f"{activity.text}{left}")
        self.progress.setRange(0, activity.total)
        self.progress.setValue(activity.done)
