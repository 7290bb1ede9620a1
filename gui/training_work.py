"""What the engine thread does for Train: running a training, giving it orders, reading runs and presets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from engine.events import Progressed, RunFinished, StepLogged
from gui import requests as rq
from gui.data_work import DataWork
from gui.replies import Activity, OrderGiven, Plan, Presets, RunLog, TrainingEnded

if TYPE_CHECKING:
    from datasets.cache import Cache
    from engine.config import Config
    from engine.run_directory import RunDescription
    from engine.steering import Steering


def torch_threads() -> int:
    """All cores but one, which stays for the window."""
    return max(1, (os.cpu_count() or 2) - 1)


class TrainingWork:
    """Part of `EngineWork`; used by one thread only.

    Args:
        data: the open caches.
    """

    def __init__(self, data: DataWork) -> None:
        self._data = data
        self._steering: tuple[str, Steering] | None = None  # of the training here: its path, its orders
        self.handlers: dict[type[rq.Request], Callable[[Any], object]] = {
            rq.StartTraining: self._train,
            rq.SteerTraining: self._steer,
            rq.EstimateTraining: self._estimate,
            rq.ReadPlan: self._read_plan,
            rq.ReadPresets: self._presets,
            rq.ReadRunLog: self._read_run_log,
        }

    def _train(self, request: rq.StartTraining) -> Iterator[object]:
        from engine.run_directory import RunDirectory
        from engine.run_lock import refuse_in_use
        from engine.steering import Steering
        from engine.training import train

        path = Path(request.path)
        if request.resume:
            run = RunDirectory(path).description()
            config, cache = run.config, self._data.cache(trained_on(run))
            refuse_in_use(path, "resumed")
        else:
            cache = self._data.cache(request.dataset)
            config = _config(request, cache)
        steering = Steering(path)
        steps = train(
            config, cache, path, minutes=request.minutes, threads=torch_threads(),
            seed=request.seed, resume=request.resume, dataset=request.dataset, device=request.device,
            steering=steering,
        )  # fmt: skip
        self._steering = (request.path, steering)
        reason = "done"
        try:
            for event in steps:
                if isinstance(event, RunFinished):
                    reason = event.reason
                if isinstance(event, Progressed):
                    yield Activity(request.kind, f"Training: {event.stage}", event.done, event.total)
                    continue
                yield event
                if isinstance(event, StepLogged):
                    done, text = int(event.progress * 1000), f"Training, {event.phase} phase"
                    yield Activity(request.kind, text, done, 1000, event.remaining_s)
        finally:
            self._steering = None
            cast(Any, steps).close()  # saves a checkpoint when it is not at its end
        yield TrainingEnded(request.path, reason)

    def _estimate(self, request: rq.EstimateTraining) -> Iterator[object]:
        from engine.estimate import estimate_steps

        cache = self._data.cache(request.dataset)
        steps = estimate_steps(
            _config(request, cache),
            cache,
            minutes=request.minutes,
            device=request.device,
            threads=torch_threads(),
        )
        found = None
        while found is None:
            try:
                next(steps)
                yield None
            except StopIteration as end:
                found = end.value
        yield found

    def _read_plan(self, request: rq.ReadPlan) -> Plan:
        from engine.run_directory import RunDirectory

        run = RunDirectory(Path(request.path)).description()
        settings = _flatten(run.config.to_json())
        minutes = run.budget.get("minutes")
        return Plan(request.path, trained_on(run), run.config.preset, settings, minutes)

    def _steer(self, request: rq.SteerTraining) -> OrderGiven:
        from engine.steering import give_order

        if self._steering is not None and self._steering[0] == request.path:
            self._steering[1].ask(request.order)
        else:
            give_order(Path(request.path), request.order)
        return OrderGiven(request.path, request.order)

    def _presets(self, request: rq.ReadPresets) -> Presets:
        from engine.config import load_preset, preset_names

        return Presets({name: _flatten(load_preset(name).to_json()) for name in preset_names()})

    def _read_run_log(self, request: rq.ReadRunLog) -> RunLog:
        from engine.run_directory import RunDirectory
        from engine.run_lock import owner_of

        directory = RunDirectory(Path(request.path))
        directory.description()  # says so when this is no run directory
        owner = owner_of(directory.path)  # before its last events are read, or its end may be missed
        events, offset = directory.events(request.offset) if request.offset else directory.history()
        return RunLog(request.path, tuple(events), offset, "" if owner is None else owner.words)


def trained_on(run: RunDescription) -> str:
    """The file that a run was trained on while it is there, unless its data set's name means that file."""
    import datasets
    from datasets.errors import DatasetError

    with contextlib.suppress(DatasetError, OSError):
        if not run.cache or datasets.resolve(run.dataset).samefile(run.cache):
            return run.dataset
    return run.cache if Path(run.cache).is_file() else run.dataset


def _flatten(nested: dict[str, Any], prefix: str = "") -> dict[str, object]:
    """{"training": {"seed": 0}} -> {"training.seed": 0}."""
    flat: dict[str, object] = {}
    for key, value in nested.items():
        name = f"{prefix}{key}"
        flat.update(_flatten(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return flat


def _config(request: rq.StartTraining | rq.EstimateTraining, cache: Cache) -> Config:
    """The preset with what was changed; the engine's own validation speaks up for bad settings."""
    from engine.config import load_preset

    config = load_preset(request.preset)
    for name, value in request.overrides.items():
        config = config.with_setting(name, value)  # type: ignore[arg-type]
    if request.epochs is not None:
        images, pairs = len(cache.rows("train")), len(cache.transitions("train"))
        config = config.for_epochs(request.epochs, images, pairs)
    return config
