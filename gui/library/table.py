"""A read-only table of entries: one row an entry, found again by its key after a refresh."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from gui.widgets import named

KEY = Qt.ItemDataRole.UserRole


class EntryTable(QTableWidget):
    """Rows of text with a key each; exactly one row is chosen while there are any.

    Signals:
        chosen(key): the user (or a refresh that lost the chosen row) chose a row; "" when there is none.
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
        """Show rows of (key, texts); the chosen key stays chosen where it still exists."""
        before = self.key()
        with QSignalBlocker(self):
            self.setRowCount(len(rows))
            for row, (key, texts) in enumerate(rows):
                self._fill(row, key, texts)
            keys = [key for key, _ in rows]
            if keys:
                self.selectRow(keys.index(before) if before in keys else 0)
        self.chosen.emit(self.key())

    def key(self) -> str:
        """The chosen row's key, or ""."""
        rows = self.selectionModel().selectedRows()
        item = self.item(rows[0].row(), 0) if rows else None
        return str(item.data(KEY)) if item is not None else ""

    def choose(self, key: str) -> None:
        """Choose a row by its key; nothing happens without it."""
        for row in range(self.rowCount()):
            item = self.item(row, 0)
            if item is not None and item.data(KEY) == key:
                self.selectRow(row)

    def _fill(self, row: int, key: str, texts: Sequence[str]) -> None:
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setData(KEY, key)
            item.setToolTip(text)
            self.setItem(row, column, item)

    def _on_selection(self) -> None:
        self.chosen.emit(self.key())
