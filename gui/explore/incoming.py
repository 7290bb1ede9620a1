"""What a drop or the clipboard brings: a file on this computer, or pixels."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from engine.results import Image
from gui.dropping import holds_pictures, local_paths
from gui.pictures import to_array


def can_take(data: QMimeData) -> bool:
    """Whether `incoming` may find something, without reading the pixels; files of data are not for it."""
    return data.hasImage() or holds_pictures(local_paths(data))


def incoming(data: QMimeData | None) -> str | Image | None:
    """The first local file, else the pixels (uint8 [height, width, channels]), else None.

    A picture from a browser comes with its web address and its pixels: nothing is fetched.
    """
    if data is None:  # an empty clipboard on some desktops
        return None
    for url in data.urls():
        if url.isLocalFile():
            return url.toLocalFile()
    image = data.imageData() if data.hasImage() else None
    return to_array(image) if isinstance(image, QImage) and not image.isNull() else None
