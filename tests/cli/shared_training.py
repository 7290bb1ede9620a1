"""What torchrun starts in test_shared_training.py: `doscope train`, with every process's weights kept.

    shared_training.py FOLDER STOP_AT ARGUMENTS...

The process of rank 1 gets a Ctrl-C at the step STOP_AT, as if somebody had stopped it alone.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import cli.training
import main
from engine import distributed, step_log
from engine.checkpoint import Checkpoint, model_tensors, save_checkpoint
from engine.events import Event, StepLogged
from engine.training_state import TrainingState

folder, stop_at, arguments = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
save_last = TrainingState.save_last


def save_and_keep(state: TrainingState):
    save_checkpoint(
        folder / f"rank{distributed.rank()}.safetensors", Checkpoint(model_tensors(state.model), {})
    )
    return save_last(state)


def press_ctrl_c(event: Event) -> None:
    if isinstance(event, StepLogged) and event.step >= stop_at:
        signal.raise_signal(signal.SIGINT)


step_log.LOG_EVERY_S = -1.0  # each step
TrainingState.save_last = save_and_keep
cli.training._look_away = press_ctrl_c
sys.exit(main.main(arguments))
