"""`doscope graph`: the causal graph that the model sees in an image, as a file for other tools."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import Commands, add_command, add_image, add_run, probability
from cli.files import write_text
from cli.models import load_explorer, read_image
from cli.output import Result

if TYPE_CHECKING:
    import networkx as nx

    from engine.results import CausalGraph, Codes, RunInfo

NO_ACTION = "none"


def add_commands(commands: Commands) -> None:
    """Adds `graph`."""
    parser = add_command(
        commands,
        "graph",
        "export the causal graph of an image",
        "doscope graph --run runs/a --image x.png --action none --format graphml --out g.graphml",
        graph,
    )
    add_run(parser)
    add_image(parser, "--image", "the image that the graph is for")
    parser.add_argument(
        "--action", default=NO_ACTION, help="the action's graph, such as object_hue+, or none (default: none)"
    )
    parser.add_argument(
        "--format", choices=tuple(_WRITERS), default="graphml", help="of the file (default: graphml)"
    )
    parser.add_argument(
        "--threshold",
        type=probability,
        default=0.5,
        metavar="P",
        help="least edge probability (default: 0.5)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file (default: standard output)")


def graph(arguments: argparse.Namespace) -> Result:
    """Exports the edges whose probability reaches the threshold; [i, j] means i causes j."""
    explorer = load_explorer(arguments)
    info = explorer.info
    action = None if arguments.action == NO_ACTION else info.space.action_index(arguments.action)
    image, note = read_image(arguments.image, info.image_shape)
    codes = explorer.encode(image)
    network = to_network(info, codes, explorer.graph(codes, action), arguments.threshold)
    text = _WRITERS[arguments.format](network)
    data = {
        "run": info.name,
        "image": arguments.image,
        "note": note,
        "action": arguments.action,
        "threshold": arguments.threshold,
        "variables": network.number_of_nodes(),
        "edges": [[cause, effect, p] for cause, effect, p in network.edges(data="probability")],
    }
    if arguments.out is None:
        return Result(data, text.rstrip("\n"))
    write_text(arguments.out, text)
    data["out"] = str(arguments.out)
    counted = f"{network.number_of_edges()} edges between {network.number_of_nodes()} variables"
    return Result(data, f"{arguments.out}: {counted}")


def to_network(info: RunInfo, codes: Codes, found: CausalGraph, threshold: float) -> nx.DiGraph:
    """The graph with named nodes ("codebook,row,column"), their codes, masks and edge probabilities."""
    import networkx as nx
    import numpy as np

    network = nx.DiGraph(run=info.name, action=found.action, threshold=threshold)
    for node in range(info.num_variables):
        codebook, row, column = (int(i) for i in np.unravel_index(node, info.grid))
        network.add_node(
            info.variable_name(node),
            codebook=codebook,
            row=row,
            column=column,
            code=int(codes[node]),
            mask=_rounded(found.mask[node]),
            own=_rounded(found.own[node]),
        )
    edges = found.edges.copy()
    np.fill_diagonal(edges, -1.0)
    for cause, effect in np.argwhere(edges >= threshold).tolist():
        network.add_edge(
            info.variable_name(cause), info.variable_name(effect), probability=_rounded(edges[cause, effect])
        )
    return network


def _rounded(value: float) -> float:
    """float32 has no more digits than these."""
    return round(float(value), 7)


def _graphml(network: nx.DiGraph) -> str:
    import networkx as nx

    return "\n".join(nx.generate_graphml(network)) + "\n"


def _json(network: nx.DiGraph) -> str:
    nodes = [{"name": name, **values} for name, values in network.nodes(data=True)]
    edges = [{"cause": a, "effect": b, "probability": p} for a, b, p in network.edges(data="probability")]
    return json.dumps({**network.graph, "nodes": nodes, "edges": edges}, indent=1) + "\n"


def _csv(network: nx.DiGraph) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("cause", "effect", "probability"))
    writer.writerows(network.edges(data="probability"))
    return table.getvalue()


def _dot(network: nx.DiGraph) -> str:
    lines = ["digraph doscope {"]
    lines += [f'  "{name}" [code={values["code"]}];' for name, values in network.nodes(data=True)]
    lines += [f'  "{a}" -> "{b}" [weight={p:.4f}];' for a, b, p in network.edges(data="probability")]
    return "\n".join([*lines, "}"]) + "\n"


_WRITERS: dict[str, Callable[[nx.DiGraph], str]] = {
    "graphml": _graphml,
    "json": _json,
    "csv": _csv,
    "dot": _dot,
}
