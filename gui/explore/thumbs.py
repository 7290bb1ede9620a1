"""A grid of thumbnails in one widget: fast to paint, walked over by arrow keys."""

from __future__ import annotations

from collections.abc import Sequence

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
        cursor_moved: place that the keyboard or a click has come to.
    """

    chosen = Signal(int)
    cursor_moved = Signal(int)

    def __init__(self, object_name: str, accessible_name: str, side: int = 48) -> None:
        super().__init__()
        named(self, object_name, accessible_name)
        self._side = side
        self._images: list[Image] = []
        self._pictures: list[QImage] = []
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
        images: Image | Sequence[Image],
        labels: tuple[str, ...],
        tips: tuple[str, ...] = (),
        bars: tuple[float, ...] = (),
        current: int | None = None,
        cursor: int | None = None,
    ) -> None:
        """Show images [n, height, width, 3]; `bars` in 0..1; `current` is marked.

        Of a list, images that were in their places before are not converted again.
        The keyboard is at `cursor`, where it is given, otherwise at `current`.
        """
        self._labels, self._tips, self._bars, self._current = labels, tips, bars, current
        shown, self._images = dict(enumerate(self._images)), list(images)
        self._pictures = [
            self._pictures[place] if shown.get(place) is image else to_qimage(image)
            for place, image in enumerate(self._images)
        ]
        self._cursor = next((place for place in (cursor, current) if place is not None), 0)
        self._say_where()
        self._fit_height()
        self.update()

    def walk_to(self, place: int) -> None:
        """Walk to a place without choosing it."""
        if 0 <= place < self.count():
            self._move_to(place)
            reveal(self, self.cell_rect(place))

    def _say_where(self) -> None:
        """For a screen reader: what the cursor is on."""
        self.setAccessibleDescription(self._tips[self._cursor] if self._cursor < len(self._tips) else "")

    def count(self) -> int:
        """Number of thumbnails."""
        return len(self._labels)

    @property
    def cursor_place(self) -> int:
        """The place that the arrow keys have walked to; the marked one before they did."""
        return self._cursor

    def choose(self, place: int) -> None:
        """As if it was clicked."""
        if 0 <= place < self.count():
            self._move_to(place)
            self.chosen.emit(place)

    def _move_to(self, place: int) -> None:
        self._cursor = place
        self._say_where()
        self.update()
        self.cursor_moved.emit(place)

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

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(7.5)
        painter.setFont(font)
        seen, width, pitch = event.rect(), self._side + SPACE, self._pitch()
        for line in range(max(0, seen.top() // pitch), seen.bottom() // pitch + 1):
            for column in range(max(0, seen.left() // width), min(self._across(), seen.right() // width + 1)):
                place = line * self._across() + column  # of a thousand only those in sight
                if place < self.count():
                    self._paint_thumb(painter, place)

    def _paint_thumb(self, painter: QPainter, place: int) -> None:
        c = colours()
        cell = self.cell_rect(place)
        square = QRect(cell.left(), cell.top(), self._side, self._side)
        painter.drawImage(square, self._pictures[place])
        if self._bars:
            base = QRect(cell.left(), square.bottom() + 2, self._side, 3)
            painter.fillRect(base, QColor(c.line))
            filled = QRect(base.topLeft(), QSize(round(self._side * self._bars[place]), 3))
            painter.fillRect(filled, QColor(c.accent))
        painter.setPen(QColor(c.text if place == self._current else c.dim))
        line = QRect(cell.left(), square.bottom() + 4, self._side, 14)
        elide = Qt.TextElideMode.ElideRight
        label = painter.fontMetrics().elidedText(self._labels[place], elide, self._side)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, label)
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
        across = self._across()
        column, line = point.x() // (self._side + SPACE), point.y() // self._pitch()
        place = line * across + column
        inside = 0 <= column < across and 0 <= place < self.count() and self.cell_rect(place).contains(point)
        return place if inside else None

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
        across, last = self._across(), self.count() - 1
        place = {
            Qt.Key.Key_Left: self._cursor - 1,
            Qt.Key.Key_Right: self._cursor + 1,
            Qt.Key.Key_Up: self._cursor - across,
            Qt.Key.Key_Down: self._cursor + across,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }.get(Qt.Key(event.key()))
        if place is not None and 0 <= place <= last:
            self.walk_to(place)
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
