"""What an importer declares of a grid set that users have as files, and what its reader hands out.

One module in datasets/importers/ makes one data set: a `GridSet` named GRID_SET and the function that
opens its files (docs/library.md shows a whole one).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.arrays import Images
from datasets.errors import SourceError
from datasets.factors import Factor, FactorSpace, IntArray
from datasets.source import ImageArray

SIDE = 64
MOST_IMAGES = 5_000_000  # the largest grid that is believed; MPI3D has 1,036,800 images

Block = tuple[IntArray, ImageArray]  # grid indices [n], -1 for what is left out; images [n, H, W, C]


@dataclass(frozen=True)
class KnownFile:
    """A published file: of this size it must have this content.

    Attributes:
        size: bytes.
        md5: of the content, in hexadecimal digits.
    """

    size: int
    md5: str


@dataclass(frozen=True)
class Grid:
    """An opened file of images.

    Attributes:
        space: the factors as the file has them.
        image_shape: (height, width, channels) of a stored image; 1 or 3 channels, any height and width.
        blocks: reads the images, a few megabytes at a time, in any order that is the same each time. Each
            grid index has to come exactly once; -1 is an image that is left out. A block is used before the
            next is asked for. Its argument is how many images, left-out ones included, are passed over,
            because an import before this one has them: 0, or where one of its blocks ended. Raises a
            SourceError where the file is damaged.
        files: those that are compared with the published ones.
    """

    space: FactorSpace
    image_shape: tuple[int, int, int]
    blocks: Callable[[int], Iterator[Block]]
    files: tuple[Path, ...] = ()


Opened = Grid | Generator[None, None, Grid]


@dataclass(frozen=True)
class GridSet:
    """A grid set that is imported.

    Attributes:
        name: the word on the command line.
        title: one line for a list.
        factors: as the published file has them, the last fastest; a smaller file of the same layout may
            have fewer values.
        licence, citation: of the images, a sentence each.
        where: where users get the files, a sentence.
        open: opens what the user named: a `Grid`, or where finding out takes longer than a moment a
            generator that returns one and yields at least ten times a second. Raises a SourceError.
        place: what the user names, such as "file or folder".
        known: the published files.
        thinned: factors of which only every `stride`-th value is kept.
        stride: what is usual.
    """

    name: str
    title: str
    factors: tuple[Factor, ...]
    licence: str
    citation: str
    where: str
    open: Callable[[Path], Opened]
    place: str = "file"
    known: tuple[KnownFile, ...] = ()
    thinned: tuple[str, ...] = ()
    stride: int = 1

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """What the cache has: grey images become three equal channels (decision 0016)."""
        return (SIDE, SIDE, 3)

    @property
    def space(self) -> FactorSpace:
        """The factors of the cache as usual, thinned ones included."""
        return thin(FactorSpace(self.factors), self.thinned, self.stride)


def thin(space: FactorSpace, names: Sequence[str], stride: int) -> FactorSpace:
    """The space with every `stride`-th value of some factors; a shorter one keeps two values at least."""
    return FactorSpace(
        tuple(
            Factor(f.name, f.values[:: step_of(f, stride)], f.kind) if f.name in names else f
            for f in space.factors
        )
    )


def step_of(factor: Factor, stride: int) -> int:
    """The stride that leaves at least two values where there are two."""
    return max(1, min(stride, factor.size - 1))


def ranks(path: Path, labels: npt.ArrayLike, factors: Sequence[Factor]) -> tuple[IntArray, FactorSpace]:
    """Labels [N, F] of any numbers -> grid indices [N], and the factors with the values that occur.

    A class is the rank of the label among the column's values: files hold angles or hues as well as
    class numbers. Where the number of values is the declared one, the declared names stay.

    Raises:
        SourceError: another number of columns, labels that are no numbers, or no full grid's worth of rows.
    """
    table = np.asarray(labels)
    if table.ndim != 2 or table.shape[1] != len(factors) or not len(table):
        raise SourceError(
            f"'{path}' has labels of shape {table.shape} instead of {len(factors)} for each image; "
            "it is another file or damaged"
        )
    if table.dtype.kind not in "iuf" or not np.isfinite(table).all():
        raise SourceError(f"'{path}' has labels that are not numbers; download it again")
    columns, found = [], []
    for factor, column in zip(factors, table.T, strict=True):
        values, rank = np.unique(column, return_inverse=True)
        names = factor.values if len(values) == factor.size else tuple(f"{v:.4g}" for v in values)
        columns.append(rank.reshape(-1))
        found.append(Factor(factor.name, names, factor.kind))
    space = FactorSpace(tuple(found))
    check_rows(path, len(table), space)
    return space.to_index(np.stack(columns, axis=1)), space


def by_row(images: Images, index: IntArray | None, first: int) -> Iterator[Block]:
    """Blocks of streamed images.

    Args:
        images: N rows.
        index: the rows' grid indices [N], -1 for those to leave out; None for rows in grid order.
        first: the first row that is wanted.
    """
    for start, block in images.blocks(first):
        rows = np.arange(start, start + len(block))
        yield (rows if index is None else index[rows]), block


def check_rows(path: Path, rows: int, space: FactorSpace) -> None:
    """Refuse a number of images that is not the grid's.

    Raises:
        SourceError: it is another one, or larger than is believed.
    """
    total = 1
    for size in space.sizes:  # Python's numbers do not overflow
        total *= size
    sizes = " x ".join(map(str, space.sizes))
    if rows != total or rows > MOST_IMAGES:
        raise SourceError(
            f"'{path}' has {rows:,} images, but {sizes} factor values make {total:,} combinations; "
            "rows are missing or doubled, or it is another file"
        )
