"""Choosing a run to watch: one of the Library's, or any run directory."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from gui.widgets import button, named, row


class WatchBar(QWidget):
    """A list and two buttons.

    Signals:
        watch_wanted(path): follow the run in this directory.
    """

    watch_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = named(QComboBox(), "train_watch_run", "Run to watch")
        self.choice.setMinimumContentsLength(10)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.watch = button(
            "Watch",
            "train_watch",
            "Watch the chosen run",
            self._watch_chosen,
            "Follow a run by its directory",
        )
        self.folder = button(
            "Folder\N{HORIZONTAL ELLIPSIS}",
            "train_watch_folder",
            "Watch a run in another folder",
            self._watch_other,
        )
        bar = row(self.choice, self.watch, self.folder, spacing=4)
        bar.setContentsMargins(0, 0, 0, 0)
        self.setLayout(bar)

    def set_runs(self, runs: Mapping[str, str]) -> None:
        """The Library's runs, name -> directory; the chosen one stays."""
        chosen = self.choice.currentData()
        self.choice.clear()
        for name, path in runs.items():
            self.choice.addItem(name, path)
        self.choice.setCurrentIndex(max(0, self.choice.findData(chosen)) if runs else -1)
        self.watch.setEnabled(bool(runs))

    def _watch_chosen(self) -> None:
        if self.choice.currentData():
            self.watch_wanted.emit(self.choice.currentData())

    def _watch_other(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Run directory to watch")
        if folder:
            self.watch_wanted.emit(folder)
