"""What can be done to steps of the history: rename, compare, delete, copy, go to another branch."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog, QMenu, QMessageBox, QWidget

from gui.explore.compare import CompareDialog
from gui.explore.history_strip import HistoryStrip
from gui.history import Step
from gui.notebook import command
from gui.state import Selection

MOST_LETTERS = 60
NOTHING = "There is no step yet; read an image first."


class HistoryCommands(QObject):
    """The commands, each for the step under the strip's cursor, which is the present one unless moved.

    Signals:
        hinted: a sentence for the user.
    """

    hinted = Signal(str)

    def __init__(self, selection: Selection, strip: HistoryStrip, parent: QWidget) -> None:
        super().__init__(parent)
        self._selection, self._strip, self._parent = selection, strip, parent

    def _place(self) -> int | None:
        """The step under the cursor, or None and a word."""
        place = self._strip.thumbs.cursor_place
        if 0 <= place < len(self._selection.steps()):
            return place
        self.hinted.emit(NOTHING)
        return None

    # ------------------------------------------------------------ names

    def rename(self) -> None:
        """Ask for the step's name."""
        place = self._place()
        if place is None:
            return
        step = self._selection.steps()[place]
        dialog = QInputDialog(self._parent)
        dialog.setObjectName("history_rename_dialog")
        dialog.setWindowTitle("Rename the step")
        dialog.setLabelText(f"Name of the step (empty: {step.label})")
        dialog.setTextValue(step.title)
        dialog.textValueSelected.connect(lambda name: self._rename(step, name))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _rename(self, step: Step, name: str) -> None:
        steps = self._selection.steps()
        if step in steps:
            given = " ".join(name.split())[:MOST_LETTERS]
            self._selection.rename_step(steps.index(step), "" if given == step.label else given)

    # ------------------------------------------------------------ deleting

    def delete(self) -> None:
        """Delete the step and what builds on it; ask first where that is more than the step itself."""
        place = self._place()
        if place is None:
            return
        if place == 0:
            self.hinted.emit("The start of the history stays; choose a later step, or another image.")
            return
        step = self._selection.steps()[place]
        others = len(self._selection.branches.building_on(place)) - 1
        if others:
            self._ask_to_delete(step, others)
        else:
            self._delete(step)

    def _ask_to_delete(self, step: Step, others: int) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Question,
            "Delete steps",
            f"Delete “{step.title}” and {_others(others)}? They cannot be brought back.",
            parent=self._parent,
        )
        box.setObjectName("history_delete_question")
        yes = box.addButton("Delete", QMessageBox.ButtonRole.AcceptRole)
        yes.setObjectName("history_delete_yes")
        keep = box.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
        keep.setObjectName("history_delete_no")
        box.setDefaultButton(keep)
        yes.clicked.connect(lambda: self._delete(step))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _delete(self, step: Step) -> None:
        steps = self._selection.steps()
        if step not in steps:
            return
        place = steps.index(step)
        others = len(self._selection.branches.building_on(place)) - 1
        self._selection.delete_step(place)
        self.hinted.emit(f"Deleted “{step.title}”" + (f" and {_others(others)}." if others else "."))

    def delete_later(self) -> None:
        """Delete what follows the step in its branch, and what builds on that."""
        place = self._place()
        if place is not None and place + 1 < len(self._selection.steps()):
            self._strip.thumbs.walk_to(place + 1)
            self.delete()

    # ------------------------------------------------------------ comparing

    def compare(self) -> None:
        """The step beside the present one; the present itself beside the one before it."""
        place, present = self._place(), self._selection.step
        if place is None or present is None:
            return
        listed = self._listed(present)
        if not listed:
            self.hinted.emit("There is one step only; intervene, then compare.")
            return
        steps = self._selection.steps()
        index = self._selection.history.index()
        chosen = steps[place] if place != index else steps[place - 1 if place else 1]
        at = next(n for n, (_title, step) in enumerate(listed) if step is chosen)
        dialog = CompareDialog(listed, at, present, self._selection.variable_name, self._parent)
        if self._selection.run is not None:
            dialog.variable_chosen.connect(self._selection.set_variable)
        dialog.open()

    def compare_states(self, state: Step, other: Step | None) -> None:
        """A state beside another, the present one where there is none, outside of the history."""
        present = other or self._selection.step
        if present is not None:
            dialog = CompareDialog(
                [(state.title, state)], 0, present, self._selection.variable_name, self._parent
            )
            if self._selection.run is not None:
                dialog.variable_chosen.connect(self._selection.set_variable)
            dialog.open()

    def _listed(self, present: Step) -> list[tuple[str, Step]]:
        """All other steps with their titles: those of the present branch, then what other branches add."""
        path = self._selection.steps()
        found = [(f"{place}: {step.title}" if place else step.title, step) for place, step in enumerate(path)]
        for number, branch in enumerate(self._selection.branches.paths, start=1):
            found += [
                (f"branch {number}, {place}: {step.title}", step)
                for place, step in enumerate(branch)
                if step not in path and step not in [known for _title, known in found]
            ]
        return [(title, step) for title, step in found if step is not present]

    # ------------------------------------------------------------ copying

    def copy_python(self) -> None:
        """The interventions up to the present state as Python to the clipboard."""
        run = self._selection.run
        if run is None:
            return
        lines = [
            "import numpy as np",
            "from engine.explorer import Explorer",
            f"explorer = Explorer.load({str(run.path)!r})",
            "codes = explorer.encode(image)  # uint8 [height, width, 3]",
            "image = explorer.decode(codes)",
            *self._lines(),
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))
        self.hinted.emit("The interventions are on the clipboard as Python.")

    def copy_command(self) -> None:
        """The same as a command for a terminal."""
        run, image, lines = self._selection.run, self._selection.image, self._lines()
        if run is None or image is None or not lines:
            self.hinted.emit("There is no intervention to copy yet.")
            return
        address = image.loaded.address
        QGuiApplication.clipboard().setText(command(run, address or "IMAGE", lines))
        missing = "" if address else " Save the original image, and write its file for IMAGE."
        self.hinted.emit(f"The interventions are on the clipboard as a command.{missing}")

    def _lines(self) -> list[str]:
        return [step.python for step in self._selection.steps()[1 : self._selection.history.index() + 1]]

    # ------------------------------------------------------------ branches and the menu

    def next_branch(self) -> None:
        """The next branch, after the last the first."""
        count = len(self._selection.branches.paths)
        if count < 2:
            self.hinted.emit("The history has one branch; undo, then act, to begin another.")
        else:
            self._selection.choose_branch((self._selection.branches.present + 1) % count)

    def show_menu(self, place: int, where: QPoint) -> None:
        """All commands for a step, at a point of the screen."""
        steps = self._selection.steps()
        if not 0 <= place < len(steps):
            return
        self._strip.thumbs.walk_to(place)
        menu = QMenu(self._strip)
        menu.setObjectName("history_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Go to this step\tEnter", lambda: self._selection.history.setIndex(place))
        menu.addAction("Rename…\tF2", self.rename)
        menu.addAction("Compare with present…\tCtrl+D", self.compare)
        menu.addAction("Copy as Python", self.copy_python)
        menu.addAction("Copy as command\tCtrl+Shift+C", self.copy_command)
        menu.addSeparator()
        later = len(steps) - 1 - place
        if place:
            building = len(self._selection.branches.building_on(place)) - 1
            also = f" and {_others(building)}" if building else ""
            menu.addAction(f"Delete this step{also}\tDel", self.delete)
        if later:
            menu.addAction(f"Delete the {later} later step{'s' if later > 1 else ''}…", self.delete_later)
        if len(self._selection.branches.paths) > 1:
            menu.addSeparator()
            menu.addAction("Next branch\tCtrl+B", self.next_branch)
        menu.popup(where)


def _others(count: int) -> str:
    return f"the {count} steps that build on it" if count > 1 else "the step that builds on it"
