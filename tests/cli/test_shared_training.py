"""One run trained by several processes: torchrun, gloo, two processes on this processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import cli.training
from engine import distributed, steering, step_log
from engine.checkpoint import load_checkpoint
from engine.errors import InputError
from engine.events import CheckpointSaved, StepLogged
from engine.run_directory import RunDirectory
from tests.cli.conftest import Call
from tests.cli.shared_training import NEXT_PHASE_AT, PAUSE_AT, RATE, GivenOrders
from tests.cli.test_training import TINY

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = Path(__file__).with_name("shared_training.py")
WARM_UP = 8
STEPS = tuple(
    argument
    for name, value in (
        ("training.autoencoder_steps", 24),
        ("training.transition_steps", 16),
        ("training.retrieval_start", 0.3),
        ("autoencoder.warm_up", WARM_UP),
    )
    for argument in ("--set", f"{name}={value}")
)
STOP_AT, ALL = 32, NEXT_PHASE_AT + 16
GIVEN = [
    [PAUSE_AT, "pause", 1.0],
    [PAUSE_AT, "save", 1.0],
    [PAUSE_AT, "rate", RATE],
    [PAUSE_AT, "resume", 1.0],
    [NEXT_PHASE_AT, "next_phase", 1.0],
]


def torchrun(*arguments: object, processes: int = 2) -> subprocess.CompletedProcess[str]:
    """Runs a script in several processes that train together."""
    command = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(processes), "--", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)


def losses(run: Path, phase: str, name: str) -> list[float]:
    """One loss of each step of a phase."""
    events = RunDirectory(run).events()[0]
    return [event.values[name] for event in events if isinstance(event, StepLogged) and event.phase == phase]


@pytest.mark.process
@pytest.mark.long
def test_two_processes_train_one_run(
    call: Call, tiny_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hold the same weights, heed orders at the same steps, stop together when one is told to, and one
    process goes on from there.

    The losses are those of one process that got the same orders, up to rounding until the codebooks
    start from latents drawn by chance, then within the noise of what is drawn: 10 % in the mean, 0.3 dB PSNR.
    """
    train = ("train", "--dataset", tiny_cache, "--seed", 3, *TINY, *STEPS, "--run")
    done = torchrun(SCRIPT, tmp_path, tmp_path / "two", STOP_AT, *train, tmp_path / "two", "--json")
    assert "stopped" in done.stderr, done.stderr
    assert done.returncode != 0  # torchrun's word for the 130 of a stopped training
    said = json.loads(done.stdout)  # of one process
    assert said["reason"] == "stopped"
    assert STOP_AT <= said["step"] < ALL
    weights = [load_checkpoint(tmp_path / f"rank{rank}.safetensors").tensors for rank in (0, 1)]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
    last = load_checkpoint(tmp_path / "two" / "checkpoints" / "last.safetensors")
    assert last.meta["step"] == said["step"]
    noted = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    assert noted[0] == noted[1]  # one clock, or a budget of minutes would end at different steps
    assert noted[0]["orders"] == GIVEN
    events = RunDirectory(tmp_path / "two").events()[0]
    assert PAUSE_AT in [event.step for event in events if isinstance(event, CheckpointSaved)]

    monkeypatch.setattr(step_log, "LOG_EVERY_S", -1.0)
    resumed = call("train", "--run", tmp_path / "two", "--resume", "--threads", 1, "--json")
    assert resumed.json["step"] == ALL
    monkeypatch.setattr(steering, "LOOK_EVERY_S", 0.0)
    give = GivenOrders(tmp_path / "one")
    monkeypatch.setattr(cli.training._Reporter, "show", lambda _reporter, event: give(event))
    alone = call(*train, tmp_path / "one", "--json")
    assert resumed.json["figures"]["psnr"] == pytest.approx(alone.json["figures"]["psnr"], abs=0.3)
    rates, planned = (losses(tmp_path / run, "autoencoder", "learning_rate") for run in ("two", "one"))
    assert rates == pytest.approx(planned)
    assert len(rates) == NEXT_PHASE_AT
    assert rates[PAUSE_AT] < 1.2 * RATE * rates[PAUSE_AT - 1]
    first, acting = ("autoencoder", "reconstruction"), ("transition", "action")
    one, two = losses(tmp_path / "one", *first), losses(tmp_path / "two", *first)
    assert two[:WARM_UP] == pytest.approx(one[:WARM_UP], rel=1e-3)
    assert np.mean(two) == pytest.approx(np.mean(one), rel=0.1)
    one, two = losses(tmp_path / "one", *acting), losses(tmp_path / "two", *acting)
    assert len(one) == len(two) == 16
    assert np.mean(two) == pytest.approx(np.mean(one), rel=0.1)


def test_a_batch_must_be_shared_equally(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of unequal parts would not be the batch's; the message names a batch that fits."""
    monkeypatch.setattr(distributed, "size", lambda: 3)
    distributed.check_batches(autoencoder_batch=33)
    with pytest.raises(InputError, match=r"training\.autoencoder_batch 32 .* by 3 processes.* 30"):
        distributed.check_batches(autoencoder_batch=32)


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
def test_the_parts_are_the_whole(monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    """Every transition of a batch is somebody's, and nobody else's."""
    monkeypatch.setattr(distributed, "size", lambda: processes)
    taken = []
    for rank in range(processes):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        taken += list(range(24))[distributed.part(24)]
    assert sorted(taken) == list(range(24))


def test_threads_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes of one machine take half of its cores each, unless they are told otherwise."""
    assert distributed.own_threads(None) is None
    for name in distributed.VARIABLES:
        monkeypatch.setenv(name, "2")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert distributed.own_threads(None) == 4
    assert distributed.own_threads(3) == 3
