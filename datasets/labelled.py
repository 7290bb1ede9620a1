"""Builds the cache of labelled images that are no grid, such as photographs of faces.

Every image of the source goes into the cache: an autoencoder learns from all of them. The pairs are
chosen afterwards (`datasets.pairing`), when all pixels are known. The official partitions are the splits.
An image whose pixels also occur in another partition is left out of the larger one: test keeps it before
validation, validation before training.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from datasets.cache import SPLITS
from datasets.errors import DatasetInputError
from datasets.factors import IntArray
from datasets.pairing import (
    MATCH_PERSON,
    Features,
    Labels,
    attribute_space,
    choose_attributes,
    usable,
)
from datasets.recipe import Recipe
from datasets.search import PairSearch
from datasets.source import ImageArray, Source
from datasets.splits import digests
from datasets.writer import Meter, Progress, Tables, scratch_files, write_cache

MATCH_ALL = "all"
_SLICE_S = 0.1  # between two reports
_THUMB = 8  # pixels a side of the pictures whose distance is measured
_COPIED = 256  # images moved at once


class LabelledSource(Source, Protocol):
    """A source that has some images only, each with its labels; `render` refuses combinations without one."""

    @property
    def labels(self) -> Labels:
        """What is known of the images, after `prepare`."""
        ...

    def images(self, rows: IntArray) -> Iterator[tuple[int, ImageArray]]:
        """Some images as (row of `labels`, uint8 [H, W, C]), in any order."""
        ...


def build_labelled(source: LabelledSource, path: Path, recipe: Recipe) -> Iterator[Progress]:
    """Build the cache of a labelled source at `path`, replacing an older one when all is written.

    The pair counts of the recipe are upper bounds: a split has as many as its images allow. Each `next()`
    does about a tenth of a second of work; closing the iterator cancels. The same source and recipe give
    the same arrays.

    Raises:
        DatasetInputError: see `resolve_recipe`; or a split, or a training action, has no pair.
        SourceError: a file of the source is missing or damaged.
        CacheError: the file cannot be written (full disk, no permission).
    """
    path = Path(path)
    with scratch_files(path) as (scratch, partial):
        yield from _metered("opening", source.prepare())
        recipe, left_out = resolve_recipe(recipe, source.labels)
        seen = _Seen.empty(len(source.labels.images))
        yield from _read(source, scratch, seen)
        kept = owned_rows(source.labels.partitions, seen.contents())
        dropped = len(source.labels.images) - len(kept)
        if dropped:
            _keep(scratch, kept, source.image_shape)
        labels = source.labels.take(kept)
        search = PairSearch(recipe, labels, _features(recipe, labels, seen, kept))
        yield from _metered("pairing", search.run(_SLICE_S))
        tables = Tables(
            name=source.name,
            recipe=recipe,
            space=attribute_space(recipe.attributes),
            image_shape=source.image_shape,
            licence=source.licence,
            citation=source.citation,
            factor_values=labels.present[:, search.columns].astype(np.int64),
            splits=labels.partitions,
            transitions={split: search.transitions(split) for split in SPLITS},
            null_pairs_dropped=search.null_pairs,
            more={"report": json.dumps({**search.report(), "left_out": left_out, "shared_images": dropped})},
        )
        yield from write_cache(path, scratch, partial, tables)


def resolve_recipe(recipe: Recipe, labels: Labels) -> tuple[Recipe, tuple[str, ...]]:
    """Fill in the attributes, and drop those that cannot be factors.

    Args:
        recipe: without attributes, the ten that give most pairs are taken; `match` may hold "all".
        labels: of the images.

    Returns:
        The recipe with its attributes, and those of the asked ones that never vary, which were left out.

    Raises:
        DatasetInputError: an attribute is unknown, none is left, or one has no pair for training.
    """
    constant = labels.constant()
    for name in (*recipe.attributes, *recipe.match):
        if name not in (MATCH_PERSON, MATCH_ALL):
            labels.column(name)
    asked = recipe.attributes or choose_attributes(labels, bounds=tuple(recipe.pairs.values()))
    attributes = tuple(name for name in asked if name not in constant)
    if not attributes:
        raise DatasetInputError(
            "none of the attributes varies in every partition, so there is no pair; choose others"
        )
    match = (*labels.attributes, *recipe.match) if MATCH_ALL in recipe.match else recipe.match
    match = tuple(dict.fromkeys(name for name in match if name not in (*attributes, MATCH_ALL)))
    if MATCH_PERSON in match and labels.people is None:
        raise DatasetInputError(
            "pairs cannot be matched by identity: the source does not say who is who (identity_CelebA.txt)"
        )
    _refuse_lonely(labels, attributes)
    left_out = tuple(name for name in asked if name in constant)
    return replace(recipe, attributes=attributes, match=match), left_out


def _refuse_lonely(labels: Labels, attributes: tuple[str, ...]) -> None:
    """Say early, and with the likely culprit, that an attribute never differs alone."""
    columns = [labels.column(name) for name in attributes]
    counts = usable(labels, columns)
    for name, column, count in zip(attributes, columns, counts[:, 0].tolist(), strict=True):
        if count:
            continue
        others = [other for other in columns if other != column]
        agree = [abs(float((labels.present[:, column] == labels.present[:, o]).mean()) - 0.5) for o in others]
        closest = labels.attributes[others[int(np.argmax(agree))]]
        raise DatasetInputError(
            f"no two training images differ in {name} alone among the chosen attributes; leave out {name} "
            f"or an attribute that goes with it (most of all {closest})"
        )


def owned_rows(partitions: npt.NDArray[np.uint8], contents: IntArray) -> IntArray:
    """The rows whose content no later partition has as well, ascending. All arguments [N]."""
    owner = np.zeros(int(contents.max(initial=-1)) + 1, np.int64)
    np.maximum.at(owner, contents, partitions.astype(np.int64))
    return np.flatnonzero(owner[contents] == partitions).astype(np.int64)


@dataclass
class _Seen:
    """What is remembered of each image: a hash of its pixels, uint64 [N, 2], and a small picture, [N, D]."""

    prints: npt.NDArray[np.uint64]
    thumbs: npt.NDArray[np.uint8]

    @classmethod
    def empty(cls, number: int) -> _Seen:
        return cls(np.zeros((number, 2), np.uint64), np.zeros((number, _THUMB * _THUMB * 3), np.uint8))

    def note(self, row: int, image: ImageArray) -> None:
        self.prints[row] = np.frombuffer(digests(image[None])[0], np.uint64)
        height, width = (side // _THUMB for side in image.shape[:2])
        tiles = image[: height * _THUMB, : width * _THUMB].reshape(_THUMB, height, _THUMB, width, -1)
        self.thumbs[row] = tiles.mean(axis=(1, 3)).astype(np.uint8).ravel()

    def contents(self) -> IntArray:
        """A number for each image, equal where all pixels are, [N]."""
        _, number = np.unique(self.prints, axis=0, return_inverse=True)
        return number.reshape(-1).astype(np.int64)


def _features(recipe: Recipe, labels: Labels, seen: _Seen, kept: IntArray) -> Features:
    fixed = {*recipe.attributes, *recipe.match}
    others = [i for i, name in enumerate(labels.attributes) if name not in fixed]
    return Features(
        others=labels.present[:, others].astype(np.float32),
        people=labels.people,
        thumbs=seen.thumbs[kept],
        contents=seen.contents()[kept],
    )


def _metered(stage: str, parts: Iterator[tuple[int, int]]) -> Iterator[Progress]:
    meter: Meter | None = None
    for done, total in parts:
        meter = meter or Meter(stage, total)
        yield meter.at(done)


def _read(source: LabelledSource, scratch: Path, seen: _Seen) -> Iterator[Progress]:
    """Every image to its place in the scratch file."""
    total = len(source.labels.images)
    size = int(np.prod(source.image_shape))
    meter, reported = Meter("reading", total), time.perf_counter()
    with scratch.open("wb") as file:
        rows = np.arange(total, dtype=np.int64)
        for done, (row, image) in enumerate(source.images(rows), 1):
            file.seek(row * size)
            file.write(np.ascontiguousarray(image).data)
            seen.note(row, image)
            if done == total or time.perf_counter() - reported > _SLICE_S:
                yield meter.at(done)
                reported = time.perf_counter()


def _keep(scratch: Path, rows: IntArray, shape: tuple[int, int, int]) -> None:
    """Move the images of some rows (ascending) to the front of the file and cut off the rest."""
    size = int(np.prod(shape))
    with scratch.open("r+b") as file:
        for first in range(0, len(rows), _COPIED):
            pieces = []
            for row in rows[first : first + _COPIED].tolist():
                file.seek(row * size)
                pieces.append(file.read(size))
            file.seek(first * size)
            file.write(b"".join(pieces))
        file.truncate(len(rows) * size)
