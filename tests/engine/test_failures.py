"""What the system's and torch's errors mean: how much memory was wanted, which setting lowers it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from datasets.cache import Cache
from engine import objectives, phases, step_log
from engine.errors import DeviceLost, Diverged, OutOfMemory
from engine.events import CheckpointSaved, StepLogged
from engine.failures import bytes_asked, explained
from engine.run_directory import RunDirectory
from engine.training import train
from tests.engine.trainings import brief_config

CPU = (
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"
    " allocate 3221225472 bytes. Error code 12 (Cannot allocate memory)"
)
CUDA = (
    "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 7.79 GiB of which 1.10 GiB"
    " is free."
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError(CPU), "3.0 GB"),
        (torch.OutOfMemoryError(CUDA), "the accelerator's memory.*2.5 GB"),
        (MemoryError("Unable to allocate 256. MiB for an array with shape (8, 8)"), "256.0 MB"),
        (
            RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1048576 bytes."),
            "1.0 MB",
        ),
        (MemoryError(), "the memory does not do"),
    ],
)
def test_memory_that_does_not_do_is_said_with_what_lowers_it(error: Exception, said: str) -> None:
    """How much was wanted, and the settings of the phase; outside of a training what else helps."""
    found = explained(error, "transition", "runs/a")
    assert isinstance(found, OutOfMemory)
    with pytest.raises(OutOfMemory, match=said):
        raise found
    assert "training.transition_batch" in str(found)
    assert "runs/a" in str(found)
    assert "training." not in str(explained(error))


def test_torch_says_it_in_these_words() -> None:
    """A petabyte on this machine's processor."""
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**50, dtype=torch.uint8)
    assert bytes_asked(str(raised.value)) == 2**50
    assert isinstance(explained(raised.value), OutOfMemory)


def test_other_errors_are_left_alone() -> None:
    """A shape that does not fit is our fault, not the memory's."""
    assert explained(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) is None
    assert explained(ValueError("CUDA error")) is None


@pytest.fixture
def interrupted(tiny_cache: Path, tmp_path: Path):
    """A training that has saved its first checkpoint, and its run."""
    with Cache.open(tiny_cache) as cache:
        events = train(brief_config(), cache, tmp_path / "run", threads=1)
        for event in events:
            if isinstance(event, CheckpointSaved):
                break
        yield events, RunDirectory(tmp_path / "run")
        events.close()


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (RuntimeError(CPU), OutOfMemory, r"3\.0 GB.*checkpoints.*transition_batch"),
        (MemoryError(), OutOfMemory, "transition_batch"),
        (
            RuntimeError("CUDA error: device-side assert\nmore"),
            DeviceLost,
            "device-side assert.*--device cpu",
        ),
    ],
)
def test_a_training_ends_with_the_sentence_and_can_be_resumed(
    interrupted, monkeypatch, error: Exception, kind: type[Exception], said: str
) -> None:
    """The run is stopped, not broken, and no lock stays."""
    events, run = interrupted

    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(objectives, "transition_objective", fail)
    with pytest.raises(kind, match=said):
        list(events)
    assert run.status().finished == "stopped"
    assert run.status().resumable
    assert not (run.path / "training.lock").exists()


def test_a_loss_that_grows_without_end_stops_the_training(interrupted, monkeypatch) -> None:
    """Finite, but thousands of times the least one: diverged, and no checkpoint on the way up."""
    events, run = interrupted
    monkeypatch.setattr(step_log, "LOG_EVERY_S", -1.0)
    monkeypatch.setattr(phases, "SAVE_EVERY_S", -1.0)
    monkeypatch.setattr(phases, "SAVE_SHARE", float("inf"))
    real, calls = objectives.transition_objective, []

    def growing(*args: object, **kwargs: object) -> dict[str, torch.Tensor]:
        calls.append(1)
        terms = real(*args, **kwargs)
        return {**terms, "loss": terms["loss"] * (10.0 ** max(0, len(calls) - 6))}

    monkeypatch.setattr(objectives, "transition_objective", growing)
    seen = []
    with pytest.raises(Diverged, match=r"the loss grew from .*transition_rate"):
        seen.extend(events)
    assert run.status().finished == "diverged"
    logged = [event for event in seen if isinstance(event, StepLogged)]
    saved = [event.step for event in seen if isinstance(event, CheckpointSaved) and event.kind == "last"]
    losses = {event.step: event.values["loss"] for event in logged}
    assert max(losses[step] for step in saved) < 1000 * min(losses.values())
