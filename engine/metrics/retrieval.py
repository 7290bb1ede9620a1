"""Action retrieval, measured on pairs (docs/model.md, section 4).

directed accuracy: share of pairs whose most probable action is the true one.
factor accuracy: share of pairs whose most probable action moves the true factor, in either direction.
Both are macro averages: the mean over actions (factors) of the share within it, so that common actions
do not drown rare ones. Chance is 1/A and 1/F over the actions (factors) that occur.
Intervals: 95 %, percentile bootstrap over pairs within each action, 1,000 draws, fixed seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.factors import FactorSpace

BOOTSTRAP_DRAWS = 1000


class RetrievalTally:
    """Collects answers batch by batch."""

    def __init__(self, space: FactorSpace) -> None:
        self._space = space
        self._answers: list[npt.NDArray[np.int64]] = []
        self._truths: list[npt.NDArray[np.int64]] = []

    def add(self, log_probability: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> None:
        """Log-probabilities [n,A] and true actions [n]."""
        self._answers.append(log_probability.argmax(axis=1).astype(np.int64))
        self._truths.append(np.asarray(truth, dtype=np.int64))

    def figures(self) -> dict[str, float]:
        """The two accuracies, macro averages in 0..1."""
        answer, truth = np.concatenate(self._answers), np.concatenate(self._truths)
        f = self._space.num_factors
        return {
            "directed_accuracy": macro(answer == truth, truth),
            "factor_accuracy": macro(answer % f == truth % f, truth % f),
        }

    def report(self) -> dict[str, Any]:
        """Accuracies with intervals and chance, accuracy per action, confusion counts, number of pairs."""
        answer, truth = np.concatenate(self._answers), np.concatenate(self._truths)
        f, names = self._space.num_factors, self._space.action_names
        directed, factor = answer == truth, answer % f == truth % f
        occurring = np.unique(truth)
        confusion = np.zeros((len(names), len(names)), dtype=int)
        np.add.at(confusion, (truth, answer), 1)
        return {
            **self.figures(),
            "directed_accuracy_interval": interval(directed, truth),
            "factor_accuracy_interval": interval(factor, truth % f),
            "chance": 1 / len(occurring),
            "factor_chance": 1 / len(np.unique(occurring % f)),
            "per_action": {names[a]: float(directed[truth == a].mean()) for a in occurring},
            "actions": list(names),
            "confusion": confusion.tolist(),
            "pairs": len(truth),
        }


def macro(hits: npt.NDArray[np.bool_], group: npt.NDArray[np.int64]) -> float:
    """Mean over groups of the share of hits in it."""
    return float(np.mean([hits[group == g].mean() for g in np.unique(group)]))


def interval(hits: npt.NDArray[np.bool_], group: npt.NDArray[np.int64]) -> list[float]:
    """95 % percentile bootstrap of `macro`, [low, high]; each group is drawn again within itself.

    The number of hits of a redrawn group is binomial, so it is drawn as that.
    """
    rng = np.random.default_rng(0)
    shares = []
    for g in np.unique(group):
        inside = hits[group == g]
        shares.append(rng.binomial(len(inside), inside.mean(), BOOTSTRAP_DRAWS) / len(inside))
    low, high = np.percentile(np.mean(shares, axis=0), [2.5, 97.5])
    return [float(low), float(high)]
