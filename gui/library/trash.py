"""Where deleted runs and data sets go: the system's trash, or a folder `.trash` beside them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from PySide6.QtCore import QFile


def to_trash(path: Path) -> str:
    """Move a file or folder away; returns where to ("the trash", or a path)."""
    moved: object = QFile.moveToTrash(str(path))  # a bool, or a tuple that begins with one: it changed
    if moved is True or (isinstance(moved, tuple) and moved[0] is True):
        return "the trash"
    trash = path.parent / ".trash"
    trash.mkdir(exist_ok=True)
    place = trash / f"{path.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    shutil.move(path, place)
    return str(place)
