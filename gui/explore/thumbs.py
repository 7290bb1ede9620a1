"""A grid of thumbnails in one widget: fast to paint, walked over by arrow keys."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.results import Image
from gui.explore.scrolling import reveal
from gui.theme import colours
from gui.widgets import named, to_qimage

SPACE = 4


class ThumbGrid(QWidget):
    """Thumbnails in rows that fill the width, each with a short label and a bar below.

    Signals:
        chosen: place of the thumbnail, clicked or Enter.
    """

    chosen = Signal(int)

    def __init__(self, object_name: str, accessible_name: str, side: int = 48) -> None:
        super().__init__()
        named(self, object_name, accessible_name)
        self._side = side
        self._images: Image | None = None
        self._sheet: QImage | None = None  # all thumbnails, side by side
        self._labels: tuple[str, ...] = ()
        self._tips: tuple[str, ...] = ()
        self._bars: tuple[float, ...] = ()
        self._current: int | None = None
        self._cursor = 0
        self._hover: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_items(
        self,
        images: Image,
        labels: tuple[str, ...],
        tips: tuple[str, ...] = (),
        bars: tuple[float, ...] = (),
        current: int | None = None,
    ) -> None:
        """Show images [n, height, width, 3]; `bars` in 0..1; `current` is marked."""
        self._images, self._labels, self._tips, self._bars, self._current = (
            images,
            labels,
            tips,
            bars,
            current,
        )
        self._sheet = to_qimage(np.concatenate(list(images), axis=1)) if len(images) else None
        self._cursor = current if current is not None else 0
        self._fit_height()
        self.update()

    @property
    def walked_to(self) -> int:
        """The place that the arrow keys have walked to; the marked one before they did."""
        return self._cursor

    def walk_to(self, place: int) -> None:
        """Walk to a place without choosing it."""
        if 0 <= place < self.count():
            self._cursor = place
            reveal(self, self.cell_rect(place))
            self.update()

    def count(self) -> int:
        """Number of thumbnails."""
        return len(self._labels)

    def choose(self, place: int) -> None:
        """As if it was clicked."""
        if 0 <= place < self.count():
            self._cursor = place
            self.update()
            self.chosen.emit(place)

    def cell_rect(self, place: int) -> QRect:
        """Where a thumbnail lies, label included."""
        across = self._across()
        x, y = place % across, place // across
        return QRect(x * (self._side + SPACE), y * self._pitch(), self._side, self._pitch() - SPACE)

    def _across(self) -> int:
        return max(1, (self.width() + SPACE) // (self._side + SPACE))

    def _pitch(self) -> int:
        return self._side + 18 + SPACE

    def _fit_height(self) -> None:
        rows = -(-self.count() // self._across()) if self.count() else 1
        self.setFixedHeight(rows * self._pitch())

    def sizeHint(self) -> QSize:
        return QSize(5 * (self._side + SPACE), self._pitch())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_height()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._sheet is None or self._images is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(7.5)
        painter.setFont(font)
        height, width = self._images.shape[1:3]
        c = colours()
        for place, label in enumerate(self._labels):
            cell = self.cell_rect(place)
            square = QRect(cell.left(), cell.top(), self._side, self._side)
            painter.drawImage(square, self._sheet, QRect(place * width, 0, width, height))
            if self._bars:
                base = QRect(cell.left(), square.bottom() + 2, self._side, 3)
                painter.fillRect(base, QColor(c.line))
                filled = QRect(base.topLeft(), QSize(round(self._side * self._bars[place]), 3))
                painter.fillRect(filled, QColor(c.accent))
            painter.setPen(QColor(c.text if place == self._current else c.dim))
            line = QRect(cell.left(), square.bottom() + 4, self._side, 14)
            fitting = painter.fontMetrics().elidedText(label, Qt.TextElideMode.ElideRight, self._side)
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, fitting)
            self._frame(painter, square, place)

    def _frame(self, painter: QPainter, square: QRect, place: int) -> None:
        c = colours()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if place == self._current:
            painter.setPen(QPen(QColor(c.accent), 3))
            painter.drawRect(square.adjusted(1, 1, -1, -1))
        elif place == self._hover:
            painter.setPen(QPen(QColor(c.accent), 1))
            painter.drawRect(square.adjusted(0, 0, -1, -1))
        moved = self._current is not None and self._cursor != self._current
        if place == self._cursor and (moved or self.hasFocus()):
            painter.setPen(QPen(QColor(c.text), 1, Qt.PenStyle.DashLine))
            painter.drawRect(square.adjusted(0, 0, -1, -1))

    def place_at(self, point: QPoint) -> int | None:
        """The thumbnail at a point of the widget."""
        return next((p for p in range(self.count()) if self.cell_rect(p).contains(point)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().toPoint())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hover = self.place_at(event.position().toPoint())
        if hover != self._hover:
            self._hover = hover
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.update()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        across = self._across()
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -across,
            Qt.Key.Key_Down: across,
        }.get(Qt.Key(event.key()))
        if step is not None and 0 <= self._cursor + step < self.count():
            self.walk_to(self._cursor + step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.choose(self._cursor)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self.place_at(event.pos())
            if place is not None and place < len(self._tips):
                QToolTip.showText(event.globalPos(), self._tips[place], self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)
