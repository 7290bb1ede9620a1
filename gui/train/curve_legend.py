"""The legend beside a plot: a tick for each curve, and its value now or under the pointer."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QLabel, QScrollArea, QWidget

from gui.widgets import named
from gui.words import figure, readable


class CurveLegend(QScrollArea):
    """Names, ticks and values.

    Signals:
        toggled(name, on): the user switched a curve.
    """

    toggled = Signal(str, bool)

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, object_name, "Curves and their values")
        self._prefix = object_name
        self.boxes: dict[str, QCheckBox] = {}
        self.values: dict[str, QLabel] = {}
        inside = QWidget()
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, 4, 0)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(0, 1)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inside)
        self.setFixedWidth(214)

    def set_curves(self, colours: Mapping[str, str], shown: Mapping[str, bool]) -> None:
        """Other curves: name -> colour, name -> whether it is on."""
        for old in (*self.boxes.values(), *self.values.values()):
            old.hide()
            self._grid.removeWidget(old)
            old.deleteLater()
        self.boxes, self.values = {}, {}
        for row, name in enumerate(colours):
            self._add(row, name, shown[name])
        self.recolour(colours)

    def recolour(self, colours: Mapping[str, str]) -> None:
        """The colours of the curves, name -> #rrggbb."""
        for name, colour in colours.items():
            self.boxes[name].setStyleSheet(f"QCheckBox {{ color: {colour}; }}")

    def set_values(self, values: Mapping[str, float]) -> None:
        """What stands beside the names."""
        for name, label in self.values.items():
            label.setText(figure(name, values[name]) if name in values else "")

    def _add(self, row: int, name: str, shown: bool) -> None:
        box = named(QCheckBox(readable(name)), f"{self._prefix}_{name}", f"Show the curve {readable(name)}")
        box.setChecked(shown)
        box.toggled.connect(lambda on: self.toggled.emit(name, on))
        value = QLabel()
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(box, row, 0)
        self._grid.addWidget(value, row, 1)
        self.boxes[name], self.values[name] = box, value
