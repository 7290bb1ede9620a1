"""What the engine thread answers to the page of a data set: plain data, ready to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.results import Image
from gui.dataset_requests import Weights


@dataclass(frozen=True)
class ValueCounts:
    """Images of each value of each factor.

    Attributes:
        counts: split -> factor -> images of each value; nothing in it where the values are not known.
    """

    dataset: str
    counts: Mapping[str, Mapping[str, list[int]]]


@dataclass(frozen=True, eq=False)
class FoundImage:
    """The image with some factor values.

    Attributes:
        image: None where there is none in the file and none can be drawn.
        words: where it is from.
    """

    dataset: str
    values: tuple[int, ...]
    image: Image | None
    words: str


@dataclass(frozen=True, eq=False)
class DrawnPairs:
    """Some pairs of a split.

    Attributes:
        before, after: [n, height, width, channels].
        factors: values of the images before, [n, F]; below 0 where they are not known.
        actions: index of each.
        total: how many there are to draw from.
    """

    dataset: str
    before: Image
    after: Image
    factors: npt.NDArray[np.int64]
    actions: tuple[int, ...]
    total: int


@dataclass(frozen=True)
class Expected:
    """Training pairs of each action that are to be expected, and the standard deviation over seeds."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]


@dataclass(frozen=True)
class PairCounts:
    """Training pairs of a cache by action.

    Attributes:
        actions: their names.
        pairs: of each, in the direction that they are stored in.
        expected, weights: where images were drawn: what was to be expected, and how they were.
        images: training images.
        not_drawn: why no imbalanced set can be made of it, a sentence; or empty.
    """

    dataset: str
    actions: tuple[str, ...]
    pairs: tuple[int, ...]
    expected: Expected | None
    weights: Weights | None
    images: int
    not_drawn: str


@dataclass(frozen=True)
class Drafted:
    """A set that is not built yet.

    Attributes:
        name: the one that tells its weights.
        expected: None where there is a problem.
        problem: why it cannot be built, a sentence; or empty.
    """

    dataset: str
    name: str
    expected: Expected | None
    problem: str = ""


@dataclass(frozen=True)
class PackedView:
    """A packed file.

    Attributes:
        name: a free one for its data set.
        images: their number.
        size_bytes: of the cache that it becomes.
        licence: of the images, a sentence.
    """

    file: str
    name: str
    images: int
    size_bytes: int
    licence: str
