"""What does watching a training cost, and how quickly is a long one on show?

    python -m benchmarks.monitoring [--minutes 0.5] [--rounds 3] [--json]

Trains `shapes` with the preset `small` in the real window (without a display, Train in front) and with the
plain generator, in turns, both with the window's number of threads, and compares their steps a second,
phase by phase. Then a run directory with a million logged steps is watched, from the click until its
last step is drawn.

JSON keys: `monitoring_cost` (share of the training's speed that the window takes; below 0 where the window
was by chance faster), `frame_gap_p99_ms`, `frame_gap_max_ms` (between two turns of the event loop
while it trains), `attach_1m_s`, `checkpoint_share` (of the training's time spent on writing checkpoints),
`window_steps_per_s`, `plain_steps_per_s` (geometric means of the phases).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np

from benchmarks import report
from benchmarks.interaction import LIMIT_S, NoAnswer, Person
from benchmarks.report import Figures, InputError
from benchmarks.tiny import build_tiny

if TYPE_CHECKING:
    from engine.events import Event
    from gui.main_window import MainWindow

MINUTES, ROUNDS, LINES = 0.5, 3, 1_000_000
QUICK_MINUTES, QUICK_LINES = 0.06, 20_000
BEAT_MS = 10  # the event loop's turns are at least so far apart while a training is timed
SETTLED = 0.2  # of a phase's logged steps are left out: caches fill, threads start
Rates = dict[str, float]  # phase -> optimizer steps a second


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, 1 if the window gave no answer, 2 for something the user can mend."""
    parser = report.parser("monitoring", "Times what watching a training costs.")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"of each training (default: {MINUTES})"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of both kinds (default: {ROUNDS})")
    arguments = parser.parse_args(argv)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    quick = arguments.quick
    try:
        figures = report.conditions(arguments.threads)
        with tempfile.TemporaryDirectory() as home:
            os.environ["DOSCOPE_HOME"] = home
            if quick:
                build_tiny(Path(home))
            else:
                _build(Path(home))
            minutes, rounds = (QUICK_MINUTES, 1) if quick else (arguments.minutes, arguments.rounds)
            figures |= measure(Path(home), minutes, rounds, QUICK_LINES if quick else LINES)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except NoAnswer as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    report.say(figures, [_table(figures)], arguments.json)
    return 0


def _build(home: Path) -> None:
    import datasets

    for _ in datasets.build_steps("shapes", out=home / "datasets" / "shapes.h5", train_pairs=5000):
        pass


def measure(home: Path, minutes: float, rounds: int, lines: int) -> Figures:
    """All figures, from one window."""
    from gui.app import make_application
    from gui.main_window import MainWindow

    make_application("light")
    window = MainWindow()
    person = Person(window)
    plain: list[Rates] = []
    watched: list[Rates] = []
    shares: list[float] = []
    try:
        window.show()
        window.show_workspace(2)
        person.wait(lambda: window.train.form.plan() is not None, "the training form")
        person.settle()
        person.gaps.clear()
        for number in range(rounds):
            rates, share = _plain(home, minutes, number)
            plain.append(rates)
            shares.append(share)
            watched.append(_watched(person, minutes, number))
        gaps = np.array(person.gaps) * 1e3
        attach_s = _attach(person, home, lines)
    finally:
        window.engine.shutdown()
        person.turn()
        window.close()
    ours, theirs = _mean(watched), _mean(plain)
    return {
        "monitoring_cost": 1 - ours / theirs,
        "window_steps_per_s": ours,
        "plain_steps_per_s": theirs,
        "frame_gap_p99_ms": float(np.percentile(gaps, 99)),
        "frame_gap_max_ms": float(gaps.max()),
        "attach_1m_s": attach_s,
        "attached_steps": lines,
        "checkpoint_share": float(np.median(shares)),
        "minutes": minutes,
        "rounds": rounds,
    }


def _plain(home: Path, minutes: float, seed: int) -> tuple[Rates, float]:
    """Steps a second without a window's news, and the share of time that checkpoints took."""
    import datasets
    from engine import training_state
    from engine.checkpoint import save_checkpoint
    from engine.config import load_preset
    from engine.training import train
    from gui.training_work import torch_threads

    spent, save = [0.0], save_checkpoint

    def timed(*arguments: object) -> None:
        begun = time.perf_counter()
        save(*arguments)  # type: ignore[arg-type]
        spent[0] += time.perf_counter() - begun

    with datasets.open_cache("shapes") as cache, mock.patch.object(training_state, "save_checkpoint", timed):
        run = home / "runs" / f"plain-{seed}"
        events = list(
            train(load_preset("small"), cache, run, minutes=minutes, seed=seed, threads=torch_threads())
        )
    return _rates(iter(events)), spent[0] / (60 * minutes)


