"""Builds a cache of one's own images and labels; they may be a full grid or some images only.

Two images are a pair where they differ by one step of one factor and agree in all others. Of images with
the same labels the first one takes part. Splits are as the table's column `split` says, else drawn by
content: the same pixels are never in two splits.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.cache import SPLITS, Transitions
from datasets.errors import DatasetInputError, SourceError
from datasets.factors import FactorSpace, IntArray
from datasets.own_files import OwnFiles, open_own
from datasets.own_labels import Labelling, label
from datasets.recipe import Recipe
from datasets.source import ImageArray
from datasets.splits import Ledger, Pair, digests
from datasets.steps import GridNeighbours
from datasets.writer import Meter, Progress, Tables, scratch_files, write_cache

NAME = "own"
LICENCE = "Your own data: you know under which terms you may use it."
CITATION = "Your own data."
SHARES = (0.7, 0.15, 0.15)  # of the splits
_WORDS = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "test": 2, "0": 0, "1": 1, "2": 2}
_REPORT_S = 0.1


@dataclass
class OwnSource:
    """Images at a path. Only `build_own` reads them.

    Args:
        path: see `datasets.own_files`.
    """

    path: Path
    name: str = NAME
    image_shape: tuple[int, int, int] = (64, 64, 3)
    licence: str = LICENCE
    citation: str = CITATION

    @property
    def space(self) -> FactorSpace:
        """The factors that the table makes with no kinds said.

        Raises:
            SourceError: see `open_own`.
        """
        own = open_own(self.path)
        return label(own.where, own.columns, {}).space

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Nothing is read ahead."""
        return iter(())

    def render(self, values: IntArray) -> ImageArray:
        """No image is drawn.

        Raises:
            DatasetInputError: always.
        """
        del values
        raise DatasetInputError("your own images cannot be drawn; build their cache and look into it")


def kinds_of(recipe: Recipe) -> dict[str, str]:
    """Column -> kind, from the recipe's "column=kind"."""
    return dict(item.rpartition("=")[::2] for item in recipe.kinds)


def names_of(recipe: Recipe) -> dict[str, str]:
    """Column -> name of its factor, from the recipe's "column=name"."""
    return dict(item.rpartition("=")[::2] for item in recipe.renames)


def build_own(source: OwnSource, path: Path, recipe: Recipe) -> Iterator[Progress]:
    """Read everything, and pair what can be paired.

    The pair counts of the recipe are upper bounds.

    Raises:
        DatasetInputError: a split or factor is left without pairs, or a kind is wrong.
        SourceError: the files are not what they should be.
        CacheError: the cache cannot be written.
    """
    path = Path(path)
    own = open_own(source.path)
    labels = label(own.where, own.columns, kinds_of(recipe), names_of(recipe))
    given = given_splits(own)
    with scratch_files(path) as (scratch, partial):
        ledger, doubled = Ledger(), [0]
        yield from _read(own, labels, given, recipe, scratch, ledger, doubled)
        pairs = _pairs(labels.space, ledger, recipe)
        report = {
            "broken": own.broken,
            "notes": [*own.notes, *labels.notes],
            "same_labels": doubled[0],
        }
        yield from write_cache(path, scratch, partial, _tables(recipe, labels.space, ledger, pairs, report))


def given_splits(own: OwnFiles) -> list[int] | None:
    """The split of each image as the table says it: 0 train, 1 validation, 2 test; None where it does not.

    Raises:
        SourceError: an entry is no split.
    """
    if own.split is None:
        return None
    found = []
    for row, word in enumerate(own.split, 1):
        if word.strip().lower() not in _WORDS:
            raise SourceError(
                f"'{own.where}' has the split '{word}' in row {row}; write train, validation or test"
            )
        found.append(_WORDS[word.strip().lower()])
    return found


def _read(
    own: OwnFiles,
    labels: Labelling,
    given: list[int] | None,
    recipe: Recipe,
    scratch: Path,
    ledger: Ledger,
    doubled: list[int],
) -> Iterator[Progress]:
    """Give each image its split and its row; counts images whose labels another one has."""
    grid = labels.space.to_index(labels.values)
    _, first = np.unique(grid, return_index=True)
    takes_part = np.isin(np.arange(own.rows), first)  # by the table, whatever order the files come in
    meter, reported = Meter("importing", own.rows), time.perf_counter()
    salt = np.random.default_rng(recipe.seed).bytes(8)
    with scratch.open("wb") as file:
        for done, (row, image) in enumerate(own.images(None), 1):
            content = digests(image[None])[0]
            split = _split_of(content, salt) if given is None else given[row]
            if takes_part[row] and ledger.hold(int(grid[row]), split, content):
                file.write(np.ascontiguousarray(image).data)
            else:
                doubled[0] += 1
            if time.perf_counter() - reported > _REPORT_S:
                reported = time.perf_counter()
                yield meter.at(done)
    yield meter.at(own.rows)


def _split_of(content: bytes, salt: bytes) -> int:
    """By the pixels alone, so that equal images have equal splits."""
    number = int.from_bytes(bytes(a ^ b for a, b in zip(content[:8], salt, strict=True)), "little")
    share = np.random.default_rng(number).random()
    return int(np.searchsorted(np.cumsum(SHARES[:-1]), share, side="right"))


def _pairs(space: FactorSpace, ledger: Ledger, recipe: Recipe) -> dict[str, list[Pair]]:
    """All pairs within each split, as many as the recipe wants.

    Raises:
        DatasetInputError: a split has none, or training lacks a factor.
    """
    rng = np.random.default_rng([recipe.seed, 2])
    neighbours, found, moved = GridNeighbours(space), dict[str, list[Pair]](), set[int]()
    for number, split in enumerate(SPLITS):
        pairs = ledger.close_under_steps(neighbours, number, rng)
        moved |= {pair.action % space.num_factors for pair in pairs} if split == "train" else set()
        wanted = recipe.pairs[split]
        if len(pairs) > wanted:
            pairs = [pairs[n] for n in np.sort(rng.choice(len(pairs), wanted, replace=False))]
        found[split] = pairs
    lonely = [name for f, name in enumerate(space.names) if f not in moved]
    if lonely:
        column = next((c for c, name in names_of(recipe).items() if name == lonely[0]), lonely[0])
        raise DatasetInputError(
            f"no two training images differ by one step of {lonely[0]} and agree in all else; ignore it "
            f"(--kind {column}=ignore), or give more images"
        )
    for split, pairs in found.items():
        if not pairs:
            raise DatasetInputError(
                f"the {split} split has no pair of images that differ by one step of one factor; give more "
                "images, or ignore columns (--kind COLUMN=ignore)"
            )
    return found


def _tables(
    recipe: Recipe,
    space: FactorSpace,
    ledger: Ledger,
    pairs: dict[str, list[Pair]],
    report: dict[str, object],
) -> Tables:
    grid = np.fromiter(ledger.row_of, np.int64, len(ledger.row_of))
    rows = ledger.row_of

    def table(split: str) -> Transitions:
        found = [(rows[pair.before], rows[pair.after], pair.action) for pair in pairs[split]]
        return Transitions(*np.array(found, np.int64).reshape(-1, 3).T)

    return Tables(
        name=recipe.called or NAME,
        recipe=recipe,
        space=space,
        image_shape=(64, 64, 3),
        licence=LICENCE,
        citation=CITATION,
        factor_values=space.to_values(grid),
        splits=np.array(ledger.splits, np.uint8),
        transitions={split: table(split) for split in SPLITS},
        null_pairs_dropped=ledger.null_pairs,
        more={"report": json.dumps(report)},
    )
