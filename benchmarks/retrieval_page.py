"""The figures of retrieval of several runs, side by side, in docs/results.md.

    python -m benchmarks.retrieval_page docs/measured/retrieval-*.json

Each file is what `python -m benchmarks.retrieval --out FILE` has written, a column a file, in this order.
The bars of accuracy, calibration and sequences are those of `shapes`; those of time hold for every run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import ROOT
from benchmarks.measured import markdown_table
from benchmarks.page import BadPage, put
from benchmarks.report import Figures

PAGE = ROOT / "docs" / "results.md"
MARKS = (
    "<!-- retrieval: from here to the end mark, `python -m benchmarks.retrieval_page` writes -->",
    "<!-- retrieval: end mark -->",
)
MISSING = "not measured"


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        title: what was measured.
        key: of the figure.
        digits: after the point.
        unit: behind the number.
        bar: the number to be reached; None for no bar.
        most: whether the bar is the most that is allowed, else the least.
        everywhere: whether the bar holds for every data set, else for `shapes` only.
    """

    title: str
    key: str
    digits: int
    unit: str = ""
    bar: float | None = None
    most: bool = True
    everywhere: bool = False


def _path(steps: int, bar: float) -> tuple[Row, Row]:
    title = f"exact actions found, pairs {steps} steps apart"
    return (
        Row(title, f"path_{steps}", 3, bar=bar, most=False),
        Row("share of the others whose answer is nearer than the true actions", f"path_{steps}_misled", 3),
    )


ROWS = (
    Row("one pair, from two images to the ranking, median", "one_pair_ms", 1, " ms", 30, everywhere=True),
    Row("the three explanations after it", "explain_ms", 0, " ms", 200, everywhere=True),
    Row("`retrieve --pairs`, pairs of files a second", "pairs_per_s", 0, "", 56, False, True),
    Row("pairs a second whose codes are given", "codes_per_s", 0, "", 500, False, True),
    Row("expected calibration error, all test pairs", "ece", 4, bar=0.05),
    Row("the same, not calibrated", "ece_uncalibrated", 4),
    Row("told to be no action (chance 0.333)", "told_none", 3),
    Row("told to be one action", "told_one", 3),
    Row("told to be more than one action", "told_several", 3),
    *_path(2, 0.90),
    *_path(3, 0.85),
    Row("the same pairs, greedy", "path_3_greedy", 3),
    *_path(5, 0.70),
    Row("one search, median", "path_median_s", 2, " s", 2, everywhere=True),
    Row("one search, 95th percentile", "path_p95_s", 2, " s"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the table; 0, or 2 for something the user can mend."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval_page")
    parser.add_argument("files", type=Path, nargs="+", help="figures of one run each")
    parser.add_argument("--page", type=Path, default=PAGE, help="default: docs/results.md")
    arguments = parser.parse_args(argv)
    try:
        put(arguments.page, render([read(path) for path in arguments.files]), MARKS)
    except (OSError, ValueError, BadPage) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def read(path: Path) -> Figures:
    """The figures of a run; of a file that is not there yet, a column without figures.

    Raises:
        ValueError: it is something else.
    """
    if not path.exists():
        return {"dataset": path.stem.removeprefix("retrieval-"), "run": None}
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(figures, dict) or not {"run", "dataset"} <= figures.keys():
        raise ValueError(f"{path} has no figures of benchmarks.retrieval")
    return figures


def render(runs: Sequence[Figures]) -> str:
    """The table, and what machine and which code gave each column."""
    head = ["figure", *(_head(one) for one in runs)]
    rows = [[row.title, *(cell(row, one) for one in runs)] for row in ROWS]
    lines = [_conditions(one) for one in runs]
    return markdown_table(head, rows) + "\n\n" + "\n".join(lines) + "\n"


def _head(figures: Figures) -> str:
    actions = figures.get("actions")
    return f"{figures['dataset']}, {actions} actions" if actions else str(figures["dataset"])


def cell(row: Row, figures: Figures) -> str:
    """A figure with its interval, of how many pairs where that is told, and whether its bar was met."""
    value = figures.get(row.key)
    if not isinstance(value, int | float):
        return MISSING
    text = f"{value:.{row.digits}f}{row.unit}"
    low, high = figures.get(f"{row.key}_low"), figures.get(f"{row.key}_high")
    if isinstance(low, int | float) and isinstance(high, int | float):
        text += f" ({low:.{row.digits}f} – {high:.{row.digits}f})"
    if pairs := figures.get(f"{row.key}_pairs"):
        text += f", {pairs} pairs"
    if row.bar is None or not (row.everywhere or figures["dataset"] == "shapes"):
        return text
    met = value <= row.bar if row.most else value >= row.bar
    return f"{text}, {'≤' if row.most else '≥'} {row.bar:g}{row.unit}: {'met' if met else '**missed**'}"


def _conditions(figures: Figures) -> str:
    if figures["run"] is None:
        return f"* {figures['dataset']}: {MISSING} yet."
    busy = figures.get("busy_cores_before")
    code = figures.get("code") or "unknown"
    beside = f", {busy:.1f} cores busy before" if isinstance(busy, int | float) else ""
    return (
        f"* {figures['dataset']}: run {figures['run']}, {figures.get('threads', '?')} threads"
        f" ({figures.get('processor', 'unknown processor')}){beside}, code {code}."
    )


if __name__ == "__main__":
    raise SystemExit(main())
