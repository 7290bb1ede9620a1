"""The question before something goes to the trash."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def ask_to_delete(
    parent: QWidget, prefix: str, what: str, text: str, details: str, delete: Callable[[], object]
) -> None:
    """Open it over the window; Keep is what Return means.

    Args:
        parent: somewhere in the window.
        prefix: of the object names: "library" gives "library_delete_question" and "library_delete_yes".
        what: "run", for the title.
        text: the question, with a name.
        details: what goes and where from, and whether it can come back.
        delete: called when the answer is Delete.
    """
    icon = QMessageBox.Icon.Warning
    box = QMessageBox(icon, f"Delete the {what}?", text, parent=parent.window())
    box.setObjectName(f"{prefix}_delete_question")
    box.setInformativeText(details)
    yes = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
    yes.setObjectName(f"{prefix}_delete_yes")
    yes.clicked.connect(lambda: delete())
    box.setDefaultButton(box.addButton("Keep", QMessageBox.ButtonRole.RejectRole))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
