"""Builds a cache: draws pairs, renders each image once, writes one file, atomically.

Images are appended to a scratch file while pairs are accepted, because their number is known only at
the end (pairs share images, and refused pairs leave none). The HDF5 file is then made with the exact
size and the scratch file is copied into it. Both carry the name of the cache with a leading dot and
stand beside it; a cancelled or failed build removes them.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from datasets.cache import FORMAT, SPLITS, VERSION
from datasets.errors import CacheError
from datasets.recipe import Recipe
from datasets.source import ImageArray, Source
from datasets.splits import Ledger, Pair, Patience, candidates, check_room, digests

if TYPE_CHECKING:
    import h5py

__all__ = ["Progress", "Recipe", "build"]

_TRAIN = SPLITS.index("train")
_SLICE_S = 0.1  # aim of one slice of work between two reports
_MAX_SLICE = 512  # pairs
_COPY_BYTES = 1 << 24
_SCRATCH = ("images", "partial")  # endings
_STALE_S = 3600.0  # a scratch file that nobody wrote to for so long belongs to a killed build


@dataclass(frozen=True)
class Progress:
    """How far a build is.

    Attributes:
        stage: "reading" (counts source files), "rendering" (counts pairs) or "writing" (counts images).
        done, total: of the stage.
        rate: a second, 0 while unknown.
        remaining_s: estimate for the stage, seconds.
    """

    stage: str
    done: int
    total: int
    rate: float
    remaining_s: float


class _Meter:
    """Turns counts into `Progress`."""

    def __init__(self, stage: str, total: int) -> None:
        self._stage, self._total, self._start = stage, total, time.perf_counter()

    def at(self, done: int) -> Progress:
        elapsed = time.perf_counter() - self._start
        rate = done / elapsed if elapsed > 0 else 0.0
        remaining = (self._total - done) / rate if rate > 0 else 0.0
        return Progress(self._stage, done, self._total, rate, remaining)


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
    if path.is_dir():
        raise CacheError(f"'{path}' is a folder; name the file to write, such as '{path / source.name}.h5'")
    token = secrets.token_hex(4)  # two builds of one cache must not share a scratch file
    scratch, partial = (path.with_name(f".{path.name}.{token}.{ending}") for ending in _SCRATCH)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        yield from _prepare(source)
        ledger, rng = Ledger(), np.random.default_rng(recipe.seed)
        with scratch.open("wb") as images:
            yield from _render(source, recipe, ledger, rng, images)
        closure = ledger.close_under_steps(source.space, _TRAIN, rng)
        offset = _write_tables(partial, source, recipe, ledger, closure)
        yield from _copy(scratch, partial, offset, len(ledger.splits))
        partial.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CacheError(
            f"the cache '{path}' cannot be written ({reason}); free some space or choose another place "
            "with --out or DOSCOPE_HOME"
        ) from error
    finally:
        for leftover in (scratch, partial):
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    """Remove what a killed build of the same cache left behind."""
    for ending in _SCRATCH:
        for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.{ending}"):
            with contextlib.suppress(OSError):
                if time.time() - leftover.stat().st_mtime > _STALE_S:
                    leftover.unlink()


def _prepare(source: Source) -> Iterator[Progress]:
    meter: _Meter | None = None
    for done, total in source.prepare():
        meter = meter or _Meter("reading", total)
        yield meter.at(done)


def _render(
    source: Source, recipe: Recipe, ledger: Ledger, rng: np.random.Generator, out: BinaryIO
) -> Iterator[Progress]:
    """Accept the asked number of pairs for each split and append their images to `out`.

    The small splits come first: they are drawn from the untouched grid.
    """
    meter = _Meter("rendering", sum(recipe.pairs.values()))
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


def _write_tables(path: Path, source: Source, recipe: Recipe, ledger: Ledger, closure: list[Pair]) -> int:
    """Write everything but the pixels; returns the byte offset at which the pixels belong."""
    import h5py

    pairs = {**ledger.pairs, _TRAIN: ledger.pairs[_TRAIN] + closure}
    grid = np.fromiter(ledger.row_of, np.int64, len(ledger.row_of))
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "format": FORMAT,
                "version": VERSION,
                "name": source.name,
                "recipe": json.dumps(recipe.to_json()),
                "factors": json.dumps(source.space.to_json()),
                "licence": source.licence,
                "citation": source.citation,
                "null_pairs_dropped": ledger.null_pairs,
                "closure_pairs": len(closure),
            }
        )
        file["factor_values"] = source.space.to_values(grid).astype(np.int32)
        file["splits"] = np.array(ledger.splits, dtype=np.uint8)
        for number, split in enumerate(SPLITS):
            _write_pairs(file.create_group(f"transitions/{split}"), pairs[number], ledger)
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_layout(h5py.h5d.CONTIGUOUS)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple((len(grid), *source.image_shape))
        images = h5py.h5d.create(file.id, b"images", h5py.h5t.NATIVE_UINT8, space, layout)
        return int(images.get_offset())


def _write_pairs(group: h5py.Group, pairs: list[Pair], ledger: Ledger) -> None:
    rows = ledger.row_of
    table = np.array([(rows[pair.before], rows[pair.after], pair.action) for pair in pairs], dtype=np.int32)
    for column, key in enumerate(("before", "after", "action")):
        group[key] = table[:, column]


def _copy(scratch: Path, partial: Path, offset: int, num_images: int) -> Iterator[Progress]:
    """Copy the pixels to their place and bring them to the disk, piece by piece."""
    meter = _Meter("writing", num_images)
    total = scratch.stat().st_size
    with scratch.open("rb") as pixels, partial.open("r+b") as file:
        file.seek(offset)
        copied = 0
        while piece := pixels.read(_COPY_BYTES):
            file.write(piece)
            file.flush()
            os.fsync(file.fileno())  # now, so that the last one is not long
            copied += len(piece)
            yield meter.at(num_images * copied // total)
