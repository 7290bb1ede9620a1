"""MPI3D (Gondal et al. 2019): `mpi3d_toy.npz`, `_realistic`, `_real` and `real3d_complicated_shapes`.

One array `images` without labels: the order is the label, and the number of rows tells the variant. Next
positions of the arm differ by a pixel or two, so that only every fourth one is kept unless asked
otherwise; the others are skipped while the file is streamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from datasets.arrays import open_arrays
from datasets.errors import SourceError
from datasets.factors import Factor, FactorSpace
from datasets.importing import Block, Grid, GridSet, by_row


def _factors(colours: tuple[str, ...], shapes: tuple[str, ...]) -> tuple[Factor, ...]:
    axis = tuple(map(str, range(40)))
    return (
        Factor("object_color", colours, "nominal"),
        Factor("object_shape", shapes, "nominal"),
        Factor("object_size", ("small", "large"), "binary"),
        Factor("camera_height", ("top", "center", "bottom")),
        Factor("background_color", ("purple", "sea green", "salmon"), "nominal"),
        Factor("horizontal_axis", axis),
        Factor("vertical_axis", axis),
    )


FACTORS = _factors(
    ("white", "green", "red", "blue", "brown", "olive"),
    ("cone", "cube", "cylinder", "hexagonal", "pyramid", "sphere"),
)
COMPLEX = _factors(
    ("yellow", "green", "olive", "red"), ("coffee-cup", "tennis-ball", "croissant", "beer-cup")
)
# Also an older release of the toy and realistic images has so many; which four colours it has is not said.
UNNAMED = _factors(tuple(f"color {k}" for k in range(4)), tuple(f"shape {k}" for k in range(4)))
VARIANTS = {1_036_800: FACTORS, 460_800: UNNAMED}


def open_mpi3d(path: Path) -> Grid:
    """`images` [N, 64, 64, 3]."""
    images = open_arrays(path, "an .npz file of MPI3D").images("images")
    if images.rows not in VARIANTS:
        counts = " or ".join(f"{rows:,}" for rows in VARIANTS)
        raise SourceError(f"'{path}' has {images.rows:,} images, and MPI3D has {counts}; it is another file")
    factors = VARIANTS[images.rows]
    if factors is UNNAMED and ("complex" in path.name or "complicated" in path.name):
        factors = COMPLEX

    def blocks(first: int) -> Iterator[Block]:
        return by_row(images, None, first)

    return Grid(FactorSpace(factors), images.shape, blocks, (path,))


GRID_SET = GridSet(
    name="mpi3d",
    title="MPI3D: a robot arm holding an object",
    factors=FACTORS,
    licence="CC-BY 4.0; name its authors.",
    citation="Gondal et al., On the Transfer of Inductive Bias from Simulation to the Real World, 2019.",
    where="github.com/rr-learning/disentanglement_dataset, one of its .npz files",
    open=open_mpi3d,
    thinned=("horizontal_axis", "vertical_axis"),
    stride=4,
)
