"""Calibration: the temperature, how many actions a pair is told to have, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.cache import Cache
from engine import calibration as module
from engine.calibration import (
    NAME,
    Calibration,
    KindModel,
    alike_pairs,
    calibration_steps,
    fitted_temperature,
    keep_calibration,
    kept_calibration,
    log_softmax,
    pair_numbers,
    unlike_pairs,
)
from engine.errors import InputError
from engine.explorer import Explorer
from engine.results import PairScores
from tests.datasets.drawing import space_of


def sampled(temperature: float, seed: int = 0, count: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities of a model that is too sure by this factor, and the truth."""
    rng = np.random.default_rng(seed)
    honest = log_softmax(rng.normal(0, 2, (count, 6)))
    truth = (np.exp(honest).cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
    return log_softmax(honest * temperature).astype(np.float32), truth.clip(0, 5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found(temperature: float) -> None:
    """What made the model too sure, or not sure enough, is undone."""
    assert fitted_temperature(*sampled(temperature)) == pytest.approx(temperature, rel=0.08)


def test_a_model_without_an_error_is_not_made_certain() -> None:
    """With every answer right the temperature stays within reason, and so do the probabilities."""
    sure = log_softmax(np.eye(4)[np.arange(40) % 4] * 3.0).astype(np.float32)
    temperature = fitted_temperature(sure, np.arange(40) % 4)
    assert 0.1 < temperature < 1
    assert np.exp(log_softmax(sure / temperature)).max() < 0.9999


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 1000), st.floats(0.1, 20))
def test_probabilities_are_probabilities(seed: int, temperature: float) -> None:
    """They sum to one and keep the order of the scores, at any temperature."""
    scores = np.random.default_rng(seed).normal(0, 5, (7, 12)).astype(np.float32)
    pair_scores = PairScores(scores, -scores, np.ones(7, np.float32))
    chance = Calibration("", 1, temperature, 20.0, None).probabilities(pair_scores)
    np.testing.assert_allclose(chance.sum(axis=1), 1, atol=1e-5)
    assert (chance.argmax(axis=1) == scores.argmax(axis=1)).all()


def test_unlike_pairs_differ_by_two_steps_or_more() -> None:
    """Near and far ones; with hardly any room there are fewer, never nearer ones."""
    factors = np.stack(np.unravel_index(np.arange(120), (6, 5, 4)), axis=1)
    first, second = unlike_pairs(space_of(6, 5, 4), factors, 200, np.random.default_rng(0))
    steps = np.abs(factors[first] - factors[second]).sum(axis=1)
    assert len(steps) == 200
    assert steps.min() == 2
    assert (steps <= 5).mean() > 0.5
    assert steps.max() > 5
    grid = np.stack(np.unravel_index(np.arange(480_000), (10, 10, 10, 8, 4, 15)), axis=1)
    sparse = grid[np.random.default_rng(3).integers(0, len(grid), 1500)]
    first, second = unlike_pairs(space_of(10, 10, 10, 8, 4, 15), sparse, 200, np.random.default_rng(0))
    steps = np.abs(sparse[first] - sparse[second]).sum(axis=1)
    assert (steps <= 5).mean() > 0.4
    near = np.array([[0, 0], [0, 1]])
    assert len(unlike_pairs(space_of(2, 2), near, 10, np.random.default_rng(0))[0]) == 0


def test_alike_pairs_are_different_images_of_the_same_values() -> None:
    """Only where several images share their values."""
    factors = np.array([[0, 1], [2, 2], [0, 1], [1, 1], [2, 2], [0, 1]])
    first, second = alike_pairs(factors, 10, np.random.default_rng(0))
    assert len(first) == 3
    assert (first != second).all()
    assert (factors[first] == factors[second]).all()
    assert len(alike_pairs(factors[:2], 10, np.random.default_rng(0))[0]) == 0


def test_kinds_sum_to_one_and_follow_the_numbers() -> None:
    """A model of three kinds on four numbers: the constant decides where the numbers are average."""
    weights = ((0, 0, -4, 0, 0.0), (0, 0, 0, 0, 2.0), (0, 0, 4, 0, 0.0))
    model = KindModel((0, 0, 0.5, 0), (1, 1, 0.25, 1), weights)
    told = model.probabilities(np.array([[0, 0, 0.0, 0], [0, 0, 0.5, 0], [0, 0, 1.0, 0]]))
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-6)
    assert told.argmax(axis=1).tolist() == [0, 1, 2]


