"""`doscope train`: runs the training generator and shows its events."""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import Commands, add_command, add_device, minutes, setting, whole
from cli.data import cache_of_run, open_or_build
from cli.errors import UsageError
from cli.interruption import EXIT_INTERRUPTED, Interrupted, step_through
from cli.output import ProgressLine, Result, duration

if TYPE_CHECKING:
    from datasets.cache import Cache
    from engine.config import Config
    from engine.events import Event, StepLogged

DEFAULT_DATASET = "shapes"
DEFAULT_PRESET = "small"


def add_commands(commands: Commands) -> None:
    """Adds `train`."""
    parser = add_command(
        commands,
        "train",
        "train a model",
        "doscope train --dataset shapes --preset small --minutes 10 --run runs/a",
        train,
    )
    parser.add_argument("--dataset", help=f"a data set's name or a cache file (default: {DEFAULT_DATASET})")
    parser.add_argument(
        "--preset",
        help=f"the settings to start from, or a JSON file of settings (default: {DEFAULT_PRESET})",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--minutes", type=minutes, metavar="M", help="time budget (default: the preset's steps)"
    )
    length.add_argument(
        "--epochs",
        type=float,
        metavar="E",
        help="see every training image (autoencoder) and every training pair (transitions) so often",
    )
    parser.add_argument(
        "--estimate",
        action="store_true",
        help="only say how long it will take and how much memory, measured by some steps",
    )
    parser.add_argument(
        "--run",
        metavar="RUN",
        help="the run's directory; a bare name lies in Doscope's folder (default: a new name)",
    )
    parser.add_argument("--seed", type=whole, help="of everything random (default: the preset's)")
    parser.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    parser.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        help="change one setting of the preset; may be repeated",
    )
    add_device(parser)


def train(arguments: argparse.Namespace) -> Result:
    """Trains until the budget is spent or Ctrl-C saves and stops it; with others, where torchrun says so."""
    from engine import distributed

    with distributed.together(arguments.device):
        result = _train(arguments)
        return dataclasses.replace(result, silent=not distributed.leads())


def _train(arguments: argparse.Namespace) -> Result:
    from engine import distributed
    from engine.steering import STOP, Order, Steering
    from engine.training import train as training_steps

    run = Path(distributed.text_of_leader(str(_run_path(arguments))))
    config = _config_to_resume(arguments, run) if arguments.resume else _config(arguments)
    steering = Steering(run if distributed.leads() else None)
    ask = None if distributed.size() == 1 else lambda: steering.ask(Order(STOP))
    reporter = _Reporter()
    stopped = False
    if not distributed.leads():
        distributed.wait()  # until the data set that was missing is built
    with _cache(arguments, run) as cache:
        if distributed.leads():
            distributed.wait()
        if arguments.epochs is not None:
            images, pairs = len(cache.rows("train")), len(cache.transitions("train"))
            config = config.for_epochs(arguments.epochs, images, pairs)
        if arguments.estimate:
            return _estimate(arguments, config, cache)
        steps = training_steps(
            config,
            cache,
            run,
            minutes=arguments.minutes,
            device=arguments.device,
            threads=arguments.threads,
            resume=arguments.resume,
            steering=steering,
        )
        try:
            step_through(steps, reporter.show if distributed.leads() else _look_away, ask)
        except Interrupted:
            stopped = True
        finally:
            reporter.end()
    return _result(run, stopped)


def _look_away(_event: Event) -> None:
    """The process that leads shows the events."""


def _config(arguments: argparse.Namespace) -> Config:
    from engine.config import load_preset

    config = load_preset(arguments.preset or DEFAULT_PRESET)
    for key, value in arguments.set:
        config = config.with_setting(key, value)
    if arguments.seed is not None:
        config = config.with_setting("training.seed", arguments.seed)
    return config


def _config_to_resume(arguments: argparse.Namespace, run: Path) -> Config:
    """The run's own settings; nothing that the user asks for may be ignored silently."""
    from engine.run_directory import RunDirectory

    config = RunDirectory(run).description().config
    changed = arguments.set or arguments.seed is not None or arguments.epochs is not None
    if changed or arguments.preset not in (None, config.preset):
        raise UsageError(
            f"{run} keeps its own settings when it is resumed; "
            "leave out --preset, --seed, --epochs and --set, or start another run"
        )
    return config


