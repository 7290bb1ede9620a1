"""What happens to a training when its window is to close: saved, left to go on by itself, or kept."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from gui.headless import go_on_without_window


class Closing(QObject):
    """Asks, and remembers what is to happen once the training has been saved.

    Signals:
        save_wanted(): stop the training, which saves it.
        close_wanted(): nothing is in the way any more.
        hinted(text), warned(text): for the message banner.

    Attributes:
        question: the message box while it is open, or the last one.
    """

    save_wanted = Signal()
    close_wanted = Signal()
    hinted = Signal(str)
    warned = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._waiting = False
        self._run = ""  # to be gone on with
        self._training = False
        self.question: QMessageBox | None = None

    def ask(self, run: str) -> None:
        """Ask what to do with the training of a run; not again while its saving is waited for."""
        if self._waiting:
            return
        box = QMessageBox(
            QMessageBox.Icon.Question,
            "A training is running",
            "A training is running. It can be saved, to be resumed from the Library, "
            "or go on without the window, to be watched in Train.",
            parent=self._window,
        )
        box.setObjectName("close_question")
        save = self._add(box, "Save and close", QMessageBox.ButtonRole.AcceptRole, "close_save")
        leave = self._add(box, "Go on without the window", QMessageBox.ButtonRole.AcceptRole, "close_go_on")
        leave.setEnabled(bool(run))
        self._add(box, "Keep the window", QMessageBox.ButtonRole.RejectRole, "close_keep")
        save.clicked.connect(lambda: self._save(""))
        leave.clicked.connect(lambda: self._save(run))
        self.question = box
        box.open()

    def set_training(self, running: bool) -> None:
        """The saving that a close waited for is done; a later training owes that close nothing."""
        self._training = running
        if running:
            self._waiting = False
        elif self._waiting:
            self._go()

    def give_up(self) -> None:
        """What was not saved must be seen, so the window stays."""
        self._waiting = False

    def _save(self, run: str) -> None:
        self._run = run
        if not self._training:  # it ended by itself while the question was open
            self._run = ""
            self.close_wanted.emit()
            return
        self._waiting = True
        self.hinted.emit("Saving the run, then closing.")
        self.save_wanted.emit()

    def _go(self) -> None:
        run, self._run = self._run, ""
        if run and not go_on_without_window(run):
            self._waiting = False
            self.warned.emit(
                "The training could not go on without the window; it is saved, and the Library resumes it."
            )
            return
        self.close_wanted.emit()

    @staticmethod
    def _add(box: QMessageBox, text: str, role: QMessageBox.ButtonRole, name: str) -> QPushButton:
        button = box.addButton(text, role)
        button.setObjectName(name)
        return button
