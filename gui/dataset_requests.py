"""What the page of a data set asks of the engine thread; `gui.requests` has them beside all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from datasets.pair_choices import PairChoices
from gui.request import Request
from gui.retrieval_requests import Split


@dataclass(frozen=True, eq=False)
class OpenDataset(Request):
    """Open a cache by name or path; a built-in one that is missing is built first. Answers DatasetView."""

    dataset: str
    build: bool = True
    text: ClassVar[str] = "Opening the data set"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class BrowseImages(Request):
    """A page of `count` images of a split from place `start` on (wraps around). Answers Browsed.

    Attributes:
        seed: None for the order of the file; otherwise the order is drawn with it.
        only: (factor, value), by index, of the images to show; None for all.
    """

    dataset: str
    split: Split = "test"
    start: int = 0
    count: int = 48
    seed: int | None = None
    only: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class FindImage(Request):
    """The image with these factor values, from the file or else drawn. Answers FoundImage."""

    dataset: str
    values: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class CountValues(Request):
    """How many images have each value of each factor, by split. Answers ValueCounts."""

    dataset: str


@dataclass(frozen=True, eq=False)
class CountPairs(Request):
    """How many training pairs each action has, and how many were to be expected. Answers PairCounts."""

    dataset: str


@dataclass(frozen=True, eq=False)
class DrawPairs(Request):
    """`count` random pairs of a split, of one action or (None) of any. Answers DrawnPairs."""

    dataset: str
    split: Split = "train"
    action: int | None = None
    count: int = 12
    seed: int = 0


@dataclass(frozen=True)
class Weights:
    """How training images are to be drawn, as a form says it: see datasets.recipe.

    Attributes:
        images: how many.
        skew: (factor, ratio, rare end) of each skew.
        correlate: (factor, factor, sigma) of each correlation.
        holes: factor -> values by name or number, of each hole.
    """

    images: int
    skew: tuple[tuple[str, float, str], ...] = ()
    correlate: tuple[tuple[str, str, float], ...] = ()
    holes: tuple[Mapping[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, eq=False)
class DraftDrawn(Request):
    """What a set of drawn images would be like; nothing is built. Answers Drafted.

    Attributes:
        dataset: whose images are drawn.
        name: of the new set; empty for a name that tells its weights.
    """

    dataset: str
    weights: Weights = field(default_factory=lambda: Weights(0))
    name: str = ""


@dataclass(frozen=True, eq=False)
class BuildDrawn(Request):
    """Build such a set under a new name. Answers DatasetView."""

    dataset: str
    weights: Weights
    name: str
    text: ClassVar[str] = "Building the data set"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class BuildRuled(Request):
    """Build a data set with other pairs, as a set of its own. Answers DatasetView.

    Attributes:
        dataset: a name of the registry.
        source: its files; empty for one that is built in.
        name: of the new set.
    """

    dataset: str
    source: str
    choices: PairChoices
    name: str
    text: ClassVar[str] = "Building the data set"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class PackDataset(Request):
    """Write a cache in its small form into a file. Answers Written."""

    dataset: str
    file: str
    text: ClassVar[str] = "Packing the data set"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class LookPacked(Request):
    """What a packed file holds. Answers PackedView."""

    file: str
    text: ClassVar[str] = "Looking at the file"


@dataclass(frozen=True, eq=False)
class UnpackDataset(Request):
    """Make a cache of a packed file, under a name. Answers DatasetView."""

    file: str
    name: str
    text: ClassVar[str] = "Unpacking the data set"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class DeleteDataset(Request):
    """Move a cache to the trash. Answers Deleted."""

    dataset: str
    text: ClassVar[str] = "Deleting the data set"
