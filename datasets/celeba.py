"""CelebA, imported from the user's copy: aligned faces with binary attributes, partitions and people.

Needs `img_align_celeba` (folder or zip), `list_attr_celeba` and `list_eval_partition`; `identity_CelebA`
is used when it is there. The tables may be the published text files or the comma-separated variants. The
middle 148 x 148 of the 178 x 218 pixels is resized to 64 x 64, as in the paper's public code.

Source: Liu, Luo, Wang and Tang, Deep Learning Face Attributes in the Wild, ICCV 2015.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image

from datasets.archive import open_files, refuse_web_page
from datasets.errors import DatasetInputError, SourceError
from datasets.factors import IntArray
from datasets.pairing import VALUES, Labels, attribute_space
from datasets.source import ImageArray

SIDE = 64
CROP = 148  # pixels of the original
SIZE = (178, 218)  # width, height of an aligned image
FACES = "img_align_celeba"
ATTRIBUTES, PARTITION, IDENTITY = "list_attr_celeba", "list_eval_partition", "identity_CelebA"
_ENDINGS = (".txt", ".csv")
_TABLES = tuple(name + ending for name in (ATTRIBUTES, PARTITION, IDENTITY) for ending in _ENDINGS)
_BLOCK = 4096  # lines parsed at once

# Factors to show before a copy is at hand: plain to see at 64 x 64 and not rare together.
USUAL = (
    "Bangs", "Big_Nose", "Black_Hair", "Blond_Hair", "Eyeglasses",
    "Gray_Hair", "Male", "Smiling", "Wearing_Hat", "Young",
)  # fmt: skip

LICENCE = "CelebA agreement: for non-commercial research only; images must not be passed on."
CITATION = "Liu, Luo, Wang and Tang, Deep Learning Face Attributes in the Wild, ICCV 2015 (CelebA)."


class CelebaSource:
    """Faces of a folder or archive. See `datasets.labelled.LabelledSource`.

    Args:
        path: holds the images and tables, in any folders of it.
        attributes: the factors of `space` and `render`.

    Raises:
        SourceError: there is no such folder or archive.
    """

    name = "celeba"
    image_shape = (SIDE, SIDE, 3)
    licence = LICENCE
    citation = CITATION

    def __init__(self, path: Path, attributes: tuple[str, ...] = USUAL) -> None:
        self.path = Path(path)
        self.space = attribute_space(attributes)
        self._files = open_files(self.path)
        self._faces = self._files  # or a zip archive of them inside the folder
        self._places: list[str] = []  # of the images in `_faces`, in the order of the labels
        self._labels: Labels | None = None

    @property
    def labels(self) -> Labels:
        """What is known of the images; reads the tables if `prepare` was not called.

        Raises:
            SourceError: a table or an image is missing, damaged or contradicts another.
        """
        for _ in self.prepare():
            pass
        assert self._labels is not None
        return self._labels

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Look through the files and read the tables; yields (done, total) parts.

        Raises:
            SourceError: a table or an image is missing, damaged or contradicts another.
        """
        if self._labels is not None:
            return
        yield from self._files.scan(_TABLES)
        tables = {PurePosixPath(name).name: name for name in self._files.names() if _is_ours(name)}
        names, attributes, present = read_attributes(*self._table(tables, ATTRIBUTES))
        partitions = self._numbers(tables, PARTITION, names)
        _check_partitions(names, partitions)
        people = None
        if any(IDENTITY + ending in tables for ending in _ENDINGS):
            people = self._numbers(tables, IDENTITY, names)
        yield from self._find_faces(names)
        self._labels = Labels(names, attributes, present, partitions.astype(np.uint8), people)

    def images(self, rows: IntArray) -> Iterator[tuple[int, ImageArray]]:
        """The images of some rows of `labels`, as (row, uint8 [64, 64, 3]), in the order of the files.

        Raises:
            SourceError: an image is damaged or of another size.
        """
        names = self.labels.images
        row_of = {self._places[row]: row for row in rows.tolist()}
        for place, data in self._faces.stream(row_of):
            row = row_of[place]
            yield row, decode_face(f"{names[row]}' in '{self._faces.path}", data)

    def render(self, values: IntArray) -> ImageArray:
        """The first image with each row of factor values, int64 [n, F] -> uint8 [n, 64, 64, 3].

        Raises:
            DatasetInputError: a value lies outside 0..1, or no image has these values.
        """
        wanted = np.asarray(values, dtype=np.int64)
        index = self.space.to_index(wanted)
        labels = self.labels
        columns = [labels.column(name) for name in self.space.names]
        have = self.space.to_index(labels.present[:, columns].astype(np.int64))
        rows = np.full(len(index), -1, np.int64)
        for i, combination in enumerate(index.tolist()):
            found = np.flatnonzero(have == combination)
            if not len(found):
                said = ", ".join(
                    f"{n} {VALUES[v]}" for n, v in zip(self.space.names, wanted[i].tolist(), strict=True)
                )
                raise DatasetInputError(
                    f"no face of '{self.path}' has {said}; photographs exist for some combinations only"
                )
            rows[i] = found[0]
        images = dict(self.images(np.unique(rows)))
        return np.stack([images[row] for row in rows.tolist()])

    def _table(self, tables: Mapping[str, str], stem: str) -> tuple[str, bytes]:
        for ending in _ENDINGS:
            if stem + ending in tables:
                name = tables[stem + ending]
                data = self._files.read(name)
                refuse_web_page(f"{self.path}: {name}", data[:512])
                return f"{self.path}: {name}", data
        raise SourceError(
            f"'{self.path}' has no {stem}.txt (or .csv); put it beside {FACES}, as CelebA is published"
        )

    def _numbers(self, tables: Mapping[str, str], stem: str, names: tuple[str, ...]) -> IntArray:
        """The numbers of a table of two columns, in the order of `names`."""
        where, data = self._table(tables, stem)
        by_name = read_numbers(where, data)
        missing = [name for name in names if name not in by_name]
        if missing or len(by_name) != len(names):
            first = f"; the first without a line is {missing[0]}" if missing else ""
            raise SourceError(
                f"'{where}' has lines for {len(by_name):,} images, {ATTRIBUTES} for {len(names):,}{first}; "
                "use files of the same release, downloaded whole"
            )
        return np.array([by_name[name] for name in names], np.int64)

    def _find_faces(self, names: tuple[str, ...]) -> Iterator[tuple[int, int]]:
        """Learn where each image lies."""
        places = _faces_among(self._files.names())
        if not places:
            yield from self._open_inner_zip()
            places = _faces_among(self._faces.names())
        missing = [name for name in names if name not in places]
        if missing:
            raise SourceError(
                f"{len(missing):,} of the {len(names):,} images of {ATTRIBUTES} are not in "
                f"'{self._faces.path}', the first is {FACES}/{missing[0]}; unpack or download {FACES} again"
            )
        self._places = [places[name] for name in names]

    def _open_inner_zip(self) -> Iterator[tuple[int, int]]:
        """Published is a folder that holds the images as one zip archive."""
        inner = [n for n in self._files.names() if PurePosixPath(n).name == f"{FACES}.zip"]
        if not self.path.is_dir():
            remedy = f"unpack it and name the folder that holds {FACES}" if inner else "name another --source"
            raise SourceError(f"the archive '{self.path}' has no folder {FACES} with images; {remedy}")
        if not inner:
            raise SourceError(
                f"'{self.path}' has neither a folder {FACES} with images nor {FACES}.zip; "
                "name the folder that holds one of them as --source"
            )
        self._faces = open_files(self.path / inner[0])
        yield from self._faces.scan(())


