"""The graph of an action, small: which variables it targets, and the strongest edges into them."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.results import Explanation
from gui.retrieve.latent_map import cell_of
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


class ActionMap(QWidget):
    """The latent grid: targets filled by their probability, arrows from causes to targets."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = (0, 0, 0)
        self._explained: Explanation | None = None
        self._edges: list[tuple[int, int, float]] = []
        self.setAccessibleName("Targets of the action and what acts on them")
        self.setMinimumSize(72, 72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(144, 144)

    def set_explanation(self, grid: tuple[int, int, int], explained: Explanation | None) -> None:
        """Show the mask and the edges of an action on a (Q, H, W) grid; None shows nothing."""
        self._grid, self._explained = grid, explained
        self._edges = [] if explained is None else strongest_edges(explained)
        targets = 0 if explained is None else int((explained.mask > 0.5).sum())
        self.setAccessibleDescription(f"{targets} targets, {len(self._edges)} edges shown")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._explained is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        quiet, target = QColor(self.palette().color(QPalette.ColorRole.Text)), QColor(colours().accent)
        quiet.setAlpha(28)
        for node, probability in enumerate(self._explained.mask.tolist()):
            cell = self._cell(node).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.fillRect(cell, quiet)
            if probability > 0.5:
                target.setAlphaF(0.25 + 0.45 * probability)
                painter.fillRect(cell, target)
        line = QColor(self.palette().color(QPalette.ColorRole.Text))
        for cause, effect, probability in reversed(self._edges):
            line.setAlphaF(0.2 + 0.7 * (probability - 0.5) * 2)
            self._paint_arrow(painter, self._cell(cause).center(), self._cell(effect).center(), line)

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

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._describe(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _describe(self, point: QPointF) -> str:
        if self._explained is None:
            return ""
        cells = range(len(self._explained.mask))
        node = next((n for n in cells if self._cell(n).contains(point)), None)
        if node is None:
            return ""
        place = ",".join(str(int(i)) for i in np.unravel_index(node, self._grid))
        chance = percent(float(self._explained.mask[node]))
        causes = sum(effect == node for _, effect, _ in self._edges)
        return f"variable {place}: target with {chance}, {causes} of the edges shown lead here"

    def _cell(self, node: int) -> QRectF:
        return cell_of(self._grid, node, self.width(), self.height())
