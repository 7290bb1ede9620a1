"""Imports a grid set: streams the user's file once into a scratch file, from which pairs are then drawn.

Which images a recipe needs is known only while it is drawn (pairs are refused by their pixels), and the
published files can be read fast from start to end only. So all images of the grid are put on the disk
for the time of the build, beside the cache, as they are stored (grey ones with one channel); memory holds
a few megabytes at a time. Decision 0016. What was interrupted is gone on with: datasets.kept_import.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from datasets.build import build
from datasets.errors import CacheError, DatasetInputError, SourceError
from datasets.factors import FactorSpace, IntArray
from datasets.importing import SIDE, Block, Grid, GridSet, step_of, thin
from datasets.kept_import import KeptImport, import_key
from datasets.recipe import Recipe
from datasets.source import ImageArray
from datasets.writer import Meter, Progress, scratch_files

_PIECE = 1 << 22  # bytes that are hashed or written between two reports
_SPARE = 64 << 20  # bytes that stay free
_REPORT_S = 0.1


class StoredGridSource:
    """Images of an imported file. See `datasets.source.Source`; `store` comes before `render`.

    Args:
        grid_set: what is imported.
        path: what the user named.
        stride: see `GridSet.thinned`.

    Raises:
        SourceError: there is nothing at the path.
    """

    def __init__(self, grid_set: GridSet, path: Path, stride: int = 1) -> None:
        self._set, self.path, self._stride = grid_set, Path(path), stride
        self.name, self.licence, self.citation = grid_set.name, grid_set.licence, grid_set.citation
        self.image_shape = grid_set.image_shape
        self._grid: Grid | None = None
        self._kept: KeptImport | None = None
        if not self.path.exists():
            raise SourceError(
                f"'{path}' does not exist; name the {grid_set.place} of {grid_set.name} with --source"
            )

    @property
    def space(self) -> FactorSpace:
        """The factors as the file has them, thinned.

        Raises:
            SourceError: the file is not what it should be.
        """
        for _ in self.look():
            pass
        return self._space

    def look(self) -> Iterator[None]:
        """Open the file and learn its factors.

        Raises:
            SourceError: the file is not what it should be.
        """
        if self._grid is None:
            opened = self._set.open(self.path)
            self._grid = (yield from opened) if isinstance(opened, Generator) else opened
            self._space = thin(self._grid.space, self._set.thinned, self._stride)
            for factor in self._space.factors:
                if factor.size < 2:
                    raise SourceError(f"'{self.path}' has only one value of {factor.name}; two are needed")

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Nothing: `store` has done it."""
        return iter(())

    def store(self, folder: Path) -> Iterator[Progress]:
        """Stream the images into a file in `folder`, which stays open until `close`.

        An import of the same file that was interrupted there is gone on with.

        Raises:
            SourceError: the file is damaged, or images are missing or doubled.
            CacheError: the disk is too full.
        """
        meter = Meter("reading", 0)
        for _ in self.look():
            yield meter.at(0)
        grid = self._grid
        assert grid is not None
        total, channels = self._space.num_images, grid.image_shape[2]
        self._bytes_shape = (SIDE, SIDE, channels)
        key = import_key(self.name, self._stride, grid.files or (self.path,), total)
        kept = self._kept = KeptImport(folder, self.name, key, total)
        _check_disk(folder, (total - kept.count) * SIDE * SIDE * channels)
        if not kept.rows:
            for _ in self._verify(grid):
                yield Progress("checking", 0, total, 0.0, 0.0)
        yield from self._fill(grid, kept, total)
        if kept.count < total:
            raise SourceError(
                f"'{self.path}' lacks {total - kept.count:,} of {total:,} images; download it again"
            )
        kept.file.flush()

    def _fill(self, grid: Grid, kept: KeptImport, total: int) -> Iterator[Progress]:
        """Write what is not there yet."""
        done = kept.count
        meter, reported = Meter("importing", total, done), time.perf_counter()
        for block in grid.blocks(kept.rows):
            index, images = self._wanted(grid, block)
            if len(np.unique(index)) < len(index) or kept.seen[index].any():
                raise SourceError(
                    f"'{self.path}' has several images with the same factor values; its labels are damaged"
                )
            for part in _write(kept.file, index, images):
                done += part
                if time.perf_counter() - reported > _REPORT_S:
                    reported = time.perf_counter()
                    yield meter.at(done)
            kept.note(index, len(block[0]))
            if time.perf_counter() - reported > _REPORT_S:  # a thinned block may have had nothing to write
                reported = time.perf_counter()
                yield meter.at(done)
        yield meter.at(done)

    def render(self, values: IntArray) -> ImageArray:
        """Factor values int64 [n, F] -> images uint8 [n, 64, 64, 3].

        Raises:
            DatasetInputError: a value lies outside its factor's range, or nothing is stored.
        """
        index = self.space.to_index(values)
        if self._kept is None:
            raise DatasetInputError(f"the images of {self.name} are not stored; build its cache first")
        images = np.empty((len(index), *self._bytes_shape), np.uint8)
        size = images[:1].nbytes
        for row in np.argsort(index):
            self._kept.file.seek(int(index[row]) * size)
            if self._kept.file.readinto(images[row].data.cast("B")) < size:  # type: ignore[attr-defined]
                raise SourceError(f"the scratch file of {self.name} was cut short; build again")
        return images if images.shape[3] == 3 else np.repeat(images, 3, axis=3)

    def close(self, keep: bool = False) -> None:
        """Let go of the images on the disk; they are removed unless the import is to be gone on with."""
        kept, self._kept = self._kept, None
        if kept is not None and keep:
            kept.keep()
        elif kept is not None:
            kept.discard()

    def _wanted(self, grid: Grid, block: Block) -> tuple[IntArray, ImageArray]:
        """What is not left out, with indices of the thinned grid, 64 x 64 pixels."""
        index, images = block
        if (index < 0).any():
            index, images = index[index >= 0], images[index >= 0]
        if self._space.num_images != grid.space.num_images:
            factors = grid.space.factors
            steps = np.array(
                [step_of(f, self._stride) if f.name in self._set.thinned else 1 for f in factors]
            )
            values = grid.space.to_values(index)
            stays = (values % steps == 0).all(axis=1)
            index, images = self._space.to_index(values[stays] // steps), images[stays]
        return index, images if images.shape[1:3] == (SIDE, SIDE) else resized(images)

    def _verify(self, grid: Grid) -> Iterator[None]:
        """Compare files of a published size with the published content.

        Raises:
            SourceError: the size is right and the content is not.
        """
        known = {file.size: file.md5 for file in self._set.known}
        for path in grid.files:
            with _readable(path):
                expected = known.get(path.stat().st_size)
                if expected is None:
                    continue
                digest = hashlib.md5(usedforsecurity=False)
                with path.open("rb") as file:
                    while piece := file.read(_PIECE):
                        digest.update(piece)
                        yield
            if digest.hexdigest() != expected:
                raise SourceError(
                    f"'{path}' has the size of the published file but not its content (MD5 "
                    f"{digest.hexdigest()} instead of {expected}); download it again"
                )


def build_stored(source: StoredGridSource, path: Path, recipe: Recipe) -> Iterator[Progress]:
    """Import, then build the cache as for any other source; see `datasets.build.build`.

    The images on the disk are gone at the end, unless it is cancelled or killed.
    """
    path, cancelled = Path(path), False
    with scratch_files(path):
        try:
            yield from source.store(path.parent)
            yield from build(source, path, recipe)
        except (GeneratorExit, KeyboardInterrupt):
            cancelled = True
            raise
        finally:
            source.close(keep=cancelled)


def resized(images: ImageArray) -> ImageArray:
    """Images uint8 [n, H, W, C] -> [n, 64, 64, C], with antialiasing (Lanczos), each by itself."""
    from PIL import Image

    small = np.empty((len(images), SIDE, SIDE, images.shape[3]), np.uint8)
    for one, image in zip(small, images, strict=True):
        grey = image.shape[2] == 1
        picture = Image.fromarray(np.ascontiguousarray(image[:, :, 0] if grey else image))
        shrunk = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
        one[...] = shrunk[:, :, None] if grey else shrunk
    return small


def _write(file: BinaryIO, index: IntArray, images: ImageArray) -> Iterator[int]:
    """Write images to their places, neighbours in one go; yields how many were written each time."""
    if not len(index):
        return
    order = np.argsort(index, kind="stable")
    index = index[order]
    images = images if (order[:-1] < order[1:]).all() else images[order]
    size = images[:1].nbytes
    starts = np.concatenate([[0], np.flatnonzero(np.diff(index) != 1) + 1, [len(index)]])
    most = max(1, _PIECE // size)
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        for first in range(start, stop, most):
            end = min(first + most, stop)
            file.seek(int(index[first]) * size)
            file.write(np.ascontiguousarray(images[first:end]).data)
            yield end - first


def _check_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise CacheError(
            f"importing takes {needed / 1e9:.1f} GB in '{folder}' for the time of the build, and "
            f"{free / 1e9:.1f} GB are free there; free some space or choose another place with --out or "
            "DOSCOPE_HOME"
        )


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(f"'{path}' cannot be read ({error.strerror or error})") from error
