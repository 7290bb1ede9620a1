"""Reliability and expected calibration error: cases worked out by hand, limits, an interval that holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.reliability import (
    BINS,
    bin_of,
    expected_calibration_error,
    reliability,
    reliability_figures,
)


def test_a_case_by_hand() -> None:
    """Two bins: four answers at 0.9 of which three are right, one at 0.5 that is wrong."""
    confidence, hit = np.array([0.9] * 4 + [0.5]), np.array([True, True, True, False, False])
    assert expected_calibration_error(confidence, hit) == pytest.approx((4 * abs(0.75 - 0.9) + 0.5) / 5)
    answers, mean, accuracy = reliability(confidence, hit)
    assert answers.sum() == 5
    assert (answers[13], mean[13], accuracy[13]) == (4, pytest.approx(0.9), 0.75)
    assert np.isnan(accuracy[0])


def test_limits() -> None:
    """Sure and right: 0; sure and wrong: 1; half sure and half right: 0."""
    sure = np.ones(10)
    assert expected_calibration_error(sure, np.ones(10, bool)) == 0
    assert expected_calibration_error(sure, np.zeros(10, bool)) == 1
    assert expected_calibration_error(np.full(10, 0.5), np.arange(10) % 2 == 0) == 0


def test_bins_hold_their_upper_edge() -> None:
    """(0, 1/15] is the first bin; 0 falls into it as well, 1 into the last."""
    assert bin_of(np.array([0.0, 1 / 15, 1 / 15 + 1e-9, 1.0])).tolist() == [0, 0, 1, BINS - 1]


def test_errors_of_one_bin_cancel_but_not_of_two() -> None:
    """Too sure and too unsure answers in one bin even out, in two they add up."""
    hit = np.array([True, False])
    assert expected_calibration_error(np.array([0.49, 0.51]), hit) < 0.01
    assert expected_calibration_error(np.array([0.3, 0.9]), hit) == pytest.approx((0.7 + 0.9) / 2)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 300))
def test_it_lies_in_its_interval_mostly_and_in_0_to_1(seed: int, count: int) -> None:
    """Figures are finite; the bins that are told hold all answers."""
    rng = np.random.default_rng(seed)
    confidence, hit = rng.uniform(0, 1, count), rng.random(count) < 0.7
    figures = reliability_figures(confidence, hit)
    assert 0 <= figures["ece"] <= 1
    low, high = figures["ece_interval"]
    assert 0 <= low <= figures["ece"] + 1e-9
    assert figures["ece"] - 1e-9 <= high <= 1
    assert sum(figures["reliability"]["pairs"]) == count


def test_the_interval_holds_what_a_calibrated_model_has() -> None:
    """Answers as right as they are sure: a small error, and an interval around it."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 4000)
    figures = reliability_figures(confidence, rng.random(4000) < confidence)
    assert figures["ece"] < 0.03
    assert figures["ece_interval"][0] <= figures["ece"] <= figures["ece_interval"][1]
