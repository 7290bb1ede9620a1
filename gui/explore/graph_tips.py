"""The numbers behind the drawn graph, in words: of a node, and of the edge nearest to a point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.results import CausalGraph, FloatArray
from gui.explore.graph_items import Edges, curves_of

MANY = 4  # causes or effects that are named


def words_of_node(node: int, names: Sequence[str], tip: str, graph: CausalGraph | None, shown: Edges) -> str:
    """What a node says of itself under the mouse.

    Args:
        node: the node.
        names: of all nodes.
        tip: what else is known of it; comes first.
        graph: the graph on show.
        shown: its drawn edges, strongest first.
    """
    lines = [tip] if tip else []
    if graph is not None:
        lines.append(f"Keeps its own code: {graph.own[node]:.2f}")
        if graph.action != "none":
            lines.append(f"Target of {graph.action}: {graph.mask[node]:.2f}")
    for title, own, other in (("Causes", 1, 0), ("Effects", 0, 1)):
        places = np.flatnonzero(shown.pairs[:, own] == node)
        named = [f"{names[shown.pairs[n, other]]} {shown.probabilities[n]:.2f}" for n in places[:MANY]]
        more = f" and {len(places) - MANY} more" if len(places) > MANY else ""
        lines.append(f"{title}: {', '.join(named)}{more}" if named else f"{title}: none shown")
    return "\n".join(lines)


def words_of_edge(cause: int, effect: int, names: Sequence[str], graph: CausalGraph) -> str:
    """An edge with its probability: under an action also that in the base graph, of a mean the spread."""
    chance = f"{graph.edges[cause, effect]:.3f}"
    if graph.spread is not None:
        chance += (
            f" ± {graph.spread[cause, effect]:.3f}, mean and standard deviation of {graph.images} images"
        )
    if graph.action != "none":
        chance += f"\nunder {graph.action}; {graph.base[cause, effect]:.3f} in the base graph"
    return f"{names[cause]} → {names[effect]}: probability {chance}"


def nearest_edge(
    point: tuple[float, float], edges: Edges, positions: FloatArray, radius: float, reach: float
) -> tuple[int, int] | None:
    """The (cause, effect) whose line passes nearest to a point, or None where none does within `reach`.

    Args:
        point: x, y in the scene.
        edges: the drawn edges.
        positions: of the nodes, [N, 2].
        radius: of the nodes.
        reach: in the scene.
    """
    if not len(edges.pairs):
        return None
    lines = curves_of(edges, positions, radius)
    start, way = lines[:, :-1], np.diff(lines, axis=1)
    along = ((np.asarray(point, np.float32) - start) * way).sum(axis=2)
    share = np.clip(along / np.maximum((way**2).sum(axis=2), 1e-9), 0, 1)
    away = np.linalg.norm(start + share[..., None] * way - point, axis=2).min(axis=1)
    best = int(away.argmin())
    return (int(edges.pairs[best, 0]), int(edges.pairs[best, 1])) if away[best] <= reach else None
