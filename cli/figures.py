"""The figures of an evaluation as people read them: title, unit, definition, and what to compare with.

The terminal's table and the report both show these rows, so that they cannot disagree. The definitions are
those of docs/model.md, section 4, in one sentence each.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.figure_definitions import (
    DISENTANGLEMENT,
    EDGE_STATES,
    FACTOR_GRAPH,
    FIGURES,
    GRAPH,
    INTERVENTION,
    KEYS,
    ROLLOUT,
    SCORES,
    USUAL_REASONS,
    VIEWS,
    WORDS_OF_NOTES,
    Figure,
)

Figures = Mapping[str, Any]
Interval = tuple[float, float]
_MISSING = re.compile(r"\b(no|not|needs?|left out)\b", re.I)
_DIGITS = {"dB": 2, "edges": 0}
_WITH_UNIT = ("dB", "nats", "per decade")


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        path: where the value lies in the figures, keys and positions joined by dots.
        value: None when it was not measured; `reason` then says why.
        interval: 95 %, or None.
        compare: (word, value) of the chance or ceiling beside it, or None.
        unit: "share" (0 to 1), "dB", "nats", "SSIM" (-1 to 1), "score" (0 to 1), "AUROC", "ratio" or
            "per decade" or "edges" (a number of them).
    """

    group: str
    path: str
    title: str
    unit: str
    definition: str
    value: float | None
    interval: Interval | None = None
    compare: tuple[str, float] | None = None
    reason: str = ""


def complete(figures: Figures) -> dict[str, Any]:
    """The figures as plain numbers with every promised key, in its order; what is missing becomes None."""
    return {key: _plain(figures.get(key)) for key in (*KEYS, *(key for key in figures if key not in KEYS))}


