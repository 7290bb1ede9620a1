"""The one door to the user: a banner at the top of the window that stays out of the way.

An error stays until it is closed; a hint goes by itself. Each is logged once, details are one click away.
"""

from __future__ import annotations

import logging

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent
from PySide6.QtWidgets import QFrame, QLabel, QMessageBox, QVBoxLayout, QWidget

from gui.replies import Failure
from gui.requests import Request
from gui.widgets import GAP, button, restyle, row, tool_button

log = logging.getLogger("doscope.window")
HINT_MS = 8000


class MessageBanner(QFrame):
    """Shows the last message.

    Signals:
        remedy_chosen: the request that mends what went wrong.
    """

    remedy_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message_banner")
        self.setProperty("role", "banner")
        self._remedy: Request | None = None
        self._detail = ""
        self._label = QLabel()
        self._label.setObjectName("message_text")
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._remedy_button = button("", "message_remedy", "Mend the problem", self._mend)
        self._detail_button = button("Details", "message_details", "Show the details", self._show_detail)
        self._close_button = tool_button("✕", "message_close", "Close the message", self.hide)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP + 4, GAP - 2, GAP, GAP - 2)
        bar = row(self._label, self._remedy_button, self._detail_button, self._close_button)
        bar.setStretch(0, 1)
        layout.addLayout(bar)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The present message; empty when none is shown."""
        return self._label.text() if not self.isHidden() else ""

    def info(self, sentence: str) -> None:
        """A hint that goes by itself; an error, which stays until it is closed, it never replaces."""
        log.info("%s", sentence)
        if self.property("level") == "error" and not self.isHidden():
            return
        self._show("info", sentence)
        self._timer.start(HINT_MS)

    def warning(self, sentence: str) -> None:
        """Something was not as asked but work goes on."""
        log.warning("%s", sentence)
        self._show("warning", sentence)

    def error(self, failure: Failure) -> None:
        """Something failed; the last good picture stays."""
        self._show("error", failure.sentence, failure.detail, failure.remedy_label, failure.remedy)

    def _show(
        self, level: str, sentence: str, detail: str = "", label: str = "", remedy: Request | None = None
    ) -> None:
        self._timer.stop()
        self._remedy, self._detail = remedy, detail
        self._label.setText(sentence[:1].upper() + sentence[1:])
        self._remedy_button.setText(label)
        self._remedy_button.setVisible(remedy is not None)
        self._detail_button.setVisible(bool(detail))
        self.setProperty("level", level)
        restyle(self)
        self.show()

    def hideEvent(self, event: QHideEvent) -> None:
        """Hidden by hand or with the window: nothing is left to go by itself."""
        super().hideEvent(event)
        self._timer.stop()

    def _mend(self) -> None:
        self.hide()
        if self._remedy is not None:
            self.remedy_chosen.emit(self._remedy)

    def _show_detail(self) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, "Details", self._label.text(), parent=self.window())
        box.setObjectName("message_detail_box")
        box.setDetailedText(self._detail)
        copy = box.addButton("Copy", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Close)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._detail))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