def _watched(person: Person, minutes: float, seed: int) -> Rates:
    """Steps a second of the same training in the window, with Train in front."""
    from engine.run_directory import RunDirectory

    window: MainWindow = person.window
    form = window.train.form
    form.minutes.setValue(max(minutes, form.minutes.minimum()))
    form.seed.setValue(seed)
    form.name.setText(f"watched-{seed}")
    path = Path(os.environ["DOSCOPE_HOME"]) / "runs" / form.name.text()
    form.start.click()
    person.wait(lambda: window.engine.is_training, "the training")
    _let_run(person, 60 * minutes + LIMIT_S)
    return _rates(iter(RunDirectory(path).events()[0]))


def _let_run(person: Person, limit_s: float) -> None:
    """Until the training has ended, in the event loop as the program runs it: asking all the time whether it
    has would take the interpreter from the training.

    Raises:
        NoAnswer: it took too long.
    """
    from PySide6.QtCore import QEventLoop, QTimer

    loop, beat = QEventLoop(), QTimer(interval=BEAT_MS)
    begun = last = time.perf_counter()

    def on_beat() -> None:
        nonlocal last
        now = time.perf_counter()
        person.gaps.append(now - last)
        last = now
        if not person.window.engine.is_training or now - begun > limit_s:
            loop.quit()

    beat.timeout.connect(on_beat)
    beat.start()
    loop.exec()
    beat.stop()
    if person.window.engine.is_training:
        raise NoAnswer("the training did not end in time")


def _rates(events: Iterator[Event]) -> Rates:
    """Optimizer steps a second of each phase, from the log; validations and their like are not in it."""
    from engine.events import StepLogged

    found: dict[str, list[float]] = {}
    for event in events:
        if isinstance(event, StepLogged):
            found.setdefault(event.phase, []).append(event.items_per_s)
    return {phase: float(np.median(values[int(SETTLED * len(values)) :])) for phase, values in found.items()}


def _mean(rounds: list[Rates]) -> float:
    """Geometric mean over the phases of the median over the rounds."""
    phases = set.intersection(*(set(rates) for rates in rounds))
    medians = [float(np.median([rates[phase] for rates in rounds])) for phase in sorted(phases)]
    return float(np.exp(np.mean(np.log(medians))))


def _attach(person: Person, home: Path, lines: int) -> float:
    """Seconds from asking to watch a long run until its last step is drawn."""
    from engine.events import RunStarted, StepLogged, to_json_line

    some = next((home / "runs").iterdir())
    run = home / "runs" / "long"
    shutil.copytree(some, run, ignore=shutil.ignore_patterns("metrics.jsonl", "samples", "*.safetensors"))
    values = {"loss": 0.5, "action": 0.1, "latent": 0.01, "hidden": 1.0, "gradient_norm": 2.0, "edges": 0.1}
    with (run / "metrics.jsonl").open("w", encoding="utf-8") as file:
        file.write(to_json_line(RunStarted(str(run), "shapes", "small", "cpu", 1, 0, 0.0)) + "\n")
        for n in range(1, lines + 1):
            event = StepLogged("transition", n, 0.2 * n, n / lines, 1.0, 300.0, values)
            file.write(to_json_line(event) + "\n")
    train = person.window.train
    begun = time.perf_counter()
    train.watch(run)
    loss = ("transition", "loss")
    plot = train.curves.plots[0]

    def drawn() -> bool:
        series = train.data.curves["losses"].get(loss)
        item = plot.points_of("loss")
        return series is not None and series.steps[-1] == lines and item is not None and item[-1] == lines

    person.wait(drawn, "the whole history")
    return time.perf_counter() - begun


def _table(figures: Figures) -> str:
    words = {
        "monitoring_cost": "share of the speed that the window takes",
        "window_steps_per_s": "images or transitions a second in the window",
        "plain_steps_per_s": "without it",
        "frame_gap_p99_ms": "gaps of the event loop: 99th percentile, ms",
        "frame_gap_max_ms": "the longest, ms",
        "attach_1m_s": f"a run of {figures['attached_steps']:,} logged steps on show, s",
        "checkpoint_share": "share of the time for checkpoints",
    }
    rows = [(text, figures[key]) for key, text in words.items()]
    title = f"Watching, {figures['rounds']} rounds of {figures['minutes']:g} min"
    return report.table(title, ("", ""), rows)


if __name__ == "__main__":
    sys.exit(main())
