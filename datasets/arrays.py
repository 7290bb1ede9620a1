"""Named arrays in a file of numpy (.npz) or HDF5, told apart by their first bytes; nothing is unpickled.

Arrays of images are streamed, whatever their size; other arrays are small and read whole.
"""

from __future__ import annotations

import contextlib
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from datasets.archive import refuse_web_page
from datasets.errors import SourceError
from datasets.source import ImageArray

_BLOCK = 1 << 22  # bytes of images that are read at a time
SMALL = 1 << 28  # bytes of an array that is read whole
_LARGEST_SIDE = 1024
_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
DAMAGE = (  # what the libraries raise at damaged files
    OSError,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    RuntimeError,
    OverflowError,
    MemoryError,
    SyntaxError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    tokenize.TokenError,
)


class Arrays(Protocol):
    """An open file of arrays."""

    @property
    def path(self) -> Path: ...

    def names(self) -> list[str]:
        """The names of its arrays; groups of HDF5 before a slash, as in "latents/classes"."""
        ...

    def read(self, name: str) -> npt.NDArray[Any]:
        """A small array of numbers.

        Raises:
            SourceError: there is none, it is large, holds objects, or is damaged.
        """
        ...

    def table(self, name: str) -> npt.NDArray[Any]:
        """A small array of numbers, or of text, which comes as numpy's `str`.

        Raises:
            SourceError: there is none, it is large, holds objects, or is damaged.
        """
        ...

    def images(self, name: str, alpha: bool = False) -> Images:
        """An array of images, to be streamed; `alpha`: with 2 or 4 channels too, the last one opacity.

        Raises:
            SourceError: there is none, or it holds no images.
        """
        ...


class Images(Protocol):
    """An array of images uint8 [..., H, W, C]; all axes before the last three count as one, of N rows."""

    @property
    def rows(self) -> int: ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        ...

    def blocks(self, first: int = 0) -> Iterator[tuple[int, ImageArray]]:
        """(row of the first, images [n, H, W, C]) from a row on to the last; n may be 0.

        `first` is 0, or where a block ends.

        The images are good until the next ones are asked for.

        Raises:
            SourceError: the file is damaged.
        """
        ...


def open_arrays(path: Path, wanted: str) -> Arrays:
    """The arrays of a file.

    Args:
        path: the file.
        wanted: what it should be, for the message ("3dshapes.h5").

    Raises:
        SourceError: it is neither kind of file, or damaged.
    """
    with reading(path):
        if path.is_dir():
            raise SourceError(f"'{path}' is a folder; name the file itself, {wanted}")
        with path.open("rb") as file:
            head = file.read(512)
    refuse_web_page(str(path), head)
    if head.startswith(_HDF5):
        from datasets.hdf5_arrays import Hdf5Arrays

        return Hdf5Arrays(path)
    if head.startswith(_ZIP):
        return _Npz(path)
    raise SourceError(f"'{path}' is neither an HDF5 nor an npz file; name {wanted}")


@contextlib.contextmanager
def reading(path: object) -> Iterator[None]:
    """What goes wrong inside is said as a SourceError."""
    try:
        yield
    except DAMAGE as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise SourceError(f"'{path}' is damaged or cut short ({reason}); download it again") from error


def image_shape(
    where: str, shape: tuple[int, ...], grey: bool, alpha: bool = False
) -> tuple[int, tuple[int, int, int]]:
    """(rows, (height, width, channels)) of an array's shape.

    Args:
        where: file and name, for the message.
        shape: [..., H, W, C], or [N, H, W] where `grey`.
        grey: whether the channel may be left out.
        alpha: whether a channel of opacity may come last.

    Raises:
        SourceError: this is not the shape of images.
    """
    if grey and len(shape) == 3:
        shape = (*shape, 1)
    channels = (1, 2, 3, 4) if alpha else (1, 3)
    good = len(shape) >= 4 and shape[-1] in channels
    good = good and all(0 < side <= _LARGEST_SIDE for side in shape[-3:-1])
    rows = 1
    for size in shape[:-3]:
        rows *= size
    if not good or rows < 1:
        raise SourceError(f"{where} has the shape {shape}, which is not that of images")
    return rows, (shape[-3], shape[-2], shape[-1])


