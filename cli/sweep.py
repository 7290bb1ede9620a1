"""`doscope sweep`: many trainings that look for good settings, and what they found."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from cli.arguments import Commands, add_command, add_device, minutes, positive, setting, whole
from cli.data import open_or_build
from cli.errors import UsageError
from cli.interruption import EXIT_INTERRUPTED, Interrupted, step_through
from cli.output import ProgressLine, Result, duration
from cli.training import DEFAULT_DATASET, DEFAULT_PRESET

if TYPE_CHECKING:
    from engine.events import Event
    from engine.study import Plan, StudyResult, TrialResult
    from engine.sweep import TrialBegan, TrialEnded

DEFAULT_TRIALS = 20


def add_commands(commands: Commands) -> None:
    """Adds `sweep`."""
    parser = add_command(
        commands,
        "sweep",
        "look for good settings by many trainings",
        "doscope sweep --study rates --trials 20 --minutes 2 --search training.transition_rate=1e-4:1e-2:log",
        sweep,
    )
    parser.add_argument(
        "--study", required=True, metavar="NAME", help="its runs are called NAME-0000 and so on"
    )
    parser.add_argument(
        "--trials", type=positive, help=f"trainings of the whole study (default: {DEFAULT_TRIALS})"
    )
    parser.add_argument(
        "--search",
        action="append",
        default=[],
        metavar="SECTION.NAME=RANGE",
        help="a setting to search, as low:high, low:high:log or a,b,c; may be repeated",
    )
    parser.add_argument("--dataset", help=f"a data set's name or a cache file (default: {DEFAULT_DATASET})")
    parser.add_argument("--preset", help=f"the settings to start from (default: {DEFAULT_PRESET})")
    parser.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        help="change one setting of the preset in all trainings; may be repeated",
    )
    parser.add_argument(
        "--minutes",
        type=minutes,
        metavar="M",
        help="time budget of each training (default: the preset's steps)",
    )
    parser.add_argument("--metric", help="the validation figure to maximise (default: directed_accuracy)")
    parser.add_argument(
        "--seed", type=whole, help="of the search and of each training (default: the preset's)"
    )
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="Optuna's database, for many workers (default: a file in Doscope's folder)",
    )
    parser.add_argument("--show", action="store_true", help="only print the trials so far, best first")
    add_device(parser)


def sweep(arguments: argparse.Namespace) -> Result:
    """Trains until the study has its trials, or Ctrl-C saves and stops it."""
    from engine.study import open_study, read_study
    from engine.sweep import sweep as sweep_steps

    plan = _plan(arguments)
    if arguments.show and plan is not None:
        raise UsageError("--show prints a study as it was begun; leave out --search")
    if arguments.show:
        return _result(read_study(arguments.study, arguments.storage))
    study, plan = open_study(arguments.study, arguments.storage, plan, _seed(arguments))
    reporter = _Reporter(plan.metric)
    stopped = False
    with open_or_build(plan.dataset) as cache:
        trials = arguments.trials or DEFAULT_TRIALS
        steps = sweep_steps(study, plan, cache, trials, device=arguments.device, threads=arguments.threads)
        try:
            step_through(steps, reporter.show)
        except Interrupted:
            stopped = True
        finally:
            reporter.end()
    return _result(read_study(arguments.study, arguments.storage), stopped)


def _plan(arguments: argparse.Namespace) -> Plan | None:
    """What was asked for; None where the study has to be there already."""
    from engine.config import load_preset
    from engine.search_space import search_space
    from engine.study import Plan

    given = (arguments.dataset, arguments.preset, arguments.minutes, arguments.metric)
    if not arguments.search:
        if arguments.set or any(each is not None for each in given):
            raise UsageError(
                "nothing is searched; give --search, or leave out --dataset, --preset, --minutes, --metric"
                " and --set to go on with a study as it was begun"
            )
        return None
    config = load_preset(arguments.preset or DEFAULT_PRESET)
    for key, value in arguments.set:
        config = config.with_setting(key, value)
    if arguments.seed is not None:
        config = config.with_setting("training.seed", arguments.seed)
    return Plan(
        arguments.dataset or DEFAULT_DATASET,
        config,
        arguments.minutes,
        arguments.metric or "directed_accuracy",
        search_space(arguments.search, config),
    )


def _seed(arguments: argparse.Namespace) -> int | None:
    """Of the search: workers that share a database must not draw the same."""
    if arguments.seed is not None or arguments.storage is not None:
        seed: int | None = arguments.seed
        return seed
    return 0


def _result(study: StudyResult, stopped: bool = False) -> Result:
    data = {
        "study": study.name,
        "dataset": study.plan.dataset,
        "metric": study.plan.metric,
        "search": [str(each) for each in study.plan.search],
        "trials": [dataclasses.asdict(trial) for trial in study.trials],
        "importances": study.importances,
        "reason": "stopped" if stopped else "",
    }
    lines = [_line(study, trial) for trial in study.trials]
    if study.importances:
        shares = ", ".join(f"{key} {100 * share:.0f} %" for key, share in study.importances.items())
        lines.append(f"what mattered: {shares}")
    if not lines:
        lines.append(f"the study {study.name} has no trials yet")
    if stopped:
        lines.append(f"stopped and saved; go on with `doscope sweep --study {study.name}`")
    return Result(data, "\n".join(lines), EXIT_INTERRUPTED if stopped else 0)


def _line(study: StudyResult, trial: TrialResult) -> str:
    value = "-" if trial.value is None else f"{trial.value:.4f}"
    settings = " ".join(f"{key}={_short(value)}" for key, value in trial.settings.items())
    return f"{trial.run}  {trial.state:8} {study.plan.metric} {value}  {settings}"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class _Reporter:
    """Trials on standard error, a line each, and how far the present one is."""

    def __init__(self, metric: str) -> None:
        self._line, self._metric = ProgressLine(), metric

    def show(self, event: Event | TrialBegan | TrialEnded) -> None:
        from engine.events import StepLogged
        from engine.sweep import TrialBegan, TrialEnded

        if isinstance(event, TrialBegan):
            settings = " ".join(f"{key}={_short(value)}" for key, value in event.trial.settings.items())
            word = "goes on" if event.resumed else "begins"
            self._line.note(f"trial {event.trial.number} {word}: {settings}")
        elif isinstance(event, TrialEnded):
            value = "" if event.trial.value is None else f", {self._metric} {event.trial.value:.4f}"
            why = f" ({event.why})" if event.why else ""
            self._line.note(f"trial {event.trial.number} {event.trial.state}{value}{why}")
        elif isinstance(event, StepLogged):
            took = duration(event.elapsed_s)
            self._line.show(
                event.phase, event.progress, 1.0, f"step {event.step} · {took}", event.remaining_s
            )

    def end(self) -> None:
        self._line.end()
