"""Macro averages and their 95 % intervals, one way for every figure.

A macro average is the mean over groups (actions, as a rule) of the mean within a group, so that common
actions do not drown rare ones. Intervals: percentile bootstrap (Efron 1979) with 1,000 draws and a fixed
seed; each group is drawn again within itself (stratified), as many as it has.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DRAWS = 1000
Values = npt.NDArray[np.bool_] | npt.NDArray[np.float64]


def macro(values: Values, group: npt.NDArray[np.int64]) -> float:
    """Mean over groups of the mean of `values` [n] in it; hits are 0 or 1."""
    return float(np.mean([values[group == g].mean() for g in np.unique(group)]))


def macro_interval(values: Values, group: npt.NDArray[np.int64]) -> list[float]:
    """95 % interval [low, high] of `macro`.

    The number of hits of a redrawn group of hits is binomial, so it is drawn as that.
    """
    rng = np.random.default_rng(0)
    means = []
    for g in np.unique(group):
        inside = values[group == g]
        n = len(inside)
        if inside.dtype == np.bool_:
            means.append(rng.binomial(n, inside.mean(), DRAWS) / n)
        else:
            means.append(_redrawn_means(inside.astype(np.float64), rng))
    low, high = np.percentile(np.mean(means, axis=0), [2.5, 97.5])
    return [float(low), float(high)]


def mean_interval(values: Values) -> list[float]:
    """95 % interval [low, high] of the plain mean of `values` [n]."""
    return macro_interval(values, np.zeros(len(values), dtype=np.int64))


def redrawn(count: int) -> npt.NDArray[np.float64]:
    """How often each of `count` images occurs in each sample with replacement, [DRAWS, count].

    For figures that are no means: each is computed again with every row as weights.
    """
    rng = np.random.default_rng(0)
    return rng.multinomial(count, np.full(count, 1 / count), DRAWS).astype(np.float64)


def percentiles(values: npt.NDArray[np.float64]) -> list[float]:
    """95 % interval [low, high] of a figure's redrawn values [DRAWS]; those not finite are left out."""
    low, high = np.percentile(values[np.isfinite(values)], [2.5, 97.5])
    return [float(low), float(high)]


def _redrawn_means(values: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Means of samples with replacement, [DRAWS]; sample by sample, to spare memory."""
    n = len(values)
    return np.array([values[rng.integers(0, n, n)].mean() for _ in range(DRAWS)])
