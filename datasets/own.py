"""Builds a cache of one's own images and labels; they may be a full grid or some images only.

Two images are a pair where they differ by one step of one factor and agree in all others. Of images with
the same labels the first one that can be read takes part. Splits are as the table's column `split` says,
else drawn by content: the same pixels are never in two splits.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from datasets.cache import SPLITS, Transitions
from datasets.errors import DatasetInputError
from datasets.factors import FactorSpace, IntArray
from datasets.own_files import NO_FACTORS, NOT_TEST, OwnFiles, Table, open_own
from datasets.own_labels import Labelling, label
from datasets.own_pairs import CITATION, LICENCE, NAME, build_pairs, split_by_content, split_number
from datasets.pair_rules import HeldOut, acting, refuse_unlearnt
from datasets.recipe import Recipe
from datasets.source import ImageArray
from datasets.splits import Ledger, Pair, digests
from datasets.steps import BoolArray, GridNeighbours
from datasets.writer import Meter, Progress, Tables, scratch_files, write_cache

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
        return self.space_of((), ())

    def space_of(self, kinds: Sequence[str], renames: Sequence[str]) -> FactorSpace:
        """The same with some kinds and names said, "column=kind" and "column=name"."""
        own = self.open()
        if isinstance(own, Table):
            raise DatasetInputError(f"'{own.where}' is a list of pairs, which has no factors; {NO_FACTORS}")
        return self.label(own, kinds, renames).space

    def open(self) -> OwnFiles | Table:
        """What lies at the path.

        Raises:
            SourceError: see `open_own`.
        """
        return open_own(self.path)

    def label(self, own: OwnFiles, kinds: Sequence[str], renames: Sequence[str]) -> Labelling:
        """Factors of its columns, with some kinds and names said.

        Raises:
            DatasetInputError, SourceError: see `datasets.own_labels.label`.
        """
        return label(own.where, own.columns, _split_words(kinds), _split_words(renames))

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
    return _split_words(recipe.kinds)


def names_of(recipe: Recipe) -> dict[str, str]:
    """Column -> name of its factor, from the recipe's "column=name"."""
    return _split_words(recipe.renames)


def _split_words(items: Sequence[str]) -> dict[str, str]:
    return dict(item.rpartition("=")[::2] for item in items)


def build_own(source: OwnSource, path: Path, recipe: Recipe) -> Iterator[Progress]:
    """Read everything, and pair what can be paired.

    The pair counts of the recipe are upper bounds.

    Raises:
        DatasetInputError: a split or factor is left without pairs, or a kind is wrong.
        SourceError: the files are not what they should be.
        CacheError: the cache cannot be written.
    """
    path = Path(path)
    own = source.open()
    if isinstance(own, Table):
        yield from build_pairs(own, path, recipe)
        return
    labels = source.label(own, recipe.kinds, recipe.renames)
    labels = replace(labels, space=acting(labels.space, recipe))
    given = given_splits(own)
    if given is not None and recipe.hold_out:
        raise DatasetInputError(
            f"'{own.where}' says itself which images are the test; leave out --hold-out or the column split"
        )
    with scratch_files(path) as (scratch, partial):
        ledger, doubled = Ledger(), [0]
        yield from _read(own, labels, given, recipe, scratch, ledger, doubled)
        pairs = _pairs(labels.space, ledger, recipe)
        report = {
            "broken": own.broken,
            "converted": dict(own.converted),
            "notes": [*own.notes, *labels.notes],
            "same_labels": doubled[0],
        }
        tables = _tables(source, recipe, labels.space, ledger, pairs, report)
        yield from write_cache(path, scratch, partial, tables)


def given_splits(own: OwnFiles) -> list[int | None] | None:
    """The split of each image as the table says it: 0 train, 1 validation, 2 test; None where it does not.

    An entry is None where it is only said that the image is not for the test.

    Raises:
        SourceError: an entry is no split.
    """
    if own.split is None:
        return None
    return [
        None if word == NOT_TEST else split_number(own.where, word, row)
        for row, word in enumerate(own.split, 1)
    ]