def _plain(value: Any) -> Any:
    """Plain Python instead of numpy's numbers and arrays; what is infinite or not a number as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def rows(figures: Figures) -> list[Row]:
    """Every figure, in the order of reading. Those not measured say why, but for several actions."""
    asked = [f for f in FIGURES if figures.get("several") or not f.path.startswith("several.")]
    found = [_row(figures, figure) for figure in asked]
    after = next(i for i, row in enumerate(found) if row.group == GRAPH)
    extra = [*_probe_rows(figures), *_rollout_rows(figures)]
    return [*found[:after], *extra, *found[after:], *_factor_rows(figures), *_score_rows(figures)]


def _row(figures: Figures, figure: Figure) -> Row:
    title = figure.title
    if figure.path.startswith("worst_action") and (name := look_up(figures, "worst_action.action")):
        title = f"{title} ({name})"
    value = number_at(figures, figure.path)
    return Row(
        group=figure.group,
        path=figure.path,
        title=title,
        unit=figure.unit,
        definition=figure.definition,
        value=value,
        interval=interval_at(figures, f"{figure.path}_interval"),
        compare=_compare(figures, figure),
        reason="" if value is not None else reason(figures, figure.path),
    )


def _compare(figures: Figures, figure: Figure) -> tuple[str, float] | None:
    word, path = figure.compare or ("chance", f"{figure.path}_chance")
    value = float(path) if path[0].isdigit() else number_at(figures, path)
    return None if value is None else (word, value)


def _probe_rows(figures: Figures) -> Iterator[Row]:
    """One row a factor, or a single one that says why there is none."""
    chances = figures.get("probe_chance") or {}
    for name, accuracy in (figures.get("probe_accuracy") or {"": None}).items():
        value, chance = finite_number(accuracy), finite_number(chances.get(name))
        yield Row(
            group=INTERVENTION,
            path=f"probe_accuracy.{name}".rstrip("."),
            title=f"probe accuracy, {name}" if name else "probe accuracy",
            unit="share",
            definition="Share of real images of the split whose factor the probe reads right; chance is to "
            "answer the commonest value always.",
            value=value,
            compare=None if chance is None else ("chance", chance),
            reason="" if value is not None else reason(figures, "probe_accuracy"),
        )


def _rollout_rows(figures: Figures) -> Iterator[Row]:
    steps = figures.get("rollout") or [{}]
    for index, step in enumerate(steps):
        times = f"{step['repetitions']} ×" if "repetitions" in step else "repeated"
        ceiling = number_at(step, "ceiling")
        for key, title, definition in (
            (
                "hit_rate",
                "hit rate",
                "Share of images whose asked factor the probes read exactly that many steps on "
                "after the action was repeated.",
            ),
            (
                "collateral_rate",
                "collateral rate",
                "Share of the other factors that moved meanwhile; lower is better.",
            ),
        ):
            value = number_at(step, key)
            yield Row(
                group=ROLLOUT,
                path=f"rollout.{index}.{key}",
                title=f"{title}, {times}",
                unit="share",
                definition=definition,
                value=value,
                interval=interval_at(step, f"{key}_interval"),
                compare=("ceiling", ceiling) if key == "hit_rate" and ceiling is not None else None,
                reason="" if value is not None else reason(figures, "rollout"),
            )


def _factor_rows(figures: Figures) -> Iterator[Row]:
    """One row for each edge between factors that was found or is known."""
    from engine.metrics.factor_graph import edge_states, moved_share

    graph = figures.get("factor_graph")
    if not graph:
        return
    noise = dict(zip(graph["factors"], graph["noise"], strict=True))
    for (cause, effect), state in edge_states(graph).items():
        share, of_reading = moved_share(graph, (cause, effect)), finite_number(noise.get(effect))
        yield Row(
            group=FACTOR_GRAPH,
            path=f"factor_graph.moved.{cause}.{effect}",
            title=f"{cause} \N{RIGHTWARDS ARROW} {effect}, {EDGE_STATES[state]}",
            unit="share",
            definition="Share of the model's actions on the first factor after which the probes read another "
            "value of the second; noise: the share of pairs that leave it alone of which they do.",
            value=share,
            compare=None if of_reading is None else ("noise", of_reading),
            reason="" if share is not None else "a factor that the probes cannot read",
        )


def _score_rows(figures: Figures) -> Iterator[Row]:
    factors = len(figures.get("probe_accuracy") or {})
    for key, part, title, definition in SCORES:
        for view, words in VIEWS.items():
            path = ".".join(word for word in (key, view, part) if word)
            value = number_at(figures, path)
            yield Row(
                group=DISENTANGLEMENT,
                path=path,
                title=f"{title}, {words}",
                unit="score",
                definition=definition,
                value=value,
                compare=("chance", 1 / factors) if key == "factor_vae_score" and factors else None,
                reason="" if value is not None else reason(figures, key),
            )


def reason(figures: Figures, path: str) -> str:
    """Why a figure was not measured: the note that speaks of it."""
    notes = [str(note) for note in figures.get("notes") or ()]
    key = path.split(".")[0]
    words = (key, key.replace("_", " "), *WORDS_OF_NOTES.get(key, ()))
    for of_missing in (True, False):
        for word in words:
            for note in notes:
                if word.lower() in note.lower() and bool(_MISSING.search(note)) == of_missing:
                    return note
    return USUAL_REASONS.get(
        key, "left out of a quick look" if figures.get("quick") else "no reason is given"
    )


def look_up(figures: Any, path: str) -> Any:
    """What lies at a path such as "dci.latents.completeness" or "rollout.0.hit_rate"; None if nothing."""
    for key in path.split("."):
        if isinstance(figures, Mapping):
            figures = figures.get(key)
        elif isinstance(figures, Sequence) and not isinstance(figures, str) and key.isdigit():
            figures = figures[int(key)] if int(key) < len(figures) else None
        else:
            return None
    return figures


def number_at(figures: Any, path: str) -> float | None:
    """The finite number at a path, else None."""
    return finite_number(look_up(figures, path))


def finite_number(value: Any) -> float | None:
    """A number as a float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def interval_at(figures: Any, path: str) -> Interval | None:
    """The (low, high) at a path, else None."""
    low, high = number_at(figures, f"{path}.0"), number_at(figures, f"{path}.1")
    return None if low is None or high is None else (low, high)


def number(value: float | None, unit: str = "share") -> str:
    """A value with the digits that its unit deserves; empty for None."""
    if value is None:
        return ""
    text = f"{value:.{_DIGITS.get(unit, 3)}f}"
    if not float(text):  # no "-0.000"
        text = text.removeprefix("-")
    return f"+{text}" if unit == "per decade" and float(text) > 0 else text


def value_text(row: Row) -> str:
    """The value with its unit, where it has one that is written."""
    return f"{number(row.value, row.unit)} {row.unit if row.unit in _WITH_UNIT else ''}".rstrip()


def interval_text(interval: Interval | None, unit: str = "share") -> str:
    """Such as "0.987 to 0.993"; empty for None."""
    return "" if interval is None else f"{number(interval[0], unit)} to {number(interval[1], unit)}"
