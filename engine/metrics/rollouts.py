"""One action several times in a row: does the target keep moving, do the others keep still?

From every image only as many repetitions count as its factor has steps left, so longer rollouts are over
fewer images, and over fewer actions where a factor has few values.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import datasets
from datasets.cache import SPLITS, Cache
from datasets.errors import DatasetError
from datasets.pair_rules import acting
from datasets.source import ImageArray, Source
from datasets.steps import PlainSteps, Steps, acted
from engine.events import Progressed
from engine.explorer import Explorer
from engine.metrics.intervals import macro, macro_interval
from engine.metrics.interventions import Ints, Judged, judge, macro_or_none
from engine.metrics.probes import Probes
from engine.metrics.subject import BATCH, is_grid
from engine.results import Codes

REPETITIONS = 5


@dataclass(frozen=True)
class Starts:
    """Where the rollouts start.

    Attributes:
        codes: of the images, [P,N].
        own: their own values (datasets.steps), [P,F].
        action: the action for each, [P].
        codes_after: of the true images after one action, [P,N].
    """

    codes: Codes
    own: Ints
    action: Ints
    codes_after: Codes

    def kept(self, keep: npt.NDArray[np.bool_]) -> Starts:
        """Some of them, by a mask [P]."""
        return Starts(self.codes[keep], self.own[keep], self.action[keep], self.codes_after[keep])


def rollout_steps(
    explorer: Explorer, cache: Cache, probes: Probes, starts: Starts
) -> Generator[Progressed, None, list[dict[str, Any]]]:
    """Figures after 1 to 5 repetitions, one entry for each number that some image allows.

    Args:
        explorer: the run.
        cache: where, or from whose source, the true images some steps away are found.
        probes: what reads.
        starts: images and actions.
    """
    truth, codes = TrueImages(cache), starts.codes
    entries = []
    for k in range(1, REPETITIONS + 1):
        wanted, can = truth.after(starts.own, starts.action, k)
        starts, codes, wanted = starts.kept(can), codes[can], wanted[can]
        if not len(starts.action):
            break
        codes, read = yield from _one_more(explorer, probes, codes, starts.action, k)
        judged = judge(read, wanted, truth.target(starts.action), probes.factors)
        ceiling = yield from _ceiling(explorer, truth, probes, starts, wanted, k)
        entries.append({**_entry(judged, starts.action), "repetitions": k, "ceiling": ceiling})
    return entries


def _entry(judged: Judged, action: Ints) -> dict[str, Any]:
    return {
        "hit_rate": macro(judged.hit, action),
        "hit_rate_interval": macro_interval(judged.hit, action),
        "collateral_rate": macro_or_none(judged.collateral, action),
        "pairs": len(action),
        "actions": len(np.unique(action)),
    }


def _one_more(
    explorer: Explorer, probes: Probes, codes: Codes, action: Ints, k: int
) -> Generator[Progressed, None, tuple[Codes, Ints]]:
    """Codes after one more repetition, and what the probes read of them."""
    after, read = [], []
    for start in range(0, len(codes), BATCH):
        part = slice(start, start + BATCH)
        acted = explorer.apply_actions(codes[part], action[part])
        after.append(acted.codes)
        read.append(probes.read(acted.images))
        done = min(start + BATCH, len(codes))
        yield Progressed(f"repeating actions, {k} of {REPETITIONS}", done, len(codes))
    return np.concatenate(after), np.concatenate(read)


def _ceiling(
    explorer: Explorer, truth: TrueImages, probes: Probes, starts: Starts, wanted: Ints, k: int
) -> Generator[Progressed, None, float | None]:
    """Hit rate of the probes on reconstructions of the true images k steps away; None without any.

    For one step these are the pairs' own images after.
    """
    if k == 1:
        codes, known = starts.codes_after, np.ones(len(starts.action), dtype=np.bool_)
    else:
        images, known = truth.find(wanted)
        if not len(images):
            return None
        codes = np.concatenate([explorer.encode(images[i : i + BATCH]) for i in range(0, len(images), BATCH)])
    read = []
    for start in range(0, len(codes), BATCH):
        read.append(probes.read(explorer.decode(codes[start : start + BATCH])))
        yield Progressed("reading the true images", min(start + BATCH, len(codes)), len(codes))
    action = starts.action[known]
    judged = judge(np.concatenate(read), wanted[known], truth.target(action), probes.factors)
    return macro(judged.hit, action)


class TrueImages:
    """Real images by factor values: drawn by the data set's source, else looked up in the cache.

    Training images are left out, since the autoencoder knows them.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def target(self, action: Ints) -> Ints:
        """The factors of actions [n]."""
        return self._cache.space.action_factors[action]

    def find(self, values: Ints) -> tuple[ImageArray, npt.NDArray[np.bool_]]:
        """Factor values [n,F] -> images [m,h,w,c] of those that are known, and which these are, bool [n]."""
        rows = np.array([-1 if r is None else r for r in map(self._cache.find, values)], dtype=np.int64)
        training = (rows >= 0) & (self._cache.splits[rows] == SPLITS.index("train"))
        known: npt.NDArray[np.bool_] = ~training if self._source else ~training & (rows >= 0)
        if self._source and known.any():
            return self._source.render(values[known]), known
        return self._cache.images(rows[known]), known

    def after(self, own: Ints, action: Ints, k: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Factor values [n,F] after actions [n], done k times to own values [n,F], and which are known, [n].

        Not known are those outside the set, and where factors cause one another and their source is not at
        hand, those that no image of the cache has.
        """
        wanted = acted(self._cache.space, own, action, k)
        if self._cache.own_values is self._cache.factors:
            return PlainSteps(self._cache.space).settle(wanted)
        source: object = self._source
        if isinstance(source, Steps):
            return source.settle(wanted)
        rows = np.array([self._row_of.get(tuple(one), -1) for one in wanted.tolist()], dtype=np.int64)
        return self._cache.factors[rows], rows >= 0

    @cached_property
    def _row_of(self) -> dict[tuple[int, ...], int]:
        """The row of the cache that has these own values."""
        return {tuple(own): row for row, own in enumerate(self._cache.own_values.tolist())}

    @cached_property
    def _source(self) -> Source | None:
        """The source that draws the cache's images, when it is at hand."""
        cache = self._cache
        if not is_grid(cache):
            return None
        try:
            source = datasets.make_source(
                cache.name, Path(cache.recipe.source) if cache.recipe.source else None
            )
            same = acting(source.space, cache.recipe) == cache.space
            if same and source.image_shape == cache.image_shape:
                source.render(cache.factors[:1])  # some sources only read files, and cannot draw
                return source
        except DatasetError:
            return None
        return None
