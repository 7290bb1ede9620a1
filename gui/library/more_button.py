"""What is done with a run less often: another name, one file of it, a look at it in TensorBoard."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QPushButton

from gui.widgets import named

if TYPE_CHECKING:
    from gui.library.run_detail import RunDetail

DOTS = "\N{HORIZONTAL ELLIPSIS}"


class MoreButton(QPushButton):
    """A button with a menu, for the run in `detail`. F2 and Ctrl+E work while it is shown."""

    def __init__(self, detail: RunDetail) -> None:
        super().__init__("More")
        self._detail = detail
        named(self, "library_run_more", "More to do with the run")
        menu = QMenu(self)
        self.rename = self._action(menu, "rename", f"Rename{DOTS}", self.ask_name, "F2")
        self.export = self._action(menu, "export", f"Export{DOTS}", self._ask_file, "Ctrl+E")
        self.tensorboard = self._action(menu, "tensorboard", "Copy TensorBoard command", self._copy_command)
        self.setMenu(menu)

    def ask_name(self) -> None:
        """Ask for another name."""
        path = self._detail.path()
        dialog = QInputDialog(self.window())
        dialog.setObjectName("library_rename_dialog")
        dialog.setWindowTitle("Rename the run")
        dialog.setLabelText("Name of the run, which is its folder's too")
        dialog.setTextValue(Path(path).name)
        dialog.textValueSelected.connect(lambda name: self._name(path, name))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _name(self, path: str, name: str) -> None:
        if name.strip() != Path(path).name:
            self._detail.rename_requested.emit(path, name)

    def _ask_file(self) -> None:
        path = Path(self._detail.path())
        file, _ = QFileDialog.getSaveFileName(self, "Export the run", f"{path.name}.zip", "Archives (*.zip)")
        if file:
            self._detail.export_requested.emit(
                str(path), file if file.lower().endswith(".zip") else f"{file}.zip"
            )

    def _copy_command(self) -> None:
        QGuiApplication.clipboard().setText(f"tensorboard --logdir {shlex.quote(self._detail.path())}")

    def _action(
        self, menu: QMenu, name: str, text: str, triggered: Callable[[], object], keys: str = ""
    ) -> QAction:
        action = QAction(text, self)
        action.setObjectName(f"library_run_{name}")
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda _checked=False: triggered())
        menu.addAction(action)
        self._detail.addAction(action)  # its shortcut works while a run is shown
        return action
