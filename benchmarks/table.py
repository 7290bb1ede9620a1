"""The results as Markdown: medians and ranges over the seeds, the bar beside each, and what was missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.bars import BARS, COMPARED, FIGURES, LOSS, Bar, Figure, interval, look_up
from benchmarks.plan import Experiment, Step, experiments, steps_of
from benchmarks.records import Folder, Record

# A training that got a smaller share of its cores' time was starved: others worked on the machine.
STARVED = 0.75
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
        """A figure, None if it was not measured."""
        return self.minutes if figure is TIME else look_up(self.evaluate.result, figure.key)


@dataclass(frozen=True)
class Measured:
    """An experiment with the seeds that are there, in their order."""

    experiment: Experiment
    seeds: tuple[Seed, ...]

    @property
    def name(self) -> str:
        """As in BARS."""
        return self.experiment.name

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


def render(measured: Sequence[Measured]) -> str:
    """The generated part of docs/results.md, without its markers."""
    there = [one for one in measured if one.seeds]
    if not there:
        return "Nothing is measured yet.\n"
    by_name = {one.name: one for one in there}
    main = [one for one in there if one.name not in ("imbalanced", "uniform")]
    parts = [_preamble(there)]
    if main:
        parts.append("### Figures\n\n" + _figures(main))
    if "imbalanced" in by_name or "uniform" in by_name:
        parts.append("### Imbalanced data\n\n" + _comparison(by_name))
    parts.append("### Missed\n\n" + _missed(measured))
    parts.append("### Time and machine of each training\n\n" + _times(there))
    parts.append("### Commands\n\n" + _commands(there))
    notes = _notes(there)
    if notes:
        parts.append("### Notes of the evaluations\n\n" + notes)
    return "\n\n".join(parts) + "\n"


def _preamble(measured: Sequence[Measured]) -> str:
    seeds = [seed for one in measured for seed in one.seeds]
    machines = dict.fromkeys(_machine(seed.train) for seed in seeds)
    codes = dict.fromkeys(step.code for seed in seeds for step in (seed.train, seed.evaluate) if step.code)
    numbers = ", ".join(str(number) for number in sorted({seed.seed for seed in seeds}))
    lines = [
        "Median of the seeds, with the smallest and the largest; a single seed has its 95 % interval.",
        "The bar is for the median. Everything is measured on test images that no training pair contains.",
        f"Seeds: {numbers}. Machine: {'; '.join(machines)}.",
    ]
    if codes:
        lines.append(f"Code: {', '.join(codes)}" + (" (+: with changes)." if "+" in "".join(codes) else "."))
    if len(codes) > 1:
        lines.append("Trainings and evaluations were made with several states of the code.")
    return "\n".join(lines)


def _machine(record: Record) -> str:
    facts = record.machine
    memory = f", {facts['memory_gb']} GB" if facts.get("memory_gb") else ""
    return (
        f"{facts.get('cores', '?')} cores ({facts.get('processor', 'unknown processor')}){memory}, "
        f"{facts.get('system', 'unknown system')}, Python {facts.get('python', '?')}, "
        f"torch {facts.get('torch', '?')}"
    )


def _figures(measured: Sequence[Measured]) -> str:
    heads = [_head(one) for one in measured]
    rows = [
        [figure.title, *(_cell(one, figure) for one in measured)]
        for figure in (TIME, *FIGURES)
        if any(one.values(figure) or one.bar(figure) for one in measured)
    ]
    return markdown_table(["figure", *heads], rows)


def _head(one: Measured) -> str:
    within = f", {one.experiment.minutes:g} min" if one.experiment.minutes else ", tiny settings"
    return f"{one.experiment.title}{within}"


def _cell(one: Measured, figure: Figure) -> str:
    values = one.values(figure)
    if not values:
        return "not measured"
    return f"{_spread(one, figure, values)}{_verdict(one.bar(figure), figure, values)}"


def _spread(one: Measured, figure: Figure, values: Sequence[float]) -> str:
    """The median with the range of the seeds, or the interval of the only one."""
    ends = (min(values), max(values)) if len(values) > 1 else None
    if len(values) == 1 and len(one.seeds) == 1:
        ends = interval(one.seeds[0].evaluate.result, figure.key)
    number = figure.show(median(values))
    if ends:
        number += f" ({ends[0]:.{figure.digits}f} – {ends[1]:.{figure.digits}f})"
    return number


def _verdict(bar: Bar | None, figure: Figure, values: Sequence[float]) -> str:
    if bar is None:
        return ""
    return f", {bar.show(figure)}: {'met' if bar.is_met(median(values)) else '**missed**'}"


def losses(imbalanced: Measured, uniform: Measured) -> list[float]:
    """Points of directed accuracy that each seed loses against the uniform set with the same seed."""
    beside = {seed.seed: seed.value(FIGURES[0]) for seed in uniform.seeds}
    pairs = [(beside.get(seed.seed), seed.value(FIGURES[0])) for seed in imbalanced.seeds]
    return [100 * (a - b) for a, b in pairs if a is not None and b is not None]


def _comparison(by_name: dict[str, Measured]) -> str:
    columns = [by_name[name] for name in ("imbalanced", "uniform") if name in by_name]
    rows = [[figure.title, *(_cell(one, figure) for one in columns)] for figure in (TIME, *COMPARED)]
    if len(columns) == 2 and (lost := losses(*columns)):
        shown = _spread(Measured(columns[0].experiment, ()), LOSS, lost)
        rows.append([LOSS.title, shown + _verdict(columns[0].bar(LOSS), LOSS, lost), ""])
    worst = {
        str(action.get("action"))
        for one in columns
        for seed in one.seeds
        if isinstance(action := seed.evaluate.result.get("worst_action"), dict)
    }
    table = markdown_table(["figure, balanced test pairs", *(_head(one) for one in columns)], rows)
    return table + (f"\n\nWorst actions: {', '.join(sorted(worst))}." if worst else "")


def missed(measured: Sequence[Measured]) -> Iterable[str]:
    """A line for each bar that was missed, and for what could not be held against its bar."""
    by_name = {one.name: one for one in measured}
    rows = {figure.key: figure for figure in (TIME, *FIGURES, *COMPARED)}
    for one in measured:
        title = one.experiment.title
        if not one.seeds:
            if one.experiment.minutes and not one.experiment.asked_only:
                yield f"{title}: not measured."
            continue
        for figure in rows.values():
            bar, values = one.bar(figure), one.values(figure)
            if bar and not values:
                yield f"{title}, {figure.title}: not measured, bar {bar.show(figure)}."
            elif bar and not bar.is_met(median(values)):
                yield f"{title}, {figure.title}: {_spread(one, figure, values)}, bar {bar.show(figure)}."
    imbalanced, uniform = by_name.get("imbalanced"), by_name.get("uniform")
    if imbalanced and uniform and (lost := losses(imbalanced, uniform)):
        bar = imbalanced.bar(LOSS)
        if bar and not bar.is_met(median(lost)):
            yield f"{imbalanced.experiment.title}, {LOSS.title}: {median(lost):.1f}, bar {bar.show(LOSS)}."


def _missed(measured: Sequence[Measured]) -> str:
    if not any(one.experiment.minutes for one in measured):
        return "Tiny settings are held against no bar: they only show that everything works."
    lines = [f"- {line}" for line in missed(measured)]
    return "\n".join(lines) if lines else "Every bar is met."


def _times(measured: Sequence[Measured]) -> str:
    rows, remarks = [], []
    for one in measured:
        for seed in one.seeds:
            rows.append(_time_row(one, seed))
            share = seed.train.cpu_share
            if share is not None and share < STARVED:
                remarks.append(
                    f"- {one.experiment.title}, seed {seed.seed}: starved. The training got "
                    f"{100 * share:.0f} % of its cores' time, so a quiet machine gets further."
                )
    heads = [
        *("training", "seed", "cache, min", "training, min", "evaluation, min", "steps"),
        *("of the cores' time", "cores busy before", "load before → after", "resumed"),
    ]
    return markdown_table(heads, rows) + ("\n\n" + "\n".join(remarks) if remarks else "")


def _time_row(one: Measured, seed: Seed) -> list[str]:
    train, attempts = seed.train, seed.train.attempts
    share, first, last = (
        train.cpu_share,
        attempts[0] if attempts else None,
        attempts[-1] if attempts else None,
    )
    resumed = max(0, len(attempts) + train.lost - 1)
    return [
        one.experiment.title,
        str(seed.seed),
        f"{seed.build.wall_s / 60:.1f}",
        f"{seed.minutes - seed.build.wall_s / 60:.1f}",
        f"{seed.evaluate.wall_s / 60:.1f}",
        f"{int(train.result.get('step') or 0):,}",
        "?" if share is None else f"{100 * share:.0f} %",
        _or_unknown(first.busy_before if first else None),
        f"{_or_unknown(first.load_before if first else None)} → "
        f"{_or_unknown(last.load_after if last else None)}",
        f"{resumed}×" if resumed else "no",
    ]


def _or_unknown(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"


def _commands(measured: Sequence[Measured]) -> str:
    lines: dict[str, None] = {}
    for one in measured:
        for step in one.seeds[0].steps:
            lines.setdefault(f"doscope {step.command}", None)
    text = "\n".join(lines).replace("{sprites}", "FOLDER_OF_SHEETS").replace("{faces}", "ARCHIVE")
    seeds = any(len(one.seeds) > 1 for one in measured)
    return f"```\n{text}\n```" + ("\n\nThe other seeds differ in `--seed` and `--run`." if seeds else "")


def _notes(measured: Sequence[Measured]) -> str:
    lines: dict[str, None] = {}
    for one in measured:
        for seed in one.seeds:
            for note in seed.evaluate.result.get("notes") or ():
                lines.setdefault(f"- {one.experiment.title}: {note}", None)
    return "\n".join(lines)


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; a bar inside a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
