"""SmallNORB (LeCun, Huang and Bottou 2004): the training files as published, or disent's npz.

Three binary matrices belong together: the images (`dat`), the categories (`cat`) and four more labels
(`info`), each gzipped or not. The file order is no grid; the labels say where each image belongs. Of the
two cameras the first is taken. Training and test files hold other toys of the same categories; the
training files are taken, so that the instance stays a factor of five values.
"""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from datasets.archive import refuse_web_page
from datasets.arrays import open_arrays, reading
from datasets.errors import SourceError
from datasets.factors import Factor, FactorSpace, IntArray
from datasets.importing import MOST_IMAGES, Block, Grid, GridSet, KnownFile, by_row, check_rows, ranks

_TYPES: dict[int, np.dtype[Any]] = {  # the magic numbers of all matrices of this format
    0x1E3D4C55: np.dtype("<u1"),
    0x1E3D4C54: np.dtype("<i4"),
    0x1E3D4C56: np.dtype("<i2"),
    0x1E3D4C51: np.dtype("<f4"),
    0x1E3D4C53: np.dtype("<f8"),
}
_ROWS = 128  # images of both cameras that are read at a time: 2.4 MB
_MOST_FILES = 1_000
_MOST_SIDE = 1_024
_WANTED = "the folder that holds the three smallnorb-…-training-….mat.gz files"

FACTORS = (
    Factor("category", ("animal", "human", "plane", "truck", "car"), "nominal"),
    Factor("instance", ("4", "6", "7", "8", "9"), "nominal"),
    Factor("elevation", tuple(f"{30 + 5 * k}°" for k in range(9))),
    Factor("azimuth", tuple(f"{20 * k}°" for k in range(18)), "cyclic"),
    Factor("lighting", tuple(f"lighting {k}" for k in range(6)), "nominal"),
)


@dataclass(frozen=True)
class _Matrix:
    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int

    @property
    def role(self) -> str:
        """The part of the set that has this type and shape, or ""."""
        if self.dtype == np.uint8 and len(self.shape) == 4 and self.shape[1] == 2:
            return "dat"
        if self.dtype == np.dtype("<i4"):
            return {1: "cat", 2: "info"}.get(len(self.shape), "") if self.shape[1:] in ((), (4,)) else ""
        return ""


def open_smallnorb(path: Path) -> Grid:
    """The three training matrices of a folder, or of the folder of a file; or disent's npz."""
    if path.is_file():
        with reading(path), path.open("rb") as file:
            head = file.read(512)
        refuse_web_page(str(path), head)
        if head.startswith(b"PK"):
            return _sorted_grid(path)
        path = path.parent
    parts = _find(path)
    dat, rows = parts["dat"], parts["dat"].shape[0]
    cat, info = _whole(parts["cat"]), _whole(parts["info"])
    for labels in (cat, info):
        if len(labels) != rows:
            raise SourceError(
                f"'{dat.path}' has {rows:,} images but {len(labels):,} labels; take three that match"
            )
    labels = np.concatenate([cat[:, None], info], axis=1)
    index, space = ranks(path, labels, FACTORS)
    instances = Factor("instance", tuple(str(v) for v in np.unique(labels[:, 1])), "nominal")
    space = FactorSpace((space.factors[0], instances, *space.factors[2:]))

    def blocks(first: int) -> Iterator[Block]:
        return _images(dat, index, first)

    return Grid(space, (*dat.shape[2:], 1), blocks, tuple(p.path for p in parts.values()))  # type: ignore[arg-type]


def _sorted_grid(path: Path) -> Grid:
    """The file of disent: `images` [24300, 96, 96, 1], in grid order."""
    images = open_arrays(path, _WANTED).images("images")
    check_rows(path, images.rows, FactorSpace(FACTORS))

    def blocks(first: int) -> Iterator[Block]:
        return by_row(images, None, first)

    return Grid(FactorSpace(FACTORS), images.shape, blocks, (path,))


