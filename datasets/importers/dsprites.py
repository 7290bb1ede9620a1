"""dSprites (Matthey et al. 2017): the `.npz` or `.hdf5` file, or what disent makes of the latter.

Its 40 orientations are 0 to 360 degrees with both ends included: the last one is the first again. It is
left out, so that orientation is a circle of 39 steps. The constant factor color is left out too. The
member `metadata` is pickled and never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from datasets.arrays import Arrays, Images, open_arrays
from datasets.errors import SourceError
from datasets.factors import Factor, FactorSpace, IntArray
from datasets.importing import Block, Grid, GridSet, KnownFile, by_row, check_rows, ranks

_ORIENTATION = 2
_PLACES = tuple(f"{k / 31:.3g}" for k in range(32))


def factors(orientations: int) -> tuple[Factor, ...]:
    """The factors with 39 orientations or, as in the file, 40; the step is 360 / 39 degrees."""
    return (
        Factor("shape", ("square", "ellipse", "heart"), "nominal"),
        Factor("scale", tuple(f"{0.5 + k / 10:.1f}" for k in range(6))),
        Factor("orientation", tuple(f"{k * 360 / 39:.1f}°" for k in range(orientations)), "cyclic"),
        Factor("posX", _PLACES),
        Factor("posY", _PLACES),
    )


def open_dsprites(path: Path) -> Grid:
    """`imgs` [N, 64, 64] of 0 and 1 (or 0 and 255, and with a channel) and the latents' values or classes.

    Without latents the order of the rows is that of the published file.
    """
    arrays = open_arrays(path, "the .npz or .hdf5 file of dSprites")
    images = arrays.images("imgs")
    index, space = _rows(arrays, images.rows)
    check_rows(path, images.rows, space)
    index, space = _close_circle(index, space)

    def blocks(first: int) -> Iterator[Block]:
        return _in_full_range(path, images, index, first)

    return Grid(space, images.shape, blocks, (path,))


def _rows(arrays: Arrays, rows: int) -> tuple[IntArray, FactorSpace]:
    """The grid index of each row, and the factors; where both ends of the circle are there, with both."""
    names = arrays.names()
    label = next((n for n in ("latents_values", "latents/values") if n in names), "")
    label = label or next((n for n in ("latents_classes", "latents/classes") if n in names), "")
    if not label:
        return np.arange(rows), FactorSpace(factors(40))
    labels = arrays.read(label)
    if labels.ndim != 2 or labels.shape[1] != 6:
        raise SourceError(f"'{arrays.path}': {label} has the shape {labels.shape} instead of (N, 6)")
    if len(labels) and (labels[:, 0] != labels[0, 0]).any():
        raise SourceError(f"'{arrays.path}' has more than one color, which is not dSprites")
    return ranks(arrays.path, labels[:, 1:], factors(40))


def _close_circle(index: IntArray, space: FactorSpace) -> tuple[IntArray, FactorSpace]:
    """Leave out the last orientation; its rows get the index -1."""
    values = space.to_values(index)
    orientation = space.factors[_ORIENTATION]
    kept = Factor(orientation.name, orientation.values[:-1] or orientation.values, orientation.kind)
    if kept.size == orientation.size:
        return index, space
    closed = FactorSpace(tuple(kept if f is orientation else f for f in space.factors))
    stays = values[:, _ORIENTATION] < kept.size
    moved = np.full(len(index), -1, np.int64)
    moved[stays] = closed.to_index(values[stays])
    return moved, closed


def _in_full_range(path: Path, images: Images, index: IntArray, first: int) -> Iterator[Block]:
    """Pixels as 0 and 255, whichever of the two ways the file has them."""
    largest = 0
    for rows, block in by_row(images, index, first):
        top = int(block.max(initial=0))
        if 1 in (top, largest) and max(top, largest) > 1:
            raise SourceError(f"'{path}' has pixels of 0 and 1 as well as larger ones; download it again")
        largest = top or largest
        yield rows, block * np.uint8(255) if top == 1 else block


GRID_SET = GridSet(
    name="dsprites",
    title="dSprites: a white shape on black, the published images",
    factors=factors(39),
    licence="Apache License 2.0 (the repository's); made with LÖVE, zlib licence.",
    citation="Matthey, Higgins, Hassabis and Lerchner, dSprites: Disentanglement Testing Sprites, 2017.",
    where="github.com/google-deepmind/dsprites-dataset, the .npz or the .hdf5 file (28 MB)",
    open=open_dsprites,
    known=(KnownFile(28_024_106, "b331c4447a651c44bf5e8ae09022e230"),),
)
