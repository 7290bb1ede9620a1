"""One's own data before they are built: what they were taken for, their columns, and what will come of them.

Nothing heavy is imported until a place is looked at, so that the window may import the results' classes.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datasets.errors import DatasetError
from datasets.factors import Factor, FactorSpace, IntArray
from datasets.source import ImageArray

if TYPE_CHECKING:
    from datasets.own_files import OwnFiles, Table
    from datasets.pair_choices import PairChoices
    from datasets.pair_rules import HeldOut

EXAMPLES = 10
FEW = 200  # test pairs; below, figures are rough
REACH = 5_000  # rows among which examples are taken where all before them have to be read
_TRIED = 10_000_000  # factors x factors x images up to which it is tried to leave each factor out
_SURE = 3.0  # expected pairs from which on a split is not likely to get none
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Column:
    """A column of labels and the factor that it makes.

    Attributes:
        name: of the column.
        kind: as asked, else as guessed; "ignore" where it makes no factor.
        guess: what `doscope build` takes it for when nothing is said; empty where it would be refused.
        values: of the factor, in order; empty where it makes none.
        note: what was put together, or why it makes no factor; may be empty.
        problem: why the asked kind cannot be; may be empty.
    """

    name: str
    kind: str
    guess: str
    values: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Outlook:
    """What would come of a build, as far as labels tell; which images look the same is not known.

    Attributes:
        possible: "all figures", "retrieval only" (the factor values are not known) or "nothing".
        combinations: of all factor values.
        distinct: images that take part, each with other labels.
        doubled: images whose labels another one has.
        pairs: expected number by split.
        problem: why a build would be refused, a sentence; or empty.
        doubt: what may go wrong, a sentence; or empty.
        actions: their number, of a list of pairs.
    """

    possible: str
    combinations: int = 0
    distinct: int = 0
    doubled: int = 0
    pairs: Mapping[str, float] | None = None
    problem: str = ""
    doubt: str = ""
    actions: int = 0


@dataclass(frozen=True, eq=False)
class Preview:
    """A look at one's own data.

    Attributes:
        path: what was looked at.
        form: what it was taken for ("a folder with the table labels.csv").
        images: their number.
        columns: without `split`.
        has_split: whether the table says the splits.
        examples: uint8 [n, 64, 64, 3], n up to ten.
        labels: of each example, its entry in every column; of one of a list of pairs, action and place.
        label_names: what they are, where there are no columns.
        notes: what was converted or left out, and which examples cannot be read; sentences.
        outlook: what would come of a build.
    """

    path: str
    form: str
    images: int
    columns: tuple[Column, ...]
    has_split: bool
    examples: ImageArray
    labels: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    outlook: Outlook
    label_names: tuple[str, ...] = ()


class OwnLook:
    """Opened data; what was read of them is kept, so that other kinds are answered at once.

    Args:
        path: see `datasets.own_files`.

    Raises:
        SourceError: nothing that is known, or it contradicts itself.
    """

    def __init__(self, path: Path) -> None:
        from datasets.own_files import open_own

        self.path = Path(path)
        self.own: OwnFiles | Table = open_own(self.path)
        self._made: dict[tuple[str, str], tuple[Column, IntArray | None]] = {}
        self._examples: dict[int, ImageArray] | None = None

    def preview(
        self, kinds: Mapping[str, str], pairs: PairChoices | None = None
    ) -> Generator[None, None, Preview]:
        """Look at everything but most images; yields between columns.

        Args:
            kinds: column -> kind, or "ignore".
            pairs: other pairs than usual, by the names of columns.

        Raises:
            SourceError: most of the examples cannot be read.
            DatasetInputError: a kind of a column that is not there.
        """
        from datasets.own_files import Table
        from datasets.own_labels import check_kinds

        own = self.own
        if isinstance(own, Table):
            from datasets.pairs_preview import preview_pairs

            yield
            return preview_pairs(self.path, own, kinds)
        check_kinds(own.where, own.columns, kinds)
        found = []
        for name in own.columns:
            found.append(self._column(own, name, kinds.get(name, "")))
            yield
        examples = self._read_examples(own)
        yield
        outlook = _outlook(own, found, pairs)
        yield
        return Preview(
            str(self.path),
            own.form,
            own.rows,
            tuple(column for column, _ in found),
            own.split is not None,
            np.stack(list(examples.values())) if examples else np.zeros((0, 64, 64, 3), np.uint8),
            tuple(tuple(entries[row].strip() for entries in own.columns.values()) for row in examples),
            (*own.notes, *(f"cannot be read: {words}" for words in own.broken)),
            outlook,
        )

    def _column(self, own: OwnFiles, name: str, kind: str) -> tuple[Column, IntArray | None]:
        if (name, kind) not in self._made:
            self._made[name, kind] = self._look_at(own, name, kind)
        return self._made[name, kind]

    def _look_at(self, own: OwnFiles, name: str, kind: str) -> tuple[Column, IntArray | None]:
        """The column, and each image's factor value where it makes a factor."""
        from datasets.own_labels import factor_of

        if kind:
            guess = self._column(own, name, "")[0].guess
            if kind == "ignore":
                return Column(name, kind, guess), None
        alone = len(own.columns) == 1
        try:
            made = factor_of(own.where, name, own.columns[name], kind or None, alone)
        except DatasetError as error:
            if kind:
                return Column(name, kind, guess, problem=str(error)), None
            return Column(name, "ignore", "", note=str(error)), None
        if isinstance(made, str):
            if kind:
                return Column(name, kind, guess, problem=made), None
            return Column(name, "ignore", "ignore", note=made), None
        factor, values, note = made
        return Column(name, factor.kind, guess if kind else factor.kind, factor.values, note), values

    def _read_examples(self, own: OwnFiles) -> dict[int, ImageArray]:
        """Row -> image of some rows, far apart."""
        if self._examples is None:
            reach = min(own.rows, REACH) if own.in_order else own.rows
            rows = np.unique(np.linspace(0, reach - 1, min(EXAMPLES, reach)).round().astype(int)).tolist()
            self._examples = {row: image.copy() for row, image in sorted(own.images(rows))}
        return self._examples


