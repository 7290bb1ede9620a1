"""The imbalanced set beside the uniform one of the same size, both tested on balanced pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.bars import COMPARED, FIGURES, LOSS, Figure, look_up
from benchmarks.measured import TIME, Measured, markdown_table, spread, verdict

NAMES = ("imbalanced", "uniform")
_ACTION = Figure("directed_accuracy", "directed accuracy")
_PAIRS = Figure("train_pairs", "training pairs", 0)


def losses(imbalanced: Measured, uniform: Measured) -> list[float]:
    """Points of directed accuracy that each seed loses against the uniform set with the same seed."""
    beside = {seed.seed: seed.value(FIGURES[0]) for seed in uniform.seeds}
    pairs = [(beside.get(seed.seed), seed.value(FIGURES[0])) for seed in imbalanced.seeds]
    return [100 * (a - b) for a, b in pairs if a is not None and b is not None]


def missed_loss(by_name: Mapping[str, Measured]) -> str | None:
    """A line if the bar of the loss is missed."""
    if not all(name in by_name for name in NAMES):
        return None
    imbalanced, uniform = (by_name[name] for name in NAMES)
    bar, lost = imbalanced.bar(LOSS), losses(imbalanced, uniform)
    if not bar or not lost or bar.is_met(median(lost)):
        return None
    return f"{imbalanced.experiment.title}, {LOSS.title}: {spread(LOSS, lost)}, bar {bar.show(LOSS)}."


def comparison(columns: Sequence[Measured]) -> str:
    """The figures of one or both sets, then those of each action."""
    rows = [[figure.title, *(one.cell(figure) for one in columns)] for figure in (TIME, *COMPARED)]
    if len(columns) == 2 and (lost := losses(columns[0], columns[1])):
        rows.append([LOSS.title, spread(LOSS, lost) + verdict(columns[0].bar(LOSS), LOSS, lost), ""])
    parts = [markdown_table(["figure", *(one.head for one in columns)], rows)]
    actions = _by_action(columns)
    if actions:
        parts.append(actions)
    return "\n\n".join(parts)


def _by_action(columns: Sequence[Measured]) -> str:
    """Training pairs and directed accuracy of each action; medians over the seeds."""
    names = dict.fromkeys(
        name
        for one in columns
        for seed in one.seeds
        if isinstance(actions := seed.evaluate.result.get("per_action"), Mapping)
        for name in actions
    )
    if not names:
        return ""
    heads = [word for one in columns for word in (f"{one.name}: training pairs", "directed accuracy")]
    rows = [
        [name, *(_of_action(one, name, figure) for one in columns for figure in (_PAIRS, _ACTION))]
        for name in names
    ]
    return markdown_table(["action", *heads], rows)


def _of_action(one: Measured, action: str, figure: Figure) -> str:
    # An action's name may hold a dot, so it is not part of a dotted key.
    found = (_row(seed.evaluate.result, action) for seed in one.seeds)
    values = [value for row in found if (value := look_up(row, figure.key)) is not None]
    if not values:
        return "not measured"
    return f"{median(values):,.0f}" if figure is _PAIRS else spread(figure, values)


def _row(result: Mapping[str, object], action: str) -> Mapping[str, object]:
    actions = result.get("per_action")
    row = actions.get(action) if isinstance(actions, Mapping) else None
    return row if isinstance(row, Mapping) else {}
