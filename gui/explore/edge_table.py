"""The drawn edges as a table."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from engine.results import CausalGraph
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
        self._graph: CausalGraph | None = None

    def set_edges(
        self,
        edges: Edges,
        names: list[str],
        difference: Difference | None = None,
        graph: CausalGraph | None = None,
    ) -> None:
        """Show other edges; of a difference also what became of each, of a mean the spread."""
        self.beginResetModel()
        self._edges, self._names, self._difference, self._graph = edges, names, difference, graph
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
        graph, (cause, effect) = self._graph, self._edges.pairs[index.row()]
        if index.column() == 3:
            if self._difference is None or graph is None:
                return None
            before, after = graph.base[cause, effect], graph.edges[cause, effect]
            return f"{self._difference.kind(index.row())}: {before:.2f} → {after:.2f}"
        if index.column() == 2:
            chance = f"{float(self._edges.probabilities[index.row()]):.3f}"
            spread = graph.spread if graph is not None else None
            return chance if spread is None else f"{chance} ± {spread[cause, effect]:.3f}"
        return self._names[int(self._edges.pairs[index.row(), index.column()])]
