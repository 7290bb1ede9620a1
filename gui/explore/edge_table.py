"""The drawn edges as a table."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from engine.results import FloatArray
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
        self._spread: FloatArray | None = None

    def set_edges(
        self,
        edges: Edges,
        names: list[str],
        difference: Difference | None = None,
        spread: FloatArray | None = None,
    ) -> None:
        """Show other edges; of a difference also what became of each, of a mean the spread, [N, N]."""
        self.beginResetModel()
        self._edges, self._names, self._difference, self._spread = edges, names, difference, spread
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
            chance = f"{float(self._edges.probabilities[index.row()]):.3f}"
            cause, effect = self._edges.pairs[index.row()]
            return chance if self._spread is None else f"{chance} ± {self._spread[cause, effect]:.3f}"
        return self._names[int(self._edges.pairs[index.row(), index.column()])]
