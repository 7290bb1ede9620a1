"""What the window asks of the engine thread: one frozen dataclass a question.

A request completely determines its work: the run, the data set and the arrays are in it, so the thread
keeps no idea of "the present image". Its class name (and `view`, if it is given) is its *kind*: of one kind
only the newest counts (see engine_thread.py). Each docstring names what comes back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from engine.results import CausalGraph, Codes, Image
from engine.session import Session
from gui.dataset_requests import (
    BrowseImages,
    BuildDrawn,
    BuildRuled,
    CountPairs,
    CountValues,
    DeleteDataset,
    DraftDrawn,
    DrawPairs,
    FindImage,
    LookPacked,
    OpenDataset,
    PackDataset,
    UnpackDataset,
    Weights,
)
from gui.library_requests import (
    BuildDataset,
    CompareRuns,
    DeleteRun,
    ExportRun,
    ImportRun,
    ListLibrary,
    OwnChoices,
    PreviewOwn,
    ReadStudies,
    Recognise,
    RenameRun,
    VerifyDataset,
    WriteNotes,
)
from gui.request import Request, kind_of
from gui.retrieval_requests import (
    Calibrate,
    ExplainActions,
    FindMistake,
    FindPath,
    JudgeRun,
    PickPair,
    RetrieveAction,
    Split,
    WriteAnswers,
)
from gui.training_requests import (
    EstimateTraining,
    ReadPlan,
    ReadPresets,
    ReadRunLog,
    StartTraining,
    SteerTraining,
    StopTraining,
)

# ---------------------------------------------------------------- runs and data sets


@dataclass(frozen=True, eq=False)
class LoadRun(Request):
    """Load a run's model ("bundled", a name, or a path). Answers RunInfo.

    Attributes:
        newest: the weights of the last checkpoint, also where others were better on validation.
    """

    run: str
    newest: bool = False
    text: ClassVar[str] = "Loading the model"


@dataclass(frozen=True, eq=False)
class SaveSession(Request):
    """Write what Explore shows into a file. Answers Written."""

    path: str
    session: Session
    text: ClassVar[str] = "Saving the session"
    durable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class OpenSession(Request):
    """Read a session and load its run, if that is still the one it was. Answers OpenedSession."""

    path: str
    text: ClassVar[str] = "Opening the session"


# ---------------------------------------------------------------- choosing images


@dataclass(frozen=True, eq=False)
class PickImage(Request):
    """Choose an image. Answers PickedImage.

    Exactly one way applies, looked at in this order: `pixels` (uint8, any size), `file`, `values`
    (factor values, rendered when the cache lacks them), `position` (in the split, wraps around),
    otherwise a random one of the split drawn with `seed`.
    """

    dataset: str = ""
    shape: tuple[int, int, int] = (64, 64, 3)
    split: Split = "test"
    seed: int = 0
    position: int | None = None
    values: tuple[int, ...] | None = None
    keep: tuple[int, ...] = ()  # factors whose values are meant; the others may be near ones
    file: str = ""
    pixels: Image | None = None
    source: str = "pasted image"  # where the pixels are from, in words


# ---------------------------------------------------------------- the model's answers


@dataclass(frozen=True, eq=False)
class ShowImage(Request):
    """Encode, reconstruct and read the base graph of an image. Answers ShownImage."""

    run: str
    image: Image
    text: ClassVar[str] = "Reading the image"


@dataclass(frozen=True, eq=False)
class ReadTargets(Request):
    """How strongly each action targets each variable. Answers Targets."""

    run: str
    codes: Codes
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class ReadFactors(Request):
    """What the probes of a data set read of an image, where they are kept. Answers FactorReading."""

    dataset: str
    image: Image


@dataclass(frozen=True, eq=False)
class ApplyAction(Request):
    """do-action, `steps` times in a row (1 or more). Answers Intervention."""

    run: str
    codes: Codes
    action: int
    steps: int = 1
    text: ClassVar[str] = "Applying the action"


@dataclass(frozen=True, eq=False)
class DoVariables(Request):
    """do-variable for node -> code. Answers Intervention."""

    run: str
    codes: Codes
    assignments: dict[int, int] = field(default_factory=dict)
    propagate: bool = False
    text: ClassVar[str] = "Setting the variable"


@dataclass(frozen=True, eq=False)
class Graph(Request):
    """The causal graph under an action, or the base graph (None). Answers CausalGraph."""

    run: str
    codes: Codes
    action: int | None = None
    text: ClassVar[str] = "Reading the causal graph"


@dataclass(frozen=True, eq=False)
class AverageGraph(Request):
    """The graph on average over `images` validation images. Answers CausalGraph, several times."""

    run: str
    dataset: str
    action: int | None = None
    images: int = 128
    text: ClassVar[str] = "Averaging the causal graph"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class MeasureEffects(Request):
    """Which factors each variable moves, on `images` validation images. Answers VariableEffects."""

    run: str
    dataset: str
    images: int = 64
    text: ClassVar[str] = "Measuring what each variable moves"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class WriteGraph(Request):
    """Write the graph for other tools; the file's name ends with its format. Answers Written.

    Attributes:
        graph: what is written, of one image or the mean over several.
        threshold: least probability of an edge that is written.
        pairs: of a difference from the base graph: its drawn edges (cause, effect) [E, 2], written with what
            became of them; `threshold` is then that above which an edge is there.
    """

    run: str
    codes: Codes
    graph: CausalGraph
    threshold: float
    path: str
    pairs: npt.NDArray[np.int64] | None = None
    text: ClassVar[str] = "Writing the graph"
    durable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class LayoutGraph(Request):
    """Place the nodes along the shown edges. Answers NodePositions.

    Attributes:
        layout: "layered" (causes above effects) or "force" (linked nodes close together).
        edges: pairs (cause, effect), int64 [E, 2].
        num_nodes: N.
    """

    edges: npt.NDArray[np.int64]
    num_nodes: int
    layout: str = "layered"
    text: ClassVar[str] = "Laying out the graph"


@dataclass(frozen=True, eq=False)
class MakePalette(Request):
    """What the image becomes for each of the `limit` likeliest codes of a variable. Answers Palette.

    `others` are variables that get the same code.
    """

    run: str
    codes: Codes
    variable: int
    limit: int = 32
    others: tuple[int, ...] = ()
    text: ClassVar[str] = "Decoding the palette"


@dataclass(frozen=True, eq=False)
class FillPalette(Request):
    """The codes that MakePalette with `limit` left out, likeliest first. Answers Palette, several times."""

    run: str
    codes: Codes
    variable: int
    limit: int = 32
    others: tuple[int, ...] = ()
    text: ClassVar[str] = "Decoding all codes"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class ReadCodeUse(Request):
    """How validation images use a code of a variable's codebook. Answers CodePage, several times."""

    run: str
    dataset: str
    variable: int
    code: int
    text: ClassVar[str] = "Reading the codes of validation images"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class Traverse(Request):
    """One row after another. Answers TraversalRow, several times.

    Attributes:
        rows: "actions" (items are factor indices) or "variables" (items are nodes).
        columns: odd number of columns.
    """

    run: str
    codes: Codes
    rows: Literal["actions", "variables"]
    items: tuple[int, ...]
    columns: int = 11
    text: ClassVar[str] = "Traversing"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class EvaluateRun(Request):
    """Action retrieval over a split's pairs. Answers Evaluated at the end. `limit` None: all pairs."""

    run: str
    dataset: str
    split: Split = "test"
    limit: int | None = None
    text: ClassVar[str] = "Evaluating"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


