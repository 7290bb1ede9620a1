"""The figures of an evaluation as a table for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from cli.figure_definitions import NOT_MEASURED
from cli.figures import (
    Figures,
    Row,
    interval_at,
    interval_text,
    number,
    number_at,
    rows,
    value_text,
)

WIDTH = 100
LONGEST_REASON = 60
_HEADINGS = ("value", "95 % interval", "compare with")
_ACTION_HEADINGS = (
    "accuracy", "95 % interval", "pairs", "training pairs", "hit rate", "atomic rate", "cost",
)  # fmt: skip


def table(figures: Figures) -> str:
    """Everything but the confusion matrix: what was measured, all figures by group, actions, notes."""
    blocks = [f"{figures.get('run')} on {measured_on(figures)}", _figures(rows(figures))]
    if figures.get("per_action"):
        blocks.append(_actions(figures["per_action"]))
    if figures.get("notes"):
        blocks.append("\n".join(["notes", *(_note(str(note)) for note in figures["notes"])]))
    return "\n\n".join(blocks)


def measured_on(figures: Figures) -> str:
    """Such as "4,000 test pairs of shapes"."""
    pairs = figures.get("pairs")
    counted = f"{pairs:,}" if isinstance(pairs, int) else "unknown"
    quick = " (quick: a part of the pairs, so wider intervals)" if figures.get("quick") else ""
    # Of a cache file only its name: a report travels, the path stays where it is.
    return f"{counted} {figures.get('split')} pairs of {Path(str(figures.get('dataset'))).name}{quick}"


def _figures(shown: Sequence[Row]) -> str:
    first = max(len(row.title) for row in shown) + 2
    lines: list[str] = []
    for group, members in groupby(shown, key=lambda row: row.group):
        heads = _columns(_HEADINGS) if not lines else ""
        lines.append(f"{group:<{first}}  {heads}".rstrip())
        for row, reason in _without_repeated_reasons(members):
            left = f"  {row.title:<{first - 2}}  "
            lines.append((left + (_measured(row) if row.value is not None else reason)).rstrip())
    return "\n".join(lines)


def _without_repeated_reasons(members: Iterator[Row]) -> Iterator[tuple[Row, str]]:
    """A reason that many figures share is said once a group."""
    said: set[str] = set()
    for row in members:
        why = row.reason if len(row.reason) <= LONGEST_REASON else "see the notes"
        yield row, NOT_MEASURED if row.reason in said else f"{NOT_MEASURED}: {why}"
        if row.value is None:
            said.add(row.reason)


def _measured(row: Row) -> str:
    compare = f"{row.compare[0]} {number(row.compare[1], row.unit)}" if row.compare else ""
    return _columns(
        (value_text(row).removesuffix(" per decade"), interval_text(row.interval, row.unit), compare)
    )


def _columns(texts: Sequence[str]) -> str:
    value, interval, compare = texts
    return f"{value:>10}  {interval:<16}  {compare}"


def _actions(per_action: Mapping[str, Any]) -> str:
    """One line an action; columns that nothing is known of are left out."""
    lines: list[tuple[str, ...]] = [("action", *_ACTION_HEADINGS)]
    lines += [(name, *_action_cells(one)) for name, one in per_action.items()]
    kept = [column for column in zip(*lines, strict=True) if any(column[1:])]
    widths = [max(len(text) for text in column) for column in kept]
    return "\n".join(
        "  ".join(
            text.ljust(width) if index == 0 else text.rjust(width)
            for index, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in zip(*kept, strict=True)
    )


def _action_cells(one: Any) -> tuple[str, ...]:
    cost = number(number_at(one, "quality_cost_db"), "dB")
    return (
        number(number_at(one, "directed_accuracy")),
        interval_text(interval_at(one, "interval")),
        count(number_at(one, "pairs")),
        count(number_at(one, "train_pairs")),
        number(number_at(one, "hit_rate")),
        number(number_at(one, "atomic_rate")),
        f"{cost} dB" if cost else "",
    )


def count(value: float | None) -> str:
    """A whole number with its thousands apart; empty for None."""
    return "" if value is None else f"{value:,.0f}"


def _note(sentence: str) -> str:
    return textwrap.fill(
        sentence, WIDTH, initial_indent="  - ", subsequent_indent="    ", break_long_words=False
    )
