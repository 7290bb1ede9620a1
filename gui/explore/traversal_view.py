"""The traversal grid: one widget that paints one picture; a click makes a cell the present image."""

from __future__ import annotations

from html import escape

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPaintEngine,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QToolTip, QVBoxLayout, QWidget

from engine.results import Image, TraversalRow
from gui.explore.scrolling import reveal
from gui.history import Step
from gui.theme import colours
from gui.widgets import EmptyState, button, caption, heading, named, row, to_qimage
from gui.words import percent

HEADER = 132  # width of the row headers
TOP = 18  # height of the column labels
SPACE = 2
LEAST, LARGE_ENOUGH, MOST = 28, 36, 96  # side of a cell
NUMBER = 52  # width of the effect in numbers
LARGE = 256  # side of the picture in a tool tip
EFFECT_TIP = "Mean absolute change of a pixel over the row's cells, as a share of the whole range"


class TraversalGrid(QWidget):
    """Signals:
    cell_chosen: row, column.
    cells_compared: row and column of one cell, then of another; None for the present state.
    """

    cell_chosen = Signal(int, int)
    cells_compared = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        named(
            self,
            "traversal_grid",
            "Traversal grid: arrows walk, Enter makes a cell the present image, C compares",
        )
        self._rows: list[TraversalRow] = []
        self._strips: list[QImage] = []
        self._expected = 6
        self._cursor = (0, 0)
        self._hover: tuple[int, int] | None = None
        self._pressed: tuple[int, int] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    @property
    def rows(self) -> list[TraversalRow]:
        """The rows so far."""
        return self._rows

    def expect(self, rows: int) -> None:
        """How many rows are on their way: cells are made so that all fit."""
        self._expected = rows

    def clear(self) -> None:
        """No rows."""
        self._rows, self._strips, self._hover, self._pressed = [], [], None, None
        self._resized()

    def set_rows(self, rows: list[TraversalRow]) -> None:
        """All rows at once. A cell that is pressed meanwhile stays pressed only where it stays the same."""
        held = self._rows[self._pressed[0]] if self._pressed is not None else None
        made = {id(item): strip for item, strip in zip(self._rows, self._strips, strict=True)}
        fresh = [item for item in rows if id(item) not in made]
        made.update({id(item): to_qimage(np.concatenate(list(item.images), axis=1)) for item in fresh})
        self._strips = [made[id(item)] for item in rows]
        self._rows = list(rows)
        line = self._pressed[0] if self._pressed is not None else 0
        if line >= len(rows) or rows[line] is not held:
            self._pressed = None
        self._cursor = (0, self.columns // 2)
        self._resized()

    @property
    def columns(self) -> int:
        """Cells of the longest row."""
        return max((len(item.labels) for item in self._rows), default=0)

    def side(self) -> int:
        """Side of a cell: what fits the width and, down to LARGE_ENOUGH, the height that can be seen."""
        if not self.columns:
            return LEAST
        parent = self.parentWidget()
        height = parent.height() if parent is not None else self.height()
        wide = (self.width() - HEADER) / self.columns - SPACE
        high = max((height - TOP) / max(1, self._expected) - SPACE, LARGE_ENOUGH)
        return int(np.clip(min(wide, high), LEAST, MOST))

    def cell_rect(self, line: int, column: int) -> QRect:
        """Where a cell lies."""
        side = self.side()
        return QRect(HEADER + column * (side + SPACE), TOP + line * (side + SPACE), side, side)

    def sizeHint(self) -> QSize:
        return QSize(HEADER + self.columns * (LEAST + SPACE), TOP + len(self._rows) * (self.side() + SPACE))

    def resizeEvent(self, _event: QEvent) -> None:
        self._resized()

    def _resized(self) -> None:
        self.setMinimumWidth(HEADER + self.columns * (LEAST + SPACE))
        self.setMinimumHeight(TOP + len(self._rows) * (self.side() + SPACE))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        as_drawing = painter.paintEngine().type() == QPaintEngine.Type.SVG
        side = self.side()
        for line, (item, strip) in enumerate(zip(self._rows, self._strips, strict=True)):
            top = TOP + line * (side + SPACE)
            if not event.rect().intersects(QRect(0, top, self.width(), side)):
                continue
            self._paint_header(painter, item, top, side)
            width = strip.height()  # cells are square
            for column in range(len(item.labels)):
                cell = QRect(HEADER + column * (side + SPACE), top, side, side)
                part = QRect(column * width, 0, width, width)
                if as_drawing:  # it would hold the whole strip again for each cell
                    painter.drawImage(cell, strip.copy(part))
                else:
                    painter.drawImage(cell, strip, part)
        painter.setFont(_small(painter.font()))
        painter.setPen(QColor(colours().dim))
        for column, label in enumerate(self._rows[0].labels if self._same_labels() else ()):
            area = QRect(HEADER + column * (side + SPACE), 0, side, TOP)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, label)
        self._paint_frames(painter)

    def _same_labels(self) -> bool:
        return bool(self._rows) and all(item.labels == self._rows[0].labels for item in self._rows)

    def _paint_header(self, painter: QPainter, item: TraversalRow, top: int, side: int) -> None:
        c = colours()
        middle = top + side // 2
        painter.setPen(QColor(c.text))
        title = item.title.replace("_", " ")
        elided = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, HEADER - 12)
        painter.drawText(0, middle - 1, elided)
        base = QRect(0, middle + 6, HEADER - 16 - NUMBER, 4)
        painter.fillRect(base, QColor(c.line))
        largest = max(r.effect for r in self._rows) or 1.0
        painter.fillRect(
            base.adjusted(0, 0, -round(base.width() * (1 - item.effect / largest)), 0), QColor(c.accent)
        )
        font = painter.font()
        painter.setFont(_small(font))
        painter.setPen(QColor(c.dim))
        number = QRect(base.right() + 6, middle, NUMBER, 16)
        painter.drawText(number, Qt.AlignmentFlag.AlignVCenter, effect_words(item.effect))
        painter.setFont(font)

    def _paint_frames(self, painter: QPainter) -> None:
        c = colours()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for cell in (self._hover, self._pressed):
            if cell is not None:
                painter.setPen(QPen(QColor(c.accent), 2))
                painter.drawRect(self.cell_rect(*cell).adjusted(1, 1, -1, -1))
        if self.hasFocus() and self._rows:
            painter.setPen(QPen(QColor(c.text), 1, Qt.PenStyle.DashLine))
            painter.drawRect(self.cell_rect(*self._cursor).adjusted(0, 0, -1, -1))

    def _cell_at(self, point: QPoint) -> tuple[int, int] | None:
        pitch = self.side() + SPACE
        line, column = (point.y() - TOP) // pitch, (point.x() - HEADER) // pitch
        inside = 0 <= line < len(self._rows) and 0 <= column < len(self._rows[line].labels)
        return (line, column) if inside else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position().toPoint())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self._cursor = self._pressed = cell

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """On the cell that was pressed: choose it. Dragged to another one: compare the two."""
        cell, pressed = self._cell_at(event.position().toPoint()), self._pressed
        self._pressed = None
        self.update()
        if pressed is None or cell is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if cell == pressed:
            self.cell_chosen.emit(*cell)
        else:
            self.cells_compared.emit(pressed, cell)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position().toPoint())
        if cell != self._hover:
            self._hover = cell
            self.update()

    def leaveEvent(self, _event: QEvent) -> None:
        self._hover = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }.get(Qt.Key(event.key()))
        if step is not None and self._rows:
            line = min(max(self._cursor[0] + step[0], 0), len(self._rows) - 1)
            column = min(max(self._cursor[1] + step[1], 0), len(self._rows[line].labels) - 1)
            self._cursor = (line, column)
            reveal(self, self.cell_rect(line, column))
            self.update()
            self.setAccessibleDescription(self.words(*self._cursor))
        elif event.key() == Qt.Key.Key_T and not event.modifiers() and self._rows:
            self._enlarge(self._cursor, self.mapToGlobal(self.cell_rect(*self._cursor).center()))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._rows:
            self.cell_chosen.emit(*self._cursor)
        elif event.key() == Qt.Key.Key_C and not event.modifiers() and self._rows:
            self.cells_compared.emit(self._cursor, None)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell, line = self._cell_at(event.pos()), (event.pos().y() - TOP) // (self.side() + SPACE)
            if cell is not None:
                self._enlarge(cell, event.globalPos())
            elif 0 <= line < len(self._rows) and event.pos().x() < HEADER:
                words = f"{self._rows[line].title}: {effect_words(self._rows[line].effect)}\n{EFFECT_TIP}"
                QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _enlarge(self, cell: tuple[int, int], where: QPoint) -> None:
        image = self._rows[cell[0]].images[cell[1]]
        QToolTip.showText(where, enlarged(image, self.words(*cell)), self)

    def words(self, line: int, column: int) -> str:
        """What a cell is, in words."""
        item = self._rows[line]
        return f"{item.title} {item.labels[column]} (effect of the row: {effect_words(item.effect)})"


