"""Golden losses under a fixed seed: a refactor of the model must not change its numbers unnoticed.

After an intended change, print the new figures with `python -m tests.engine.test_golden` and commit them
with the reason.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.cache import Cache
from engine import step_log
from engine.events import StepLogged
from engine.model import CTVAE
from engine.objectives import transition_objective
from engine.optimizer import Optimizer
from engine.training import train
from tests.conftest import tiny_config

GOLDEN = Path(__file__).parent / "golden" / "losses.json"
STEPS = 6


def first_losses(cache_path: Path, folder: Path) -> dict[str, list[float]]:
    """The losses of the first steps of each phase."""
    return {"autoencoder": autoencoder_losses(cache_path, folder), "transition": transition_losses()}


def autoencoder_losses(cache_path: Path, folder: Path) -> list[float]:
    """Those of a tiny training, in float32."""
    config = tiny_config()
    short = replace(config.training, autoencoder_steps=15, transition_steps=1, bf16=False)
    losses: list[float] = []
    before = step_log.LOG_EVERY_S
    step_log.LOG_EVERY_S = -1.0
    try:
        with Cache.open(cache_path) as cache:
            for event in train(replace(config, training=short), cache, folder / "run", threads=1):
                if isinstance(event, StepLogged) and event.phase == "autoencoder":
                    losses.append(event.values["loss"])
    finally:
        step_log.LOG_EVERY_S = before
    return losses


def transition_losses() -> list[float]:
    """On drawn codes: those of a trained autoencoder would differ from processor to processor."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    config = tiny_config()
    model = CTVAE(config, (64, 64, 3), 12).train()
    codebook = rng.normal(size=model.autoencoder.quantizer.codebook_QKD.shape).astype(np.float32)
    model.autoencoder.quantizer.codebook_QKD.copy_(torch.from_numpy(codebook))
    model.transition.start_from(model.autoencoder.quantizer.codebook_QKD)
    n, k, batch = model.transition.num_variables, model.transition.num_codes, 16
    training = replace(config.training, retrieval_start=0.0)
    optimizer = Optimizer(
        list(model.transition.parameters()), [], matrix_rate=0, rate=2e-3, weight_decay=0.01
    )
    losses = []
    for _ in range(STEPS):
        before = torch.from_numpy(rng.integers(k, size=(batch, n)))
        change = torch.from_numpy(rng.random((batch, n)) < 0.2)
        after = torch.where(change, torch.from_numpy(rng.integers(k, size=(batch, n))), before)
        action = torch.from_numpy(rng.integers(12, size=batch))
        terms = transition_objective(model, before, after, action, training, retrieve=True)
        model.transition.bargain(terms["edges_drawn"], 0.5)
        optimizer.zero_grad()
        terms["loss"].backward()
        optimizer.step(1.0)
        losses.append(float(terms["loss"].detach()))
    return losses


def test_the_losses_are_the_golden_ones(tiny_cache: Path, tmp_path: Path) -> None:
    """Every loss of the first steps agrees with the committed figure, quantization included."""
    found, golden = first_losses(tiny_cache, tmp_path), json.loads(GOLDEN.read_text())
    assert len(found["autoencoder"]) == 15
    assert len(found["transition"]) == STEPS
    for phase in golden:
        assert found[phase] == pytest.approx(golden[phase], rel=3e-3), phase


if __name__ == "__main__":
    import datasets

    with tempfile.TemporaryDirectory() as name:
        cache_file = Path(name) / "shapes.h5"
        steps = datasets.build_steps(
            "shapes", out=cache_file, train_pairs=200, validation_pairs=40, test_pairs=60, seed=1
        )
        for _ in itertools.chain(steps):
            pass
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(first_losses(cache_file, Path(name)), indent=1) + "\n")
