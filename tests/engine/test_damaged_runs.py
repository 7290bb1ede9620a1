"""Runs that lost something, or meet something that has changed, when they are gone on with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from datasets.cache import Cache
from engine.errors import InputError, RunError
from engine.events import CheckpointSaved, StepLogged
from engine.run_directory import RunDirectory
from engine.training import train
from tests.engine.trainings import brief_config


@pytest.fixture(scope="module")
def stopped_once(tiny_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped in its second phase."""
    run = tmp_path_factory.mktemp("stopped") / "run"
    with Cache.open(tiny_cache) as cache:
        events = train(brief_config(), cache, run, threads=1)
        for event in events:
            if isinstance(event, StepLogged) and event.phase == "transition":
                break
        events.close()
    return run


@pytest.fixture
def stopped(stopped_once: Path, tmp_path: Path) -> RunDirectory:
    """A copy of it that a test may damage."""
    return RunDirectory(Path(shutil.copytree(stopped_once, tmp_path / "run")))


@pytest.mark.parametrize("gone", ["metrics.jsonl", "samples", "checkpoints"])
def test_what_can_be_made_again_is(stopped: RunDirectory, tiny_cache: Path, gone: str) -> None:
    """Without its log or its pictures a run goes on, without its checkpoints it begins again; both end."""
    path = stopped.path / gone
    path.unlink() if path.is_file() else shutil.rmtree(path)
    assert not stopped.status().problem
    with Cache.open(tiny_cache) as cache:
        events = list(train(brief_config(), cache, stopped.path, threads=1, resume=True))
    assert (events[0].resumed_step == 0) is (gone == "checkpoints")
    assert stopped.status().finished == "done"
    assert any(isinstance(event, CheckpointSaved) and event.kind == "best" for event in events)


def test_without_its_description_it_is_no_run(stopped: RunDirectory, tiny_cache: Path) -> None:
    """What is left of it is not touched."""
    stopped.config_path.unlink()
    before = sorted(stopped.path.rglob("*"))
    with Cache.open(tiny_cache) as cache, pytest.raises(RunError, match=r"config\.json"):
        next(train(brief_config(), cache, stopped.path, resume=True))
    with Cache.open(tiny_cache) as cache, pytest.raises(RunError, match="what is left of a run"):
        next(train(brief_config(), cache, stopped.path))  # its log would go on with another run's
    assert sorted(stopped.path.rglob("*")) == before


def test_a_checkpoint_of_a_newer_version_is_left_alone(stopped: RunDirectory, tiny_cache: Path) -> None:
    """The sentence says to update; nothing is written over it."""
    with safe_open(str(stopped.last), framework="pt") as file:
        meta = json.loads(file.metadata()["doscope"])
    save_file(load_file(stopped.last), stopped.last, {"doscope": json.dumps({**meta, "version": 99})})
    before = stopped.last.read_bytes(), stopped.metrics_path.read_bytes()
    with Cache.open(tiny_cache) as cache, pytest.raises(RunError, match=r"version 99.*update Doscope"):
        next(train(brief_config(), cache, stopped.path, threads=1, resume=True))
    assert (stopped.last.read_bytes(), stopped.metrics_path.read_bytes()) == before
    assert not (stopped.path / "training.lock").exists()


@pytest.mark.parametrize("change", ["images", "labels"])
def test_data_that_changed_since_are_refused(
    stopped: RunDirectory, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """The same recipe, other pixels or labels: said, and nothing is written; 1 in 255 is no change."""
    before = stopped.metrics_path.read_bytes()
    with Cache.open(tiny_cache) as cache:
        read = cache.images
        if change == "images":
            monkeypatch.setattr(cache, "images", lambda rows: read(rows) // 2)
        else:
            cache.factors[3, 0] += 1
        with pytest.raises(RunError, match="has changed since the run began"):
            next(train(brief_config(), cache, stopped.path, threads=1, resume=True))
    assert stopped.metrics_path.read_bytes() == before

    def redrawn(rows: np.ndarray) -> np.ndarray:
        images = read(rows).copy()
        images[:, 0, 0] ^= 1
        return images

    with Cache.open(tiny_cache) as cache:
        monkeypatch.setattr(cache, "images", redrawn)
        read = type(cache).images.__get__(cache)
        events = train(brief_config(), cache, stopped.path, threads=1, resume=True)
        next(events)
        events.close()


def test_a_device_that_is_gone_is_named_before_anything_is_written(
    stopped: RunDirectory, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for by its name it is an error; "auto" goes on with the processor."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    before = stopped.metrics_path.read_bytes()
    with Cache.open(tiny_cache) as cache:
        with pytest.raises(InputError, match="no device 'cuda'"):
            next(train(brief_config(), cache, stopped.path, device="cuda", resume=True))
        assert stopped.metrics_path.read_bytes() == before
        events = train(brief_config(), cache, stopped.path, threads=1, resume=True)
        assert next(events).device == "cpu"
        events.close()
