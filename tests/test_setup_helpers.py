"""The scripts behind `make run`: displays, Debian's package names, and the line to run."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture
def qt_libraries() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("qt_libraries", SCRIPTS / "qt_libraries.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_display_is_seen(qt_libraries: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """X11 or Wayland is a display on Linux; other systems always have one."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not qt_libraries.has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert qt_libraries.has_display()
    monkeypatch.delenv("WAYLAND_DISPLAY")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert qt_libraries.has_display()


def test_renamed_package(qt_libraries: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system knows libglib2.0-0t64, that name is asked for; the others stay."""

    def shown(command: list[str], **_: object) -> SimpleNamespace:
        known = command[-1] == "libglib2.0-0t64"
        return SimpleNamespace(returncode=0 if known else 100, stdout="Package: it" if known else "")

    monkeypatch.setattr(subprocess, "run", shown)
    assert qt_libraries.package_names(("libglib2.0-0", "libegl1")) == ["libglib2.0-0t64", "libegl1"]


@pytest.mark.parametrize("screen", [False, True])
def test_the_line_to_run(
    qt_libraries: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    screen: bool,
) -> None:
    """Without root the one apt-get line is printed, with the screen's libraries only where there is one."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(qt_libraries, "qt_starts", lambda _: (False, "libEGL.so.1: cannot open"))
    monkeypatch.setattr(qt_libraries.shutil, "which", lambda _: "apt-get")
    monkeypatch.setattr(qt_libraries.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(qt_libraries, "package_names", list)
    assert not qt_libraries.ensure(screen)
    said = capsys.readouterr().err
    line = next(line for line in said.splitlines() if line.startswith("sudo apt-get"))
    assert "libEGL.so.1" in said
    assert "libegl1" in line
    assert ("libxcb-cursor0" in line) is screen


def test_root_gets_them_installed(qt_libraries: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root on Debian the libraries are installed, and Qt is tried again."""
    answers = iter([(False, "missing"), (True, "")])
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(qt_libraries, "qt_starts", lambda _: next(answers))
    monkeypatch.setattr(qt_libraries.shutil, "which", lambda _: "apt-get")
    monkeypatch.setattr(qt_libraries.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(qt_libraries, "install", lambda names: asked.append(names) or True)
    assert qt_libraries.ensure(screen=False)
    assert asked == [qt_libraries.ALWAYS]