__all__ = [
    "ApplyAction",
    "AverageGraph",
    "BrowseImages",
    "BuildDataset",
    "BuildDrawn",
    "BuildRuled",
    "Calibrate",
    "CompareRuns",
    "CountPairs",
    "CountValues",
    "DeleteDataset",
    "DeleteRun",
    "DoVariables",
    "DraftDrawn",
    "DrawPairs",
    "EstimateTraining",
    "EvaluateRun",
    "ExplainActions",
    "ExportRun",
    "FillPalette",
    "FindImage",
    "FindMistake",
    "FindPath",
    "Graph",
    "ImportRun",
    "JudgeRun",
    "LayoutGraph",
    "ListLibrary",
    "LoadRun",
    "LookPacked",
    "MakePalette",
    "MeasureEffects",
    "OpenDataset",
    "OpenSession",
    "OwnChoices",
    "PackDataset",
    "PickImage",
    "PickPair",
    "PreviewOwn",
    "ReadCodeUse",
    "ReadFactors",
    "ReadPlan",
    "ReadPresets",
    "ReadRunLog",
    "ReadStudies",
    "ReadTargets",
    "Recognise",
    "RenameRun",
    "Request",
    "RetrieveAction",
    "SaveSession",
    "ShowImage",
    "Split",
    "StartTraining",
    "SteerTraining",
    "StopTraining",
    "Traverse",
    "UnpackDataset",
    "VerifyDataset",
    "Weights",
    "WriteAnswers",
    "WriteGraph",
    "WriteNotes",
    "kind_of",
]
