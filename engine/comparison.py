"""Runs side by side: the settings in which they differ, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.run_directory import RunDirectory

# 1: more is better, -1: less is; of the other figures none is the best
BETTER = {
    **dict.fromkeys(("directed_accuracy", "factor_accuracy", "psnr", "ssim", "graph_value"), 1),
    **dict.fromkeys(("atomic_rate", "hit_rate", "graph_faithfulness_auroc"), 1),
    **dict.fromkeys(("collateral_rate", "quality_cost_db", "dead_codes", "ece"), -1),
}


@dataclass(frozen=True)
class Comparison:
    """Several runs; every tuple has a place for each of them, in their order.

    Attributes:
        names, paths: of the runs.
        settings: dotted name -> values, of those that are not all equal; also `dataset`, `preset`,
            `budget_minutes`.
        figures: name -> values, None where a run has none.
        best: name of a figure -> places of the best values, where one can say what is better.
    """

    names: tuple[str, ...]
    paths: tuple[str, ...]
    settings: dict[str, tuple[object, ...]]
    figures: dict[str, tuple[float | None, ...]]
    best: dict[str, tuple[int, ...]]


def compare_runs(paths: Sequence[Path]) -> Comparison:
    """Reads the runs' configurations and figures.

    Raises:
        RunError: one of them is no run directory, or damaged.
    """
    runs = [RunDirectory(path) for path in paths]
    settings, statuses = [_settings(run) for run in runs], [run.status() for run in runs]
    keys = dict.fromkeys(key for found in settings for key in found)
    names = dict.fromkeys(name for status in statuses for name in status.figures)
    values = {key: tuple(found.get(key) for found in settings) for key in keys}
    figures = {name: tuple(status.figures.get(name) for status in statuses) for name in names}
    figures["steps"] = tuple(float(status.step) for status in statuses)
    figures["minutes"] = tuple(status.elapsed_s / 60 for status in statuses)
    return Comparison(
        names=tuple(status.name for status in statuses),
        paths=tuple(str(path) for path in paths),
        settings={key: found for key, found in values.items() if len(set(map(str, found))) > 1},
        figures=figures,
        best={name: best for name, found in figures.items() if (best := best_of(name, found))},
    )


def best_of(name: str, values: Sequence[float | None]) -> tuple[int, ...]:
    """The places of the best values of a figure; none where all are equal or nobody knows what is better."""
    known = [value for value in values if value is not None]
    if name not in BETTER or len(known) < 2 or min(known) == max(known):
        return ()
    best = max(known) if BETTER[name] > 0 else min(known)
    return tuple(place for place, value in enumerate(values) if value == best)


def _settings(run: RunDirectory) -> dict[str, object]:
    description = run.description()
    config = description.config.to_json()
    found: dict[str, object] = {
        "dataset": description.dataset,
        "preset": config.pop("preset"),
        "budget_minutes": description.budget.get("minutes"),
    }
    for section, values in config.items():
        found |= {f"{section}.{name}": value for name, value in _items(values)}
    return found


def _items(values: Any) -> list[tuple[str, object]]:
    return list(values.items()) if isinstance(values, dict) else []
