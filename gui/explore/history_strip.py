"""The history of interventions as a strip of pictures; a click goes to that state."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui.explore.thumbs import ThumbGrid
from gui.history import Step
from gui.widgets import GAP, button, caption, heading, row, tool_button


class HistoryStrip(QWidget):
    """Signals:
    index_chosen: place in the history, 0 is the reconstruction.
    undo_wanted, redo_wanted, copy_wanted: the buttons.
    """

    index_chosen = Signal(int)
    undo_wanted = Signal()
    redo_wanted = Signal()
    copy_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._read_only = False
        self.undo = tool_button("↶", "history_undo", "Undo the intervention (Ctrl+Z)", self.undo_wanted.emit)
        self.redo = tool_button("↷", "history_redo", "Redo the intervention (Ctrl+Y)", self.redo_wanted.emit)
        self.copy = button(
            "Copy as Python", "history_copy", "Copy the interventions as Python", self.copy_wanted.emit
        )
        self.label = caption(wrap=True)
        self.label.setObjectName("history_label")
        self.thumbs = ThumbGrid("history", "History of interventions", side=44)
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
        layout.addWidget(self.label)
        layout.addWidget(scroll)
        self.thumbs.chosen.connect(self.index_chosen)
        self.set_steps([], 0)

    def set_read_only(self, read_only: bool) -> None:
        """Of a session without its run there is nothing to run in a notebook."""
        self._read_only = read_only

    def set_steps(self, steps: list[Step], index: int) -> None:
        """Show all states; `index` is the present one."""
        self.undo.setEnabled(index > 0)
        self.redo.setEnabled(index < len(steps) - 1)
        self.copy.setEnabled(len(steps) > 1 and not self._read_only)
        count = max(0, len(steps) - 1)
        many = "" if count == 1 else "s"
        self.label.setText(
            f"{count} intervention{many}, now at {steps[index].label}"
            if count
            else "What you do to the image lines up here."
        )
        self.thumbs.setMinimumWidth(len(steps) * 48)
        images = np.stack([step.image for step in steps]) if steps else np.zeros((0, 1, 1, 3), np.uint8)
        labels = tuple("start" if place == 0 else str(place) for place in range(len(steps)))
        self.thumbs.set_items(
            images, labels, tuple(step.label for step in steps), (), index if steps else None
        )
        bar = self._scroll.horizontalScrollBar()
        bar.setValue(min(bar.maximum(), index * 48))
