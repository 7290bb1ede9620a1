"""What an evaluation measures: a run on the pairs of a split."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.cache import Cache
from engine.errors import InputError
from engine.events import Progressed
from engine.explorer import Explorer
from engine.results import Codes, PairScores
from engine.run_directory import RunDirectory
from engine.same_data import check_same_data

Steps = Generator[Progressed, None, dict[str, Any]]
BATCH = 64
QUICK_PAIRS = 600
FEW_PAIRS = 200


@dataclass
class Subject:
    """A run, a split's pairs, and what is found out on the way.

    Attributes:
        before, after: rows of the cache, [P].
        action: [P].
        most: of any kind of pairs at most so many are looked at; None: all.
        codes: codes of the pairs' images, in the order of `rows`, [R,N]; empty until they are encoded.
        scores: of the pairs; empty until actions are retrieved.
        notes: sentences for the reader.
    """

    explorer: Explorer
    cache: Cache
    split: str
    quick: bool
    before: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    action: npt.NDArray[np.int64]
    most: int | None = None
    codes: Codes = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    scores: PairScores = field(default_factory=lambda: PairScores(*np.zeros((3, 0, 0), dtype=np.float32)))
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """The pairs' images, each once, ascending, [R]."""
        return np.unique([self.before, self.after])

    @property
    def codes_before(self) -> Codes:
        """Of the images before, [P,N]."""
        return self.codes[np.searchsorted(self.rows, self.before)]

    @property
    def codes_after(self) -> Codes:
        """Of the images after, [P,N]."""
        return self.codes[np.searchsorted(self.rows, self.after)]


def make_subject(explorer: Explorer, cache: Cache, split: str, limit: int | None, quick: bool) -> Subject:
    """The first pairs of a split, with a note where they are few.

    Raises:
        RunError: the cache has other factors, image sizes or splits than the run was trained with.
        InputError: there are no pairs in the split.
    """
    check_same_data(RunDirectory(explorer.info.path).description(), cache)
    pairs = cache.transitions(split)
    limits = [*([] if limit is None else [limit]), *([QUICK_PAIRS] if quick else [])]
    most = min(limits, default=None)
    count = len(pairs) if most is None else min(most, len(pairs))
    if count < 1:
        raise InputError(
            f"the {split} split of {cache.path} has no pairs; choose another split or build it again"
        )
    subject = Subject(
        explorer, cache, split, quick, pairs.before[:count], pairs.after[:count], pairs.action[:count], most
    )
    subject.notes.extend(_notes(subject))
    return subject


def _notes(subject: Subject) -> list[str]:
    """What the reader has to know of the pairs."""
    notes, count, names = [], len(subject.action), np.array(subject.cache.space.action_names)
    if count < FEW_PAIRS:
        notes.append(f"only {count} pairs were measured, so the intervals are wide; {FEW_PAIRS} are better")
    missing = np.setdiff1d(np.arange(len(names)), subject.action)
    if len(missing):
        notes.append(f"left out of the averages, having no pairs here: {', '.join(names[missing])}")
    if subject.cache.has_factor_labels and not is_grid(subject.cache):
        notes.append(
            "the images before and after differ in more than the factors (other people, say): PSNR, SSIM and"
            " quality cost compare with the pair's image after as it is, and factor values are its labels"
        )
    return notes


def is_grid(cache: Cache) -> bool:
    """Whether factor values determine an image: no two images of the cache share them."""
    return bool(cache.has_factor_labels) and len(np.unique(cache.factors, axis=0)) == cache.num_images
