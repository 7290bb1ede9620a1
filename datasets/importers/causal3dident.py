"""Causal3DIdent (von Kuegelgen et al. 2021): rendered objects, with ten continuous latents in bins.

`trainset/` and `testset/`, in each for every class c `raw_latents_c.npy` [N, 10] and the images
`images_c/NUMBER.png`, numbered like the rows. The latents, -1 to 1, are put into three equally wide bins:
then some of all combinations have an image, and those that differ in one of them by one bin are pairs. Within
their bins the other latents differ as well. `testset` is the test; a share of `trainset` is the validation.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from datasets.archive import Files, open_files
from datasets.arrays import DAMAGE
from datasets.errors import SourceError
from datasets.factors import Factor
from datasets.image_sets import ImageSet, Opened, own_files, varying

BINS = 3
CLASSES = 7
_EDGES = np.linspace(-1, 1, BINS + 1)
_NAMES = tuple(f"{low:.2f} to {high:.2f}" for low, high in pairwise(_EDGES))
FACTORS = (
    Factor("class", tuple(f"class {c}" for c in range(CLASSES)), "nominal"),
    *(Factor(f"position_{axis}", _NAMES) for axis in "xyz"),
    *(Factor(f"rotation_{k}", _NAMES, "cyclic") for k in (1, 2, 3)),
    Factor("spotlight", _NAMES),
    *(Factor(f"hue_{k}", _NAMES, "cyclic") for k in (1, 2, 3)),
)
LATENTS = len(FACTORS) - 1
_TABLE = re.compile(r"raw_latents_(\d)\.npy")


def open_causal3dident(path: Path) -> Opened:
    """The images of a folder or archive that have latents.

    Raises:
        SourceError: no latents, latents of another shape, or images without a row.
    """
    files = open_files(path)
    for _ in files.scan([f"raw_latents_{c}.npy" for c in range(CLASSES)]):
        pass
    places, split, values = dict[str, int](), [], []
    for table in sorted(files.names()):
        found = _TABLE.fullmatch(PurePosixPath(table).name)
        if found is None or int(found[1]) >= CLASSES:
            continue
        latents = _latents(files, path, table)
        tested = any(part.lower().startswith("test") for part in PurePosixPath(table).parts[:-1])
        for place, row in _images(files, path, table, int(found[1]), len(latents)):
            places[place] = len(places)
            split.append("test" if tested else "not test")
            values.append([int(found[1]), *latents[row]])
    if not places:
        raise SourceError(
            f"'{path}' has no raw_latents_0.npy with images_0 beside it; choose the folder of trainset "
            "and testset"
        )
    labels = varying(FACTORS, np.array(values, np.int64), [f"latents were put into {BINS} equally wide bins"])
    return Opened(own_files(path, files, places, split), labels)


def _latents(files: Files, path: Path, table: str) -> npt.NDArray[np.int64]:
    """The bins of a class' latents, [N, 10]."""
    try:
        latents = np.load(io.BytesIO(files.read(table)), allow_pickle=False)
    except DAMAGE as error:
        raise SourceError(f"'{path}: {table}' is no array of numbers ({error}); download it again") from error
    if latents.ndim != 2 or latents.shape[1] != LATENTS or latents.dtype.kind != "f":
        raise SourceError(
            f"'{path}: {table}' has the shape {latents.shape} instead of {LATENTS} numbers a row; "
            "download it again"
        )
    if not (np.abs(latents) <= 1 + 1e-6).all():
        raise SourceError(f"'{path}: {table}' has latents outside -1 to 1; it is another file or damaged")
    return np.clip(np.searchsorted(_EDGES, latents, side="right") - 1, 0, BINS - 1).astype(np.int64)


def _images(files: Files, path: Path, table: str, number: int, rows: int) -> Iterator[tuple[str, int]]:
    """(place, row) of the images of a class."""
    folder = str(PurePosixPath(table).parent / f"images_{number}")
    for name in sorted(files.names()):
        place = PurePosixPath(name)
        if str(place.parent) != folder or place.suffix.lower() != ".png" or not place.stem.isdecimal():
            continue
        if int(place.stem) >= rows:
            raise SourceError(f"'{path}: {name}' has no row in {table}; files are missing or mixed up")
        yield name, int(place.stem)


IMAGE_SET = ImageSet(
    name="causal3dident",
    title="Causal3DIdent: rendered objects, latents in bins",
    factors=FACTORS,
    licence="CC BY 4.0, as far as is known; look at the place where you got it.",
    citation="von Kügelgen et al., Self-Supervised Learning with Data Augmentations Provably Isolates "
    "Content from Style, 2021.",
    where="zenodo.org, record 4784282",
    open=open_causal3dident,
)
