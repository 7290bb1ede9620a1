"""A study: many trainings whose settings Optuna chooses by what came out of the ones before.

Each trial is an ordinary run, NAME-0007, with the tag "study NAME". The study itself lies in Optuna's
storage: an SQLite file in the home folder, or any database that several workers reach.
"""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from datasets.home import doscope_home, runs_dir
from engine.config import Config
from engine.errors import InputError, RunError
from engine.run_notes import RunNotes, read_notes, write_notes
from engine.search_space import Searched, Value, search_space

METRICS = {"directed_accuracy": "transition", "factor_accuracy": "transition", "psnr": "autoencoder"}
FIRST_UNPRUNED = 5  # trials that are trained to their end whatever they do
PLAN, INTERRUPTED, RUN = "doscope", "interrupted", "run"
ENOUGH_FOR_IMPORTANCE = 4
STATES = {
    "COMPLETE": "done",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}


@dataclass(frozen=True)
class Plan:
    """What all trials of a study have in common.

    Attributes:
        dataset: a data set's name or a cache file.
        config: the settings that are not searched.
        minutes: time budget of a trial, None for the configured steps.
        metric: the validation figure to maximise, a key of `METRICS`.
        search: what is searched.
    """

    dataset: str
    config: Config
    minutes: float | None
    metric: str
    search: tuple[Searched, ...]

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise InputError(f"unknown metric '{self.metric}'; choose one of {', '.join(METRICS)}")
        if self.minutes is not None and not self.minutes > 0:
            raise InputError(f"the time budget must be positive, not {self.minutes:g} minutes")

    def to_json(self) -> dict[str, Any]:
        """Inverse of `from_json`."""
        return {
            "dataset": self.dataset,
            "config": self.config.to_json(),
            "minutes": self.minutes,
            "metric": self.metric,
            "search": [str(each) for each in self.search],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """Inverse of `to_json`."""
        config = Config.from_json(data["config"])
        search = search_space(list(data["search"]), config)
        return cls(str(data["dataset"]), config, data["minutes"], str(data["metric"]), search)


@dataclass(frozen=True)
class TrialResult:
    """One trial.

    Attributes:
        state: "done", "pruned", "stopped" (goes on with the next command), "running" or "failed".
        value: the metric at the end, or where it was pruned; None without a validation.
        settings: the searched ones.
        run: its run directory.
    """

    number: int
    state: str
    value: float | None
    settings: dict[str, Value]
    run: str


@dataclass(frozen=True)
class StudyResult:
    """A study as plain data, its trials best first; importances are shares of 1, empty before some trials."""

    name: str
    plan: Plan
    trials: tuple[TrialResult, ...]
    importances: dict[str, float] = field(default_factory=dict)


def storage_url(storage: str | None) -> str:
    """Optuna's URL of a storage, that of the home folder by default."""
    return storage or f"sqlite:///{(doscope_home() / 'studies.db').as_posix()}"


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Says in one sentence what a storage's many libraries complain about; addresses may hold passwords."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError, ImportError, RuntimeError) as error:
        raise RunError(
            f"the study's storage cannot be used ({type(error).__name__}); check its address, that its"
            " database runs, and that its driver is installed"
        ) from error


def open_study(name: str, storage: str | None, plan: Plan | None, seed: int | None) -> tuple[Any, Plan]:
    """(Optuna's study, its plan); made where there is none yet and a plan is given.

    Raises:
        InputError: a name that is no name of a run; no such study; a study with another plan.
        RunError: the storage cannot be used.
    """
    if not re.fullmatch(r"\w[\w.-]{0,31}", name):
        raise InputError(f"'{name}' cannot name runs; use up to 32 letters, digits, - and _")
    optuna = _quiet_optuna()
    url = storage_url(storage)
    with storage_errors():
        if storage is None:
            doscope_home().mkdir(parents=True, exist_ok=True)
        known = optuna.get_all_study_names(url)
        if name not in known and plan is None:
            listed = f"there are {', '.join(sorted(known))}" if known else "there is none yet"
            raise InputError(f"there is no study '{name}'; {listed}")
        found = optuna.create_study(
            study_name=name,
            storage=url,
            load_if_exists=True,
            direction="maximize",
            sampler=_sampler(optuna, seed),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=FIRST_UNPRUNED),
        )
        stored = found.user_attrs.get(PLAN)
        if stored is None:
            if plan is None:
                raise InputError(f"the study '{name}' is not one of Doscope; choose another name")
            found.set_user_attr(PLAN, json.loads(json.dumps(plan.to_json())))
            return found, plan
        # with the same seed a command that goes on must not draw the same again
        found.sampler = _sampler(optuna, None if seed is None else seed + 7919 * len(found.trials))
    return found, _same_plan(name, Plan.from_json(stored), plan)


