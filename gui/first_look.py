"""What has to wait until the window has been seen once.

Loading the model, and torch with it, takes the interpreter from the window for seconds; begun beside the
building and the first painting it makes people look at nothing for twice as long.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

PATIENCE_MS = 1000  # a window that opens minimised is never painted


class FirstLook(QObject):
    """Calls `then` once, after the first painting of a window; its child.

    Args:
        window: the window, shown or about to be.
        then: what waits.
    """

    def __init__(self, window: QWidget, then: Callable[[], None]) -> None:
        super().__init__(window)
        self._window, self._then = window, then
        self._waiting = True
        window.installEventFilter(self)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._go)
        self._patience.start(PATIENCE_MS)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._waiting:
            QTimer.singleShot(0, self, self._go)
        return False

    def _go(self) -> None:
        if self._waiting:
            self._waiting = False
            self._patience.stop()
            self._window.removeEventFilter(self)
            self._then()
