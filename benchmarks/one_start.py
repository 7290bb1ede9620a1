"""One start of the window for `benchmarks.startup`: it imports nothing that the program itself does not."""

from __future__ import annotations

import gc
import json
import sys
import time

LIMIT_S = 300


def start(began: float) -> int:
    """The program itself: the window opens, reads the first image, says when, and closes."""
    gc.disable()  # as cli.window does, before anything is loaded
    from PySide6.QtCore import QEvent, QObject, QTimer

    from benchmarks.timing import resident_mb
    from gui.app import make_application, show
    from gui.main_window import MainWindow

    application = make_application()
    window = MainWindow(whole=False)
    seconds: dict[str, float] = {}

    class Watch(QObject):
        """Notes the first painting of a widget once `ready` says so."""

        def __init__(self, name: str) -> None:
            super().__init__(window)
            self.name = name

        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
            due = self.name == "first_paint_s" or window.selection.step is not None
            if event.type() == QEvent.Type.Paint and due and self.name not in seconds:
                seconds[self.name] = time.time() - began
                if self.name == "ready_s":
                    QTimer.singleShot(0, window.close)
            return False

    window.installEventFilter(Watch("first_paint_s"))
    window.explore.images.after.installEventFilter(Watch("ready_s"))
    QTimer.singleShot(LIMIT_S * 1000, application.quit)
    show(window, window.start)
    application.exec()
    if len(seconds) < 2:
        return 1
    memory = resident_mb()
    print(json.dumps(seconds if memory is None else {**seconds, "memory_idle_mb": memory}))
    return 0


if __name__ == "__main__":
    sys.exit(start(float(sys.argv[1])))
