"""What the engine thread sends back besides the engine's own results: plain data, ready to show."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.factors import FactorSpace
from engine.code_use import CodeUse
from engine.events import Event
from engine.results import CausalGraph, FloatArray, Image, LoadedImage, Reconstruction, RunInfo
from engine.session import Session
from engine.steering import Order
from engine.study import StudyResult
from gui.requests import OwnChoices, Request


@dataclass(frozen=True)
class Failure:
    """An error on its way to the user.

    Attributes:
        sentence: one sentence with what to do.
        detail: the traceback, for "Details" and the log; empty for the user's own input.
        remedy_label: the button that mends it ("Build again"), or empty.
        remedy: the request behind that button.
    """

    sentence: str
    detail: str = ""
    remedy_label: str = ""
    remedy: Request | None = None


@dataclass(frozen=True)
class Activity:
    """What the thread is doing. `total` 0 means that the length is unknown.

    Attributes:
        kind: the request's kind, for Cancel.
        done, total: in the job's own unit.
        remaining_s: estimate in seconds; negative when unknown.
    """

    kind: str
    text: str
    done: int = 0
    total: int = 0
    remaining_s: float = -1.0
    cancellable: bool = False


@dataclass(frozen=True)
class DatasetView:
    """An opened data set. `can_render`: any combination of factor values can be shown.

    Attributes:
        dataset: the name or path that it was opened by, to be used in further requests.
        split_sizes: images by split name.
        pair_counts: transitions by split name.
        has_factor_labels: whether factor values of its images are known.
        pair_words: what is unusual about its pairs, phrases.
        source: the files that it was built of, where they are still there.
        report: what was converted and left out when it was built, sentences.
    """

    dataset: str
    name: str
    path: Path
    space: FactorSpace
    image_shape: tuple[int, int, int]
    num_images: int
    split_sizes: dict[str, int]
    pair_counts: dict[str, int]
    null_pairs_dropped: int
    can_render: bool
    licence: str = ""
    citation: str = ""
    has_factor_labels: bool = True
    pair_words: tuple[str, ...] = ()
    source: str = ""
    report: tuple[str, ...] = ()


@dataclass(frozen=True)
class PickedImage:
    """A chosen image. `position` is its place in the split, None for one from elsewhere."""

    loaded: LoadedImage
    position: int | None = None
    split: str = ""


@dataclass(frozen=True)
class PickedPair:
    """A transition: two images and the true action's index."""

    before: LoadedImage
    after: LoadedImage
    action: int
    position: int


@dataclass(frozen=True)
class NoMistake:
    """Every one of the `pairs` of a split has the right answer."""

    pairs: int


@dataclass(frozen=True)
class Calibrated:
    """The probabilities of a run, by its path, are calibrated from now on."""

    run: str


@dataclass(frozen=True)
class ShownImage:
    """All that Explore shows first of an image."""

    image: Image
    reconstruction: Reconstruction
    graph: CausalGraph


@dataclass(frozen=True)
class Targets:
    """Probability that each action targets each variable, [A, N]."""

    masks: FloatArray


@dataclass(frozen=True, eq=False)
class FactorReading:
    """What probes read of an image.

    Attributes:
        image: the very array that was asked about.
        values: index of each factor's value, None of one that is not read; None where no probes are kept.
    """

    image: Image
    values: tuple[int | None, ...] | None


@dataclass(frozen=True, eq=False)
class CodePage:
    """How a code is used in the validation images that have been read.

    Attributes:
        crops: of the examples, [height, width, channels] each.
        boxes: where the cell lies in each crop: left, top, width, height.
        dataset: its name.
        total: images that will have been read in the end.
        labelled: whether the data set's factor values are known.
    """

    use: CodeUse
    crops: tuple[Image, ...]
    boxes: tuple[tuple[int, int, int, int], ...]
    dataset: str
    total: int
    labelled: bool


@dataclass(frozen=True)
class NodePositions:
    """A place for each node: x, y in 0..1, float32 [N, 2]; y grows downward, causes lie above effects."""

    positions: FloatArray