def _outlook(
    own: OwnFiles, found: list[tuple[Column, IntArray | None]], pairs: PairChoices | None
) -> Outlook:
    from datasets.own import given_splits

    for column, _ in found:
        if column.problem:
            return Outlook("nothing", problem=column.problem)
    used = [(column, values) for column, values in found if values is not None]
    try:
        splits = given_splits(own)
    except DatasetError as error:
        return Outlook("nothing", problem=str(error))
    if not used:
        return Outlook("nothing", problem="no column is left whose values differ: there is nothing to change")
    space = FactorSpace(
        tuple(Factor(column.name, column.values, column.kind) for column, _ in used)  # type: ignore[arg-type]
    )
    values = np.stack([codes for _, codes in used], axis=1)
    try:
        space, held_out = _with_pairs(space, pairs)
    except DatasetError as error:
        return Outlook("nothing", problem=str(error))
    if splits is None:
        return outlook(space, values, None, held_out)
    if held_out:
        return Outlook("nothing", problem="the column split says itself which images are the test")
    # What is only not for the test goes to training, most of it
    return outlook(space, values, np.array([0 if split is None else split for split in splits]))


def _with_pairs(space: FactorSpace, pairs: PairChoices | None) -> tuple[FactorSpace, HeldOut | None]:
    """The factors with their actions, and what is held out.

    Raises:
        DatasetInputError: it could not be built so.
    """
    from datasets.pair_choices import trial
    from datasets.pair_rules import HeldOut, acting

    if pairs is None:
        return space, None
    recipe = trial("own", space, pairs)
    space = acting(space, recipe)
    return space, HeldOut(space, recipe.hold_out) if recipe.hold_out else None


def outlook(
    space: FactorSpace, values: IntArray, splits: IntArray | None, held_out: HeldOut | None = None
) -> Outlook:
    """How many pairs labels promise.

    Args:
        space: the factors.
        values: of the images, [N, F].
        splits: of the images, [N]; None where they are drawn by content.
        held_out: what only the test has; then it has nothing else.
    """
    from datasets.own_labels import LARGEST_GRID

    combinations = math.prod(space.sizes)
    if combinations > LARGEST_GRID:
        return Outlook("nothing", problem="there are too many combinations of values: ignore some columns")
    counts, distinct = _expected(space, values, splits, held_out)
    pairs = dict(zip(SPLITS, counts.sum(axis=1).tolist(), strict=True))
    problem, doubt = _trouble(space, counts)
    if problem:
        problem += _advice(space, values, splits)
    possible = "nothing" if problem else "all figures"
    return Outlook(possible, combinations, distinct, len(values) - distinct, pairs, problem, doubt)


