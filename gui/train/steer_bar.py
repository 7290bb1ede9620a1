"""What can be ordered of a training while it goes on: next phase, checkpoint, learning rate, trying it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QWidget

from engine.events import Steered
from engine.steering import LEAST_RATE, MOST_RATE, NEXT_PHASE, RATE, SAVE, Order
from gui.widgets import button, named, row

NEXT, FINISH = "Next phase now", "Finish now"
LAST_PHASE = "transition"


class SteerBar(QWidget):
    """Buttons for one training, in this window or elsewhere.

    Signals:
        ordered(order): an Order for the training on show.
        try_wanted(): save it and open its newest weights in Explore.
    """

    ordered = Signal(object)
    try_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.next_phase = button(
            NEXT,
            "train_next_phase",
            "End this phase of the training now",
            lambda: self.ordered.emit(Order(NEXT_PHASE)),
        )
        self.save = button(
            "Save now",
            "train_save_now",
            "Write a checkpoint now",
            lambda: self.ordered.emit(Order(SAVE)),
            "Write a checkpoint now; the training goes on",
        )
        self.try_now = button(
            "Try it now",
            "train_try_now",
            "Open the present weights in Explore and Retrieve",
            self.try_wanted.emit,
            "Save the present weights and open them in Explore and Retrieve; the training goes on",
        )
        self.rate = named(QDoubleSpinBox(), "train_rate", "Factor of the planned learning rate")
        self.rate.setRange(LEAST_RATE, MOST_RATE)
        self.rate.setDecimals(3)
        self.rate.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.rate.setPrefix("\N{MULTIPLICATION SIGN} ")
        self.rate.setKeyboardTracking(False)
        self.rate.setToolTip(
            "Multiplies the learning rate that is planned from now on, for both phases.\n"
            "1 is the plan: a short warm-up, then a slow fall to a hundredth."
        )
        self.rate.valueChanged.connect(lambda value: self.ordered.emit(Order(RATE, value)))
        words = QLabel("&Learning rate")
        words.setBuddy(self.rate)
        bar = row(self.try_now, self.save, self.next_phase, 1, words, self.rate)
        bar.setContentsMargins(0, 0, 0, 0)
        self.setLayout(bar)
        self.show_phase("")

    def show_phase(self, phase: str) -> None:
        """What ending the present phase means; "" before the first one."""
        last = phase == LAST_PHASE
        self.next_phase.setText(FINISH if last else NEXT)
        self.next_phase.setEnabled(bool(phase))
        self.next_phase.setToolTip(
            "Validate, keep the model and end the training as done"
            if last
            else "End the autoencoder's phase and begin with the transitions.\n"
            "Its learning rate has not come down by then: images will be a little less sharp."
        )

    def begin(self) -> None:
        """Another training comes on show: nothing is known of its rate yet."""
        self._show_rate(1.0)
        self.show_phase("")

    def heeded(self, event: Steered) -> None:
        """An order was heeded, wherever it came from."""
        if event.order == RATE:
            self._show_rate(event.value)

    def _show_rate(self, factor: float) -> None:
        self.rate.blockSignals(True)
        self.rate.setValue(factor)
        self.rate.blockSignals(False)