def as_text(array: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """An array of text or of UTF-8 bytes as numpy's `str`; what cannot be written anywhere becomes "?".

    Raises:
        ValueError: numbers that are no characters.
    """
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        numbers = np.ascontiguousarray(array).view(np.dtype("u4").newbyteorder(array.dtype.byteorder))
        if (numbers > sys.maxunicode).any():  # numpy makes a string of some of them, of others a SystemError
            raise ValueError("numbers that are no characters")
    flat = [
        item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
        for item in array.reshape(-1).tolist()
    ]
    sound = [text.encode("utf-8", "replace").decode("utf-8") for text in flat]  # no half characters
    return np.array(sound, dtype=np.str_).reshape(array.shape)


def refuse_type(where: str, dtype: np.dtype[Any]) -> None:
    """Refuse objects, which would have to be unpickled, and other things than bytes.

    Raises:
        SourceError: it is another type than uint8.
    """
    if dtype.hasobject:
        raise SourceError(f"{where} holds Python objects, which are not read: they could run code")
    if dtype != np.uint8:
        raise SourceError(f"{where} holds {dtype} instead of bytes (uint8)")


class _Npz:
    """Members of a zip archive, each an array with a header."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path), zipfile.ZipFile(path) as archive:
            self._members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}

    def names(self) -> list[str]:
        return list(self._members)

    def read(self, name: str) -> npt.NDArray[Any]:
        return self._whole(name, "iufb", "numbers")

    def table(self, name: str) -> npt.NDArray[Any]:
        found = self._whole(name, "iufbUS", "numbers or words")
        with reading(self.path):
            return as_text(found) if found.dtype.kind in "US" else found

    def _whole(self, name: str, kinds: str, what: str) -> npt.NDArray[Any]:
        with self.opened(name) as (file, shape, column_major, dtype):
            count = int(np.prod([1, *shape], dtype=object))
            if dtype.hasobject:
                refuse_type(f"'{self.path}': {name}", dtype)
            if dtype.kind not in kinds or count * dtype.itemsize > SMALL:
                raise SourceError(f"'{self.path}': {name} is too large or no array of {what}")
            data = file.read(count * dtype.itemsize + 1)
            if len(data) != count * dtype.itemsize:
                raise SourceError(f"'{self.path}': {name} is cut short; download it again")
            return np.frombuffer(data, dtype).reshape(shape, order="F" if column_major else "C")

    def images(self, name: str, alpha: bool = False) -> Images:
        with self.opened(name) as (_, shape, column_major, dtype):
            where = f"'{self.path}': {name}"
            refuse_type(where, dtype)
            if column_major:
                raise SourceError(f"{where} is stored column by column; save it in numpy's usual order")
            rows, image = image_shape(where, shape, grey=True, alpha=alpha)
        return _NpzImages(self, name, rows, image)

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[tuple[Any, tuple[int, ...], bool, np.dtype[Any]]]:
        """The stream of a member, its shape, whether it is stored column by column, and its type."""
        if name not in self._members:
            raise SourceError(f"'{self.path}' has no array '{name}'; it is another file")
        info = self._members[name]
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise SourceError(f"'{self.path}': {name} is packed in a way that numpy does not use")
        with reading(self.path), zipfile.ZipFile(self.path) as archive, archive.open(info) as file:
            version = np.lib.format.read_magic(file)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }
            if version not in read:
                raise SourceError(f"'{self.path}': {name} is of an unknown version of numpy's format")
            shape, column_major, dtype = read[version](file)
            yield file, shape, column_major, dtype


class _NpzImages:
    def __init__(self, arrays: _Npz, name: str, rows: int, shape: tuple[int, int, int]) -> None:
        self._arrays, self._name, self.rows, self.shape = arrays, name, rows, shape

    def blocks(self, first: int = 0) -> Iterator[tuple[int, ImageArray]]:
        size = int(np.prod(self.shape))
        step = max(1, _BLOCK // size)
        with self._arrays.opened(self._name) as (file, *_):
            for start in range(0, self.rows, step):
                wanted = min(step, self.rows - start) * size
                data = file.read(wanted)
                if len(data) < wanted:
                    raise SourceError(
                        f"'{self._arrays.path}' is cut short after {start:,} images; download it again"
                    )
                passed = max(0, min(first - start, step))  # a packed stream has no way around what is before
                yield start + passed, np.frombuffer(data, np.uint8).reshape(-1, *self.shape)[passed:]
            if file.read(1):  # also makes zipfile compare the check sum
                raise SourceError(f"'{self._arrays.path}' has more bytes than its header says; it is damaged")