def _same_plan(name: str, stored: Plan, plan: Plan | None) -> Plan:
    if plan is None or plan == stored:
        return stored
    old, new = stored.to_json(), plan.to_json()
    differing = next(key for key in old if old[key] != new[key])
    shown = {key: " ".join(old[key]) if key == "search" else old[key] for key in old}
    what = "has other settings" if differing == "config" else f"has {differing} {shown[differing]}"
    raise InputError(
        f"the study '{name}' {what}; go on with --study {name} and --trials alone, or choose another name"
    )


def _quiet_optuna() -> Any:
    """Optuna, which else reports each trial on standard error."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _sampler(optuna: Any, seed: int | None) -> Any:
    return optuna.samplers.TPESampler(seed=None if seed is None else seed % 2**32)


def suggest(trial: Any, plan: Plan) -> dict[str, Value]:
    """The settings of a trial; of a trial that goes on those that it has."""
    settings: dict[str, Value] = {}
    for each in plan.search:
        if each.values:
            settings[each.key] = trial.suggest_categorical(each.key, list(each.values))
        elif each.whole:
            low, high = int(each.low or 0), int(each.high or 0)
            settings[each.key] = trial.suggest_int(each.key, low, high, log=each.log)
        else:
            settings[each.key] = trial.suggest_float(each.key, each.low, each.high, log=each.log)
    return settings


def run_of(name: str, number: int) -> Path:
    """Where a trial's run lies."""
    return runs_dir() / f"{name}-{number:04d}"


def mark_run(run: Path, name: str) -> None:
    """Tags a run with its study, so that the Library finds all of them."""
    notes = read_notes(run)
    write_notes(run, RunNotes((*notes.tags, f"study {name}"), notes.note))


def study_names(storage: str | None = None) -> tuple[str, ...]:
    """The names of all studies of Doscope in a storage; none where there is no such file yet.

    Raises:
        RunError: the storage cannot be used.
    """
    file = re.fullmatch(r"sqlite:///([^?]+)", storage_url(storage))
    if file is not None and not Path(file[1]).is_file():
        return ()
    optuna = _quiet_optuna()
    with storage_errors():
        found = optuna.get_all_study_summaries(storage_url(storage), include_best_trial=False)
    return tuple(sorted(each.study_name for each in found if PLAN in each.user_attrs))


def read_study(name: str, storage: str | None = None) -> StudyResult:
    """A study as plain data.

    Raises:
        InputError: there is no such study.
        RunError: the storage cannot be used.
    """
    found, plan = open_study(name, storage, None, None)
    with storage_errors():
        trials = [_result(name, trial) for trial in found.get_trials(deepcopy=False)]
    trials.sort(key=lambda t: (t.state != "done", t.value is None, -(t.value or 0.0), t.number))
    return StudyResult(name, plan, tuple(trials), _importances(found, trials))


def _result(name: str, trial: Any) -> TrialResult:
    state = STATES[trial.state.name]
    if state == "running" and trial.user_attrs.get(INTERRUPTED):
        state = "stopped"
    value = trial.value
    if value is None and trial.intermediate_values:
        value = trial.intermediate_values[max(trial.intermediate_values)]
    run = str(trial.user_attrs.get(RUN, run_of(name, trial.number)))
    return TrialResult(trial.number, state, value, dict(trial.params), run)


def _importances(found: Any, trials: list[TrialResult]) -> dict[str, float]:
    """How much each setting mattered, by PED-ANOVA (Watanabe et al. 2023)."""
    done = [trial.value for trial in trials if trial.state == "done" and trial.value is not None]
    if len(done) < ENOUGH_FOR_IMPORTANCE or np.ptp(done) == 0:
        return {}
    optuna = _quiet_optuna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is experimental in Optuna says so
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found_importances = optuna.importance.get_param_importances(found, evaluator=evaluator)
    return {key: float(value) for key, value in found_importances.items()}