def effect_words(effect: float) -> str:
    """How much a row changes the picture: a share of the whole range of a pixel."""
    return percent(effect) if effect > 0 else "no effect"


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(8)
    return small


def enlarged(image: Image, text: str) -> str:
    """A picture above a line of text, for a tool tip."""
    large = to_qimage(image)
    factor = max(1, LARGE // max(large.width(), large.height()))
    data, buffer = QByteArray(), QBuffer()
    buffer.setBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    large.scaled(large.size() * factor).save(buffer, "PNG")  # type: ignore[call-overload]
    picture = bytes(data.toBase64().data()).decode("ascii")
    return f'<img src="data:image/png;base64,{picture}"><br>{escape(text)}'


class TraversalView(QWidget):
    """The grid with its controls.

    Signals:
        rows_chosen: "actions" or "variables".
        state_chosen: TraversalRow and column: make this cell the present image.
        compared: two Steps, cells of the grid; the second is None for the present state.
    """

    rows_chosen = Signal(str)
    state_chosen = Signal(object, int)
    compared = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.grid = TraversalGrid()
        self._fresh: list[TraversalRow] = []
        self._open = False  # rows are awaited or there
        self.by_action = button(
            "Actions", "traversal_actions", "Traverse actions", lambda: self._choose("actions")
        )
        self.by_variable = button(
            "Variables", "traversal_variables", "Traverse variables", lambda: self._choose("variables"),
            "The chosen variable and its neighbours, or those with the strongest effects",
        )  # fmt: skip
        for made in (self.by_action, self.by_variable):
            made.setCheckable(True)
            made.setAutoExclusive(True)
        self.by_action.setChecked(True)
        self.status = caption()
        self.status.setObjectName("traversal_status")
        self.empty = EmptyState("No traversal yet", "It appears here as soon as an image is read.")
        scroll = QScrollArea()
        scroll.setObjectName("traversal_scroll")
        scroll.setAccessibleName("Traversal grid, scrollable")
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.grid)
        self._scroll = scroll
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(scroll)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(
            row(heading("Traversal"), self.by_action, self.by_variable, self.status, 1, spacing=6)
        )
        layout.addWidget(self._pages, 1)
        self.grid.cell_chosen.connect(self._on_cell)
        self.grid.cells_compared.connect(self._on_compared)

    def begin(self, rows: int) -> None:
        """New rows are on their way; the old ones stay in sight until then, but take no click."""
        self._fresh, self._open = [], True
        self.grid.expect(rows)
        self.status.setText("traversing…")

    def add_row(self, item: TraversalRow) -> None:
        """One more row; the rows with the largest effect come first when all are there."""
        if not self._open:
            return
        self._fresh.append(item)
        self.grid.set_rows(self._fresh)
        self._pages.setCurrentWidget(self._scroll)

    def finish(self) -> None:
        """All rows are there: sort them by how much they matter. Without any the old ones go."""
        self.status.setText("")
        if self._fresh:
            self.grid.set_rows(sorted(self._fresh, key=lambda item: -item.effect))
        else:
            self.clear()

    def clear(self) -> None:
        """No image; rows that are still on their way are not wanted."""
        self._fresh, self._open = [], False
        self.status.setText("")
        self.grid.clear()
        self._pages.setCurrentWidget(self.empty)

    def rows(self) -> str:
        """Which rows are chosen: "actions" or "variables"."""
        return "actions" if self.by_action.isChecked() else "variables"

    def _choose(self, rows: str) -> None:
        self.rows_chosen.emit(rows)

    def _on_compared(self, first: tuple[int, int], second: tuple[int, int] | None) -> None:
        if self._fresh:
            self.compared.emit(self._step(*first), None if second is None else self._step(*second))

    def _step(self, line: int, column: int) -> Step:
        item = self.grid.rows[line]
        return Step(f"{item.title} {item.labels[column]}", item.codes[column], item.images[column])

    def _on_cell(self, line: int, column: int) -> None:
        if self._fresh:
            self.state_chosen.emit(self.grid.rows[line], column)
