"""The results of a folder by experiment, and how one figure of several seeds is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.bars import BARS, Bar, Figure, interval, look_up
from benchmarks.plan import Experiment, Step, experiments, steps_of
from benchmarks.records import Folder, Record

TIME = Figure("time", "time from an empty home: cache and training", 1, "min")


@dataclass(frozen=True)
class Seed:
    """One training of an experiment that was measured: its three steps and their records."""

    seed: int
    steps: tuple[Step, Step, Step]
    build: Record
    train: Record
    evaluate: Record

    @property
    def minutes(self) -> float:
        """From an empty home: building the cache and training, without the evaluation."""
        training_s = self.train.wall_s
        if self.train.lost:  # the wall time of a killed attempt is not known, the run's own clock is
            training_s = float(self.train.result.get("elapsed_s") or training_s)
        return (self.build.wall_s + training_s) / 60

    def value(self, figure: Figure) -> float | None:
        """A figure, None if it was not measured: a time whose parts come from two machines is none."""
        if figure is not TIME:
            return look_up(self.evaluate.result, figure.key)
        alike = all(
            self.build.machine.get(key) == self.train.machine.get(key) for key in ("processor", "cores")
        )
        return self.minutes if alike else None


@dataclass(frozen=True)
class Measured:
    """An experiment with the seeds that are there, in their order."""

    experiment: Experiment
    seeds: tuple[Seed, ...]

    @property
    def name(self) -> str:
        """As in BARS."""
        return self.experiment.name

    @property
    def head(self) -> str:
        """The title of its column."""
        minutes = self.experiment.minutes
        return self.experiment.title + (f", {minutes:g} min" if minutes else ", tiny settings")

    def values(self, figure: Figure) -> list[float]:
        """The figure of each seed that has it."""
        found = (seed.value(figure) for seed in self.seeds)
        return [value for value in found if value is not None]

    def bar(self, figure: Figure) -> Bar | None:
        """The figure's limit; the tiny settings have none."""
        if not self.experiment.minutes:
            return None
        if figure is TIME:
            return Bar(self.experiment.minutes, at_most=True)
        return BARS.get(self.name, {}).get(figure.key)

    def cell(self, figure: Figure) -> str:
        """The figure with its range, its bar, and whether the bar is met."""
        values, bar = self.values(figure), self.bar(figure)
        if not values:
            return "not measured"
        return f"{self.spread(figure)}{verdict(bar, figure, values)}"

    def spread(self, figure: Figure) -> str:
        """The median with the range of the seeds; of a single seed the figure with its 95 % interval."""
        values = self.values(figure)
        if len(values) == 1 and len(self.seeds) == 1:
            ends = interval(self.seeds[0].evaluate.result, figure.key)
            return figure.show(values[0]) + (_between(figure, ends) if ends else "")
        return spread(figure, values)


def spread(figure: Figure, values: Sequence[float]) -> str:
    """The median with the smallest and the largest, such as "0.985 (0.981 – 0.988)"."""
    shown = figure.show(median(values))
    return shown + (_between(figure, (min(values), max(values))) if len(values) > 1 else "")


def _between(figure: Figure, ends: tuple[float, float]) -> str:
    return f" ({figure.number(ends[0])} – {figure.number(ends[1])})"


def verdict(bar: Bar | None, figure: Figure, values: Sequence[float]) -> str:
    """The bar and whether the median meets it, to be put behind the figure; empty without a bar."""
    if bar is None:
        return ""
    return f", {bar.show(figure)}: {'met' if bar.is_met(median(values)) else '**missed**'}"


def collect(folder: Folder, quick: bool, threads: int | None) -> list[Measured]:
    """Every experiment with all seeds whose three steps have valid results in the folder."""
    return [
        Measured(
            experiment,
            tuple(
                found
                for seed in folder.seeds(experiment.name)
                if (found := _seed(folder, steps_of(experiment, seed, quick, threads), seed))
            ),
        )
        for experiment in experiments(quick)
    ]


def _seed(folder: Folder, steps: tuple[Step, Step, Step], seed: int) -> Seed | None:
    build, train, evaluate = (folder.done(step) for step in steps)
    return Seed(seed, steps, build, train, evaluate) if build and train and evaluate else None


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; a bar inside a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
