"""Ten images with their labels beside them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from engine.results import Image
from gui.widgets import GAP, caption, named, to_pixmap

SIDE = 64
PER_ROW = 5
ELIDE = Qt.TextElideMode.ElideRight
LINES = 4  # of labels beside an image; the others are in its tool tip


class Example(QWidget):
    """An image and its labels."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._labels: tuple[tuple[str, str], ...] = ()
        self.picture = named(QLabel(), f"own_example_{number}", f"Example image {number + 1}")
        self.picture.setFixedSize(SIDE, SIDE)
        self.words = caption()
        self.words.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(GAP)
        layout.addWidget(self.picture, 0, 0)
        layout.addWidget(self.words, 0, 1)
        layout.setColumnStretch(1, 1)

    def set_image(self, image: Image) -> None:
        """Show an image, uint8 [h, w, 3]."""
        self.picture.setPixmap(to_pixmap(image, SIDE, smooth=True, ratio=self.devicePixelRatioF()))

    def set_labels(self, labels: Sequence[tuple[str, str]]) -> None:
        """Say what is known of it: names of factors with their values."""
        self._labels = tuple(labels)
        self._write()
        for widget in (self.picture, self.words):
            widget.setToolTip("\n".join(f"{name}: {value}" for name, value in labels))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._write()

    def _write(self) -> None:
        shown = [self._line(name, value) for name, value in self._labels[:LINES]]
        if len(self._labels) > LINES:
            shown[-1] = f"and {len(self._labels) - LINES + 1} more"
        self.words.setText("\n".join(shown))

    def _line(self, name: str, value: str) -> str:
        """As much of the name as there is room for beside the value."""
        fit, width = self.words.fontMetrics(), self.width() - SIDE - GAP
        end = f": {value}"
        left = max(width - fit.horizontalAdvance(end), width // 3)
        return fit.elidedText(fit.elidedText(name, ELIDE, left) + end, ELIDE, width)


class ExampleStrip(QWidget):
    """Up to ten images, five in a row; or five pairs."""

    def __init__(self) -> None:
        super().__init__()
        self.examples: list[Example] = []
        self._labels: tuple[tuple[str, ...], ...] = ()
        self._names: tuple[str, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        for place in range(PER_ROW):
            self._grid.setColumnStretch(place, 1)

    def set_examples(
        self, images: Image, labels: tuple[tuple[str, ...], ...], in_pairs: bool = False
    ) -> None:
        """Show images uint8 [n, h, w, 3] with the entry of each column; of pairs the two below each other."""
        for old in self.examples:
            self._grid.removeWidget(old)
            old.deleteLater()
        self.examples, self._labels = [], labels
        for number, image in enumerate(images):
            made = Example(number)
            made.set_image(image)
            place = (number % 2, number // 2) if in_pairs else divmod(number, PER_ROW)
            self._grid.addWidget(made, *place)
            self.examples.append(made)

    def set_names(self, names: tuple[str, ...]) -> None:
        """The name of each column's factor; "" leaves its labels out."""
        self._names = names
        self._write()

    def _write(self) -> None:
        for example, entries in zip(self.examples, self._labels, strict=True):
            named_entries = zip(self._names, entries, strict=False)
            example.set_labels([(name, entry) for name, entry in named_entries if name])
