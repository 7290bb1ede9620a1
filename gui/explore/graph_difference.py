"""What an action changes in the causal graph: edges gained, lost and kept. Pure numpy, no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.results import FloatArray
from gui.explore.graph_items import Edges
from gui.explore.graph_layout import strongest
from gui.explore.node_colours import THRESHOLD

GAINED, LOST, KEPT = "gained", "lost", "kept"


@dataclass(frozen=True)
class Difference:
    """Two graphs over the same variables, edge by edge; an edge is there above a threshold of probability.

    Attributes:
        gained: not in the base graph; with their probabilities under the action.
        lost: in the base graph alone; with their probabilities there.
        kept: in both; with their probabilities under the action.
        counts: how many there are of each, drawn or not, by GAINED, LOST, KEPT.
    """

    gained: Edges
    lost: Edges
    kept: Edges
    counts: dict[str, int]

    @property
    def all(self) -> Edges:
        """Gained, lost, kept, in this order."""
        return joined(self.gained, self.lost, self.kept)

    def kind(self, line: int) -> str:
        """What became of an edge of `all`."""
        if line < len(self.gained.pairs):
            return GAINED
        return LOST if line < len(self.gained.pairs) + len(self.lost.pairs) else KEPT


def joined(*parts: Edges) -> Edges:
    """Edges one after the other."""
    return Edges(
        np.concatenate([part.pairs for part in parts]), np.concatenate([part.probabilities for part in parts])
    )


def compare(base: FloatArray, edges: FloatArray, count: int, threshold: float = THRESHOLD) -> Difference:
    """The difference, of which at most `count` edges are drawn: the largest changes, then what is kept.

    Args:
        base: edge probabilities without the action, [N, N].
        edges: under the action, [N, N].
        count: number of edges.
        threshold: of the probability above which an edge is there.
    """
    before, after = base > threshold, edges > threshold
    masks = {GAINED: after & ~before, LOST: before & ~after, KEPT: before & after}
    change = np.abs(edges - base)
    changed = np.argwhere(masks[GAINED] | masks[LOST])
    order = np.argsort(-change[changed[:, 0], changed[:, 1]], kind="stable")
    drawn = changed[order][:count]
    is_gained = after[drawn[:, 0], drawn[:, 1]]
    kept = np.argwhere(masks[KEPT])
    order = np.argsort(-edges[kept[:, 0], kept[:, 1]], kind="stable")
    kept = kept[order][: count - len(drawn)]
    return Difference(
        _edges(drawn[is_gained], edges),
        _edges(drawn[~is_gained], base),
        _edges(kept, edges),
        {kind: int(mask.sum()) for kind, mask in masks.items()},
    )


def choose_edges(
    base: FloatArray, edges: FloatArray, count: int, threshold: float, compares: bool
) -> tuple[Edges, Difference | None]:
    """The edges to draw, strongest first; where two graphs are compared, their difference and its edges."""
    if compares:
        found = compare(base, edges, count, threshold)
        return found.all, found
    pairs = strongest(edges, count, threshold)
    return Edges(pairs, edges[pairs[:, 0], pairs[:, 1]]), None


def _edges(pairs: np.ndarray, probabilities: FloatArray) -> Edges:
    return Edges(pairs.astype(np.int64), probabilities[pairs[:, 0], pairs[:, 1]].astype(np.float32))
