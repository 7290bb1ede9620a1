"""Tiny data and settings: for `--quick`, for trainings that are killed, and for the tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from engine.config import Config, load_preset


def build_tiny(home: Path) -> None:
    """A small cache of `shapes` where a Doscope of this home looks for it."""
    import datasets

    made = datasets.build_steps(
        "shapes",
        out=home / "datasets" / "shapes.h5",
        train_pairs=400,
        validation_pairs=100,
        test_pairs=100,
    )
    for _ in made:
        pass


def tiny_config() -> Config:
    """The preset `small`, shrunk until a training takes seconds."""
    small = load_preset("small")
    return dataclasses.replace(
        small,
        preset="tiny",
        autoencoder=dataclasses.replace(small.autoencoder, codes=32, code_size=8, width=32, warm_up=10),
        transition=dataclasses.replace(small.transition, width=32, depth=1),
        training=dataclasses.replace(
            small.training,
            autoencoder_steps=60,
            transition_steps=30,
            autoencoder_batch=16,
            transition_batch=16,
            validations=2,
        ),
    )
