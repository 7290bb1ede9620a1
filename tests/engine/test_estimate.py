"""What a training will take: measured by steps of it, without a trace."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from datasets.cache import Cache
from engine.errors import InputError
from engine.estimate import estimate, estimate_steps
from engine.results import Estimate
from tests.conftest import tiny_config


def test_an_estimate_is_about_right_and_leaves_nothing(tiny_cache: Path, tmp_path: Path, monkeypatch) -> None:
    """Steps of a budget follow from the time of a step; random numbers and the disk stay as they were."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with Cache.open(tiny_cache) as cache:
        budgeted = estimate(estimate_steps(tiny_config(), cache, minutes=1, threads=1))
        configured = estimate(estimate_steps(tiny_config(), cache, threads=1))
    assert torch.equal(torch.get_rng_state(), before)
    assert not list(tmp_path.iterdir())
    training = tiny_config().training
    assert configured.steps == (training.autoencoder_steps, training.transition_steps)
    expected = sum(n * s for n, s in zip(configured.steps, configured.step_s, strict=True))
    assert configured.seconds == pytest.approx(expected)
    assert budgeted.seconds == 60
    share = training.autoencoder_share
    assert budgeted.steps[0] * budgeted.step_s[0] == pytest.approx(60 * share, rel=0.05)
    assert budgeted.steps[1] * budgeted.step_s[1] == pytest.approx(60 * (1 - share), rel=0.05)


def test_a_wider_model_needs_more_memory(tiny_cache: Path) -> None:
    """Parameters count four times, and larger batches keep more between the way forth and back."""
    tiny = tiny_config()
    wide = dataclasses.replace(tiny, transition=dataclasses.replace(tiny.transition, width=64))
    many = dataclasses.replace(tiny, training=dataclasses.replace(tiny.training, transition_batch=64))
    with Cache.open(tiny_cache) as cache:
        plain, wider, larger = (estimate(estimate_steps(c, cache, threads=1)) for c in (tiny, wide, many))
    assert wider.parameters > plain.parameters
    assert plain.memory_bytes > 16 * plain.parameters
    assert larger.parameters == plain.parameters
    assert larger.memory_bytes > plain.memory_bytes


def test_what_does_not_fit_is_known() -> None:
    """The memory that is needed is set against what is free."""
    assert Estimate((1.0, 1.0), (1, 1), 2.0, 10, 100, 1000).fits
    assert not Estimate((1.0, 1.0), (1, 1), 2.0, 10, 1000, 100).fits


def test_no_time_is_no_budget(tiny_cache: Path) -> None:
    """The same refusal as a training's."""
    with Cache.open(tiny_cache) as cache, pytest.raises(InputError, match="positive"):
        estimate(estimate_steps(tiny_config(), cache, minutes=0))


def test_epochs_become_steps_and_a_misspelt_setting_is_guessed() -> None:
    """1.5 passes over 1,000 images and 300 pairs, rounded up; `training.sed` was meant to be the seed."""
    config = tiny_config().for_epochs(1.5, 1000, 300).training
    assert config.autoencoder_steps == -(-1500 // config.autoencoder_batch)
    assert config.transition_steps == -(-450 // config.transition_batch)
    with pytest.raises(InputError, match="epochs must be positive"):
        tiny_config().for_epochs(0, 10, 10)
    with pytest.raises(InputError, match=r"did you mean training\.seed\?"):
        tiny_config().with_setting("training.sed", 1)
    with pytest.raises(InputError, match=r"did you mean training\.seed\?"):
        tiny_config().with_setting("trainin.seed", 1)
    with pytest.raises(InputError, match=r"did you mean transition\.width\?"):
        type(tiny_config()).from_json({"transition": {"widht": 3}})
