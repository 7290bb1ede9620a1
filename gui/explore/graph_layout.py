"""Where the nodes of the causal graph lie: pure numpy and networkx, no Qt.

All positions are x, y in 0..1, y growing downward.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.results import BoolArray, FloatArray

IntArray = npt.NDArray[np.int64]
SWEEPS = 6
ROW_LENGTH, ROW_HEIGHT = 32, 0.045  # of the rows of nodes without an edge
MARGIN = 0.06  # inside the square of a part
MOST_MEASURED = 2048  # nodes between which all distances are measured
ASPECT = 1.3  # width over height of all parts together, or so


def latent_grid(grid: tuple[int, int, int]) -> tuple[FloatArray, float]:
    """Positions over the image: each latent cell holds its Q variables side by side.

    Args:
        grid: (Q, H, W).

    Returns:
        positions [N, 2] and the free radius around each, in the same unit.
    """
    q, h, w = grid
    across = int(np.ceil(np.sqrt(q)))
    down = int(np.ceil(q / across))
    book, row, column = (axis.ravel() for axis in np.indices(grid))
    x = (column + (book % across + 0.5) / across) / w
    y = (row + (book // across + 0.5) / down) / h
    radius = 0.5 * min(1 / (w * across), 1 / (h * down))
    return np.stack([x, y], axis=1).astype(np.float32), radius


def free_radius(positions: FloatArray, least: float, most: float) -> float:
    """The radius that nearly all nodes at `positions` [N, 2] can have without touching, within limits."""
    if not 2 <= len(positions) <= MOST_MEASURED:
        return least
    away = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(away, np.inf)
    return float(np.clip(0.4 * np.percentile(away.min(axis=1), 5), least, most))


def next_node(positions: FloatArray, start: int, way: tuple[int, int], allowed: BoolArray) -> int | None:
    """The nearest allowed node in a direction; sideways distance counts double. None: there is none.

    Args:
        positions: [N, 2].
        start: where to begin.
        way: (1, 0) is right, (0, 1) is down.
        allowed: [N].
    """
    away = positions - positions[start]
    ahead, aside = away @ np.array(way), np.abs(away @ np.array(way[::-1]))
    cost = np.where((ahead > 1e-3) & allowed, ahead + 2 * aside, np.inf)
    nearest = int(np.argmin(cost))
    return nearest if np.isfinite(cost[nearest]) else None


def strongest(edges: FloatArray, count: int, threshold: float = 0.0) -> IntArray:
    """The `count` most probable edges (cause, effect) above `threshold`, strongest first, int64 [E, 2]."""
    flat = edges.ravel()
    count = min(count, int((flat > threshold).sum()))
    if count == 0:
        return np.zeros((0, 2), dtype=np.int64)
    chosen = np.argpartition(-flat, count - 1)[:count]
    chosen = chosen[np.argsort(-flat[chosen], kind="stable")]
    return np.stack(np.unravel_index(chosen, edges.shape), axis=1).astype(np.int64)


def layered(edges: IntArray, num_nodes: int) -> FloatArray:
    """Causes above effects as far as the cycles allow; nodes without an edge stand in rows at the bottom.

    Args:
        edges: (cause, effect), int64 [E, 2].
        num_nodes: N.

    Returns:
        positions float32 [N, 2].
    """
    positions, share = _lonely_rows(edges, num_nodes)
    linked = np.unique(edges)
    layers = _order_layers(_layers(edges, linked), edges) if len(linked) else []
    for depth, layer in enumerate(layers):
        y = (depth + 0.5) / len(layers) * (1 - share)
        # odd layers are shifted a little so that no edge runs straight through a node
        shift = (0.25 if depth % 2 else -0.25) / len(layer) if len(layer) > 1 else 0.0
        for place, node in enumerate(layer):
            positions[node] = ((place + 0.5) / len(layer) + shift, y)
    return positions


def force_directed(edges: IntArray, num_nodes: int) -> FloatArray:
    """Linked nodes attract and all repel each other (Fruchterman and Reingold); the same every time.

    Parts that no edge joins stand beside each other, each with room for its nodes; nodes without an edge
    stand in rows at the bottom.

    Args:
        edges: (cause, effect), int64 [E, 2].
        num_nodes: N.

    Returns:
        positions float32 [N, 2].
    """
    import networkx as nx

    positions, share = _lonely_rows(edges, num_nodes)
    graph = nx.Graph()
    graph.add_nodes_from(np.unique(edges).tolist())
    graph.add_edges_from(edges.tolist())
    parts = sorted(nx.connected_components(graph), key=lambda nodes: (-len(nodes), min(nodes)))
    boxes, whole = _shelves([float(np.sqrt(len(nodes))) for nodes in parts])
    for nodes, (x, y, side) in zip(parts, boxes, strict=True):
        found = nx.spring_layout(graph.subgraph(sorted(nodes)), seed=0, iterations=80)
        placed = np.array(list(found.values()))
        low, size = placed.min(axis=0), np.ptp(placed, axis=0)
        inside = MARGIN + (1 - 2 * MARGIN) * (placed - low) / np.where(size > 0, size, 1)
        positions[list(found)] = (np.array([x, y]) + side * inside) / whole * [1, 1 - share]
    return positions


def _shelves(sides: list[float]) -> tuple[list[tuple[float, float, float]], FloatArray]:
    """Squares in rows, the largest first: left, top and side of each; and the width and height of all."""
    most = ASPECT * float(np.sqrt(sum(side**2 for side in sides)))
    boxes, x, y, high = [], 0.0, 0.0, 0.0
    for side in sides:
        if x > 0 and x + side > most:
            x, y, high = 0.0, y + high, 0.0
        boxes.append((x, y, side))
        x, high = x + side, max(high, side)
    width = max((left + side for left, _, side in boxes), default=1.0)
    return boxes, np.array([width, y + high if boxes else 1.0], dtype=np.float32)


def _lonely_rows(edges: IntArray, num_nodes: int) -> tuple[FloatArray, float]:
    """Positions [N, 2] with nodes that have no edge in rows at the bottom, and the height that they take."""
    positions = np.zeros((num_nodes, 2), dtype=np.float32)
    lonely = np.setdiff1d(np.arange(num_nodes), np.unique(edges))
    rows = int(np.ceil(len(lonely) / ROW_LENGTH))
    share = ROW_HEIGHT * rows
    for place, node in enumerate(lonely):
        across, down = place % ROW_LENGTH, place // ROW_LENGTH
        positions[node] = ((across + 0.5) / ROW_LENGTH, 1 - share + ROW_HEIGHT * (down + 0.5))
    return positions, share


def _layers(edges: IntArray, linked: IntArray) -> list[list[int]]:
    """Topological generations of the edges that agree with a good order of the nodes."""
    import networkx as nx

    rank = {node: place for place, node in enumerate(_good_order(edges, linked))}
    graph = nx.DiGraph()
    graph.add_nodes_from(linked.tolist())
    graph.add_edges_from((int(i), int(j)) for i, j in edges if rank[int(i)] < rank[int(j)])
    layers = [sorted(layer) for layer in nx.topological_generations(graph)]
    return _fold(layers)


def _fold(layers: list[list[int]], widest: int = 24) -> list[list[int]]:
    """Cut layers that are too wide to read into several."""
    folded = []
    for layer in layers:
        parts = int(np.ceil(len(layer) / widest))
        folded += [layer[part::parts] for part in range(parts)]
    return folded


def _good_order(edges: IntArray, linked: IntArray) -> list[int]:
    """Eades, Lin and Smyth's order: few edges point backward. Deterministic."""
    outgoing = {int(n): set() for n in linked}  # type: dict[int, set[int]]
    incoming = {int(n): set() for n in linked}  # type: dict[int, set[int]]
    for i, j in edges.tolist():
        outgoing[i].add(j)
        incoming[j].add(i)
    left: list[int] = []
    right: list[int] = []
    nodes = set(outgoing)
    while nodes:
        sinks = [n for n in sorted(nodes) if not outgoing[n]]
        sources = [n for n in sorted(nodes) if not incoming[n] and n not in sinks]
        chosen = sinks + sources
        if not chosen:
            chosen = [max(sorted(nodes), key=lambda n: len(outgoing[n]) - len(incoming[n]))]
            left += chosen
        else:
            right += sinks
            left += sources
        for node in chosen:
            nodes.discard(node)
            for child in outgoing.pop(node):
                incoming[child].discard(node)
            for parent in incoming.pop(node):
                if parent in outgoing:
                    outgoing[parent].discard(node)
            for other in (outgoing, incoming):
                other.pop(node, None)
    return left + right[::-1]


def _order_layers(layers: list[list[int]], edges: IntArray) -> list[list[int]]:
    """Barycentre sweeps: each node moves under the mean of its neighbours, which unties most crossings."""
    neighbours: dict[int, list[int]] = {}
    for i, j in edges.tolist():
        neighbours.setdefault(i, []).append(j)
        neighbours.setdefault(j, []).append(i)
    place = {n: (k + 0.5) / len(layer) for layer in layers for k, n in enumerate(layer)}
    for _ in range(SWEEPS):
        for layer in layers:
            layer.sort(key=lambda n: float(np.mean([place[m] for m in neighbours[n]])))
            place.update({n: (k + 0.5) / len(layer) for k, n in enumerate(layer)})
    return layers
