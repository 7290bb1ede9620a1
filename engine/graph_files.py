"""The causal graph of an image in the formats of other tools: GraphML, DOT, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.whole_files import whole

if TYPE_CHECKING:
    import networkx as nx

    from engine.results import CausalGraph, Codes, RunInfo


def write_graph(path: Path, network: nx.DiGraph) -> None:
    """Writes the format that the file's name ends with, whole or not at all.

    Raises:
        KeyError: there is no such format; WRITERS has them.
        OSError: it cannot be written.
    """
    text = WRITERS[path.suffix.lower().lstrip(".")](network)
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def to_network(
    info: RunInfo, codes: Codes, found: CausalGraph, threshold: float, pairs: Codes | None = None
) -> nx.DiGraph:
    """The graph with named nodes ("codebook,row,column"), their codes, masks and edge probabilities.

    A mean over images says of how many, and has the spread of its edges instead of one image's codes.
    With `pairs` (cause, effect) [E, 2] these are the edges, each with its probability in the base graph and
    what the action made of it: "gained", "lost" or "kept" by the threshold.
    """
    import networkx as nx
    import numpy as np

    network = nx.DiGraph(run=info.name, action=found.action, threshold=threshold)
    if found.spread is not None:
        network.graph["images"] = found.images
    for node in range(info.num_variables):
        codebook, row, column = (int(i) for i in np.unravel_index(node, info.grid))
        network.add_node(
            info.variable_name(node),
            codebook=codebook,
            row=row,
            column=column,
            mask=_rounded(found.mask[node]),
            own=_rounded(found.own[node]),
            **({"code": int(codes[node])} if found.spread is None else {}),
        )
    edges = found.edges.copy()
    np.fill_diagonal(edges, -1.0)
    for cause, effect in (np.argwhere(edges >= threshold) if pairs is None else pairs).tolist():
        more: dict[str, object] = {}
        if found.spread is not None:
            more["spread"] = _rounded(found.spread[cause, effect])
        if pairs is not None:
            before, after = found.base[cause, effect] > threshold, edges[cause, effect] > threshold
            more["base"] = _rounded(found.base[cause, effect])
            more["change"] = "kept" if before and after else "gained" if after else "lost"
        names = info.variable_name(cause), info.variable_name(effect)
        network.add_edge(*names, probability=_rounded(edges[cause, effect]), **more)
    return network


def _rounded(value: float) -> float:
    """float32 has no more digits than these."""
    return round(float(value), 7)


def _graphml(network: nx.DiGraph) -> str:
    import networkx as nx

    return "\n".join(nx.generate_graphml(network)) + "\n"


def _json(network: nx.DiGraph) -> str:
    nodes = [{"name": name, **values} for name, values in network.nodes(data=True)]
    edges = [{"cause": a, "effect": b, **values} for a, b, values in network.edges(data=True)]
    return json.dumps({**network.graph, "nodes": nodes, "edges": edges}, indent=1) + "\n"


def _csv(network: nx.DiGraph) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    edges = list(network.edges(data=True))
    columns = list(edges[0][2]) if edges else ["probability"]
    writer.writerow(("cause", "effect", *columns))
    writer.writerows((a, b, *(values[c] for c in columns)) for a, b, values in edges)
    return table.getvalue()


def _dot(network: nx.DiGraph) -> str:
    lines = ["digraph doscope {"]
    if "images" in network.graph:
        lines.append(f"  graph [images={network.graph['images']}];")
    for name, values in network.nodes(data=True):
        code = f" [code={values['code']}]" if "code" in values else ""
        lines.append(f'  "{name}"{code};')
    for a, b, values in network.edges(data=True):
        more = "".join(f", {name}={values[name]:.4f}" for name in ("spread", "base") if name in values)
        if "change" in values:
            more += f', change="{values["change"]}"' + (
                ", style=dashed" if values["change"] == "lost" else ""
            )
        lines.append(f'  "{a}" -> "{b}" [weight={values["probability"]:.4f}{more}];')
    return "\n".join([*lines, "}"]) + "\n"


WRITERS: dict[str, Callable[[nx.DiGraph], str]] = {
    "graphml": _graphml,
    "json": _json,
    "csv": _csv,
    "dot": _dot,
}
