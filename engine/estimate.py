"""What a training will take, measured by some steps of each phase before it begins."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from datasets.cache import Cache
from engine.config import Config
from engine.device import choose_device, free_memory, limit_threads
from engine.errors import InputError
from engine.events import Progressed
from engine.phases import AutoencoderPhase, Phase, TransitionPhase, timed_step
from engine.results import Estimate
from engine.run_directory import RunDirectory
from engine.training_images import TrainingImages
from engine.training_state import PHASES, Budget, TrainingState

STEPS = 4  # of each phase, of which the first is not timed
COPIES = 4  # of each parameter: itself, its gradient, two moments


def estimate_steps(
    config: Config,
    cache: Cache,
    *,
    minutes: float | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> Generator[Progressed, None, Estimate]:
    """Builds the model, makes some steps of each phase on the data set, and throws it all away.

    Args:
        config: the settings.
        cache: the data set.
        minutes: time budget; None for the configured steps.
        device: as in `engine.training.train`, as `threads`.
        threads: torch threads, None for all cores.

    Returns:
        What the training will take; validations and checkpoints are left out of it.

    Raises:
        InputError: a setting or budget that no training would take.
    """
    chosen = choose_device(device)
    limit_threads(threads)
    if minutes is not None and not minutes > 0:
        raise InputError(f"the time budget must be positive, not {minutes:g} minutes")
    forked = [chosen] if chosen.type == "cuda" else []
    with torch.random.fork_rng(devices=forked):  # left at each yield: a training may be stepped there
        state = TrainingState(config, cache, RunDirectory(Path()), chosen, Budget(config.training, minutes))
    yield Progressed("estimating", 1, 3)
    with torch.random.fork_rng(devices=forked):
        weight_HW = torch.ones(cache.image_shape[:2], device=chosen)
        images = TrainingImages(cache, chosen, resident=False)
        first, saved_first = _measure(AutoencoderPhase(state, weight_HW, images), state)
    yield Progressed("estimating", 2, 3)
    with torch.random.fork_rng(devices=forked):
        second, saved_second = _measure_transitions(state)
    parameters = sum(p.numel() for p in state.model.parameters())
    return _estimate(
        (first, second), config, minutes, parameters, max(saved_first, saved_second), free_memory(chosen)
    )


def _estimate(
    step_s: tuple[float, float],
    config: Config,
    minutes: float | None,
    parameters: int,
    saved: int,
    free: int,
) -> Estimate:
    training = config.training
    if minutes is None:
        steps = (training.autoencoder_steps, training.transition_steps)
    else:
        shares = (training.autoencoder_share, 1 - training.autoencoder_share)
        steps = tuple(  # type: ignore[assignment]
            max(1, math.floor(60 * minutes * share / each))
            for share, each in zip(shares, step_s, strict=True)
        )
    seconds = 60 * minutes if minutes is not None else sum(n * s for n, s in zip(steps, step_s, strict=True))
    return Estimate(step_s, steps, seconds, parameters, COPIES * 4 * parameters + saved, free)


def _measure(phase: Phase, state: TrainingState) -> tuple[float, int]:
    """(seconds a step, bytes that a step keeps for its gradients)."""
    saved = _saved_bytes(lambda: _one_step(phase, state))
    times = []
    for _ in range(STEPS - 1):
        begun = time.perf_counter()
        _one_step(phase, state)
        times.append(time.perf_counter() - begun)
    return min(times), saved  # what else runs now need not run then


def _measure_transitions(state: TrainingState) -> tuple[float, int]:
    """The same of the transitions, where a share of the steps trains retrieval too."""
    config = state.config
    codes = torch.randint(config.autoencoder.codes, (state.cache.num_images, state.num_variables))
    found = []
    for start in (1.0, 0.0):  # never, always
        training = replace(config.training, retrieval_start=start, retrieval_every=1)
        state.config = replace(config, training=training)
        state.begin_phase(PHASES[1])
        found.append(_measure(TransitionPhase(state, codes.to(state.device)), state))
    (plain, _), (full, saved) = found
    share = (1 - config.training.retrieval_start) / config.training.retrieval_every
    return plain + share * (full - plain), saved


def _one_step(phase: Phase, state: TrainingState) -> None:
    """As in training; its loss is read, so that a device has really finished."""
    float(timed_step(phase, state)["loss"])


def _saved_bytes(step: Callable[[], Any]) -> int:
    """Bytes of the tensors that are kept between the way forth and back, each storage once."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step()
    return sum(kept.values())


def estimate(steps: Iterator[Progressed]) -> Estimate:
    """Runs `estimate_steps` to its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Estimate = end.value
            return result
