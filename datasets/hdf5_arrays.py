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
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from datasets.arrays import SMALL, Images, as_text, image_shape, reading, refuse_type
from datasets.errors import SourceError
from datasets.hdf5_heaps import open_hdf5
from datasets.source import ImageArray

_BLOCK = 1 << 24  # bytes of images that are read at a time, if chunks allow
_LARGEST_BLOCK = 1 << 28  # two are held; the published 3dshapes, in chunks of 15,000 rows, has 184 MB
_THREADS = 2
_SLAB = 512  # rows
_WORDS = 256  # rows of words that are read at a time
_SHARES = 8  # of a block's chunks: no thread waits long for the other
_DEFLATE, _SHUFFLE = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE

_Chunk = tuple[tuple[int, ...], bytes, bool]  # where it begins, its stored bytes, whether they are packed


class Hdf5Arrays:
    """Data sets of an HDF5 file; links to other files are not followed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path), open_hdf5(path) as file:
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

    def table(self, name: str) -> npt.NDArray[Any]:
        with self.opened() as file:
            data = self.dataset(file, name)
            if h5py.check_string_dtype(data.dtype) is None:
                return self.read(name)
            if data.nbytes > SMALL:
                raise SourceError(f"'{self.path}': {name} is too large")
            parts, size = [], 0
            for first in range(0, len(data), _WORDS):  # words have any length
                parts.append(as_text(data[first : first + _WORDS]))
                size += parts[-1].nbytes
                if size > SMALL:
                    raise SourceError(f"'{self.path}': {name} is too large")
            return np.concatenate(parts) if parts else np.zeros(data.shape, np.str_)

    def images(self, name: str, alpha: bool = False) -> Images:
        with self.opened() as file:
            data = self.dataset(file, name)
            where = f"'{self.path}': {name}"
            refuse_type(where, data.dtype)
            rows, image = image_shape(where, data.shape, grey=True, alpha=alpha)
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

    def blocks(self, first: int = 0) -> Iterator[tuple[int, ImageArray]]:
        with self._arrays.opened() as file, ThreadPoolExecutor(_THREADS) as threads:
            data = self._arrays.dataset(file, self._name)
            if not _unpacked_here(data):
                for start in range(first, self.rows, self._step):
                    yield start, data[start : start + self._step].reshape(-1, *self.shape)
                return
            if first >= self.rows:
                return
            rows = min(self._step, self.rows)
            buffers = [np.empty((rows, *data.shape[1:]), np.uint8) for _ in range(2)]
            ahead = self._begin(data, first, buffers[0], threads)
            for number, start in enumerate(range(first, self.rows, self._step)):
                block, parts = ahead
                for part in parts:
                    part.result()
                    yield start, block[:0].reshape(-1, *self.shape)  # lets a cancel through
                if start + self._step < self.rows:  # unpacked while this one is used
                    ahead = self._begin(data, start + self._step, buffers[(number + 1) % 2], threads)
                yield start, block.reshape(-1, *self.shape)

    def _begin(
        self, data: Any, first: int, buffer: ImageArray, threads: ThreadPoolExecutor
    ) -> tuple[ImageArray, list[Future[None]]]:
        """A block from row `first` on, in a buffer, and the work after which its pixels are there.

        Raises:
            ValueError, OSError: a chunk is missing.
        """
        block = buffer[: min(self._step, self.rows - first)]
        beside = -(-data.shape[-1] // data.chunks[-1])  # chunks that make up the last axis
        chunks = list(_chunks(data, first, first + len(block)))
        share = -(-len(chunks) // (_SHARES * beside)) * beside
        parts = [chunks[k : k + share] for k in range(0, len(chunks), share)]
        return block, [threads.submit(_put, block, first, data.chunks, part, beside) for part in parts]


def _unpacked_here(data: Any) -> bool:
    """Whether chunks are stored plainly or by gzip alone; shuffling single bytes does nothing."""
    creation = data.id.get_create_plist()
    filters = [creation.get_filter(k)[0] for k in range(creation.get_nfilters())]
    return data.chunks is not None and set(filters) <= {_DEFLATE, _SHUFFLE} and filters.count(_DEFLATE) <= 1


def _chunks(data: Any, first: int, end: int) -> Iterator[_Chunk]:
    """The chunks of rows `first`, the first of a chunk, up to `end`."""
    creation = data.id.get_create_plist()
    filters = [creation.get_filter(k)[0] for k in range(creation.get_nfilters())]
    place = filters.index(_DEFLATE) if _DEFLATE in filters else None
    sizes = (end - first, *data.shape[1:])
    steps = (range(0, size, step) for size, step in zip(sizes, data.chunks, strict=True))
    for row, *others in itertools.product(*steps):
        start = (first + row, *others)
        mask, stored = data.id.read_direct_chunk(start)
        yield start, stored, place is not None and not mask >> place & 1


def _put(block: ImageArray, first: int, shape: tuple[int, ...], chunks: list[_Chunk], beside: int) -> None:
    """Unpack chunks into their places in a block that begins at row `first`.

    Those that lie beside each other on the last axis, `beside` of them, are joined first: single bytes are
    slow to move. Then some rows after the other, because a whole block does not fit the processor's caches.

    Raises:
        ValueError, zlib.error: one is damaged.
    """
    joined = []
    for k in range(0, len(chunks), beside):
        together = chunks[k : k + beside]
        if beside == 1:
            whole = _plain(together[0], shape)
        else:
            whole = np.empty((*shape[:-1], beside * shape[-1]), np.uint8)
            for place, chunk in enumerate(together):
                whole[..., place * shape[-1] : (place + 1) * shape[-1]] = _plain(chunk, shape)
        joined.append((together[0][0], whole))
    for row in range(0, shape[0], _SLAB):
        for start, whole in joined:
            top = start[0] - first + row
            rows = slice(top, min(top + _SLAB, start[0] - first + shape[0]))
            target = block[
                (rows, *(slice(a, a + n) for a, n in zip(start[1:], whole.shape[1:], strict=True)))
            ]
            piece = whole[row : row + _SLAB]
            target[...] = piece[tuple(slice(0, n) for n in target.shape)]  # chunks stick out at the ends


def _plain(chunk: _Chunk, shape: tuple[int, ...]) -> ImageArray:
    """The pixels of a chunk."""
    _, stored, packed = chunk
    size = int(np.prod(shape))
    plain = zlib.decompressobj().decompress(stored, size + 1) if packed else stored
    if len(plain) != size:
        raise ValueError("a chunk has another size than the header says")
    return np.frombuffer(plain, np.uint8).reshape(shape)


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
