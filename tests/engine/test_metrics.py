"""Metrics on cases worked out by hand, and golden figures under a fixed seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from datasets.factors import Factor, FactorSpace
from engine.metrics.images import psnr_db, psnr_of_images
from engine.metrics.intervals import macro, macro_interval
from engine.metrics.retrieval import RetrievalTally

SPACE = FactorSpace((Factor("hue", ("a", "b", "c")), Factor("size", ("s", "l"))))


def answers(*actions: int) -> np.ndarray:
    """Log-probabilities whose best action is as given, of four."""
    scores = np.full((len(actions), 4), -3.0, np.float32)
    scores[np.arange(len(actions)), actions] = -0.1
    return scores


def test_accuracies_by_hand() -> None:
    """Actions: 0 hue+, 1 size+, 2 hue-, 3 size-. Right direction and right factor are told apart."""
    tally = RetrievalTally(SPACE)
    tally.add(answers(0, 0, 2, 1), np.array([0, 0, 0, 1]))
    tally.add(answers(1), np.array([3]))
    report = tally.report(train_pairs=np.array([40, 20, 40, 20]))
    # hue+: 2 of 3, size+: 1 of 1, size-: 0 of 1
    assert report["directed_accuracy"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    # hue: 3 of 3, size: 2 of 2
    assert report["factor_accuracy"] == pytest.approx(1.0)
    of_action = {name: figures["directed_accuracy"] for name, figures in report["per_action"].items()}
    assert of_action == pytest.approx({"hue+": 2 / 3, "size+": 1.0, "size-": 0.0})
    assert report["chance"] == pytest.approx(1 / 3)
    assert report["factor_chance"] == pytest.approx(1 / 2)
    assert report["confusion"] == [[2, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert report["pairs"] == 5


def test_a_majority_answer_is_no_good_in_a_macro_average() -> None:
    """Nine in ten pairs are one action: always answering it scores a half, not nine tenths."""
    truth = np.array([0] * 90 + [1] * 10)
    assert macro(truth == 0, truth) == pytest.approx(0.5)


def test_intervals_shrink_with_pairs_and_hold_the_truth() -> None:
    """The bootstrap agrees with the normal approximation, and 400 times the pairs give a twentieth."""
    rng = np.random.default_rng(0)
    few, many = rng.random(100) < 0.8, rng.random(40_000) < 0.8
    low, high = macro_interval(few, np.zeros(100, int))
    expected = 2 * 1.96 * math.sqrt(few.mean() * (1 - few.mean()) / 100)
    assert high - low == pytest.approx(expected, rel=0.15)
    low_many, high_many = macro_interval(many, np.zeros(40_000, int))
    assert low_many < 0.8 < high_many
    assert high_many - low_many < (high - low) / 15


def test_psnr_by_hand() -> None:
    """An error of 0.1 everywhere is 20 dB; the two forms agree; identical images stay finite."""
    target = torch.full((1, 3, 4, 4), 0.5)
    assert float(psnr_db(target + 0.1, target)) == pytest.approx(20.0, abs=1e-4)
    assert float(psnr_db(target, target)) == pytest.approx(100.0)
    image = np.full((1, 4, 4, 3), 100, np.uint8)
    assert psnr_of_images(image + 51, image)[0] == pytest.approx(-20 * math.log10(0.2))
