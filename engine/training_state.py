"""What a training carries from step to step, and how it is saved and restored."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from datasets.cache import Cache
from engine.checkpoint import (
    Checkpoint,
    load_checkpoint,
    model_tensors,
    restore_model,
    save_checkpoint,
)
from engine.config import Config, TrainingConfig
from engine.distributed import leads, numbers_of_leader
from engine.errors import RunError
from engine.events import CheckpointSaved
from engine.model import CTVAE
from engine.optimizer import Optimizer, feature_matrices
from engine.run_directory import RunDirectory
from engine.steering import Steering

PHASES = ("autoencoder", "transition")


@dataclass(frozen=True)
class Budget:
    """How long each phase runs: a share of a time budget, or a number of steps.

    Attributes:
        minutes: of the whole run, or None for the configured steps.
    """

    training: TrainingConfig
    minutes: float | None

    @property
    def total_s(self) -> float:
        """The time budget in seconds, 0 where steps count."""
        return 0.0 if self.minutes is None else self.minutes * 60

    def phase_progress(
        self, phase: str, phase_step: int, began_s: float, elapsed_s: float, last_look_s: float
    ) -> float:
        """Share of the phase that is done, 0..1; 1 ends it.

        The last validation, `last_look_s`, belongs to the budget. A phase that begins late still gets a
        tenth of it.
        """
        if self.minutes is None:
            steps = self.training.autoencoder_steps if phase == PHASES[0] else self.training.transition_steps
            return min(1.0, phase_step / steps)
        if phase == PHASES[0]:
            length = self.training.autoencoder_share * self.total_s
        else:
            length = max(self.total_s - began_s - last_look_s, 0.1 * self.total_s)
        return min(1.0, (elapsed_s - began_s) / length)

    def run_progress(self, phase: str, phase_progress: float) -> float:
        """Share of the whole run, 0..1."""
        first = self.training.autoencoder_share
        return phase_progress * first if phase == PHASES[0] else first + phase_progress * (1 - first)


class TrainingState:
    """Model, optimizer, random states, clocks and counters of one run."""

    def __init__(
        self, config: Config, cache: Cache, run: RunDirectory, device: torch.device, budget: Budget
    ) -> None:
        self.config, self.cache, self.run, self.device, self.budget = config, cache, run, device, budget
        torch.manual_seed(config.training.seed)
        self.rng = np.random.default_rng(config.training.seed)
        self.model = CTVAE(config, cache.image_shape, cache.space.num_actions).to(device)
        self.model.autoencoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.step, self.elapsed_s = 0, 0.0
        self.figures: dict[str, float] = {}
        self.factor_errors = np.ones(cache.space.num_factors)  # see TransitionSampler
        self.best_figure = -math.inf
        self.finished = False
        self.saved_at_s = self.save_s = 0.0  # when the last checkpoint was written, how long that took
        self.waited_s = 0.0  # for room on the disk
        self.phase_looks = 0  # validations of the present phase so far
        self.look_s = 0.0  # how long the last validation took
        self.steering = Steering(run.path if leads() else None)
        self.rate_factor = 1.0  # of the planned learning rate, by order
        self._saved: tuple[str, int, bool] | None = None
        self.begin_phase(PHASES[0])

    def begin_phase(self, phase: str) -> None:
        """Starts a phase with a fresh optimizer."""
        self.phase, self.phase_step, self.phase_began_s = phase, 0, self.elapsed_s
        self.phase_looks, self.phase_over = 0, False  # over: ended by order
        training = self.config.training
        if phase == PHASES[0]:
            parameters = list(self.model.autoencoder.parameters())
            matrices, rate = feature_matrices(self.model.autoencoder), training.autoencoder_rate
        else:  # where Muon's steps are better, but cost so much that nothing is won (decision 0011)
            parameters = [*self.model.transition.parameters(), self.model.log_sharpness]
            matrices, rate = [], training.transition_rate
        self.optimizer = Optimizer(
            parameters,
            matrices,
            matrix_rate=training.autoencoder_matrix_rate,
            rate=rate,
            weight_decay=training.weight_decay,
        )

    def begin_transition(self) -> None:
        """Starts the second phase: the codebooks are known now, the causal layer starts from them."""
        self.agreed().begin_phase(PHASES[1])
        self.model.transition.start_from(self.model.autoencoder.quantizer.codebook_QKD)

    @property
    def num_variables(self) -> int:
        """N."""
        return self.model.transition.num_variables

    @property
    def phase_progress(self) -> float:
        """Share of the present phase, 0..1."""
        if self.phase_over:
            return 1.0
        return self.budget.phase_progress(
            self.phase, self.phase_step, self.phase_began_s, self.elapsed_s, self.look_s
        )

    @property
    def progress(self) -> float:
        """Share of the run, 0..1."""
        return self.budget.run_progress(self.phase, self.phase_progress)

    @property
    def remaining_s(self) -> float:
        """Estimate of the time left."""
        if self.budget.minutes is not None:
            return max(0.0, self.budget.total_s - self.elapsed_s)
        if self.phase == PHASES[-1]:
            return self.phase_remaining_s
        return self.elapsed_s * (1 - self.progress) / max(self.progress, 1e-6)

    @property
    def phase_remaining_s(self) -> float:
        """Estimate of the time left for the present phase."""
        done = self.phase_progress
        return (self.elapsed_s - self.phase_began_s) * (1 - done) / max(done, 1e-6)

    def agreed(self) -> TrainingState:
        """The same, with the clocks of the process that leads, so that all decide alike."""
        own = [self.elapsed_s, self.saved_at_s, self.save_s, self.look_s, self.phase_looks]
        self.elapsed_s, self.saved_at_s, self.save_s, self.look_s, looks = numbers_of_leader(own)
        self.phase_looks = int(looks)
        return self

    def save_last(self) -> CheckpointSaved:
        """Writes everything that a resume needs; does nothing twice at the same step."""
        now, took = (self.phase, self.step, self.finished), 0.0
        if self._saved != now and leads():
            begun = time.perf_counter()
            save_checkpoint(self.run.last, Checkpoint(self._tensors(), self._meta()))
            self.save_s = took = time.perf_counter() - begun
            self.elapsed_s += took
            self._saved = now
        self.saved_at_s = self.elapsed_s
        return CheckpointSaved(self.step, self.elapsed_s, "last", took)

    def save_best(self, figure: float) -> CheckpointSaved | None:
        """Writes the weights unless the figure was better before; of equals the later ones act better."""
        if not figure >= self.best_figure:
            return None
        meta = {
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "figures": self.figures,
            "best_figure": figure,
        }
        begun = time.perf_counter()
        save_checkpoint(self.run.best, Checkpoint(model_tensors(self.model), meta))
        self.best_figure = figure
        return CheckpointSaved(self.step, self.elapsed_s, "best", time.perf_counter() - begun)

    def restore(self, checkpoint: Checkpoint, path: object) -> None:
        """Goes on from a "last" checkpoint.

        Raises:
            RunError: the run is done, or the checkpoint was not written by `save_last`.
        """
        meta = checkpoint.meta
        if meta.get("finished"):
            raise RunError(f"the run {self.run.path} is done; train a new one, or explore it")
        if meta.get("phase") not in PHASES or "random.torch" not in checkpoint.tensors:
            raise RunError(f"{path} cannot be resumed from; train a new run")
        restore_model(self.model, checkpoint, self.run.last)
        self.step, self.elapsed_s = int(meta["step"]), float(meta["elapsed_s"])
        self.begin_phase(str(meta["phase"]))
        self.phase_step, self.phase_began_s = int(meta["phase_step"]), float(meta["phase_began_s"])
        self.optimizer.restore(checkpoint.tensors)
        self.figures = {str(k): float(v) for k, v in meta["figures"].items()}
        self.factor_errors[:] = meta["factor_errors"]
        self.phase_looks, self.look_s = int(meta["phase_looks"]), float(meta["look_s"])
        self.rate_factor = float(meta.get("rate_factor", 1.0))  # runs from before orders have none
        self.best_figure = self._best_saved()
        self.rng.bit_generator.state = meta["random_numpy"]
        torch.set_rng_state(checkpoint.tensors["random.torch"])
        if "random.device" in checkpoint.tensors:
            _set_device_random(self.device, checkpoint.tensors["random.device"])
        self.saved_at_s = self.elapsed_s

    def _best_saved(self) -> float:
        """The figure of the best checkpoint on disk, which may be newer than the last one."""
        if not self.run.best.is_file():
            return -math.inf
        return float(load_checkpoint(self.run.best).meta["best_figure"])

    def _tensors(self) -> dict[str, torch.Tensor]:
        return {
            **model_tensors(self.model),
            **self.optimizer.tensors(),
            "random.torch": torch.get_rng_state(),
            **_device_random(self.device),
        }

    def _meta(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "phase": self.phase,
            "phase_step": self.phase_step,
            "phase_began_s": self.phase_began_s,
            "phase_looks": self.phase_looks,
            "look_s": self.look_s,
            "rate_factor": self.rate_factor,
            "figures": self.figures,
            "factor_errors": self.factor_errors.tolist(),
            "random_numpy": self.rng.bit_generator.state,
            "finished": self.finished,
        }


def _device_random(device: torch.device) -> dict[str, torch.Tensor]:
    """The random state of an accelerator, which draws apart from the processor's."""
    if device.type == "cuda":
        return {"random.device": torch.cuda.get_rng_state(device)}
    if device.type == "mps":
        return {"random.device": torch.mps.get_rng_state()}
    return {}


def _set_device_random(device: torch.device, state: torch.Tensor) -> None:
    """Inverse of `_device_random`; a state of another kind of device is left alone."""
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    elif device.type == "mps":
        torch.mps.set_rng_state(state)
