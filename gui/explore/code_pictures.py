"""What a code looks like and where it occurs: examples with their cell outlined, and a map of the grid."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.results import FloatArray, Image
from gui.theme import colours
from gui.widgets import named, to_qimage
from gui.words import percent

SIDE, SPACE = 72, 6
Box = tuple[int, int, int, int]


class ExampleCrops(QWidget):
    """Parts of images in rows that fill the width; in each, one cell is outlined."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "gallery_examples", "Parts of real images that have the code")
        self.boxes: tuple[Box, ...] = ()
        self._pictures: list[QImage] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fit_height()

    def set_examples(self, crops: tuple[Image, ...], boxes: tuple[Box, ...]) -> None:
        """Images [height, width, 3], and the outlined cell in each: left, top, width, height in pixels."""
        self._pictures = [to_qimage(np.ascontiguousarray(part)) for part in crops]
        self.boxes = boxes
        self._fit_height()
        self.update()

    def _across(self) -> int:
        return max(1, (self.width() + SPACE) // (SIDE + SPACE))

    def _fit_height(self) -> None:
        lines = max(1, -(-len(self._pictures) // self._across()))
        self.setFixedHeight(lines * (SIDE + SPACE) - SPACE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_height()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        c, across = colours(), self._across()
        if not self._pictures:
            painter.setPen(QColor(c.dim))
            words = "None of the images that were read has this code."
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, words)
        for place, (picture, box) in enumerate(zip(self._pictures, self.boxes, strict=True)):
            corner = QPoint(place % across * (SIDE + SPACE), place // across * (SIDE + SPACE))
            square = QRectF(corner.x(), corner.y(), SIDE, SIDE)
            painter.drawImage(square, picture)
            outline = cell_in(square, picture, box)
            painter.setPen(QPen(QColor(c.panel), 4))  # seen on any picture: light in dark, dark in light
            painter.drawRect(outline)
            painter.setPen(QPen(QColor(c.moved), 2))
            painter.drawRect(outline)


def cell_in(square: QRectF, picture: QImage, box: Box) -> QRectF:
    """Where the box of a picture lies when the picture is drawn into a square."""
    across, down = square.width() / picture.width(), square.height() / picture.height()
    left, top, wide, tall = box
    return QRectF(square.left() + left * across, square.top() + top * down, wide * across, tall * down)


class HeatMap(QWidget):
    """In what share of images each cell of the latent grid has the code.

    Signals:
        cell_chosen: cell (row, column flattened), clicked.
    """

    cell_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        named(self, "gallery_map", "Share of images that have the code at each cell")
        self.heat: FloatArray = np.zeros((0, 0), np.float32)
        self._cell: int | None = None
        self.setMinimumSize(170, 170)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(220, 220)

    def set_heat(self, heat: FloatArray, cell: int | None) -> None:
        """Shares in 0..1, [H,W]; `cell` is outlined. The largest share has the full colour."""
        self.heat, self._cell = heat, cell
        self.update()

    def cell_rect(self, cell: int) -> QRectF:
        """Where a cell lies; cells are square, from the top left."""
        rows, columns = self.heat.shape
        side = min(self.width() / columns, self.height() / rows)
        row, column = divmod(cell, columns)
        return QRectF(column * side, row * side, side, side)

    def words(self, cell: int) -> str:
        """A cell's share of images, as its tool tip says it."""
        row, column = divmod(cell, self.heat.shape[1])
        return f"row {row}, column {column}: {percent(float(self.heat[row, column]))} of the images"

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, top = colours(), float(self.heat.max()) if self.heat.size else 0.0
        for cell, share in enumerate(self.heat.ravel().tolist()):
            painter.fillRect(self.cell_rect(cell).adjusted(0.5, 0.5, -0.5, -0.5), QColor(c.field))
            shade = QColor(c.accent)
            shade.setAlphaF(share / top if top > 0 else 0.0)
            painter.fillRect(self.cell_rect(cell).adjusted(0.5, 0.5, -0.5, -0.5), shade)
        if self._cell is not None and self.heat.size:
            painter.setPen(QPen(QColor(c.panel), 4))
            painter.drawRect(self.cell_rect(self._cell).adjusted(1, 1, -1, -1))
            painter.setPen(QPen(QColor(c.moved), 2))
            painter.drawRect(self.cell_rect(self._cell).adjusted(1, 1, -1, -1))

    def _cell_at(self, point: QPointF) -> int | None:
        return next((cell for cell in range(self.heat.size) if self.cell_rect(cell).contains(point)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.cell_chosen.emit(cell)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self._cell_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.words(cell) if cell is not None else "", self)
            return True
        return super().event(event)
