"""Builds a cache of one's own list of pairs: images before and after, and the action between them as a word.

Nothing is known of factors. Every word is an action, and a "factor" of its own (`Factor.acts` "once"), except
that two words that differ only in a + and a - at their end are the two steps of one factor: then a pair is
also read backwards. Splits are drawn so that no image is in two of them: images that pairs connect stay
together; where nearly all are connected, each image is put into a split by its pixels, and pairs between two
splits are left out.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from datasets.cache import SPLITS, Transitions
from datasets.errors import DatasetInputError, SourceError
from datasets.factors import Factor, FactorSpace, IntArray
from datasets.own_files import NO_FACTORS, PAIRS, SPLIT, Table, place_of
from datasets.own_images import pictures
from datasets.recipe import Recipe
from datasets.splits import digests
from datasets.writer import Meter, Progress, Tables, scratch_files, write_cache

NAME = "own"
LICENCE = "Your own data: you know under which terms you may use it."
CITATION = "Your own data."
SHARES = (0.7, 0.15, 0.15)  # of the splits
MOST_ACTIONS = 1000
CONNECTED = 0.7  # a larger share of the pairs in one piece cannot be shared out among splits
_WORDS = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "test": 2, "0": 0, "1": 1, "2": 2}
_REPORT_S = 0.1


@dataclass
class PairList:
    """The list, image by image. P pairs, I images by their names.

    Attributes:
        space: the actions, as factors.
        places: place among the files -> number of the image.
        ends: images before and after, [P, 2].
        action: [P].
        split: what the table says of each pair, [P], or None.
        notes: what was left out, sentences.
    """

    space: FactorSpace
    places: dict[str, int]
    ends: IntArray
    action: IntArray
    split: IntArray | None
    notes: list[str] = field(default_factory=list)

    def keep(self, which: np.ndarray, words: str) -> None:
        """Some of the pairs, by a mask [P]; where any go, `words` tell how many."""
        if not which.all():
            self.notes.append(f"{int((~which).sum()):,} pairs left out: {words}")
        self.ends, self.action = self.ends[which], self.action[which]
        self.split = None if self.split is None else self.split[which]


def split_number(where: str, word: str, row: int) -> int:
    """The split that a word means.

    Raises:
        SourceError: none.
    """
    if word.strip().lower() not in _WORDS:
        raise SourceError(f"'{where}' has the split '{word}' in row {row}; write train, validation or test")
    return _WORDS[word.strip().lower()]


def split_by_content(content: bytes, salt: bytes) -> int:
    """A split for a hash of pixels, by that alone, so that equal images have equal splits."""
    number = int.from_bytes(bytes(a ^ b for a, b in zip(content[:8], salt, strict=True)), "little")
    share = np.random.default_rng(number).random()
    return int(np.searchsorted(np.cumsum(SHARES[:-1]), share, side="right"))


def build_pairs(table: Table, path: Path, recipe: Recipe) -> Iterator[Progress]:
    """Read all images, and share the pairs out among the splits.

    The pair counts of the recipe are upper bounds.

    Raises:
        DatasetInputError: a split or an action of training is left without pairs, or the recipe is for
            factors.
        SourceError: the table or the images are not what they should be.
        CacheError: the cache cannot be written.
    """
    if recipe.kinds or recipe.renames or recipe.ruled:
        raise DatasetInputError(f"'{table.where}' is a list of pairs, which has no factors; {NO_FACTORS}")
    pairs = read_pairs(table)
    broken: list[str] = []
    converted: Counter[str] = Counter()
    with scratch_files(path) as (scratch, partial):
        contents = np.full(len(pairs.places), -1, np.int64)  # a number for each different picture
        prints: list[bytes] = []
        yield from _read_images(table, pairs, scratch, contents, prints, (broken, converted))
        ends = contents[pairs.ends]
        pairs.keep(np.asarray((ends >= 0).all(axis=1)), "an image could not be read")
        pairs.ends = contents[pairs.ends]
        different = np.not_equal(pairs.ends[:, 0], pairs.ends[:, 1])
        dropped = int((~different).sum())
        pairs.keep(different, "before and after are the same picture")
        triples = np.column_stack([pairs.ends, pairs.action])
        first = np.unique(triples, axis=0, return_index=True)[1]
        pairs.keep(np.isin(np.arange(len(triples)), first), "they are in the list twice")
        splits = _share_out(table.where, pairs, prints, recipe.seed)
        transitions = {split: _of_split(pairs, splits, n, recipe) for n, split in enumerate(SPLITS)}
        _check(table.where, pairs, transitions)
        report = {
            "broken": broken,
            "converted": dict(converted),
            "notes": [*table.notes, *pairs.notes],
            "same_labels": 0,
        }
        tables = Tables(
            name=recipe.called or NAME,
            recipe=recipe,
            space=pairs.space,
            image_shape=(64, 64, 3),
            licence=LICENCE,
            citation=CITATION,
            factor_values=None,
            splits=splits,
            transitions=transitions,
            null_pairs_dropped=dropped,
            more={"report": json.dumps(report)},
        )
        yield from write_cache(path, scratch, partial, tables)


def read_pairs(table: Table) -> PairList:
    """The list, checked.

    Raises:
        SourceError: an image is not there, an entry is empty, or there are too few or too many actions.
    """
    at = {name.lower(): k for k, name in enumerate(table.header)}
    places: dict[str, int] = {}
    ends, words, splits = [], [], []
    for row, cells in enumerate(table.rows):
        named = [place_of(table, cells[at[end]], row) for end in PAIRS[:2]]
        ends.append([places.setdefault(place, len(places)) for place in named])
        words.append(cells[at["action"]].strip())
        if not words[-1]:
            raise SourceError(f"'{table.where}' has no action in row {row + 1}; fill it in")
        if SPLIT in at:
            splits.append(split_number(table.where, cells[at[SPLIT]], row + 1))
    space = action_space(table.where, words)
    index = {name: k for k, name in enumerate(space.action_names)}
    action = np.array([index[word] for word in words], np.int64)
    return PairList(
        space, places, np.array(ends, np.int64), action, np.array(splits, np.int64) if splits else None
    )


def action_space(where: str, words: Sequence[str]) -> FactorSpace:
    """Factors whose actions are just these words.

    Raises:
        SourceError: fewer than two different ones, or more than are believed.
    """
    there = sorted(set(words))
    if not 2 <= len(there) <= MOST_ACTIONS:
        raise SourceError(
            f"'{where}' has {len(there):,} different actions; there have to be 2 to {MOST_ACTIONS:,}"
        )
    bases = [word[:-1] for word in there if word.endswith("+") and len(word) > 1]
    steps = [base for base in bases if f"{base}-" in there and base not in there]
    stepping = {f"{base}{sign}" for base in steps for sign in "+-"}
    factors = [Factor(base, ("unknown",)) for base in steps]
    factors += [Factor(word, ("unknown",), "nominal", "once") for word in there if word not in stepping]
    return FactorSpace(tuple(factors))


def _read_images(
    table: Table,
    pairs: PairList,
    scratch: Path,
    contents: IntArray,
    prints: list[bytes],
    found: tuple[list[str], Counter[str]],
) -> Iterator[Progress]:
    """Every different picture once into the scratch file; `contents` and `prints` are filled, and what was
    broken and converted is `found`."""
    number: dict[bytes, int] = {}
    meter, reported = Meter("importing", len(contents)), time.perf_counter()
    with scratch.open("wb") as file:
        for done, (image, pixels) in enumerate(pictures(table.files, pairs.places, table.where, *found), 1):
            content = digests(pixels[None])[0]
            if content not in number:
                number[content] = len(number)
                prints.append(content)
                file.write(np.ascontiguousarray(pixels).data)
            contents[image] = number[content]
            if time.perf_counter() - reported > _REPORT_S:
                reported = time.perf_counter()
                yield meter.at(done)
    yield meter.at(len(contents))


def _share_out(where: str, pairs: PairList, prints: list[bytes], seed: int) -> np.ndarray:
    """The split of each picture, uint8 [N]; pairs between two splits are left out.

    Raises:
        SourceError: no pair is left.
    """
    if not len(pairs.ends):
        raise SourceError(f"'{where}' has no pair of two different pictures")
    salt = np.random.default_rng(seed).bytes(8)
    splits = np.array([split_by_content(content, salt) for content in prints], np.uint8)
    if pairs.split is not None:
        # A picture that the table has in several splits stays in the last of them, and is not learned from.
        splits[:] = 0
        for end in pairs.ends.T:
            np.maximum.at(splits, end, pairs.split.astype(np.uint8))
        pairs.keep((splits[pairs.ends] == pairs.split[:, None]).all(axis=1), "an image is in another split")
        return splits
    pieces = pieces_of(pairs.ends, len(prints))
    sizes = np.bincount(pieces[pairs.ends[:, 0]], minlength=pieces.max() + 1)
    if sizes.max() <= CONNECTED * len(pairs.ends):
        splits = _by_piece(sizes, np.random.default_rng([seed, 4]))[pieces]
    pairs.keep(splits[pairs.ends[:, 0]] == splits[pairs.ends[:, 1]], "their images are in two splits")
    return splits


def pieces_of(ends: IntArray, images: int) -> IntArray:
    """A number for each of so many pictures, [N], the same for those that pairs [P, 2] connect."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = coo_matrix((np.ones(len(ends), np.int8), tuple(ends.T)), shape=(images, images))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _by_piece(sizes: IntArray, rng: np.random.Generator) -> np.ndarray:
    """A split for each piece of so many pairs, uint8: always the one that lacks most, larger pieces first."""
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    lacking = np.array(SHARES) * sizes.sum()
    splits = np.zeros(len(sizes), np.uint8)
    for piece in order:
        splits[piece] = int(np.argmax(lacking))
        lacking[splits[piece]] -= sizes[piece]
    return splits


