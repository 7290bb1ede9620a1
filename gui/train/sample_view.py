"""What a run saves of its progress, with a slider back through time: images, its graph, its codes in use."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QComboBox, QSizePolicy, QSlider, QVBoxLayout, QWidget

from engine.events import SampleSaved
from gui.pictures import bands, paint_picture, to_qimage
from gui.train.action_tiles import NEEDED, ActionTile, ActionTiles, action_tiles
from gui.train.progress_pictures import graph_picture, graph_words, use_picture, use_words
from gui.widgets import caption, heading, named, row, tool_button
from gui.words import count, duration

IMAGES, ACTIONS, GRAPH, CODES = "images", "each action", "average graph", "codes in use"
KINDS = (IMAGES, ACTIONS, GRAPH, CODES)
NO_GRAPH = "The graph forms in the transition phase; it comes with that phase's first validation."
NO_ACTIONS = "Actions are learned in the transition phase; they come with that phase's first validation."
NOT_SAVED = "None was saved for this run."


ROWS = {"autoencoder": 2, "transition": 3}  # of a phase's pictures


def _columns(picture: QImage, rows: int) -> int:
    """How many square images lie beside each other; 1 where they are not square."""
    side = picture.height() // rows
    return picture.width() // side if side and picture.width() % side == 0 else 1


class PictureArea(QWidget):
    """One picture file, as large as it fits.

    Attributes:
        columns: of the picture, that may stand below each other; 1 for one that stays whole.
    """

    def __init__(self) -> None:
        super().__init__()
        self.picture, self.columns = QImage(), 1
        self.words = ""
        self.setMinimumSize(120, 100)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(260, 240)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect())
        if not self.picture.isNull():
            for part, place in bands(self.picture.size(), self.columns, area.size()):
                paint_picture(painter, self.picture.copy(part), place)
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
        self._holds: dict[str, frozenset[str]] = {}  # the names of the arrays that a sample has
        self.area = named(PictureArea(), "train_sample", "Sample picture")
        self.tiles = named(ActionTiles(), "train_sample_actions", "What each action makes of an image")
        self.tiles.hide()
        self.image = named(QComboBox(), "train_sample_image", "Which image the actions are done to")
        self.image.setToolTip("The validation image that all actions are done to")
        self.image.currentIndexChanged.connect(self._show_again)
        self.image.hide()
        self.kind = named(QComboBox(), "train_sample_kind", "What is shown of the run's progress")
        self.kind.addItems(KINDS)
        self.kind.setToolTip(
            "Validation images, what each action makes of one, the base graph on average over\n"
            "validation images, or how often each code is used"
        )
        self.kind.currentIndexChanged.connect(self._show_again)
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
        layout.addLayout(row(heading("Samples"), 1, self.image, self.kind))
        layout.addWidget(self.area, 1)
        layout.addWidget(self.tiles, 1)
        bar = row(self.slider, self.newest)
        bar.setStretch(0, 1)
        layout.addLayout(bar)
        layout.addWidget(self.when)
        self.set_run(None)

    def set_run(self, folder: Path | None) -> None:
        """Another run's pictures; None empties the view."""
        self._folder = folder or Path()
        self._samples, self._holds = [], {}
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
        self._holds.pop(event.path, None)
        self.slider.setRange(0, len(self._samples) - 1)
        if at_newest:
            self._to_newest()
        else:
            self._show(self.slider.value())

    def count(self) -> int:
        """How many pictures there are."""
        return len(self._samples)

    def _show_again(self) -> None:
        self._show(self.slider.value())

    def _to_newest(self) -> None:
        self.slider.setValue(self.slider.maximum())
        self._show(self.slider.value())

    def _show(self, index: int) -> None:
        several = len(self._samples) > 1
        self.slider.setEnabled(several)
        self.newest.setEnabled(several and index < len(self._samples) - 1)
        self._show_tiles([])
        if not self._samples:
            self.area.picture = QImage()
            self.when.setText("")
        else:
            index = min(index, len(self._samples) - 1)
            sample = self._samples[index]
            place = f"{index + 1} of {len(self._samples)}"
            when = f"step {count(sample.step)}, after {duration(sample.elapsed_s)}"
            said = self._draw(index)
            self.when.setText(f"{place}: {sample.phase} phase, {when}{said}")
        self.area.update()

    def _draw(self, index: int) -> str:
        """The chosen kind of picture at a time; returns what is to be said of it."""
        path = self._folder / self._samples[index].path
        self.area.words = f"{path.name} could not be read; it may have been deleted."
        if self.kind.currentText() == IMAGES:
            self.area.picture = QImage(str(path))
            self.area.columns = _columns(self.area.picture, ROWS.get(self._samples[index].phase, 1))
            return ""
        self.area.picture, self.area.columns = QImage(), 1
        if self.kind.currentText() == ACTIONS:
            return self._draw_actions(index)
        graph = self.kind.currentText() == GRAPH
        key = "graph" if graph else "codes"
        found = self._newest((key,), index)
        if not found:
            self.area.words = NO_GRAPH if graph and self._too_early(index) else NOT_SAVED
            return ""
        values = np.asarray(found[key], np.float64)
        self.area.picture = to_qimage(graph_picture(values) if graph else use_picture(values))
        return f"\n{graph_words(values) if graph else use_words(values)}"

    def _draw_actions(self, index: int) -> str:
        """Each action done to one image at a time."""
        found = self._newest(NEEDED, index)
        if not found:
            self.area.words = NO_ACTIONS if self._too_early(index) else NOT_SAVED
            return ""
        images = len(found["acted"])
        if self.image.count() != images:
            with QSignalBlocker(self.image):
                self.image.clear()
                self.image.addItems([f"image {number + 1}" for number in range(images)])
        self._show_tiles(action_tiles(found, self.image.currentIndex()))
        return "\nFramed: what was really done, and where it leads"

    def _too_early(self, index: int) -> bool:
        """Whether the transition phase was still to come."""
        return self._samples[index].phase != "transition"

    def _show_tiles(self, tiles: list[ActionTile]) -> None:
        """In the place of the picture; nothing where there are none."""
        self.tiles.set_tiles(tiles)
        self.tiles.setVisible(bool(tiles))
        self.image.setVisible(bool(tiles))
        self.area.setVisible(not tiles)

    def _newest(self, keys: Sequence[str], index: int) -> dict[str, npt.NDArray[Any]]:
        """Arrays of the sample at `index`, or of the last one before it that has them; else none."""
        for sample in reversed(self._samples[: index + 1]):
            if not self._holds.get(sample.path, frozenset(keys)).issuperset(keys):
                continue  # it was looked into before
            try:
                with np.load((self._folder / sample.path).with_suffix(".npz"), allow_pickle=False) as arrays:
                    self._holds[sample.path] = frozenset(arrays.files)
                    if self._holds[sample.path].issuperset(keys):
                        return {key: np.asarray(arrays[key]) for key in keys}
            except (OSError, ValueError, zipfile.BadZipFile):
                continue
        return {}
