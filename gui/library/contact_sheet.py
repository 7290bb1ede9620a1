"""The contact sheet: all images of a split, in order or drawn; the chosen one large, with factor sliders."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from datasets.factors import FactorSpace, IntArray
from gui import requests as rq
from gui.dataset_replies import FoundImage
from gui.library.factor_sliders import FactorSliders
from gui.library.picture_table import KEPT, PictureTable
from gui.pictures import PictureTile, to_qimage
from gui.replies import Browsed
from gui.widgets import button, caption, named, row
from gui.words import count, readable

FIRST = 60  # images that are asked for before it is known how many there are
LARGE = 192


class ContactSheet(QWidget):
    """Signals:
    asked: a Request.
    explore_wanted(PickImage): open an image in Explore.
    """

    asked = Signal(object)
    explore_wanted = Signal(object)

    def __init__(self, view: str) -> None:
        super().__init__()
        self._view = view
        self._dataset, self._split, self._seed = "", "train", 0
        self._drawn = False
        self._only: tuple[int, int] | None = None  # factor and value of the images that are shown
        self._space = FactorSpace(())
        self._positions: dict[int, int] = {}
        self._values: dict[int, tuple[int, ...]] = {}
        self._found: FoundImage | None = None  # by the sliders, in place of the chosen image
        self.grid = PictureTable("library_images", "Images of the split", QSize(64, 64))
        self.grid.wanted.connect(self._ask)
        self.grid.chosen.connect(self._show)
        self.grid.opened.connect(self._open)
        self.in_order = button(
            "In order", "library_images_in_order", "Show the images in order", lambda: self._draw(False),
            "In the order in which they lie in the file",
        )  # fmt: skip
        self.drawn = button(
            "At random", "library_images_at_random", "Show images drawn at random", lambda: self._draw(True),
            "In a random order; each click draws another one",
        )  # fmt: skip
        for choice in (self.in_order, self.drawn):
            choice.setCheckable(True)
        self.only = button("", "library_images_only", "Show all images again", lambda: self.show_only(None))
        self.where = named(caption(), "library_page_words", "Which images are shown")
        self.large = named(PictureTile("Choose an image", LARGE), "library_image", "The chosen image")
        self.large.setFixedSize(LARGE, LARGE)
        self.values = named(caption(), "library_image_words", "Which image it is")
        self.sliders = FactorSliders()
        self.sliders.moved.connect(self._find)
        self.explore = button(
            "Explore it", "library_image_explore", "Open the image in Explore", self._open_chosen,
            "Open the image in Explore (Return in the sheet, or a double click)",
        )  # fmt: skip
        self._lay_out()
        self.clear()

    def _lay_out(self) -> None:
        side = QVBoxLayout()
        side.setContentsMargins(0, 0, 0, 0)
        side.addWidget(self.large)
        side.addWidget(self.values)
        side.addWidget(self.explore)
        scroller = named(QScrollArea(), "library_image_values_area", "Factor values of the chosen image")
        scroller.setWidgetResizable(True)
        scroller.setFixedWidth(LARGE)
        scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroller.setWidget(self.sliders)
        side.addWidget(scroller, 1)
        body = row()
        body.addWidget(self.grid, 1)
        body.addLayout(side)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(row(self.in_order, self.drawn, self.only, self.where, 1, spacing=6))
        layout.addLayout(body, 1)

    def begin(self, dataset: str, split: str, space: FactorSpace) -> None:
        """Show another split, or another data set."""
        self.sliders.set_space(space)
        if dataset != self._dataset:
            self._only = None
        self._dataset, self._split, self._space = dataset, split, space
        self.clear()
        self._ask(0, FIRST)

    def show_only(self, only: tuple[int, int] | None) -> None:
        """Show the images of one value (value's index) of a factor, or all again."""
        self._only = only
        self.begin(self._dataset, self._split, self._space)

    def clear(self) -> None:
        """No images yet."""
        self._positions, self._values = {}, {}
        self.grid.set_total(0)
        self.where.setText("Reading images\N{HORIZONTAL ELLIPSIS}")
        self._show_large(None)
        self.in_order.setChecked(not self._drawn)
        self.drawn.setChecked(self._drawn)
        self.only.setVisible(self._only is not None)
        if self._only is not None:
            factor = self._space.factors[self._only[0]]
            said = f"{readable(factor.name)}: {factor.values[self._only[1]]}"
            self.only.setText(f"{said}  \N{MULTIPLICATION SIGN}")
            self.only.setToolTip(f"Only images with {said} are shown; click to see all again")

    def set_page(self, page: Browsed) -> None:
        """Images from a place on."""
        if page.dataset != self._dataset:
            return
        if self.grid.pictures_model.total != page.total:
            self.grid.set_total(page.total)
        self._positions.update(enumerate(page.positions.tolist(), page.start))
        self._values.update(enumerate(map(tuple, page.factors.tolist()), page.start))
        words = [
            "\n".join([f"image {int(number)}", *values_words(values, self._space)])
            for number, values in zip(page.rows, page.factors, strict=True)
        ]
        self.grid.add(page.start, [to_qimage(image) for image in page.images], words)
        if len(self._positions) > 2 * KEPT:  # as many as there are pictures will do
            self._positions = {place: self._positions[place] for place in self.grid.pictures}
            self._values = {place: self._values[place] for place in self.grid.pictures}
        chosen = self.grid.chosen_place()
        if chosen is None and page.start == 0 and words:
            self.grid.choose(0)
        elif chosen is not None and 0 <= chosen - page.start < len(words):
            self._show(chosen)
        order = f"drawn at random (seed {self._seed})" if self._drawn else "in order"
        self.where.setText(f"{count(page.total)} images, {order}")

    def _draw(self, drawn: bool) -> None:
        self._seed += drawn and self._drawn
        self._drawn = drawn
        self.begin(self._dataset, self._split, self._space)

    def _ask(self, start: int, number: int) -> None:
        seed = self._seed if self._drawn else None
        split: rq.Split = self._split  # type: ignore[assignment]
        self.asked.emit(
            rq.BrowseImages(self._dataset, split, start, number, seed, self._only, view=self._view)
        )

    def _show(self, place: int) -> None:
        self._show_large(place if place in self.grid.pictures else None)

    def _show_large(self, place: int | None) -> None:
        self._found = None
        self.large.set_picture(None if place is None else self.grid.pictures[place])
        self.values.setText("" if place is None else self.grid.words[place].partition("\n")[0])
        values = self._values.get(place, ()) if place is not None else ()
        self.sliders.set_values(values if values and min(values) >= 0 else None)
        self.explore.setEnabled(place is not None)

    def _find(self, values: tuple[int, ...]) -> None:
        self.asked.emit(rq.FindImage(self._dataset, values, view=self._view))

    def set_found(self, found: FoundImage) -> None:
        """The image that the sliders stand for."""
        if found.dataset == self._dataset and found.values == self.sliders.values():
            self._found = found
            self.large.set_image(found.image)
            self.values.setText(found.words)
            self.explore.setEnabled(found.image is not None)

    def _open_chosen(self) -> None:
        place = self.grid.chosen_place()
        if self._found is not None:
            self._explore(values=self._found.values)
        elif place is not None:
            self._open(place)

    def _open(self, place: int) -> None:
        if place in self._positions:
            self._explore(position=self._positions[place])

    def _explore(self, position: int | None = None, values: tuple[int, ...] | None = None) -> None:
        split: rq.Split = self._split  # type: ignore[assignment]
        self.explore_wanted.emit(
            rq.PickImage(self._dataset, split=split, position=position, values=values, view=self._view)
        )


def values_words(values: IntArray, space: FactorSpace) -> list[str]:
    """Factor values [F] in words, one line a factor; none where they are not known (below 0)."""
    if (np.asarray(values) < 0).any():
        return []
    return [
        f"{readable(factor.name)}: {factor.values[int(value)]}"
        for factor, value in zip(space.factors, values, strict=True)
    ]