def _cache(arguments: argparse.Namespace, run: Path) -> Cache:
    if arguments.resume and arguments.dataset is None:
        return cache_of_run(run)
    return open_or_build(arguments.dataset or DEFAULT_DATASET)


def _run_path(arguments: argparse.Namespace) -> Path:
    """A path as it stands; a bare name, or none, lies where the window's Library looks."""
    from datasets.home import runs_dir

    if arguments.run is None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        dataset = Path(arguments.dataset or DEFAULT_DATASET).stem
        return runs_dir() / f"{dataset}-{Path(arguments.preset or DEFAULT_PRESET).stem}-{stamp}"
    path = Path(arguments.run)
    bare = path.name == arguments.run and not (path / "config.json").is_file()
    return runs_dir() / path if bare else path


def _estimate(arguments: argparse.Namespace, config: Config, cache: Cache) -> Result:
    from engine.estimate import estimate, estimate_steps

    steps = estimate_steps(
        config, cache, minutes=arguments.minutes, device=arguments.device, threads=arguments.threads
    )
    found = estimate(steps)
    data = {**dataclasses.asdict(found), "fits": found.fits}
    first, second = found.steps
    text = (
        f"about {duration(found.seconds)}: {first:,} steps of the autoencoder at "
        f"{1000 * found.step_s[0]:.0f} ms, {second:,} of the transitions at "
        f"{1000 * found.step_s[1]:.0f} ms; {found.parameters:,} parameters, "
        f"about {found.memory_bytes / 2**20:,.0f} MB of memory beside the program's own"
    )
    if not found.fits:
        text += (
            f"\nThat does not fit: {found.free_bytes / 2**20:,.0f} MB are free. Lower "
            "training.transition_batch, training.targets or transition.width."
        )
    return Result(data, text)


def _result(run: Path, stopped: bool) -> Result:
    from engine.run_directory import RunDirectory

    status = RunDirectory(run).status()
    figures = {name: float(value) for name, value in status.figures.items()}
    data = {
        "run": str(run),
        "dataset": status.dataset,
        "preset": status.preset,
        "reason": "stopped" if stopped else status.finished,
        "step": status.step,
        "elapsed_s": status.elapsed_s,
        "figures": figures,
    }
    shown = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
    took = duration(status.elapsed_s)
    if stopped:
        again = f"--run {run} --resume"
        text = f"{run}: stopped and saved at step {status.step} after {took}; go on with {again}"
        return Result(data, text, EXIT_INTERRUPTED)
    return Result(data, f"{run}: {status.step} steps in {took}" + (f"; {shown}" if shown else ""))


class _Reporter:
    """Training events on standard error."""

    def __init__(self) -> None:
        self._line = ProgressLine()

    def show(self, event: Event) -> None:
        from engine import events

        if isinstance(event, events.RunStarted):
            begun = f"resumed at step {event.resumed_step}" if event.resumed_step else "started"
            self._line.note(f"{event.run}: {begun} on {event.device}, {event.threads} threads")
        elif isinstance(event, events.PhaseStarted):
            self._line.note(f"phase: {event.phase}")
        elif isinstance(event, events.StepLogged):
            self._show_step(event)
        elif isinstance(event, events.Noted):
            self._line.note(event.text)
        elif isinstance(event, events.Progressed):
            self._line.show(event.stage, event.done, event.total, "", -1.0)
        elif isinstance(event, events.Validated):
            figures = ", ".join(f"{name} {value:.4g}" for name, value in event.figures.items())
            self._line.note(f"validation at step {event.step}, {duration(event.elapsed_s)}: {figures}")
        elif isinstance(event, events.RunFinished):
            self._line.note(f"training: {event.reason} after {duration(event.elapsed_s)}")

    def _show_step(self, event: StepLogged) -> None:
        unit = "images" if event.phase == "autoencoder" else "transitions"
        rate = f"step {event.step} · {event.items_per_s:,.0f} {unit}/s"
        if event.phase_remaining_s < event.remaining_s:
            rate += f" · {duration(event.phase_remaining_s)} left in this phase"
        self._line.show(event.phase, event.progress, 1.0, rate, event.remaining_s)

    def end(self) -> None:
        self._line.end()
