"""Where the window remembers its layout: in DOSCOPE_HOME when that is set, else where the platform says."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QSplitter

from datasets.home import doscope_home

log = logging.getLogger("doscope.window")


def open_settings() -> QSettings:
    """The window's settings."""
    if os.environ.get("DOSCOPE_HOME"):
        return QSettings(str(doscope_home() / "window.ini"), QSettings.Format.IniFormat)
    return QSettings("Doscope", "Doscope")


def last_session_file() -> Path:
    """Where the window keeps the session that it was closed with."""
    return doscope_home() / "last.doscope"


def saved_bytes(settings: QSettings, key: str) -> QByteArray | None:
    """What a widget saved of itself; None when there is nothing, or something else (an edited file)."""
    value = settings.value(key)
    return value if isinstance(value, QByteArray) else None


def save_splitters(settings: QSettings, splitters: Iterable[QSplitter]) -> None:
    """Remember where splitters stand, by their object names."""
    for splitter in splitters:
        settings.setValue(f"layout/{splitter.objectName()}", splitter.saveState())


def restore_splitters(settings: QSettings, splitters: Iterable[QSplitter]) -> None:
    """Put splitters where they stood."""
    for splitter in splitters:
        state = saved_bytes(settings, f"layout/{splitter.objectName()}")
        if state is not None:
            splitter.restoreState(state)


def write_settings(settings: QSettings) -> None:
    """Write them out. A place that cannot be written costs the layout, nothing else."""
    if settings.format() == QSettings.Format.IniFormat:  # elsewhere the name may be no path (Windows)
        try:
            Path(settings.fileName()).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("the window's layout was not saved: %s", error)
            return
    settings.sync()
