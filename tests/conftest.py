"""Fixtures for every room: a home of its own for each session, a tiny cache, a run trained for seconds."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from benchmarks.tiny import tiny_config

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# How long an example takes is the machine's business, not a test's
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")


def brief_config():
    """The tiny one with a third of its steps, for tests of how a training goes and not of what it learns."""
    tiny = tiny_config()
    training = dataclasses.replace(tiny.training, autoencoder_steps=20, transition_steps=12)
    return dataclasses.replace(tiny, training=training)


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
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Makes a folder once for all the processes that share the tests out among them."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / f"once-{name}"
        with FileLock(shared / f"{name}.lock"):
            if not folder.is_dir():
                begun = shared / f"begun-{name}"
                begun.mkdir(exist_ok=True)
                make(begun)
                begun.rename(folder)
        return folder

    return once


@pytest.fixture(scope="session")
def tiny_cache(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A `shapes` cache of a few hundred pairs."""
    import datasets

    def build(folder: Path) -> None:
        counts = {"train_pairs": 200, "validation_pairs": 40, "test_pairs": 60}
        for _ in datasets.build_steps("shapes", out=folder / "shapes.h5", seed=1, **counts):
            pass

    return once("tiny", build) / "shapes.h5"


@pytest.fixture(scope="session")
def tiny_run(once: Callable[[str, Callable[[Path], None]], Path], tiny_cache: Path) -> Path:
    """A run of seconds on `tiny_cache`; shared, so write nothing into it but its calibration."""
    from datasets.cache import Cache
    from engine.training import train

    def make(folder: Path) -> None:
        with Cache.open(tiny_cache) as cache:
            for _ in train(tiny_config(), cache, folder / "tiny", threads=1):
                pass

    return once("runs", make) / "tiny"


@pytest.fixture(scope="session")
def tiny_probes(once: Callable[[str, Callable[[Path], None]], Path], tiny_cache: Path) -> Path:
    """The factor probes of `tiny_cache`, trained once: copy the file into a home to have them kept there."""
    import torch

    from datasets.cache import Cache
    from engine.metrics.probe_store import probes_path, save_probes
    from engine.metrics.probes import training_steps

    with Cache.open(tiny_cache) as cache:

        def make(folder: Path) -> None:
            steps = training_steps(cache, torch.device("cpu"))
            while True:
                try:
                    next(steps)
                except StopIteration as end:
                    save_probes(folder / probes_path(cache).name, end.value, cache)
                    return

        return once("probes", make) / probes_path(cache).name


@pytest.fixture
def keep_probes(tiny_probes: Path) -> Callable[[], None]:
    """Puts the probes of `tiny_cache` where the present home keeps them."""
    from datasets.home import caches_dir

    def keep() -> None:
        caches_dir().mkdir(parents=True, exist_ok=True)
        if not (caches_dir() / tiny_probes.name).exists():  # a window may have read those that are there
            shutil.copy(tiny_probes, caches_dir())

    return keep


@pytest.fixture
def tiny_run_copy(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of `tiny_run` that a test may damage."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))
