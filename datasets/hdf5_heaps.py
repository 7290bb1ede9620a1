"""Opens HDF5 files of any origin whose words can be read to an end.

Words of any length lie in the file's global heaps. The HDF5 library (2.0.0 was tried) walks through a heap
piece by piece and believes what the pieces say of their sizes: a damaged one that says 0 keeps it there for
ever, where no signal and no cancel reaches it. So the walk is made here first.
"""

from __future__ import annotations

import contextlib
import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

_SIGNATURE = b"GCOL\x01\x00\x00\x00"  # with the version, and three bytes that are kept free
_HEAD, _PIECE = 16, struct.Struct("<HHIQ")  # number, references, nothing, size; 0 is what is free
_LARGEST = 1 << 64


@contextlib.contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file for reading.

    Raises:
        OSError: it is none, or damaged in a way that the library would not come back from.
    """
    with h5py.File(path, "r") as file:
        refuse_endless(path, file)
        yield file


def refuse_endless(path: Path, file: h5py.File) -> None:
    """Walk through the heaps of an open file.

    Raises:
        OSError: one would never end.
    """
    if not Path(path).stat().st_size:
        return
    with Path(path).open("rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for first, end in _between(_numbers(file), len(data)):
            at = data.find(_SIGNATURE, first, end)
            while at >= 0:
                if _is_endless(data, at):
                    raise OSError("a heap of words is damaged")
                at = data.find(_SIGNATURE, at + 1, end)


def _is_endless(data: mmap.mmap, at: int) -> bool:
    """Whether a walk through the heap at this place meets a piece that it cannot get past."""
    if at + _HEAD > len(data):
        return False
    (size,) = struct.unpack_from("<Q", data, at + 8)
    if size > len(data) - at:
        return False  # the library says itself that the file is too short
    place, end = at + _HEAD, at + size
    while end - place >= _PIECE.size:
        number, _, _, length = _PIECE.unpack_from(data, place)
        step = length if number == 0 else (_PIECE.size + (length + 7 & -8)) % _LARGEST
        if not 0 < step <= end - place:
            return True
        place += step
    return False


def _between(taken: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """The places [first, end) of a file outside those that are taken."""
    first = 0
    for begin, end in sorted(taken):
        if begin > first:
            yield first, min(begin + len(_SIGNATURE) - 1, size)
        first = max(first, end)
    if first < size:
        yield first, size


def _numbers(file: h5py.File) -> list[tuple[int, int]]:
    """Where the numbers of all data sets lie, places [first, end); they are no heaps, whatever they hold."""
    found: list[tuple[int, int]] = []

    def note(_: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset) or item.external:
            return
        if (begin := item.id.get_offset()) is not None:
            found.append((begin, begin + item.id.get_storage_size()))
        elif item.chunks is not None:
            item.id.chunk_iter(
                lambda chunk: found.append((chunk.byte_offset, chunk.byte_offset + chunk.size))
            )

    with contextlib.suppress(OSError, RuntimeError, KeyError, ValueError, TypeError):  # whoever reads says so
        file.visititems(note)
    return found
