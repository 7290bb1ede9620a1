"""What is logged between two events: means of the terms of the steps, and whether they diverge."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import torch

from engine import distributed
from engine.device import used_memory
from engine.errors import Diverged
from engine.events import StepLogged
from engine.objectives import Terms
from engine.training_state import TrainingState

if TYPE_CHECKING:
    from engine.phases import Phase

LOG_EVERY_S = 0.2
GROWN, GROWN_LOGS = 1000.0, 5  # times the least loss of the phase, in so many logs one after the other


class StepLog:
    """Means of the terms since the last event; one synchronisation with the device an event.

    Attributes:
        growing: how many events one after the other said a loss far above the least of the phase.
    """

    def __init__(self, phase: Phase, state: TrainingState) -> None:
        self._phase, self._state = phase, state
        self._terms: list[Terms] = []
        self._since_s = state.elapsed_s
        self._least, self.growing = math.inf, 0

    def add(self, terms: Terms) -> None:
        """Remembers one step's terms."""
        self._terms.append(terms)

    def waiting(self) -> bool:
        """Whether steps were made since the last event."""
        return bool(self._terms)

    def due(self) -> bool:
        """Whether it is time for an event."""
        return self._state.elapsed_s - self._since_s >= LOG_EVERY_S

    def event(self) -> StepLogged:
        """The means, as an event.

        Raises:
            Diverged: the loss is not a number, or has grown without end.
        """
        state = self._state
        names = dict.fromkeys(name for terms in self._terms for name in terms)
        begun = time.perf_counter()
        means = [torch.stack([t[name] for t in self._terms if name in t]).float().mean() for name in names]
        values = dict(zip(names, torch.stack(means).tolist(), strict=True))
        state.elapsed_s += time.perf_counter() - begun  # an accelerator still works at its steps meanwhile
        values = _of_all_processes(values)
        if not (math.isfinite(values["loss"]) and math.isfinite(values["gradient_norm"])):
            raise self._diverged("the loss is not a number")
        self._least = min(self._least, values["loss"])
        self.growing = self.growing + 1 if values["loss"] > GROWN * max(self._least, 1.0) else 0
        if self.growing >= GROWN_LOGS:
            raise self._diverged(f"the loss grew from {self._least:.4g} to {values['loss']:.4g}")
        rate = len(self._terms) * self._phase.batch / max(state.elapsed_s - self._since_s, 1e-9)
        values["learning_rate"] = state.optimizer.rate
        values["memory_mb"] = used_memory(state.device) / 2**20
        self._terms.clear()
        self._since_s = state.elapsed_s
        return StepLogged(
            self._phase.name, state.step, state.elapsed_s, state.progress, state.remaining_s, rate, values,
            state.phase_remaining_s,
        )  # fmt: skip

    def _diverged(self, what: str) -> Diverged:
        state = self._state
        return Diverged(
            f"{what} at step {state.step}; the last good checkpoint is kept in"
            f" {state.run.last.parent}; lower training.{self._phase.name}_rate and start again"
        )


def _of_all_processes(values: dict[str, float]) -> dict[str, float]:
    """The means over the processes, each of which saw its part of the batches."""
    means = distributed.mean(torch.tensor(list(values.values()), dtype=torch.float64))
    return dict(zip(values, means.tolist(), strict=True))
