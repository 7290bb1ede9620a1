"""Several runs side by side: their figures, the best ones marked, and the settings in which they differ."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.comparison import Comparison
from gui.widgets import button, caption, heading, named, row
from gui.words import duration, figure, readable

BEST = "\N{BLACK STAR}"
DASH = "\N{EN DASH}"
TITLES = {"minutes": "training time"}


class CompareView(QWidget):
    """The right side of the Library while several runs are chosen.

    Signals:
        curves_wanted(paths): list of run directories whose curves are to be seen over each other.
    """

    curves_wanted = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paths: tuple[str, ...] = ()
        self.title = heading("")
        self.curves = button(
            "Curves",
            "library_compare_curves",
            "Show the curves of these runs over each other in Train",
            lambda: self.curves_wanted.emit(list(self._paths)),
        )
        self.hint = caption(
            f"{BEST} is the best. Figures that only one run has are left out, and settings that all share.",
            wrap=True,
        )
        self.table = named(QTableWidget(), "library_compare", "Figures and settings of the chosen runs")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(self.title, 1, self.curves))
        layout.addWidget(self.hint)
        layout.addWidget(self.table, 1)

    def wait_for(self, number: int) -> None:
        """Several runs were chosen; their comparison is being read."""
        self.title.setText(f"{number} runs")
        self._paths = ()
        self.table.setRowCount(0)
        self.curves.setEnabled(False)

    def set_comparison(self, found: Comparison) -> None:
        """Show it."""
        self._paths = found.paths
        self.title.setText(f"{len(found.names)} runs")
        self.curves.setEnabled(True)
        rows = [
            (
                TITLES.get(name, readable(name)),
                [shown(name, value) for value in values],
                found.best.get(name, ()),
            )
            for name, values in found.figures.items()
            if sum(value is not None for value in values) > 1
        ]
        rows += [(name, [setting(value) for value in values], ()) for name, values in found.settings.items()]
        self.table.setColumnCount(len(found.names))
        self.table.setRowCount(len(rows))
        self.table.setHorizontalHeaderLabels(list(found.names))
        self.table.setVerticalHeaderLabels([name for name, _, _ in rows])
        for at, (_, texts, best) in enumerate(rows):
            for column, text in enumerate(texts):
                self.table.setItem(at, column, _cell(text, column in best))


def _cell(text: str, best: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(f"{text} {BEST}" if best else text)
    if best:
        font = QFont(item.font())
        font.setBold(True)
        item.setFont(font)
    return item


def shown(name: str, value: float | None) -> str:
    """A figure, or a dash where a run has none."""
    if value is None:
        return DASH
    return duration(60 * value) if name == "minutes" else figure(name, value)


def setting(value: object) -> str:
    """A setting as one types it."""
    return DASH if value is None else f"{value:g}" if isinstance(value, float) else str(value)
