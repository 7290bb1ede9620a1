"""The two images of a question: before and after, each from anywhere.

Pictures come in as requests (`files_chosen`, `picture_pasted`): reading and converting them is the
engine thread's work, and the answer comes back through `set_image`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui.pictures import Image, PictureTile, to_array
from gui.widgets import GAP, button, caption, heading, named, row, tool_button
from gui.words import readable

BEFORE, AFTER = "before", "after"
RANDOM_TIP = "Draw a pair of test images that are one action apart"
PICTURE_FILES = "Pictures (*.png *.jpg *.jpeg *.bmp *.gif *.tif *.tiff *.webp);;All files (*)"


def dropped_files(mime: QMimeData) -> list[Path]:
    """The local files of a drop, in order."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]


class ImageSlot(QWidget):
    """One side of the pair.

    Signals:
        files_chosen(side, paths): opened by dialog or dropped; several when several were dropped.
        picture_pasted(side, image): pixels from the clipboard or a drop, uint8 [H, W, 4].
    """

    files_chosen = Signal(str, list)
    picture_pasted = Signal(str, object)

    def __init__(self, side: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side = side
        self.setObjectName(f"retrieve_{side}_slot")
        self.setAcceptDrops(True)
        self.tile = named(
            PictureTile(f"Drop the image {side} the action here, open or paste it", 120),
            f"retrieve_{side}_image",
            f"Image {side} the action",
        )
        self.tile.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.open_button = tool_button(
            "Open\N{HORIZONTAL ELLIPSIS}",
            f"retrieve_{side}_open",
            f"Open the image {side} the action",
            self._open,
        )
        self.paste_button = tool_button(
            "Paste",
            f"retrieve_{side}_paste",
            f"Paste the image {side} the action",
            self.paste,
            "Paste the picture, or the picture file, on the clipboard",
        )
        self.note = named(caption(wrap=True), f"retrieve_{side}_note", f"About the image {side} the action")
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self.note.setMinimumHeight(2 * self.note.fontMetrics().lineSpacing())
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self.tile)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.paste)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(heading(side.capitalize()), 1, self.open_button, self.paste_button, spacing=4))
        layout.addWidget(self.tile, 1)
        layout.addWidget(self.note)

    def set_image(self, image: Image | None, note: str = "") -> None:
        """Show an image and what was converted or where it comes from."""
        self.tile.set_image(image)
        self.note.setText(note)
        self.note.setToolTip(note)

    def paste(self) -> None:
        """Take the picture, or else the first file, on the clipboard."""
        self._take(QGuiApplication.clipboard().mimeData())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasImage() or dropped_files(event.mimeData()):
            event.acceptProposedAction()
            self.tile.set_highlighted(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.tile.set_highlighted(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.tile.set_highlighted(False)
        if self._take(event.mimeData()):
            event.acceptProposedAction()

    def _take(self, mime: QMimeData) -> bool:
        files = dropped_files(mime)
        if files:
            self.files_chosen.emit(self.side, files)
        elif mime.hasImage():
            picture = mime.imageData()
            self.picture_pasted.emit(self.side, to_array(QImage(picture)))
        else:
            self.note.setText("The clipboard holds no picture: copy one first.")
            return False
        return True

    def _open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, f"Image {self.side} the action", "", PICTURE_FILES)
        if path:
            self.files_chosen.emit(self.side, [Path(path)])


class PairView(QWidget):
    """Before and after with the buttons that fill them.

    Signals:
        random_requested(factor): draw a test pair; `factor` is an index, or -1 for any.
        explore_pair_requested(): take original and current image of Explore.
        files_chosen(assignments): list of (side, path) to read.
        picture_pasted(side, image): pixels to convert, uint8 [H, W, 4].
        swap_requested(): exchange before and after.
    """

    random_requested = Signal(int)
    explore_pair_requested = Signal()
    files_chosen = Signal(list)
    picture_pasted = Signal(str, object)
    swap_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slots = {side: ImageSlot(side) for side in (BEFORE, AFTER)}
        self.factor = named(
            QComboBox(),
            "retrieve_factor",
            "Factor that the random pair differs in",
            "Draw a pair that differs in this factor",
        )
        self.random_button = button(
            "Random test pair",
            "retrieve_random",
            "Draw a random test pair",
            lambda: self.random_requested.emit(self.factor.currentData()),
            RANDOM_TIP,
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
        for slot in self.slots.values():
            slot.files_chosen.connect(self._assign)
            slot.picture_pasted.connect(self.picture_pasted)
        self.set_factors(())
        self._lay_out()

    def _lay_out(self) -> None:
        images = QHBoxLayout()
        images.addWidget(self.slots[BEFORE], 1)
        images.addWidget(self.swap_button)
        images.addWidget(self.slots[AFTER], 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(row(self.random_button, self.factor, 1, self.explore_button))
        layout.addLayout(images, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_factors(self, names: Sequence[str]) -> None:
        """The factors of the run's data set, for the choice beside the random button."""
        self.factor.clear()
        self.factor.addItem("in any factor", -1)
        for index, name in enumerate(names):
            self.factor.addItem(f"in {readable(name)}", index)

    def set_enabled(self, can_retrieve: bool, can_draw: bool, why_not: str = "") -> None:
        """Switch the buttons; `why_not` becomes the tool tip of a disabled random button."""
        self.random_button.setEnabled(can_draw)
        self.factor.setEnabled(can_draw)
        self.random_button.setToolTip(why_not or RANDOM_TIP)
        self.explore_button.setEnabled(can_retrieve)

    def set_image(self, side: str, image: Image | None, note: str = "") -> None:
        """Show one side's image, as the model sees it, and the note about it."""
        self.slots[side].set_image(image, note)

    def set_note(self, side: str, note: str) -> None:
        """Change only the words under one side."""
        self.slots[side].note.setText(note)

    def image(self, side: str) -> Image | None:
        """The image on one side."""
        return self.slots[side].tile.image()

    def note(self, side: str) -> str:
        """The words under one side's image."""
        return self.slots[side].note.text()

    def _assign(self, side: str, paths: list[Path]) -> None:
        """Two files dropped at once fill both sides in their order; one fills the side it fell on."""
        if len(paths) > 1:
            self.files_chosen.emit([(BEFORE, paths[0]), (AFTER, paths[1])])
        else:
            self.files_chosen.emit([(side, paths[0])])
