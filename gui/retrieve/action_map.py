"""The graph of an action, small: which variables it targets, and the strongest edges into them."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen, QPolygonF

from engine.results import Explanation
from gui.retrieve.cell_map import NOTHING, CellMap, Grid
from gui.theme import colours
from gui.words import percent

STRONGEST = 24
HEAD = 4.0


def strongest_edges(explained: Explanation, most: int = STRONGEST) -> list[tuple[int, int, float]]:
    """(cause, effect, probability) of the most probable edges above 1/2 into the action's targets."""
    into = np.where(explained.mask[None] > 0.5, explained.edges, 0.0)
    order = np.argsort(-into, axis=None, kind="stable")[:most]
    places = [divmod(int(k), into.shape[1]) for k in order]
    return [(i, j, float(into[i, j])) for i, j in places if into[i, j] > 0.5]


class ActionMap(CellMap):
    """The latent grid: targets filled by their probability, arrows from causes to targets."""

    def __init__(self, object_name: str = "retrieve_targets") -> None:
        super().__init__(object_name, "Targets of the action and what acts on them")
        self._explained: Explanation | None = None
        self._edges: list[tuple[int, int, float]] = []

    def set_explanation(self, grid: Grid, explained: Explanation | None) -> None:
        """Show the mask and the edges of an action on a (Q, H, W) grid; None shows nothing."""
        self._explained = explained
        self._edges = [] if explained is None else strongest_edges(explained)
        self.show_grid(NOTHING if explained is None else grid)

    def describe(self, node: int) -> str:
        if self._explained is None:
            return ""
        chance = percent(float(self._explained.mask[node]))
        causes = sum(effect == node for _, effect, _ in self._edges)
        return f"variable {self.place(node)}: target with {chance}, {causes} of the edges shown lead here"

    def summary(self) -> str:
        targets = 0 if self._explained is None else int((self._explained.mask > 0.5).sum())
        return f"{targets} targets, {len(self._edges)} edges shown"

    def paint_map(self, painter: QPainter, quiet: QColor) -> None:
        if self._explained is None:
            return
        target = QColor(colours().accent)
        for node, probability in enumerate(self._explained.mask.tolist()):
            cell = self.cell(node).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.fillRect(cell, quiet)
            if probability > 0.5:
                target.setAlphaF(0.25 + 0.45 * probability)
                painter.fillRect(cell, target)
        line = QColor(self.palette().color(QPalette.ColorRole.Text))
        for cause, effect, probability in reversed(self._edges):
            line.setAlphaF(0.2 + 0.7 * (probability - 0.5) * 2)
            self._paint_arrow(painter, self.cell(cause).center(), self.cell(effect).center(), line)

    @staticmethod
    def _paint_arrow(painter: QPainter, start: QPointF, end: QPointF, colour: QColor) -> None:
        painter.setPen(QPen(colour, 1.2))
        line = QLineF(start, end)
        painter.drawLine(line)
        if line.length() < HEAD:
            return
        line.setLength(line.length() - 1)
        back = math.atan2(start.y() - end.y(), start.x() - end.x())
        wings = [
            QPointF(end.x() + HEAD * math.cos(back + turn), end.y() + HEAD * math.sin(back + turn))
            for turn in (0.45, -0.45)
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([end, *wings]))
