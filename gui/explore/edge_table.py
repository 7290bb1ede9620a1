"""The drawn edges as a table."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from gui.explore.graph_difference import Difference
from gui.explore.graph_items import Edges

Index = QModelIndex | QPersistentModelIndex


class EdgeTable(QAbstractTableModel):
    """The drawn edges, strongest first: the graph for those who read rather than look."""

    COLUMNS = ("Cause", "Effect", "Probability", "Change")

    def __init__(self) -> None:
        super().__init__()
        self._edges = Edges()
        self._names: list[str] = []
        self._difference: Difference | None = None

    def set_edges(self, edges: Edges, names: list[str], difference: Difference | None = None) -> None:
        """Show other edges; of a difference also what became of each."""
        self.beginResetModel()
        self._edges, self._names, self._difference = edges, names, difference
        self.endResetModel()

    def cause(self, line: int) -> int:
        """The node that causes, of one line."""
        return int(self._edges.pairs[line, 0])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._edges.pairs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(self.COLUMNS) - (self._difference is None)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.COLUMNS[section]
        return None

    def data(self, index: Index, role: int = 0) -> object:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if index.column() == 3:
            return self._difference.kind(index.row()) if self._difference is not None else None
        if index.column() == 2:
            return f"{float(self._edges.probabilities[index.row()]):.3f}"
        return self._names[int(self._edges.pairs[index.row(), index.column()])]
