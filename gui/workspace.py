"""What every workspace is for the main window: questions out, answers in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QWidget

from gui.replies import Failure
from gui.state import Selection

Answer = Callable[[Any], None]


class Workspace(QWidget):
    """Root of the four workspaces.

    Signals:
        asked: a Request for the engine thread.
        cancelled: the kind of a request that is no longer wanted.
        forgotten: the same, and answers of it that are on their way are not wanted either.
        hinted: a sentence for the user that goes by itself.
        warned: a sentence for the user that stays.
    """

    asked = Signal(object)
    cancelled = Signal(str)
    forgotten = Signal(str)
    hinted = Signal(str)
    warned = Signal(str)

    def __init__(self, selection: Selection) -> None:
        super().__init__()
        self.selection = selection

    def answers(self) -> dict[str, Answer]:
        """Kind of request -> the method that takes its payloads."""
        return {}

    def on_failed(self, kind: str, failure: Failure) -> None:
        """A request of `kind` failed; the user has been told already."""

    def on_ended(self, kind: str) -> None:
        """Nothing more comes for the newest request of `kind`."""

    def save_layout(self, settings: QSettings) -> None:
        """Remember splitters and choices."""

    def restore_layout(self, settings: QSettings) -> None:
        """Bring them back."""
