"""The causal graph, drawn: nodes to click and to walk over, arrows by edge probability."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPixmapItem, QGraphicsScene, QGraphicsView, QMenu

from engine.results import BoolArray, CausalGraph, Codes, FloatArray, Image
from gui.explore.graph_difference import Difference, compare
from gui.explore.graph_items import EdgeLayer, Edges, NodeItem, NodeLook
from gui.explore.graph_layout import latent_grid, strongest
from gui.explore.node_colours import THRESHOLD
from gui.theme import colours
from gui.widgets import named, to_qimage

SIDE = 1000.0  # the scene is SIDE x SIDE
LAYERED_RADIUS = 13.0
ZOOM = 1.25
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class GraphView(QGraphicsView):
    """Signals:
    node_chosen: node, clicked or reached by an arrow key.
    palette_wanted: Enter on a node.
    gallery_wanted: the gallery of codes, from the menu of the chosen node.
    hovered: node or None.
    layout_wanted: edges int64 [E, 2], when the layered layout needs new positions.
    shown_changed: the drawn Edges.
    """

    node_chosen = Signal(int)
    palette_wanted = Signal()
    gallery_wanted = Signal()
    hovered = Signal(object)
    layout_wanted = Signal(object)
    shown_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, "graph_view", "Causal graph: arrow keys walk over the nodes, Enter opens the palette")
        self.setScene(QGraphicsScene(QRectF(0, 0, SIDE, SIDE), self))
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for part in (self, self.viewport()):
            part.setAcceptDrops(False)  # a picture that is dropped here is for the workspace
        self.nodes: list[NodeItem] = []
        self._grid: tuple[int, int, int] | None = None
        self._graph: CausalGraph | None = None
        self._shown = Edges()
        self._positions: FloatArray = np.zeros((0, 2), dtype=np.float32)
        self._radius = LAYERED_RADIUS
        self._count, self._threshold = 80, THRESHOLD
        self._is_grid = True
        self._zoomed = False
        self._selected: int | None = None
        self._hover: int | None = None
        self._moved: BoolArray | None = None
        self._fills: list[QColor] | None = None
        self._picture = QGraphicsPixmapItem()
        self._picture.setOpacity(0.28)
        self.difference: Difference | None = None  # from the base graph, where that is shown
        self._compares = False
        self._edges, self._causes, self._effects = (
            EdgeLayer("edge", 1), EdgeLayer("cause", 3), EdgeLayer("effect", 4)
        )  # fmt: skip
        self._gained, self._lost = EdgeLayer("good", 2), EdgeLayer("bad", 2, dashed=True)
        self._layers = (self._edges, self._gained, self._lost, self._causes, self._effects)
        for item in (self._picture, *self._layers):
            self.scene().addItem(item)

    # ------------------------------------------------------------ what is shown

    def set_variables(self, grid: tuple[int, int, int] | None) -> None:
        """New nodes for a grid (Q, H, W); the old graph goes."""
        if grid == self._grid:
            return
        for node in self.nodes:
            self.scene().removeItem(node)
        self._grid, self._graph, self._selected, self._hover = grid, None, None, None
        self._moved, self._fills = None, None
        self.nodes = []
        for index in range(int(np.prod(grid)) if grid is not None else 0):
            name = ",".join(str(int(i)) for i in np.unravel_index(index, grid or ()))
            item = NodeItem(index, name, self.node_chosen.emit, self._on_hover)
            item.setToolTip(f"Variable {name} (codebook, row, column)")
            self.scene().addItem(item)
            self.nodes.append(item)
        self._place()

    def set_picture(self, image: Image | None) -> None:
        """The dimmed image under the latent grid."""
        self._picture.setPixmap(QPixmap.fromImage(to_qimage(image)) if image is not None else QPixmap())
        if image is not None:
            self._picture.setScale(SIDE / image.shape[1])

    def set_graph(self, graph: CausalGraph | None) -> None:
        """Other edges and targets."""
        self._graph = graph
        self._choose_edges()

    def set_strongest(self, count: int) -> None:
        """Draw only the `count` most probable edges."""
        if count != self._count:
            self._count = count
            self._choose_edges()

    def set_threshold(self, threshold: float) -> None:
        """Draw only edges more probable than this, 0..1; the model uses those above 0.5."""
        if threshold != self._threshold:
            self._threshold = threshold
            self._choose_edges()

    def set_compares(self, compares: bool) -> None:
        """Whether a graph under an action is shown as its difference from the base graph."""
        if compares != self._compares:
            self._compares = compares
            self._choose_edges()

    def set_layout(self, name: str) -> None:
        """Place the nodes over the image ("grid") or in layers ("layered")."""
        self._is_grid = name == "grid"
        self._place()
        if not self._is_grid:
            self.layout_wanted.emit(self._shown.pairs)

    def set_positions(self, positions: FloatArray) -> None:
        """Positions of the layered layout, x and y in 0..1, [N, 2]."""
        if not self._is_grid and len(positions) == len(self.nodes):
            aspect = float(np.clip(self.width() / max(1, self.height()), 1.0, 2.5))
            self.scene().setSceneRect(0, 0, SIDE * aspect, SIDE)
            self._positions = (positions * [SIDE * aspect, SIDE]).astype(np.float32)
            self._radius = LAYERED_RADIUS
            self._apply_positions()

    def set_selected(self, node: int | None) -> None:
        """Mark the chosen variable with its parents and children."""
        self._selected = node
        if node is not None and node < len(self.nodes) and self.hasFocus():
            self.nodes[node].setFocus()
        self._restyle()

    def set_moved(self, moved: BoolArray | None) -> None:
        """Mark the variables that the last intervention changed."""
        self._moved = moved
        self._restyle()

    def set_codes(self, codes: Codes | None) -> None:
        """What the nodes say of themselves: their place and their present code."""
        for node in self.nodes:
            code = f", code {int(codes[node.node])}" if codes is not None else ""
            node.setToolTip(f"Variable {node.name} (codebook, row, column){code}")

    def set_fills(self, fills: list[QColor] | None) -> None:
        """A colour a node."""
        self._fills = fills
        self._restyle()

    @property
    def shown(self) -> Edges:
        """The drawn edges, strongest first."""
        return self._shown

    def neighbours(self, node: int) -> tuple[list[int], list[int]]:
        """Parents and children along the drawn edges, strongest first."""
        pairs = self._shown.pairs
        return pairs[pairs[:, 1] == node, 0].tolist(), pairs[pairs[:, 0] == node, 1].tolist()

    # ------------------------------------------------------------ drawing

    def _choose_edges(self) -> None:
        self.difference = None
        if self._graph is None:
            self._shown = Edges()
        elif self._compares and self._graph.action != "none":
            self.difference = compare(self._graph.base, self._graph.edges, self._count, self._threshold)
            self._shown = self.difference.all
        else:
            pairs = strongest(self._graph.edges, self._count, self._threshold)
            self._shown = Edges(pairs, self._graph.edges[pairs[:, 0], pairs[:, 1]])
        self.shown_changed.emit(self._shown)
        self._draw_edges()
        if not self._is_grid:
            self.layout_wanted.emit(self._shown.pairs)

    def _place(self) -> None:
        if self._grid is None:
            return
        self._picture.setVisible(self._is_grid)
        if self._is_grid:
            positions, free = latent_grid(self._grid)
            self.scene().setSceneRect(0, 0, SIDE, SIDE)
            self._positions, self._radius = positions * SIDE, 0.46 * free * SIDE
            self._apply_positions()

    def _apply_positions(self) -> None:
        for item, (x, y) in zip(self.nodes, self._positions.tolist(), strict=True):
            item.setPos(x, y)
            item.set_radius(self._radius)
        self._draw_edges()
        if not self._zoomed:
            self.fit()

    def _draw_edges(self) -> None:
        if len(self._positions) == len(self.nodes):
            found, nothing = self.difference, Edges()
            self._lay(self._edges, self._shown if found is None else found.kept)
            self._lay(self._gained, nothing if found is None else found.gained)
            self._lay(self._lost, nothing if found is None else found.lost)
        self._restyle()

    def _lay(self, layer: EdgeLayer, edges: Edges) -> None:
        layer.set_edges(edges, self._positions, self._radius, self.sceneRect())

    def _restyle(self) -> None:
        """Give every node its look, and light the neighbourhood of the hovered or chosen one."""
        if len(self._positions) != len(self.nodes):
            return
        centre = self._hover if self._hover is not None else self._selected
        causes, effects = self.neighbours(centre) if centre is not None else ([], [])
        roles = dict.fromkeys(effects, "effect") | dict.fromkeys(causes, "cause")
        if centre is not None and self._selected is None:
            roles[centre] = "selected"
        if self._selected is not None:
            roles[self._selected] = "selected"
        targets = self._graph.mask > 0.5 if self._graph is not None else None
        for node, item in enumerate(self.nodes):
            item.look = NodeLook(
                self._fills[node] if self._fills is not None else None,
                bool(targets[node]) if targets is not None else False,
                bool(self._moved[node]) if self._moved is not None else False,
                roles.get(node, ""),
                centre is not None and node not in roles and node != centre,
            )
            item.setZValue(12 if node in roles else 10)
            item.update()
        self._light(centre)

    def _light(self, centre: int | None) -> None:
        pairs, chances = self._shown.pairs, self._shown.probabilities
        for layer in (self._edges, self._gained, self._lost):
            layer.setOpacity(1.0 if centre is None else 0.25)
        if self.difference is not None:
            self._edges.setOpacity(0.35 if centre is None else 0.15)  # what stays is the background
        for layer, column in ((self._causes, 1), (self._effects, 0)):
            lit = pairs[:, column] == (-1 if centre is None else centre)
            self._lay(layer, Edges(pairs[lit], chances[lit]))

    def _on_hover(self, node: int | None) -> None:
        self._hover = node
        self._restyle()
        self.hovered.emit(node)

    def draw(self, painter: QPainter, area: QRect) -> None:
        """What is seen, as lines and circles: a cached picture of the edges would be no drawing."""
        self._cache_edges(False)
        self.render(painter, area)
        self._cache_edges(True)

    def _cache_edges(self, on: bool) -> None:
        modes = QGraphicsItem.CacheMode
        for layer in self._layers:
            layer.setCacheMode(modes.DeviceCoordinateCache if on else modes.NoCache)

    # ------------------------------------------------------------ zoom and keys

    def fit(self) -> None:
        """Show everything."""
        self._zoomed = False
        margin = SIDE * 0.015
        self.fitInView(
            self.sceneRect().adjusted(-margin, -margin, margin, margin), Qt.AspectRatioMode.KeepAspectRatio
        )

    def zoom(self, factor: float) -> None:
        """Zoom in (above 1) or out, within 0.5 to 20 times the fitted size."""
        scale = self.transform().m11() * factor * SIDE / max(1, min(self.width(), self.height()))
        if 0.5 <= scale <= 20:
            self._zoomed = True
            self.scale(factor, factor)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._zoomed:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(ZOOM if event.angleDelta().y() > 0 else 1 / ZOOM)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.itemAt(event.position().toPoint()) in (None, self._picture):
            self.fit()
        else:
            super().mouseDoubleClickEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _ARROWS and self.nodes:
            self._walk(*_ARROWS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.palette_wanted.emit()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / ZOOM)
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """A menu for the node under the mouse, which is chosen by it; by keyboard for the chosen one."""
        node = self._selected
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            found = self.itemAt(event.pos())
            node = found.node if isinstance(found, NodeItem) else None
        if node is None:
            return
        self.node_chosen.emit(node)
        menu = QMenu(self)
        menu.setObjectName("node_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Go to the palette", self.palette_wanted.emit)
        menu.addAction("Gallery of codes…", self.gallery_wanted.emit)
        menu.popup(event.globalPos())

    def _walk(self, dx: int, dy: int) -> None:
        """To the nearest node in a direction; sideways distance counts double."""
        if self._selected is None:
            self.node_chosen.emit(0)
            return
        way = self._positions - self._positions[self._selected]
        ahead, aside = way @ np.array([dx, dy]), np.abs(way @ np.array([dy, dx]))
        cost = np.where(ahead > 1e-3, ahead + 2 * aside, np.inf)
        nearest = int(np.argmin(cost))
        if np.isfinite(cost[nearest]):
            self.node_chosen.emit(nearest)
            self.nodes[nearest].setFocus()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_effects"):
            self.setBackgroundBrush(QColor(colours().panel))
            self._cache_edges(False)  # forgets the picture in the old colours
            self._cache_edges(True)
            self._restyle()
