"""What the parts of Retrieve that ask the engine have in common."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Asking(QObject):
    """Its signals are the workspace's.

    Signals:
        asked: a Request for the engine thread.
        cancelled: kind of a request that is no longer wanted; what it has brought stays.
        forgotten: the same, and its answers that are on their way are not wanted either.
        hinted: a sentence for the user.
    """

    asked = Signal(object)
    cancelled = Signal(str)
    forgotten = Signal(str)
    hinted = Signal(str)
