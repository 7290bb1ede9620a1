"""Fixtures for every room: a home of its own for each session, a tiny cache, a run trained for seconds."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# How long an example takes is the machine's business, not a test's
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def tiny_config():
    """The `small` preset shrunk until a training takes seconds."""
    from engine.config import load_preset

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


@pytest.fixture(scope="session", autouse=True)
def doscope_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nothing that a test does reaches the user's own folders."""
    home = tmp_path_factory.mktemp("home")
    before = os.environ.get("DOSCOPE_HOME")
    os.environ["DOSCOPE_HOME"] = str(home)
    yield home
    if before is None:
        del os.environ["DOSCOPE_HOME"]
    else:
        os.environ["DOSCOPE_HOME"] = before


@pytest.fixture(scope="session")
def tiny_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `shapes` cache of a few hundred pairs."""
    import datasets

    path = tmp_path_factory.mktemp("tiny") / "shapes.h5"
    for _ in datasets.build_steps(
        "shapes", out=path, train_pairs=200, validation_pairs=40, test_pairs=60, seed=1
    ):
        pass
    return path


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, tiny_cache: Path) -> Path:
    """A run of seconds on `tiny_cache`; shared, so write nothing into it but its calibration."""
    from datasets.cache import Cache
    from engine.training import train

    path = tmp_path_factory.mktemp("runs") / "tiny"
    with Cache.open(tiny_cache) as cache:
        for _ in train(tiny_config(), cache, path, threads=1):
            pass
    return path


@pytest.fixture
def tiny_run_copy(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of `tiny_run` that a test may damage."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))
