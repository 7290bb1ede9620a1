"""Cars3D (Reed et al. 2015): `nips2015-analogy-data.tar.gz`, its unpacked folder, or disent's npz.

`list.txt` names the cars, in the order that numbers them here; each is a MATLAB file with the images of
24 directions and 4 elevations. Numbers of cars differ between programs that follow the order of the
folder, so they are only comparable by name.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections import Counter
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from datasets.archive import Files, open_files
from datasets.arrays import open_arrays, reading
from datasets.errors import SourceError
from datasets.factors import Factor, FactorSpace
from datasets.importing import Block, Grid, GridSet, by_row, check_rows
from datasets.source import ImageArray

_SHAPE = (128, 128, 3, 24, 4)  # height, width, channels, azimuth, elevation
_MOST_CARS = 1_000


def factors(cars: tuple[str, ...]) -> tuple[Factor, ...]:
    """The factors, given the names of the cars."""
    return (
        Factor("elevation", tuple(f"elevation {k}" for k in range(4))),
        Factor("azimuth", tuple(f"{15 * k}°" for k in range(24)), "cyclic"),
        Factor("object_type", cars, "nominal"),
    )


FACTORS = factors(tuple(f"car {k}" for k in range(183)))


def open_cars3d(path: Path) -> Generator[None, None, Grid]:
    """See the module."""
    if path.is_file() and zipfile.is_zipfile(path):
        with reading(path), zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if "images.npy" in names:
            return _sorted_grid(path)
    files = open_files(path)
    for _ in files.scan({"list.txt"}):
        yield
    members = _members(files)
    stems = tuple(PurePosixPath(name).stem.removesuffix("_mesh") for name in members)
    space = FactorSpace(factors(stems))
    return Grid(space, (128, 128, 3), lambda first: _blocks(files, members, space, first))


def _sorted_grid(path: Path) -> Grid:
    """The file of disent: `images` [17568, 128 or 64, same, 3], in grid order."""
    images = open_arrays(path, "the archive of Cars3D").images("images")
    space = FactorSpace(FACTORS)
    check_rows(path, images.rows, space)

    def blocks(first: int) -> Iterator[Block]:
        return by_row(images, None, first)

    return Grid(space, images.shape, blocks, (path,))


def _members(files: Files) -> list[str]:
    """The names of the MATLAB files, in the order of the list beside them."""
    names = set(files.names())
    problem = "has no list.txt beside car_…_mesh.mat files"
    for listed in sorted(name for name in names if PurePosixPath(name).name == "list.txt"):
        folder = PurePosixPath(listed).parent
        with reading(files.path):
            stems = files.read(listed).decode("utf-8").split()
        members = [str(folder / f"{stem}.mat") for stem in stems]
        twice = [name for name, count in Counter(members).items() if count > 1]
        missing = [name for name in members if name not in names]
        if not members or len(missing) == len(members):
            continue
        if twice or missing or len(members) > _MOST_CARS:
            problem = (
                f"has a list.txt that does not fit its files, such as {(twice or missing or members)[0]}"
            )
            break
        return members
    raise SourceError(f"'{files.path}' {problem}; name the archive of Cars3D or its folder 'cars'")


def _blocks(files: Files, members: list[str], space: FactorSpace, first: int) -> Iterator[Block]:
    """One car after the other: 96 images each."""
    number = {name: k for k, name in enumerate(members)}
    elevation, azimuth = np.divmod(np.arange(96), 24)
    for name, data in islice(files.stream(members), first // 96, None):
        values = np.stack([elevation, azimuth, np.full(96, number[name])], axis=1)
        yield space.to_index(values), _read_car(f"{files.path}: {name}", data)


def _read_car(where: str, data: bytes) -> ImageArray:
    """The images [96, 128, 128, 3] of a MATLAB 5 file, elevation slowest."""
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    with reading(where), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about damage in what is not read
        try:
            found = {name: (shape, kind) for name, shape, kind in whosmat(io.BytesIO(data))}
            if found.get("im") != (_SHAPE, "uint8"):
                raise SourceError(f"'{where}' has no images `im` of the shape {_SHAPE}; it is another file")
            images = loadmat(io.BytesIO(data), variable_names=["im"])["im"]
        except MatReadError as error:
            raise SourceError(f"'{where}' is damaged ({error}); download it again") from error
    if images.shape != _SHAPE or images.dtype != np.uint8:
        raise SourceError(f"'{where}' is damaged; download it again")
    return np.ascontiguousarray(images.transpose(4, 3, 0, 1, 2).reshape(96, 128, 128, 3))


GRID_SET = GridSet(
    name="cars3d",
    title="Cars3D: drawn cars from all sides",
    factors=FACTORS,
    licence="None stated; for research.",
    citation="Reed, Zhang, Zhang and Lee, Deep Visual Analogy-Making, NeurIPS 2015.",
    where="www.scottreed.info/files/nips2015-analogy-data.tar.gz",
    open=open_cars3d,
    place="archive or folder",
)
