"""The cache of a data set: one HDF5 file, opened for reading. Layout: docs/file-formats.md.

Images lie uncompressed and contiguous, so rows are read through a memory map at the data set's own
offset in the file: many times faster than HDF5's row selection, and safe for several readers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from datasets.errors import CacheError, DatasetError, DatasetInputError
from datasets.factors import FactorSpace, IntArray
from datasets.home import caches_dir
from datasets.recipe import Recipe
from datasets.registry import entries
from datasets.several import Several
from datasets.source import ImageArray
from datasets.steps import Edges

if TYPE_CHECKING:
    import h5py

FORMAT = "doscope-cache"
VERSION = 1
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Transitions:
    """Directed pairs of images, as rows of their cache.

    Attributes:
        before, after: rows, int64 [M].
        action: action indices, int64 [M]: usually f raises factor f, F + f lowers it (FactorSpace.actions).
        back: the actions that lead back, int64 [M]; -1 where there is none.
    """

    before: IntArray
    after: IntArray
    action: IntArray
    back: IntArray

    def __len__(self) -> int:
        return len(self.action)

    def reversed(self) -> Transitions:
        """The same pairs the other way round, each with the action back; where there is none, as they are."""
        there = self.back >= 0
        return Transitions(
            before=np.where(there, self.after, self.before),
            after=np.where(there, self.before, self.after),
            action=np.where(there, self.back, self.action),
            back=np.where(there, self.action, self.back),
        )


class Cache:
    """An open cache. Use `Cache.open`; a context manager.

    Attributes:
        path: the file.
        name: the data set.
        recipe: what it was drawn by.
        space: its factors.
        image_shape: (height, width, channels).
        num_images: N.
        null_pairs_dropped: pixel-identical pairs that were met and left out.
        closure_pairs: training transitions beyond the drawn ones, between images that are there anyway.
        licence, citation: of the images.
        report: what the builder of a labelled set has to say (docs/file-formats.md), or empty.
        has_factor_labels: whether the factor values are known; without them only the actions are.
        factors: factor values, int64 [N, F]; -1 where they are not known.
        factor_graph: which factor causes which, (cause, effect) by name; None where that is not known.
        own_values: where an action is one step of one number (datasets.steps), int64 [N, F]: the factor
            values, less what their causes make of them.
        splits: 0 train, 1 validation, 2 test; uint8 [N].
        several: test pairs in which several factors change at once; None where there are none.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        attributes = file.attrs
        self.path = path
        self.name = str(attributes["name"])
        self.recipe = Recipe.from_json(json.loads(attributes["recipe"]))
        self.space = FactorSpace.from_json(json.loads(attributes["factors"]))
        self.licence = str(attributes["licence"])
        self.citation = str(attributes["citation"])
        self.null_pairs_dropped = int(attributes["null_pairs_dropped"])
        self.closure_pairs = int(attributes["closure_pairs"])
        self.report: dict[str, Any] = dict(json.loads(attributes.get("report", "{}")))
        self.splits: npt.NDArray[np.uint8] = file["splits"][...]
        self.num_images = len(self.splits)
        self.has_factor_labels = bool(attributes.get("factor_labels", True))
        if self.has_factor_labels:
            self.factors: IntArray = file["factor_values"][...].astype(np.int64)
        else:
            self.factors = np.full((self.num_images, self.space.num_factors), -1, np.int64)
        self.factor_graph = _read_graph(attributes.get("factor_graph"), self.space)
        own = file.get("own_values")
        self.own_values: IntArray = self.factors if own is None else own[...].astype(np.int64)
        self._transitions = {
            split: _read_transitions(file["transitions"][split], self.space) for split in SPLITS
        }
        self.several = _read_several(file)
        images = file["images"]
        self.image_shape: tuple[int, int, int] = tuple(images.shape[1:])
        self._check(images)
        self._images: ImageArray | None = _map(path, images)
        labelled = self.has_factor_labels
        grid = self.space.to_index(self.factors) if labelled else np.empty(0, np.int64)
        self._grid_order = np.argsort(grid, kind="stable")  # of equal images, `find` names the first
        self._grid = grid[self._grid_order]

    @classmethod
    def open(cls, path: Path) -> Cache:
        """Open and check a cache.

        Raises:
            CacheError: it is missing, not a cache, of another version, truncated or inconsistent.
        """
        import h5py  # costs a tenth of a second; not needed to list data sets

        from datasets.hdf5_heaps import refuse_endless

        path = Path(path)
        if not path.is_file():
            raise CacheError(f"there is no cache at '{path}'; {_remedy(path)}")
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            what = "is cut short" if "truncated" in str(error) else "is not an HDF5 file or is damaged"
            raise CacheError(f"the cache '{path}' {what}; {_remedy(path)}") from error
        with file:
            try:
                refuse_endless(path, file)
            except OSError as error:
                raise CacheError(f"the cache '{path}' is damaged ({error}); {_remedy(path)}") from error
            _check_format(path, file)
            try:
                return cls(path, file)
            except (KeyError, ValueError, TypeError, IndexError, OSError, DatasetError) as error:
                raise CacheError(f"the cache '{path}' is damaged ({error}); {_remedy(path)}") from error

    def images(self, rows: npt.ArrayLike) -> ImageArray:
        """Rows int64 [n] -> a new uint8 array [n, H, W, C]. Several threads may read at once.

        Raises:
            CacheError: the cache was closed.
            IndexError: a row lies outside 0..N-1.
        """
        if self._images is None:
            raise CacheError(f"the cache '{self.path}' is closed; open it again")
        index = np.asarray(rows, dtype=np.int64)
        if index.size and (index.min() < 0 or index.max() >= self.num_images):
            raise IndexError(f"rows lie in 0..{self.num_images - 1}")
        return self._images[index]

    def rows(self, split: str) -> IntArray:
        """The rows of a split, ascending.

        Raises:
            DatasetInputError: there is no such split.
        """
        return np.flatnonzero(self.splits == _split_number(split)).astype(np.int64)

    def transitions(self, split: str) -> Transitions:
        """The transitions of a split.

        Raises:
            DatasetInputError: there is no such split.
        """
        return self._transitions[SPLITS[_split_number(split)]]

    def action_counts(self, split: str) -> dict[str, int]:
        """How many transitions of a split have each action, {"object_hue+": n, ...}.

        A pair counts once, in the direction that it is stored in.

        Raises:
            DatasetInputError: there is no such split.
        """
        counts = np.bincount(self.transitions(split).action, minlength=self.space.num_actions)
        return dict(zip(self.space.action_names, counts.tolist(), strict=True))

    def step_counts(self, split: str) -> dict[str, list[int]]:
        """How many transitions of a split lie between values k and k + 1 of each factor, {factor: [K - 1]}.

        Where values are rare (datasets.imbalance), this is where the rareness shows: an action of a factor
        has all of its steps, common and rare. Empty where the factor values are not known.

        Raises:
            DatasetInputError: there is no such split.
        """
        pairs = self.transitions(split)
        if not self.has_factor_labels:
            return {}
        factor = self.space.action_factors[pairs.action]
        lower = np.minimum(self.factors[pairs.before], self.factors[pairs.after])
        return {
            name: np.bincount(lower[factor == f, f], minlength=self.space.sizes[f] - 1).tolist()
            for f, name in enumerate(self.space.names)
        }

    def find(self, values: npt.ArrayLike) -> int | None:
        """The row of the first image with these factor values [F], or None when the cache has none.

        Raises:
            DatasetInputError: a value lies outside its factor's range.
        """
        wanted = self.space.to_index(values)
        at = int(np.searchsorted(self._grid, wanted))
        if at == len(self._grid) or self._grid[at] != wanted:
            return None
        return int(self._grid_order[at])

    def close(self) -> None:
        """Let go of the file. Arrays that were read stay valid."""
        self._images = None

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, images: Any) -> None:
        """Refuse what later code would trip over."""
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[0] != self.num_images:
            raise ValueError(f"images have type {images.dtype} and shape {images.shape}")
        if self.factors.shape != (self.num_images, self.space.num_factors):
            raise ValueError(f"factor values have shape {self.factors.shape}")
        if self.own_values.shape != self.factors.shape:
            raise ValueError(f"own values have shape {self.own_values.shape}")
        if self.num_images and self.splits.max() >= len(SPLITS):
            raise ValueError("a split number is unknown")
        self._check_several()
        for split, pairs in self._transitions.items():
            if not len(pairs.before) == len(pairs.after) == len(pairs.action) == len(pairs.back):
                raise ValueError(f"the {split} transitions differ in length")
            rows = np.concatenate([pairs.before, pairs.after])
            if rows.size and (rows.min() < 0 or rows.max() >= self.num_images):
                raise ValueError(f"a {split} transition points outside the images")
            if len(pairs) and (pairs.action.min() < 0 or pairs.action.max() >= self.space.num_actions):
                raise ValueError(f"a {split} transition has an unknown action")
            if len(pairs) and (pairs.back.min() < -1 or pairs.back.max() >= self.space.num_actions):
                raise ValueError(f"a {split} transition has an unknown action back")

    def _check_several(self) -> None:
        if self.several is None:
            return
        rows, actions = np.concatenate([self.several.before, self.several.after]), self.several.actions
        if actions.ndim != 2 or len(rows) != 2 * len(actions):
            raise ValueError("the pairs of several changes differ in length")
        if rows.size and (rows.min() < 0 or rows.max() >= self.num_images):
            raise ValueError("a pair of several changes points outside the images")
        if actions.size and (actions.min() < 0 or actions.max() >= self.space.num_actions):
            raise ValueError("a pair of several changes has an unknown action")


