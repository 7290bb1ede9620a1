"""Pairs in which several factors changed at once: are just these actions the most probable ones?

The answer is the k factors whose best action is most probable, each with that action, k being the number that
changed; a pair counts when all k actions are right. Chance is one in the number of such answers.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from datasets.cache import Cache
from datasets.factors import FactorSpace
from datasets.several import Several
from engine.calibration import Calibration, scored
from engine.events import Progressed
from engine.metrics.intervals import mean_interval
from engine.results import SEVERAL_ACTIONS

if TYPE_CHECKING:
    from engine.explorer import Explorer

BATCH = 64
Ints = npt.NDArray[np.int64]


def several_steps(
    explorer: Explorer, cache: Cache, calibration: Calibration, most: int | None = None
) -> Generator[Progressed, None, dict[str, Any] | None]:
    """Returns `factors` (k), `pairs`, `accuracy`, `accuracy_interval`, `chance`, `told`; None without pairs.

    `told` is the share that calibration takes for more than one action, None where that is not learned.
    At most the first `most` pairs are looked at.
    """
    pairs = cache.several
    if pairs is None or not len(pairs):
        return None
    pairs = Several(*(part[:most] for part in (pairs.before, pairs.after, pairs.actions)))
    rows = np.unique([pairs.before, pairs.after])
    parts = []
    for start in range(0, len(rows), BATCH):
        parts.append(explorer.encode(cache.images(rows[start : start + BATCH])))
        yield Progressed("encoding pairs of several actions", min(start + BATCH, len(rows)), len(rows))
    codes = np.concatenate(parts)
    before, after = (codes[np.searchsorted(rows, ends)] for ends in (pairs.before, pairs.after))
    scores = yield from scored(explorer, before, after, "retrieving several actions")
    count = pairs.actions.shape[1]
    answer = most_probable(cache.space, scores.log_probability, count)
    right = (answer == pairs.actions).all(axis=1)
    kinds = calibration.kinds_of(scores, (before != after).sum(axis=1), before.shape[1])
    several = None if kinds is None else kinds.argmax(axis=1) == SEVERAL_ACTIONS
    return {
        "factors": count,
        "pairs": len(pairs),
        "accuracy": float(right.mean()),
        "accuracy_interval": mean_interval(right.astype(np.float64)),
        "chance": 1 / answers(cache.space, count),
        "told": None if several is None else float(several.mean()),
    }


def most_probable(space: FactorSpace, log_probability: npt.NDArray[np.float32], count: int) -> Ints:
    """The best actions of the `count` best factors, ascending by factor, [n, count]."""
    best = np.full((len(log_probability), space.num_factors), -1, np.int64)
    score = np.full(best.shape, -np.inf)
    for f in range(space.num_factors):
        its = np.array(space.actions_of(f), np.int64)
        if len(its):
            best[:, f] = its[log_probability[:, its].argmax(axis=1)]
            score[:, f] = log_probability[:, its].max(axis=1)
    factors = np.sort(np.argsort(-score, axis=1, kind="stable")[:, :count], axis=1)
    return np.take_along_axis(best, factors, axis=1)


def answers(space: FactorSpace, count: int) -> int:
    """How many choices of one action each of `count` factors there are."""
    ways = [1] + [0] * count  # of the factors so far, by how many of them are chosen
    for f in range(space.num_factors):
        its = len(space.actions_of(f))
        ways = [ways[k] + (its * ways[k - 1] if k else 0) for k in range(count + 1)]
    return ways[count]
