"""Whether probabilities mean what they say: reliability diagram and expected calibration error.

Both as in Guo et al. 2017, "On Calibration of Modern Neural Networks", equations 2 and 3: answers are sorted
by their confidence (the probability of the answer given) into 15 bins of equal width; ECE is the mean, over
answers, of |accuracy - mean confidence| of their bin.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.metrics.intervals import DRAWS, percentiles

BINS = 15
AT_ONCE = 50  # samples drawn at a time, to spare memory
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def bin_of(confidence: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
    """The bin of each confidence in 0..1; bin k holds those above k/15, up to (k+1)/15."""
    return np.clip(np.ceil(confidence.astype(np.float64) * BINS) - 1, 0, BINS - 1).astype(np.int64)


def reliability(confidence: npt.NDArray[np.floating[Any]], hit: Bools) -> tuple[Floats, Floats, Floats]:
    """Answers, mean confidence and accuracy of each bin, [15] each; nan where a bin is empty."""
    place = bin_of(confidence)
    answers = np.bincount(place, minlength=BINS).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, weights=confidence, minlength=BINS) / answers
        accuracy = np.bincount(place, weights=hit, minlength=BINS) / answers
    return answers, mean, accuracy


def expected_calibration_error(confidence: npt.NDArray[np.floating[Any]], hit: Bools) -> float:
    """ECE in 0..1 of answers with a confidence each, [n], and whether they are right."""
    answers, mean, accuracy = reliability(confidence, hit)
    return float(np.nansum(answers * np.abs(accuracy - mean)) / max(1.0, answers.sum()))


def reliability_figures(confidence: npt.NDArray[np.floating[Any]], hit: Bools) -> dict[str, Any]:
    """ECE with its 95 % interval, and the bins that hold answers, as the command line prints them."""
    answers, mean, accuracy = reliability(confidence, hit)
    full = answers > 0
    return {
        "ece": expected_calibration_error(confidence, hit),
        "ece_interval": _interval(confidence, hit),
        "reliability": {
            "confidence": mean[full].tolist(),
            "accuracy": accuracy[full].tolist(),
            "pairs": answers[full].astype(int).tolist(),
        },
    }


def _interval(confidence: npt.NDArray[np.floating[Any]], hit: Bools) -> list[float]:
    """95 % interval of ECE: percentiles of redrawn samples, less what redrawing adds on average.

    Every bin's gap is taken without its sign, so noise can only widen it: samples of a sample lie too high.
    """
    rng, count = np.random.default_rng(0), len(hit)
    inside = np.zeros((count, BINS))
    inside[np.arange(count), bin_of(confidence)] = hit - confidence.astype(np.float64)
    values = []
    for _ in range(DRAWS // AT_ONCE):
        times = rng.multinomial(count, np.full(count, 1 / count), AT_ONCE)
        values.append(np.abs(times @ inside).sum(axis=1) / count)
    drawn = np.concatenate(values)
    excess = drawn.mean() - np.abs(inside.sum(axis=0)).sum() / count
    return percentiles(np.clip(drawn - excess, 0, 1))
