"""Where the window remembers its layout: in DOSCOPE_HOME when that is set, else where the platform says."""

from __future__ import annotations

import os

from PySide6.QtCore import QSettings

from datasets.home import doscope_home


def open_settings() -> QSettings:
    """The window's settings."""
    if os.environ.get("DOSCOPE_HOME"):
        return QSettings(str(doscope_home() / "window.ini"), QSettings.Format.IniFormat)
    return QSettings("Doscope", "Doscope")