def _split_number(split: str) -> int:
    if split not in SPLITS:
        raise DatasetInputError(f"unknown split '{split}'; choose one of {', '.join(SPLITS)}")
    return SPLITS.index(split)


def _read_transitions(group: Any, space: FactorSpace) -> Transitions:
    before, after, action = (group[key][...].astype(np.int64) for key in ("before", "after", "action"))
    if "back" in group:
        return Transitions(before, after, action, group["back"][...].astype(np.int64))
    known = (action >= 0) & (action < space.num_actions)  # others are refused a little later
    return Transitions(before, after, action, space.opposites[np.where(known, action, 0)])


def _read_several(file: h5py.File) -> Several | None:
    if "several" not in file:
        return None
    return Several(*(file["several"][key][...].astype(np.int64) for key in ("before", "after", "actions")))


def _read_graph(text: str | None, space: FactorSpace) -> Edges | None:
    """The edges of the factor graph, with known names."""
    if text is None:
        return None
    edges = tuple((str(cause), str(effect)) for cause, effect in json.loads(text))
    for name in {name for edge in edges for name in edge}:
        space.factor_index(name)
    return edges


def _map(path: Path, images: Any) -> ImageArray:
    """The images of an open HDF5 file as a read-only array over the file itself."""
    offset = images.id.get_offset()
    if offset is None:
        raise ValueError("the images are not stored in one piece")
    # The memmap class makes each indexing slower; a plain array over it is the same memory.
    return np.asarray(np.memmap(path, np.uint8, "r", offset=offset, shape=images.shape))


def _check_format(path: Path, file: h5py.File) -> None:
    if file.attrs.get("format") != FORMAT:
        raise CacheError(f"'{path}' is an HDF5 file but not a cache of Doscope; {_remedy(path)}")
    version = file.attrs.get("version")
    if version != VERSION:
        raise CacheError(
            f"the cache '{path}' has format version {version}, this program reads version {VERSION}; "
            f"{_remedy(path)}"
        )


def _remedy(path: Path) -> str:
    """The command that makes the cache, or makes it anew."""
    usual = path.parent == caches_dir()
    name, dash, _ = path.stem.partition("-") if usual else ("NAME", "", "")
    command = f"doscope build {name}"
    if usual and name not in entries():
        command, dash = f"doscope build own --source FOLDER --called '{path.stem}'", ""
    place = entries()[name].place if name in entries() else ""
    if place:
        command += f" --source {place.split()[0].upper()}"
    if not usual:
        command += f" --out '{path}'"
    command = f"`{command} --force`" if path.exists() else f"`{command}`"
    options = " and the options that its name tells" if dash else ""
    return f"{'rebuild' if path.exists() else 'build'} it with {command}{options}"
