"""Metrics on cases worked out by hand, and golden figures under a fixed seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from datasets.cache import Transitions
from datasets.factors import Factor, FactorSpace
from engine.errors import InputError
from engine.metrics.images import psnr_db, psnr_of_images, ssim_of_images
from engine.metrics.intervals import macro, macro_interval, mean_interval
from engine.metrics.retrieval import RetrievalTally, frequency_slope, training_pairs

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
    assert report["worst_action"] == {"action": "size-", "directed_accuracy": 0.0}
    assert report["per_action"]["hue+"]["train_pairs"] == 40
    assert report["per_action"]["hue+"]["pairs"] == 3
    assert report["per_action"]["size+"]["interval"] == [1.0, 1.0]
    # always answering hue+ is right for one of the three actions that occur
    assert report["majority_accuracy"] == pytest.approx(1 / 3)
    assert report["frequency_slope"] == pytest.approx((2 / 3 - 1 / 2) / math.log10(2))


def test_a_majority_answer_is_no_good_in_a_macro_average() -> None:
    """Nine in ten pairs are one action: always answering it scores a half, not nine tenths."""
    truth = np.array([0] * 90 + [1] * 10)
    assert macro(truth == 0, truth) == pytest.approx(0.5)


def test_pairs_count_for_both_directions() -> None:
    """Two factors: three pairs of 0+, one of 0-, two of 1-."""
    action, none = np.array([0, 0, 0, 2, 3, 3]), np.zeros(6, dtype=np.int64)
    back = np.array([2, 2, 2, 0, 1, 1])
    assert training_pairs(Transitions(none, none, action, np.full(6, -1)), 4).tolist() == [3, 0, 1, 2]
    assert training_pairs(Transitions(none, none, action, back), 4).tolist() == [4, 2, 4, 2]


def test_slopes_by_hand() -> None:
    """Ten times the pairs, 0.2 more; rare actions as good as common ones; all equally frequent; none seen."""
    accuracy = np.array([0.5, 0.7, 0.9])
    assert frequency_slope(accuracy, np.array([10, 100, 1000])) == pytest.approx(0.2)
    assert frequency_slope(accuracy, np.array([1000, 100, 10])) == pytest.approx(-0.2)
    assert frequency_slope(np.full(3, 0.8), np.array([10, 100, 1000])) == pytest.approx(0.0)
    assert frequency_slope(accuracy, np.array([100, 120, 150])) is None
    assert frequency_slope(accuracy, np.array([100, 120, 151])) is not None
    assert frequency_slope(accuracy, np.array([0, 0, 10])) is None
    # without training pairs an action has no place on the axis
    assert frequency_slope(accuracy, np.array([0, 10, 100])) == pytest.approx(0.2)


def test_intervals_of_macro_averages_are_drawn_within_groups() -> None:
    """Groups that differ but do not vary leave no doubt, however many pairs each has."""
    group = np.array([0] * 50 + [1] * 2)
    assert macro_interval(group == 1, group) == [0.5, 0.5]
    assert macro_interval(np.where(group == 1, 3.0, 1.0), group) == pytest.approx([2.0, 2.0])


def test_intervals_of_numbers_and_of_hits_agree() -> None:
    """Hits as numbers are redrawn one by one; the binomial short cut gives the same interval."""
    rng = np.random.default_rng(1)
    hits, group = rng.random(600) < 0.3, rng.integers(0, 3, 600)
    assert macro_interval(hits, group) == pytest.approx(macro_interval(hits.astype(float), group), abs=0.01)
    spread = rng.normal(5.0, 2.0, 900)
    low, high = mean_interval(spread)
    assert low < spread.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * spread.std() / 30, rel=0.15)


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


def test_ssim_of_flat_images_by_hand() -> None:
    """Without variance only the luminance term is left: (2 x y + c1) / (x^2 + y^2 + c1)."""
    x, y = np.full((1, 12, 15, 3), 100, np.uint8), np.full((1, 12, 15, 3), 150, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim_of_images(x, y)[0] == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1))
    assert ssim_of_images(x, x)[0] == pytest.approx(1.0)


def test_ssim_is_the_definition_window_by_window() -> None:
    """Every window of the published definition, in plain loops, channels apart, images apart."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (2, 13, 12, 2), dtype=np.uint8)
    y = np.clip(x + rng.normal(0, 40, x.shape), 0, 255).astype(np.uint8)
    axis = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(axis, axis) / axis.sum() ** 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    expected = np.zeros(2)
    for image in range(2):
        parts = []
        for channel in range(2):
            for row in range(3):
                for column in range(2):
                    a, b = (
                        z[image, row : row + 11, column : column + 11, channel].astype(float) for z in (x, y)
                    )
                    mean_a, mean_b = (window * a).sum(), (window * b).sum()
                    variance_a = (window * (a - mean_a) ** 2).sum()
                    variance_b = (window * (b - mean_b) ** 2).sum()
                    covariance = (window * (a - mean_a) * (b - mean_b)).sum()
                    parts.append(
                        (2 * mean_a * mean_b + c1)
                        * (2 * covariance + c2)
                        / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2))
                    )
        expected[image] = np.mean(parts)
    assert ssim_of_images(x, y) == pytest.approx(expected)
    assert ssim_of_images(x, y) == pytest.approx(ssim_of_images(y, x))
    assert (ssim_of_images(x, 255 - x) < 0).all(), "a negative has the opposite structure"


def test_ssim_needs_room_for_its_window() -> None:
    """Ten pixels are too few: a sentence, not an empty mean."""
    with pytest.raises(InputError, match="at least 11 x 11"):
        ssim_of_images(np.zeros((1, 10, 20, 3), np.uint8), np.zeros((1, 10, 20, 3), np.uint8))
