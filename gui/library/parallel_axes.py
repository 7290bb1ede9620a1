"""Where a study's trials cross the axes of a parallel-coordinates plot. Plain numbers, no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.search_space import Searched, Value
from engine.study import StudyResult, TrialResult
from gui.words import figure, readable


@dataclass(frozen=True)
class Axis:
    """One setting of the search, or at the end the figure that is maximised.

    Attributes:
        key: "section.name" of a setting, or the figure's name.
        title: the key as it is written over the axis.
        low: the value at the bottom.
        high: the value at the top.
        log: whether it is even in its logarithm.
        values: the texts of a list from the bottom; empty for numbers.
        importance: how much the setting mattered, a share of 1; None where that is not known.
    """

    key: str
    title: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    values: tuple[str, ...] = ()
    importance: float | None = None

    def place(self, value: Value | None) -> float | None:
        """0 (bottom) to 1 (top); None for a value that has no place here."""
        if value is None:
            return None
        if self.values:
            text = str(value)
            return (self.values.index(text) + 0.5) / len(self.values) if text in self.values else None
        if isinstance(value, str) or (self.log and value <= 0):
            return None
        low, high, at = (math.log(x) if self.log else x for x in (self.low, self.high, float(value)))
        return 0.5 if high <= low else min(1.0, max(0.0, (at - low) / (high - low)))

    def value_at(self, place: float) -> float:
        """The number at a place. Inverse of `place` for numbers."""
        if self.log:
            return math.exp(math.log(self.low) + place * (math.log(self.high) - math.log(self.low)))
        return self.low + place * (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """(place, text) of the values of a list, or of both ends and the middle."""
        if self.values:
            return [((at + 0.5) / len(self.values), text) for at, text in enumerate(self.values)]
        if self.high <= self.low:
            return [(0.5, self.words(self.low))]
        return [(place, self.words(self.value_at(place))) for place in (0.0, 0.5, 1.0)]

    def words(self, value: Value | None) -> str:
        """A value as the table and the tool tips have it."""
        if value is None:
            return "\N{EN DASH}"
        if isinstance(value, str):
            return value
        if "." not in self.key:
            return figure(self.key, float(value))
        return f"{value:.3g}" if isinstance(value, float) else str(value)


def axes_of(study: StudyResult) -> list[Axis]:
    """The searched settings, then the figure; its ends are those of the trials so far."""
    metric = study.plan.metric
    values = [trial.value for trial in study.trials if trial.value is not None]
    ends = (min(values), max(values)) if values else (0.0, 1.0)
    return [*(_setting(each, study) for each in study.plan.search), Axis(metric, readable(metric), *ends)]


def value_on(axis: Axis, trial: TrialResult) -> Value | None:
    """What a trial has on an axis."""
    return trial.settings.get(axis.key) if "." in axis.key else trial.value


def _setting(each: Searched, study: StudyResult) -> Axis:
    share = study.importances.get(each.key)
    title = readable(each.key.partition(".")[2])
    if each.values:
        return Axis(each.key, title, values=each.values, importance=share)
    return Axis(each.key, title, each.low or 0.0, each.high or 0.0, each.log, importance=share)
