"""A read-only table of entries: one row an entry, found again by its key after a refresh."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from gui.widgets import named

KEY = Qt.ItemDataRole.UserRole


class _Cell(QTableWidgetItem):
    """A cell that is sorted by a value of its own instead of by its text."""

    def __init__(self, text: str, value: object) -> None:
        super().__init__(text)
        self._value = value

    def __lt__(self, other: QTableWidgetItem) -> bool:
        if isinstance(other, _Cell) and type(self._value) is type(other._value):
            return bool(self._value < other._value)  # type: ignore[operator]
        return super().__lt__(other)


class EntryTable(QTableWidget):
    """Rows of text with a key each.

    Signals:
        chosen(key): the user chose a row.
        several_chosen(keys): the user chose two rows or more, in the order of the table.

    Args:
        several: several rows can be chosen, and a click on a heading sorts.
    """

    chosen = Signal(str)
    several_chosen = Signal(list)

    def __init__(
        self,
        object_name: str,
        accessible_name: str,
        columns: Sequence[str],
        parent: QWidget | None = None,
        several: bool = False,
    ) -> None:
        super().__init__(0, len(columns), parent)
        named(self, object_name, accessible_name)
        self.set_columns(columns)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        modes = QAbstractItemView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if several else modes.SingleSelection)
        self._sortable = several
        if several:
            self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
            self.setSortingEnabled(True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.itemSelectionChanged.connect(self._on_selection)

    def set_columns(self, columns: Sequence[str], wide: int | None = 0) -> None:
        """Other columns; the one at `wide`, if any, takes what is left."""
        self.setColumnCount(len(columns))
        self.setHorizontalHeaderLabels(list(columns))
        modes = QHeaderView.ResizeMode
        for column in range(len(columns)):
            mode = modes.Stretch if column == wide else modes.ResizeToContents
            self.horizontalHeader().setSectionResizeMode(column, mode)

    def set_rows(
        self,
        rows: Sequence[tuple[str, Sequence[str]]],
        sort_keys: Sequence[Sequence[object]] | None = None,
    ) -> None:
        """Show rows of (key, texts). Nothing is chosen afterwards.

        Args:
            rows: from above, until the user sorts them.
            sort_keys: a value for each cell to be sorted by; the texts by default.
        """
        with QSignalBlocker(self):
            self.clearSelection()
            self.setSortingEnabled(False)
            self.setRowCount(len(rows))
            for row, (key, texts) in enumerate(rows):
                self._fill(row, key, texts, texts if sort_keys is None else sort_keys[row])
            self.setSortingEnabled(self._sortable)

    def key(self) -> str:
        """The chosen row's key, or ""; of several the first."""
        return next(iter(self.keys()), "")

    def keys(self) -> list[str]:
        """The keys of all chosen rows, from above."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        items = (self.item(row, 0) for row in rows)
        return [str(item.data(KEY)) for item in items if item is not None]

    def header_item(self, text: str) -> QTableWidgetItem:
        """A heading like the others."""
        item = QTableWidgetItem(text)
        item.setToolTip("Click to sort")
        return item

    def choose_all(self, keys: Sequence[str]) -> None:
        """Choose rows by their keys without a signal; those that are not there are left out."""
        with QSignalBlocker(self):
            self.clearSelection()
            flags = QItemSelectionModel.SelectionFlag
            for row in range(self.rowCount()):
                item = self.item(row, 0)
                if item is not None and item.data(KEY) in keys:
                    self.selectionModel().select(self.model().index(row, 0), flags.Select | flags.Rows)

    def choose(self, key: str) -> bool:
        """Choose a row by its key without a signal; False: there is no such row."""
        with QSignalBlocker(self):
            self.clearSelection()
            for row in range(self.rowCount()):
                item = self.item(row, 0)
                if item is not None and item.data(KEY) == key:
                    self.selectRow(row)
                    return True
        return False

    def _fill(self, row: int, key: str, texts: Sequence[str], values: Sequence[object]) -> None:
        for column, text in enumerate(texts):
            item = _Cell(text, values[column])
            item.setData(KEY, key)
            item.setToolTip(text)
            self.setItem(row, column, item)

    def _on_selection(self) -> None:
        keys = self.keys()
        if len(keys) > 1:
            self.several_chosen.emit(keys)
        elif keys:
            self.chosen.emit(keys[0])
