"""`doscope evaluate`: a run measured on a split, as a table, JSON or a page to read and to pass on."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import Commands, add_command, add_run, positive
from cli.data import cache_of_run, open_or_build
from cli.figure_table import table
from cli.figures import complete
from cli.files import check_writable, write_text
from cli.interruption import step_through
from cli.models import load_explorer
from cli.output import ProgressLine, Result, say

if TYPE_CHECKING:
    from datasets.cache import Cache
    from engine.events import Progressed
    from engine.explorer import Explorer

SPLITS = ("train", "validation", "test")
EXAMPLES = 12  # of the report
EXIT_NOT_WRITTEN = 1


def add_commands(commands: Commands) -> None:
    """Adds `evaluate`."""
    parser = add_command(
        commands,
        "evaluate",
        "measure a run on a data set: retrieval, images, interventions, graph",
        "doscope evaluate --run runs/a --report report.html",
        evaluate,
    )
    add_run(parser)
    parser.add_argument("--dataset", help="a data set's name or a cache file (default: the run's own)")
    parser.add_argument("--split", default="test", choices=SPLITS, help="default: test")
    parser.add_argument("--limit", type=positive, metavar="N", help="use only the first N pairs")
    parser.add_argument(
        "--quick", action="store_true", help="a part of the pairs and figures, for an answer within a minute"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE.html", help="write a page with all figures and pictures, too"
    )


def evaluate(arguments: argparse.Namespace) -> Result:
    """Measures the run; prints a table or JSON, and writes the report if it is wanted."""
    if arguments.report is not None:
        check_writable(arguments.report, "the report")
    explorer = load_explorer(arguments)
    dataset = arguments.dataset or explorer.info.dataset
    begun = time.monotonic()
    # The run's own file comes first: another cache's test pairs may hold its training images.
    opened = open_or_build(dataset) if arguments.dataset else cache_of_run(explorer.info.path)
    with opened as cache:
        figures = complete(_measure(explorer, cache, arguments))
        text = table(figures)
        if arguments.report is None:
            return Result(figures, text)
        page = _page(explorer, cache, figures, time.monotonic() - begun)
    try:
        write_text(arguments.report, page)
    except OSError as error:
        # The figures may have taken an hour: they are shown all the same.
        say(f"doscope: {arguments.report} could not be written ({error.strerror}); choose another path.")
        return Result(figures, text, EXIT_NOT_WRITTEN)
    say(f"report: {arguments.report}")
    return Result(figures, text)


def _measure(explorer: Explorer, cache: Cache, arguments: argparse.Namespace) -> dict[str, Any]:
    from engine.evaluation import evaluation_steps

    figures: dict[str, Any] = {}
    line = ProgressLine()

    def steps() -> Iterator[Progressed]:
        asked = (arguments.split, arguments.limit, arguments.quick)
        figures.update((yield from evaluation_steps(explorer, cache, *asked)))

    try:
        step_through(steps(), _Rate(line).show)
    finally:
        line.end()
    return figures


def _page(explorer: Explorer, cache: Cache, figures: dict[str, Any], took_s: float) -> str:
    from cli.report import report
    from cli.report_facts import facts
    from engine.evaluation import example_rows

    examples = example_rows(explorer, cache, figures["split"], EXAMPLES)
    return report(figures, facts(explorer, cache, figures, took_s), examples)


class _Rate:
    """Shows the stages of an evaluation with rate and time left."""

    def __init__(self, line: ProgressLine) -> None:
        self._line = line
        self._stage, self._since, self._first = "", 0.0, 0

    def show(self, progress: Progressed) -> None:
        """One step further."""
        now = time.monotonic()
        if progress.stage != self._stage:
            # What was done when a stage is first heard of took a time that is not known.
            self._stage, self._since, self._first = progress.stage, now, progress.done
        done, elapsed_s = progress.done - self._first, now - self._since
        rate = done / elapsed_s if elapsed_s > 0 else 0.0
        words, remaining_s = "", -1.0
        if rate > 0:
            words = f"{rate:,.0f} a second" if rate >= 10 else f"{rate:.1f} a second"
            remaining_s = (progress.total - progress.done) / rate
        self._line.show(progress.stage, progress.done, progress.total, words, remaining_s)
