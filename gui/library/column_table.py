"""The columns of one's own labels: a row each, with the name and the kind of the factor that it makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from datasets.own_labels import name_problem
from datasets.own_preview import Column
from gui.theme import colours
from gui.widgets import GAP, caption, heading, named

KINDS = {
    "ordinal": "in order",
    "cyclic": "in order, round again",
    "nominal": "without order",
    "binary": "two values",
    "ignore": "leave out",
}
TIPS = (
    "Values in an order, such as sizes",
    "Values in an order whose last one is next to the first, such as angles and hues",
    "Values without an order, such as shapes",
    "Two values, such as with and without",
    "The column makes no factor",
)
MOST_ROWS = 100
SHOWN_VALUES = 5
NAME_WIDTH = 160
MOST_HEIGHT = 300
HEADINGS = ("Column", "Factor", "Kind", "Values")


class ColumnRow:
    """The widgets of one column.

    Args:
        number: of the column, from 0; part of the widgets' names.
        column: as it was guessed, or asked before.
        name: of the factor.
    """

    def __init__(self, number: int, column: Column, name: str) -> None:
        self.column = column
        self.title = QLabel(column.name)
        self.title.setToolTip(column.name)
        self.title.setMaximumWidth(170)
        self.name = named(QLineEdit(name), f"own_name_{number}", f"Name of the factor of {column.name}")
        self.name.setMinimumWidth(NAME_WIDTH)
        self.kind = named(QComboBox(), f"own_kind_{number}", f"Kind of the factor of {column.name}")
        for (kind, words), tip in zip(KINDS.items(), TIPS, strict=True):
            self.kind.addItem(f"{kind}: {words}", kind)
            self.kind.setItemData(self.kind.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.kind.setCurrentIndex(self.kind.findData(column.kind))
        self.note = caption(wrap=True)
        self.note.setObjectName(f"own_note_{number}")
        self.note.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def chosen(self) -> str:
        """The chosen kind."""
        return str(self.kind.currentData())

    def is_used(self) -> bool:
        """Whether the column shall make a factor."""
        return self.chosen() != "ignore"

    def problem(self, names: Counter[str]) -> str:
        """What is wrong with the row; `names` counts the names of all factors."""
        if not self.is_used():
            return ""
        name = self.name.text()
        if names[name] > 1:
            return "another factor has this name"
        if name != self.column.name and (problem := name_problem(name)):
            return problem
        return self.column.problem

    def show_words(self, problem: str) -> None:
        """The values, or the problem in the colour of one."""
        column = self.column
        shown = ", ".join(column.values[:SHOWN_VALUES])
        more = ", \N{HORIZONTAL ELLIPSIS}" if len(column.values) > SHOWN_VALUES else ""
        words = f"{len(column.values)}: {shown}{more}" if column.values else ""
        text = problem or "; ".join(filter(None, (words, column.note)))
        if not self.is_used() and not column.note:
            text = "left out"
        text = text.removeprefix(f"{column.name} ")  # the row says which column
        self.note.setText(text[:1].upper() + text[1:])
        self.note.setToolTip(", ".join(column.values[:60]))
        self.name.setAccessibleDescription(problem)
        self.note.setStyleSheet(f"color: {colours().bad}" if problem else "")
        self.name.setVisible(self.is_used())


class ColumnTable(QScrollArea):
    """Signals:
    kinds_changed: a kind was chosen; what it means has to be looked up.
    changed: a name or kind was changed.
    """

    kinds_changed = Signal()
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "own_columns", "Columns of the labels, scrollable")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows: list[ColumnRow] = []
        self._hidden: tuple[Column, ...] = ()

    def sizeHint(self) -> QSize:
        """All rows, or as many as there is room for in a usual window."""
        inside = self.widget()
        wanted = inside.sizeHint().height() if inside is not None else 0
        return QSize(super().sizeHint().width(), min(wanted, MOST_HEIGHT))

    def set_columns(self, columns: Sequence[Column], renames: dict[str, str]) -> None:
        """Begin anew, with the kinds that the columns have and other names for some."""
        self.rows = [
            ColumnRow(number, column, renames.get(column.name, column.name))
            for number, column in enumerate(columns[:MOST_ROWS])
        ]
        self._hidden = tuple(columns[MOST_ROWS:])
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, GAP, 0)
        grid.setHorizontalSpacing(GAP + 4)
        grid.setVerticalSpacing(GAP // 2)
        for place, title in enumerate(HEADINGS if self.rows else ()):
            grid.addWidget(heading(title), 0, place)
        for line, row in enumerate(self.rows, 1):
            grid.setRowMinimumHeight(line, row.name.sizeHint().height())  # also where the name is hidden
            for place, widget in enumerate((row.title, row.name, row.kind, row.note)):
                grid.addWidget(widget, line, place)
            row.name.textEdited.connect(self._on_edit)
            row.kind.activated.connect(self._on_kind)
        if self._hidden:
            words = f"{len(self._hidden)} more columns are taken as guessed; the command line can set them."
            grid.addWidget(caption(words), len(self.rows) + 1, 0, 1, len(HEADINGS))
        grid.setColumnMinimumWidth(1, NAME_WIDTH)
        grid.setColumnStretch(len(HEADINGS) - 1, 1)
        grid.setRowStretch(len(self.rows) + 2, 1)
        self.setWidget(inside)
        self.setMaximumHeight(inside.sizeHint().height())
        self.setMinimumHeight(min(inside.sizeHint().height(), MOST_HEIGHT // 2))
        self.updateGeometry()
        self.check()

    def update_columns(self, columns: Sequence[Column]) -> None:
        """What the chosen kinds mean; names, kinds and the focus stay."""
        for row, column in zip(self.rows, columns, strict=False):
            if column.kind == row.chosen() or column.problem:  # else it was changed since it was asked
                row.column = column
        self.check()

    def check(self) -> str:
        """Show what is wrong with each row; returns the first problem, or ""."""
        names = Counter(row.name.text() for row in self.rows if row.is_used())
        names.update(column.name for column in self._hidden if column.kind != "ignore")
        found = ""
        for row in self.rows:
            problem = row.problem(names)
            row.show_words(problem)
            found = found or (f"{row.column.name}: {problem}" if problem else "")
        return found

    def fields(self) -> tuple[QWidget, ...]:
        """What takes input, from above."""
        return tuple(field for row in self.rows for field in (row.name, row.kind))

    def kinds(self) -> tuple[str, ...]:
        """As "column=kind", where the kind is not what a build would guess."""
        changed = tuple(
            f"{row.column.name}={row.chosen()}" for row in self.rows if row.chosen() != row.column.guess
        )
        hidden = tuple(f"{c.name}={c.kind}" for c in self._hidden if c.kind != c.guess)
        return changed + hidden

    def renames(self) -> tuple[str, ...]:
        """As "column=name", where the factor has another name than its column."""
        return tuple(
            f"{row.column.name}={row.name.text()}"
            for row in self.rows
            if row.is_used() and row.name.text() != row.column.name
        )

    def names(self) -> tuple[str, ...]:
        """Each column's factor, or "" where it makes none."""
        shown = tuple(row.name.text() if row.is_used() else "" for row in self.rows)
        return shown + tuple(column.name if column.kind != "ignore" else "" for column in self._hidden)

    def _on_edit(self, _text: str) -> None:
        self.check()
        self.changed.emit()

    def _on_kind(self, _index: int) -> None:
        self.check()
        self.changed.emit()
        self.kinds_changed.emit()
