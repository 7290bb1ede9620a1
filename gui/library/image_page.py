"""A page of example images in one picture, with the factor values under the pointer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from datasets.factors import FactorSpace
from gui.pictures import to_qimage
from gui.replies import Browsed
from gui.widgets import caption, named, row, tool_button
from gui.words import count, readable

PAGE = 48
GAP = 4


class ImageGrid(QWidget):
    """Images in rows, as large as all of them fit."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[QImage] = []
        self.words: list[str] = []
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(640, 400)

    def set_images(self, pictures: list[QImage], words: list[str]) -> None:
        """Show pictures, each with the words of its tool tip."""
        self.pictures, self.words = pictures, words
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for index, picture in enumerate(self.pictures):
            painter.drawImage(self._cell(index), picture)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.index_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if index is None else self.words[index], self)
            return True
        return super().event(event)

    def index_at(self, point: QPointF) -> int | None:
        """The image under a point."""
        return next((i for i in range(len(self.pictures)) if self._cell(i).contains(point)), None)

    def _columns(self) -> int:
        """The number of columns that makes the cells largest."""
        number = max(1, len(self.pictures))
        return max(range(1, number + 1), key=lambda columns: self._side(columns, number))

    def _side(self, columns: int, number: int) -> float:
        rows = -(-number // columns)
        return min((self.width() + GAP) / columns, (self.height() + GAP) / rows) - GAP

    def _cell(self, index: int) -> QRectF:
        columns = self._columns()
        side = self._side(columns, len(self.pictures))
        return QRectF(index % columns * (side + GAP), index // columns * (side + GAP), side, side)


class ImagePage(QWidget):
    """The grid with its page buttons.

    Signals:
        start_requested(start): show the page from this position on.
    """

    start_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._start = self._total = 0
        self.grid = named(ImageGrid(), "library_images", "Example images")
        self.where = named(caption(), "library_page_words", "Which images are shown")
        self.previous = tool_button(
            "\N{LEFTWARDS ARROW}", "library_previous_page", "Previous page of images", lambda: self._turn(-1)
        )
        self.next = tool_button(
            "\N{RIGHTWARDS ARROW}", "library_next_page", "Next page of images", lambda: self._turn(1)
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.grid, 1)
        layout.addLayout(row(self.previous, self.next, self.where, 1, spacing=4))
        self.clear()

    def clear(self) -> None:
        """No images yet."""
        self._start = self._total = 0
        self.grid.set_images([], [])
        self.where.setText("Reading images\N{HORIZONTAL ELLIPSIS}")
        self._update_buttons()

    def set_page(self, page: Browsed, space: FactorSpace) -> None:
        """Show a page; `space` names the factor values of the tool tips."""
        self._start, self._total = page.start, page.total
        # Values below 0: the cache has no factor labels.
        words = [
            "\n".join([f"image {int(number)}", *(values_words(values, space) if (values >= 0).all() else ())])
            for number, values in zip(page.rows, page.factors, strict=True)
        ]
        self.grid.set_images([to_qimage(image) for image in page.images], words)
        last = min(page.start + len(page.images), page.total)
        self.where.setText(
            f"{count(page.start + 1)} to {count(last)} of {count(page.total)}; hover for factor values"
        )
        self._update_buttons()

    def _turn(self, pages: int) -> None:
        self.start_requested.emit(max(0, self._start + pages * PAGE))

    def _update_buttons(self) -> None:
        self.previous.setEnabled(self._start > 0)
        self.next.setEnabled(self._start + PAGE < self._total)


def values_words(values, space: FactorSpace) -> list[str]:  # type: ignore[no-untyped-def]
    """Factor values [F] in words, one line a factor."""
    return [
        f"{readable(factor.name)}: {factor.values[int(value)]}"
        for factor, value in zip(space.factors, values, strict=True)
    ]
