"""Which variables changed and which were expected to: one small grid a codebook."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from gui.retrieve.cell_map import NOTHING, CellMap, Grid
from gui.theme import colours

AGREED, SURPRISE, MISSED = "changed, as expected", "changed, not expected", "expected, did not change"
KINDS = (AGREED, SURPRISE, MISSED)


def agreement_words(changed: npt.NDArray[np.bool_], expected: npt.NDArray[np.bool_]) -> str:
    """How the changed variables and the expected ones overlap."""
    both = int((changed & expected).sum())
    return f"{int(changed.sum())} changed, {int(expected.sum())} expected, {both} the same"


class LatentMap(CellMap):
    """The latent grid with a mark for each variable that changed or was expected to.

    A full square agrees, a cross is a surprise, a ring was expected in vain: told apart without colour.
    """

    def __init__(self, object_name: str = "retrieve_variables") -> None:
        super().__init__(object_name, "Changed and expected variables on the latent grid")
        self._changed: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._expected: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)

    def set_result(self, grid: Grid, changed: npt.NDArray[np.bool_], expected: npt.NDArray[np.bool_]) -> None:
        """Show variables [N] of a (Q, H, W) grid."""
        self._changed, self._expected = changed, expected
        self.show_grid(grid)

    def clear(self) -> None:
        """Nothing is known yet."""
        self.set_result(NOTHING, self._changed[:0], self._expected[:0])

    def kind(self, node: int) -> str | None:
        """What happened to one variable, in words; None for one that kept quiet."""
        if self._changed[node]:
            return AGREED if self._expected[node] else SURPRISE
        return MISSED if self._expected[node] else None

    def describe(self, node: int) -> str:
        return f"variable {self.place(node)}: {self.kind(node) or 'did not change, as expected'}"

    def summary(self) -> str:
        return agreement_words(self._changed, self._expected)

    def paint_map(self, painter: QPainter, quiet: QColor) -> None:
        for node in range(self.cells()):
            cell = self.cell(node).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.fillRect(cell, quiet)
            kind = self.kind(node)
            if kind is not None:
                paint_mark(painter, cell, kind)


def paint_mark(painter: QPainter, cell: QRectF, kind: str) -> None:
    """Draw the mark of a kind into a cell: full square, cross or ring."""
    theme = colours()
    colour = QColor({AGREED: theme.good, SURPRISE: theme.effect, MISSED: theme.cause}[kind])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if kind == AGREED:
        painter.fillRect(cell, colour)
    elif kind == SURPRISE:
        painter.setPen(QPen(colour, max(1.5, cell.width() / 5)))
        inner = cell.adjusted(1, 1, -1, -1)
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())
    else:
        painter.setPen(QPen(colour, max(1.5, cell.width() / 6)))
        painter.drawEllipse(cell.adjusted(1, 1, -1, -1))


class MapLegend(QWidget):
    """The three marks with their words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Legend of the latent grid")
        font = self.font()
        font.setPointSizeF(8.5)
        self.setFont(font)
        self.setFixedHeight(self.fontMetrics().height() + 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = self.fontMetrics().ascent()
        left = 0.0
        for kind in KINDS:
            paint_mark(painter, QRectF(left, (self.height() - side) / 2, side, side), kind)
            left += side + 6
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            width = self.fontMetrics().horizontalAdvance(kind)
            painter.drawText(QRectF(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, kind)
            left += width + 14