@pytest.fixture(scope="module")
def learned(tiny_run: Path, tiny_cache: Path, tmp_path_factory: pytest.TempPathFactory):
    """A copy of the tiny run with what was learned of it."""
    import shutil

    copy = shutil.copytree(tiny_run, tmp_path_factory.mktemp("calibrated") / "run")
    (copy / NAME).unlink(missing_ok=True)
    explorer = Explorer.load(copy, threads=1)
    assert kept_calibration(explorer) is None
    with Cache.open(tiny_cache) as cache:
        return explorer, finished(calibration_steps(explorer, cache))


def finished(steps: Iterator[object]) -> Calibration:
    stages = set()
    while True:
        try:
            stages.add(next(steps).stage)
        except StopIteration as end:
            assert len(stages) >= 3
            return end.value


def test_what_is_learned_is_kept_and_read_again(learned, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same to the last digit; not for other weights, another version, or from a damaged file."""
    explorer, found = learned
    assert found.kinds is not None
    assert found.fingerprint == explorer.info.fingerprint
    assert kept_calibration(explorer) == found
    path = explorer.info.path / NAME
    text = path.read_text()
    for damaged in (
        text.replace(found.fingerprint, "0" * 16),
        text[:-20],
        "[]",
        json.dumps({**json.loads(text), "kinds": {"weights": [[1, 2]], "centre": [], "scale": []}}),
    ):
        path.write_text(damaged)
        assert kept_calibration(explorer) is None
    path.write_text(text)
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    assert kept_calibration(explorer) is None


def test_a_run_in_a_foreign_folder_is_kept_in_the_home(learned, monkeypatch, tmp_path: Path) -> None:
    """Where nothing can be written beside the run, the home folder has it."""
    explorer, found = learned
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder is expected")
    monkeypatch.setattr(
        module, "_places",
        lambda e: (blocked / NAME, tmp_path / "home" / "datasets" / f"calibration-{e.info.fingerprint}.json"),
    )  # fmt: skip
    monkeypatch.setattr(module, "caches_dir", lambda: tmp_path / "home" / "datasets")
    keep_calibration(explorer, found)
    assert kept_calibration(explorer) == found


def test_images_of_the_test_split_are_never_seen(learned, tiny_cache: Path, monkeypatch) -> None:
    """Calibration is learned on validation images alone."""
    explorer, _ = learned
    with Cache.open(tiny_cache) as cache:
        allowed, seen = set(cache.rows("validation").tolist()), []
        real = cache.images
        monkeypatch.setattr(
            cache, "images", lambda rows: (seen.extend(np.ravel(rows).tolist()), real(rows))[1]
        )
        finished(calibration_steps(explorer, cache))
    assert seen
    assert set(seen) <= allowed


def test_a_split_without_pairs_is_refused(learned, tiny_cache: Path) -> None:
    """A sentence, not an index error."""
    explorer, _ = learned
    with Cache.open(tiny_cache) as cache:
        pairs = cache.transitions("validation")
        cache._transitions["validation"] = type(pairs)(*np.zeros((4, 0), np.int64))
        with pytest.raises(InputError, match="no pairs to calibrate"):
            next(calibration_steps(explorer, cache))


def test_the_bundled_model_comes_calibrated_and_tells_kinds_apart() -> None:
    """Fresh pairs with no, one and several steps between them are told apart by what is kept with it."""
    from datasets.shapes import ShapesSource

    explorer, source = Explorer.load("bundled", threads=1), ShapesSource()
    kept = kept_calibration(explorer)
    assert kept is not None
    rng = np.random.default_rng(11)
    values = np.stack([rng.integers(0, size - 2, 40) for size in source.space.sizes], axis=1)
    one, two = values.copy(), values.copy()
    one[:, 2] += 1
    two[:, :3] += 1
    before = source.render(values)
    noise = np.clip(before.astype(int) + rng.integers(-3, 4, before.shape), 0, 255).astype(np.uint8)
    for kind, after in enumerate((noise, source.render(one), source.render(two))):
        codes = explorer.encode(before), explorer.encode(after)
        scores = explorer.retrieve_codes(*codes)
        told = kept.kinds_of(scores, (codes[0] != codes[1]).sum(axis=1), codes[0].shape[1])
        assert (told.argmax(axis=1) == kind).mean() > 0.8, kind


def test_numbers_of_a_pair_are_finite() -> None:
    """Also for identical codes that a model is certain about."""
    scores = PairScores(np.zeros((1, 4), np.float32), np.zeros((1, 4), np.float32), np.zeros(1, np.float32))
    assert np.isfinite(pair_numbers(scores, np.zeros(1, dtype=np.int64), 64)).all()
