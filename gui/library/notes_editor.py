"""Tags and a note of a run, saved when one leaves the field."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QPlainTextEdit, QWidget

from engine.errors import InputError
from engine.run_notes import RunNotes
from gui.replies import RunEntry
from gui.widgets import named


class NotesEditor(QWidget):
    """Two fields.

    Signals:
        written(path, notes): the RunNotes of a run changed.
        refused(sentence): what was typed is no tag.
    """

    written = Signal(str, object)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path, self._saved = "", RunNotes()
        self.tags = named(QLineEdit(), "library_run_tags", "Tags of the run")
        self.tags.setPlaceholderText("Words with commas between them")
        self.note = named(QPlainTextEdit(), "library_run_note", "Note about the run")
        self.note.setPlaceholderText("What was tried, and what came of it")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(56)
        self.tags.editingFinished.connect(self.save)
        self.note.installEventFilter(self)
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addRow("Ta&gs", self.tags)
        layout.addRow("&Note", self.note)

    def set_entry(self, entry: RunEntry, writable: bool) -> None:
        """Another run; what was typed for the one before is saved."""
        path = str(entry.path)
        if path == self._path and self._is_being_edited():
            return  # a refresh must not take away what is being typed
        self.save()
        self._path, self._saved = path, RunNotes(entry.tags, entry.note)
        self.tags.setText(", ".join(entry.tags))
        self.note.setPlainText(entry.note)
        self.setEnabled(writable)

    def save(self) -> None:
        """Emit what was typed, if it is another thing than before."""
        try:
            notes = RunNotes(tuple(self.tags.text().split(",")), self.note.toPlainText().strip())
        except InputError as error:
            self.refused.emit(str(error))
            return
        if self._path and notes != self._saved:
            self._saved = notes
            self.written.emit(self._path, notes)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leaving the note saves it."""
        if event.type() == QEvent.Type.FocusOut:
            self.save()
        return super().eventFilter(watched, event)

    def _is_being_edited(self) -> bool:
        return self.tags.hasFocus() or self.note.hasFocus()
