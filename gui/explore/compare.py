"""Two steps of the history side by side: their pictures, the signed difference, the codes that differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.results import Image
from gui.explore.image_view import ImageView
from gui.history import Step
from gui.theme import colours
from gui.widgets import GAP, caption, heading, named, row

SIDE = 208
BAR = 12


def signed_difference(before: Image, after: Image) -> tuple[Image, int]:
    """Each channel's change: mid grey where there is none, white and black at the largest one.

    Args:
        before: uint8 [height, width, channels].
        after: of the same shape.

    Returns:
        The picture, of the same shape, and the largest change, in steps of 255; 0 for equal images.
    """
    change = after.astype(np.int16) - before.astype(np.int16)
    largest = int(np.abs(change).max())
    return np.rint(127.5 + change * (127.5 / max(1, largest))).astype(np.uint8), largest


class CompareDialog(QDialog):
    """Signals:
    variable_chosen: node of a code that differs, by double click or Enter.

    Args:
        steps: what the present can be compared with, each with its title in the list.
        place: which of them first.
        present: the present step.
        name_of: node -> the variable's name.
    """

    variable_chosen = Signal(int)

    def __init__(
        self,
        steps: Sequence[tuple[str, Step]],
        place: int,
        present: Step,
        name_of: Callable[[int], str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("compare_dialog")
        self.setWindowTitle("Compare two steps")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._steps, self._present, self._name_of = list(steps), present, name_of
        self._held = False
        self.choice = named(QComboBox(), "compare_step", "Step to compare with the present one")
        for title, _step in steps:
            self.choice.addItem(title)
        self.first = ImageView("compare_first", "Image of the step")
        self.second = ImageView("compare_second", "Image of the present step")
        self.difference = ImageView("compare_difference", "Signed difference, present minus step")
        self.scale = ScaleBar()
        self.titles = [caption(), caption(), caption("Difference, each colour channel")]
        self.flip = named(
            QPushButton("Flip"), "compare_flip", "Flip the two pictures", "Flip the two pictures (hold F)"
        )
        self.flip.setCheckable(True)
        self.facts, self.count = caption(wrap=True), heading("")
        self.table = _table()
        self._build()
        self.choice.currentIndexChanged.connect(lambda _i: self._show())
        self.flip.toggled.connect(lambda _on: self._show_pictures())
        self.table.activated.connect(lambda index: self.variable_chosen.emit(self._nodes[index.row()]))
        for widget in self.findChildren(QWidget):
            widget.installEventFilter(self)  # F is held wherever the focus is
        self.choice.setCurrentIndex(place)
        self._show()
        self.flip.setFocus()

    def _build(self) -> None:
        pictures = QGridLayout()
        pictures.setSpacing(GAP)
        for column, view in enumerate((self.first, self.second, self.difference)):
            view.setFixedSize(SIDE, SIDE)
            self.titles[column].setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self.titles[column].setFixedWidth(SIDE)
            pictures.addWidget(self.titles[column], 0, column)
            pictures.addWidget(view, 1, column)
        pictures.addWidget(self.scale, 2, 2)
        pictures.addWidget(self.facts, 2, 0, 1, 2)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(GAP)
        top = row(QLabel("Compare"), self.choice, QLabel("with the present step"), 1, self.flip)
        layout.addLayout(top)
        layout.addLayout(pictures)
        layout.addWidget(self.count)
        layout.addWidget(self.table, 1)
        layout.addWidget(close)

    @property
    def flipped(self) -> bool:
        """Whether the two pictures stand in each other's place."""
        return self.flip.isChecked() != self._held

    def _show(self) -> None:
        """Another step was chosen."""
        step, present = self._steps[self.choice.currentIndex()][1], self._present
        picture, largest = signed_difference(step.image, present.image)
        self.difference.set_image(picture)
        self.scale.set_largest(largest)
        mean = float(np.abs(present.image.astype(np.int16) - step.image).mean())
        self.facts.setText(
            f"Mean change {mean:.1f}, largest {largest}, of 255." if largest else "The pictures are the same."
        )
        self._nodes = [int(n) for n in np.flatnonzero(step.codes != present.codes)]
        self.count.setText(f"{len(self._nodes)} of {len(present.codes)} codes differ")
        self.table.setRowCount(len(self._nodes))
        for line, node in enumerate(self._nodes):
            cells = (self._name_of(node), str(step.codes[node]), str(present.codes[node]))
            for column, text in enumerate(cells):
                self.table.setItem(line, column, QTableWidgetItem(text))
        self._show_pictures()

    def _show_pictures(self) -> None:
        shown = [self._steps[self.choice.currentIndex()][1], self._present]
        words = ["Step", "Present"]
        if self.flipped:
            shown.reverse()
            words.reverse()
        for view, label, word, step in zip(
            (self.first, self.second), self.titles, words, shown, strict=False
        ):
            view.set_image(step.image)
            view.setAccessibleName(f"{word}: {step.title}")
            text = label.fontMetrics().elidedText(f"{word}: {step.title}", Qt.TextElideMode.ElideMiddle, SIDE)
            label.setText(text)
            label.setToolTip(step.title)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        down, up = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
        if not isinstance(event, QKeyEvent) or event.type() not in (down, up):
            return super().eventFilter(watched, event)
        if event.key() != Qt.Key.Key_F or event.modifiers():
            return super().eventFilter(watched, event)
        if not event.isAutoRepeat():
            self._hold(event.type() == down)
        return True

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._hold(False)  # the key is let go where nobody sees it

    def _hold(self, held: bool) -> None:
        if held != self._held:
            self._held = held
            self._show_pictures()


class ScaleBar(QWidget):
    """What black, grey and white of the difference mean."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "compare_scale", "Scale of the difference")
        self.largest = 0
        self.setFixedSize(SIDE, BAR + 18)

    def set_largest(self, largest: int) -> None:
        """The change that black and white stand for, in steps of 255."""
        self.largest = largest
        self.setAccessibleDescription(f"black is minus {largest}, grey 0, white plus {largest}")
        self.setToolTip(f"Black: {largest} less; grey: the same; white: {largest} more")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        gradient = QLinearGradient(0, 0, self.width(), 0)
        gradient.setColorAt(0, QColor("black"))
        gradient.setColorAt(1, QColor("white"))
        painter.fillRect(0, 0, self.width(), BAR, gradient)
        painter.setPen(QColor(colours().line))
        painter.drawRect(0, 0, self.width() - 1, BAR - 1)
        painter.setPen(QColor(colours().dim))
        side = Qt.AlignmentFlag
        for text, where in (
            (f"\N{MINUS SIGN}{self.largest}", side.AlignLeft),
            ("0", side.AlignHCenter),
            (f"+{self.largest}", side.AlignRight),
        ):
            painter.drawText(QRect(0, BAR + 2, self.width(), 16), where, text)


def _table() -> QTableWidget:
    table = named(
        QTableWidget(0, 3),
        "compare_codes",
        "Codes that differ: variable, code of the step, present code; Enter chooses the variable",
    )
    table.setHorizontalHeaderLabels(["Variable", "Code of the step", "Present code"])
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(24)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.setAlternatingRowColors(True)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setToolTip("Double click or Enter chooses the variable in the graph")
    table.setMinimumHeight(120)
    return table
