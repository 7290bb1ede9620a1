"""The engine thread's work for the Library: listing, comparing, checking, deleting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import RunError
from gui import requests as rq
from gui.library.trash import to_trash
from gui.replies import Activity, DatasetEntry, Deleted, Library, RunEntry, Studies, Verified

if TYPE_CHECKING:
    from datasets.cache import Cache
    from datasets.verify import Findings
    from engine.run_directory import RunStatus


def run_entry(status: RunStatus) -> RunEntry:
    """A run's status as the window shows it."""
    return RunEntry(
        name=status.name,
        path=status.path,
        dataset=status.dataset,
        preset=status.preset,
        phase=status.phase,
        step=status.step,
        elapsed_s=status.elapsed_s,
        finished_reason=status.finished or "",
        resumable=status.resumable,
        figures=dict(status.figures),
        explorable=status.explorable,
        problem=status.problem,
        tags=status.tags,
        note=status.note,
        begun=status.begun,
        owner=status.owner,
    )


def list_library(datasets: tuple[DatasetEntry, ...], folders: tuple[str, ...]) -> Library:
    """Data sets, and the runs of the home folder and of other folders, each once."""
    from engine.run_directory import list_runs

    runs = {status.path: status for status in list_runs()}
    for folder in folders:
        runs.update({status.path: status for status in list_runs(Path(folder))})
    return Library(datasets, tuple(map(run_entry, runs.values())))


def verify(cache: Cache) -> Iterator[object]:
    """Activities on the way, then Verified."""
    from datasets import verify as checking

    for step in checking.verify(cache):
        if isinstance(step, checking.Findings):
            yield Verified(cache.name, step.sound, findings_words(cache.name, step))
        else:
            yield Activity(
                "VerifyDataset",
                f"Checking {cache.name}",
                step.done,
                step.total,
                step.remaining_s,
                cancellable=True,
            )


def findings_words(name: str, findings: Findings) -> str:
    """The outcome in a sentence or two."""
    if findings.sound:
        drawn = f", {findings.redrawn} of them drawn again and equal" if findings.redrawn else ""
        return (
            f"{name} is sound: {findings.images:,} images read{drawn}; no image occurs in two splits, "
            f"and every pair shows a change. Fingerprint: {findings.fingerprint}."
        )
    faults = {
        "images that occur in two splits": findings.leaking,
        "pairs without a visible change": findings.null_pairs,
        "pairs that their action does not lead to": findings.wrong_steps,
        "images that differ from their source": findings.differing,
    }
    found = ", ".join(f"{number} {what}" for what, number in faults.items() if number)
    return f"{name} has faults: {found}. Build it again."


def read_studies(request: rq.ReadStudies) -> Studies:
    """The studies' names and one study.

    Raises:
        InputError: there is no such study.
        RunError: the storage cannot be used.
    """
    from engine.study import read_study, study_names

    storage = request.storage or None
    names = study_names(storage)
    name = request.name or next(iter(names), "")
    return Studies(request.storage, names, read_study(name, storage) if name else None)


def delete_run(request: rq.DeleteRun) -> Deleted:
    """Move a run's directory to the trash, and nothing that is not one.

    Where the system has no trash for it, it goes to a folder `.trash` beside the runs.

    Raises:
        RunError: the path is no run directory, the bundled model, or in training.
    """
    from engine.run_directory import BUNDLED
    from engine.run_lock import refuse_in_use

    path = Path(request.path)
    if path.resolve() == BUNDLED.resolve():
        raise RunError("the bundled model belongs to Doscope and cannot be deleted; delete another run")
    if path.is_symlink() or not (path / "config.json").is_file():
        raise RunError(
            f"{path} is not a run directory, so it was left alone; delete it with the file manager"
        )
    refuse_in_use(path, "deleted")
    return Deleted(request.path, to_trash(path))
