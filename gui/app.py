"""The program: application, theme, doors for errors that nobody caught, and the window."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from gui.first_look import FirstLook
from gui.garbage import Garbage
from gui.logs import open_log
from gui.main_window import MainWindow
from gui.replies import Failure
from gui.settings import last_session_file, open_settings
from gui.theme import apply_theme, system_theme

log = logging.getLogger("doscope.window")
SWITCH_S = 0.0005  # how long the engine's Python may keep the window waiting, each time; 5 ms by default
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def make_application(theme: str | None = None) -> QApplication:
    """The QApplication, dressed: the theme that was chosen last if it is one, else the desktop's."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        application = existing
    else:
        QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
        application = QApplication(sys.argv[:1])
    sys.setswitchinterval(SWITCH_S)
    application.setApplicationName("Doscope")
    application.setOrganizationName("Doscope")
    chosen = theme or open_settings().value("theme")
    apply_theme(application, chosen if chosen in ("light", "dark") else system_theme(application))
    return application


def run(run: str = "bundled", dataset: str = "shapes") -> int:
    """Open the window, ready to click, and stay until it is closed. Returns the exit code."""
    open_log()
    _enable_faulthandler()
    application = make_application()
    window = MainWindow(last_session=last_session_file(), whole=False)
    install_hooks(window)
    show(window, lambda: window.come_back(run, dataset))
    return application.exec()


def show(window: MainWindow, then: Callable[[], None]) -> None:
    """Show the window; when it has been seen, what it opens with, `then`, begins and the rest is built."""

    def begin() -> None:
        Garbage(window.engine, window)
        try:
            then()
        finally:
            window.complete()

    FirstLook(window, begin)
    window.show()


def install_hooks(window: MainWindow) -> None:
    """Exceptions that nobody caught and Qt's own messages: logged, and the former shown in the window."""

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        detail = "".join(traceback.format_exception(kind, error, trace))
        log.critical("uncaught\n%s", detail)
        window.messages.error(
            Failure("Something went wrong inside Doscope; the details are in the log.", detail)
        )

    def uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        detail = "".join(traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback))
        log.critical("uncaught in %s\n%s", args.thread, detail)

    def qt_message(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        log.log(_QT_LEVELS.get(kind, logging.INFO), "Qt: %s", text)

    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread
    qInstallMessageHandler(qt_message)


def _enable_faulthandler() -> None:
    """A crash below Python leaves its stack on standard error, where there is one."""
    if sys.stderr is not None and not os.environ.get("PYTHONFAULTHANDLER"):
        faulthandler.enable()
