"""The graph's scene: one item a node, one for all edges (one item an edge is 200 times slower)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsSceneHoverEvent,
    QGraphicsSceneMouseEvent,
    QStyleOptionGraphicsItem,
    QWidget,
)

from gui.theme import colours

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
LABEL_FROM = 30.0  # a node's name is written when its circle is at least this wide on the screen
LETTER_FROM = 13.0  # and before that the letter of its colour
CODE_FROM = 44.0  # and its code below, when it is this wide
BENDS, FEW_BENDS = 7, 4  # points of a bent line; while something is dragged
LEVELS = 6  # edges are drawn in this many classes of width and opacity


@dataclass
class NodeLook:
    """How a node is drawn. Roles differ in shape and ring, not in colour alone.

    Attributes:
        fill: its colour (the factor whose actions target it most), None for plain.
        target: the shown action targets it: a diamond instead of a circle.
        moved: its code changed by the last intervention: a dot.
        role: "", "selected", "cause" or "effect" of the selected or hovered node.
        faded: there is a highlighted neighbourhood and it is not in it.
        size: share of the full radius; smaller the less of its own code a variable keeps.
        letter: what its colour means, for those who do not tell colours apart.
    """

    fill: QColor | None = None
    target: bool = False
    moved: bool = False
    role: str = ""
    faded: bool = False
    size: float = 1.0
    letter: str = ""


class NodeItem(QGraphicsItem):
    """A latent variable. Its callbacks get its node index; `added` is a click with Shift or Ctrl."""

    def __init__(
        self,
        node: int,
        name: str,
        clicked: Callable[[int], None],
        added: Callable[[int], None],
        hovered: Callable[[int | None], None],
    ) -> None:
        super().__init__()
        self.node, self.name = node, name
        self.look = NodeLook()
        self.radius = 10.0
        self.code: int | None = None
        self._clicked, self._added, self._hovered = clicked, added, hovered
        self.setAcceptHoverEvents(True)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsFocusable)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setZValue(10)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # edges change beneath them

    def set_look(self, look: NodeLook) -> None:
        """Drawn again only where it differs."""
        if look != self.look:
            self.look = look
            self.setZValue(12 if look.role else 10)
            self.update()

    def set_code(self, code: int | None) -> None:
        """The code that is written on it when it is large; None for none."""
        if code != self.code:
            self.code = code
            self.update()

    def set_radius(self, radius: float) -> None:
        """In scene units."""
        self.prepareGeometryChange()
        self.radius = radius

    def boundingRect(self) -> QRectF:
        reach = self.radius * 1.5
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addEllipse(QPointF(), self.radius * 1.1, self.radius * 1.1)
        return path

    def mousePressEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            more = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
            (self._added if event.modifiers() & more else self._clicked)(self.node)
            event.accept()

    def hoverEnterEvent(self, _event: QGraphicsSceneHoverEvent) -> None:
        self._hovered(self.node)

    def hoverLeaveEvent(self, _event: QGraphicsSceneHoverEvent) -> None:
        self._hovered(None)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        c, r, look = colours(), self.radius * self.look.size, self.look
        painter.setOpacity(0.5 if look.faded else 1.0)
        ring = {"selected": c.accent, "cause": c.cause, "effect": c.effect}.get(look.role, c.panel)
        width = r * (0.34 if look.role == "selected" else 0.28 if look.role else 0.14)
        painter.setPen(QPen(QColor(ring), width))
        painter.setBrush(QBrush(look.fill if look.fill is not None else QColor(c.node)))
        if look.target:
            d = r * 1.2
            painter.drawPolygon(QPolygonF([QPointF(0, -d), QPointF(d, 0), QPointF(0, d), QPointF(-d, 0)]))
        else:
            painter.drawEllipse(QPointF(), r, r)
        seen = 2 * r * option.levelOfDetailFromTransform(painter.worldTransform())
        if look.moved:  # where there is room for a name, beside it
            painter.setPen(QPen(QColor(c.panel), r * 0.14))
            painter.setBrush(QColor(c.moved))
            aside = seen >= LABEL_FROM
            size, place = (0.3, QPointF(0.66 * r, -0.66 * r)) if aside else (0.48, QPointF())
            painter.drawEllipse(place, r * size, r * size)
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.text), r * 0.08, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(), r * 1.36, r * 1.36)
        if seen >= LABEL_FROM:
            code = str(self.code) if self.code is not None and seen >= CODE_FROM else ""
            below = " ".join(filter(None, (code, look.letter)))
            self._write(painter, f"{self.name}\n{below}".strip(), 0.0058)
        elif look.letter and seen >= LETTER_FROM and not look.moved:
            self._write(painter, look.letter, 0.0125)

    def _write(self, painter: QPainter, text: str, size: float) -> None:
        """`size` is of a letter in hundredths of the radius."""
        font = painter.font()
        font.setPixelSize(100)  # drawn large and scaled down: tiny pixel sizes are rounded
        painter.setFont(font)
        painter.setPen(ink_on(self.look.fill if self.look.fill is not None else QColor(colours().node)))
        painter.scale(self.radius * size, self.radius * size)
        painter.drawText(QRectF(-200, -150, 400, 300), Qt.AlignmentFlag.AlignCenter, text)


def ink_on(fill: QColor) -> QColor:
    """White or nearly black, whatever can be read on a colour."""
    return QColor("#ffffff" if fill.lightness() < 150 else "#10131a")


@dataclass(frozen=True)
class Edges:
    """Edges to draw: (cause, effect) [E, 2] and their probabilities [E]."""

    pairs: IntArray = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    probabilities: FloatArray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))


@dataclass
class _Stroke:
    """Edges of about one probability.

    Attributes:
        shapes: lines and heads as areas: filling them takes a tenth of the time of drawing bent lines.
        lines: the middles of the lines, for dashes.
        heads: without the lines.
        width: of the lines.
        opacity: in 0..1.
    """

    shapes: QPainterPath
    lines: QPainterPath
    heads: QPainterPath
    width: float
    opacity: float


class EdgeLayer(QGraphicsItem):
    """All edges in one item: bent lines with arrowheads, wider and more opaque with their probability."""

    def __init__(self, colour: str, z: float, dashed: bool = False) -> None:
        super().__init__()
        self._role = colour  # a field of Colours, so that a change of theme reaches it
        self._line = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        self._strokes: list[_Stroke] = []
        self._bounds = QRectF()
        self._laid: tuple[Edges, FloatArray, float] = (Edges(), np.zeros((0, 2), np.float32), 1.0)
        self._rough = False
        self.setZValue(z)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def set_edges(self, edges: Edges, positions: FloatArray, radius: float, bounds: QRectF) -> None:
        """Lay out the edges between node centres at `positions` [N, 2] (scene units)."""
        self.prepareGeometryChange()
        self._bounds, self._laid = bounds, (edges, positions, radius)
        self._lay_out()

    def set_rough(self, rough: bool) -> None:
        """Draw with steps instead of smooth edges, in a sixth of the time: while something is dragged."""
        if rough != self._rough:
            self._rough = rough
            self._lay_out()

    def _lay_out(self) -> None:
        self._strokes = _strokes(*self._laid, FEW_BENDS if self._rough else BENDS)
        self.setVisible(bool(self._strokes))  # a picture is kept of what is visible, empty or not
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not self._rough)
        for stroke in self._strokes:
            colour = QColor(getattr(colours(), self._role))
            colour.setAlphaF(stroke.opacity)
            if self._line == Qt.PenStyle.SolidLine:
                painter.fillPath(stroke.shapes, colour)
                continue
            painter.setPen(QPen(colour, stroke.width, self._line, Qt.PenCapStyle.RoundCap))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(stroke.lines)
            painter.fillPath(stroke.heads, colour)


def _strokes(edges: Edges, positions: FloatArray, radius: float, points: int) -> list[_Stroke]:
    """Curves, grouped by probability: weakest first so that strong edges lie on top."""
    if len(edges.pairs) == 0:
        return []
    level = np.clip((edges.probabilities * LEVELS).astype(np.int64), 0, LEVELS - 1)
    start, bend, end = _bends(edges, positions, radius)
    arrival = end - bend
    arrival /= np.maximum(np.linalg.norm(arrival, axis=1, keepdims=True), 1e-6)
    tip = end - arrival * radius * 1.15
    strokes = []
    for k in np.unique(level):
        chosen = level == k
        share = (k + 1) / LEVELS
        size, width = radius * (0.22 + 0.30 * share) * 1.5, radius * (0.05 + 0.17 * share)
        base = tip[chosen] - arrival[chosen] * 1.6 * size
        side = np.stack([-arrival[chosen, 1], arrival[chosen, 0]], axis=1) * 0.7 * size
        middle = _curves(start[chosen], bend[chosen], base, points)
        # the other way round than the lines' outlines two areas that overlap would leave a hole
        heads = np.stack([tip[chosen], base - side, base + side], axis=1)
        outlines = _outlines(middle, width)
        strokes.append(
            _Stroke(_path([outlines, heads]), _path([middle]), _path([heads]), width, 0.12 + 0.5 * share)
        )
    return strokes


def curves_of(edges: Edges, positions: FloatArray, radius: float) -> FloatArray:
    """Points of the edges' lines between node centres at `positions` [N, 2], [E, BENDS, 2]."""
    return _curves(*_bends(edges, positions, radius), BENDS)


