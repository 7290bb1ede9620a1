"""Checks a whole cache: what a build promises is counted again from the pixels.

Slower than `Cache.open`, which checks only the shape of things: every image is read once.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import datasets
from datasets.build import Progress
from datasets.cache import SPLITS, Cache
from datasets.pair_rules import HeldOut
from datasets.steps import acted

_BATCH = 512  # images between two reports, some hundredths of a second
_REDRAWN = 64


@dataclass(frozen=True)
class Findings:
    """What was found.

    Attributes:
        images: how many were read.
        leaking: images of the validation or test split whose pixels also occur in another split, and images
            of held-out combinations outside the test.
        null_pairs: transitions whose two images have the same pixels.
        wrong_steps: transitions whose factor values do not differ by what their action makes of them.
        redrawn: images that were drawn again by the source and compared (0: there is no source at hand).
        differing: those of them that came out different.
        fingerprint: a hash of all images, factor values, splits and pairs: equal sets have the same one.
    """

    images: int
    leaking: int
    null_pairs: int
    wrong_steps: int
    redrawn: int
    differing: int
    fingerprint: str

    @property
    def sound(self) -> bool:
        """Nothing that a build promises is broken."""
        return not (self.leaking or self.null_pairs or self.wrong_steps or self.differing)


def verify(cache: Cache) -> Iterator[Progress | Findings]:
    """Read every image; yields `Progress` on the way and `Findings` last. Closing the iterator cancels.

    Raises:
        CacheError: the cache was closed.
    """
    prints = np.zeros(cache.num_images, dtype="S16")
    start = time.perf_counter()
    for first in range(0, cache.num_images, _BATCH):
        rows = np.arange(first, min(first + _BATCH, cache.num_images))
        for row, image in zip(rows, cache.images(rows), strict=True):
            prints[row] = hashlib.blake2b(image.tobytes(), digest_size=15).digest() + b"."
        done = int(rows[-1]) + 1
        rate = done / max(time.perf_counter() - start, 1e-9)
        yield Progress("reading", done, cache.num_images, rate, (cache.num_images - done) / rate)
    redrawn, differing = _redraw(cache)
    yield Findings(
        images=cache.num_images,
        leaking=_leaking(cache, prints),
        null_pairs=_null_pairs(cache, prints),
        wrong_steps=_wrong_steps(cache),
        redrawn=redrawn,
        differing=differing,
        fingerprint=_fingerprint(cache, prints),
    )


def _fingerprint(cache: Cache, prints: np.ndarray) -> str:
    """16 hexadecimal digits, the same on every machine."""
    whole = hashlib.blake2b(prints.tobytes(), digest_size=8)
    pairs = [cache.transitions(split) for split in SPLITS]
    for table in (cache.factors, cache.splits, *(t for p in pairs for t in (p.before, p.after, p.action))):
        whole.update(np.ascontiguousarray(table).astype("<i8").tobytes())
    return whole.hexdigest()


def _leaking(cache: Cache, prints: np.ndarray) -> int:
    """Pixels belong to the split of their first image; every image of another split leaks."""
    _, first, inverse = np.unique(prints, return_index=True, return_inverse=True)
    twice = int((cache.splits != cache.splits[first[inverse]]).sum())
    if not cache.recipe.hold_out or not cache.has_factor_labels:
        return twice
    known = HeldOut(cache.space, cache.recipe.hold_out).of_values(cache.factors)
    return twice + int((known & (cache.splits != SPLITS.index("test"))).sum())


def _null_pairs(cache: Cache, prints: np.ndarray) -> int:
    pairs = [cache.transitions(split) for split in SPLITS]
    return sum(int((prints[p.before] == prints[p.after]).sum()) for p in pairs)


def _wrong_steps(cache: Cache) -> int:
    if not cache.has_factor_labels:
        return 0
    own, pairs = cache.own_values, [cache.transitions(split) for split in SPLITS]
    wrong = [(acted(cache.space, own[p.before], p.action) != own[p.after]).any(axis=1) for p in pairs]
    return sum(int(one.sum()) for one in wrong)


def _redraw(cache: Cache) -> tuple[int, int]:
    """Draw some images again, where the source needs no folder: (how many, how many differ)."""
    known = cache.name in datasets.names() and cache.has_factor_labels
    if not known or datasets.info(cache.name).needs_source or not cache.num_images:
        return 0, 0
    rows = np.linspace(0, cache.num_images - 1, min(_REDRAWN, cache.num_images)).astype(np.int64)
    drawn = datasets.make_source(cache.name).render(cache.factors[rows])
    differ = (drawn != cache.images(rows)).any(axis=(1, 2, 3))
    return len(rows), int(differ.sum())
