"""The engine thread's work on a whole run directory: another name, into one file, and back. No Qt."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import RunError
from gui import requests as rq
from gui.replies import Activity, Imported, Renamed, Written
from gui.words import file_size

if TYPE_CHECKING:
    from engine.run_archive import Steps


def rename(request: rq.RenameRun) -> Renamed:
    """Another name.

    Raises:
        RunError: the bundled model, a run in training, or no run directory.
        InputError: no name for a run, or one that is taken.
    """
    from engine.run_archive import rename_run
    from engine.run_directory import BUNDLED
    from engine.run_lock import refuse_in_use

    path = Path(request.path)
    if path.resolve() == BUNDLED.resolve():
        raise RunError("the bundled model belongs to Doscope and keeps its name; rename another run")
    refuse_in_use(path, "renamed")
    return Renamed(request.path, str(rename_run(path, request.name)))


def export_steps(request: rq.ExportRun) -> Iterator[object]:
    """Activities on the way, then Written."""
    from engine.run_archive import export_run

    file = yield from _told(request, export_run(Path(request.path), Path(request.file)))
    yield Written(str(file), file_size(file.stat().st_size))


def import_steps(request: rq.ImportRun) -> Iterator[object]:
    """Activities on the way, then Imported."""
    from datasets.home import runs_dir
    from engine.run_archive import import_run

    place = yield from _told(request, import_run(Path(request.file), runs_dir()))
    yield Imported(str(place))


def _told(request: rq.Request, steps: Steps) -> Generator[object, None, Path]:
    """The steps as the status bar shows them; returns what was made."""
    try:
        while True:
            done, total = next(steps)
            yield Activity(request.kind, request.text, done, total, cancellable=True)
    except StopIteration as end:
        made: Path = end.value
        return made
    finally:
        steps.close()
