"""The results as Markdown: medians and ranges over the seeds, the bar beside each, and what was missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks.bars import COMPARED, FIGURES
from benchmarks.comparison import NAMES, comparison, missed_loss
from benchmarks.measured import TIME, Measured, Seed, markdown_table
from benchmarks.records import Record

# A training that got a smaller share of its cores' time was starved: others worked on the machine.
STARVED = 0.75
# The bar is for the median of so many.
SEEDS = 3


def render(measured: Sequence[Measured]) -> str:
    """The generated part of docs/results.md, without its markers."""
    there = [one for one in measured if one.seeds]
    if not there:
        return "Nothing is measured yet.\n"
    by_name = {one.name: one for one in there}
    main = [one for one in there if one.name not in NAMES]
    compared = [by_name[name] for name in NAMES if name in by_name]
    parts = [_preamble(there)]
    if main:
        parts.append("### Figures\n\n" + _figures(main))
    if compared:
        parts.append("### Imbalanced data, tested on balanced pairs\n\n" + comparison(compared))
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
    able = f", {facts['instructions']}" if facts.get("instructions") else ""
    return (
        f"{facts.get('cores', '?')} cores ({facts.get('processor', 'unknown processor')}{able}){memory}, "
        f"{facts.get('system', 'unknown system')}, Python {facts.get('python', '?')}, "
        f"torch {facts.get('torch', '?')}"
    )


def _figures(measured: Sequence[Measured]) -> str:
    rows = [
        [figure.title, *(one.cell(figure) for one in measured)]
        for figure in (TIME, *FIGURES)
        if any(one.values(figure) or one.bar(figure) for one in measured)
    ]
    return markdown_table(["figure", *(one.head for one in measured)], rows)


def missed(measured: Sequence[Measured]) -> Iterable[str]:
    """A line for each bar that was missed, and for what could not be held against its bar."""
    rows = {figure.key: figure for figure in (TIME, *FIGURES, *COMPARED)}
    for one in measured:
        title = one.experiment.title
        if not one.seeds:
            if one.experiment.minutes and not one.experiment.asked_only:
                yield f"{title}: not measured."
            continue
        if one.experiment.minutes and not one.experiment.asked_only and len(one.seeds) < SEEDS:
            yield f"{title}: {len(one.seeds)} of {SEEDS} seeds measured."
        for figure in rows.values():
            bar, values = one.bar(figure), one.values(figure)
            if bar and not values:
                yield f"{title}, {figure.title}: not measured, bar {bar.show(figure)}."
            elif bar and not bar.is_met(median(values)):
                yield f"{title}, {figure.title}: {one.spread(figure)}, bar {bar.show(figure)}."
    lost = missed_loss({one.name: one for one in measured})
    if lost:
        yield lost


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
    share = train.cpu_share
    first, last = (attempts[0], attempts[-1]) if attempts else (None, None)
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
    """Each note once, behind the names of the experiments that it is about."""
    names: dict[str, dict[str, None]] = {}
    for one in measured:
        for seed in one.seeds:
            for note in seed.evaluate.result.get("notes") or ():
                names.setdefault(str(note), {})[one.name] = None
    return "\n".join(f"- {', '.join(of)}: {note}" for note, of in names.items())
