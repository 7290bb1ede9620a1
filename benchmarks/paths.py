"""Searches for the steps between test images: how often the exact actions are found, and how long it takes.

A pair is two test images whose own values (datasets.steps) differ by so many steps in up to three factors.
All ordered pairs of a length are listed, and as many of them as are wanted drawn without repetition. Where a
data set's actions are not all single steps, or its factor values are not known, no such pair can be named.
"""

from __future__ import annotations

import hashlib
import inspect
import statistics
import time
from itertools import permutations

import numpy as np
import numpy.typing as npt

from benchmarks.pieces import Found, Pieces
from benchmarks.report import Figures
from datasets.cache import Cache
from engine import action_paths
from engine.action_paths import BEAM, find_path, same_multiset
from engine.explorer import Explorer
from engine.metrics.intervals import mean_interval

LENGTHS, MOST_FACTORS = (2, 3, 5), 3
GREEDY_LENGTH = 3
# what was found by another search is not this one's
SEARCH_CODE = hashlib.sha256(inspect.getsource(action_paths).encode()).hexdigest()[:8]
Rows = npt.NDArray[np.int64]


def pairs_apart(cache: Cache, length: int, count: int) -> Rows:
    """Rows of test images so many steps apart, before and after, [n,2]; `count` of them, or all there are."""
    plain = all(factor.acts == "steps" and factor.step == 1 for factor in cache.space.factors)
    if not cache.has_factor_labels or not plain:
        return np.zeros((0, 2), dtype=np.int64)
    rows = cache.rows("test")
    values = cache.own_values[rows].astype(np.int16)
    found = [np.zeros((0, 2), dtype=np.int64)]
    for place, row in enumerate(rows):
        apart = np.abs(values - values[place])
        fitting = (apart.sum(axis=1) == length) & ((apart > 0).sum(axis=1) <= MOST_FACTORS)
        partners = rows[fitting]
        found.append(np.stack([np.full(len(partners), row), partners], axis=1))
    pairs = np.concatenate(found)
    return pairs[np.random.default_rng(length).permutation(len(pairs))[:count]]


def search_figures(explorer: Explorer, cache: Cache, count: int, pieces: Pieces) -> Figures:
    """Shares of pairs whose exact actions are found, by their number, and how long a search takes.

    Raises:
        OutOfTime: there are searches left.
    """
    figures, taken = Figures(), list[float]()
    pairs = {length: pairs_apart(cache, length, count) for length in LENGTHS}
    for length in LENGTHS:
        found = [_searched(explorer, cache, pair, BEAM, pieces) for pair in pairs[length]]
        taken += [float(str(one["s"])) for one in found]
        figures |= _shares(f"path_{length}", found)
        misled = [bool(one["misled"]) for one in found if not one["exact"]]
        figures[f"path_{length}_misled"] = sum(misled) / len(misled) if misled else None
    greedy = [_searched(explorer, cache, pair, 1, pieces) for pair in pairs[GREEDY_LENGTH]]
    figures |= _shares(f"path_{GREEDY_LENGTH}_greedy", greedy)
    figures["path_median_s"] = statistics.median(taken) if taken else None
    figures["path_p95_s"] = float(np.percentile(taken, 95)) if taken else None
    return figures


def _shares(key: str, found: list[Found]) -> Figures:
    """The share of exact ones with its 95 % interval, and of how many pairs; None where there is none."""
    if not found:
        return {key: None, f"{key}_low": None, f"{key}_high": None, f"{key}_pairs": 0}
    hits = np.array([bool(one["exact"]) for one in found])
    low, high = mean_interval(hits)
    return {key: float(hits.mean()), f"{key}_low": low, f"{key}_high": high, f"{key}_pairs": len(hits)}


def _searched(explorer: Explorer, cache: Cache, pair: Rows, beam: int, pieces: Pieces) -> Found:
    before, after = (int(row) for row in pair)

    def work() -> Figures:
        codes = explorer.encode(cache.images([before, after]))
        begun = time.perf_counter()
        path = find_path(explorer, codes[0], codes[1], beam)
        took = time.perf_counter() - begun
        steps = cache.own_values[after].astype(np.int64) - cache.own_values[before]
        exact = same_multiset(path.actions, steps)
        reached = _apart(explorer, path.codes[-1], codes[1])
        misled = not exact and reached < _true_apart(explorer, codes, steps)
        return {"exact": exact, "misled": misled, "s": round(took, 4)}

    return pieces.get(f"search {before} {after} {beam} {SEARCH_CODE}", work)


def _apart(explorer: Explorer, codes: npt.NDArray[np.int64], sought: npt.NDArray[np.int64]) -> float:
    """The distance that the search goes by."""
    latents = explorer.latents(np.stack([codes, sought]))
    return float(np.square(latents[0] - latents[1]).mean())


def _true_apart(explorer: Explorer, codes: npt.NDArray[np.int64], steps: npt.NDArray[np.int64]) -> float:
    """How near the true actions come, in the best order of their factors."""
    changed = np.flatnonzero(steps).tolist()
    found = []
    for order in permutations(changed):
        reached = codes[:1]
        for factor in order:
            action = np.array([factor if steps[factor] > 0 else len(steps) + factor])
            for _ in range(abs(int(steps[factor]))):
                reached = explorer.next_codes(reached, action)
        found.append(_apart(explorer, reached[0], codes[1]))
    return min(found)
