"""The graph of factors that an evaluation found, beside the known one: which factor causes which."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.metrics.factor_graph import Edge, columns, edge_states, moved_share
from gui.theme import Colours, colours
from gui.widgets import named
from gui.words import percent, readable

ROW, BOX, HEAD, PAD, KEY = 76, 26.0, 8.0, 10.0, 22
ASIDE = 4.0  # an edge keeps to one side, so that one the other way stays apart
WORDS = {
    "right": "as known",
    "found": "found",
    "missing": "known, not found",
    "extra": "found, not known",
}


class FactorGraphView(QWidget):
    """Factors as boxes, causes left of their effects. Lines and words tell missing and extra edges."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "library_factor_graph", "Graph of the factors")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.states: dict[Edge, str] = {}
        self._graph: Mapping[str, Any] = {}
        self._levels: list[list[str]] = []
        self.setVisible(False)

    def set_graph(self, graph: object) -> None:
        """Show `factor_graph` of an evaluation; hidden where there is none, or no edge to show."""
        self._graph = graph if isinstance(graph, Mapping) else {}
        self.states = edge_states(self._graph) if self._graph else {}
        self._levels = columns(self._graph) if self._graph else []
        lines = [
            f"{readable(cause)} to {readable(effect)}, {WORDS[state]}, {self._share((cause, effect))}"
            for (cause, effect), state in self.states.items()
        ]
        self.setAccessibleDescription("; ".join(lines))
        self.setToolTip("\n".join(lines))
        self.setFixedHeight(self.sizeHint().height())
        self.setVisible(bool(self.states))
        self.update()

    def sizeHint(self) -> QSize:
        rows = max(map(len, self._levels), default=0)
        return QSize(420, ROW * rows + KEY)

    def _share(self, edge: Edge) -> str:
        share = moved_share(self._graph, edge)
        return "not read" if share is None else f"{percent(share)} of the actions"

    def places(self) -> dict[str, QRectF]:
        """The box of each factor."""
        metrics = QFontMetricsF(self.font())
        placed: dict[str, QRectF] = {}
        height = self.height() - KEY
        widths = [max(metrics.horizontalAdvance(readable(n)) for n in level) + 20 for level in self._levels]
        room = max(0.0, min(560.0, self.width() - 2.0) - sum(widths))
        gap = room / max(1, len(widths) - 1)
        left = 1.0
        for level, width in zip(self._levels, widths, strict=True):
            for index, name in enumerate(level):
                middle = height * (index + 0.5) / len(level)
                placed[name] = QRectF(left, middle - BOX / 2, width, BOX)
            left += width + gap
        return placed

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, placed = colours(), self.places()
        for edge, state in self.states.items():
            self._edge(painter, placed[edge[0]], placed[edge[1]], state, self._label(edge, state))
        for name, box in placed.items():
            painter.setPen(QPen(QColor(c.dim), 1.2))
            painter.setBrush(QColor(c.field))
            painter.drawRoundedRect(box, 5, 5)
            painter.setPen(QColor(c.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, readable(name))
        self._key(painter)

    def _label(self, edge: Edge, state: str) -> str:
        share = moved_share(self._graph, edge)
        words = [] if share is None else [percent(share)]
        return " ".join(words + ([state] if state in ("missing", "extra") else []))

    def _edge(self, painter: QPainter, cause: QRectF, effect: QRectF, state: str, text: str) -> None:
        between = effect.center() - cause.center()
        length = max(math.hypot(between.x(), between.y()), 1e-9)
        along = between / length
        aside = QPointF(-along.y(), along.x()) * ASIDE
        start, tip = _border(cause, along) + aside, _border(effect, -along) + aside
        neck, wing = tip - along * HEAD, aside * (0.5 * HEAD / ASIDE)
        pen = _pen(state, colours())
        painter.setPen(pen)
        painter.drawLine(start, neck)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(pen.color())
        painter.drawPolygon(QPolygonF([tip, neck + wing, neck - wing]))
        painter.setPen(pen.color())
        if between.x() == 0:  # within a column
            painter.drawText(start + (tip - start) * 0.5 + QPointF(7, 4), text)
        else:  # a third of the way: in the middle, edges that cross would write over one another
            width = QFontMetricsF(self.font()).horizontalAdvance(text)
            painter.drawText(start + (tip - start) * 0.32 - QPointF(width / 2, 5), text)

    def _key(self, painter: QPainter) -> None:
        """What the lines mean."""
        metrics, x, y = QFontMetricsF(self.font()), 1.0, self.height() - KEY / 2 + 2
        for state in dict.fromkeys(self.states.values()):
            painter.setPen(_pen(state, colours()))
            painter.drawLine(QPointF(x, y), QPointF(x + 26, y))
            painter.setPen(QColor(colours().dim))
            painter.drawText(QPointF(x + 32, y + 4), WORDS[state])
            x += 32 + metrics.horizontalAdvance(WORDS[state]) + 2 * PAD


def _pen(state: str, c: Colours) -> QPen:
    """Solid: as it should be. Dashes: not found. Dots: not known."""
    pen = QPen(QColor({"missing": c.dim, "extra": c.bad}.get(state, c.accent)), 2.0)
    styles = {"missing": Qt.PenStyle.DashLine, "extra": Qt.PenStyle.DotLine}
    pen.setStyle(styles.get(state, Qt.PenStyle.SolidLine))
    return pen


def _border(box: QRectF, along: QPointF) -> QPointF:
    """Where a line that leaves a box in a direction begins."""
    if along.x():
        return QPointF(box.right() + 2 if along.x() > 0 else box.left() - 2, box.center().y())
    return QPointF(box.center().x(), box.bottom() + 2 if along.y() > 0 else box.top() - 2)
