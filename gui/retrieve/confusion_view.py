"""The confusion matrix of actions: rows are true, columns are answers; a cell is a button."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollBar, QSizePolicy, QToolTip, QWidget

from gui.pictures import Image, to_qimage
from gui.retrieve.confusion_places import BAR, LEAST, TOP, Cell, Places, place
from gui.theme import Colours, colours
from gui.words import readable_action

Counts = npt.NDArray[np.int64]
ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
SMALLEST_NUMBER = 11.0  # side of a cell that a number can still be read in
SMALLEST_FONT, SMALL_FONT = 6.0, 8.0  # of names and numbers; of the words below
READABLE = 0.4  # share from which a cell is so strongly coloured that its number takes the other colour
MOST_FRAMES = 3_000  # of small cells
LINE = 0.7  # how near two names may stand below each other, in heights of the font
FAINTEST, STRONGEST = 0.25, 0.85  # opacity of a cell that few of its row's answers are in, and that all are
FAINTEST_SPECK = 0.6  # of a cell that is too small for a frame, and must be seen without


def shades(counts: Counts, theme: Colours, faintest: float = FAINTEST) -> Image:
    """A pixel a cell, RGBA [A,A,4]: the stronger, the more of its row's pairs it holds; clear without any."""
    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    made = np.empty((*counts.shape, 4), np.uint8)
    good, bad = QColor(theme.good), QColor(theme.bad)
    made[..., :3] = bad.red(), bad.green(), bad.blue()
    made[np.arange(len(counts)), np.arange(len(counts)), :3] = good.red(), good.green(), good.blue()
    made[..., 3] = np.where(counts > 0, np.rint(255 * (faintest + (STRONGEST - faintest) * share)), 0)
    return made


def inner(places: Places, cell: Cell) -> QRectF:
    """A cell without the gap around it."""
    return places.frame.cell(*cell).adjusted(0.5, 0.5, -0.5, -0.5)


