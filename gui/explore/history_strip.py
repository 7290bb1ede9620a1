"""The history of interventions as a strip of pictures; a click goes to that state."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui.explore.thumbs import ThumbGrid
from gui.history import Step
from gui.widgets import GAP, button, caption, heading, named, row, tool_button


class StepThumbs(ThumbGrid):
    """The steps' pictures.

    Signals:
        menu_wanted: place of a step, and where on the screen its menu belongs.
        delete_wanted: the Delete key.
    """

    menu_wanted = Signal(int, QPoint)
    delete_wanted = Signal()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_keys = event.reason() == QContextMenuEvent.Reason.Keyboard
        place = self.cursor_place if by_keys else self.place_at(event.pos())
        if place is not None:
            self.menu_wanted.emit(place, self.menu_point(place) if by_keys else event.globalPos())

    def menu_point(self, place: int) -> QPoint:
        """Where the menu of a step goes that no mouse points at."""
        return self.mapToGlobal(self.cell_rect(place).center())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)


class HistoryStrip(QWidget):
    """Signals:
    index_chosen: place in the history, 0 is the reconstruction.
    branch_chosen: index of a branch.
    menu_wanted: place of a step, and where on the screen its menu belongs.
    delete_wanted: the Delete key; for the step under the cursor.
    undo_wanted, redo_wanted, copy_wanted: the buttons.
    """

    index_chosen = Signal(int)
    branch_chosen = Signal(int)
    menu_wanted = Signal(int, QPoint)
    delete_wanted = Signal()
    undo_wanted = Signal()
    redo_wanted = Signal()
    copy_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._read_only = False
        self._steps: list[Step] = []
        self._index = 0
        self._shown: tuple[list[Step], list[str], int, bool] | None = None
        self.undo = tool_button("↶", "history_undo", "Undo the intervention (Ctrl+Z)", self.undo_wanted.emit)
        self.redo = tool_button("↷", "history_redo", "Redo the intervention (Ctrl+Y)", self.redo_wanted.emit)
        self.copy = button(
            "Copy as Python", "history_copy", "Copy the interventions as Python", self.copy_wanted.emit
        )
        self.more = tool_button(
            "⋯", "history_more", "Commands for the step: rename, compare, delete (Menu key)", self._ask_menu
        )
        self.branch = named(
            QComboBox(),
            "history_branch",
            "Branch of the history",
            "Branches of the history: steps that were undone stay in theirs (Ctrl+B: next)",
        )
        self.branch.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.branch.setMinimumContentsLength(12)
        self.branch.hide()
        self.label = caption(wrap=True)
        self.label.setObjectName("history_label")
        self.thumbs = StepThumbs(
            "history",
            "History of interventions: arrow keys walk, Enter goes there, F2 renames, Delete deletes",
            side=44,
        )
        scroll = QScrollArea()
        scroll.setObjectName("history_scroll")
        scroll.setAccessibleName("History, scrollable")
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        holder_layout = QHBoxLayout(holder)
        holder_layout.setContentsMargins(0, 0, 0, 0)
        holder_layout.addWidget(self.thumbs)
        scroll.setWidget(holder)
        scroll.setFixedHeight(76)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll = scroll
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP // 2)
        layout.addLayout(row(heading("History"), 1, self.undo, self.redo, self.copy, spacing=4))
        line = row(self.label, self.branch, self.more, spacing=4)
        line.setStretch(0, 1)
        line.setStretch(1, 1)
        layout.addLayout(line)
        layout.addWidget(scroll)
        self.thumbs.chosen.connect(self.index_chosen)
        self.thumbs.menu_wanted.connect(self.menu_wanted)
        self.thumbs.delete_wanted.connect(self.delete_wanted)
        self.branch.activated.connect(self.branch_chosen)
        self.set_steps([], 0)

    def _ask_menu(self) -> None:
        place = self.thumbs.cursor_place
        self.menu_wanted.emit(place, self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def set_branches(self, paths: list[list[Step]], present: int) -> None:
        """List all branches by how they end, instead of the line of words; one alone needs no list."""
        self.branch.clear()
        for number, path in enumerate(paths, start=1):
            many = "" if len(path) == 2 else "s"
            self.branch.addItem(f"Branch {number}: {len(path) - 1} step{many}, to {path[-1].title}")
        self.branch.setCurrentIndex(present if paths else -1)
        self.branch.setVisible(len(paths) > 1)
        self.label.setVisible(len(paths) < 2)

    def set_read_only(self, read_only: bool) -> None:
        """Of a session without its run there is nothing to run in a notebook."""
        self._read_only = read_only

    def set_steps(self, steps: list[Step], index: int) -> None:
        """Show all states; `index` is the present one."""
        shown = list(steps), [step.name for step in steps], index, self._read_only
        if shown == self._shown:  # a step comes with a signal of its own and one of the history
            return
        self._shown = shown
        self.undo.setEnabled(index > 0)
        self.redo.setEnabled(index < len(steps) - 1)
        self.copy.setEnabled(len(steps) > 1 and not self._read_only)
        count = max(0, len(steps) - 1)
        many = "" if count == 1 else "s"
        self.label.setText(
            f"{count} intervention{many}, now at {steps[index].title}"
            if count
            else "What you do to the image lines up here."
        )
        self.thumbs.setMinimumWidth(len(steps) * 48)
        images = [step.image for step in steps]
        plain = ("start", *map(str, range(1, len(steps))))
        labels = tuple(step.name or number for step, number in zip(steps, plain, strict=False))
        tips = tuple(_tip(step) for step in steps)
        cursor = self.thumbs.cursor_place
        same = steps[:1] == self._steps[:1] and len(steps) == len(self._steps) and index == self._index
        self.thumbs.set_items(images, labels, tips, (), index if steps else None)
        if same:  # a step has another name: whoever walks over them stays where they are
            self.thumbs.walk_to(cursor)
        self._steps, self._index = list(steps), index
        self.more.setEnabled(bool(steps))
        bar = self._scroll.horizontalScrollBar()
        bar.setValue(min(bar.maximum(), index * 48))


def _tip(step: Step) -> str:
    return f"{step.name}: {step.label}" if step.name else step.label
