"""Training: one generator for the window, the command line and the tests.

    for event in train(config, cache, run): ...

Between two events lie at most some tenths of a second of work. Closing the generator at any event saves a
checkpoint and ends the run as "stopped"; `resume=True` goes on from there.

Inside `distributed.together` several processes call it alike and train one run; a stop is then an order,
which all heed at the same step, and one process alone writes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from datasets.cache import Cache
from engine import distributed
from engine.checkpoint import load_checkpoint
from engine.config import Config
from engine.device import limit_threads
from engine.errors import InputError, RunError, TrainingStopped
from engine.events import Event, Noted, Progressed, RunFinished, RunStarted
from engine.failures import explained
from engine.phases import AutoencoderPhase, TransitionPhase, run_phase
from engine.pixel_weights import pixel_weights_steps
from engine.recorder import Recorder, SilentRecorder
from engine.room import saved, when_there_is_room
from engine.run_directory import RunDescription, RunDirectory
from engine.run_lock import Owner, RunLock, Unlocked
from engine.same_data import check_same_data, check_unchanged, known_by, splits_of
from engine.steering import Steering, StopOrdered
from engine.training_images import TrainingImages
from engine.training_state import Budget, TrainingState

ENCODE_BATCH = 250


def train(
    config: Config,
    cache: Cache,
    run: Path,
    *,
    minutes: float | None = None,
    device: str = "auto",
    threads: int | None = None,
    seed: int | None = None,
    resume: bool = False,
    dataset: str = "",
    steering: Steering | None = None,
) -> Iterator[Event]:
    """Trains the autoencoder, then the causal transition layer, and yields what happens.

    Args:
        config: the settings; with `resume` the run's own configuration counts.
        cache: the data set.
        run: the run directory; must not hold a run yet, unless `resume`.
        minutes: time budget of the whole run; None trains the configured numbers of steps. With `resume`,
            None keeps the run's own budget.
        device: "auto", "cpu", "cuda", "mps".
        threads: torch threads, None for all cores.
        seed: replaces `config.training.seed`.
        resume: go on from the last checkpoint.
        dataset: the name to remember, the cache's own by default.
        steering: where orders of this process come in; other processes leave theirs in the run directory.

    Raises:
        InputError, RunError: before the first event.
        RunTaken: another process trains the run, or took it over from a machine that stood still.
        Diverged: the loss is not a number or grows without end; the last good checkpoint stays.
        DiskFull: the training was stopped while the disk was full; what was saved stays.
        OutOfMemory, DeviceLost: what was saved stays.
    """
    directory = RunDirectory(run)
    if seed is not None:
        config = dataclasses.replace(config, training=dataclasses.replace(config.training, seed=seed))
    chosen = distributed.own_device(device)
    limit_threads(distributed.own_threads(threads))
    if resume:
        description = directory.description()
        config = description.config
        minutes = minutes if minutes is not None else description.budget.get("minutes")
        check_same_data(description, cache)
        check_unchanged(description, cache)
    _check(cache, minutes, config)
    if not resume and distributed.leads():
        directory.refuse_existing()
        directory.refuse_remains()
    with RunLock(run) if distributed.leads() else Unlocked() as lock:
        with _explained("autoencoder", None):
            state = TrainingState(config, cache, directory, chosen, Budget(config.training, minutes))
        state.steering = steering or state.steering
        state.steering.begin()
        if distributed.leads():
            if resume:
                directory.make_folders()
            else:
                directory.create(_describe(config, cache, minutes, dataset))
        if resume and directory.last.is_file():  # else it ended before its first checkpoint, and begins again
            state.restore(load_checkpoint(directory.last), directory.last)
        distributed.own_random_numbers(config.training.seed, state.step)
        distributed.wait()  # nobody trains before all have read the checkpoint
        yield from _recorded(state, dataset or cache.name, lock)


@contextlib.contextmanager
def _explained(phase: str, run: Path | None) -> Iterator[None]:
    """Says what torch's and the system's own errors mean."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        found = explained(error, phase, run)
        if found is None:
            raise
        raise found from error


def _recorded(state: TrainingState, dataset: str, lock: RunLock | Unlocked) -> Iterator[Event]:
    """Runs both phases with everything written to the run directory, whatever way it ends."""
    started = RunStarted(
        run=str(state.run.path),
        dataset=dataset,
        preset=state.config.preset,
        device=str(state.device),
        threads=torch.get_num_threads(),
        resumed_step=state.step,
        budget_s=state.budget.total_s,
    )
    with Recorder(state.run) if distributed.leads() else SilentRecorder() as recorder:
        try:
            yield from _written(started, state, recorder)
            if lock.taken_over is not None:
                yield from _written(_took_over(lock.taken_over, state), state, recorder)
            for event in _explained_phases(state, recorder):
                lock.check()
                yield from _written(event, state, recorder)
            state.finished = True
            yield from when_there_is_room(state.save_last, state)
            done = RunFinished(state.step, state.elapsed_s, "done", dict(state.figures))
            yield from _written(done, state, recorder)
        except GeneratorExit:
            if state.finished:
                raise
            lock.check()
            state.save_last()
            recorder.write(RunFinished(state.step, state.elapsed_s, "stopped", dict(state.figures)))
            raise
        except StopOrdered:
            lock.check()
            state.save_last()
            yield recorder.write(RunFinished(state.step, state.elapsed_s, "stopped", dict(state.figures)))
        except TrainingStopped as error:
            reason = "diverged" if type(error).__name__ == "Diverged" else "stopped"
            _write_if_possible(
                recorder, RunFinished(state.step, state.elapsed_s, reason, dict(state.figures))
            )
            raise


