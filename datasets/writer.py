"""Writes the file of a cache: tables first, then the pixels behind them, atomically.

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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from datasets.cache import FORMAT, SPLITS, VERSION, Transitions
from datasets.errors import CacheError
from datasets.factors import FactorSpace, IntArray
from datasets.recipe import Recipe
from datasets.several import Several
from datasets.steps import Edges

if TYPE_CHECKING:
    import h5py

_COPY_BYTES = 1 << 24
_SCRATCH = ("images", "partial")  # endings
_STALE_S = 3600.0  # a scratch file that nobody wrote to for so long belongs to a killed build


@dataclass(frozen=True)
class Progress:
    """How far a build is.

    Attributes:
        stage: "reading" (counts source files), "checking" and "importing" (images of a file),
            "rendering" (pairs, drawn images) or "writing" (images).
        done, total: of the stage.
        rate: a second, 0 while unknown.
        remaining_s: estimate for the stage, seconds.
    """

    stage: str
    done: int
    total: int
    rate: float
    remaining_s: float


class Meter:
    """Turns counts into `Progress`; `before` were done before it began."""

    def __init__(self, stage: str, total: int, before: int = 0) -> None:
        self._stage, self._total, self._start = stage, total, time.perf_counter()
        self._before = before

    def at(self, done: int) -> Progress:
        elapsed = time.perf_counter() - self._start
        rate = (done - self._before) / elapsed if elapsed > 0 else 0.0
        remaining = (self._total - done) / rate if rate > 0 else 0.0
        return Progress(self._stage, done, self._total, rate, remaining)


@dataclass(frozen=True)
class Tables:
    """Everything of a cache but its pixels. N images, F factors.

    Attributes:
        name, recipe, space, licence, citation: as in `Cache`.
        image_shape: (height, width, channels).
        factor_values: [N, F]; None where only the actions are known.
        splits: 0 train, 1 validation, 2 test; [N].
        transitions: of each split.
        null_pairs_dropped, closure_pairs: as in `Cache`.
        several: pairs for testing in which several factors change, or None.
        more: further attributes of the root.
        factor_graph, own_values: as in `Cache`, of a set whose factors cause one another.
    """

    name: str
    recipe: Recipe
    space: FactorSpace
    image_shape: tuple[int, int, int]
    licence: str
    citation: str
    factor_values: IntArray | None
    splits: npt.NDArray[np.uint8]
    transitions: Mapping[str, Transitions]
    null_pairs_dropped: int = 0
    closure_pairs: int = 0
    several: Several | None = None
    more: Mapping[str, str | int | bool] = field(default_factory=dict)
    factor_graph: Edges | None = None
    own_values: IntArray | None = None


@contextlib.contextmanager
def scratch_files(path: Path) -> Iterator[tuple[Path, Path]]:
    """The two scratch files (images, partial) of the cache `path`; gone at the end, whatever happens.

    Raises:
        CacheError: something cannot be written (full disk, no permission, a folder of that name).
    """
    if path.is_dir():
        raise CacheError(f"'{path}' is a folder; name the file to write, such as '{path / 'cache.h5'}'")
    token = secrets.token_hex(4)  # two builds of one cache must not share a scratch file
    scratch, partial = (path.with_name(f".{path.name}.{token}.{ending}") for ending in _SCRATCH)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        yield scratch, partial
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


def write_cache(path: Path, scratch: Path, partial: Path, tables: Tables) -> Iterator[Progress]:
    """Put the tables and the pixels of `scratch` together in `partial`, then give it its name."""
    offset = _write_tables(partial, tables)
    yield from _copy(scratch, partial, offset, len(tables.splits))
    partial.replace(path)


def _remove_stale(path: Path) -> None:
    """Remove what a killed build of the same cache left behind."""
    for ending in _SCRATCH:
        for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.{ending}"):
            with contextlib.suppress(OSError):
                if time.time() - leftover.stat().st_mtime > _STALE_S:
                    leftover.unlink()


def _write_tables(path: Path, tables: Tables) -> int:
    """Write everything but the pixels; returns the byte offset at which the pixels belong."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "format": FORMAT,
                "version": VERSION,
                "name": tables.name,
                "recipe": json.dumps(tables.recipe.to_json()),
                "factors": json.dumps(tables.space.to_json()),
                "licence": tables.licence,
                "citation": tables.citation,
                "null_pairs_dropped": tables.null_pairs_dropped,
                "closure_pairs": tables.closure_pairs,
                **tables.more,
            }
        )
        if tables.factor_graph is not None:
            file.attrs["factor_graph"] = json.dumps(tables.factor_graph)
        if tables.own_values is not None:
            file["own_values"] = tables.own_values.astype(np.int32)
        if tables.factor_values is None:
            file.attrs["factor_labels"] = False
        else:
            file["factor_values"] = tables.factor_values.astype(np.int32)
        file["splits"] = tables.splits.astype(np.uint8)
        for split in SPLITS:
            group = file.create_group(f"transitions/{split}")
            for key in ("before", "after", "action", *([] if tables.space.steps_only else ["back"])):
                group[key] = getattr(tables.transitions[split], key).astype(np.int32)
        if tables.several is not None:
            for key in ("before", "after", "actions"):
                file[f"several/{key}"] = getattr(tables.several, key).astype(np.int32)
        return room_for_images(file, (len(tables.splits), *tables.image_shape))


def room_for_images(file: h5py.File, shape: tuple[int, ...]) -> int:
    """Make `images` [N, H, W, C] in one piece; returns the byte offset at which the pixels belong."""
    import h5py

    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_layout(h5py.h5d.CONTIGUOUS)
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    images = h5py.h5d.create(file.id, b"images", h5py.h5t.NATIVE_UINT8, h5py.h5s.create_simple(shape), layout)
    return int(images.get_offset())


def _copy(scratch: Path, partial: Path, offset: int, num_images: int) -> Iterator[Progress]:
    """Copy the pixels to their place and bring them to the disk, piece by piece."""
    meter = Meter("writing", num_images)
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
