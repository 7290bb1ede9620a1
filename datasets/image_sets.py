"""Published images with labels that are no grid: what an importer declares of them.

One module in datasets/importers/ makes one data set: an `ImageSet` named IMAGE_SET and the function that
opens its files. The cache is built as that of one's own data (datasets.own): what differs by one step of one
factor and agrees in all others is a pair. Nothing here loads Pillow, so that listing data sets stays quick.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from datasets.archive import Files, open_files
from datasets.errors import SourceError
from datasets.factors import Factor, FactorSpace, IntArray
from datasets.own_labels import Labelling

if TYPE_CHECKING:
    from datasets.own_files import OwnFiles


@dataclass(frozen=True)
class Opened:
    """Images of an opened set.

    Attributes:
        files: reads them; its columns are not looked at.
        labels: their factors and values.
    """

    files: OwnFiles
    labels: Labelling


@dataclass(frozen=True)
class ImageSet:
    """A set of labelled images that is imported.

    Attributes:
        name: the word on the command line.
        title: one line for a list.
        factors: usual ones; those of the user's files may have other values.
        licence, citation: of the images, a sentence each.
        where: where users get the files, a sentence.
        open: opens what the user named; raises a SourceError.
        place: what the user names, such as "folder or archive".
    """

    name: str
    title: str
    factors: tuple[Factor, ...]
    licence: str
    citation: str
    where: str
    open: Callable[[Path], Opened]
    place: str = "folder or archive"

    @property
    def space(self) -> FactorSpace:
        """The usual factors."""
        return FactorSpace(self.factors)


def ranked(factors: Sequence[Factor], numbers: npt.NDArray[np.int64], notes: Sequence[str] = ()) -> Labelling:
    """Numbers [N, F] -> values that are their ranks, with the numbers as names. See `varying`."""
    found, columns = [], []
    for factor, column in zip(factors, numbers.T, strict=True):
        values, rank = np.unique(column, return_inverse=True)
        found.append(Factor(factor.name, tuple(map(str, values.tolist())), factor.kind))
        columns.append(rank.reshape(-1).astype(np.int64))
    return varying(found, np.stack(columns, axis=1), notes)


def varying(factors: Sequence[Factor], values: IntArray, notes: Sequence[str] = ()) -> Labelling:
    """The factors that take two values or more among images of values [N, F].

    Raises:
        SourceError: none does.
    """
    moved = values.min(axis=0) < values.max(axis=0)
    if not moved.any():
        raise SourceError("all images have the same labels; there is nothing to change")
    left_out = [
        f"{f.name} has one value only and is left out" for f, m in zip(factors, moved, strict=True) if not m
    ]
    kept = tuple(factor for factor, varies in zip(factors, moved, strict=True) if varies)
    return Labelling(FactorSpace(kept), values[:, moved], (*notes, *left_out))


def by_names(path: Path, form: re.Pattern[str], other: str) -> tuple[OwnFiles, IntArray]:
    """Images whose names hold whole numbers, in the order of their names.

    Args:
        path: a folder or archive.
        form: of a file's name, with a group for each number.
        other: the beginning of the name of folders whose images are those of another set.

    Returns:
        The images, and the numbers in their names, [N, groups].

    Raises:
        SourceError: there are none.
    """
    files = open_files(path)
    for _ in files.scan(()):
        pass
    places, numbers = dict[str, int](), []
    for name in sorted(files.names()):
        parts = (path.name, *PurePosixPath(name).parts)
        found = form.fullmatch(parts[-1])
        if found is None or "__MACOSX" in parts or any(p.lower().startswith(other) for p in parts[:-1]):
            continue
        places[name] = len(places)
        numbers.append([int(number) for number in found.groups()])
    if not numbers:
        raise SourceError(f"'{path}' has no image whose name is like {form.pattern}; choose the right folder")
    return own_files(path, files, places), np.array(numbers, np.int64)


def own_files(path: Path, files: Files, places: dict[str, int], split: list[str] | None = None) -> OwnFiles:
    """Images at places among files, as `datasets.own` takes them.

    Args:
        path: what the user named, for messages.
        files: all files.
        places: place -> row.
        split: "train", "validation", "test" or `NOT_TEST` (datasets.own_files) of each image.
    """
    from datasets.own_files import OwnFiles
    from datasets.own_images import pictures

    own = OwnFiles(str(path), {"name": list(places)}, split, lambda _: iter(()))
    own.images = lambda _: pictures(files, places, str(path), own.broken, own.converted)
    return own
