"""When Python's collector of garbage works, and what it need not look at.

A full collection looks at everything that is alive. With the libraries loaded that is a fifth of a second
in which no other Python runs, so that the window stands still. What libraries bring stays as long as the
program does: it is set apart each time that there is much of it, and until the engine has rested once,
while most of it is loaded, nothing is collected at all.
"""

from __future__ import annotations

import gc
import sys

from PySide6.QtCore import QObject, QTimer

from gui.engine_thread import EngineThread

MANY = 100  # modules that make it worth while
PATIENCE_MS = 60_000  # of a first start that builds a data set, say


class Garbage(QObject):
    """Turns the collector on when the engine first rests, and sets apart what has been loaded.

    Args:
        engine: whose answers tell that something may have been loaded.
        parent: goes with it.
    """

    def __init__(self, engine: EngineThread, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._modules = 0  # that were there when it was last set apart
        self._rested = False
        engine.result.connect(self._set_apart)
        engine.activity.connect(self._on_activity)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._begin)
        self._patience.start(PATIENCE_MS)

    def _on_activity(self, activity: object) -> None:
        if activity is None and self._engine.is_idle():
            self._set_apart()
            self._begin()

    def _begin(self) -> None:
        if not self._rested:
            self._rested = True
            self._patience.stop()
            gc.enable()

    def _set_apart(self) -> None:
        if len(sys.modules) - self._modules >= MANY:
            self._modules = len(sys.modules)
            if self._rested:
                gc.collect(1)  # what has just been left behind need not stay with it
            gc.freeze()
