"""The curves of one run as plain arrays: filled by events, read by the plots. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from engine.events import Event, RunStarted, StepLogged, Validated

LOSSES, FIGURES, SPEED = "losses", "figures", "speed"
GROUPS = (LOSSES, FIGURES, SPEED)
OF_SPEED = ("learning_rate", "memory_mb")  # logged with the losses
BOTH = "both phases"
RATES = {"autoencoder": "images_per_s", "transition": "transitions_per_s"}
MAX_POINTS = 1500  # a curve; more of them cannot be drawn ten times a second


@dataclass
class Series:
    """One curve.

    Attributes:
        steps: optimizer steps of the whole run.
        elapsed: training time, seconds.
        values: the curve's values.
    """

    steps: list[int] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def append(self, step: int, elapsed_s: float, value: float) -> None:
        """Add a point; a step at or before the last one (a resumed run) cuts the curve back to it."""
        while self.steps and self.steps[-1] >= step:
            self.steps.pop()
            self.elapsed.pop()
            self.values.pop()
        self.steps.append(step)
        self.elapsed.append(elapsed_s)
        self.values.append(value)
        if len(self.steps) >= 2 * MAX_POINTS:
            self._thin()

    def _thin(self) -> None:
        """Drop every second point but not the ends: a run of days must not make each redraw slower."""
        kept = [*range(0, len(self.steps) - 1, 2), len(self.steps) - 1]
        self.steps = [self.steps[k] for k in kept]
        self.elapsed = [self.elapsed[k] for k in kept]
        self.values = [self.values[k] for k in kept]

    def joined(self, later: Series) -> Series:
        """A new curve that begins with this one and goes on with another one."""
        return Series(self.steps + later.steps, self.elapsed + later.elapsed, self.values + later.values)

    def arrays(
        self, by_time: bool, limit: int = MAX_POINTS
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """X (steps, or minutes) and y, thinned to at most `limit` points with the newest kept."""
        x = np.asarray(self.elapsed, np.float64) / 60 if by_time else np.asarray(self.steps, np.float64)
        y = np.asarray(self.values, np.float64)
        if len(y) > limit:
            kept = np.linspace(0, len(y) - 1, limit).round().astype(np.int64)
            x, y = x[kept], y[kept]
        return x, y


def smoothed(values: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.float64]:
    """A running mean that takes this share (0 to below 1) from the values before; unbiased from the start."""
    if share <= 0 or not len(values):
        return values
    sums = accumulate(
        values.tolist(), lambda before, value: share * before + (1 - share) * value, initial=0.0
    )
    mean = np.fromiter(sums, np.float64, len(values) + 1)[1:]
    return mean / (1 - share ** np.arange(1, len(values) + 1))


class CurveData:
    """All curves of one run: `curves[group][(phase, name)]`, group being one of GROUPS."""

    def __init__(self) -> None:
        self.curves: dict[str, dict[tuple[str, str], Series]] = {group: {} for group in GROUPS}
        self.version = 0

    def clear(self) -> None:
        """Forget the run."""
        for group in self.curves.values():
            group.clear()
        self.version += 1

    def add(self, events: Iterable[Event]) -> None:
        """Take the numbers out of events; other events pass by. `version` grows when a curve did."""
        for event in events:
            if isinstance(event, StepLogged):
                losses = {name: v for name, v in event.values.items() if name not in OF_SPEED}
                self._add(LOSSES, event, losses)
                speed = {name: event.values[name] for name in OF_SPEED if name in event.values}
                self._add(SPEED, event, {RATES.get(event.phase, "items_per_s"): event.items_per_s, **speed})
            elif isinstance(event, Validated):
                self._add(FIGURES, event, event.figures)
            elif isinstance(event, RunStarted) and event.resumed_step == 0:
                self.clear()

    def _add(self, group: str, event: StepLogged | Validated, values: dict[str, float]) -> None:
        for name, value in values.items():
            series = self.curves[group].setdefault((event.phase, name), Series())
            series.append(event.step, event.elapsed_s, float(value))
            self.version += 1

    def is_empty(self) -> bool:
        """Whether there is no curve at all."""
        return not any(self.curves.values())

    def phases(self, group: str) -> list[str]:
        """The phases that have curves in a group, in their order of appearance."""
        return list(dict.fromkeys(phase for phase, _ in self.curves[group]))

    def names(self, group: str, phase: str) -> list[str]:
        """The names of a phase's curves in a group, in their order of appearance; `phase` may be BOTH."""
        found = (name for curve_phase, name in self.curves[group] if phase in (curve_phase, BOTH))
        return list(dict.fromkeys(found))

    def series(self, group: str, phase: str, name: str) -> Series | None:
        """A curve, of BOTH phases one after the other; None where there is none."""
        if phase != BOTH:
            return self.curves[group].get((phase, name))
        parts = [series for (_, curve), series in self.curves[group].items() if curve == name]
        if len(parts) < 2:
            return parts[0] if parts else None
        return parts[0].joined(parts[1])
