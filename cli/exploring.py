"""`doscope apply`, `do`, `intervene` and `traverse`: interventions on one image."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from cli.arguments import (
    Commands,
    add_command,
    add_image,
    add_out,
    add_run,
    assignment,
    cell,
    numbers,
    positive,
)
from cli.errors import UsageError
from cli.models import load_explorer, node_of, read_image
from cli.output import Result

if TYPE_CHECKING:
    import numpy as np

    from engine.explorer import Explorer
    from engine.results import Intervention, RunInfo, TraversalRow


def add_commands(commands: Commands) -> None:
    """Adds `apply`, `do`, `intervene` and `traverse`."""
    _add_apply(commands)
    _add_do(commands)
    _add_intervene(commands)
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


class _InOrder(argparse.Action):
    """Keeps several options in the order that they were given in, as (option, value)."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 (argparse's signature)
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        steps = getattr(namespace, "interventions", None) or []
        namespace.interventions = [*steps, (self.const, values)]


def _add_intervene(commands: Commands) -> None:
    parser = add_command(
        commands,
        "intervene",
        "make several interventions one after the other, as the window's history does",
        "doscope intervene --run bundled --image x.png --action scale+ --propagate 0,3,4=17 --out y.png",
        intervene,
    )
    add_run(parser)
    add_image(parser, "--image", "the image to start from")
    steps = parser.add_argument_group("interventions, made in the order given; each may be repeated")
    steps.add_argument(
        "--action", action=_InOrder, const="action", help="a factor and + or -, such as object_hue+"
    )
    for name, effects in (("set", "nothing else moves"), ("propagate", "their effects follow")):
        steps.add_argument(
            f"--{name}",
            action=_InOrder,
            const=name,
            nargs="+",
            type=assignment,
            metavar="Q,R,C=CODE",
            help=f"set variables (codebook, row, column) to codes at once; {effects}",
        )
    steps.add_argument(
        "--codes", action=_InOrder, const="codes", type=numbers, metavar="CODE,CODE,...", help="all codes"
    )
    parser.set_defaults(interventions=())
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


def intervene(arguments: argparse.Namespace) -> Result:
    """Makes one intervention after the other."""
    if not arguments.interventions:
        raise UsageError(
            "there is nothing to do: give at least one of --action, --set, --propagate, --codes."
        )
    explorer = load_explorer(arguments)
    image, note = read_image(arguments.image, explorer.info.image_shape)
    before = codes = explorer.encode(image)
    made: list[dict[str, object]] = []
    for kind, value in arguments.interventions:
        outcome, what = _step(explorer, codes, kind, value)
        codes = outcome.codes
        made.append({kind: what})
    return _save(arguments, explorer.info, outcome, before, note, {"interventions": made})


def _step(explorer: Explorer, codes: np.ndarray, kind: str, value: Any) -> tuple[Intervention, object]:
    """One intervention, and how it is written down."""
    info = explorer.info
    if kind == "action":
        return explorer.apply_action(codes, info.space.action_index(value)), value
    if kind == "codes":
        if len(value) != info.num_variables:
            raise UsageError(f"--codes needs {info.num_variables} codes, one a variable, not {len(value)}.")
        return explorer.do(codes, dict(enumerate(value)), propagate=False), value
    nodes = {node_of(info, variable): code for variable, code in value}
    done = {info.variable_name(node): code for node, code in nodes.items()}
    return explorer.do(codes, nodes, propagate=kind == "propagate"), done


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
    from engine.traversal import traverse_actions, traverse_variables

    info = explorer.info
    if arguments.variables:
        nodes = [node_of(info, variable) for variable in arguments.variables]
        return list(traverse_variables(explorer, codes, nodes, arguments.columns))
    factors = [info.space.factor_index(name) for name in arguments.actions or info.space.names]
    return list(traverse_actions(explorer, codes, factors, arguments.steps))
