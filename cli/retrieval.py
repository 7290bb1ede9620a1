"""`doscope retrieve`: which action happened between two images, or between those of each line of a table."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import Commands, add_command, add_image, add_run, positive
from cli.errors import UsageError
from cli.files import check_writable
from cli.interruption import EXIT_INTERRUPTED, Interrupted, step_through
from cli.models import load_explorer, read_image
from cli.output import ProgressLine, Result

if TYPE_CHECKING:
    from cli.pair_table import Counts

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
    add_image(parser, "--before", "the image before the action", required=False)
    add_image(parser, "--after", "the image after it", required=False)
    parser.add_argument(
        "--pairs",
        type=Path,
        metavar="CSV",
        help="instead of the two: a table with the columns before and after, paths of images; relative ones"
        " lie beside the table. The same command goes on where it was stopped",
    )
    parser.add_argument("--out", type=Path, metavar="CSV", help="where the answers to --pairs go")
    parser.add_argument(
        "--top",
        type=positive,
        metavar="N",
        help=f"how many to list (default: {SHOWN_BY_DEFAULT}; all with --json)",
    )


def retrieve(arguments: argparse.Namespace) -> Result:
    """Ranks all actions for a pair of images, or answers a table of pairs."""
    if arguments.pairs is not None:
        return _answer_table(arguments)
    if arguments.out is not None:
        raise UsageError("--out goes with --pairs; the answer for one pair is printed, with --json as JSON.")
    if arguments.before is None or arguments.after is None:
        raise UsageError("give --before and --after, or a table of pairs with --pairs and --out.")
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


def _answer_table(arguments: argparse.Namespace) -> Result:
    """All pairs of a table, a line of answers each."""
    from cli.pair_table import Counts, answer_steps, count_pairs

    if arguments.before is not None or arguments.after is not None or arguments.top is not None:
        raise UsageError("--pairs goes without --before, --after and --top.")
    if arguments.out is None:
        raise UsageError("say with --out where the answers go.")
    if arguments.out.exists() and arguments.pairs.exists() and arguments.out.samefile(arguments.pairs):
        raise UsageError("--out is the table of --pairs itself; give the answers another file.")
    check_writable(arguments.out, "the answers")
    total = count_pairs(arguments.pairs)
    explorer = load_explorer(arguments)
    line, counts, begun = ProgressLine(), Counts(), time.monotonic()

    def show(now: Counts) -> None:
        nonlocal counts
        counts = now
        rate = now.read / max(1e-9, time.monotonic() - begun)
        done = now.kept + now.read
        left = (total - done) / rate if rate else -1.0
        line.show("retrieving", done, total, f"{rate:,.0f} pairs a second", left)

    stopped = False
    try:
        step_through(answer_steps(explorer, arguments.pairs, arguments.out), show)
    except Interrupted:
        stopped = True
    finally:
        line.end()
    return _said_of_table(arguments, explorer.info.name, counts, total, stopped)


def _said_of_table(
    arguments: argparse.Namespace, run: str, counts: Counts, total: int, stopped: bool
) -> Result:
    done = counts.kept + counts.read
    data = {
        "run": run,
        "pairs": total,
        "answered": done - counts.failed - counts.identical,
        "identical": counts.identical,
        "failed": counts.failed,
        "kept": counts.kept,
        "out": str(arguments.out),
        "reason": "stopped" if stopped else "done",
    }
    if stopped:
        return Result(
            data, f"Stopped after {done} of {total} pairs; the same command goes on.", EXIT_INTERRUPTED
        )
    words = [f"{arguments.out}: {data['answered']:,} of {total:,} pairs answered"]
    if counts.identical:
        words.append(f"{counts.identical:,} of identical images")
    if counts.failed:
        words.append(f"{counts.failed:,} not read (column error), such as: {counts.errors[0]}")
    return Result(data, "; ".join(words))
