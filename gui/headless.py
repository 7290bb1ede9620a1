"""Leaving a training to a process of its own, which goes on when the window has closed."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QProcess

MAIN = Path(__file__).resolve().parent.parent / "main.py"


def go_on_without_window(run: str) -> bool:
    """Resume a run as `doscope train --resume` does, in a process that outlives this one.

    Args:
        run: the run directory, saved and not in training.

    Returns:
        Whether the process could be started.
    """
    arguments = [str(MAIN), "train", "--resume", "--run", run]
    process = QProcess()
    process.setProgram(sys.executable)
    process.setArguments(arguments)
    process.setStandardOutputFile(QProcess.nullDevice())
    process.setStandardErrorFile(str(Path(run) / "training.log"))
    started: object = process.startDetached()  # a bool, or a tuple that begins with one: it changed
    return started[0] is True if isinstance(started, tuple) else started is True
