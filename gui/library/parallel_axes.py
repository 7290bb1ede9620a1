"""Where a study's trials cross the axes of a parallel-coordinates plot, and the ranges kept. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.search_space import Searched, Value
from engine.study import StudyResult, TrialResult
from gui.words import figure, readable

STEP = 0.05  # of an axis of numbers, by which a key moves the end of a range
NEARLY = 1e-6


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

    @property
    def step(self) -> float:
        """By how much a key moves the end of a range: the place of one value of a list."""
        return 1 / len(self.values) if self.values else STEP

    def range_words(self, low: float, high: float) -> str:
        """What lies between two places: the values of a list, or two numbers."""
        if self.values:
            inside = [text for place, text in self.ticks() if low <= place <= high]
            return " or ".join(inside) or "nothing"
        return f"{self.words(self.value_at(low))} to {self.words(self.value_at(high))}"

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


class Ranges:
    """The parts of axes in which a trial has to cross them, as places; an axis without one keeps all."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[float, float]] = {}  # axis key -> low, high

    def __bool__(self) -> bool:
        return bool(self._ends)

    def of(self, axis: Axis) -> tuple[float, float] | None:
        """The range on an axis, or None."""
        return self._ends.get(axis.key)

    def set(self, axis: Axis, first: float, second: float) -> None:
        """Keep what lies between two places."""
        self._ends[axis.key] = (min(first, second), max(first, second))

    def move_end(self, axis: Axis, upper: bool, up: bool) -> None:
        """Move one end by a step, as far as the axis and the other end let it; the whole axis is no range."""
        low, high = self._ends.get(axis.key, (0.0, 1.0))
        if upper:
            high = min(1.0, max(_moved(high, axis.step, up), low + axis.step))
        else:
            low = max(0.0, min(_moved(low, axis.step, up), high - axis.step))
        if low < NEARLY and high > 1 - NEARLY:
            self.clear(axis)
        else:
            self.set(axis, low, high)

    def clear(self, axis: Axis) -> None:
        """Keep all trials on one axis."""
        self._ends.pop(axis.key, None)

    def clear_all(self) -> None:
        """Keep all trials."""
        self._ends.clear()

    def forget_others(self, axes: Iterable[Axis]) -> None:
        """Drop the ranges of axes that are not there any more."""
        keys = {axis.key for axis in axes}
        self._ends = {key: ends for key, ends in self._ends.items() if key in keys}

    def keep(self, trial: TrialResult, axes: Iterable[Axis]) -> bool:
        """Whether a trial crosses all axes within their ranges."""
        for axis in axes:
            ends, place = self.of(axis), axis.place(value_on(axis, trial))
            if ends is not None and (place is None or not ends[0] <= place <= ends[1]):
                return False
        return True

    def words(self, axes: Sequence[Axis]) -> str:
        """All ranges in a line."""
        parts = [f"{axis.title} {axis.range_words(*ends)}" for axis in axes if (ends := self.of(axis))]
        return "; ".join(parts)


def _moved(place: float, step: float, up: bool) -> float:
    """The next multiple of a step."""
    steps = place / step
    return step * (math.floor(steps + NEARLY) + 1 if up else math.ceil(steps - NEARLY) - 1)
