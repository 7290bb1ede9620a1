"""Works through a study: one training after the other, as one generator.

Closing it saves the training that runs; the next sweep of the study goes on with it. Several workers may work
on one study, each with its own sweep.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch

from datasets.cache import Cache
from engine.config import Config
from engine.errors import DiskFull, InputError, TrainingStopped
from engine.events import Event, RunFinished, Validated
from engine.study import (
    INTERRUPTED,
    METRICS,
    RUN,
    Plan,
    TrialResult,
    mark_run,
    run_of,
    storage_errors,
    suggest,
)
from engine.training import train


@dataclass(frozen=True)
class TrialBegan:
    """A trial begins, or goes on."""

    trial: TrialResult
    resumed: bool


@dataclass(frozen=True)
class TrialEnded:
    """A trial is done, was pruned or failed; `why` it failed, else empty."""

    trial: TrialResult
    why: str = ""


def sweep(
    study: Any, plan: Plan, cache: Cache, trials: int, *, device: str = "auto", threads: int | None = None
) -> Iterator[Event | TrialBegan | TrialEnded]:
    """Trains until the study has so many trials, those of other workers and failed ones counted.

    Args:
        study: of `engine.study.open_study`, as `plan`.
        plan: what the trials have in common.
        cache: the data set.
        trials: of the whole study.
        device: as in `engine.training.train`, as `threads`.
        threads: torch threads.

    Raises:
        DiskFull: there is no room for a run; the trial goes on with the next sweep.
        RunError: the storage cannot be used, or a run of the trial's name exists.
    """
    while True:
        with storage_errors():
            trial, looks = _next(study, trials)
            if trial is None:
                return
            settings = suggest(trial, plan)
            run = run_of(study.study_name, trial.number)
            trial.set_user_attr(RUN, str(run))
        yield from _one(study, _Work(trial, plan, settings, str(run), looks), cache, device, threads)


@dataclass
class _Work:
    """A trial at work."""

    trial: Any
    plan: Plan
    settings: dict[str, Any]
    run: str
    looks: int  # validations so far; -1 before a new trial
    value: float | None = None

    def config(self) -> Config:
        config = self.plan.config
        for key, value in self.settings.items():
            config = config.with_setting(key, value)
        return config

    def result(self, state: str) -> TrialResult:
        return TrialResult(self.trial.number, state, self.value, self.settings, self.run)

    def hopeless(self, event: Event) -> bool:
        """Takes note of a validation; whether the trial is worse than the median so far."""
        metric = self.plan.metric
        if not isinstance(event, Validated) or event.phase != METRICS[metric]:
            return False
        self.looks = max(0, self.looks) + 1
        self.value = float(event.figures[metric])
        with storage_errors():
            self.trial.report(self.value, self.looks)
            last = self.looks >= self.plan.config.training.validations
            return not last and bool(self.trial.should_prune())


def _next(study: Any, trials: int) -> tuple[Any, int]:
    """(the trial to work on, its validations so far, -1 of a new one); None where there are enough."""
    import optuna

    begun = study.get_trials(deepcopy=False)
    for each in begun:
        if each.state == optuna.trial.TrialState.RUNNING and each.user_attrs.get(INTERRUPTED):
            trial = optuna.trial.Trial(study, each._trial_id)
            trial.set_user_attr(INTERRUPTED, False)
            return trial, max(each.intermediate_values, default=0)
    return (study.ask() if len(begun) < trials else None), -1


def _one(
    study: Any, work: _Work, cache: Cache, device: str, threads: int | None
) -> Iterator[Event | TrialBegan | TrialEnded]:
    """One training; what happens to it is what happens to the trial."""
    run = run_of(study.study_name, work.trial.number)
    state, why, finished, resumed = "failed", "", False, work.looks >= 0
    try:
        yield TrialBegan(work.result("running"), resumed)
        steps = train(
            work.config(),
            cache,
            run,
            minutes=work.plan.minutes,
            device=device,
            threads=threads,
            resume=resumed and (run / "config.json").is_file(),
            dataset=cache.name,
        )
        try:
            for number, event in enumerate(steps):
                if number == 0:
                    mark_run(run, study.study_name)
                yield event
                if isinstance(event, RunFinished):
                    finished, state = True, "done" if event.reason == "done" else "pruned"
                elif work.hopeless(event):
                    state = "pruned"
                    break
        finally:
            cast(Generator[Event, None, None], steps).close()
    except (GeneratorExit, KeyboardInterrupt, DiskFull):
        if not finished:
            with storage_errors():
                work.trial.set_user_attr(INTERRUPTED, True)
            raise
        _tell(study, work, state)
        raise
    except (InputError, TrainingStopped, torch.OutOfMemoryError, MemoryError) as error:
        state, why = "failed", str(error)
    _tell(study, work, state)
    yield TrialEnded(work.result(state), why)


def _tell(study: Any, work: _Work, state: str) -> None:
    import optuna

    states = optuna.trial.TrialState
    with storage_errors():
        if state == "done" and work.value is not None:
            study.tell(work.trial, work.value)
        else:
            study.tell(
                work.trial, state=states.PRUNED if state == "pruned" and work.looks > 0 else states.FAIL
            )
