"""The engine thread's work for the page of a data set: counts, pairs, imbalanced sets, packing, deleting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from datasets.errors import CacheError, DatasetError, DatasetInputError
from datasets.factors import FactorSpace
from engine.errors import RunError
from gui import requests as rq
from gui.dataset_replies import Drafted, DrawnPairs, Expected, FoundImage, PairCounts, ValueCounts
from gui.library.packed_work import look_packed, packed_place
from gui.library.trash import to_trash
from gui.replies import Activity, DatasetEntry, Deleted, Written
from gui.words import file_size

if TYPE_CHECKING:
    from datasets.imbalance import Expectation
    from datasets.recipe import Recipe
    from datasets.writer import Progress
    from gui.data_work import DataWork


@runtime_checkable
class Looking(Protocol):
    """A source whose factors take a while to be found out."""

    def look(self) -> Iterator[None]: ...


class DatasetWork:
    """Answers what `gui.dataset_requests` asks, by the caches that `data` has open."""

    def __init__(self, data: DataWork) -> None:
        self._data = data
        self.handlers: dict[type[rq.Request], Callable[[Any], object]] = {
            rq.FindImage: self.find_image,
            rq.CountValues: self.count_values,
            rq.CountPairs: self.count_pairs,
            rq.DrawPairs: self.draw_pairs,
            rq.DraftDrawn: self.draft,
            rq.BuildDrawn: self.build,
            rq.BuildRuled: self.build_ruled,
            rq.PackDataset: self.pack,
            rq.LookPacked: look_packed,
            rq.UnpackDataset: self.unpack,
            rq.DeleteDataset: self.delete,
        }

    # ------------------------------------------------------------ looking

    def find_image(self, request: rq.FindImage) -> FoundImage:
        """One of the file says its split; a slider passes values that have none, which is no error."""
        from datasets.cache import SPLITS

        cache = self._data.cache(request.dataset)
        row = cache.find(request.values) if cache.has_factor_labels else None
        if row is not None:
            words = f"image {row}, {SPLITS[cache.splits[row]]}"
            return FoundImage(request.dataset, request.values, cache.images([row])[0], words)
        try:
            drawn = self._data.pick_image(rq.PickImage(request.dataset, values=request.values))
        except DatasetInputError:
            return FoundImage(request.dataset, request.values, None, "no image has these values")
        return FoundImage(request.dataset, request.values, drawn.loaded.image, "not in the file, drawn now")

    def count_values(self, request: rq.CountValues) -> ValueCounts:
        """Of all splits."""
        from datasets.cache import SPLITS
        from datasets.counts import value_counts

        cache = self._data.cache(request.dataset)
        return ValueCounts(request.dataset, {split: value_counts(cache, split) for split in SPLITS})

    def count_pairs(self, request: rq.CountPairs) -> PairCounts:
        """Of the training split, with what was to be expected."""
        from datasets.counts import expected_pairs
        from datasets.special import why_not_drawn

        cache = self._data.cache(request.dataset)
        counts = cache.action_counts("train")
        expected = expected_pairs(cache)
        return PairCounts(
            request.dataset,
            tuple(counts),
            tuple(counts.values()),
            None if expected is None else _plain(expected),
            weights_of(cache.recipe) if cache.recipe.images else None,
            len(cache.rows("train")),
            why_not_drawn(cache.name),
        )

    def draw_pairs(self, request: rq.DrawPairs) -> DrawnPairs:
        """Pairs are kept in one direction each; the other one is as good."""
        cache = self._data.cache(request.dataset)
        pairs = cache.transitions(request.split)
        rng = np.random.default_rng(request.seed)
        turned = pairs.reversed()
        if request.action is None:
            wanted = np.arange(len(pairs))
        else:
            wanted = np.flatnonzero((pairs.action == request.action) | (turned.action == request.action))
        chosen = rng.choice(wanted, min(request.count, len(wanted)), replace=False)
        turn = rng.integers(2, size=len(chosen)).astype(bool)
        if request.action is not None:
            turn = pairs.action[chosen] != request.action
        before = np.where(turn, turned.before[chosen], pairs.before[chosen])
        after = np.where(turn, turned.after[chosen], pairs.after[chosen])
        actions = np.where(turn, turned.action[chosen], pairs.action[chosen])
        return DrawnPairs(
            request.dataset,
            cache.images(before),
            cache.images(after),
            cache.factors[before],
            tuple(actions.tolist()),
            len(wanted),
        )

    def special_entries(self) -> tuple[DatasetEntry, ...]:
        """The Library's lines for the caches of special recipes."""
        from datasets.special import special_names

        return tuple(map(self._special, special_names()))

    def _special(self, name: str) -> DatasetEntry:
        import datasets

        path = datasets.resolve(name)
        nothing, size = FactorSpace(()), path.stat().st_size
        try:
            cache = self._data.cache(name)
        except DatasetError as error:
            return DatasetEntry(
                name, name, path, True, False, nothing, "", "", size, str(error), special=True
            )
        return DatasetEntry(
            name, name, path, True, False, cache.space, cache.licence, cache.citation, size, "",
            cache.num_images, special=True,
        )  # fmt: skip

    # ------------------------------------------------------------ imbalanced sets

    def draft(self, request: rq.DraftDrawn) -> Iterator[object]:
        """In steps, so that clicks come in between; a problem is an answer, because the user is typing."""
        from datasets.imbalance import check, draw_order, expect, neighbours_within, refuse_missing, suffix
        from datasets.special import place_for

        name = ""
        try:
            recipe, space = self._recipe(request.dataset, request.weights), self._space(request.dataset)
            name = f"{recipe.name}{suffix(recipe)}"
            yield None
            order = draw_order(check(space, recipe), np.random.default_rng([recipe.seed, 1]))
            yield None
            refuse_missing(space, recipe, neighbours_within(space, order[: recipe.images]))
            place_for(request.name or name)
            yield Drafted(request.dataset, name, _plain(expect(space, recipe)))
        except DatasetError as error:
            yield Drafted(request.dataset, name, None, str(error))

    def build(self, request: rq.BuildDrawn) -> Iterator[object]:
        """Activities on the way, then the new set."""
        import datasets
        from datasets.special import place_for

        path = place_for(request.name)
        recipe = self._recipe(request.dataset, request.weights)
        for step in datasets.build_recipe(recipe, path):
            yield _activity(request, f"Building {request.name}: {step.stage}", step)
        self._data.forget_file(path)  # of this name before, deleted by someone else
        yield self._data.view(request.name)

    def _space(self, dataset: str) -> FactorSpace:
        return self._data.cache(dataset).space

    def _recipe(self, dataset: str, weights: rq.Weights) -> Recipe:
        """The recipe of an open cache with other training images.

        Raises:
            DatasetInputError: the weights make no sense, or the images of this set cannot be drawn.
        """
        from datasets.imbalance import hole
        from datasets.recipe import Correlation, Skew
        from datasets.special import why_not_drawn

        cache = self._data.cache(dataset)
        if why := why_not_drawn(cache.name):
            raise DatasetInputError(why)
        return replace(
            cache.recipe,
            train_pairs=0,
            images=weights.images,
            skew=tuple(Skew(factor, ratio, rare) for factor, ratio, rare in weights.skew),  # type: ignore[arg-type]
            correlate=tuple(Correlation(*parts) for parts in weights.correlate),
            holes=tuple(hole(cache.space, values) for values in weights.holes),
        )

    # ------------------------------------------------------------ other pairs

    def build_ruled(self, request: rq.BuildRuled) -> Iterator[object]:
        """Activities on the way, then the new set."""
        import datasets
        from datasets.special import place_for

        path, place = place_for(request.name), Path(request.source) if request.source else None
        source = datasets.make_source(request.dataset, place)
        for _ in source.look() if isinstance(source, Looking) else ():
            yield Activity(request.kind, "Reading the factors", cancellable=True)
        recipe = datasets.make_recipe(
            request.dataset, source=place, space=source.space, **request.choices.parts()
        )
        for step in datasets.build_recipe(recipe, path):
            yield _activity(request, f"Building {request.name}: {step.stage}", step)
        self._data.forget_file(path)
        yield self._data.view(request.name)

    # ------------------------------------------------------------ the file

    def unpack(self, request: rq.UnpackDataset) -> Iterator[object]:
        """Activities on the way, then the new set."""
        from datasets.packing import unpack

        path = packed_place(request.file, request.name)
        for step in unpack(Path(request.file), path):
            yield _activity(request, f"Unpacking {request.name}", step)
        self._data.forget_file(path)
        yield self._data.view(request.name)

    def pack(self, request: rq.PackDataset) -> Iterator[object]:
        """Activities on the way, then Written."""
        from datasets.packing import pack

        cache, file = self._data.cache(request.dataset), Path(request.file)
        for step in pack(cache.path, file):
            yield _activity(request, f"Packing {request.dataset}", step)
        sizes = (file_size(path.stat().st_size) for path in (file, cache.path))
        yield Written(str(file), "{} instead of {}".format(*sizes))

    def delete(self, request: rq.DeleteDataset) -> Deleted:
        """Move a cache to the trash, and nothing that is not one.

        Raises:
            CacheError: it is no cache of the home's folder.
            RunError: a training reads it.
        """
        import datasets
        from datasets.home import caches_dir

        path = datasets.resolve(request.dataset)
        if path.parent.resolve() != caches_dir().resolve() or path.is_symlink() or not path.is_file():
            raise CacheError(
                f"{path} is not in Doscope's folder of data sets, so it was left alone; "
                "delete it with the file manager"
            )
        _refuse_trained_on(path)
        self._data.forget_file(path)
        return Deleted(request.dataset, to_trash(path))


