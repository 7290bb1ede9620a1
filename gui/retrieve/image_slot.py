"""One image of a question, before or after, from anywhere.

Pictures come in as requests (`files_chosen`, `picture_pasted`): reading and converting them is the
engine thread's work, and the answer comes back through `set_image`.
"""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QVBoxLayout,
    QWidget,
)

from engine.results import LoadedImage
from gui.dropping import PICTURES, holds_pictures, local_paths
from gui.pictures import Image, PictureTile, to_array
from gui.widgets import caption, heading, named, row, tool_button

BEFORE, AFTER = "before", "after"
# a label is as wide as its longest word, and names of files can be longer than the window
LONG_WORD = re.compile(r"\S{40,}")
PICTURE_FILES = f"Pictures ({' '.join(f'*{ending}' for ending in PICTURES)});;All files (*)"


def strange_words(decibels: float, floor: float | None) -> str:
    """A warning of an image that is reconstructed worse than those of the run's own kind."""
    reached = "" if floor is None else f", those reach {floor:.1f} dB"
    return (
        f"\N{WARNING SIGN} Unlike the images that the model knows: reconstructed at"
        f" {decibels:.1f} dB{reached}. It may mean little."
    )


def words_of(loaded: LoadedImage) -> str:
    """The words under an image: where it comes from, then what was converted."""
    origin = Path(loaded.source).name if loaded.source else ""
    return "; ".join(filter(None, (origin, loaded.note)))


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
            self.open,
            f"Open the image {side} the action, or two files: before and after",
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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(heading(side.capitalize()), 1, self.open_button, self.paste_button, spacing=4))
        layout.addWidget(self.tile, 1)
        layout.addWidget(self.note)

    def set_image(self, image: Image | None, note: str = "") -> None:
        """Show an image and what was converted or where it comes from."""
        self.tile.set_image(image)
        self.set_note(note)

    def set_note(self, note: str) -> None:
        """Change only the words; the tool tip has them whole."""
        self.note.setText(
            LONG_WORD.sub(lambda word: f"{word[0][:20]}\N{HORIZONTAL ELLIPSIS}{word[0][-16:]}", note)
        )
        self.note.setToolTip(note)

    def paste(self) -> None:
        """Take the picture, or else the first file, on the clipboard."""
        self.take(QGuiApplication.clipboard().mimeData())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasImage() or holds_pictures(local_paths(event.mimeData())):
            event.acceptProposedAction()
            self.tile.set_highlighted(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.tile.set_highlighted(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.tile.set_highlighted(False)
        if self.take(event.mimeData()):
            event.acceptProposedAction()

    def take(self, mime: QMimeData) -> bool:
        """Ask for the pictures that were dropped or pasted; False where there are none."""
        files = local_paths(mime)
        if files:
            self.files_chosen.emit(self.side, files)
        elif mime.hasImage():
            picture = mime.imageData()
            self.picture_pasted.emit(self.side, to_array(QImage(picture)))
        else:
            self.note.setText("The clipboard holds no picture: copy one first.")
            return False
        return True

    def open(self) -> None:
        """Choose a file, or two for both sides."""
        chosen, _ = QFileDialog.getOpenFileNames(self, f"Image {self.side} the action", "", PICTURE_FILES)
        if chosen:
            self.files_chosen.emit(self.side, [Path(path) for path in chosen])
