"""The palette: a thumbnail for each code of the chosen variable, sorted as asked for."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtWidgets import QComboBox, QPushButton, QScrollArea, QVBoxLayout, QWidget

from engine.results import Codes, Image, Palette
from gui.explore.thumbs import ThumbGrid
from gui.widgets import caption, named, row
from gui.words import count, percent

ORDERS = {
    "likelihood": "By likelihood",
    "effect": "By effect",
    "code": "By number",
}


class PaletteView(QWidget):
    """Signals:
    chosen: code.
    all_wanted: whether all codes are to be shown, not only the most likely ones.
    """

    chosen = Signal(int)
    all_wanted = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.shown: Palette | None = None  # what the thumbnails are, in their order
        self._num_codes = 0
        self._place: QRectF | None = None  # of the variables and their neighbours, in 0..1 of the image
        self.thumbs = ThumbGrid("palette", "Palette: the image for each likely code of the variable")
        self.order = named(QComboBox(), "palette_order", "Order of the palette")
        for key, text in ORDERS.items():
            self.order.addItem(text, key)
        self.order.setToolTip(
            "Likelihood: given the variable's parents, of several variables their geometric mean.\n"
            "Effect: mean absolute change of a pixel,\n"
            "measured against the present codes, as a share of the whole range."
        )
        self.all_switch = named(QPushButton("Show all"), "palette_all", "Show all codes of the variable")
        self.all_switch.setCheckable(True)
        self.close_up = named(
            QPushButton("Close-up"), "palette_close_up", "Show only the surroundings of the variable",
            "One variable changes a small part of the image: show only that part and what is around it",
        )  # fmt: skip
        self.close_up.setCheckable(True)
        self.reading = caption(wrap=True)
        self.reading.setObjectName("palette_reading")
        self.scroll_area = QScrollArea()
        self._build()
        self.order.currentIndexChanged.connect(lambda _index: self._sort_again())
        self.all_switch.toggled.connect(self.all_wanted)
        self.close_up.toggled.connect(lambda _on: self._sort_again())
        self.thumbs.chosen.connect(self._on_chosen)
        self.thumbs.cursor_moved.connect(self._tell)

    def _build(self) -> None:
        self.scroll_area.setObjectName("palette_scroll")
        self.scroll_area.setAccessibleName("Palette, scrollable")
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.thumbs)
        inside.addStretch(1)
        self.scroll_area.setWidget(holder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        bar = row(self.order, self.all_switch, spacing=4)
        bar.setStretch(0, 1)
        layout.addLayout(bar)
        layout.addLayout(row(self.reading, self.close_up, spacing=4, wide=self.reading))
        layout.addWidget(self.scroll_area, 1)

    # ------------------------------------------------------------ what is shown

    def clear(self, num_codes: int = 0) -> None:
        """Nothing to choose, until the palette of a variable with so many codes comes."""
        self._num_codes = num_codes
        self.all_switch.setText(f"Show all {count(num_codes)}" if num_codes else "Show all")
        self.shown = None
        self.thumbs.set_items(np.zeros((0, 1, 1, 3), np.uint8), ())
        self.reading.setText("")

    def set_place(self, place: QRectF) -> None:
        """The part of the image, in 0..1 of its sides, that a close-up shows."""
        self._place = place

    def set_palette(self, palette: Palette) -> None:
        """The most likely codes; they replace what was shown."""
        self.all_switch.setEnabled(len(palette.codes) < self._num_codes)
        self._show(palette, palette.current)

    def add_palette(self, palette: Palette) -> None:
        """More codes of the same variable and image; the keyboard stays at its code."""
        if self.shown is not None and self.all_switch.isChecked():
            self._show(joined(self.shown, palette), self.code_at_cursor())

    def _sort_again(self) -> None:
        if self.shown is not None:
            self._show(self.shown, self.code_at_cursor())

    def code_at_cursor(self) -> int | None:
        """The code that the keyboard is at, or None while there is no palette."""
        return int(self.shown.codes[self.thumbs.cursor_place]) if self.shown is not None else None

    def choose_likeliest_other(self) -> None:
        """Choose the most likely code that is not the present one, as if it was clicked."""
        if self.shown is not None:
            chance = np.where(self.shown.codes == self.shown.current, -1, self.shown.probabilities)
            self.thumbs.choose(int(chance.argmax()))

    def _show(self, palette: Palette, cursor: int | None) -> None:
        """Thumbnails in the chosen order, the keyboard at the code `cursor`."""
        self.shown = shown = in_order(palette, str(self.order.currentData()))
        top = float(shown.probabilities.max())
        self.thumbs.set_items(
            part_of(shown.images, self._place) if self.close_up.isChecked() else shown.images,
            tuple(map(str, shown.codes.tolist())),
            tuple(describe(shown, place) for place in range(len(shown.codes))),
            tuple(float(p) / top if top > 0 else 0.0 for p in shown.probabilities),
            None if shown.others else place_of(shown.codes, shown.current),
            place_of(shown.codes, cursor),
        )
        many, total = len(shown.codes), count(self._num_codes)
        self.reading.setText(f"all {total} codes" if many == self._num_codes else f"{many} of {total} codes")

    def _tell(self, place: int) -> None:
        """What the tool tip says, for those who walk by keys."""
        if self.shown is not None:
            self.reading.setText(describe(self.shown, place))

    # ------------------------------------------------------------ what the user does

    def _on_chosen(self, place: int) -> None:
        if self.shown is not None:
            self.chosen.emit(int(self.shown.codes[place]))


def part_of(images: Image, place: QRectF | None) -> Image:
    """A part, in 0..1 of the sides, of images [n, height, width, 3]; all of them where there is none."""
    if place is None:
        return images
    height, width = images.shape[1:3]
    top, bottom = round(place.top() * height), round(place.bottom() * height)
    left, right = round(place.left() * width), round(place.right() * width)
    return images[:, top:bottom, left:right]


def joined(first: Palette, second: Palette) -> Palette:
    """Two palettes of the same variable and image as one."""
    return Palette(
        first.variable,
        np.concatenate([first.codes, second.codes]),
        np.concatenate([first.probabilities, second.probabilities]),
        np.concatenate([first.images, second.images]),
        first.current,
        np.concatenate([first.effects, second.effects]),
        first.others,
    )


def in_order(palette: Palette, order: str) -> Palette:
    """The same codes, sorted by "likelihood", "effect" (both falling) or "code"; equal ones by code."""
    falling = {"likelihood": palette.probabilities, "effect": palette.effects}
    key = -falling[order] if order in falling else np.zeros(len(palette.codes))
    places = np.lexsort((palette.codes, key))
    return Palette(
        palette.variable,
        palette.codes[places],
        palette.probabilities[places],
        palette.images[places],
        palette.current,
        palette.effects[places],
        palette.others,
    )


def describe(palette: Palette, place: int) -> str:
    """A thumbnail in words: code, probability, effect."""
    code = int(palette.codes[place])
    present = " (present)" if code == palette.current and not palette.others else ""
    effect = percent(float(palette.effects[place]))
    return f"code {code}{present}, p = {palette.probabilities[place]:.3f}, effect {effect}"


def place_of(codes: Codes, code: int | None) -> int | None:
    """Where a code stands among codes [M], or None."""
    return codes.tolist().index(code) if code in codes else None
