"""Where the cells of the confusion matrix lie: all in sight where they fit, else a least size, scrolled."""

from __future__ import annotations

import math
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSizeF

Cell = tuple[int, int]  # row, column: true action, answer
LEAST = 6.0  # side of a cell that can still be clicked; smaller ones are scrolled instead
BAR = 10  # breadth of a scroll bar, as the style sheet has it
TOP = RIGHT = 4.0
ROUNDING = 0.01  # how much of a pixel may be lost to floating point


class Frame(NamedTuple):
    """Where the first cell begins, and the side of each."""

    left: float
    top: float
    side: float

    def cell(self, row: int, column: int) -> QRectF:
        """Where a cell is."""
        return QRectF(self.left + column * self.side, self.top + row * self.side, self.side, self.side)


class Places(NamedTuple):
    """The parts of the widget.

    Attributes:
        frame: of the cells; the first ones may lie outside `shown`.
        shown: where cells are seen.
        under: where the words below the cells begin.
        actions: rows and columns of the matrix.
    """

    frame: Frame
    shown: QRectF
    under: float
    actions: int

    def hidden(self) -> tuple[int, int]:
        """How far the cells can be scrolled, across and down, in pixels."""
        full = self.frame.side * self.actions - ROUNDING
        return (
            max(0, math.ceil(full - self.shown.width())),
            max(0, math.ceil(full - self.shown.height())),
        )

    def cell_at(self, point: QPointF) -> Cell | None:
        """The cell that is seen at a point."""
        if not self.shown.contains(point):
            return None
        row = int((point.y() - self.frame.top) // self.frame.side)
        column = int((point.x() - self.frame.left) // self.frame.side)
        return (row, column) if max(row, column) < self.actions else None

    def rows(self) -> range:
        """Those of which something is seen."""
        return self._seen(self.shown.top() - self.frame.top, self.shown.height())

    def columns(self) -> range:
        """The same across."""
        return self._seen(self.shown.left() - self.frame.left, self.shown.width())

    def _seen(self, start: float, length: float) -> range:
        first = int((start + ROUNDING) // self.frame.side)
        return range(first, min(self.actions, math.ceil((start + length - ROUNDING) / self.frame.side)))

    def way_to(self, cell: Cell) -> tuple[int, int]:
        """How much farther to scroll, across and down, until a cell is seen."""
        place, shown = self.frame.cell(*cell), self.shown
        return (
            _outside(place.left(), place.right(), shown.left(), shown.right()),
            _outside(place.top(), place.bottom(), shown.top(), shown.bottom()),
        )


def place(
    size: QSizeF, names: float, words: float, actions: int, scrolled: tuple[int, int], least: float = LEAST
) -> Places:
    """Lay the matrix out: names to the left, cells, and words below.

    Args:
        size: of the widget.
        names: width that the names want.
        words: height that the words take.
        actions: rows and columns.
        scrolled: across and down, in pixels, where the cells do not fit.
        least: side that a cell has at least.
    """
    left, actions = min(names, 0.4 * size.width()), max(1, actions)
    width, height = size.width() - left - RIGHT, size.height() - words - TOP
    side = min(width, height) / actions
    if side >= least:
        full = side * actions
        return Places(Frame(left, TOP, side), QRectF(left, TOP, full, full), TOP + full, actions)
    full = least * actions
    shown = QRectF(left, TOP, max(least, min(full, width - BAR)), max(least, min(full, height - BAR)))
    across, down = min(scrolled[0], full - shown.width()), min(scrolled[1], full - shown.height())
    return Places(Frame(left - across, TOP - down, least), shown, shown.bottom() + BAR, actions)


def _outside(first: float, last: float, start: float, end: float) -> int:
    """How far a stretch lies before (negative) or behind another, in whole pixels."""
    if first < start:
        return math.floor(first - start)
    return max(0, math.ceil(last - end - ROUNDING))
