"""A slider for each factor, with the name of its value."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSlider, QVBoxLayout, QWidget

from datasets.factors import FactorSpace
from gui.widgets import named
from gui.words import readable


class FactorSliders(QWidget):
    """Signals:
    moved(values): the user moved a slider; value indices of all factors, a tuple.
    """

    moved = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self._space = FactorSpace(())
        self.sliders: list[QSlider] = []
        self._labels: list[QLabel] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 8, 0)
        self._layout.setSpacing(2)
        self._layout.addStretch(1)

    def set_space(self, space: FactorSpace) -> None:
        """Other factors."""
        if space == self._space:
            return
        self._space = space
        for widget in (*self._labels, *self.sliders):
            self._layout.removeWidget(widget)
            widget.deleteLater()
        self._labels, self.sliders = [], []
        for at, factor in enumerate(space.factors):
            label = QLabel(readable(factor.name))
            words = f"Value of {readable(factor.name)}"
            slider = named(QSlider(Qt.Orientation.Horizontal), f"library_factor_{factor.name}", words, words)
            slider.setRange(0, factor.size - 1)
            slider.setPageStep(1)
            slider.valueChanged.connect(lambda _value: self._on_moved())
            for place, widget in enumerate((label, slider)):
                self._layout.insertWidget(2 * at + place, widget)
            self._labels.append(label)
            self.sliders.append(slider)

    def set_values(self, values: tuple[int, ...] | None) -> None:
        """Show the values of an image; None where they are not known."""
        for slider, value in zip(self.sliders, values or (0,) * len(self.sliders), strict=True):
            slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(False)
        self.setVisible(values is not None)
        self._show_names()

    def values(self) -> tuple[int, ...]:
        """Where the sliders stand."""
        return tuple(slider.value() for slider in self.sliders)

    def _show_names(self) -> None:
        for label, factor, value in zip(self._labels, self._space.factors, self.values(), strict=True):
            label.setText(f"{readable(factor.name)}: {factor.values[value]}")

    def _on_moved(self) -> None:
        self._show_names()
        self.moved.emit(self.values())
