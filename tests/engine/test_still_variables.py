"""Variables that never vary, in training and in checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from datasets.cache import Cache
from engine import checkpoint
from engine.checkpoint import load_checkpoint
from engine.events import StepLogged
from engine.explorer import Explorer
from engine.model import CTVAE
from engine.run_directory import RunDirectory
from engine.training import train
from engine.transition import CausalTransition
from tests.conftest import tiny_config


@pytest.fixture
def cache(tiny_cache: Path):
    with Cache.open(tiny_cache) as opened:
        yield opened


def test_variables_with_one_code_have_no_part_in_the_base_graph(
    cache: Cache, tmp_path: Path, monkeypatch
) -> None:
    """The training sees in its images which variables never vary, and the run keeps that."""
    encode = CTVAE.encode

    def three_still(self: CTVAE, images: torch.Tensor) -> torch.Tensor:
        codes = encode(self, images).clone()
        codes[:, :3] = 5
        return codes

    monkeypatch.setattr(CTVAE, "encode", three_still)
    for _ in train(tiny_config(), cache, tmp_path / "run", threads=1):
        pass
    explorer = Explorer.load(tmp_path / "run", threads=1)
    codes = explorer.encode(cache.images(cache.rows("train")))
    varies = explorer.transition.varies.tolist()
    assert varies[:3] == [False] * 3
    assert varies == (codes != codes[0]).any(axis=0).tolist()


def test_checkpoints_of_version_2_are_still_read(tiny_run_copy: Path) -> None:
    """They know of no variable that is left out; all are taken to vary."""
    path = RunDirectory(tiny_run_copy).best
    saved = load_checkpoint(path)
    old = {name: tensor for name, tensor in saved.tensors.items() if not name.endswith(".varies")}
    assert len(old) == len(saved.tensors) - 1
    checkpoint.save_checkpoint(path, checkpoint.Checkpoint(old, {**saved.meta, "version": 2}))
    assert Explorer.load(tiny_run_copy, threads=1).transition.varies.all()


def test_a_resumed_phase_keeps_the_variables_it_began_with(cache: Cache, tmp_path: Path) -> None:
    """A run of version 2 that was stopped among its transitions goes on with all of them."""
    path = tmp_path / "run"
    steps = train(tiny_config(), cache, path, threads=1)
    for event in steps:
        if isinstance(event, StepLogged) and event.phase == "transition":
            break
    steps.close()
    last = RunDirectory(path).last
    saved = load_checkpoint(last)
    old = {name: tensor for name, tensor in saved.tensors.items() if not name.endswith(".varies")}
    checkpoint.save_checkpoint(last, checkpoint.Checkpoint(old, {**saved.meta, "version": 2}))
    for _ in train(tiny_config(), cache, path, threads=1, resume=True):
        pass
    assert Explorer.load(path, threads=1).transition.varies.all()


def test_the_price_of_edges_begins_with_all_that_can_be(cache: Cache, tmp_path: Path, monkeypatch) -> None:
    """Where few variables vary, all edges between them are wanted at first: the price stays as it is."""
    wanted: list[float] = []
    monkeypatch.setattr(CausalTransition, "bargain", lambda _self, _drawn, share: wanted.append(share))
    layer = {}

    def set_varying(self: CausalTransition, varies: torch.Tensor) -> None:
        some = torch.zeros_like(varies)
        some[:32] = True
        self.varies.copy_(some)
        self._find_senders()
        layer["can"] = self.edges_that_can_be

    monkeypatch.setattr(CausalTransition, "set_varying", set_varying)
    for _ in train(tiny_config(), cache, tmp_path / "run", threads=1):
        pass
    assert wanted[0] == pytest.approx(layer["can"], rel=0.2)
    assert wanted[-1] == pytest.approx(tiny_config().training.edge_share, rel=0.2)
    assert wanted == sorted(wanted, reverse=True)
