"""What happens to what is dropped anywhere on the window, where no nearer widget takes it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from gui import requests as rq
from gui.replies import Dropped
from gui.workspace import Answer

DATA = (
    ".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".npz", ".npy", ".h5", ".hdf5", ".mat", ".csv", ".json",
)  # fmt: skip


PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


def local_paths(data: QMimeData) -> list[Path]:
    """The files and folders of a drop that are on this computer, in order."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def may_be_picture(path: Path) -> bool:
    """Whether a place for images should take a path; folders and files of data are for the window."""
    return not path.name.lower().endswith(DATA) and not path.is_dir()


def holds_pictures(paths: Iterable[Path]) -> bool:
    """Whether one of them may be a picture."""
    return any(map(may_be_picture, paths))


def are_pictures(paths: Iterable[Path]) -> bool:
    """Whether all of them, one at least, have the names of pictures."""
    names = [path.name.lower() for path in paths]
    return bool(names) and all(name.endswith(PICTURES) for name in names)


class Dropping(QObject):
    """Asks the engine thread what was dropped, and says who is to have it.

    Signals:
        asked: a Request for the engine thread.
        warned: a sentence for the user that stays.
        library_found(Dropped): the files of a data set, one's own or another, a packed one, or a run in
            either form.
        cache_found(path): a data set that is built already.
        session_found(path), picture_found(path): files that Explore shows.
    """

    asked = Signal(object)
    warned = Signal(str)
    library_found = Signal(object)
    cache_found = Signal(str)
    session_found = Signal(str)
    picture_found = Signal(str)

    def answers(self) -> dict[str, Answer]:
        """Kind of request -> the method that takes its payloads."""
        return {rq.kind_of(rq.Recognise): self._on_found}

    def enter(self, event: QDragEnterEvent) -> None:
        """Something is dragged over the window."""
        if local_paths(event.mimeData()):
            event.acceptProposedAction()

    def drop(self, event: QDropEvent) -> None:
        """It was let go there."""
        paths = local_paths(event.mimeData())
        if not paths:
            return
        event.acceptProposedAction()
        if len(paths) > 1:
            self.warned.emit(f"{len(paths)} things were dropped: drop one file or one folder at a time.")
        else:
            self.asked.emit(rq.Recognise(str(paths[0])))

    def _on_found(self, found: Dropped) -> None:
        signals = {
            "cache": self.cache_found,
            "session": self.session_found,
            "picture": self.picture_found,
        }
        if found.what in signals:
            signals[found.what].emit(found.path)
        else:
            self.library_found.emit(found)
