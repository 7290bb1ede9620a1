"""`doscope apply`, `doscope do` and `doscope traverse`: interventions on one image."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli.arguments import Commands, add_command, add_image, add_out, add_run, assignment, cell, positive
from cli.models import load_explorer, node_of, read_image
from cli.output import Result

if TYPE_CHECKING:
    import numpy as np

    from engine.explorer import Explorer
    from engine.results import Intervention, RunInfo, TraversalRow


def add_commands(commands: Commands) -> None:
    """Adds `apply`, `do` and `traverse`."""
    _add_apply(commands)
    _add_do(commands)
    _add_traverse(commands)


def _add_apply(commands: Commands) -> None:
    parser = add_command(
        commands,
        "apply",
        "apply an action to an image (do-action)",
        "doscope apply --run runs/a --image x.png --action object_hue+ --steps 3 --out y.png",
        apply,
    )
    add_run(parser)
    add_image(parser, "--image", "the image to act on")
    parser.add_argument("--action", required=True, help="a factor and + or -, such as object_hue+")
    parser.add_argument("--steps", type=positive, default=1, metavar="N", help="how many times (default: 1)")
    add_out(parser, "the image afterwards")


def _add_do(commands: Commands) -> None:
    parser = add_command(
        commands,
        "do",
        "set latent variables to codes (do-variable)",
        "doscope do --run runs/a --image x.png --set 0,3,4=17 --propagate --out y.png",
        do,
    )
    add_run(parser)
    add_image(parser, "--image", "the image to intervene on")
    parser.add_argument(
        "--set",
        type=assignment,
        action="append",
        required=True,
        metavar="Q,R,C=CODE",
        help="codebook, row, column = code; may be repeated",
    )
    parser.add_argument("--propagate", action="store_true", help="let the variables' effects follow")
    add_out(parser, "the image afterwards")


def _add_traverse(commands: Commands) -> None:
    parser = add_command(
        commands,
        "traverse",
        "draw a sheet of images along actions or variables",
        "doscope traverse --run bundled --image x.png --actions object_hue scale --out sheet.png",
        traverse,
    )
    add_run(parser)
    add_image(parser, "--image", "the image in the middle")
    rows = parser.add_mutually_exclusive_group()
    rows.add_argument(
        "--actions",
        nargs="*",
        metavar="FACTOR",
        help="a row a factor, by repeated actions (default: all factors)",
    )
    rows.add_argument(
        "--variables",
        nargs="+",
        type=cell,
        metavar="Q,R,C",
        help="a row a latent variable, its most likely codes",
    )
    parser.add_argument(
        "--steps", type=positive, default=5, metavar="N", help="actions each way (default: 5)"
    )
    parser.add_argument("--columns", type=positive, default=11, metavar="N", help="codes a row (default: 11)")
    add_out(parser, "the sheet, a PNG")


def apply(arguments: argparse.Namespace) -> Result:
    """Applies an action a number of times."""
    explorer = load_explorer(arguments)
    action = explorer.info.space.action_index(arguments.action)
    image, note = read_image(arguments.image, explorer.info.image_shape)
    before = codes = explorer.encode(image)
    for _ in range(arguments.steps):
        outcome = explorer.apply_action(codes, action)
        codes = outcome.codes
    data = {"action": arguments.action, "steps": arguments.steps}
    return _save(arguments, explorer.info, outcome, before, note, data)


def do(arguments: argparse.Namespace) -> Result:
    """Sets variables to codes."""
    explorer = load_explorer(arguments)
    nodes = {node_of(explorer.info, variable): code for variable, code in arguments.set}
    image, note = read_image(arguments.image, explorer.info.image_shape)
    before = explorer.encode(image)
    outcome = explorer.do(before, nodes, arguments.propagate)
    assignments = {explorer.info.variable_name(node): code for node, code in nodes.items()}
    data = {"set": assignments, "propagate": arguments.propagate}
    return _save(arguments, explorer.info, outcome, before, note, data)


def _save(
    arguments: argparse.Namespace,
    info: RunInfo,
    outcome: Intervention,
    before: np.ndarray,
    note: str,
    data: dict[str, object],
) -> Result:
    from datasets.images import save_image

    save_image(arguments.out, outcome.image)
    changed = (outcome.codes != before).nonzero()[0]
    moved = {info.variable_name(int(n)): [int(before[n]), int(outcome.codes[n])] for n in changed}
    whole = {
        "run": info.name,
        "image": arguments.image,
        "note": note,
        **data,
        "out": str(arguments.out),
        "changed": moved,
        "codes": outcome.codes.tolist(),
    }
    return Result(
        whole, f"{arguments.out}: {len(moved)} of {info.num_variables} variables changed their code"
    )


def traverse(arguments: argparse.Namespace) -> Result:
    """Draws the traversal sheet."""
    from cli.sheet import draw_sheet
    from datasets.images import save_image

    explorer = load_explorer(arguments)
    image, note = read_image(arguments.image, explorer.info.image_shape)
    rows = _rows(explorer, arguments, explorer.encode(image))
    save_image(arguments.out, draw_sheet(rows))
    described = [{"title": r.title, "labels": list(r.labels), "effect": float(r.effect)} for r in rows]
    data = {
        "run": explorer.info.name,
        "image": arguments.image,
        "note": note,
        "out": str(arguments.out),
        "rows": described,
    }
    columns = max(len(row.labels) for row in rows)
    return Result(data, f"{arguments.out}: {len(rows)} rows of {columns} images")


def _rows(explorer: Explorer, arguments: argparse.Namespace, codes: np.ndarray) -> list[TraversalRow]:
    info = explorer.info
    if arguments.variables:
        nodes = [node_of(info, variable) for variable in arguments.variables]
        return list(explorer.traverse_variables(codes, nodes, arguments.columns))
    factors = [info.space.factor_index(name) for name in arguments.actions or info.space.names]
    return list(explorer.traverse_actions(codes, factors, arguments.steps))
