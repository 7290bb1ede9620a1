"""Which data set the files at a place are, by their content; names of files do not matter."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from datasets.archive import open_files
from datasets.arrays import open_arrays, reading
from datasets.errors import DatasetError, SourceError
from datasets.factors import FactorSpace
from datasets.importing import Grid, GridSet

What = Literal["source", "cache", "packed"]
_TABLE = "one .csv whose first column (path) names the images and whose others are their labels"


@dataclass(frozen=True)
class Recognised:
    """What lies at a place.

    Attributes:
        what: the files that a data set is built of, a cache, or a cache in its packed form.
        name: the data set, "own" for one's own data; empty for a packed one.
    """

    what: What
    name: str = ""


Finding = Generator[None, None, Recognised]


def recognise(path: Path) -> Finding:
    """Look at a file, folder or archive; yields while it does.

    Raises:
        SourceError: it is nothing that is known; the sentence says what was found.
    """
    path = Path(path)
    if not path.exists():
        raise SourceError(f"'{path}' does not exist")
    if path.is_file():
        if path.suffix.lower() == ".csv":
            raise SourceError(f"'{path}' is a table: take the folder in which it lies with its images")
        with reading(path), path.open("rb") as file:
            head = file.read(8)
        if head.startswith(b"\x89HDF") or (head.startswith(b"PK") and _holds_arrays(path)):
            return (yield from _among_arrays(path))
        if path.name.lower().endswith((".mat", ".mat.gz")):
            return (yield from _by_importers(path, f"'{path}' is no file of a data set that Doscope reads"))
    return (yield from _among_files(path))


def _holds_arrays(path: Path) -> bool:
    import zipfile

    with reading(path), zipfile.ZipFile(path) as archive:
        return any(name.endswith(".npy") for name in archive.namelist())


def _among_arrays(path: Path) -> Finding:
    """A file of arrays: one that a set was published in, a cache, or one's own.

    A layout that several have (images and labels) is a published set's where the sizes are those of it.
    """
    kept = _kept(path)
    if kept is not None:
        return kept
    fitting = []
    for grid_set in _sets():
        grid = yield from _opened(grid_set, path)
        if grid is not None and grid.space.sizes == FactorSpace(grid_set.factors).sizes:
            return Recognised("source", grid_set.name)
        fitting += [grid_set.name] if grid is not None else []
        yield
    from datasets.own_files import open_own

    try:
        open_own(path)
    except DatasetError as error:
        if not fitting:
            names = ", ".join(open_arrays(path, "a file of arrays").names()[:6])
            raise SourceError(
                f"'{path}' is of no data set that Doscope reads: it has the arrays {names or 'none'}; "
                "one's own need images [N, H, W, C] and labels [N, F]"
            ) from error
        return Recognised("source", fitting[0])
    return Recognised("source", "own")


def _kept(path: Path) -> Recognised | None:
    """Whether the file is a cache of Doscope's, in either form."""
    from datasets import cache, packing

    if path.suffix.lower() == ".npz":
        return None
    from datasets.hdf5_heaps import open_hdf5

    try:
        with open_hdf5(path) as file:
            form, name = str(file.attrs.get("format", "")), str(file.attrs.get("name", ""))
    except (OSError, ValueError, KeyError):
        return None
    if form == packing.FORMAT:
        return Recognised("packed")
    return Recognised("cache", name) if form == cache.FORMAT else None


def _among_files(path: Path) -> Finding:
    """A folder or archive, mostly by the names in it."""
    from datasets.own_files import ENDINGS

    files = open_files(path)
    for _ in files.scan(()):
        yield
    inside = [PurePosixPath(name) for name in files.names() if "__MACOSX" not in name]
    last = {name.name.lower() for name in inside}
    if any(name.startswith("list_attr_celeba.") for name in last):
        return Recognised("source", "celeba")
    if path.is_dir() and _has_sheets(inside):
        return Recognised("source", "sprites")
    if any(name.endswith(".csv") for name in last):
        return Recognised("source", "own")
    pictures = sum(name.endswith(ENDINGS) for name in last)
    found = f"{len(inside):,} files, {pictures:,} of them images, and no table"
    return (
        yield from _by_importers(path, f"'{path}' has {found}: to be read as your own data it needs {_TABLE}")
    )


def _has_sheets(inside: list[PurePosixPath]) -> bool:
    from datasets.sprites import LAYERS

    return set(LAYERS) <= {name.parts[0] for name in inside if len(name.parts) == 2}


def _by_importers(path: Path, refusal: str) -> Finding:
    for grid_set in _sets():
        if path.is_file() or "folder" in grid_set.place:
            if (yield from _opened(grid_set, path)) is not None:
                return Recognised("source", grid_set.name)
            yield
    from datasets.importers import image_sets

    for image_set in image_sets():
        with contextlib.suppress(DatasetError):
            image_set.open(path)
            return Recognised("source", image_set.name)
        yield
    raise SourceError(refusal)


def _opened(grid_set: GridSet, path: Path) -> Generator[None, None, Grid | None]:
    """What a set's reader makes of a file; None where it refuses it, or takes the files beside it."""
    try:
        opened = grid_set.open(path)
        grid = (yield from opened) if isinstance(opened, Generator) else opened
    except DatasetError:
        return None
    return None if path.is_file() and grid.files and path not in grid.files else grid


def _sets() -> tuple[GridSet, ...]:
    from datasets.importers import grid_sets

    return grid_sets()
