"""How long a training is to last: by the clock, by passes over the data, or by the settings' steps."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QWidget

from gui.widgets import named

MINUTES, EPOCHS, STEPS = "minutes", "epochs", "steps as set"
KINDS = (MINUTES, EPOCHS, STEPS)


class LengthField(QWidget):
    """A number and what it counts.

    Signals:
        changed(): either of them.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.minutes = named(QDoubleSpinBox(), "train_minutes", "Time budget in minutes")
        self.minutes.setRange(0.1, 10_000)
        self.minutes.setDecimals(1)
        self.minutes.setValue(10)
        self.minutes.setToolTip("Time of training; pauses do not count")
        self.epochs = named(QDoubleSpinBox(), "train_epochs", "Passes over the training data")
        self.epochs.setRange(0.01, 100_000)
        self.epochs.setDecimals(2)
        self.epochs.setValue(10)
        self.epochs.setToolTip(
            "Passes over the training images (autoencoder), then over the training pairs (transitions)"
        )
        self.kind = named(QComboBox(), "train_length_kind", "What limits the training")
        self.kind.addItems(KINDS)
        self.kind.setToolTip(
            "Minutes, passes over the data, or the steps under All settings\n"
            "(autoencoder_steps and transition_steps)"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget, stretch in ((self.minutes, 1), (self.epochs, 1), (self.kind, 1)):
            layout.addWidget(widget, stretch)
        self.kind.currentTextChanged.connect(self._show_kind)
        self.minutes.valueChanged.connect(lambda _: self.changed.emit())
        self.epochs.valueChanged.connect(lambda _: self.changed.emit())
        self.setFocusProxy(self.minutes)
        self._show_kind(self.kind.currentText())

    def limits(self) -> tuple[float | None, float | None]:
        """(minutes, epochs); at most one of them is given."""
        kind = self.kind.currentText()
        return (
            self.minutes.value() if kind == MINUTES else None,
            self.epochs.value() if kind == EPOCHS else None,
        )

    def set_minutes(self, minutes: float | None) -> None:
        """A time budget, or None for the settings' steps."""
        self.kind.setCurrentText(STEPS if minutes is None else MINUTES)
        if minutes is not None:
            self.minutes.setValue(minutes)

    def _show_kind(self, kind: str) -> None:
        self.minutes.setVisible(kind == MINUTES)
        self.epochs.setVisible(kind == EPOCHS)
        self.setFocusProxy({MINUTES: self.minutes, EPOCHS: self.epochs}.get(kind, self.kind))
        self.changed.emit()
