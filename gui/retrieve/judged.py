"""Tables made of judged pairs: numpy in, numbers out; no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.factors import FactorSpace
from engine.results import JudgedPairs
from gui.words import readable, readable_action


@dataclass(frozen=True)
class Share:
    """One bar: how many of some pairs have the right answer."""

    label: str
    right: int
    pairs: int

    @property
    def accuracy(self) -> float:
        """In 0..1; 0 without pairs."""
        return self.right / self.pairs if self.pairs else 0.0


def confusion(judged: JudgedPairs, actions: int) -> npt.NDArray[np.int64]:
    """Pairs of each true action (row) with each answer (column), [A,A]."""
    counts = np.zeros((actions, actions), dtype=np.int64)
    np.add.at(counts, (judged.truth, judged.answer), 1)
    return counts


def by_action(judged: JudgedPairs, space: FactorSpace) -> list[Share]:
    """Directed accuracy of each action that occurs."""
    return _shares(judged, judged.truth, [readable_action(name) for name in space.action_names])


def by_factor(judged: JudgedPairs, space: FactorSpace) -> list[Share]:
    """Of each factor: the share of pairs whose answer moves it, in whatever direction."""
    asked = space.action_factors[judged.truth]
    right = asked == space.action_factors[judged.answer]
    return _shares(judged, asked, [readable(name) for name in space.names], right)


def by_value(judged: JudgedPairs, space: FactorSpace) -> list[Share]:
    """Directed accuracy for each value that the moved factor had before."""
    shares = []
    for f, factor in enumerate(space.factors):
        of_factor = space.action_factors[judged.truth] == f
        for value, name in enumerate(factor.values):
            chosen = of_factor & (judged.value == value)
            if chosen.any():
                right = int((judged.truth == judged.answer)[chosen].sum())
                shares.append(Share(_value_words(factor.name, name), right, int(chosen.sum())))
    return shares


def by_frequency(judged: JudgedPairs, space: FactorSpace) -> list[Share]:
    """Directed accuracy of each action, the one with the fewest training pairs first."""
    names = space.action_names
    labels = [f"{readable_action(n)} ({judged.train_pairs[a]:,})" for a, n in enumerate(names)]
    order = np.argsort(judged.train_pairs, kind="stable")
    place = np.argsort(order)
    return _shares(judged, place[judged.truth], [labels[a] for a in order])


def _value_words(factor: str, value: str) -> str:
    """A value with its factor, which some values name themselves: "hair 3" of "hair"."""
    words = readable(factor)
    return readable(value) if readable(value).startswith(f"{words} ") else f"{words} {value}"


BY_VALUE = "by value before"
TABLES = {
    "by action": by_action,
    "by factor": by_factor,
    BY_VALUE: by_value,
    "by training pairs": by_frequency,
}


def _shares(
    judged: JudgedPairs,
    group: npt.NDArray[np.int64],
    labels: list[str],
    right: npt.NDArray[np.bool_] | None = None,
) -> list[Share]:
    right = judged.truth == judged.answer if right is None else right
    pairs = np.bincount(group, minlength=len(labels))
    hits = np.bincount(group, weights=right, minlength=len(labels))
    return [Share(label, int(h), int(n)) for label, h, n in zip(labels, hits, pairs, strict=True) if n]