def _written(event: Event, state: TrainingState, recorder: Recorder) -> Iterator[Event]:
    """The event, once it is in the log; only notes may be missing there, while the disk is full."""
    if isinstance(event, Noted):
        _write_if_possible(recorder, event)
        yield event
        return
    yield (yield from when_there_is_room(lambda: recorder.write(event), state))


def _took_over(owner: Owner, state: TrainingState) -> Noted:
    text = f"the lock of {owner.words} was taken over: that training ended without giving it back"
    return Noted(state.step, state.elapsed_s, text)


def _explained_phases(state: TrainingState, recorder: Recorder) -> Iterator[Event]:
    steps = _phases(state, recorder)
    while True:
        with _explained(state.phase, state.run.last.parent):
            event = next(steps, None)
        if event is None:
            return
        yield event


def _phases(state: TrainingState, recorder: Recorder) -> Iterator[Event]:
    """The autoencoder, unless that was done before the resume; then the codes; then the transitions."""
    images = TrainingImages(state.cache, state.device)
    if state.phase == "autoencoder":
        weight_HW = yield from _weigh_pixels(state)
        yield from run_phase(AutoencoderPhase(state, weight_HW, images), state, recorder)
        state.begin_transition()
        yield from saved(state)
    codes = yield from _encode_all(state, images)
    del images  # the transitions are learned from codes alone
    if state.phase_step == 0:  # a phase that is resumed keeps the variables that it began with
        of_training = codes[torch.from_numpy(state.cache.rows("train")).to(codes.device)]
        state.model.transition.set_varying((of_training != of_training[0]).any(dim=0))
    yield from run_phase(TransitionPhase(state, codes), state, recorder)


def _weigh_pixels(state: TrainingState) -> Generator[Event, None, Tensor]:
    """Returns the weight of each pixel in the reconstruction; the same again after a resume."""
    training = state.config.training
    steps = pixel_weights_steps(state.cache, training.shown_share, np.random.default_rng(training.seed))
    while True:
        begun = time.perf_counter()
        try:
            event = next(steps)
        except StopIteration as done:
            return torch.from_numpy(done.value).to(state.device)
        finally:
            state.elapsed_s += time.perf_counter() - begun
        yield event


def _encode_all(state: TrainingState, images: TrainingImages) -> Generator[Event, None, Tensor]:
    """Returns codes by cache row, [images, N]; the autoencoder is frozen from now on.

    Test images are none of a training's business: their rows stay zero.
    """
    used = np.concatenate([state.cache.rows("train"), state.cache.rows("validation")])
    used = used[distributed.part(len(used))]  # each process encodes some, and gets the others' codes
    kind = torch.int16 if state.config.autoencoder.codes <= 32767 else torch.int32
    codes = torch.zeros(state.cache.num_images, state.num_variables, dtype=kind, device=state.device)
    state.model.eval()
    for start in range(0, len(used), ENCODE_BATCH):
        begun = time.perf_counter()
        rows = used[start : start + ENCODE_BATCH]
        with torch.no_grad():
            found = state.model.encode(images.batch(rows)).to(kind)
            codes[torch.from_numpy(rows).to(state.device)] = found
        state.elapsed_s += time.perf_counter() - begun
        yield Progressed("encoding the images", start + len(rows), len(used))
    return codes if distributed.size() == 1 else distributed.total(codes.int()).to(kind)


def _write_if_possible(recorder: Recorder, event: Event) -> None:
    """The last word of a run that is ending with an error; a full disk must not hide that error."""
    with contextlib.suppress(TrainingStopped, RunError):
        recorder.write(event)


def _check(cache: Cache, minutes: float | None, config: Config) -> None:
    if minutes is not None and not minutes > 0:
        raise InputError(f"the time budget must be positive, not {minutes:g} minutes")
    training = config.training
    distributed.check_batches(
        autoencoder_batch=training.autoencoder_batch, transition_batch=training.transition_batch
    )
    height, width, _ = cache.image_shape
    if height % config.autoencoder.patch or width % config.autoencoder.patch:
        raise InputError(
            f"images of {height}x{width} do not fit autoencoder.patch {config.autoencoder.patch};"
            " choose a patch that divides both sides"
        )
    if not len(cache.transitions("train")):
        raise InputError(f"the cache {cache.path} holds no training pairs; build it again with some")


def _describe(config: Config, cache: Cache, minutes: float | None, dataset: str) -> RunDescription:
    return RunDescription(
        config=config,
        dataset=dataset or cache.name,
        cache=str(cache.path),
        space=cache.space,
        image_shape=cache.image_shape,
        recipe=splits_of(cache),
        budget={} if minutes is None else {"minutes": float(minutes)},
        data=known_by(cache),
    )
