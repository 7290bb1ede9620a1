"""Golden losses under a fixed seed: a refactor of the model must not change its numbers unnoticed.

After an intended change, print the new figures with `python -m tests.engine.test_golden` and commit them
with the reason.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden" / "losses.json"
STEPS = 6


def first_losses(cache_path: Path, folder: Path) -> dict[str, list[float]]:
    """The losses of the first steps of each phase of a tiny training."""
    from dataclasses import replace

    from datasets.cache import Cache
    from engine import phases
    from engine.events import StepLogged
    from engine.training import train
    from tests.conftest import tiny_config

    config = tiny_config()
    short = replace(config.training, autoencoder_steps=15, transition_steps=STEPS, retrieval_start=0.0)
    losses: dict[str, list[float]] = {"autoencoder": [], "transition": []}
    before = phases.LOG_EVERY_S
    phases.LOG_EVERY_S = -1.0
    try:
        with Cache.open(cache_path) as cache:
            for event in train(replace(config, training=short), cache, folder / "run", threads=1):
                if isinstance(event, StepLogged):
                    losses[event.phase].append(event.values["loss"])
    finally:
        phases.LOG_EVERY_S = before
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
