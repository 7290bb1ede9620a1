"""Builds the cache of a grid set: draws pairs and renders each image once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from datasets.cache import SPLITS, Transitions
from datasets.recipe import Recipe
from datasets.source import ImageArray, Source
from datasets.splits import Ledger, Pair, Patience, candidates, check_room, digests
from datasets.writer import Meter, Progress, Tables, scratch_files, write_cache

__all__ = ["Progress", "Recipe", "build"]

_TRAIN = SPLITS.index("train")
_SLICE_S = 0.1  # aim of one slice of work between two reports
_MAX_SLICE = 512  # pairs


def build(source: Source, path: Path, recipe: Recipe) -> Iterator[Progress]:
    """Build the cache of a source at `path`, replacing an older one when all is written.

    Each `next()` does about a tenth of a second of work; closing the iterator cancels. The same source
    and recipe give the same arrays.

    Raises:
        DatasetInputError: the source has too few pairs for the recipe.
        SourceError: a file of the source is damaged.
        CacheError: the file cannot be written (full disk, no permission).
    """
    path = Path(path)
    check_room(source.space, sum(recipe.pairs.values()))
    with scratch_files(path) as (scratch, partial):
        yield from _prepare(source)
        ledger, rng = Ledger(), np.random.default_rng(recipe.seed)
        with scratch.open("wb") as images:
            yield from _render(source, recipe, ledger, rng, images)
        closure = ledger.close_under_steps(source.space, _TRAIN, rng)
        yield from write_cache(path, scratch, partial, _tables(source, recipe, ledger, closure))


def _prepare(source: Source) -> Iterator[Progress]:
    meter: Meter | None = None
    for done, total in source.prepare():
        meter = meter or Meter("reading", total)
        yield meter.at(done)


def _render(
    source: Source, recipe: Recipe, ledger: Ledger, rng: np.random.Generator, out: BinaryIO
) -> Iterator[Progress]:
    """Accept the asked number of pairs for each split and append their images to `out`.

    The small splits come first: they are drawn from the untouched grid.
    """
    meter = Meter("rendering", sum(recipe.pairs.values()))
    done, size = 0, 8
    for split in reversed(range(len(SPLITS))):
        wanted = recipe.pairs[SPLITS[split]]
        patience = Patience(SPLITS[split], wanted)
        stream = candidates(source.space, rng)
        have = 0
        while have < wanted:
            start = time.perf_counter()
            block = list(islice(stream, max(1, min(size, wanted - have))))
            have += _accept(source, block, split, ledger, patience, have, out)
            # The outcome does not depend on the size of a slice, only the time between two reports does.
            spent = max(time.perf_counter() - start, 1e-4)
            size = int(np.clip(len(block) * _SLICE_S / spent, max(1, size // 2), min(2 * size, _MAX_SLICE)))
            yield meter.at(done + have)
        done += wanted


def _accept(
    source: Source,
    block: list[Pair],
    split: int,
    ledger: Ledger,
    patience: Patience,
    have: int,
    out: BinaryIO,
) -> int:
    """Offer a block of candidates to the ledger; returns how many were accepted."""
    viable = [pair for pair in block if ledger.is_open(pair, split)]
    indices = sorted({index for pair in viable for index in (pair.before, pair.after)})
    images = source.render(source.space.to_values(indices)) if indices else _no_images(source)
    content = dict(zip(indices, digests(images), strict=True))
    place = {index: i for i, index in enumerate(indices)}
    accepted, new = 0, []
    for pair in block:
        took = False
        fresh: list[int] = []
        if pair.before in content and pair.after in content:
            took, fresh = ledger.offer(pair, split, content[pair.before], content[pair.after])
        accepted += took
        new += fresh
        patience.note(took, have + accepted)
    if new:
        out.write(images[[place[index] for index in new]].data)
    return accepted


def _no_images(source: Source) -> ImageArray:
    return np.empty((0, *source.image_shape), np.uint8)


def _tables(source: Source, recipe: Recipe, ledger: Ledger, closure: list[Pair]) -> Tables:
    pairs = {**ledger.pairs, _TRAIN: ledger.pairs[_TRAIN] + closure}
    grid = np.fromiter(ledger.row_of, np.int64, len(ledger.row_of))
    return Tables(
        name=source.name,
        recipe=recipe,
        space=source.space,
        image_shape=source.image_shape,
        licence=source.licence,
        citation=source.citation,
        factor_values=source.space.to_values(grid),
        splits=np.array(ledger.splits, dtype=np.uint8),
        transitions={split: _transitions(pairs[n], ledger) for n, split in enumerate(SPLITS)},
        null_pairs_dropped=ledger.null_pairs,
        closure_pairs=len(closure),
    )


def _transitions(pairs: list[Pair], ledger: Ledger) -> Transitions:
    rows = ledger.row_of
    table = np.array([(rows[pair.before], rows[pair.after], pair.action) for pair in pairs], dtype=np.int64)
    return Transitions(*table.T)
