"""The engine thread's work on data sets and images: no Qt, so that it can be tested by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.errors import CacheError, DatasetError, DatasetInputError
from datasets.factors import IntArray
from datasets.pair_choices import PairChoices, words_of
from datasets.report_words import report_words
from engine.errors import InputError
from engine.results import Image, LoadedImage
from gui import requests as rq
from gui.replies import (
    Activity,
    Browsed,
    DatasetEntry,
    DatasetView,
    PickedImage,
    PickedPair,
)

if TYPE_CHECKING:
    from datasets import DatasetInfo
    from datasets.cache import Cache
    from datasets.source import Source


def refuse_conflict(request: rq.Request, running: Iterable[rq.Request]) -> None:
    """A cache is not built anew under a job that reads it, nor read or built twice while it is built.

    Raises:
        InputError: `request` would do so to one of the jobs that are `running`.
    """
    wanted = _long_use(request)
    for other in running if wanted is not None else ():
        used = _long_use(other)
        if used is None or wanted is None or used.path != wanted.path:
            continue
        name = getattr(request, "dataset", "")
        if used.change:
            raise InputError(f"{name} is being built; wait until that has ended, then try again")
        if wanted.change:
            raise InputError(
                f"{name} is in use ({other.text.lower()}); wait until that has ended, then {wanted.change}"
            )


@dataclass(frozen=True)
class _Use:
    """A cache that a job holds for long, and what the job does to it; empty where it only reads."""

    path: Path
    change: str


def _long_use(request: rq.Request) -> _Use | None:
    """What a request does to a cache for longer than a moment; None for the others."""
    import datasets

    if not isinstance(
        request,
        rq.BuildDataset | rq.OpenDataset | rq.EvaluateRun | rq.VerifyDataset | rq.StartTraining
        | rq.ReadCodeUse | rq.AverageGraph | rq.MeasureEffects | rq.Calibrate | rq.JudgeRun | rq.FindMistake
        | rq.PackDataset | rq.DeleteDataset,
    ):  # fmt: skip
        return None
    try:
        path = datasets.resolve(request.dataset)
    except DatasetError:
        return None  # the work itself will say so
    builds = isinstance(request, rq.BuildDataset)
    if isinstance(request, rq.OpenDataset):
        builds = request.build and not path.is_file()
        if not builds:
            return None
    deletes = isinstance(request, rq.DeleteDataset)
    return _Use(path.resolve(), "build it again" if builds else "delete it" if deletes else "")


class DataWork:
    """Owns the open caches. Used by one thread only."""

    def __init__(self) -> None:
        self._caches: dict[str, Cache] = {}
        self._sources: dict[str, Source | None] = {}

    def close(self) -> None:
        """Close all files."""
        for cache in self._caches.values():
            cache.__exit__(None, None, None)
        self._caches.clear()

    def cache(self, dataset: str) -> Cache:
        """The open cache of a name or path.

        Raises:
            CacheError: it is missing, truncated or of another version.
            DatasetInputError: there is no such data set.
        """
        if dataset not in self._caches:
            import datasets

            self._caches[dataset] = datasets.open_cache(dataset)
        return self._caches[dataset]

    # ------------------------------------------------------------ opening and building

    def open_dataset(self, request: rq.OpenDataset) -> Iterator[object]:
        """Open; build first when the set is built in and missing."""
        import datasets

        if request.build and request.dataset in datasets.names():
            info = datasets.info(request.dataset)
            if not info.built and not info.needs_source:
                yield from self._build(request.dataset, "", 0, request.kind)
        yield self.view(request.dataset)

    def build_dataset(self, request: rq.BuildDataset) -> Iterator[object]:
        """Build anew, also over a damaged cache."""
        self._forget(request.dataset)
        yield from self._build(request.dataset, request.source, request.seed, request.kind, request.own)
        self._forget(request.dataset)
        yield self.view(request.dataset)

    def _build(
        self, name: str, source: str, seed: int, kind: str, own: rq.OwnChoices | None = None
    ) -> Iterator[Activity]:
        import datasets

        if own is None:
            steps = datasets.build_steps(name, source=Path(source) if source else None, seed=seed)
        else:
            recipe = datasets.make_recipe(
                "own",
                source=Path(own.source),
                seed=seed,
                kinds=own.kinds,
                renames=own.renames,
                called=name,
                **own.pairs.parts(),
            )
            steps = datasets.build_recipe(recipe)
        for step in steps:
            yield Activity(
                kind,
                f"Building {name}: {step.stage}",
                step.done,
                step.total,
                step.remaining_s,
                cancellable=True,
            )

    def _forget(self, dataset: str) -> None:
        cache = self._caches.pop(dataset, None)
        if cache is not None:
            cache.__exit__(None, None, None)

    def forget_file(self, path: Path) -> None:
        """Close a cache by whatever names it was opened."""
        for dataset in [
            name for name, cache in self._caches.items() if cache.path.resolve() == path.resolve()
        ]:
            self._forget(dataset)

    def view(self, dataset: str) -> DatasetView:
        """What the window shows of an opened cache."""
        from datasets.cache import SPLITS

        cache = self.cache(dataset)
        return DatasetView(
            dataset=dataset,
            name=cache.name,
            path=cache.path,
            space=cache.space,
            image_shape=cache.image_shape,
            num_images=cache.num_images,
            split_sizes={split: len(cache.rows(split)) for split in SPLITS},
            pair_counts={split: len(cache.transitions(split)) for split in SPLITS},
            null_pairs_dropped=cache.null_pairs_dropped,
            can_render=self._source(cache) is not None,
            licence=cache.licence,
            citation=cache.citation,
            has_factor_labels=cache.has_factor_labels,
            pair_words=words_of(cache.space, cache.recipe),
            source=cache.recipe.source if Path(cache.recipe.source or "?").exists() else "",
            report=report_words(cache.report),
        )

    def entries(self) -> tuple[DatasetEntry, ...]:
        """All registered data sets for the Library, and those of one's own that have names."""
        import datasets
        from datasets.kept import own_names

        found = [self._entry(datasets.info(name), name == "own") for name in datasets.names()]
        for name in own_names():
            its_own: dict[str, Any] = {
                "name": name,
                "title": f"{name}: your own data",
                "cache": datasets.resolve(name),
            }
            found.append(self._entry(replace(datasets.info("own"), built=True, **its_own), True))
        return tuple(found)

    def _entry(self, info: DatasetInfo, is_own: bool) -> DatasetEntry:
        problem, num_images, space = "", 0, info.space
        own = rq.OwnChoices() if is_own else None
        if info.built:
            try:
                cache = self.cache(info.name)
                num_images, space = cache.num_images, cache.space
                if own is not None:
                    recipe = cache.recipe
                    pairs = PairChoices.of(recipe)
                    own = rq.OwnChoices(recipe.source, recipe.kinds, recipe.renames, pairs)
            except DatasetError as error:
                problem = str(error)
        size = info.cache.stat().st_size if info.cache.exists() else 0
        return DatasetEntry(
            info.name, info.title, info.cache, info.built, info.needs_source, space, info.licence,
            info.citation, size, problem, num_images, info.place, info.where, own=own,
        )  # fmt: skip

    def browse(self, request: rq.BrowseImages) -> Browsed:
        """A page of a split."""
        cache = self.cache(request.dataset)
        rows = cache.rows(request.split)
        if len(rows) == 0:
            raise DatasetInputError(
                f"the {request.split} split of {cache.name} is empty; choose another split"
            )
        wanted = np.arange(len(rows))
        if request.only is not None:
            factor, value = request.only
            wanted = np.flatnonzero(cache.factors[rows, factor] == value)
        if request.seed is not None:
            wanted = np.random.default_rng(request.seed).permutation(wanted)
        turn = (request.start + np.arange(min(request.count, len(wanted)))) % max(1, len(wanted))
        places = wanted[turn]
        chosen = rows[places]
        images, values = cache.images(chosen), cache.factors[chosen]
        return Browsed(images, chosen, values, places, request.start, len(wanted), request.dataset)

    # ------------------------------------------------------------ choosing

    def pick_image(self, request: rq.PickImage) -> PickedImage:
        """See PickImage for the order of the ways."""
        if request.pixels is not None:
            from datasets.images import convert_image

            image, note = convert_image(request.pixels, request.shape)
            return PickedImage(LoadedImage(image, note, request.source))
        if request.file:
            from datasets.images import load_image

            image, note = load_image(request.file, request.shape)
            return PickedImage(LoadedImage(image, note, Path(request.file).name, None, request.file))
        cache = self.cache(request.dataset)
        if request.values is not None:
            return self._pick_values(cache, request)
        rows = cache.rows(request.split)
        if len(rows) == 0:
            raise DatasetInputError(
                f"the {request.split} split of {cache.name} is empty; choose another split"
            )
        if request.position is None:
            position = int(np.random.default_rng(request.seed).integers(len(rows)))
        else:
            position = request.position % len(rows)
        return PickedImage(self._row(cache, int(rows[position]), request.dataset), position, request.split)

    def _pick_values(self, cache: Cache, request: rq.PickImage) -> PickedImage:
        source, values, note = self._source(cache), request.values or (), ""
        if source is not None:
            image: Image = source.render(np.asarray([values], dtype=np.int64))[0]
            address = f"{cache.name}:{','.join(map(str, values))}"
            return PickedImage(LoadedImage(image, "", f"{cache.name}, rendered", tuple(values), address))
        row = cache.find(values)
        if row is None:
            row, note = _nearest(cache, values, request.keep)
        return PickedImage(replace(self._row(cache, row, request.dataset), note=note))

    def _row(self, cache: Cache, row: int, dataset: str) -> LoadedImage:
        factors = tuple(int(v) for v in cache.factors[row]) if cache.has_factor_labels else None
        image = cache.images(np.asarray([row], dtype=np.int64))[0]
        return LoadedImage(image, "", f"{cache.name}, image {row}", factors, f"{dataset}#{row}")

    def _source(self, cache: Cache) -> Source | None:
        """The renderer of a built-in set, or None."""
        if cache.name not in self._sources:
            import datasets

            built_in = cache.name in datasets.names() and not datasets.info(cache.name).needs_source
            self._sources[cache.name] = datasets.make_source(cache.name) if built_in else None
        return self._sources[cache.name]

    def pick_pair(self, request: rq.PickPair) -> PickedPair:
        """A transition by its position, or drawn by seed; of these every other one is reversed so that all
        actions occur."""
        cache = self.cache(request.dataset)
        pairs = cache.transitions(request.split)
        if request.position is not None and len(pairs):
            position = request.position % len(pairs)
            return self._pair(
                request.dataset, position, pairs.before, pairs.after, int(pairs.action[position])
            )
        actions = cache.space.action_factors[pairs.action]
        candidates = (
            np.arange(len(pairs)) if request.factor is None else np.flatnonzero(actions == request.factor)
        )
        if len(candidates) == 0:
            raise CacheError(
                f"{cache.path} holds no such pair; build the data set again or choose another factor"
            )
        generator = np.random.default_rng(request.seed)
        position = int(candidates[generator.integers(len(candidates))])
        if generator.integers(2):
            pairs = pairs.reversed()
        return self._pair(request.dataset, position, pairs.before, pairs.after, int(pairs.action[position]))

    def _pair(
        self, dataset: str, position: int, before: IntArray, after: IntArray, action: int
    ) -> PickedPair:
        cache = self.cache(dataset)
        first, second = (self._row(cache, int(rows[position]), dataset) for rows in (before, after))
        return PickedPair(first, second, action, position)


def _nearest(cache: Cache, values: tuple[int, ...], keep: tuple[int, ...]) -> tuple[int, str]:
    """The row of the image that has the values of `keep` and most of the others, and what it has not.

    Raises:
        DatasetInputError: none has those of `keep`, or `keep` is empty.
    """
    known, kept = np.asarray(cache.factors), list(keep)
    rows = (
        np.flatnonzero((known[:, kept] == np.asarray(values)[kept]).all(axis=1)) if kept else np.zeros(0, int)
    )
    if not len(rows):
        raise DatasetInputError(
            f"{cache.name} holds no image with these factor values; move another slider or draw one"
        )
    row = int(rows[(known[rows] != np.asarray(values)).sum(axis=1).argmin()])
    others = [
        cache.space.names[f].replace("_", " ") for f in np.flatnonzero(known[row] != np.asarray(values))
    ]
    return row, f"the nearest image that there is; not as chosen: {', '.join(others)}"
