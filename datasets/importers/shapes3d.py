"""3dshapes (Kim and Mnih 2018): `3dshapes.h5`, also as saved anew by other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from datasets.arrays import open_arrays
from datasets.factors import Factor, FactorSpace
from datasets.importing import Block, Grid, GridSet, KnownFile, by_row, check_rows, ranks

_HUES = tuple(f"{k / 10:g}" for k in range(10))
FACTORS = (
    Factor("floor_hue", _HUES, "cyclic"),
    Factor("wall_hue", _HUES, "cyclic"),
    Factor("object_hue", _HUES, "cyclic"),
    Factor("scale", tuple(f"{0.75 + k / 14:.2f}" for k in range(8))),
    Factor("shape", ("cube", "cylinder", "sphere", "capsule"), "nominal"),
    Factor("orientation", tuple(f"{30 * k / 7 - 30:.3g}°" for k in range(15))),
)


def open_shapes3d(path: Path) -> Grid:
    """`images` [N, 64, 64, 3] and `labels` [N, 6], real numbers whose ranks are the classes.

    Without labels the order of the rows is that of the published file.
    """
    arrays = open_arrays(path, "3dshapes.h5")
    images = arrays.images("images")
    if "labels" in arrays.names():
        labels = arrays.read("labels")
        index, space = ranks(path, labels.reshape(-1, labels.shape[-1]) if labels.ndim else labels, FACTORS)
    else:
        index, space = None, FactorSpace(FACTORS)
    check_rows(path, images.rows, space)

    def blocks(first: int) -> Iterator[Block]:
        return by_row(images, index, first)

    return Grid(space, images.shape, blocks, (path,))


GRID_SET = GridSet(
    name="3dshapes",
    title="3dshapes: a solid in a room, the published images",
    factors=FACTORS,
    licence="Apache License 2.0 (the repository's).",
    citation="Burgess and Kim, 3D Shapes Dataset, 2018 (github.com/google-deepmind/3d-shapes).",
    where="github.com/google-deepmind/3d-shapes links to 3dshapes.h5 (268 MB)",
    open=open_shapes3d,
    known=(KnownFile(267_573_662, "099a2078d58cec4daad0702c55d06868"),),
)
