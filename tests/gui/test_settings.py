"""The window's memory: wrong or unwritable settings cost the layout, never the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from gui.app import make_application
from gui.main_window import MainWindow
from gui.settings import open_settings, write_settings
from gui.theme import apply_theme, colours


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_unknown_theme_is_the_desktops(qapp: QApplication, home: Path) -> None:
    """A word that a later Doscope or a hand wrote: the program starts in the desktop's own."""
    settings = open_settings()
    settings.setValue("theme", "sepia")
    settings.sync()
    make_application()
    assert colours().name in ("light", "dark")
    apply_theme(qapp, "light")


def test_a_layout_of_other_types_is_left_out(make_window: Callable[[], MainWindow], tmp_path: Path) -> None:
    """Numbers and words where bytes belong: the window opens with its own layout."""
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    first = make_window()
    first.close()
    settings.sync()
    keys = settings.allKeys()
    assert len([key for key in keys if key.startswith(("layout/", "explore/"))]) > 5
    for number, key in enumerate(keys):
        settings.setValue(key, ("wide", 7)[number % 2])
    settings.setValue("library/folders", {"a": 1})
    settings.sync()
    window = make_window()
    assert window.isVisible()
    assert window.library._folders == []


def test_an_unwritable_place_does_not_hold_the_window(
    qtbot, make_window: Callable[[], MainWindow], tmp_path: Path
) -> None:
    """The folder of the settings cannot be made: the window closes and its thread ends."""
    window = make_window()
    (tmp_path / "file").write_text("in the way")
    window.settings = QSettings(str(tmp_path / "file" / "window.ini"), QSettings.Format.IniFormat)
    window.close()
    assert not window.isVisible()
    assert not window.engine.isRunning()


def test_only_files_get_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the platform keeps settings in a registry, its name is no path."""
    made: list[Path] = []
    monkeypatch.setattr(Path, "mkdir", lambda self, **_: made.append(self))
    write_settings(QSettings(str(tmp_path / "a" / "registry"), QSettings.Format.NativeFormat))
    assert made == []
    write_settings(QSettings(str(tmp_path / "b" / "window.ini"), QSettings.Format.IniFormat))
    assert made == [tmp_path / "b"]
