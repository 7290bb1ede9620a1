"""The window, and `doscope tour`: the window's guided tour as pictures."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path

from cli.arguments import Commands, add_command
from cli.errors import UsageError, WorkFailed
from cli.output import Result


def add_commands(commands: Commands) -> None:
    """Adds `tour`."""
    parser = add_command(
        commands,
        "tour",
        "drive the window without a display and save pictures of it",
        "doscope tour --out tour",
        tour,
    )
    parser.add_argument(
        "--out", type=Path, default=Path("tour"), metavar="FOLDER", help="for the pictures (default: tour)"
    )


def open_window(_arguments: argparse.Namespace) -> Result:
    """Opens the window and returns when it is closed."""
    if not _has_display():
        raise UsageError("there is no display for the window; `doscope tour` saves pictures of it instead.")
    if sys.platform == "win32":
        # On Windows torch's libraries load only when they come before Qt's (pytorch issue 166628).
        import torch  # noqa: F401
    gc.disable()  # until most is loaded (gui.garbage): nothing to collect, and much to look at
    from gui.app import run

    return Result({}, "", run())


def _has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def tour(arguments: argparse.Namespace) -> Result:
    """Takes the tour offscreen; a platform that is already chosen stays."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from gui.tour import TourError, take_tour

    try:
        pictures = take_tour(arguments.out)
    except TourError as error:
        raise WorkFailed(str(error)) from error
    return Result(
        {"out": str(arguments.out), "pictures": [str(path) for path in pictures]},
        "\n".join(str(path) for path in pictures),
    )