class ConfusionView(QWidget):
    """Counts as shades and numbers: right answers on the diagonal in green, others in red with a frame.

    Many actions are scrolled. However many there are, a repaint paints the shades as one picture, and
    numbers only in cells that are seen and large enough.

    Signals:
        cell_chosen(truth, answer): a cell that holds pairs was clicked, or Enter pressed on it.
    """

    cell_chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: Counts = np.zeros((0, 0), dtype=np.int64)
        self._totals: Counts = np.zeros(0, dtype=np.int64)
        self._most = 0
        self._names: list[str] = []
        self._widest = 0.0
        self._cursor: Cell = (0, 0)
        self._shades: tuple[Colours, QImage] | None = None
        self._across = QScrollBar(Qt.Orientation.Horizontal, self)
        self._down = QScrollBar(Qt.Orientation.Vertical, self)
        for bar in (self._across, self._down):
            bar.hide()
            bar.valueChanged.connect(self.update)
        self.setObjectName("retrieve_confusion")
        self.setAccessibleName("Confusion matrix of actions")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        return QSize(420, 380)

    def counts(self) -> Counts:
        """What is shown, [A,A]."""
        return self._counts

    def set_counts(self, counts: Counts, names: tuple[str, ...]) -> None:
        """Show pairs of each true action (row) and answer (column)."""
        self._counts, self._names = counts, [readable_action(name) for name in names]
        self._totals, self._most, self._shades = counts.sum(axis=1), int(counts.max(initial=0)), None
        if max(self._cursor) >= len(names):
            self._cursor = (0, 0)
        self._describe_cursor()
        self._arrange()
        self.update()

    # ------------------------------------------------------------ geometry

    def _arrange(self) -> None:
        """What was made for another font, size or number of actions is made anew."""
        metrics = QFontMetricsF(self.font())
        self._widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0.0)
        self._arrange_bars()

    def _arrange_bars(self) -> None:
        places = self._places()
        shown, left, top = places.shown, int(places.shown.left()), int(TOP)
        width, height = int(shown.width()), int(shown.height())
        self._across.setGeometry(left, top + height, width, BAR)
        self._down.setGeometry(left + width, top, BAR, height)
        for bar, hidden, seen in zip(
            (self._across, self._down), places.hidden(), (width, height), strict=True
        ):
            bar.setRange(0, hidden)
            bar.setPageStep(seen)
            bar.setSingleStep(math.ceil(places.frame.side))
            bar.setVisible(hidden > 0)

    def _places(self) -> Places:
        """Where everything lies now."""
        scrolled = (self._across.value(), self._down.value())
        return place(QSizeF(self.size()), self._widest + 8, self._below(), len(self._names), scrolled)

    def _below(self) -> float:
        """Height of the words below: of the axis, and of the current cell."""
        return 2 * (QFontMetricsF(self.font()).height() + 2) + 2

    def cell(self, row: int, column: int) -> QRectF:
        """Where a cell is; outside the widget for one that is scrolled out of sight."""
        return self._places().frame.cell(row, column)

    def whole_size(self) -> QSize:
        """Large enough for all cells at once, each a pixel at least; the widget's own where they are seen."""
        least = math.ceil(self._widest + 8 + len(self._names)) + 8, math.ceil(self._below()) + 8
        return self.size().expandedTo(QSize(least[0], least[1] + len(self._names)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange_bars()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and hasattr(self, "_down"):
            self._arrange()

    # ------------------------------------------------------------ drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._names:
            self._paint(QPainter(self), self._places(), self.width())

    def paint_whole(self, painter: QPainter) -> None:
        """Paint all cells, also those that are out of sight, into an area of `whole_size`."""
        if self._names:
            size, actions = self.whole_size(), len(self._names)
            places = self._places()
            if any(places.hidden()):
                places = place(QSizeF(size), self._widest + 8, self._below(), actions, (0, 0), least=0.0)
            self._paint(painter, places, size.width())

    def _paint(self, painter: QPainter, places: Places, width: float) -> None:
        """Everything, into an area of some width."""
        side = places.frame.side
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._fitting_font(side))
        metrics = QFontMetricsF(painter.font())
        text = self.palette().color(QPalette.ColorRole.Text)
        self._paint_names(painter, places, metrics, text)
        painter.save()
        if any(places.hidden()):
            painter.setClipRect(places.shown.toAlignedRect())
        self._paint_shades(painter, places, text)
        if side >= LEAST:
            self._paint_frames(painter, places)
        if side >= SMALLEST_NUMBER:
            self._paint_numbers(painter, places, metrics, text)
        painter.restore()
        if self.hasFocus() and places.way_to(self._cursor) == (0, 0):
            around = 0 if side >= SMALLEST_NUMBER else 2  # a small cell is to be seen within its frame
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(places.frame.cell(*self._cursor).adjusted(-around, -around, around, around))
        self._paint_words(painter, places, text, width)

    def _fitting_font(self, side: float) -> QFont:
        """For names and numbers: the largest number fits into a cell, if numbers can be read at all."""
        font = QFont(self.font())
        metrics = QFontMetricsF(font)
        widest = metrics.horizontalAdvance(str(self._most)) + 3 if side >= SMALLEST_NUMBER else 0.0
        fitting = min(1.0, 0.75 * side / metrics.height(), side / widest if widest else 1.0)
        font.setPointSizeF(max(SMALLEST_FONT, font.pointSizeF() * fitting))
        return font

    def _paint_names(self, painter: QPainter, places: Places, metrics: QFontMetricsF, text: QColor) -> None:
        """The true actions: of all rows, or of every second, third ... where they would overlap."""
        _, top, side = places.frame
        width = places.shown.left() - 6
        height = max(side, metrics.height())  # words are cut where their place ends
        every = math.ceil(LINE * metrics.height() / side) if side < SMALLEST_NUMBER else 1
        painter.setPen(text)
        for row in places.rows():
            if row % every:
                continue
            area = QRectF(0, top + (row + 0.5) * side - height / 2, width, height)
            if not places.shown.top() <= area.center().y() <= places.shown.bottom():
                continue  # its name would stand over the edge
            words = metrics.elidedText(self._names[row], Qt.TextElideMode.ElideRight, width)
            painter.drawText(area, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words)

    def _paint_shades(self, painter: QPainter, places: Places, text: QColor) -> None:
        """All cells that are seen, as one picture, and the gaps between them."""
        rows, columns, side = places.rows(), places.columns(), places.frame.side
        first = places.frame.cell(rows.start, columns.start).topLeft()
        area = QRectF(first, QSizeF(len(columns) * side, len(rows) * side))
        quiet = QColor(text)
        quiet.setAlpha(18)
        picture = self._shades_in(colours()) if side >= LEAST else self._specks()
        cells = QBrush(picture)  # drawImage would miss the edges of cells by a pixel
        cells.setTransform(QTransform(side, 0, 0, side, places.frame.left, places.frame.top))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.fillRect(area, quiet)
        painter.fillRect(area, cells)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if side < SMALLEST_NUMBER / 2:
            return  # there would be more gap than cell
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours().panel))
        left, top, width, height = area.left(), area.top(), area.width(), area.height()
        upright = [QRectF(left + n * side - 0.5, top, 1, height) for n in range(len(columns) + 1)]
        lying = [QRectF(left, top + n * side - 0.5, width, 1) for n in range(len(rows) + 1)]
        painter.drawRects(upright + lying)

    def _shades_in(self, theme: Colours) -> QImage:
        """The picture of the cells, made when counts or theme have changed."""
        if self._shades is None or self._shades[0] != theme:
            self._shades = theme, to_qimage(shades(self._counts, theme))
        return self._shades[1]

    def _specks(self) -> QImage:
        """The same for a picture of the whole that has no room for frames."""
        return to_qimage(shades(self._counts, colours(), FAINTEST_SPECK))

    def _filled(self, places: Places) -> list[Cell]:
        """The cells that are seen and hold pairs."""
        rows, columns = places.rows(), places.columns()
        seen = self._counts[rows.start : rows.stop, columns.start : columns.stop]
        return [(rows.start + down, columns.start + across) for down, across in np.argwhere(seen).tolist()]

    def _paint_frames(self, painter: QPainter, places: Places) -> None:
        """Wrong answers have frames, to be told apart without colour."""
        wrong = [cell for cell in self._filled(places) if cell[0] != cell[1]]
        if len(wrong) > MOST_FRAMES and places.frame.side < SMALLEST_NUMBER:
            return  # nothing stands out among so many, and they would take a third of a second
        painter.setPen(QPen(QColor(colours().bad), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRects([inner(places, cell) for cell in wrong])

    def _paint_numbers(self, painter: QPainter, places: Places, metrics: QFontMetricsF, text: QColor) -> None:
        """How many pairs are in each cell, where that fits."""
        for cell in self._filled(places):
            area, number = inner(places, cell), int(self._counts[cell])
            if metrics.horizontalAdvance(str(number)) <= area.width():
                strong = number > READABLE * self._totals[cell[0]]
                painter.setPen(QColor(colours().on_accent) if strong else text)
                painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), str(number))

    def _paint_words(self, painter: QPainter, places: Places, text: QColor, width: float) -> None:
        """What the columns are, and below that the current cell; never as small as names may be."""
        font = painter.font()
        font.setPointSizeF(max(SMALL_FONT, font.pointSizeF()))
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        painter.setPen(text)
        line, middle = metrics.height() + 2, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        under = QRectF(places.shown.left(), places.under + 2, places.shown.width(), line)
        below = QRectF(0, under.bottom(), width, line)
        said = [(under, "answers, in the same order \N{RIGHTWARDS ARROW}")]
        if self.hasFocus():
            said.append((below, self.describe(*self._cursor)))
        for area, words in said:
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, middle, shown)

    # ------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._places().cell_at(event.position())
        if self._names and found is not None and event.button() == Qt.MouseButton.LeftButton:
            self._move_to(found)
            self._choose()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolls the cells where they do not fit; else it is for whoever is around."""
        way = event.angleDelta()
        bar = self._across if abs(way.x()) > abs(way.y()) else self._down
        if bar.isHidden():
            super().wheelEvent(event)
        else:
            QCoreApplication.sendEvent(bar, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = Qt.Key(event.key()), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        found = self._cell_by(key, held) if self._names else None
        if found is not None:
            self._move_to(found)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        else:
            super().keyPressEvent(event)

    def _cell_by(self, key: Qt.Key, held: bool) -> Cell | None:
        """Where a key leads: to the next cell, the next that holds pairs, an end of the row, a page on."""
        (row, column), last = self._cursor, len(self._names) - 1
        page = len(self._places().rows())
        jumps = {
            Qt.Key.Key_Home: (row, 0),
            Qt.Key.Key_End: (row, last),
            Qt.Key.Key_PageUp: (max(0, row - page), column),
            Qt.Key.Key_PageDown: (min(last, row + page), column),
        }
        step = ARROWS.get(key)
        if step is None:
            return jumps.get(key)
        if held:
            return self._next_with_pairs(*step)
        return min(last, max(0, row + step[0])), min(last, max(0, column + step[1]))

    def _next_with_pairs(self, down: int, across: int) -> Cell:
        """The next cell in a direction that holds pairs; the current one where there is none."""
        row, column = self._cursor
        line, at = (self._counts[:, column], row) if down else (self._counts[row], column)
        places = np.flatnonzero(line)
        beyond = places[places > at] if down + across > 0 else places[places < at][::-1]
        to = int(beyond[0]) if len(beyond) else at
        return (to, column) if down else (row, to)

    def _move_to(self, cell: Cell) -> None:
        self._cursor = cell
        for bar, way in zip((self._across, self._down), self._places().way_to(cell), strict=True):
            bar.setValue(bar.value() + way)
        self._describe_cursor()
        self.update()

    def _choose(self) -> None:
        if self._names and self._counts[self._cursor]:
            self.cell_chosen.emit(*self._cursor)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = self._places().cell_at(QPointF(event.pos())) if self._names else None
            QToolTip.showText(event.globalPos(), "" if found is None else self.describe(*found), self)
            return True
        return super().event(event)

    def describe(self, row: int, column: int) -> str:
        """A cell in words."""
        number, of = int(self._counts[row, column]), int(self._totals[row])
        truth, answer = self._names[row], self._names[column]
        return f"{number:,} of {of:,} pairs of {truth} were answered {answer}"

    def _describe_cursor(self) -> None:
        if self._names:
            self.setAccessibleDescription(self.describe(*self._cursor))
