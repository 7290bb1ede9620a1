"""Making a data set of a packed file: which file, what it holds, under which name."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QLabel, QLineEdit, QVBoxLayout, QWidget

from datasets.errors import DatasetError
from datasets.special import place_for
from gui import requests as rq
from gui.dataset_replies import PackedView
from gui.theme import colours
from gui.widgets import GAP, button, caption, heading, named, row
from gui.words import count, file_size
from gui.workspace import Answer

DOTS = "\N{HORIZONTAL ELLIPSIS}"


class UnpackDialog(QDialog):
    """Signals:
    chosen(file, name): unpack it under this name.
    """

    chosen = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("unpack_dialog")
        self.setWindowTitle("Unpack a data set")
        self._packed = PackedView("", "", 0, 0, "")
        self.title, self.words = heading(""), named(caption(wrap=True), "unpack_words", "What it holds")
        self.name = named(QLineEdit(), "unpack_name", "Name of the data set")
        self.problem = named(caption(wrap=True), "unpack_problem", "Why it cannot have this name")
        self.cancel = button("Cancel", "unpack_cancel", "Close and unpack nothing", self.reject)
        self.unpack = button("Unpack", "unpack_accept", "Unpack it under this name", self._accept)
        self.unpack.setProperty("role", "primary")
        self.unpack.setDefault(True)
        self.cancel.setAutoDefault(False)
        label = QLabel("&Name")
        label.setBuddy(self.name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self.title)
        layout.addWidget(self.words)
        layout.addLayout(row(label, self.name, wide=self.name))
        layout.addWidget(self.problem)
        layout.addStretch(1)
        layout.addLayout(row(1, self.cancel, self.unpack))
        self.name.textChanged.connect(self._check)
        self.setMinimumWidth(460)

    def begin(self, packed: PackedView) -> None:
        """Open for a file."""
        self._packed = packed
        self.title.setText(Path(packed.file).name)
        size = file_size(packed.size_bytes)
        self.words.setText(f"{count(packed.images)} images; unpacked {size}. Licence: {packed.licence}")
        self.name.setText(packed.name)
        self._check(packed.name)
        self.name.selectAll()
        self.name.setFocus()
        self.open()

    def _check(self, name: str) -> None:
        """The name that was offered is free, also where it is that of a usual set."""
        problem = ""
        if name.strip() != self._packed.name or not name:
            try:
                place_for(name.strip())
            except DatasetError as error:
                problem = str(error)
        self.problem.setText(f"{problem[:1].upper()}{problem[1:]}." if problem else "")
        self.problem.setStyleSheet(f"color: {colours().bad}" if problem else "")
        self.unpack.setEnabled(not problem)

    def _accept(self) -> None:
        if self.unpack.isEnabled():
            self.accept()
            self.chosen.emit(self._packed.file, self.name.text().strip())


class Unpacking(QObject):
    """Signals:
    asked: a Request for the engine thread.
    unpacked(DatasetView): a data set is there.

    Args:
        parent: what the dialogs open over.
    """

    asked = Signal(object)
    unpacked = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.button = button(
            f"Unpack{DOTS}", "library_unpack", "Unpack a packed data set", self.choose,
            "Make a data set of a file that Pack or `doscope pack` wrote; such a file can also be dropped",
        )  # fmt: skip
        self.dialog = UnpackDialog(parent)
        self.dialog.chosen.connect(lambda file, name: self.asked.emit(rq.UnpackDataset(file, name)))

    def answers(self) -> dict[str, Answer]:
        """Kind of request -> the method that takes its payloads."""
        return {
            rq.kind_of(rq.LookPacked): self.dialog.begin,
            rq.kind_of(rq.UnpackDataset): self.unpacked.emit,
        }

    def choose(self) -> None:
        """Ask for the file."""
        file, _ = QFileDialog.getOpenFileName(self._over, "Unpack a data set", "", "Packed data sets (*.h5)")
        if file:
            self.look(file)

    def look(self, file: str) -> None:
        """Show what a file holds, and ask for the name."""
        self.asked.emit(rq.LookPacked(file))
