"""Between numpy images and Qt pictures, and the tile that shows one image.

Images are uint8 [height, width, channels] with 1, 3 or 4 channels.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

Image = npt.NDArray[np.uint8]
DIFFERENCE_GAIN = 3


def to_qimage(image: Image) -> QImage:
    """A QImage that owns its pixels.

    Raises:
        ValueError: the array is not [height, width, 1, 3 or 4 channels] of uint8.
    """
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4) or image.dtype != np.uint8:
        raise ValueError(f"expected uint8 [height, width, channels], got {image.dtype} {image.shape}")
    height, width, channels = image.shape
    formats = {
        1: QImage.Format.Format_Grayscale8,
        3: QImage.Format.Format_RGB888,
        4: QImage.Format.Format_RGBA8888,
    }
    pixels = np.ascontiguousarray(image)
    # copy(): the QImage would otherwise point into memory that numpy frees
    return QImage(pixels.data, width, height, channels * width, formats[channels]).copy()


def to_array(picture: QImage) -> Image:
    """A picture (from the clipboard or a drop) as uint8 [height, width, 4], RGBA."""
    rgba = picture.convertToFormat(QImage.Format.Format_RGBA8888)
    height, width = rgba.height(), rgba.width()
    flat = np.frombuffer(rgba.constBits(), dtype=np.uint8).reshape(height, rgba.bytesPerLine())
    return flat[:, : 4 * width].reshape(height, width, 4).copy()


@cache
def _difference_table() -> Image:
    import pyqtgraph as pg  # takes a quarter of the window's start, which does not need it

    table: Image = pg.colormap.get("inferno").getLookupTable(0.0, 1.0, 256)[:, :3].astype(np.uint8)
    return table


def difference_map(first: Image, second: Image) -> Image:
    """Where two images of one shape differ: mean absolute difference over the channels, dark to bright.

    Multiplied by DIFFERENCE_GAIN, so that the small differences of a good prediction can be seen.

    Raises:
        ValueError: the shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"images of two shapes: {first.shape} and {second.shape}")
    distance = np.abs(first.astype(np.int16) - second.astype(np.int16)).mean(axis=2)
    return _difference_table()[np.minimum(DIFFERENCE_GAIN * distance, 255).astype(np.uint8)]


def paint_picture(painter: QPainter, picture: QImage, area: QRectF) -> QRectF:
    """Draw a picture as large as it fits in the middle of an area; returns where it went."""
    scale = min(area.width() / picture.width(), area.height() / picture.height())
    width, height = picture.width() * scale, picture.height() * scale
    target = QRectF(area.center().x() - width / 2, area.center().y() - height / 2, width, height)
    # Small images keep their pixels visible; pictures that shrink are smoothed.
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
    painter.drawImage(target, picture)
    return target


def bands(picture: QSize, columns: int, area: QSizeF) -> list[tuple[QRect, QRectF]]:
    """How a wide picture of columns fills an area best: cut into bands of whole columns below each other.

    Args:
        picture: its size.
        columns: of equal width, that belong together.
        area: where it is to be.

    Returns:
        A part of the picture and its place in the area, each band.
    """
    width, height = picture.width(), picture.height()
    gap = height / 8 if columns > 1 else 0.0

    def scale(count: int) -> float:
        return min(area.width() * count / width, area.height() / (count * (height + gap) - gap))

    count = max((n for n in range(1, columns + 1) if columns % n == 0), key=scale, default=1)
    part, size = width // count, scale(count)
    left = (area.width() - part * size) / 2
    top = (area.height() - (count * (height + gap) - gap) * size) / 2
    return [
        (
            QRect(number * part, 0, part, height),
            QRectF(left, top + number * (height + gap) * size, part * size, height * size),
        )
        for number in range(count)
    ]


class PictureTile(QWidget):
    """One image, as large as it fits, or a few words about what belongs there.

    Attributes:
        placeholder: the words shown while there is no image.
    """

    def __init__(self, placeholder: str = "", minimum: int = 72, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.placeholder = placeholder
        self._image: Image | None = None
        self._picture: QImage | None = None
        self._minimum = minimum
        self.highlighted = False
        self.setMinimumSize(minimum, minimum)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(2 * self._minimum, 2 * self._minimum)

    def image(self) -> Image | None:
        """The image on show."""
        return self._image

    def set_image(self, image: Image | None) -> None:
        """Show an image, or the placeholder for None."""
        self._image = image
        self._picture = None if image is None else to_qimage(image)
        self.update()

    def set_picture(self, picture: QImage | None) -> None:
        """The same for a picture of Qt's; `image` is None then."""
        self._image, self._picture = None, picture
        self.update()

    def set_highlighted(self, on: bool) -> None:
        """Draw the frame of a drop target or a chosen tile."""
        self.highlighted = on
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        if self._picture is not None:
            area = paint_picture(painter, self._picture, area)
        else:
            self._paint_placeholder(painter, area)
        if self.highlighted or self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area)

    def _paint_placeholder(self, painter: QPainter, area: QRectF) -> None:
        edge = QColor(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(edge, 1, Qt.PenStyle.DashLine))
        side = min(area.width(), area.height())
        square = QRectF(area.center().x() - side / 2, area.center().y() - side / 2, side, side)
        area = square if side > 80 else area
        painter.drawRoundedRect(area, 6, 6)
        painter.setPen(edge)
        painter.drawText(
            area.adjusted(8, 8, -8, -8),
            int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap),
            self.placeholder,
        )
