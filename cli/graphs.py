"""`doscope graph`: the causal graph that the model sees in an image, as a file for other tools."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.arguments import Commands, add_command, add_image, add_run, probability
from cli.files import write_text
from cli.models import load_explorer, read_image
from cli.output import Result
from engine.graph_files import WRITERS, to_network

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
        "--format", choices=tuple(WRITERS), default="graphml", help="of the file (default: graphml)"
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
    text = WRITERS[arguments.format](network)
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
