"""Builds the cache of a grid set: draws pairs, or images with all pairs among them, and renders each once."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from datasets.cache import SPLITS, Transitions
from datasets.errors import DatasetInputError
from datasets.factors import FactorSpace, IntArray
from datasets.imbalance import check, draw_order, neighbours_within, refuse_missing
from datasets.pair_rules import HeldOut, Within, acting, refuse_unlearnt
from datasets.recipe import Recipe
from datasets.several import Several, blocks_of_several
from datasets.source import ImageArray, Source
from datasets.splits import Ledger, Pair, Patience, candidates, check_room, digests, even_room
from datasets.steps import Neighbours, Steps, neighbours_of
from datasets.writer import Meter, Progress, Tables, scratch_files, write_cache

__all__ = ["Progress", "Recipe", "build"]

_TRAIN, _TEST = SPLITS.index("train"), SPLITS.index("test")
_SLICE_S = 0.1  # aim of one slice of work between two reports
_MAX_SLICE = 512  # pairs


def build(source: Source, path: Path, recipe: Recipe) -> Iterator[Progress]:
    """Build the cache of a source at `path`, replacing an older one when all is written.

    Each `next()` does about a tenth of a second of work; closing the iterator cancels. The same source
    and recipe give the same arrays.

    Raises:
        DatasetInputError: the source has too few pairs or images for the recipe, or the recipe leaves an
            action without training pairs.
        SourceError: a file of the source is damaged.
        CacheError: the file cannot be written (full disk, no permission).
    """
    path = Path(path)
    order = _training_order(source, recipe)
    space = _space(source, recipe)
    neighbours = neighbours_of(source, space, recipe.frequency == "natural")
    parts = _parts(source, space, recipe, neighbours)
    drawn = recipe.test_pairs + recipe.validation_pairs + (0 if recipe.images else recipe.train_pairs)
    check_room(neighbours, drawn)
    with scratch_files(path) as (scratch, partial):
        yield from _prepare(source)
        ledger, rng = Ledger(), np.random.default_rng(recipe.seed)
        with scratch.open("wb") as images:
            yield from _render(source, recipe, order, parts, ledger, rng, images)
            several = yield from _draw_several(source, space, recipe, ledger, images)
        closure = _closure(source, recipe, parts[_TRAIN], ledger, rng)
        yield from write_cache(
            path, scratch, partial, _tables(source, space, recipe, ledger, closure, several)
        )


def _space(source: Source, recipe: Recipe) -> FactorSpace:
    """The factors with the recipe's actions.

    Raises:
        DatasetInputError: see `acting`, or the factors cause one another and have actions of their own.
    """
    changed = recipe.rules or recipe.steps or recipe.several or recipe.frequency == "natural"
    if isinstance(source, Steps) and changed:
        raise DatasetInputError(
            f"the actions of '{source.name}' are what its causes and effects make them; leave out --pairs, "
            "--step, --actions and --several"
        )
    return acting(source.space, recipe)


def _parts(
    source: Source, space: FactorSpace, recipe: Recipe, neighbours: Neighbours
) -> dict[int, Neighbours]:
    """The neighbours that each split draws from: where something is held out the test has just that."""
    held_out = HeldOut(space, recipe.hold_out)
    even = neighbours_of(source, space) if recipe.frequency == "natural" else neighbours
    parts = {split: neighbours if split == _TRAIN else even for split in range(len(SPLITS))}
    if held_out:
        parts = {split: Within(part, held_out, split == _TEST) for split, part in parts.items()}
    return parts


def _prepare(source: Source) -> Iterator[Progress]:
    meter: Meter | None = None
    for done, total in source.prepare():
        meter = meter or Meter("reading", total)
        yield meter.at(done)


def _training_order(source: Source, recipe: Recipe) -> IntArray:
    """The grid indices of training images in the order of drawing; empty where pairs are drawn.

    Random numbers of their own, so that recipes that differ in the training images only have the same
    validation and test pairs.

    Raises:
        DatasetInputError: see `datasets.imbalance.check`, no pair changes some factor, or the factors cause
            one another.
    """
    if not recipe.images:
        return np.empty(0, np.int64)
    if isinstance(source, Steps):
        raise DatasetInputError(
            f"the images of '{source.name}' cannot be drawn by weights, because its factors cause one "
            "another; leave out --images, --skew, --correlate and --hole"
        )
    order = draw_order(check(source.space, recipe), np.random.default_rng([recipe.seed, 1]))
    # Once more when the other splits have taken theirs; here, because it takes no time.
    refuse_missing(source.space, recipe, neighbours_within(source.space, order[: recipe.images]))
    return order


def _render(
    source: Source,
    recipe: Recipe,
    order: IntArray,
    parts: dict[int, Neighbours],
    ledger: Ledger,
    rng: np.random.Generator,
    out: BinaryIO,
) -> Iterator[Progress]:
    """Accept what the recipe asks for, split by split, and append its images to `out`.

    The small splits come first: they are drawn from the untouched grid.
    """
    train = recipe.images or recipe.train_pairs
    meter = Meter("rendering", recipe.test_pairs + recipe.validation_pairs + train)
    done = 0
    for split in reversed(range(len(SPLITS))):
        if recipe.images and split == _TRAIN:
            steps = _draw_images(source, recipe, order, ledger, out)
        else:
            steps = _draw_pairs(source, recipe, split, parts[split], ledger, rng, out)
        have = 0
        for have in steps:
            yield meter.at(done + have)
        done += have


def _draw_pairs(
    source: Source,
    recipe: Recipe,
    split: int,
    neighbours: Neighbours,
    ledger: Ledger,
    rng: np.random.Generator,
    out: BinaryIO,
) -> Iterator[int]:
    """Accept the asked number of pairs for a split; yields how many there are so far.

    Beside drawn training images, each action gets the same number of pairs.
    """
    wanted = recipe.pairs[SPLITS[split]]
    patience = Patience(SPLITS[split], wanted)
    stream = candidates(neighbours, rng)
    if recipe.images:
        ledger.room[split] = even_room(source.space, wanted)
    pace, have = _Pace(), 0
    while have < wanted:
        block = list(islice(stream, pace.take(wanted - have)))
        have += _accept(source, block, split, ledger, patience, have, out)
        pace.took(len(block))
        yield have


def _draw_images(
    source: Source, recipe: Recipe, order: IntArray, ledger: Ledger, out: BinaryIO
) -> Iterator[int]:
    """Take as many training images as the recipe asks for; yields how many there are so far.

    Raises:
        DatasetInputError: the other splits leave too few images, or no pair that changes some factor.
    """
    order = order[~np.isin(order, np.fromiter(ledger.row_of, np.int64))]
    refuse_missing(source.space, recipe, neighbours_within(source.space, order[: recipe.images]))
    pace, have, at = _Pace(), 0, 0
    while have < recipe.images:
        if len(order) - at < recipe.images - have:
            raise DatasetInputError(
                f"the data set has room for only {have + len(order) - at:,} training images beside the other "
                f"splits, {recipe.images:,} were asked for; ask for fewer with --images"
            )
        block = order[at : at + pace.take(recipe.images - have)]
        images = source.render(source.space.to_values(block))
        contents = zip(block.tolist(), digests(images), strict=True)
        kept = [ledger.hold(index, _TRAIN, content) for index, content in contents]
        out.write(images[kept].data)
        have, at = have + sum(kept), at + len(block)
        pace.took(len(block))
        yield have


def _draw_several(
    source: Source, space: FactorSpace, recipe: Recipe, ledger: Ledger, out: BinaryIO
) -> Generator[Progress, None, Several | None]:
    """As many pairs of several changes as there are test pairs, of images that no other split has.

    Drawn last, with random numbers of their own: all else is as without them.

    Raises:
        DatasetInputError: there are too few such pairs, or factors.
    """
    if not recipe.several:
        return None
    held_out = HeldOut(space, recipe.hold_out)
    blocks = blocks_of_several(
        space, recipe.several, held_out.of if held_out else None, np.random.default_rng([recipe.seed, 5])
    )
    patience, meter = Patience("test", recipe.test_pairs), Meter("rendering", recipe.test_pairs)
    found: dict[tuple[int, int], IntArray] = {}
    while len(found) < recipe.test_pairs:
        block = next(blocks)
        ends = np.unique([block.before, block.after])
        images = source.render(source.space.to_values(ends))
        place, content = {end: at for at, end in enumerate(ends.tolist())}, digests(images)
        for *pair, actions in zip(block.before.tolist(), block.after.tolist(), block.actions, strict=True):
            if len(found) == recipe.test_pairs:
                break
            key, prints = (min(pair), max(pair)), [content[place[end]] for end in pair]
            fits = key not in found and prints[0] != prints[1]
            fits = fits and all(map(ledger.may_hold, pair, (_TEST, _TEST), prints))
            patience.note(fits, len(found))
            if not fits:
                continue
            for end, hash_of in zip(pair, prints, strict=True):
                if ledger.hold(end, _TEST, hash_of):
                    out.write(images[place[end]].data)
            found[key] = np.array([*pair, *actions])
        yield meter.at(len(found))
    table = np.stack(list(found.values()))
    rows = np.array([[ledger.row_of[end] for end in ends] for ends in table[:, :2].tolist()], np.int64)
    return Several(rows[:, 0], rows[:, 1], table[:, 2:])


class _Pace:
    """Sizes slices of work by the clock. What is drawn does not depend on them, only when one reports."""

    def __init__(self) -> None:
        self._size, self._start = 8, 0.0

    def take(self, left: int) -> int:
        """The size of the next slice, 1 to `left`; starts the clock."""
        self._start = time.perf_counter()
        return max(1, min(self._size, left))

    def took(self, size: int) -> None:
        """A slice of this size is done."""
        spent = max(time.perf_counter() - self._start, 1e-4)
        fit = size * _SLICE_S / spent
        self._size = int(np.clip(fit, max(1, self._size // 2), min(2 * self._size, _MAX_SLICE)))


def _accept(
    source: Source,
    block: list[Pair],
    split: int,
    ledger: Ledger,
    patience: Patience,
    have: int,
    out: BinaryIO,
) -> int:
    """Offer a block of candidates to the ledger; returns how many were accepted."""
    viable = [pair for pair in block if ledger.is_open(pair, split)]
    indices = sorted({index for pair in viable for index in (pair.before, pair.after)})
    images = source.render(source.space.to_values(indices)) if indices else _no_images(source)
    content = dict(zip(indices, digests(images), strict=True))
    place = {index: i for i, index in enumerate(indices)}
    accepted, new = 0, []
    for pair in block:
        took = False
        fresh: list[int] = []
        if pair.before in content and pair.after in content:
            took, fresh = ledger.offer(pair, split, content[pair.before], content[pair.after])
        accepted += took
        new += fresh
        patience.note(took, have + accepted)
    if new:
        out.write(images[[place[index] for index in new]].data)
    return accepted


def _no_images(source: Source) -> ImageArray:
    return np.empty((0, *source.image_shape), np.uint8)


def _closure(
    source: Source, recipe: Recipe, neighbours: Neighbours, ledger: Ledger, rng: np.random.Generator
) -> list[Pair]:
    """The training pairs that come with the training images.

    Raises:
        DatasetInputError: images were drawn, and no pair among them changes some factor.
    """
    closure = ledger.close_under_steps(neighbours, _TRAIN, rng)
    if recipe.images:
        if 0 < recipe.train_pairs < len(closure):
            kept = np.sort(rng.choice(len(closure), recipe.train_pairs, replace=False))
            closure = [closure[i] for i in kept]
        factors = neighbours.space.action_factors[[pair.action for pair in closure]]
        counts = np.bincount(factors, minlength=source.space.num_factors)
        refuse_missing(source.space, recipe, counts.tolist())
    learnt = [*ledger.pairs.get(_TRAIN, []), *closure]
    actions = {action for pair in learnt for action in (pair.action, pair.back)}
    refuse_unlearnt(neighbours.space, recipe, actions)
    return closure


def _tables(
    source: Source,
    space: FactorSpace,
    recipe: Recipe,
    ledger: Ledger,
    closure: list[Pair],
    several: Several | None,
) -> Tables:
    pairs = {**ledger.pairs, _TRAIN: ledger.pairs.get(_TRAIN, []) + closure}
    values = source.space.to_values(np.fromiter(ledger.row_of, np.int64, len(ledger.row_of)))
    return Tables(
        name=source.name,
        recipe=recipe,
        space=space,
        image_shape=source.image_shape,
        licence=source.licence,
        citation=source.citation,
        factor_values=values,
        splits=np.array(ledger.splits, dtype=np.uint8),
        transitions={split: _transitions(pairs[n], ledger) for n, split in enumerate(SPLITS)},
        several=several,
        null_pairs_dropped=ledger.null_pairs,
        closure_pairs=len(closure),
        factor_graph=source.factor_graph if isinstance(source, Steps) else None,
        own_values=source.own_values(values) if isinstance(source, Steps) else None,
    )


def _transitions(pairs: list[Pair], ledger: Ledger) -> Transitions:
    rows = ledger.row_of
    table = np.array(
        [(rows[pair.before], rows[pair.after], pair.action, pair.back) for pair in pairs], dtype=np.int64
    )
    return Transitions(*table.T)
