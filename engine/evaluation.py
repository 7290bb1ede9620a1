"""A trained run, measured on a split of a cache; a generator, to show progress and to be cancelled."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from datasets.cache import Cache
from engine.errors import InputError
from engine.events import Progressed
from engine.explorer import Explorer
from engine.metrics.images import psnr_of_images
from engine.metrics.retrieval import RetrievalTally
from engine.results import Codes
from engine.run_directory import RunDirectory
from engine.same_data import check_same_data

BATCH = 64
QUALITY_IMAGES = 2000


def evaluation_steps(
    explorer: Explorer, cache: Cache, split: str = "test", limit: int | None = None
) -> Generator[Progressed, None, dict[str, Any]]:
    """Yields progress; returns the figures by name (docs/model.md, section 4).

    Args:
        explorer: the run.
        cache: a cache with the factors that the run was trained on.
        split: "test" for what is reported, "validation" for choices.
        limit: at most so many pairs, the first ones; None takes all.

    Raises:
        RunError: the cache has other factors, image sizes or splits than the run was trained with.
        InputError: there are no pairs in the split.
    """
    check_same_data(RunDirectory(explorer.info.path).description(), cache)
    pairs = cache.transitions(split)
    count = len(pairs) if limit is None else min(limit, len(pairs))
    if count < 1:
        raise InputError(
            f"the {split} split of {cache.path} has no pairs; choose another split or build it again"
        )
    codes, psnr = yield from _encode(explorer, cache, np.unique([pairs.before[:count], pairs.after[:count]]))
    tally = RetrievalTally(cache.space)
    for start in range(0, count, BATCH):
        part = slice(start, min(start + BATCH, count))
        before, after = codes[pairs.before[part]], codes[pairs.after[part]]
        tally.add(explorer.retrieve_codes(before, after)[0], pairs.action[part])
        yield Progressed("retrieving actions", part.stop, count)
    return {**tally.report(), "psnr": psnr, "split": split}


def _encode(
    explorer: Explorer, cache: Cache, rows: np.ndarray
) -> Generator[Progressed, None, tuple[Codes, float]]:
    """Codes by cache row, and the mean PSNR in dB of the first images' reconstructions."""
    codes = np.zeros((cache.num_images, explorer.info.num_variables), dtype=np.int64)
    quality: list[np.ndarray] = []
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        images = cache.images(some)
        codes[some] = explorer.encode(images)
        if start < QUALITY_IMAGES:
            quality.append(psnr_of_images(explorer.decode(codes[some]), images))
        yield Progressed("encoding the images", start + len(some), len(rows))
    return codes, float(np.concatenate(quality).mean())


def evaluate(
    explorer: Explorer, cache: Cache, split: str = "test", limit: int | None = None
) -> dict[str, Any]:
    """`evaluation_steps` run to its end."""
    steps = evaluation_steps(explorer, cache, split, limit)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return dict(end.value)
