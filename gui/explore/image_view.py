"""Showing images: one view, and the column of four (original, reconstruction, after, difference)."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from engine.results import Image
from gui.theme import colours
from gui.widgets import GAP, caption, named, to_qimage

LEAST = 72  # smallest side of a picture
WASTE = 1.34  # room over size from which single pixels would leave too much of the room empty


class ImageView(QWidget):
    """Paints one image as large as fits, crisp (nearest neighbour, by whole factors) or smooth.

    Signals:
        place_clicked: x and y in 0..1 of the image, and whether Shift or Ctrl is held.

    Attributes:
        placeholder: what is written where there is no image.
    """

    place_clicked = Signal(float, float, bool)

    def __init__(self, object_name: str, accessible_name: str, placeholder: str = "") -> None:
        super().__init__()
        named(self, object_name, accessible_name)
        self._image: Image | None = None
        self._qimage: QImage | None = None
        self.placeholder = placeholder
        self._smooth = False
        self._cells: list[QRectF] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def image(self) -> Image | None:
        """The shown image."""
        return self._image

    def set_image(self, image: Image | None) -> None:
        """Show another image, or the placeholder."""
        self._image = image
        self._qimage = to_qimage(image) if image is not None else None
        self.update()

    def set_placeholder(self, text: str) -> None:
        """Say something else where there is no image."""
        self.placeholder = text
        self.update()

    def set_smooth(self, smooth: bool) -> None:
        """Smooth or crisp scaling."""
        self._smooth = smooth
        self.update()

    def set_cells(self, cells: list[QRectF]) -> None:
        """Frame parts of the image, in 0..1 of its sides."""
        self._cells = cells
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._qimage is None or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        target, at = QRectF(self._target(self._qimage)), event.position()
        if target.contains(at):
            x, y = (at.x() - target.x()) / target.width(), (at.y() - target.y()) / target.height()
            more = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
            self.place_clicked.emit(x, y, bool(event.modifiers() & more))

    def sizeHint(self) -> QSize:
        return QSize(128, 128)

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST, LEAST)

    def _room(self, image: QImage) -> float:
        """By how much it can be enlarged, in pixels of the screen."""
        return min(self.width() / image.width(), self.height() / image.height()) * self.devicePixelRatioF()

    def is_crisp(self, image: QImage) -> bool:
        """Whether its pixels are seen as squares; not where that would leave it at half its size."""
        room = self._room(image)
        return not self._smooth and (1 <= room < WASTE or room >= 2)

    def _target(self, image: QImage) -> QRect:
        """Centred; whole pixel factors when crisp, so that all pixels are of one size."""
        ratio, room = self.devicePixelRatioF(), self._room(image)
        factor = float(int(room)) if self.is_crisp(image) else room
        width, height = int(image.width() * factor / ratio), int(image.height() * factor / ratio)
        return QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._qimage is None:
            side = min(self.width(), self.height())
            box = QRect((self.width() - side) // 2, (self.height() - side) // 2, side, side)
            painter.fillRect(box, QColor(colours().field))
            painter.setPen(QColor(colours().dim))
            painter.drawText(
                box.adjusted(4, 4, -4, -4),
                Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                self.placeholder,
            )
            return
        smooth = not self.is_crisp(self._qimage)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        target = self._target(self._qimage)
        painter.drawImage(target, self._qimage)
        for cell in self._cells:
            frame = QRectF(
                target.x() + cell.x() * target.width(),
                target.y() + cell.y() * target.height(),
                cell.width() * target.width(),
                cell.height() * target.height(),
            )
            for colour, width in (("#000000", 3.0), (colours().accent, 1.5)):  # seen on any picture
                painter.setPen(QPen(QColor(colour), width))
                painter.drawRect(frame)


class ImageColumn(QWidget):
    """The four pictures of Explore, each with its caption.

    Signals:
        place_chosen: x and y in 0..1 of a picture that was clicked, and whether Shift or Ctrl is held.
    """

    place_chosen = Signal(float, float, bool)

    def __init__(self) -> None:
        super().__init__()
        self.original = ImageView("image_original", "Original image", "Loading…")
        self.reconstruction = ImageView("image_reconstruction", "Reconstruction")
        self.after = ImageView("image_after", "Image after the interventions")
        self.difference = ImageView("image_difference", "Difference made by the interventions")
        self._captions: dict[ImageView, QLabel] = {}
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        cells = (
            (self.original, "Original"),
            (self.reconstruction, "Reconstruction"),
            (self.after, "After interventions"),
            (self.difference, "Difference"),
        )
        for view, text in cells:
            label = caption(text)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self._captions[view] = label
            label.setParent(self)
            view.setParent(self)
            view.place_clicked.connect(self.place_chosen)

    def _line(self) -> int:
        """Height of a caption."""
        return self._captions[self.original].sizeHint().height() + 2

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        """Two rows of squares, each below its caption."""
        return 2 * ((width - GAP) // 2 + self._line()) + GAP

    def sizeHint(self) -> QSize:
        return QSize(2 * 128 + GAP, self.heightForWidth(2 * 128 + GAP))

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * LEAST + GAP, self.heightForWidth(2 * LEAST + GAP))

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """All four of one size, whatever room there is: pictures that are compared must compare."""
        across, line = (self.width() - GAP) // 2, self._line()
        side = max(LEAST, min(across, (self.height() - GAP) // 2 - line))
        for place, (view, label) in enumerate(self._captions.items()):
            x, y = (place % 2) * (across + GAP), (place // 2) * (side + line + GAP)
            label.setGeometry(x, y, across, line - 2)
            view.setGeometry(x + (across - side) // 2, y + line, side, side)

    def set_smooth(self, smooth: bool) -> None:
        """Smooth or crisp, all four."""
        for view in self._captions:
            view.set_smooth(smooth)

    def set_cells(self, cells: list[QRectF]) -> None:
        """Frame cells of the latent grid in all four, in 0..1 of their sides."""
        for view in self._captions:
            view.set_cells(cells)

    def set_original(self, image: Image | None) -> None:
        """The image itself."""
        self.original.set_image(image)

    def set_reconstruction(self, image: Image | None, psnr_db: float | None = None) -> None:
        """What the model makes of it without an intervention."""
        self.reconstruction.set_image(image)
        suffix = f" · {psnr_db:.1f} dB" if psnr_db is not None else ""
        self._captions[self.reconstruction].setText(f"Reconstruction{suffix}")

    def set_after(self, image: Image | None) -> None:
        """The image after the interventions, and where it differs from the reconstruction."""
        self.after.set_image(image)
        self.after.repaint()  # it is what was waited for: not after all that follows from it
        before = self.reconstruction.image
        if before is None or image is None:
            self.difference.set_image(None)
            self._captions[self.difference].setText("Difference")
            return
        self.difference.set_image(difference(before, image))
        most = int(np.abs(image.astype(np.int16) - before).max())
        self._captions[self.difference].setText(f"Difference · up to ±{most}" if most else "No difference")
        self.difference.setToolTip(
            "Mid grey is no change; the largest change of a channel, of 255, stands above"
        )


def difference(before: Image, after: Image) -> Image:
    """Mid grey where nothing changed; brighter or darker by the signed change of each channel."""
    change = after.astype(np.int16) - before.astype(np.int16)
    return np.clip(128 + change, 0, 255).astype(np.uint8)
