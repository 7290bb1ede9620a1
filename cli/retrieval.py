"""`doscope retrieve` and `doscope evaluate`: which action happened, for one pair and for a test set."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cli.arguments import Commands, add_command, add_image, add_run, positive
from cli.data import cache_of_run, open_or_build
from cli.interruption import step_through
from cli.models import load_explorer, read_image
from cli.output import ProgressLine, Result

if TYPE_CHECKING:
    from engine.events import Progressed

SHOWN_BY_DEFAULT = 5
SPLITS = ("train", "validation", "test")


def add_commands(commands: Commands) -> None:
    """Adds `retrieve` and `evaluate`."""
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
    parser = add_command(
        commands,
        "evaluate",
        "measure action retrieval on a data set",
        "doscope evaluate --run runs/a --json",
        evaluate,
    )
    add_run(parser)
    parser.add_argument("--dataset", help="a data set's name or a cache file (default: the run's own)")
    parser.add_argument("--split", default="test", choices=SPLITS, help="default: test")
    parser.add_argument("--limit", type=positive, metavar="N", help="use only the first N pairs")


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


def evaluate(arguments: argparse.Namespace) -> Result:
    """Measures directed and factor accuracy on a split's pairs."""
    from engine.evaluation import evaluation_steps

    explorer = load_explorer(arguments)
    line = ProgressLine()
    figures: dict[str, Any] = {}
    dataset = arguments.dataset or explorer.info.dataset
    # The run's own file comes first: another cache's test pairs may hold its training images.
    opened = open_or_build(dataset) if arguments.dataset else cache_of_run(explorer.info.path)
    with opened as cache:

        def steps() -> Iterator[Progressed]:
            figures.update((yield from evaluation_steps(explorer, cache, arguments.split, arguments.limit)))

        try:
            step_through(steps(), _Rate(line).show)
        finally:
            line.end()
    data = {"run": explorer.info.name, "dataset": dataset, **figures}
    text = (
        f"{explorer.info.name} on {figures['pairs']:,} {arguments.split} pairs of {dataset}: "
        f"directed accuracy {figures['directed_accuracy']:.4f}, "
        f"factor accuracy {figures['factor_accuracy']:.4f} (chance {figures['chance']:.4f}), "
        f"reconstruction {figures['psnr']:.1f} dB"
    )
    return Result(data, text)


class _Rate:
    """Shows the stages of an evaluation with rate and time left."""

    def __init__(self, line: ProgressLine) -> None:
        self._line = line
        self._stage, self._since = "", 0.0

    def show(self, progress: Progressed) -> None:
        """One step further."""
        now = time.monotonic()
        if progress.stage != self._stage:
            self._stage, self._since = progress.stage, now
        rate = progress.done / max(now - self._since, 1e-3)
        remaining_s = (progress.total - progress.done) / max(rate, 1e-3)
        self._line.show(progress.stage, progress.done, progress.total, f"{rate:,.0f} a second", remaining_s)
