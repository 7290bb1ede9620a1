"""What the Library asks of the engine thread; `gui.requests` has them beside all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datasets.pair_choices import USUAL_PAIRS, PairChoices
from engine.run_notes import RunNotes
from gui.request import Request


@dataclass(frozen=True, eq=False)
class ListLibrary(Request):
    """All data sets and all runs. Answers Library. `folders` are looked through besides the home's runs."""

    folders: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnChoices:
    """What is said of one's own data; see `datasets.recipe.Recipe`.

    Attributes:
        source: the folder, archive or file.
        kinds: "column=kind" where the kind is not the guessed one.
        renames: "column=name" where a factor is not called as its column.
        pairs: of other kinds than usual, by the names of factors.
    """

    source: str = ""
    kinds: tuple[str, ...] = ()
    renames: tuple[str, ...] = ()
    pairs: PairChoices = USUAL_PAIRS


@dataclass(frozen=True, eq=False)
class BuildDataset(Request):
    """Build (again) the cache of a registered data set. Answers DatasetView.

    `source` is the folder of the original files for sets that are not built in. With `own` it is a set of
    one's own data, which `dataset` gives its name.
    """

    dataset: str
    source: str = ""
    seed: int = 0
    own: OwnChoices | None = None
    text: ClassVar[str] = "Building the data set"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class PreviewOwn(Request):
    """Look at one's own data before they are built. Answers datasets.own_preview.Preview.

    Attributes:
        kinds: "column=kind" where another kind is wanted than the guessed one.
        again: the files are those of the last time; what was read of them will do.
        pairs: of other kinds than usual, by the names of columns.
    """

    source: str
    kinds: tuple[str, ...] = ()
    again: bool = False
    pairs: PairChoices = USUAL_PAIRS
    text: ClassVar[str] = "Looking at the files"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class Recognise(Request):
    """Find out what was dropped on the window. Answers Dropped."""

    path: str
    text: ClassVar[str] = "Looking at what was dropped"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class VerifyDataset(Request):
    """Read a whole cache and count what its build promised. Answers Verified."""

    dataset: str
    text: ClassVar[str] = "Checking the data set"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class DeleteRun(Request):
    """Delete a run directory. Answers Deleted."""

    path: str
    text: ClassVar[str] = "Deleting the run"


@dataclass(frozen=True, eq=False)
class RenameRun(Request):
    """Give a run directory another name. Answers Renamed."""

    path: str
    name: str


@dataclass(frozen=True, eq=False)
class ExportRun(Request):
    """Write a run into a zip file. Answers Written."""

    path: str
    file: str
    text: ClassVar[str] = "Exporting the run"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class ImportRun(Request):
    """Unpack such a file into the home's runs. Answers Imported."""

    file: str
    text: ClassVar[str] = "Importing the run"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class CompareRuns(Request):
    """Several run directories side by side. Answers engine.comparison.Comparison."""

    paths: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class WriteNotes(Request):
    """Tags and note of a run. Answers RunNotes. `view` is the path: notes of two runs are two things."""

    path: str
    notes: RunNotes
    durable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class ReadStudies(Request):
    """The studies of a storage, and one of them, by default the first. Answers Studies.

    `storage` is a database's address for Optuna, "" for Doscope's own file.
    """

    storage: str = ""
    name: str = ""
