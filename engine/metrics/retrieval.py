"""Action retrieval, measured on pairs (docs/model.md, section 4).

directed accuracy: share of pairs whose most probable action is the true one.
factor accuracy: share of pairs whose most probable action moves the true factor, in whatever direction.
Both are macro averages over actions (factors). Chance is 1/A and 1/F over the actions (factors) that occur.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.cache import Transitions
from datasets.factors import FactorSpace
from engine.metrics.intervals import macro, macro_interval

EVEN = 1.5  # numbers of training pairs within this ratio are the same: no slope


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
        answered, asked = (self._space.action_factors[actions] for actions in (answer, truth))
        return {
            "directed_accuracy": macro(answer == truth, truth),
            "factor_accuracy": macro(answered == asked, asked),
        }

    def report(self, train_pairs: npt.NDArray[np.int64]) -> dict[str, Any]:
        """Accuracies with intervals and chance, figures per action, confusion counts, number of pairs.

        Args:
            train_pairs: training pairs of each action, [A].
        """
        answer, truth = np.concatenate(self._answers), np.concatenate(self._truths)
        names, asked = self._space.action_names, self._space.action_factors[truth]
        directed, factor = answer == truth, self._space.action_factors[answer] == asked
        occurring = np.unique(truth)
        confusion = np.zeros((len(names), len(names)), dtype=int)
        np.add.at(confusion, (truth, answer), 1)
        per_action = {names[a]: _of_action(directed[truth == a], int(train_pairs[a])) for a in occurring}
        worst = min(per_action, key=lambda name: per_action[name]["directed_accuracy"])
        accuracy = np.array([directed[truth == a].mean() for a in occurring])
        return {
            **self.figures(),
            "directed_accuracy_interval": macro_interval(directed, truth),
            "factor_accuracy_interval": macro_interval(factor, asked),
            "chance": 1 / len(occurring),
            "factor_chance": 1 / len(np.unique(asked)),
            "per_action": per_action,
            "worst_action": {"action": worst, "directed_accuracy": per_action[worst]["directed_accuracy"]},
            "frequency_slope": frequency_slope(accuracy, train_pairs[occurring]),
            "majority_accuracy": macro(truth == train_pairs.argmax(), truth),
            "actions": list(names),
            "confusion": confusion.tolist(),
            "pairs": len(truth),
        }


def _of_action(hits: npt.NDArray[np.bool_], train_pairs: int) -> dict[str, Any]:
    return {
        "directed_accuracy": float(hits.mean()),
        "interval": macro_interval(hits, np.zeros(len(hits), dtype=np.int64)),
        "pairs": len(hits),
        "train_pairs": train_pairs,
    }


def training_pairs(pairs: Transitions, num_actions: int) -> npt.NDArray[np.int64]:
    """Training pairs of each action, [A].

    Training reads each pair in both directions, so a pair counts for its action and for the one back.
    """
    both = np.concatenate([pairs.action, pairs.back[pairs.back >= 0]])
    return np.bincount(both, minlength=num_actions).astype(np.int64)


def frequency_slope(accuracy: npt.NDArray[np.float64], train_pairs: npt.NDArray[np.int64]) -> float | None:
    """Least-squares slope of directed accuracy [A] per decade of training pairs [A].

    0 means that rare actions are told as well as common ones. None when the numbers of pairs are all within
    a factor of 1.5; actions without training pairs are left out.
    """
    seen = train_pairs > 0
    if seen.sum() < 2 or train_pairs[seen].max() <= EVEN * train_pairs[seen].min():
        return None
    decades = np.log10(train_pairs[seen])
    decades = decades - decades.mean()
    return float((decades * accuracy[seen]).sum() / np.square(decades).sum())