def _is_ours(name: str) -> bool:
    """Archives made on a Mac carry shadows of all files."""
    return PurePosixPath(name).name in _TABLES and "__MACOSX" not in name


def _faces_among(names: list[str]) -> dict[str, str]:
    """Image name -> place. Other folders may hold other images of the same names."""
    places: dict[str, str] = {}
    for place in names:
        parts = PurePosixPath(place).parts
        if FACES in parts[:-1] and "__MACOSX" not in parts:
            places.setdefault(parts[-1], place)
    return places


def read_attributes(
    where: str, data: bytes
) -> tuple[tuple[str, ...], tuple[str, ...], npt.NDArray[np.bool_]]:
    """The table of attributes, as text (a line with the count, the names, then lines) or comma-separated.

    Returns:
        Image names [N], attribute names [A], and which image has which, [N, A].

    Raises:
        SourceError: the table is cut short, ragged, or has other values than 1, -1 and 0.
    """
    lines = _lines(where, data)
    if "," in lines[0]:
        attributes, count = tuple(_cells(lines[0])[1:]), len(lines) - 1
        body, first = lines[1:], 2
    else:
        if not lines[0].strip().isdigit() or len(lines) < 3:
            raise SourceError(f"'{where}' does not begin with the number of images; download it again")
        attributes, count = tuple(lines[1].split()), int(lines[0])
        body, first = lines[2:], 3
    if len(body) != count or not body:
        raise SourceError(
            f"'{where}' promises {count:,} images and has lines for {len(body):,}; download it again"
        )
    if not attributes or len(set(attributes)) != len(attributes):
        raise SourceError(f"'{where}' has no names of attributes, or one twice; download it again")
    names: list[str] = []
    present = np.empty((len(body), len(attributes)), bool)
    for start in range(0, len(body), _BLOCK):
        rows = [_cells(line) for line in body[start : start + _BLOCK]]
        _refuse_ragged(where, rows, len(attributes) + 1, first + start)
        values = np.array([row[1:] for row in rows])
        known = np.isin(values, ("1", "-1", "0"))
        if not known.all():
            row, column = np.argwhere(~known)[0].tolist()
            raise SourceError(
                f"line {first + start + row} of '{where}' has the value '{values[row, column]}' where 1 or "
                "-1 is expected; download it again"
            )
        names += [row[0] for row in rows]
        present[start : start + len(rows)] = values == "1"
    if len(set(names)) != len(names):
        raise SourceError(f"'{where}' names an image twice; download it again")
    return tuple(names), attributes, present


