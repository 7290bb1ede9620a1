"""The images and labels that people have: a folder or archive with a table, or a file of arrays.

folder, zip, tar     images, and one .csv whose first column is `path` (or `file`, `image`), or a list of
                     pairs with the columns `before`, `after` and `action` (datasets.own_pairs)
.npz, .h5            `images` uint8 [N, H, W, C] or [N, H, W], `labels` [N, F], and maybe `names` [F]; or in
                     HDF5 `data` with the attributes factor_names and factor_sizes: a grid in the order of its
                     factors, the last fastest (disent's form)
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.archive import Files, open_files, refuse_web_page
from datasets.arrays import Arrays, open_arrays, reading
from datasets.errors import SourceError
from datasets.own_images import Reader, pictures, streamed
from datasets.source import ImageArray

PATHS = ("path", "file", "filename", "image")
SPLIT = "split"
PAIRS = ("before", "after", "action")
NOT_TEST = "not test"  # a split of `OwnFiles`: either of the two others
NO_FACTORS = "leave out --kind, --pairs, --step and --hold-out"
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_HDF5 = b"\x89HDF"


@dataclass
class OwnFiles:
    """Images with labels, before anything is made of them.

    Attributes:
        where: the table or file, for messages.
        columns: label name -> the entry of each image, as text.
        split: what a column `split` says of each image, or None.
        images: reads (row, uint8 [64, 64, 3]) of some rows, or of all for None, in any order; what cannot be
            read is added to `broken`.
        form: what the files were taken for, as in "a folder with the table labels.csv".
        in_order: whether a row can only be reached by reading all before it.
        broken: images that could not be read, with why.
        converted: how images that were read were converted -> how many.
        notes: what was converted or left out, sentences.
    """

    where: str
    columns: dict[str, list[str]]
    split: list[str] | None
    images: Reader
    form: str = ""
    in_order: bool = False
    broken: list[str] = field(default_factory=list)
    converted: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The number of images."""
        return len(next(iter(self.columns.values()), self.split or []))


@dataclass(frozen=True)
class Table:
    """A table and the files that it stands among.

    Attributes:
        where: for messages.
        name: of the table among the files.
        files: all of them, the table included.
        folder: where the table stands; names in it are seen from there.
        header: the names of its columns.
        rows: its other lines.
        notes: what was converted, sentences.
    """

    where: str
    name: str
    files: Files
    folder: PurePosixPath
    header: list[str]
    rows: list[list[str]]
    notes: tuple[str, ...] = ()

    @cached_property
    def there(self) -> frozenset[str]:
        """The names of all files."""
        return frozenset(self.files.names())

    @property
    def lists_pairs(self) -> bool:
        """Whether it is a list of pairs of images with the action between them."""
        return {name.lower() for name in self.header} >= set(PAIRS)


def open_own(path: Path) -> OwnFiles | Table:
    """What lies at a path: images with labels, or the table of a list of pairs.

    Raises:
        SourceError: nothing that is known, or it contradicts itself.
    """
    if path.is_file() and _head(path) in (_HDF5, b"PK\x03\x04") and not _holds_images(path):
        return _of_arrays(path, open_arrays(path, "a file with the arrays images and labels"))
    table = _read_table(open_files(path))
    return table if table.lists_pairs else _of_table(table)


def _head(path: Path) -> bytes:
    with reading(path), path.open("rb") as file:
        return file.read(4)


def _holds_images(path: Path) -> bool:
    """Whether a zip archive holds pictures (and not numpy's arrays)."""
    import zipfile

    if not zipfile.is_zipfile(path):
        return False
    with reading(path), zipfile.ZipFile(path) as archive:
        return any(name.lower().endswith((".csv", *ENDINGS)) for name in archive.namelist())


def _read_table(files: Files) -> Table:
    for _ in files.scan(_table_names(files.path)):
        pass
    tables = [name for name in files.names() if name.lower().endswith(".csv") and "__MACOSX" not in name]
    if len(tables) != 1:
        found = f"{len(tables)} tables ({', '.join(tables[:5])})" if tables else "no table"
        raise SourceError(
            f"'{files.path}' has {found}; one .csv is needed, whose first column (path) names the images "
            "and whose others are their labels, or with the columns before, after and action"
        )
    where = f"{files.path}: {tables[0]}"
    data = files.read(tables[0])
    refuse_web_page(where, data[:512])
    text, note = _decoded(data)
    header, rows = _rows(where, text)
    folder = PurePosixPath(tables[0]).parent
    return Table(where, tables[0], files, folder, header, rows, (note,) if note else ())


def _of_table(table: Table) -> OwnFiles:
    where, header, rows = table.where, table.header, table.rows
    if header[0].lower() not in PATHS:
        raise _not_begun(where)
    places = dict[str, int]()
    for row, name in enumerate(row[0] for row in rows):
        place = place_of(table, name, row)
        if place in places:
            raise SourceError(f"'{where}' names '{name}' twice, in rows {places[place] + 1} and {row + 1}")
        places[place] = row
    columns = {name: [row[k] for row in rows] for k, name in enumerate(header[1:], 1)}
    split = columns.pop(SPLIT, None)
    kind = kind_of(table.files.path)
    own = OwnFiles(where, columns, split, lambda _: iter(()), f"{kind} with the table {table.name}")
    own.in_order = kind == "a tar archive"
    own.notes = [words for words in (*table.notes, _unnamed(table.files, places)) if words]

    def images(rows: Collection[int] | None) -> Iterator[tuple[int, ImageArray]]:
        some = places if rows is None else {place: row for place, row in places.items() if row in rows}
        return pictures(table.files, some, where, own.broken, own.converted)

    own.images = images
    return own