def _refuse_trained_on(path: Path) -> None:
    """Leave a cache alone that a training reads, in whatever process it goes on."""
    from datasets.home import runs_dir
    from engine.errors import EngineError
    from engine.run_directory import RunDirectory
    from engine.run_lock import LOCK, owner_of

    for lock in sorted(runs_dir().glob(f"*/{LOCK}")):
        run = lock.parent
        try:
            cache = RunDirectory(run).description().cache
        except EngineError:
            continue
        if cache and Path(cache).resolve() == path.resolve() and (owner := owner_of(run)) is not None:
            raise RunError(
                f"{path.stem} is in use: the run {run.name} is being trained on it by {owner.words}; "
                "stop that training first"
            )


def weights_of(recipe: Recipe) -> rq.Weights:
    """How a recipe draws its images, as the form shows it."""
    return rq.Weights(
        recipe.images,
        tuple((skew.factor, skew.ratio, skew.rare) for skew in recipe.skew),
        tuple((pair.first, pair.second, pair.sigma) for pair in recipe.correlate),
        tuple({name: tuple(map(str, values)) for name, values in gap.values} for gap in recipe.holes),
    )


def _plain(expected: Expectation) -> Expected:
    return Expected(tuple(expected.mean.tolist()), tuple(expected.spread.tolist()))


def _activity(request: rq.Request, text: str, step: Progress) -> Activity:
    return Activity(request.kind, text, step.done, step.total, step.remaining_s, cancellable=True)
