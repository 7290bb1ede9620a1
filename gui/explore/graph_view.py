"""The causal graph, drawn: nodes to click and to walk over, arrows by edge probability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QHelpEvent, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPixmapItem, QToolTip

from engine.results import BoolArray, CausalGraph, Codes, FloatArray, Image
from gui.explore.action_item import ActionItem
from gui.explore.edge_drawing import EdgeDrawing
from gui.explore.graph_difference import Difference, choose_edges
from gui.explore.graph_items import Edges, NodeItem, NodeLook
from gui.explore.graph_keys import GraphKeys
from gui.explore.graph_layout import free_radius, latent_grid
from gui.explore.graph_tips import words_of_edge, words_of_node
from gui.explore.node_colours import THRESHOLD
from gui.explore.zoom_view import SIDE, ZoomView
from gui.theme import colours
from gui.widgets import named, to_qimage

LAYERED_RADIUS, LARGEST_RADIUS = 13.0, 26.0
REACH = 6  # pixels from an edge that are still on it
ABOVE = 110.0  # room for the action's node
SMALLEST = 0.6  # of a node that keeps nothing of its own code


class GraphView(ZoomView):
    """Signals:
    node_chosen: node, clicked or reached by an arrow key.
    node_added: the same with Shift: besides those that are chosen, or no longer.
    nodes_chosen: all nodes in a frame that was drawn with Shift, a tuple.
    palette_wanted: Enter on a node.
    gallery_wanted: the gallery of codes, from the menu of the chosen node.
    action_wanted: the action's node was clicked.
    hovered: node or None.
    layout_wanted: name and edges int64 [E, 2], when a layout of the edges needs new positions.
    shown_changed: the drawn Edges.
    """

    node_chosen = Signal(int)
    node_added = Signal(int)
    nodes_chosen = Signal(object)
    palette_wanted = Signal()
    gallery_wanted = Signal()
    action_wanted = Signal()
    hovered = Signal(object)
    layout_wanted = Signal(str, object)
    shown_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(
            self,
            "graph_view",
            "Causal graph: arrows walk over the nodes, Space adds one, Enter opens the palette",
        )
        self.nodes: list[NodeItem] = []
        self._grid: tuple[int, int, int] | None = None
        self._graph: CausalGraph | None = None
        self._shown = Edges()
        self.positions: FloatArray = np.zeros((0, 2), dtype=np.float32)
        self._keys = GraphKeys(self)
        self._radius, self._width = LAYERED_RADIUS, SIDE
        self._count, self._threshold = 80, THRESHOLD
        self._layout = "grid"
        self._plane: int | None = None
        self.selected: tuple[int, ...] = ()  # the first counts
        self._hover: int | None = None
        self._moved: BoolArray | None = None
        self._set: BoolArray | None = None
        self._fills: list[QColor] | None = None
        self._letters: list[str] = []
        self._picture = QGraphicsPixmapItem()
        self._picture.setOpacity(0.28)
        self.difference: Difference | None = None  # from the base graph, where that is shown
        self._compares = False
        self.scene().addItem(self._picture)
        self._drawing = EdgeDrawing(self.scene())
        self.action_node = ActionItem(self.action_wanted.emit)
        self.scene().addItem(self.action_node)
        self.framed.connect(self._on_framed)

    # ------------------------------------------------------------ what is shown

    def set_variables(self, grid: tuple[int, int, int] | None) -> None:
        """New nodes for a grid (Q, H, W); the old graph goes."""
        if grid == self._grid:
            return
        for node in self.nodes:
            self.scene().removeItem(node)
        self._grid, self._graph, self.selected, self._hover = grid, None, (), None
        self._plane = None
        self._moved, self._set, self._fills = None, None, None
        self.nodes = []
        for index in range(int(np.prod(grid)) if grid is not None else 0):
            name = ",".join(str(int(i)) for i in np.unravel_index(index, grid or ()))
            item = NodeItem(index, name, self.node_chosen.emit, self.node_added.emit, self._on_hover)
            self.scene().addItem(item)
            self.nodes.append(item)
        self._place()

    def set_picture(self, image: Image | None) -> None:
        """The dimmed image under the latent grid."""
        self._picture.setPixmap(QPixmap.fromImage(to_qimage(image)) if image is not None else QPixmap())
        if image is not None:
            self._picture.setScale(SIDE / image.shape[1])

    def set_graph(self, graph: CausalGraph | None) -> None:
        """Other edges and targets; an action that they are under is a node itself."""
        other = (graph.action if graph is not None else "none") != self.action_node.name
        self._graph = graph
        self.action_node.set_name(graph.action if graph is not None else "none")
        if other:
            self._set_extent()
        self._choose_edges()

    def set_plane(self, codebook: int | None) -> None:
        """Show the variables of one codebook, or of all."""
        if codebook != self._plane:
            self._plane = codebook
            self._place()
            self._choose_edges()

    @property
    def plane(self) -> int | None:
        """The codebook that is shown alone."""
        return self._plane

    def in_plane(self) -> BoolArray:
        """The variables that are shown, [N]."""
        books, cells = (self._grid[0], self._grid[1] * self._grid[2]) if self._grid is not None else (0, 0)
        if self._plane is None:
            return np.ones(books * cells, dtype=bool)
        seen: BoolArray = np.arange(books * cells) // cells == self._plane
        return seen

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

    @property
    def threshold(self) -> float:
        """Probability above which edges are drawn."""
        return self._threshold

    def set_dragged(self, dragged: bool) -> None:
        """Whether a slider is held that changes the edges: they then follow at once, less smooth."""
        self._drawing.set_rough(dragged)

    def set_compares(self, compares: bool) -> None:
        """Whether a graph under an action is shown as its difference from the base graph."""
        if compares != self._compares:
            self._compares = compares
            self._choose_edges()

    def set_layout(self, name: str) -> None:
        """Place the nodes over the image ("grid"), in layers ("layered") or by forces ("force")."""
        self._layout = name
        self._place()
        if not self._is_grid:
            self.layout_wanted.emit(name, self._shown.pairs)

    @property
    def _is_grid(self) -> bool:
        return self._layout == "grid"

    def set_positions(self, positions: FloatArray) -> None:
        """Positions of a layout of the edges, x and y in 0..1, [N, 2]."""
        if not self._is_grid and len(positions) == len(self.nodes):
            self._width = SIDE * float(np.clip(self.width() / max(1, self.height()), 1.0, 2.5))
            self._set_extent()
            self.positions = (positions * [self._width, SIDE]).astype(np.float32)
            self._radius = free_radius(self.positions, LAYERED_RADIUS, LARGEST_RADIUS)
            self._apply_positions()

    def set_selected(self, nodes: tuple[int, ...]) -> None:
        """Mark the chosen variables with their parents and children."""
        self.selected = nodes
        if nodes and nodes[0] < len(self.nodes):
            self.keep_in_sight(self.nodes[nodes[0]])
            if self.hasFocus():
                self.nodes[nodes[0]].setFocus()
        self._restyle()

    def set_moved(self, moved: BoolArray | None, by: BoolArray | None = None) -> None:
        """Mark the variables that the last intervention changed; `by` are those that a do(variable) set."""
        self._moved, self._set = moved, by
        self._show_path()
        self._restyle()

    def _show_path(self) -> None:
        """Propagation goes along base edges, so only there the way of it can be seen."""
        is_base = self._graph is not None and self._graph.action == "none" and self._graph.spread is None
        self._drawing.show_path(self._moved, self._set if is_base else None)

    def set_tips(self, tips: list[str], codes: Codes | None) -> None:
        """What the nodes say of themselves, one a node; large ones have their code written on them."""
        for node, tip in zip(self.nodes, tips, strict=True):
            node.setToolTip(tip)
            node.set_code(int(codes[node.node]) if codes is not None and len(codes) == len(tips) else None)

    def set_fills(self, fills: list[QColor] | None, letters: list[str]) -> None:
        """A colour a node, and a letter for those who do not tell colours apart."""
        self._fills, self._letters = fills, letters
        self._restyle()

    @property
    def graph(self) -> CausalGraph | None:
        """The graph whose edges are drawn."""
        return self._graph

    def seen_graph(self) -> CausalGraph:
        """The graph without the edges of variables that are not shown.

        Raises:
            RuntimeError: there is no graph.
        """
        if self._graph is None:
            raise RuntimeError("no graph is shown")
        seen = np.outer(self.in_plane(), self.in_plane())
        return replace(self._graph, edges=np.where(seen, self._graph.edges, 0))

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
        self._shown, self.difference = Edges(), None
        if self._graph is not None:
            seen = np.outer(self.in_plane(), self.in_plane())
            edges, base = (np.where(seen, part, 0) for part in (self._graph.edges, self._graph.base))
            compares = self._compares and self._graph.action != "none"
            self._shown, self.difference = choose_edges(base, edges, self._count, self._threshold, compares)
        self.shown_changed.emit(self._shown)
        self._draw_edges()
        if not self._is_grid:
            self.layout_wanted.emit(self._layout, self._shown.pairs)

    def _place(self) -> None:
        if self._grid is None:
            return
        self._picture.setVisible(self._is_grid)
        if self._is_grid:
            books, height, width = self._grid
            positions, free = latent_grid(self._grid if self._plane is None else (1, height, width))
            if self._plane is not None:
                positions = np.tile(positions, (books, 1))
            self._width, self.positions, self._radius = SIDE, positions * SIDE, 0.46 * free * SIDE
            self._set_extent()
            self._apply_positions()

    def _set_extent(self) -> None:
        """The scene, with room for the action's node above the variables."""
        above = ABOVE if self.action_node.isVisible() else 0.0
        self.scene().setSceneRect(0, -above, self._width, SIDE + above)
        self.action_node.setPos(self._width / 2, -0.6 * ABOVE)
        self.refit()

    def _apply_positions(self) -> None:
        for item, (x, y) in zip(self.nodes, self.positions.tolist(), strict=True):
            item.setPos(x, y)
            item.set_radius(self._radius)
        self._draw_edges()
        self.refit()

    def _draw_edges(self) -> None:
        if len(self.positions) == len(self.nodes):
            self._drawing.place(self.positions, self._radius, self.sceneRect())
            self._drawing.show(self._shown, self.difference)
            self._show_path()
            action, graph = self.action_node, self._graph
            place = (action.x(), action.foot()) if action.isVisible() else None
            if graph is not None:
                self._drawing.show_action(place, np.where(self.in_plane(), graph.mask, 0))
        self._restyle()

    def _restyle(self) -> None:
        """Give every node its look, and light the neighbourhood of the hovered or chosen one."""
        if len(self.positions) != len(self.nodes):
            return
        in_plane = self.in_plane()
        lit = (self._hover,) if self._hover is not None else self.selected
        centres = tuple(node for node in lit if in_plane[node])
        roles: dict[int, str] = {}
        for centre in centres:
            causes, effects = self.neighbours(centre)
            roles = dict.fromkeys(effects, "effect") | roles | dict.fromkeys(causes, "cause")
        roles |= dict.fromkeys(self.selected or centres, "selected")
        targets = self._graph.mask > 0.5 if self._graph is not None else None
        own = self._graph.own if self._graph is not None else np.ones(len(self.nodes))
        for (node, item), shown in zip(enumerate(self.nodes), in_plane, strict=True):
            item.setVisible(bool(shown))
            look = NodeLook(
                self._fills[node] if self._fills is not None else None,
                bool(targets[node]) if targets is not None else False,
                bool(self._moved[node]) if self._moved is not None else False,
                roles.get(node, ""),
                bool(centres) and node not in roles and node not in centres,
                SMALLEST + (1 - SMALLEST) * float(own[node]),
                self._letters[node] if node < len(self._letters) else "",
            )
            item.set_look(look)
        self._drawing.light(centres)

    def is_background(self, item: QGraphicsItem | None) -> bool:
        return not isinstance(item, NodeItem | ActionItem)

    def _on_framed(self, items: list[QGraphicsItem]) -> None:
        self.nodes_chosen.emit(tuple(sorted(item.node for item in items if isinstance(item, NodeItem))))

    def _on_hover(self, node: int | None) -> None:
        self._hover = node
        self._restyle()
        self.hovered.emit(node)

    # ------------------------------------------------------------ what is said under the mouse

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.words_at(event.pos()), self)
            return True
        return super().viewportEvent(event)

    def words_at(self, place: QPoint) -> str:
        """The numbers of the node or the edge at a place of the viewport; empty where there is none."""
        item, names = self.itemAt(place), [node.name for node in self.nodes]
        if isinstance(item, NodeItem):
            return words_of_node(item.node, names, item.toolTip(), self._graph, self._shown)
        if isinstance(item, ActionItem):
            return item.toolTip()
        point, reach = self.mapToScene(place), REACH / self.transform().m11()
        edge = self._drawing.edge_at(point.x(), point.y(), reach)
        return "" if edge is None or self._graph is None else words_of_edge(*edge, names, self._graph)

    def draw(self, painter: QPainter, area: QRect) -> None:
        """What is seen, as lines and circles: a cached picture of the edges would be no drawing."""
        self._cache(False)
        self.render(painter, area)
        self._cache(True)

    def _cache(self, on: bool) -> None:
        """Whether edges and nodes are kept as pictures; not for a drawing, nor across a change of colours."""
        modes = QGraphicsItem.CacheMode
        for item in (*self._drawing.layers, *self.nodes):
            item.setCacheMode(modes.DeviceCoordinateCache if on else modes.NoCache)

    # ------------------------------------------------------------ keys and menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._keys.press(event):
            return
        if event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            event.ignore()  # the workspace's; a scroll area would scroll
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._keys.show_menu(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_drawing"):
            self.setBackgroundBrush(QColor(colours().panel))
            self._cache(False)  # forgets the pictures in the old colours
            self._cache(True)
            self._restyle()
