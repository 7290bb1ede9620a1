"""Which variables changed and which were expected to: one small grid a codebook."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.theme import colours

AGREED, SURPRISE, MISSED = "changed, as expected", "changed, not expected", "expected, did not change"
KINDS = (AGREED, SURPRISE, MISSED)


class LatentMap(QWidget):
    """The latent grid with a mark for each variable that changed or was expected to.

    A full square agrees, a cross is a surprise, a ring was expected in vain: told apart without colour.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = (0, 0, 0)
        self._changed: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._expected: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        self.setAccessibleName("Changed and expected variables on the latent grid")
        self.setMinimumSize(72, 72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(144, 144)

    def set_result(
        self, grid: tuple[int, int, int], changed: npt.NDArray[np.bool_], expected: npt.NDArray[np.bool_]
    ) -> None:
        """Show variables [N] of a (Q, H, W) grid."""
        self._grid, self._changed, self._expected = grid, changed, expected
        self.update()

    def kind(self, node: int) -> str | None:
        """What happened to one variable, in words; None for one that kept quiet."""
        if self._changed[node]:
            return AGREED if self._expected[node] else SURPRISE
        return MISSED if self._expected[node] else None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        quiet = QColor(self.palette().color(QPalette.ColorRole.Text))
        quiet.setAlpha(28)
        for node in range(math.prod(self._grid)):
            cell = self._cell(node).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.fillRect(cell, quiet)
            kind = self.kind(node)
            if kind is not None:
                paint_mark(painter, cell, kind)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            node = self._node_at(QPointF(event.pos()))
            words = "" if node is None else self._describe(node)
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _describe(self, node: int) -> str:
        place = ",".join(str(int(i)) for i in np.unravel_index(node, self._grid))
        return f"variable {place}: {self.kind(node) or 'did not change, as expected'}"

    def _node_at(self, point: QPointF) -> int | None:
        cells = range(math.prod(self._grid))
        return next((node for node in cells if self._cell(node).contains(point)), None)

    def _cell(self, node: int) -> QRectF:
        return cell_of(self._grid, node, self.width(), self.height())


def cell_of(grid: tuple[int, int, int], node: int, width: float, height: float) -> QRectF:
    """Where a variable is drawn: codebooks side by side in a near-square block, each H x W cells."""
    books, rows, columns = grid
    across = math.ceil(math.sqrt(books))
    down = math.ceil(books / across)
    gap = 6.0
    side = min(
        (width - gap * (across - 1)) / (across * columns),
        (height - gap * (down - 1)) / (down * rows),
    )
    book, row, column = (int(i) for i in np.unravel_index(node, grid))
    left0 = (width - across * columns * side - gap * (across - 1)) / 2
    top0 = (height - down * rows * side - gap * (down - 1)) / 2
    left = left0 + (book % across) * (columns * side + gap) + column * side
    top = top0 + (book // across) * (rows * side + gap) + row * side
    return QRectF(left, top, side, side)


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
