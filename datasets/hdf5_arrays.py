"""Arrays of an HDF5 file; see datasets.arrays.

Published files are compressed in chunks of a few pixels of thousands of images (3dshapes, dSprites), of
which the HDF5 library takes each byte by itself. Here chunks are unpacked by two threads and put in place
by numpy: several times as fast.
"""

from __future__ import annotations

import contextlib
import itertools
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from datasets.arrays import SMALL, Images, image_shape, reading, refuse_type
from datasets.errors import SourceError
from datasets.source import ImageArray

_BLOCK = 1 << 24  # bytes of images that are read at a time, if chunks allow
_LARGEST_BLOCK = 1 << 28
_THREADS = 2
_SHARES = 8  # of a block's chunks: no thread waits long for the other
_DEFLATE, _SHUFFLE = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE

_Chunk = tuple[tuple[int, ...], bytes, bool]  # where it begins, its stored bytes, whether they are packed


class Hdf5Arrays:
    """Data sets of an HDF5 file; links to other files are not followed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.opened() as file:
            self._names = list(_dataset_names(file))

    def names(self) -> list[str]:
        return self._names

    def read(self, name: str) -> npt.NDArray[Any]:
        with self.opened() as file:
            data = self.dataset(file, name)
            if data.dtype.kind not in "iufb" or data.nbytes > SMALL:
                raise SourceError(f"'{self.path}': {name} is too large or no array of numbers")
            whole: npt.NDArray[Any] = data[...]
            return whole

    def images(self, name: str) -> Images:
        with self.opened() as file:
            data = self.dataset(file, name)
            where = f"'{self.path}': {name}"
            refuse_type(where, data.dtype)
            rows, image = image_shape(where, data.shape, grey=True)
            if data.ndim > 4:
                raise SourceError(f"{where} has the shape {data.shape}; images in one row are needed")
            size, chunk = int(np.prod(image)), data.chunks or (1,)
            step = chunk[0] * max(1, _BLOCK // (size * chunk[0]))
            if max(int(np.prod(chunk, dtype=object)), min(step, rows) * size) > _LARGEST_BLOCK:
                raise SourceError(f"{where} is stored in pieces too large to read")
        return _Hdf5Images(self, name, rows, image, step)

    @contextlib.contextmanager
    def opened(self) -> Iterator[h5py.File]:
        """The open file."""
        with reading(self.path), h5py.File(self.path, "r") as file:
            yield file

    def dataset(self, file: h5py.File, name: str) -> Any:
        """A data set whose numbers are in this very file."""
        if name not in self._names:
            raise SourceError(f"'{self.path}' has no array '{name}'; it is another file")
        data = file[name]
        if data.is_virtual or data.external:
            raise SourceError(f"'{self.path}': {name} points to other files, which are not read")
        return data


class _Hdf5Images:
    def __init__(
        self, arrays: Hdf5Arrays, name: str, rows: int, shape: tuple[int, int, int], step: int
    ) -> None:
        self._arrays, self._name, self.rows, self.shape = arrays, name, rows, shape
        self._step = step

    def blocks(self) -> Iterator[tuple[int, ImageArray]]:
        with self._arrays.opened() as file, ThreadPoolExecutor(_THREADS) as threads:
            data = self._arrays.dataset(file, self._name)
            direct = _unpacked_here(data)
            for first in range(0, self.rows, self._step):
                end = min(first + self._step, self.rows)
                block = _read_chunks(data, first, end, threads) if direct else data[first:end]
                yield first, block.reshape(-1, *self.shape)


def _unpacked_here(data: Any) -> bool:
    """Whether chunks are stored plainly or by gzip alone; shuffling single bytes does nothing."""
    creation = data.id.get_create_plist()
    filters = [creation.get_filter(k)[0] for k in range(creation.get_nfilters())]
    return data.chunks is not None and set(filters) <= {_DEFLATE, _SHUFFLE} and filters.count(_DEFLATE) <= 1


def _read_chunks(data: Any, first: int, end: int, threads: ThreadPoolExecutor) -> ImageArray:
    """Rows `first`, the first of a chunk, up to `end`.

    Raises:
        ValueError, zlib.error, OSError: a chunk is missing or damaged.
    """
    block = np.empty((end - first, *data.shape[1:]), np.uint8)
    creation = data.id.get_create_plist()
    filters = [creation.get_filter(k)[0] for k in range(creation.get_nfilters())]
    place = filters.index(_DEFLATE) if _DEFLATE in filters else None
    ends = (end, *data.shape[1:])
    starts = itertools.product(
        range(first, end, data.chunks[0]),
        *(range(0, size, step) for size, step in zip(ends[1:], data.chunks[1:], strict=True)),
    )
    chunks: list[_Chunk] = []
    for start in starts:
        mask, stored = data.id.read_direct_chunk(start)
        chunks.append((start, stored, place is not None and not mask >> place & 1))
    share = -(-len(chunks) // _SHARES)
    parts = [chunks[k : k + share] for k in range(0, len(chunks), share)]
    for _ in threads.map(lambda part: _put(block, first, data.chunks, part), parts):
        pass
    return block


def _put(block: ImageArray, first: int, shape: tuple[int, ...], chunks: list[_Chunk]) -> None:
    """Unpack chunks into their places in a block that begins at row `first`."""
    size = int(np.prod(shape))
    for start, stored, packed in chunks:
        plain = zlib.decompressobj().decompress(stored, size + 1) if packed else stored
        if len(plain) != size:
            raise ValueError("a chunk has another size than the header says")
        at = (start[0] - first, *start[1:])
        target = block[tuple(slice(a, a + n) for a, n in zip(at, shape, strict=True))]
        chunk = np.frombuffer(plain, np.uint8).reshape(shape)
        target[...] = chunk[tuple(slice(0, n) for n in target.shape)]  # chunks may stick out at the ends


def _dataset_names(group: Any, before: str = "", depth: int = 3) -> Iterator[str]:
    """The names of the data sets that lie in the file itself."""
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        item = group[name]
        if isinstance(item, h5py.Dataset):
            yield before + name
        elif isinstance(item, h5py.Group) and depth:
            yield from _dataset_names(item, f"{before}{name}/", depth - 1)
