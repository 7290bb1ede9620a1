"""The legend beside a plot: a tick and a piece of each curve, and its value now or under the pointer."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QLabel, QScrollArea, QWidget

from gui.widgets import named
from gui.words import figure, readable

PIECE = QSize(18, 12)  # of a curve, in device-independent pixels


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
        self.setFixedWidth(232)

    def set_curves(self, pens: Mapping[str, QPen], shown: Mapping[str, bool]) -> None:
        """Other curves: name -> how it is drawn, name -> whether it is on."""
        for old in (*self.boxes.values(), *self.values.values()):
            old.hide()
            self._grid.removeWidget(old)
            old.deleteLater()
        self.boxes, self.values = {}, {}
        for row, name in enumerate(pens):
            self._add(row, name, shown[name])
        self.redraw(pens)

    def redraw(self, pens: Mapping[str, QPen]) -> None:
        """How the curves are drawn, name -> pen."""
        for name, pen in pens.items():
            self.boxes[name].setIcon(self._piece(pen))

    def _piece(self, pen: QPen) -> QIcon:
        """A piece of a curve, so that its name can be in the colour of text."""
        ratio = self.devicePixelRatioF()
        picture = QPixmap((PIECE.toSizeF() * ratio).toSize())
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        thick = QPen(pen)
        thick.setWidthF(2.5)
        painter.setPen(thick)
        middle = PIECE.height() / 2
        painter.drawLine(QPointF(0, middle), QPointF(PIECE.width(), middle))
        painter.end()
        return QIcon(picture)

    def set_values(self, values: Mapping[str, float]) -> None:
        """What stands beside the names."""
        for name, label in self.values.items():
            label.setText(figure(name, values[name]) if name in values else "")

    def _add(self, row: int, name: str, shown: bool) -> None:
        box = named(QCheckBox(readable(name)), f"{self._prefix}_{name}", f"Show the curve {readable(name)}")
        box.setIconSize(PIECE)
        box.setChecked(shown)
        box.toggled.connect(lambda on: self.toggled.emit(name, on))
        value = QLabel()
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(box, row, 0)
        self._grid.addWidget(value, row, 1)
        self.boxes[name], self.values[name] = box, value