def read_numbers(where: str, data: bytes) -> dict[str, int]:
    """A table of image names and whole numbers, with or without a header.

    Raises:
        SourceError: a line has other than two parts, or no number.
    """
    lines = _lines(where, data)
    rows = [_cells(line) for line in lines]
    _refuse_ragged(where, rows, 2, 1)
    if not _is_number(rows[0][1]):
        rows = rows[1:]
    for row in rows:
        if not _is_number(row[1]):
            raise SourceError(f"'{where}' gives {row[0]} the number '{row[1]}'; download it again")
    numbers = {name: int(number) for name, number in rows}
    if len(numbers) != len(rows):
        raise SourceError(f"'{where}' names an image twice; download it again")
    return numbers


def decode_face(name: str, data: bytes) -> ImageArray:
    """The middle of an aligned image, uint8 [64, 64, 3].

    Raises:
        SourceError: it is damaged or of another size; `name` completes the sentence "the image '...'".
    """
    refuse_web_page(name, data[:512])
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.size != SIZE:
                raise SourceError(
                    f"the image '{name}' is {image.size[0]} x {image.size[1]} pixels instead of {SIZE[0]} x "
                    f"{SIZE[1]}; use the aligned and cropped images ({FACES})"
                )
            left, top = (SIZE[0] - CROP) // 2, (SIZE[1] - CROP) // 2
            face = image.convert("RGB").crop((left, top, left + CROP, top + CROP))
            return np.asarray(face.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise SourceError(
            f"the image '{name}' is damaged or cut short ({error}); download {FACES} again"
        ) from error


def _check_partitions(names: tuple[str, ...], partitions: IntArray) -> None:
    wrong = np.flatnonzero((partitions < 0) | (partitions > 2))
    if len(wrong):
        raise SourceError(
            f"{PARTITION} puts {names[wrong[0]]} into partition {partitions[wrong[0]]}; there are 0 (train), "
            "1 (validation) and 2 (test): download it again"
        )
    for number, split in enumerate(("train", "validation", "test")):
        if not (partitions == number).any():
            raise SourceError(
                f"{PARTITION} puts no image into partition {number} ({split}); download it again"
            )


def _lines(where: str, data: bytes) -> list[str]:
    """The lines that are not blank."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"'{where}' is not a text file; download it again") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise SourceError(f"'{where}' is empty; download it again")
    return lines


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",")] if "," in line else line.split()


def _refuse_ragged(where: str, rows: list[list[str]], wanted: int, first: int) -> None:
    for at, row in enumerate(rows):
        if len(row) != wanted:
            raise SourceError(
                f"line {first + at} of '{where}' has {len(row)} parts instead of {wanted}; download it again"
            )


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdigit()