@dataclass(frozen=True)
class Browsed:
    """A page of images: [n, height, width, channels], their rows and factor values [n, F].

    Attributes:
        positions: of each in the split, in ascending order unless they were drawn.
        start, total: of the page, and of all that are shown.
        dataset: as it was asked for.
    """

    images: Image
    rows: npt.NDArray[np.int64]
    factors: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]
    start: int
    total: int
    dataset: str


@dataclass(frozen=True)
class Evaluated:
    """The figures of one evaluation, as `doscope evaluate --json` prints them."""

    run: str
    dataset: str
    split: str
    figures: dict[str, object]


@dataclass(frozen=True)
class DatasetEntry:
    """One line of the Library. `problem` is a sentence when its cache cannot be used."""

    name: str
    title: str
    path: Path
    built: bool
    needs_source: bool
    space: FactorSpace
    licence: str
    citation: str
    size_bytes: int = 0
    problem: str = ""
    num_images: int = 0
    place: str = ""  # what is named as its source, such as "folder or archive"
    where: str = ""  # where users get that
    own: OwnChoices | None = None  # of one's own data: how they were built, or nothing said yet
    special: bool = False  # the cache of a special recipe, which only its page's form can build


@dataclass(frozen=True)
class RunEntry:
    """One line of the Library; see RunStatus in engine/run_directory.py."""

    name: str
    path: Path
    dataset: str
    preset: str
    phase: str
    step: int
    elapsed_s: float
    finished_reason: str
    resumable: bool
    figures: dict[str, float] = field(default_factory=dict)
    explorable: bool = True
    problem: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    begun: float = 0.0
    owner: str = ""


@dataclass(frozen=True)
class Verified:
    """The outcome of checking a data set, in words."""

    dataset: str
    sound: bool
    words: str


@dataclass(frozen=True)
class Written:
    """A file is there. `what` says what it holds."""

    path: str
    what: str


@dataclass(frozen=True, eq=False)
class OpenedSession:
    """What a session file holds. `run` is its run, loaded, or None and then `why` says why not."""

    session: Session
    run: RunInfo | None
    why: str
    path: str


@dataclass(frozen=True)
class Deleted:
    """A run directory is gone; `place` says where to ("the trash")."""

    path: str
    place: str


@dataclass(frozen=True)
class Studies:
    """The studies of a storage by name, and one of them; None where there is none."""

    storage: str
    names: tuple[str, ...]
    study: StudyResult | None


@dataclass(frozen=True)
class Renamed:
    """A run directory lies elsewhere now."""

    path: str
    new: str


@dataclass(frozen=True)
class Imported:
    """A run was unpacked."""

    path: str


@dataclass(frozen=True)
class Dropped:
    """What a dropped file or folder is.

    Attributes:
        what: "source" (of the data set `name`), "own", "cache", "packed", "run", "exported run", "session" or
            "picture".
    """

    path: str
    what: str
    name: str = ""


@dataclass(frozen=True)
class Library:
    """Data sets and runs, the newest run first."""

    datasets: tuple[DatasetEntry, ...]
    runs: tuple[RunEntry, ...]


@dataclass(frozen=True)
class Presets:
    """Preset name -> dotted setting name -> value ("training.batch_size": 64)."""

    settings: dict[str, dict[str, object]]


@dataclass(frozen=True)
class Plan:
    """What a run was trained with.

    Attributes:
        settings: dotted setting name -> value, those of its preset too.
        minutes: its time budget, None where steps counted.
    """

    path: str
    dataset: str
    preset: str
    settings: dict[str, object]
    minutes: float | None


@dataclass(frozen=True)
class RunLog:
    """New events of a run directory; `offset` is where to read on, `owner` who trains it (empty: nobody)."""

    path: str
    events: tuple[Event, ...]
    offset: int
    owner: str = ""


@dataclass(frozen=True)
class OrderGiven:
    """An order is on its way to a training; the training's own log says when it is heeded."""

    path: str
    order: Order


@dataclass(frozen=True)
class TrainingEnded:
    """The run directory is complete and closed. `reason` is "done", "stopped", "diverged" or "failed"."""

    path: str
    reason: str