def _find(folder: Path) -> dict[str, _Matrix]:
    """The matrices by what they hold. Their headers tell what; only the names tell training from test."""
    found: dict[str, list[_Matrix]] = {"dat": [], "cat": [], "info": []}
    with reading(folder):
        files = sorted(
            p for p in islice(folder.rglob("*"), _MOST_FILES) if p.is_file() and not p.is_symlink()
        )
    for file in files:
        matrix = _header(file)
        if matrix is not None and matrix.role:
            found[matrix.role].append(matrix)
    for role, several in found.items():
        if len(several) > 1:
            found[role] = [matrix for matrix in several if "test" not in matrix.path.name.lower()]
        if len(found[role]) != 1:
            raise SourceError(
                f"'{folder}' has {len(found[role]) or 'no'} training files of SmallNORB's '{role}' matrix "
                f"instead of one; name {_WANTED}"
            )
    parts = {role: several[0] for role, several in found.items()}
    if len({"test" in matrix.path.name.lower() for matrix in parts.values()}) > 1:
        raise SourceError(f"'{folder}' has training and test files mixed; name {_WANTED}")
    return parts


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb") if packed else path.open("rb"))


def _header(path: Path) -> _Matrix | None:
    """What a file holds; None for one that is no matrix of this format.

    Raises:
        SourceError: it is one, but of a size that cannot be.
    """
    with reading(path), _opened(path) as file:
        head = file.read(4)
        refuse_web_page(str(path), head)
        magic = int.from_bytes(head, "little")
        if len(head) < 4 or magic not in _TYPES:
            return None
        head = file.read(4)
        ndim = int.from_bytes(head, "little", signed=True)
        sizes = max(3, ndim) if 1 <= ndim <= 4 else 0
        shape = struct.unpack(f"<{sizes}i", file.read(4 * sizes))[:ndim] if sizes else ()
    _check_shape(path, shape)
    return _Matrix(path, _TYPES[magic], shape, 8 + 4 * sizes)


def _check_shape(path: Path, shape: tuple[int, ...]) -> None:
    """Refuse before anything of that size is asked for."""
    small = all(1 <= size <= _MOST_SIDE for size in shape[1:])
    if not shape or not 1 <= shape[0] <= MOST_IMAGES or not small:
        raise SourceError(f"'{path}' claims to hold a matrix of {shape}, which cannot be; download it again")


def _whole(matrix: _Matrix) -> IntArray:
    """A matrix of labels, int32 in the file, as int64."""
    count = int(np.prod(matrix.shape))
    with reading(matrix.path), _opened(matrix.path) as file:
        file.read(matrix.offset)
        data = file.read(4 * count + 1)
    if len(data) != 4 * count:
        raise SourceError(f"'{matrix.path}' is cut short or has bytes too many; download it again")
    return np.frombuffer(data, "<i4").reshape(matrix.shape).astype(np.int64)


def _images(dat: _Matrix, index: IntArray, first: int) -> Iterator[Block]:
    """The first camera's images, from the `first`-th on."""
    rows, _, height, width = dat.shape
    size = 2 * height * width
    with reading(dat.path), _opened(dat.path) as file:
        file.read(dat.offset)
        buffered = io.BufferedReader(cast(io.RawIOBase, file), 1 << 20)
        for start in range(0, rows, _ROWS):
            count = min(_ROWS, rows - start)
            data = buffered.read(count * size)
            if len(data) < count * size:
                raise SourceError(f"'{dat.path}' is cut short after {start:,} images; download it again")
            pairs: npt.NDArray[np.uint8] = np.frombuffer(data, np.uint8).reshape(count, 2, height, width)
            there = max(0, first - start)  # packed files have no other way to a place than all before it
            yield index[start : start + count][there:], pairs[there:, 0, :, :, None]
        if buffered.read(1):
            raise SourceError(f"'{dat.path}' has more bytes than its header says; download it again")


GRID_SET = GridSet(
    name="smallnorb",
    title="SmallNORB: photographs of toys, grey",
    factors=FACTORS,
    licence="For research only; not to be sold; cite its authors.",
    citation="LeCun, Huang and Bottou, Learning Methods for Generic Object Recognition, CVPR 2004.",
    where="cs.nyu.edu/~ylclab/data/norb-v1.0-small, the three training files (132 MB)",
    open=open_smallnorb,
    place="folder or file",
    known=(
        KnownFile(131_896_188, "66054832f9accfe74a0f4c36a75bc0a2"),
        KnownFile(348, "23c8b86101fbf0904a000b43d3ed2fd9"),
        KnownFile(71_052, "51dee1210a742582ff607dfd94e332e3"),
    ),
)