def _read(
    own: OwnFiles,
    labels: Labelling,
    given: list[int | None] | None,
    recipe: Recipe,
    scratch: Path,
    ledger: Ledger,
    doubled: list[int],
) -> Iterator[Progress]:
    """Give each image its split and its row; counts images whose labels another one has.

    Of images with the same labels the first of the table takes part, whatever order the files come in; where
    that cannot be read, the next one that can.
    """
    grid = labels.space.to_index(labels.values)
    takes_part = np.isin(np.arange(own.rows), np.unique(grid, return_index=True)[1])
    held_out = None
    if recipe.hold_out:
        held_out = HeldOut(labels.space, recipe.hold_out).of_values(labels.values)
    salt, sound = np.random.default_rng(recipe.seed).bytes(8), np.zeros(own.rows, np.bool_)
    with scratch.open("wb") as file:

        def hold(row: int, image: ImageArray) -> bool:
            content = digests(image[None])[0]
            said = None if given is None else given[row]
            out = None if held_out is None else bool(held_out[row])
            out = False if given is not None else out
            split = _split_of(content, salt, out) if said is None else said
            held = ledger.hold(int(grid[row]), split, content)
            if held:
                file.write(np.ascontiguousarray(image).data)
            return held

        meter, reported = Meter("importing", own.rows), time.perf_counter()
        for done, (row, image) in enumerate(own.images(None), 1):
            sound[row] = True
            if not (takes_part[row] and hold(row, image)):
                doubled[0] += 1
            if time.perf_counter() - reported > _REPORT_S:
                reported = time.perf_counter()
                yield meter.at(done)
        yield meter.at(own.rows)
        rows = _instead(grid, takes_part, sound)
        meter, counted = Meter("importing", len(rows)), Counter(own.converted)
        for done, (row, image) in enumerate(own.images(rows) if rows else (), 1):
            if row in rows and hold(row, image):
                doubled[0] -= 1
            yield meter.at(min(done, len(rows)))
        own.converted.clear()
        own.converted.update(counted)  # they are no more images than before


def _instead(grid: IntArray, takes_part: BoolArray, sound: BoolArray) -> frozenset[int]:
    """For each image that was to take part and cannot be read, the next row of the same labels that can."""
    rows = np.flatnonzero(sound)
    first = rows[np.unique(grid[rows], return_index=True)[1]]
    return frozenset(first[~takes_part[first]].tolist())


def _split_of(content: bytes, salt: bytes, held_out: bool | None = None) -> int:
    """By the pixels alone, so that equal images have equal splits.

    Where something is held out, the test has just that, and its share of the others goes to training.
    """
    if held_out:
        return SPLITS.index("test")
    split = split_by_content(content, salt)
    return 0 if held_out is not None and SPLITS[split] == "test" else split


def _pairs(space: FactorSpace, ledger: Ledger, recipe: Recipe) -> dict[str, list[Pair]]:
    """All pairs within each split, as many as the recipe wants, mixed: the first ones are a sample of all.

    Raises:
        DatasetInputError: a split has none, or training lacks a factor.
    """
    rng = np.random.default_rng([recipe.seed, 2])
    neighbours, found, moved = GridNeighbours(space), dict[str, list[Pair]](), set[int]()
    for number, split in enumerate(SPLITS):
        pairs = ledger.close_under_steps(neighbours, number, rng)
        if split == "train":
            moved |= {space.actions[pair.action].factor for pair in pairs}
        found[split] = [pairs[n] for n in rng.permutation(len(pairs))[: recipe.pairs[split]]]
    _refuse_lonely(space, moved, recipe)
    learnt = {action for pair in found["train"] for action in (pair.action, pair.back)}
    refuse_unlearnt(space, recipe, learnt)
    for split, pairs in found.items():
        if not pairs:
            raise DatasetInputError(
                f"the {split} split has no pair of images that differ by one step of one factor; give more "
                "images, or ignore columns (--kind COLUMN=ignore)"
            )
    return found


def _refuse_lonely(space: FactorSpace, moved: set[int], recipe: Recipe) -> None:
    for f, name in enumerate(space.names):
        if f not in moved:
            column = next((c for c, other in names_of(recipe).items() if other == name), name)
            remedy = f"ignore it (--kind {column}=ignore), or give more images"
            raise DatasetInputError(
                f"no two training images differ by one step of {name} and agree in all else; "
                + (remedy if recipe.name == NAME else "give more images")
            )


def _tables(
    source: OwnSource,
    recipe: Recipe,
    space: FactorSpace,
    ledger: Ledger,
    pairs: dict[str, list[Pair]],
    report: dict[str, object],
) -> Tables:
    grid = np.fromiter(ledger.row_of, np.int64, len(ledger.row_of))
    rows = ledger.row_of

    def table(split: str) -> Transitions:
        found = [(rows[pair.before], rows[pair.after], pair.action, pair.back) for pair in pairs[split]]
        return Transitions(*np.array(found, np.int64).reshape(-1, 4).T)

    return Tables(
        name=recipe.called or source.name,
        recipe=recipe,
        space=space,
        image_shape=(64, 64, 3),
        licence=source.licence,
        citation=source.citation,
        factor_values=space.to_values(grid),
        splits=np.array(ledger.splits, np.uint8),
        transitions={split: table(split) for split in SPLITS},
        null_pairs_dropped=ledger.null_pairs,
        more={"report": json.dumps(report)},
    )