def _expected(
    space: FactorSpace, values: IntArray, splits: IntArray | None, held_out: HeldOut | None = None
) -> tuple[np.ndarray, int]:
    """Expected pairs of each split and factor [3, F], and the number of images with other labels."""
    from datasets.own_pairs import SHARES
    from datasets.steps import GridNeighbours

    held, first = np.unique(space.to_index(values), return_index=True)
    neighbours = GridNeighbours(space)
    counts = np.zeros((len(SPLITS), space.num_factors))
    if held_out is not None:  # the test's usual share goes to training
        rest = np.array([SHARES[0] + SHARES[2], SHARES[1]])
        for f, low, high in neighbours.among(held):
            out = held_out.of(low).astype(int) + held_out.of(high)
            counts[:, f] = (*((out == 0).sum() * rest**2), (out == 2).sum())
    elif splits is None:
        for f, low, _ in neighbours.among(held):
            counts[:, f] = len(low) * np.square(SHARES)  # both images fall into the split
    else:
        for split in range(len(SPLITS)):
            for f, low, _ in neighbours.among(held[splits[first] == split]):
                counts[split, f] = len(low)
    return counts, len(held)


def _advice(space: FactorSpace, values: IntArray, splits: IntArray | None) -> str:
    """Which one factor stands in the way of pairs, as the end of a sentence."""
    if space.num_factors < 2 or space.num_factors**2 * len(values) > _TRIED:
        return "; ignore some columns, or give more images"
    best, without = 0, ""
    for f, name in enumerate(space.names):
        rest = FactorSpace(space.factors[:f] + space.factors[f + 1 :])
        counts, _ = _expected(rest, np.delete(values, f, axis=1), splits)
        if not _trouble(rest, counts)[0] and counts.sum() > best:
            best, without = round(counts.sum()), name
    if not without:
        return "; ignore some columns, or give more images"
    return f"; without {without} there would be about {best:,} pairs"


def _trouble(space: FactorSpace, counts: np.ndarray) -> tuple[str, str]:
    """(what makes a build impossible, what makes it doubtful), sentences."""
    lonely = [name for name, count in zip(space.names, counts[0], strict=True) if count == 0]
    if lonely:
        return (f"no two training images differ by one step of {lonely[0]} and agree in all else"), ""
    for split, count in zip(SPLITS, counts.sum(axis=1), strict=True):
        if count == 0:
            return f"the {split} split has no pair of images that differ by one step of one factor", ""
    rare = [name for name, count in zip(space.names, counts[0], strict=True) if count < _SURE]
    if rare or counts.sum(axis=1).min() < _SURE:
        what = rare[0] if rare else "validation or test"
        return "", f"pairs are so few that {what} may get none and the build be refused: give more images"
    if counts[2].sum() < FEW:
        return "", f"with fewer than {FEW} test pairs the figures are rough"
    return "", ""


def words(found: Outlook) -> str:
    """The outlook in sentences, what is possible first."""
    if found.problem:
        return f"Nothing can be built: {found.problem}."
    ways = {
        "all figures": "All figures will be possible: retrieval, interventions, graph and disentanglement.",
        "retrieval only": "Only action retrieval will be possible: factor values of images are not known.",
    }
    lines = [ways[found.possible]]
    if found.pairs is not None:
        shares = ", ".join(f"{round(count):,} {split}" for split, count in found.pairs.items())
        total = round(sum(found.pairs.values()))
        apart = f"of {found.actions} actions" if found.actions else "of images one action apart"
        lines.append(f"About {total:,} pairs {apart} are to be expected ({shares}).")
    if found.combinations:
        lines.append(f"{found.distinct:,} of {found.combinations:,} combinations of values have an image.")
    if found.doubled:
        lines.append(f"{found.doubled:,} images are left out, as others have the same labels.")
    if found.doubt:
        lines.append(f"{found.doubt[:1].upper()}{found.doubt[1:]}.")
    return " ".join(lines)
