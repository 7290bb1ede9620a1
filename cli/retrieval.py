"""`doscope retrieve`: which action happened between two images."""

from __future__ import annotations

import argparse

from cli.arguments import Commands, add_command, add_image, add_run, positive
from cli.models import load_explorer, read_image
from cli.output import Result

SHOWN_BY_DEFAULT = 5


def add_commands(commands: Commands) -> None:
    """Adds `retrieve`."""
    parser = add_command(
        commands,
        "retrieve",
        "rank the actions that may have turned one image into another",
        "doscope retrieve --run runs/a --before x.png --after y.png --json",
        retrieve,
    )
    add_run(parser)
    add_image(parser, "--before", "the image before the action")
    add_image(parser, "--after", "the image after it")
    parser.add_argument(
        "--top",
        type=positive,
        metavar="N",
        help=f"how many to list (default: {SHOWN_BY_DEFAULT}; all with --json)",
    )


def retrieve(arguments: argparse.Namespace) -> Result:
    """Ranks all actions for a pair of images."""
    explorer = load_explorer(arguments)
    shape = explorer.info.image_shape
    before, note_before = read_image(arguments.before, shape)
    after, note_after = read_image(arguments.after, shape)
    found = explorer.retrieve(before, after, top=1)
    ranking = [
        {
            "action": found.action_names[i],
            "probability": float(found.probabilities[i]),
            "cross_entropy": float(found.cross_entropy[i]),
        }
        for i in found.order.tolist()
    ]
    data = {
        "run": explorer.info.name,
        "before": arguments.before,
        "after": arguments.after,
        "note_before": note_before,
        "note_after": note_after,
        "identical": bool(found.identical),
        "best": None if found.identical else found.best,
        "ranking": ranking[: arguments.top],
        "changed": [explorer.info.variable_name(n) for n in found.changed.nonzero()[0].tolist()],
    }
    if found.identical:
        return Result(data, "The two images are identical: no action happened.")
    shown = ranking[: arguments.top or SHOWN_BY_DEFAULT]
    lines = [f"{row['probability']:7.3f}  {row['action']}" for row in shown]
    return Result(data, "\n".join(lines))
