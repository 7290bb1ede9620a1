"""The confusion matrix of actions: rows are true, columns are answers; a cell is a button."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
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
from gui.words import readable_action

ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
SMALLEST_NUMBER = 11.0  # side of a cell that a number can still be read in
SMALLEST_FONT = 6.0
READABLE = 0.4  # share from which a cell is so strongly coloured that its number takes the other colour


class Frame(NamedTuple):
    """Where the first cell begins, and the side of each."""

    left: float
    top: float
    side: float

    def cell(self, row: int, column: int) -> QRectF:
        """Where a cell is."""
        return QRectF(self.left + column * self.side, self.top + row * self.side, self.side, self.side)


class ConfusionView(QWidget):
    """Counts as shades and numbers: right answers on the diagonal in green, others in red with a frame.

    Signals:
        cell_chosen(truth, answer): a cell that holds pairs was clicked, or Enter pressed on it.
    """

    cell_chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: npt.NDArray[np.int64] = np.zeros((0, 0), dtype=np.int64)
        self._names: tuple[str, ...] = ()
        self._cursor = (0, 0)
        self.setObjectName("retrieve_confusion")
        self.setAccessibleName("Confusion matrix of actions")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        return QSize(420, 380)

    def counts(self) -> npt.NDArray[np.int64]:
        """What is shown, [A,A]."""
        return self._counts

    def set_counts(self, counts: npt.NDArray[np.int64], names: tuple[str, ...]) -> None:
        """Show pairs of each true action (row) and answer (column)."""
        self._counts, self._names = counts, names
        if max(self._cursor) >= len(names):
            self._cursor = (0, 0)
        self._describe_cursor()
        self.update()

    # ------------------------------------------------------------ geometry

    def _frame(self) -> Frame:
        """Where the cells lie, and how large they are."""
        metrics = QFontMetricsF(self.font())
        names = [metrics.horizontalAdvance(readable_action(name)) for name in self._names]
        left = min(max(names, default=0.0) + 8, 0.4 * self.width())
        below = 2 * (metrics.height() + 2) + 2
        side = min(self.width() - left - 4, self.height() - below - 4) / max(1, len(self._names))
        return Frame(left, 4.0, side)

    def cell(self, row: int, column: int) -> QRectF:
        """Where a cell is."""
        return self._frame().cell(row, column)

    def _cell_at(self, point: QPointF) -> tuple[int, int] | None:
        left, top, side = self._frame()
        row, column = int((point.y() - top) // side), int((point.x() - left) // side)
        inside = 0 <= row < len(self._names) and 0 <= column < len(self._names)
        return (row, column) if inside else None

    # ------------------------------------------------------------ drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._names:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().color(QPalette.ColorRole.Text)
        frame = self._frame()
        left, top, side = frame
        font = painter.font()
        widest = QFontMetricsF(font).horizontalAdvance(str(int(self._counts.max(initial=0)))) + 3
        fitting = font.pointSizeF() * min(1.0, side / widest, 0.75 * side / QFontMetricsF(font).height())
        font.setPointSizeF(max(SMALLEST_FONT, fitting))
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for row, name in enumerate(self._names):
            area = QRectF(0, top + row * side, left - 6, side)
            words = metrics.elidedText(readable_action(name), Qt.TextElideMode.ElideRight, area.width())
            painter.setPen(text)
            painter.drawText(area, right, words)
            for column in range(len(self._names)):
                self._paint_cell(painter, frame.cell(row, column), row, column, metrics)
        painter.setPen(text)
        under = QRectF(left, top + side * len(self._names) + 2, side * len(self._names), metrics.height() + 2)
        painter.drawText(
            under,
            int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop),
            metrics.elidedText(
                "answers, in the same order \N{RIGHTWARDS ARROW}", Qt.TextElideMode.ElideRight, under.width()
            ),
        )
        if self.hasFocus():
            cell = QRectF(0, under.bottom(), self.width(), metrics.height() + 2)
            words = metrics.elidedText(
                self.describe(*self._cursor), Qt.TextElideMode.ElideRight, cell.width()
            )
            painter.drawText(cell, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop), words)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(frame.cell(*self._cursor))

    def _paint_cell(
        self, painter: QPainter, place: QRectF, row: int, column: int, metrics: QFontMetricsF
    ) -> None:
        cell, text = place.adjusted(0.5, 0.5, -0.5, -0.5), self.palette().color(QPalette.ColorRole.Text)
        number = int(self._counts[row, column])
        quiet = QColor(text)
        quiet.setAlpha(18)
        painter.fillRect(cell, quiet)
        if not number:
            return
        share = number / max(1, int(self._counts[row].sum()))
        shade = QColor(colours().good if row == column else colours().bad)
        shade.setAlphaF(0.25 + 0.6 * share)
        painter.fillRect(cell, shade)
        if row != column:  # told apart without colour
            painter.setPen(QPen(QColor(colours().bad), 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(cell)
        if cell.height() >= SMALLEST_NUMBER and metrics.horizontalAdvance(str(number)) <= cell.width():
            painter.setPen(QColor(colours().on_accent) if share > READABLE else text)
            painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), str(number))

    # ------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._cell_at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self._move_to(found)
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = ARROWS.get(Qt.Key(event.key()))
        if step is not None and self._names:
            last = len(self._names) - 1
            self._move_to(
                (min(last, max(0, self._cursor[0] + step[0])), min(last, max(0, self._cursor[1] + step[1])))
            )
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        else:
            super().keyPressEvent(event)

    def _move_to(self, cell: tuple[int, int]) -> None:
        self._cursor = cell
        self._describe_cursor()
        self.update()

    def _choose(self) -> None:
        if self._names and self._counts[self._cursor]:
            self.cell_chosen.emit(*self._cursor)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = self._cell_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if found is None else self.describe(*found), self)
            return True
        return super().event(event)

    def describe(self, row: int, column: int) -> str:
        """A cell in words."""
        number, of = int(self._counts[row, column]), int(self._counts[row].sum())
        truth, answer = readable_action(self._names[row]), readable_action(self._names[column])
        return f"{number:,} of {of:,} pairs of {truth} were answered {answer}"

    def _describe_cursor(self) -> None:
        if self._names:
            self.setAccessibleDescription(self.describe(*self._cursor))
