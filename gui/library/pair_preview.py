"""Random pairs of a split: before, after, and the action between them."""

from __future__ import annotations

import random

import numpy as np
from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from datasets.factors import FactorSpace
from engine.results import Image
from gui import requests as rq
from gui.dataset_replies import DrawnPairs
from gui.library.contact_sheet import values_words
from gui.library.picture_table import PictureTable
from gui.pictures import to_qimage
from gui.widgets import button, caption, named, row
from gui.words import count, readable_action

SIDE, BETWEEN = 64, 4
ANY = "all actions"
LEAST = 12


class PairPreview(QWidget):
    """Signals:
    asked: a Request.
    """

    asked = Signal(object)

    def __init__(self, view: str) -> None:
        super().__init__()
        self._view = view
        self._seeds = random.Random(0)
        self._dataset, self._split, self._space = "", "train", FactorSpace(())
        self.action = named(QComboBox(), "library_pairs_action", "Action of the pairs")
        self.action.currentIndexChanged.connect(lambda _index: self.again())
        self.another = button(
            "Again", "library_pairs_again", "Draw other pairs", self.again, "Draw other pairs of this split"
        )
        self.words = named(caption(), "library_pairs_words", "How many pairs there are")
        self.table = PictureTable(
            "library_pairs", "Pairs before and after", QSize(2 * SIDE + BETWEEN, SIDE), captions=True
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(row(self.action, self.another, self.words, 1, spacing=6))
        layout.addWidget(self.table, 1)

    def begin(self, dataset: str, split: str, space: FactorSpace) -> None:
        """Show pairs of another split, or of another data set."""
        if space != self._space or not self.action.count():
            self.action.blockSignals(True)
            self.action.clear()
            self.action.addItems([ANY, *map(readable_action, space.action_names)])
            self.action.blockSignals(False)
        self._dataset, self._split, self._space = dataset, split, space
        self.table.set_total(0)
        self.words.setText("Reading pairs\N{HORIZONTAL ELLIPSIS}")
        self.again()

    def again(self) -> None:
        """Draw other pairs."""
        action = self.action.currentIndex() - 1
        split: rq.Split = self._split  # type: ignore[assignment]
        self.asked.emit(
            rq.DrawPairs(
                self._dataset,
                split,
                None if action < 0 else action,
                max(LEAST, self.table.capacity()),
                self._seeds.randrange(2**31),
                view=self._view,
            )
        )

    def set_pairs(self, drawn: DrawnPairs) -> None:
        """Show them."""
        if drawn.dataset != self._dataset:
            return
        names = self._space.action_names
        captions = [readable_action(names[action]) for action in drawn.actions]
        words = []
        for at, caption_ in enumerate(captions):
            before = values_words(drawn.factors[at], self._space)
            words.append("\n".join([f"action: {caption_}", *(["before:", *before] if before else [])]))
        self.table.set_total(len(captions))
        pictures = [side_by_side(*pair) for pair in zip(drawn.before, drawn.after, strict=True)]
        self.table.add(0, pictures, words, captions)
        shown = f"{count(len(captions))} of " if len(captions) < drawn.total else ""
        self.words.setText(f"{shown}{count(drawn.total)} pairs, before and after the action")


def side_by_side(before: Image, after: Image) -> QImage:
    """Two images of one shape in one picture, with a gap between them that can be seen through."""
    height, width, _ = before.shape
    gap = max(1, round(width * BETWEEN / SIDE))
    picture = QImage(2 * width + gap, height, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(0)
    painter = QPainter(picture)
    painter.drawImage(0, 0, to_qimage(np.ascontiguousarray(before)))
    painter.drawImage(width + gap, 0, to_qimage(np.ascontiguousarray(after)))
    painter.end()
    return picture
