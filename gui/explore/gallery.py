"""Joins the gallery of codes to the window's state: what is asked, and which answer still counts."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from gui import requests as rq
from gui.explore.gallery_dialog import GalleryDialog
from gui.replies import CodePage, Failure
from gui.state import Selection

KIND = rq.kind_of(rq.ReadCodeUse)


class Gallery(QObject):
    """Opens the dialog for a node, asks for the codes it wants to see, and follows run, data set and node.

    Signals:
        asked: a Request.
        cancelled: kind of a request whose answer is no longer wanted.
        hinted: a sentence for the user that goes by itself.
        code_chosen: variable, code: do(variable := code).
    """

    asked = Signal(object)
    cancelled = Signal(str)
    hinted = Signal(str)
    code_chosen = Signal(int, int)

    def __init__(self, selection: Selection, parent: QWidget) -> None:
        super().__init__(parent)
        self._selection = selection
        self._book, self._code = 0, 0
        self.dialog = GalleryDialog(parent)
        self.dialog.code_wanted.connect(self._look_at)
        self.dialog.cell_wanted.connect(self._go_to)
        self.dialog.use_wanted.connect(self._use)
        for key, does in (("Ctrl+Z", selection.history.undo), ("Ctrl+Y", selection.history.redo)):
            QShortcut(QKeySequence(key), self.dialog).activated.connect(does)  # the window's reach no dialog
        self.dialog.finished.connect(lambda _result: self.cancelled.emit(KIND))
        selection.variable_changed.connect(self._on_variable)
        selection.step_changed.connect(lambda _step: self._mark_present())
        selection.dataset_changed.connect(lambda _dataset: self._ask_again())

    def open(self, code: int | None = None) -> None:
        """Show a code of the chosen variable's codebook; without `code` the variable's present one."""
        variable, step = self._selection.variable, self._selection.step
        if variable is None or step is None:
            self.hinted.emit("Choose a node of the graph first; the gallery shows the codes of its codebook.")
            return
        self._code = int(step.codes[variable]) if code is None else code
        self.dialog.show()
        self.dialog.activateWindow()
        self._ask()

    def on_page(self, page: CodePage) -> None:
        """An answer; one about another code or variable than is looked at now says nothing."""
        if (page.use.variable, page.use.code) == (self._selection.variable, self._code):
            self.dialog.set_page(page)

    def on_failed(self, kind: str, failure: Failure) -> None:
        """Why there is nothing to see."""
        if kind == KIND:
            self.dialog.say(failure.sentence)

    def on_ended(self, kind: str) -> None:
        """Cancelled in the status bar: what was read so far stays in sight."""
        if kind == KIND:
            self.dialog.end()

    def _ask(self) -> None:
        run, dataset, variable = self._selection.run, self._selection.dataset, self._selection.variable
        if run is None or variable is None:
            return
        self._book, cell = divmod(variable, run.grid[1] * run.grid[2])
        self.dialog.set_place(self._book, run.grid[1:], cell, run.num_codes, self._code)
        self._mark_present()
        if dataset is None:
            self.dialog.say("No data set is open; choose one in the Library to see its codes.")
        else:
            self.asked.emit(rq.ReadCodeUse(str(run.path), dataset.dataset, variable, self._code))

    def _mark_present(self) -> None:
        """Which code the variable has now, so that it is not set to it again."""
        step, variable = self._selection.step, self._selection.variable
        self.dialog.set_present(int(step.codes[variable]) if step and variable is not None else None)

    def _ask_again(self) -> None:
        if self.dialog.isVisible():
            self._ask()

    def _look_at(self, code: int) -> None:
        self._code = code
        self._ask()

    def _go_to(self, cell: int) -> None:
        """The variable of the same codebook at another cell; the code stays."""
        run, variable = self._selection.run, self._selection.variable
        if run is not None and variable is not None:
            cells = run.grid[1] * run.grid[2]
            self._selection.set_variable(variable // cells * cells + cell)

    def _use(self, code: int) -> None:
        if self._selection.variable is not None:
            self.code_chosen.emit(self._selection.variable, code)

    def _on_variable(self, variable: int | None) -> None:
        run, step = self._selection.run, self._selection.step
        if not self.dialog.isVisible():
            return
        if variable is None or run is None or step is None:
            self.dialog.close()
            return
        if variable // (run.grid[1] * run.grid[2]) != self._book:
            self._code = int(step.codes[variable])  # the same number is another code there
        self._ask()
