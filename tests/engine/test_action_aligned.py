"""Codes aligned with the actions, and all disentanglement scores together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.events import Progressed
from engine.metrics.action_aligned import _ridge, action_aligned_readout
from engine.metrics.dci import DCI, dci
from engine.metrics.disentanglement import disentanglement_scores
from engine.metrics.factor_vae import factor_vae_score
from engine.metrics.labelled import finished
from engine.metrics.mig import mig
from engine.metrics.sap import sap
from tests.engine.test_disentanglement import grid, perfect

Array = np.ndarray[Any, Any]


def transitions(count: int, mixing: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Latents before and after random actions, the latents being factor values times a matrix [F,d]."""
    f = len(mixing)
    before = rng.integers(1, 4, (count, f)).astype(float)
    action = rng.integers(0, 2 * f, count)
    after = before.copy()
    after[np.arange(count), action % f] += np.where(action < f, 1, -1)
    return before @ mixing, after @ mixing, action


def test_the_readout_undoes_a_linear_mixing() -> None:
    """From actions alone: mixed factors are read again, in steps and with the right sign."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(3, 12))
    before, after, action = transitions(400, mixing, rng)
    readout = action_aligned_readout((after - before).astype(np.float32), action, 3)
    assert readout.shape == (12, 3)
    np.testing.assert_allclose(mixing @ readout, np.eye(3), atol=0.01)


def test_the_readout_shrinks_what_is_noise() -> None:
    """Latents that have nothing to do with the actions are read as nearly nothing."""
    rng = np.random.default_rng(0)
    action = rng.integers(0, 6, 60)
    readout = action_aligned_readout(rng.normal(size=(60, 50)), action, 3)
    assert np.abs(readout).max() < 0.1


def test_more_dimensions_than_transitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dual form gives the W of the primal one, and is the one taken: no matrix of d x d is solved."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 80)), rng.normal(size=(30, 3))
    penalty = 0.1 * np.square(x).sum() / 80
    primal = np.linalg.solve(x.T @ x + penalty * np.eye(80), x.T @ y)
    sizes: list[int] = []
    solve = np.linalg.solve
    monkeypatch.setattr(np.linalg, "solve", lambda a, b: (sizes.append(len(a)), solve(a, b))[1])
    np.testing.assert_allclose(_ridge(x, y)(0.1), primal, atol=1e-9)
    assert action_aligned_readout(x, rng.integers(0, 6, 30), 3).shape == (80, 3)
    assert max(sizes) == 30


@pytest.mark.parametrize(
    ("difference", "action", "words"),
    [
        (np.ones((6, 2)), np.array([0, 1, 2, 3, 0]), "do not fit"),
        (np.ones((6, 2)), np.array([0, 1, 2, 3, 0, 4]), "0..3"),
        (np.ones((4, 2)), np.array([0, 1, 2, 3]), "5 training transitions"),
        (np.zeros((6, 2)), np.array([0, 1, 2, 3, 0, 1]), "changes the latents"),
        (np.full((6, 2), np.nan), np.array([0, 1, 2, 3, 0, 1]), "finite"),
        (np.ones((6, 40000)), np.array([0, 1, 2, 3, 0, 1]), "32768"),
    ],
)
def test_readouts_that_cannot_be_fitted(difference: Array, action: Array, words: str) -> None:
    """Refused in a sentence."""
    with pytest.raises(InputError, match=words):
        action_aligned_readout(difference, action, 2)


def test_what_can_be_measured_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A score that cannot be had costs neither the others nor the other codes, and is told."""
    monkeypatch.setattr("engine.metrics.disentanglement.TRAIN_VOTES", 300)
    monkeypatch.setattr("engine.metrics.disentanglement.TEST_VOTES", 200)
    factors = grid(2)
    factors[:, 0] = np.arange(len(factors)) // 4  # no value is shared by enough images
    parts = (perfect(factors), factors, perfect(factors), factors)
    notes: list[str] = []
    scores = finished(disentanglement_scores(*parts, None, notes))
    assert all(score["action_aligned"] is None for score in scores.values())
    assert scores["factor_vae_score"]["latents"] is None
    assert scores["mig"]["latents"] > 0
    assert scores["dci"]["latents"]["informativeness"] is not None
    assert len(notes) == 1
    assert notes[0].startswith(
        "no disentanglement score FactorVAE score of the latents: no value of a factor"
    )


def test_all_scores_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mixed latents beside their action-aligned codes: named as the evaluation names them, with progress."""
    monkeypatch.setattr("engine.metrics.disentanglement.TRAIN_VOTES", 300)
    monkeypatch.setattr("engine.metrics.disentanglement.TEST_VOTES", 200)
    rng = np.random.default_rng(3)
    mixing = rng.normal(size=(3, 8))
    factors = grid(6)
    latents = (factors @ mixing).astype(np.float32)
    before, after, action = transitions(400, mixing, rng)
    half = len(latents) // 2
    parts = (latents[:half], factors[:half], latents[half:], factors[half:])
    steps = disentanglement_scores(*parts, action_aligned_readout(after - before, action, 3), [])
    seen: list[Progressed] = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            scores = end.value
            break
    assert set(scores) == {"dci", "mig", "sap", "factor_vae_score"}
    for score in scores.values():
        assert set(score) == {"latents", "action_aligned"}
    assert set(scores["dci"]["latents"]) == {"disentanglement", "completeness", "informativeness"}
    assert all(0 < step.done <= step.total for step in seen)
    assert {step.stage.split(" of the ")[1] for step in seen} == {"latents", "action-aligned"}
    assert scores["mig"]["action_aligned"] > 0.8 > scores["mig"]["latents"] + 0.4
    assert scores["dci"]["action_aligned"]["completeness"] > 0.95
    assert scores["factor_vae_score"]["action_aligned"] == 1
    of_latents = DCI(**scores["dci"]["latents"])
    assert of_latents.informativeness > 0.95
    assert of_latents.completeness is not None
    assert of_latents.completeness < 0.9


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: mig(np.ones((3, 2)), np.ones((4, 2), dtype=int)), "same n"),
    (lambda: mig(np.ones((1, 2)), np.ones((1, 2), dtype=int)), "two images"),
    (lambda: mig(np.full((3, 2), np.inf), np.arange(6).reshape(3, 2)), "finite"),
    (lambda: mig(np.ones((3, 2)), np.ones((3, 2), dtype=int)), "no factor"),
    (lambda: mig(np.ones((3, 2)), np.ones((3, 2))), "whole numbers"),
    (lambda: factor_vae_score(np.ones((3, 2)), np.arange(6).reshape(3, 2)), "8 images"),
    (lambda: sap(perfect(grid()), grid(), perfect(grid())[:, :2], grid()), "same dimensions"),
    (lambda: dci(perfect(grid()), grid(), perfect(grid()), grid(), model="lasso"), "lasso"),  # type: ignore[arg-type]
    (
        lambda: finished(
            disentanglement_scores(perfect(grid()), grid(), perfect(grid()), grid(), np.eye(4), [])
        ),
        "W must be",
    ),
]


@pytest.mark.parametrize(("call", "words"), BAD)
def test_bad_input_is_said_in_a_sentence(call: Callable[[], Any], words: str) -> None:
    """Never a traceback of numpy."""
    with pytest.raises(InputError, match=words):
        call()
