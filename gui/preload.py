"""Loads pyqtgraph before it is drawn with: half a second or more that nobody should wait for.

The window is painted without it (it takes a quarter of the start). A thread of its own loads it while the
user looks at the first image; who needs it before that waits for the rest, as any import does.
"""

from __future__ import annotations

import sys
import threading

LIBRARY = "pyqtgraph"


class Preload:
    """One thread, once a process."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless that was done already. No Qt object is made by it."""
        if self._thread is None and LIBRARY not in sys.modules:
            self._thread = threading.Thread(target=_load, name="preload", daemon=True)
            self._thread.start()

    def join(self) -> None:
        """Wait until it has ended."""
        if self._thread is not None:
            self._thread.join()


def _load() -> None:
    import pyqtgraph  # noqa: F401
