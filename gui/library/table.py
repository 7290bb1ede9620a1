"""A read-only table of entries: one row an entry, found again by its key after a refresh."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from gui.widgets import named

KEY = Qt.ItemDataRole.UserRole


class EntryTable(QTableWidget):
    """Rows of text with a key each.

    Signals:
        chosen(key): the user chose a row.
    """

    chosen = Signal(str)

    def __init__(
        self, object_name: str, accessible_name: str, columns: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(0, len(columns), parent)
        named(self, object_name, accessible_name)
        self.setHorizontalHeaderLabels(list(columns))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        for column in range(1, len(columns)):
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.itemSelectionChanged.connect(self._on_selection)

    def set_rows(self, rows: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show rows of (key, texts). Nothing is chosen afterwards."""
        with QSignalBlocker(self):
            self.clearSelection()
            self.setRowCount(len(rows))
            for row, (key, texts) in enumerate(rows):
                self._fill(row, key, texts)

    def key(self) -> str:
        """The chosen row's key, or ""."""
        rows = self.selectionModel().selectedRows()
        item = self.item(rows[0].row(), 0) if rows else None
        return str(item.data(KEY)) if item is not None else ""

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

    def _fill(self, row: int, key: str, texts: Sequence[str]) -> None:
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setData(KEY, key)
            item.setToolTip(text)
            self.setItem(row, column, item)

    def _on_selection(self) -> None:
        if self.key():
            self.chosen.emit(self.key())
