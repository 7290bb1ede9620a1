"""What each action makes of one validation image: small named pictures in rows, as large as they fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QImage, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.pictures import paint_picture, to_qimage
from gui.words import readable_action

SPACE = 3.0  # around a picture, in device-independent pixels
BEFORE, RECONSTRUCTION, AFTER = "before", "reconstruction", "true after"
NEEDED = ("before", "reconstruction", "after", "true_action", "acted", "action_names")


@dataclass(frozen=True)
class ActionTile:
    """One picture.

    Attributes:
        words: what the tool tip says.
        marked: the action that the image after was really made by, and that image.
    """

    picture: QImage
    label: str
    words: str
    marked: bool = False


def action_tiles(arrays: Mapping[str, npt.NDArray[Any]], image: int) -> list[ActionTile]:
    """Before, reconstruction, each action, and the true image after, of one of the saved images.

    Args:
        arrays: those beside a sample picture: see engine/phases.py.
        image: which of the saved ones.
    """
    true = int(arrays["true_action"][image])
    tiles = [
        ActionTile(to_qimage(arrays["before"][image]), BEFORE, "the validation image"),
        ActionTile(to_qimage(arrays["reconstruction"][image]), RECONSTRUCTION, "its codes, decoded"),
    ]
    for action, name in enumerate(map(str, arrays["action_names"])):
        label = readable_action(name)
        words = f"what the model makes of {label}"
        if action == true:
            words += f"; compare with {AFTER}"
        tiles.append(ActionTile(to_qimage(arrays["acted"][image][action]), label, words, action == true))
    label = readable_action(str(arrays["action_names"][true]))
    tiles.append(ActionTile(to_qimage(arrays["after"][image]), AFTER, f"the image after {label}", True))
    return tiles


class ActionTiles(QWidget):
    """The tiles of one image; what was really done is framed, and so is where it leads."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles: Sequence[ActionTile] = ()
        self.setMinimumSize(120, 100)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(260, 240)

    def set_tiles(self, tiles: Sequence[ActionTile]) -> None:
        """Show others."""
        self.tiles = tiles
        self.setAccessibleDescription(", ".join(tile.label for tile in tiles))
        self.update()

    def places(self) -> Iterator[tuple[ActionTile, QRectF]]:
        """Each tile with the area of its picture and label."""
        if not self.tiles:
            return
        columns = best_columns(len(self.tiles), self.width(), self.height(), self._label_height())
        width, height = self.width() / columns, self.height() / math.ceil(len(self.tiles) / columns)
        for at, tile in enumerate(self.tiles):
            row, column = divmod(at, columns)
            yield tile, QRectF(column * width, row * height, width, height)

    def event(self, event: QEvent) -> bool:
        """A tool tip for the tile under the pointer."""
        if isinstance(event, QHelpEvent):
            tile = self.tile_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), f"{tile.label}: {tile.words}" if tile else "", self)
            return True
        return super().event(event)

    def tile_at(self, point: QPointF) -> ActionTile | None:
        """The tile at a point of the widget."""
        return next((tile for tile, area in self.places() if area.contains(point)), None)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics, label_height = QFontMetricsF(self._small_font()), self._label_height()
        painter.setFont(self._small_font())
        text, accent = (
            self.palette().color(role) for role in (QPalette.ColorRole.Text, QPalette.ColorRole.Highlight)
        )
        for tile, area in self.places():
            inner = area.adjusted(SPACE, SPACE, -SPACE, -SPACE - label_height)
            if inner.width() < 1 or inner.height() < 1:
                continue
            drawn = paint_picture(painter, tile.picture, inner)
            if tile.marked:
                painter.setPen(QPen(accent, 2))
                painter.drawRect(drawn)
            painter.setPen(text)
            under = QRectF(area.left(), drawn.bottom() + 1, area.width(), label_height)
            label = metrics.elidedText(tile.label, Qt.TextElideMode.ElideMiddle, area.width() - 2)
            painter.drawText(under, int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop), label)

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(max(6.5, font.pointSizeF() * 0.8))
        return font

    def _label_height(self) -> float:
        return QFontMetricsF(self._small_font()).height()


def best_columns(number: int, width: float, height: float, label_height: float) -> int:
    """The number of columns with which square pictures and a line below each are largest."""

    def side(columns: int) -> float:
        rows = math.ceil(number / columns)
        return min(width / columns, height / rows - label_height)

    return max(range(1, number + 1), key=side)