def _of_split(pairs: PairList, splits: np.ndarray, number: int, recipe: Recipe) -> Transitions:
    """The pairs of a split, as many as the recipe wants, mixed: the first ones are a sample of all."""
    there = np.random.default_rng([recipe.seed, 2, number]).permutation(
        np.flatnonzero(splits[pairs.ends[:, 0]] == number)
    )[: recipe.pairs[SPLITS[number]]]
    action = pairs.action[there]
    before, after = pairs.ends[there].T
    return Transitions(before, after, action, pairs.space.opposites[action])


def _check(where: str, pairs: PairList, transitions: dict[str, Transitions]) -> None:
    """Refuse what could not be learned or measured.

    Raises:
        DatasetInputError: a split has no pair, or an action has none in training.
    """
    for split, found in transitions.items():
        if not len(found):
            raise DatasetInputError(
                f"the {split} split has no pair whose two images are in it; give more pairs, or say in a "
                "column `split` where each belongs"
            )
    train = transitions["train"]
    learnt = {*train.action.tolist(), *train.back.tolist()}
    every = Counter(pairs.action.tolist())
    for action, name in enumerate(pairs.space.action_names):
        if action not in learnt:
            raise DatasetInputError(
                f"the action {name} has no training pair ({every[action]} in all); give more pairs of it, "
                f"or take it out of '{where}'"
            )
