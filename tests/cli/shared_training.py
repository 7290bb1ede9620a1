"""What torchrun starts in test_shared_training.py: `doscope train`, with a note of each process's doings.

    shared_training.py FOLDER RUN STOP_AT ARGUMENTS...

Orders lie in the run directory at certain steps, as another program would leave them. The process of rank 1
gets a Ctrl-C at the step STOP_AT, as if somebody had stopped it alone. FOLDER has, of each process, its last
weights, the orders that it heeded, and its clock before each step.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import cli.training
import main
from engine import distributed, phases, steering, step_log
from engine.checkpoint import Checkpoint, model_tensors, save_checkpoint
from engine.events import Event, Progressed, Steered, StepLogged
from engine.steering import Order, give_order
from engine.training_state import TrainingState

PAUSE_AT, NEXT_PHASE_AT, RATE = 10, 22, 0.5


class GivenOrders:
    """The orders of one run; told of its events, it gives them at the same steps in every run."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._paused = 0

    def __call__(self, event: Event) -> None:
        for order in self._after(event):
            give_order(self._run, order)

    def _after(self, event: Event) -> list[Order]:
        if isinstance(event, StepLogged) and event.step in (PAUSE_AT, NEXT_PHASE_AT):
            return [Order("pause" if event.step == PAUSE_AT else "next_phase")]
        if isinstance(event, Progressed) and event.stage == "paused":
            self._paused += 1
            if self._paused == 1:
                return [Order("save"), Order("rate", RATE), Order("resume")]
        return []


def train_and_note(folder: Path, run: Path, stop_at: int, arguments: list[str]) -> int:
    """The command of one process."""
    orders: list[list[object]] = []
    clocks: list[float] = []
    give, show = GivenOrders(run), cli.training._Reporter.show
    save_last, timed_step = TrainingState.save_last, phases.timed_step

    def note(event: Event) -> None:
        if isinstance(event, Steered):
            orders.append([event.step, event.order, event.value])

    def lead(reporter: cli.training._Reporter, event: Event) -> None:
        show(reporter, event)
        note(event)
        give(event)

    def follow(event: Event) -> None:
        note(event)
        if isinstance(event, StepLogged) and event.step >= stop_at:
            signal.raise_signal(signal.SIGINT)

    def save_and_keep(state: TrainingState):
        weights = Checkpoint(model_tensors(state.model), {})
        save_checkpoint(folder / f"rank{distributed.rank()}.safetensors", weights)
        return save_last(state)

    def timed_and_noted(phase: phases.Phase, state: TrainingState):
        clocks.append(state.elapsed_s)
        noted = {"orders": orders, "clocks": clocks}
        (folder / f"rank{distributed.rank()}.json").write_text(json.dumps(noted))
        return timed_step(phase, state)

    step_log.LOG_EVERY_S = -1.0  # each step
    steering.LOOK_EVERY_S = 0.0
    TrainingState.save_last = save_and_keep
    phases.timed_step = timed_and_noted
    cli.training._Reporter.show = lead
    cli.training._look_away = follow
    return main.main(arguments)


if __name__ == "__main__":
    sys.exit(train_and_note(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
