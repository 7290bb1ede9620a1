"""The two images of a question, the buttons that fill them, and the walk over several pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from gui.dropping import are_pictures, local_paths
from gui.pictures import Image
from gui.retrieve.image_slot import AFTER, BEFORE, ImageSlot
from gui.widgets import GAP, button, named, row, tool_button
from gui.words import readable

RANDOM_TIP = "Draw a pair of test images that are one action apart"
MISTAKE_TIP = "Go to the next test pair whose action the model gets wrong"


class WalkBar(QWidget):
    """Where a walk over several pairs stands, and its next and previous.

    Signals:
        step_wanted(step): +1 or -1.
        closed(): no walk any more.
    """

    step_wanted = Signal(int)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.words = named(QLabel(), "retrieve_walk", "Walk over pairs")
        self.words.setMinimumWidth(40)
        self.back = tool_button(
            "\N{BLACK LEFT-POINTING TRIANGLE}",
            "retrieve_walk_back",
            "Previous pair",
            lambda: self.step_wanted.emit(-1),
        )
        self.on = tool_button(
            "\N{BLACK RIGHT-POINTING TRIANGLE}",
            "retrieve_walk_on",
            "Next pair",
            lambda: self.step_wanted.emit(1),
        )
        self.end = tool_button("\N{MULTIPLICATION X}", "retrieve_walk_end", "End the walk", self.closed.emit)
        self.setLayout(row(self.back, self.on, self.words, 1, self.end, spacing=4))
        self.hide()

    def show_place(self, words: str) -> None:
        """Say where the walk is; empty words hide the bar."""
        self.words.setText(words)
        self.words.setToolTip(words)
        self.setVisible(bool(words))


class PairView(QWidget):
    """Before and after with the buttons that fill them.

    Signals:
        random_requested(factor): draw a test pair; `factor` is an index, or -1 for any.
        mistake_requested(): the next pair that the model gets wrong.
        explore_pair_requested(): take original and current image of Explore.
        files_chosen(assignments): list of (side, path) to read.
        picture_pasted(side, image): pixels to convert, uint8 [H, W, 4].
        swap_requested(): exchange before and after.
        hinted(words): not all that was dropped or pasted could be used.
    """

    random_requested = Signal(int)
    mistake_requested = Signal()
    explore_pair_requested = Signal()
    files_chosen = Signal(list)
    picture_pasted = Signal(str, object)
    swap_requested = Signal()
    hinted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slots = {side: ImageSlot(side) for side in (BEFORE, AFTER)}
        self.walk = WalkBar()
        self.factor = named(
            QComboBox(),
            "retrieve_factor",
            "Factor that the random pair differs in",
            "Draw a pair that differs in this factor",
        )
        self._make_buttons()
        for slot in self.slots.values():
            slot.files_chosen.connect(self._assign)
            slot.picture_pasted.connect(self.picture_pasted)
        self.set_factors(())
        self._lay_out()

    def _make_buttons(self) -> None:
        self.random_button = button(
            "Random test pair",
            "retrieve_random",
            "Draw a random test pair",
            lambda: self.random_requested.emit(self.factor.currentData()),
            RANDOM_TIP,
        )
        self.mistake_button = button(
            "Next mistake",
            "retrieve_mistake",
            "Go to the next mistake of the model",
            self.mistake_requested.emit,
            MISTAKE_TIP,
        )
        self.explore_button = button(
            "From Explore",
            "retrieve_from_explore",
            "Take the pair from Explore",
            self.explore_pair_requested.emit,
            "Before: Explore's original image; after: its current image",
        )
        self.swap_button = tool_button(
            "\N{LEFT RIGHT ARROW}",
            "retrieve_swap",
            "Exchange before and after",
            self.swap_requested.emit,
        )

    def _lay_out(self) -> None:
        images = QHBoxLayout()
        images.addWidget(self.slots[BEFORE], 1)
        images.addWidget(self.swap_button)
        images.addWidget(self.slots[AFTER], 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(row(self.random_button, self.factor, 1, self.mistake_button, self.explore_button))
        layout.addWidget(self.walk)
        layout.addLayout(images, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_factors(self, names: Sequence[str]) -> None:
        """The factors of the run's data set, for the choice beside the random button."""
        self.factor.clear()
        self.factor.addItem("in any factor", -1)
        for index, name in enumerate(names):
            self.factor.addItem(f"in {readable(name)}", index)

    def set_enabled(self, from_explore: bool, no_pair: str = "", no_mistake: str = "") -> None:
        """Switch the buttons; why no pair can be drawn and no mistake looked for become their tool tips."""
        for part in (self.random_button, self.factor):
            part.setEnabled(not no_pair)
        self.mistake_button.setEnabled(not no_mistake)
        self.random_button.setToolTip(no_pair or RANDOM_TIP)
        self.mistake_button.setToolTip(no_mistake or MISTAKE_TIP)
        self.explore_button.setEnabled(from_explore)

    def set_image(self, side: str, image: Image | None, note: str = "") -> None:
        """Show one side's image, as the model sees it, and the note about it."""
        self.slots[side].set_image(image)
        self.set_note(side, note)

    def set_note(self, side: str, note: str) -> None:
        """Change only the words under one side."""
        self.slots[side].set_note(note)
        self._level()

    def _level(self) -> None:
        """Both notes as high as the higher one: images of two sizes could not be compared."""
        notes = [slot.note for slot in self.slots.values()]
        for note in notes:
            note.setMinimumHeight(0)  # which its height for a width would not go below
        height = max(2 * notes[0].fontMetrics().lineSpacing(), *(n.heightForWidth(n.width()) for n in notes))
        for note in notes:
            note.setMinimumHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._level()

    def place(self) -> ImageSlot:
        """Where a picture goes that was not put on one side: the side that has the focus, else the empty one,
        else after."""
        before, after = (self.slots[side] for side in (BEFORE, AFTER))
        focused = [slot for slot in (before, after) if slot.tile.hasFocus()]
        empty = [slot for slot in (before, after) if slot.tile.image() is None]
        return (*focused, *empty, after)[0]

    def takes(self, data: QMimeData) -> bool:
        """Whether a drop beside the two images is meant for them: files whose names are those of pictures."""
        return are_pictures(local_paths(data))

    def image(self, side: str) -> Image | None:
        """The image on one side."""
        return self.slots[side].tile.image()

    def note(self, side: str) -> str:
        """The words under one side's image."""
        return self.slots[side].note.text()

    def _assign(self, side: str, paths: list[Path]) -> None:
        """Two files dropped at once fill both sides in their order; one fills the side it fell on."""
        if len(paths) > 2:
            first, second = paths[0].name, paths[1].name
            self.hinted.emit(f"Of the {len(paths)} files the first two were taken: {first} and {second}.")
        if len(paths) > 1:
            self.files_chosen.emit([(BEFORE, paths[0]), (AFTER, paths[1])])
        else:
            self.files_chosen.emit([(side, paths[0])])
