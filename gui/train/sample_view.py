"""The pictures that a run saves of the same validation images, with a slider back through time."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QSlider, QVBoxLayout, QWidget

from engine.events import SampleSaved
from gui.pictures import paint_picture
from gui.widgets import caption, heading, named, row, tool_button
from gui.words import count, duration


class PictureArea(QWidget):
    """One picture file, as large as it fits."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = QImage()
        self.words = ""
        self.setMinimumSize(120, 100)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(260, 240)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect())
        if not self.picture.isNull():
            paint_picture(painter, self.picture, area)
            return
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        painter.drawText(area.adjusted(10, 10, -10, -10), flags, self.words)


class SampleView(QWidget):
    """All sample pictures of the run on show; the newest unless the slider was moved back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = Path()
        self._samples: list[SampleSaved] = []
        self.area = named(PictureArea(), "train_sample", "Sample picture")
        self.slider = named(
            QSlider(Qt.Orientation.Horizontal), "train_sample_slider", "Time of the sample picture"
        )
        self.slider.setToolTip("Back through the run's pictures")
        self.slider.valueChanged.connect(self._show)
        self.newest = tool_button(
            "Newest", "train_sample_newest", "Go to the newest sample picture", self._to_newest
        )
        self.when = named(caption(), "train_sample_when", "When the picture was taken")
        self.when.setMinimumWidth(10)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(heading("Samples"))
        layout.addWidget(self.area, 1)
        bar = row(self.slider, self.newest)
        bar.setStretch(0, 1)
        layout.addLayout(bar)
        layout.addWidget(self.when)
        self.set_run(None)

    def set_run(self, folder: Path | None) -> None:
        """Another run's pictures; None empties the view."""
        self._folder = folder or Path()
        self._samples = []
        self.area.words = (
            "The first picture comes with the first validation."
            if folder
            else ("Pictures of the same validation images appear here while a run trains.")
        )
        self.slider.setRange(0, 0)
        self._show(0)

    def add(self, event: SampleSaved) -> None:
        """A new picture; shown at once when the slider stands at the newest."""
        at_newest = self.slider.value() >= self.slider.maximum()
        # a resumed run takes its pictures again from the checkpoint on
        self._samples = [sample for sample in self._samples if sample.path != event.path]
        self._samples.append(event)
        self.slider.setRange(0, len(self._samples) - 1)
        if at_newest:
            self._to_newest()
        else:
            self._show(self.slider.value())

    def count(self) -> int:
        """How many pictures there are."""
        return len(self._samples)

    def _to_newest(self) -> None:
        self.slider.setValue(self.slider.maximum())
        self._show(self.slider.value())

    def _show(self, index: int) -> None:
        several = len(self._samples) > 1
        self.slider.setEnabled(several)
        self.newest.setEnabled(several and index < len(self._samples) - 1)
        if not self._samples:
            self.area.picture = QImage()
            self.when.setText("")
        else:
            index = min(index, len(self._samples) - 1)
            sample = self._samples[index]
            path = self._folder / sample.path
            self.area.picture = QImage(str(path))
            self.area.words = f"{path.name} could not be read; it may have been deleted."
            place = f"{index + 1} of {len(self._samples)}"
            when = f"step {count(sample.step)}, after {duration(sample.elapsed_s)}"
            self.when.setText(f"{place}: {sample.phase} phase, {when}")
        self.area.update()