def kind_of(path: Path) -> str:
    """A folder, a zip archive or a tar archive, in words."""
    if path.is_dir():
        return "a folder"
    return "a zip archive" if _head(path) == b"PK\x03\x04" else "a tar archive"


def _unnamed(files: Files, places: Collection[str]) -> str:
    """Says how many pictures the table does not name."""
    pictures = {name for name in files.names() if name.lower().endswith(ENDINGS) and "__MACOSX" not in name}
    left = len(pictures - set(places))
    which, verb = ("1 image", "is") if left == 1 else (f"{left:,} images", "are")
    return f"{which} that the table does not name {verb} left out" if left else ""


def place_of(table: Table, name: str, row: int) -> str:
    """The place of an image among the files. Names are compared with what is there, never used as paths.

    Raises:
        SourceError: a name leaves the folder, or is not there.
    """
    path = PurePosixPath(name.strip().replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise SourceError(
            f"'{table.where}' names '{name}', which lies outside the folder; mend row {row + 1}"
        )
    place = str(table.folder / path)
    if place not in table.there:
        raise SourceError(f"'{table.where}' names '{name}' in row {row + 1}, which is not there")
    return place


def _table_names(path: Path) -> list[str]:
    """A tar archive keeps only what it is told to beforehand: usual names of tables."""
    return ["labels.csv", "factors.csv", "data.csv", "pairs.csv", f"{path.name.partition('.')[0]}.csv"]


def _decoded(data: bytes) -> tuple[str, str]:
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return data.decode("latin-1"), "the table is not UTF-8 and was read as Latin-1"


def _rows(where: str, text: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows, checked.

    Raises:
        SourceError: no header, a column twice, ragged rows or none.
    """
    try:
        lines = [
            row for row in csv.reader(io.StringIO(text, newline="")) if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise SourceError(f"'{where}' is no table of comma-separated values ({error})") from error
    header = [cell.strip() for cell in lines[0]] if lines else []
    if len(header) < 2:
        raise _not_begun(where)
    if len(set(header)) < len(header) or "" in header:
        raise SourceError(f"'{where}' has a column without a name, or a name twice; mend its first line")
    for number, row in enumerate(lines[1:], 2):
        if len(row) != len(header):
            raise SourceError(
                f"line {number} of '{where}' has {len(row)} cells instead of {len(header)}; mend it"
            )
    if len(lines) < 3:
        what = "pairs" if {name.lower() for name in header} >= set(PAIRS) else "images"
        raise SourceError(f"'{where}' has {len(lines) - 1} {what}; two are needed at least")
    return header, lines[1:]


def _not_begun(where: str) -> SourceError:
    return SourceError(
        f"'{where}' must begin with a line of names: {PATHS[0]} first, then a name for each label; or "
        f"{', '.join(PAIRS)} for a list of pairs"
    )


def _of_arrays(path: Path, arrays: Arrays) -> OwnFiles:
    names = arrays.names()
    if "data" in names and "images" not in names and (grid := _grid_of(path)) is not None:
        form = "an HDF5 file that names the factors of its grid of images"
        own = OwnFiles(str(path), grid, None, lambda _: iter(()), form, True)
        own.images = streamed(arrays.images("data", alpha=True), own.converted)
        return own
    if "images" not in names or "labels" not in names:
        raise SourceError(
            f"'{path}' has the arrays {', '.join(names[:8]) or 'none'}; it needs images [N, H, W, C] and "
            "labels [N, F]"
        )
    images, labels = arrays.images("images", alpha=True), arrays.table("labels")
    labels = labels[:, None] if labels.ndim == 1 else labels
    if labels.ndim != 2 or len(labels) != images.rows or not labels.shape[1]:
        raise SourceError(f"'{path}' has {images.rows:,} images and labels of shape {labels.shape}")
    titles = _titles(arrays, labels.shape[1])
    columns = {title: _entries(labels[:, k]) for k, title in enumerate(titles)}
    form = f"{'an HDF5' if _head(path) == _HDF5 else 'a numpy'} file with the arrays images and labels"
    own = OwnFiles(str(path), columns, None, lambda _: iter(()), form, True)
    own.images = streamed(images, own.converted)
    return own


def _entries(column: npt.NDArray[Any]) -> list[str]:
    """Labels as text: words as they are, numbers so that equal ones look alike."""
    if column.dtype.kind == "f":
        return [f"{value:.12g}" for value in column]
    return [str(value) for value in (column.astype(int) if column.dtype.kind == "b" else column).tolist()]


def _titles(arrays: Arrays, count: int) -> list[str]:
    """The names of the label columns: those in the file, if there is one for each, else numbers."""
    found: list[str] = []
    if "names" in arrays.names():
        found = [str(name) for name in arrays.table("names").reshape(-1)[: count + 1].tolist()]
    good = len(found) == count and len(set(found)) == count and all(found)
    return found if good else [f"factor {k + 1}" for k in range(count)]


def _grid_of(path: Path) -> dict[str, list[str]] | None:
    """The labels that the attributes factor_names and factor_sizes of `data` stand for."""
    from datasets.hdf5_heaps import open_hdf5

    with reading(path), open_hdf5(path) as file:
        attributes = file["data"].attrs
        if "factor_names" not in attributes or "factor_sizes" not in attributes:
            return None
        names = [_word(name) for name in attributes["factor_names"]]
        sizes = [int(size) for size in attributes["factor_sizes"]]
        rows = len(file["data"])
    if len(names) != len(sizes) or min(sizes, default=0) < 1 or math.prod(sizes) != rows:
        raise SourceError(f"'{path}' has {rows:,} images, but its factors are {names} with sizes {sizes}")
    values = np.unravel_index(np.arange(rows), sizes)
    return {name: [str(v) for v in column] for name, column in zip(names, values, strict=True)}


def _word(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
