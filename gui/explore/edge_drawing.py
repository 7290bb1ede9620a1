"""The edges of the drawn graph in their layers: kept, gained, lost, an action's own, and those lit up."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPixmapCache
from PySide6.QtWidgets import QGraphicsScene

from engine.results import BoolArray, FloatArray
from gui.explore.graph_difference import Difference
from gui.explore.graph_items import EdgeLayer, Edges
from gui.explore.graph_tips import nearest_edge
from gui.explore.node_colours import THRESHOLD

KEPT_KB = 256 * 1024  # pictures of layers; Qt's own 10 MB do not do for a large window, or two pixels a point


class EdgeDrawing:
    """One layer a meaning, so that a change of what is lit draws few edges anew."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self._plain, self._gained, self._lost = (
            EdgeLayer("edge", 1), EdgeLayer("good", 2), EdgeLayer("bad", 2, dashed=True)
        )  # fmt: skip
        self._action = EdgeLayer("accent", 0.5)
        self._path = EdgeLayer("moved", 2.5)
        self._causes, self._effects = EdgeLayer("cause", 3), EdgeLayer("effect", 4)
        self.layers = (
            self._plain, self._gained, self._lost, self._action, self._path, self._causes, self._effects
        )  # fmt: skip
        QPixmapCache.setCacheLimit(max(QPixmapCache.cacheLimit(), KEPT_KB))
        for layer in self.layers:
            scene.addItem(layer)
        self._shown, self._is_difference = Edges(), False
        self._place: tuple[FloatArray, float, QRectF] = (np.zeros((0, 2), np.float32), 1.0, QRectF())

    def place(self, positions: FloatArray, radius: float, bounds: QRectF) -> None:
        """Where the nodes are, [N, 2], their radius and the scene's extent; edges follow with `show`."""
        self._place = (positions, radius, bounds)

    def show(self, shown: Edges, difference: Difference | None) -> None:
        """All edges between variables; of a difference by what became of them."""
        self._shown, self._is_difference = shown, difference is not None
        nothing = Edges()
        self._lay(self._plain, shown if difference is None else difference.kept)
        self._lay(self._gained, nothing if difference is None else difference.gained)
        self._lay(self._lost, nothing if difference is None else difference.lost)

    def edge_at(self, x: float, y: float, reach: float) -> tuple[int, int] | None:
        """The drawn edge (cause, effect) that passes within `reach` of a place in the scene, the nearest."""
        positions, radius, _bounds = self._place
        return nearest_edge((x, y), self._shown, positions, radius, reach)

    def show_action(self, place: tuple[float, float] | None, mask: FloatArray) -> None:
        """The edges of an action's node at `place` to its targets, with the probabilities of `mask`, [N]."""
        positions, radius, bounds = self._place
        targets = np.flatnonzero(mask > 0.5) if place is not None else np.zeros(0, np.int64)
        if place is None or len(positions) != len(mask):
            self._action.set_edges(Edges(), positions, radius, bounds)
            return
        pairs = np.stack([np.full(len(targets), len(mask)), targets], axis=1).astype(np.int64)
        with_action = np.concatenate([positions, np.array([place], np.float32)])
        self._action.set_edges(Edges(pairs, mask[targets]), with_action, radius, bounds)

    def show_path(self, moved: BoolArray | None, targets: BoolArray | None) -> None:
        """The drawn edges along which a do(variable) spread: from what it set, or moved, to what moved."""
        if moved is None or targets is None or len(moved) != len(self._place[0]):
            self._lay(self._path, Edges())
            return
        causes, effects = self._shown.pairs.T
        along = moved[causes] & (moved & ~targets)[effects] & (self._shown.probabilities > THRESHOLD)
        self._lay(self._path, Edges(self._shown.pairs[along], self._shown.probabilities[along]))

    def light(self, centres: tuple[int, ...]) -> None:
        """Light the edges into and out of some nodes; the rest steps back."""
        for layer in (self._plain, self._gained, self._lost):
            layer.setOpacity(0.25 if centres else 1.0)
        self._path.setOpacity(0.3 if centres else 1.0)
        self._action.setOpacity(0.12 if centres else 0.4)  # many arrows that all say the same
        if self._is_difference:
            self._plain.setOpacity(0.15 if centres else 0.35)  # what stays is the background
        pairs, chances = self._shown.pairs, self._shown.probabilities
        for layer, column in ((self._causes, 1), (self._effects, 0)):
            lit = np.isin(pairs[:, column], centres)
            self._lay(layer, Edges(pairs[lit], chances[lit]))

    def set_rough(self, rough: bool) -> None:
        """Whether speed counts more than looks, while a slider is dragged."""
        for layer in self.layers:
            layer.set_rough(rough)

    def _lay(self, layer: EdgeLayer, edges: Edges) -> None:
        layer.set_edges(edges, *self._place)
