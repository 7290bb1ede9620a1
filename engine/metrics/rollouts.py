"""One action several times in a row: does the target keep moving, do the others keep still?

From every image only as many repetitions count as its factor has steps left, so longer rollouts are over
fewer images, and over fewer actions where a factor has few values.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import datasets
from datasets.cache import SPLITS, Cache
from datasets.errors import DatasetError
from datasets.source import ImageArray, Source
from engine.events import Progressed
from engine.explorer import Explorer
from engine.metrics.intervals import macro, macro_interval
from engine.metrics.interventions import Ints, intended, judge, possible
from engine.metrics.probes import Probes
from engine.results import Codes

REPETITIONS = 5
BATCH = 64


def rollout_steps(
    explorer: Explorer, cache: Cache, probes: Probes, codes: Codes, values: Ints, action: Ints
) -> Generator[Progressed, None, list[dict[str, Any]]]:
    """Figures after 1 to 5 repetitions, one entry for each number that some image allows.

    Args:
        explorer: the run.
        cache: where, or from whose source, the true images k steps away are found.
        probes: what reads.
        codes: of the images to start from, [P,N].
        values: their true factor values, [P,F].
        action: the action for each, [P].
    """
    truth = TrueImages(cache)
    entries = []
    for k in range(1, REPETITIONS + 1):
        can = possible(values, action, cache.space.sizes, k)
        codes, values, action = codes[can], values[can], action[can]
        if not len(action):
            break
        codes, read = yield from _one_more(explorer, probes, codes, action, k)
        judged = judge(read, values, action, probes.factors, k)
        entries.append(
            {
                "repetitions": k,
                "hit_rate": macro(judged.hit, action),
                "hit_rate_interval": macro_interval(judged.hit, action),
                "collateral_rate": macro(judged.collateral, action),
                "pairs": len(action),
                "actions": len(np.unique(action)),
                "ceiling": _ceiling(explorer, truth, probes, values, action, k),
            }
        )
    return entries


def _one_more(
    explorer: Explorer, probes: Probes, codes: Codes, action: Ints, k: int
) -> Generator[Progressed, None, tuple[Codes, Ints]]:
    """Codes after one more repetition, and what the probes read of them."""
    after, read = [], []
    for start in range(0, len(codes), BATCH):
        part = slice(start, start + BATCH)
        after.append(explorer.apply_actions(codes[part], action[part]))
        read.append(probes.read(explorer.decode(after[-1])))
        done = min(start + BATCH, len(codes))
        yield Progressed(f"repeating actions, {k} of {REPETITIONS}", done, len(codes))
    return np.concatenate(after), np.concatenate(read)


def _ceiling(
    explorer: Explorer, truth: TrueImages, probes: Probes, values: Ints, action: Ints, k: int
) -> float | None:
    """Hit rate of the probes on reconstructions of the true images; None when there are none."""
    images, known = truth.find(intended(values, action, k))
    if not len(images):
        return None
    read = [
        probes.read(explorer.decode(explorer.encode(images[start : start + BATCH])))
        for start in range(0, len(images), BATCH)
    ]
    judged = judge(np.concatenate(read), values[known], action[known], probes.factors, k)
    return macro(judged.hit, action[known])


class TrueImages:
    """Real images by factor values: drawn by the data set's source, else looked up in the cache.

    Training images are left out, since the autoencoder knows them.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._source = _source_of(cache)

    def find(self, values: Ints) -> tuple[ImageArray, npt.NDArray[np.bool_]]:
        """Factor values [n,F] -> images [m,h,w,c] of those that are known, and which these are, bool [n]."""
        rows = np.array([-1 if r is None else r for r in map(self._cache.find, values)], dtype=np.int64)
        training = (rows >= 0) & (self._cache.splits[rows] == SPLITS.index("train"))
        known: npt.NDArray[np.bool_] = ~training if self._source else ~training & (rows >= 0)
        if self._source:
            return self._source.render(values[known]), known
        return self._cache.images(rows[known]), known


def _source_of(cache: Cache) -> Source | None:
    """The source that draws the cache's images, when it is at hand."""
    try:
        folder = Path(cache.recipe.source) if cache.recipe.source else None
        source = datasets.make_source(cache.name, folder)
    except DatasetError:
        return None
    return source if source.space == cache.space and source.image_shape == cache.image_shape else None
