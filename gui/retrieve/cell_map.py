"""The latent grid as a map: where each variable is drawn, and walking over them by keys."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.theme import colours
from gui.widgets import named

Grid = tuple[int, int, int]  # codebooks, rows, columns
NOTHING: Grid = (0, 0, 0)
GAP = 6.0  # between codebooks
WAYS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class CellMap(QWidget):
    """A cell for each variable of a (Q, H, W) grid. Arrows walk over them, T says what the mouse is told.

    Signals:
        said(words): what the current cell is; empty when the keyboard leaves, or there is nothing to say.
    """

    said = Signal(str)

    def __init__(self, object_name: str, accessible_name: str) -> None:
        super().__init__()
        self._grid: Grid = NOTHING
        self._cursor = 0
        named(self, object_name, accessible_name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(72, 72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(144, 144)

    def describe(self, node: int) -> str:
        """A variable in words."""
        raise NotImplementedError

    def summary(self) -> str:
        """All of them in words, for those who see none."""
        raise NotImplementedError

    def paint_map(self, painter: QPainter, quiet: QColor) -> None:
        """Draw the cells; `quiet` is for those that say nothing."""
        raise NotImplementedError

    def show_grid(self, grid: Grid) -> None:
        """What is to be told of the variables has changed, and perhaps the grid."""
        self._grid = grid
        if self.cells() and self._cursor >= self.cells():
            self._cursor = 0
        self._tell()
        self.update()

    def cells(self) -> int:
        """How many there are."""
        return math.prod(self._grid)

    def place(self, node: int) -> str:
        """Which variable a cell is: "0,3,4"."""
        return ",".join(str(int(i)) for i in np.unravel_index(node, self._grid))

    def cell(self, node: int) -> QRectF:
        """Where a variable is drawn."""
        return cell_of(self._grid, node, self.width(), self.height())

    def _node_at(self, point: QPointF) -> int | None:
        return next((node for node in range(self.cells()) if self.cell(node).contains(point)), None)

    def _tell(self) -> None:
        """The current cell, to those who look and to those who hear."""
        words = self.describe(self._cursor) if self.cells() else ""
        self.setAccessibleDescription(f"{self.summary()}; {words}" if words else "")
        if self.hasFocus():
            self.said.emit(words)

    def _go_to(self, node: int) -> None:
        self._cursor = node
        self._tell()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.cells():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        quiet = QColor(self.palette().color(QPalette.ColorRole.Text))
        quiet.setAlpha(28)
        self.paint_map(painter, quiet)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for colour, width in ((colours().panel, 4), (colours().text, 2)):  # seen on any mark
                painter.setPen(QPen(QColor(colour), width))
                painter.drawRect(self.cell(self._cursor).adjusted(1, 1, -1, -1))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            node = self._node_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if node is None else self.describe(node), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        node = self._node_at(event.position())
        if node is not None and event.button() == Qt.MouseButton.LeftButton:
            self._go_to(node)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in WAYS and self.cells():
            self._go_to(next_cell(self._grid, self._cursor, WAYS[key]))
        elif key == Qt.Key.Key_T and not event.modifiers() and self.cells():
            where = self.mapToGlobal(self.cell(self._cursor).center().toPoint())
            QToolTip.showText(where, self.describe(self._cursor), self)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._tell()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.said.emit("")


def codebooks_across(books: int) -> int:
    """How many codebooks stand side by side, in a near-square block."""
    return math.ceil(math.sqrt(books))


def cell_of(grid: Grid, node: int, width: float, height: float) -> QRectF:
    """Where a variable is drawn: codebooks side by side in a near-square block, each H x W cells."""
    books, rows, columns = grid
    across = codebooks_across(books)
    down = math.ceil(books / across)
    side = min(
        (width - GAP * (across - 1)) / (across * columns),
        (height - GAP * (down - 1)) / (down * rows),
    )
    book, row, column = (int(i) for i in np.unravel_index(node, grid))
    left0 = (width - across * columns * side - GAP * (across - 1)) / 2
    top0 = (height - down * rows * side - GAP * (down - 1)) / 2
    left = left0 + (book % across) * (columns * side + GAP) + column * side
    top = top0 + (book // across) * (rows * side + GAP) + row * side
    return QRectF(left, top, side, side)


def next_cell(grid: Grid, node: int, way: tuple[int, int]) -> int:
    """The cell beside one, down and across, as they are drawn; from the edge on to the next codebook.

    Where no cell is on that side it stays the same.
    """
    books, rows, columns = grid
    across = codebooks_across(books)
    book, row, column = (int(i) for i in np.unravel_index(node, grid))
    y, x = book // across * rows + row + way[0], book % across * columns + column + way[1]
    beside = y // rows * across + x // columns
    if y < 0 or not 0 <= x < across * columns or beside >= books:
        return node
    return (beside * rows + y % rows) * columns + x % columns