def _bends(edges: Edges, positions: FloatArray, radius: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where each edge starts, what it bends to, and where it ends; [E, 2] each."""
    start, end = positions[edges.pairs[:, 0]], positions[edges.pairs[:, 1]]
    way = end - start
    length = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
    along = way / length
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return start, (start + end) / 2 + across * np.minimum(length * 0.14, 4 * radius), end


def _curves(start: FloatArray, bend: FloatArray, end: FloatArray, points: int) -> FloatArray:
    """Points of quadratic curves, [E, points, 2]."""
    t = np.linspace(0, 1, points, dtype=np.float32)[None, :, None]
    curves: FloatArray = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * bend[:, None] + t**2 * end[:, None]
    return curves


def _outlines(middle: FloatArray, width: float) -> FloatArray:
    """The outlines of lines of a width along points [E, P, 2]: to the end on one side, back on the other."""
    way = np.gradient(middle, axis=1)
    way /= np.maximum(np.linalg.norm(way, axis=2, keepdims=True), 1e-6)
    across = np.stack([-way[..., 1], way[..., 0]], axis=2) * width / 2
    both: FloatArray = np.concatenate([middle + across, (middle - across)[:, ::-1]], axis=1)
    return both


def _path(parts: list[FloatArray]) -> QPainterPath:
    """One path of many lines, [E, P, 2] each; lines that are filled are closed by that."""
    import pyqtgraph as pg  # takes a quarter of the window's start, which draws no graph yet

    points = np.concatenate([part.reshape(-1, 2) for part in parts]).astype(np.float64)
    goes_on = np.concatenate(
        [np.tile(np.arange(part.shape[1]) < part.shape[1] - 1, len(part)) for part in parts]
    )
    path: QPainterPath = pg.arrayToQPath(points[:, 0], points[:, 1], connect=goes_on.astype(np.int32))
    path.setFillRule(Qt.FillRule.WindingFill)  # what overlaps stays filled
    return path
