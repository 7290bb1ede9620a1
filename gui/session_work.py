"""The engine thread's work on sessions: writing them, reading them, finding their run again. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import RunError
from engine.session import Session, SessionRun
from gui import requests as rq
from gui.replies import OpenedSession, Written

if TYPE_CHECKING:
    from engine.explorer import Explorer

REMEDY = "so it can be looked at but not changed; New session (Ctrl+N) starts afresh"


def save_session(request: rq.SaveSession) -> Written:
    """Write it whole or not at all."""
    from engine.session_files import write_session

    write_session(Path(request.path), request.session)
    return Written(request.path, in_words(request.session))


def in_words(session: Session) -> str:
    """How much a session holds: "3 interventions in 2 branches"."""
    steps, branches = len(session.steps) - 1, len(session.branches)
    many = "" if steps == 1 else "s"
    return f"{steps} intervention{many}" + (f" in {branches} branches" if branches > 1 else "")


def open_session(
    path: str, loaded: Sequence[Explorer], threads: int
) -> tuple[OpenedSession, Explorer | None]:
    """What a session file holds, and its run: one of the `loaded`, or from the disk, or None and why.

    Raises:
        InputError: the file cannot be read as a session.
    """
    from engine.session_files import read_session

    session = read_session(Path(path))
    for explorer in loaded:
        if explorer.info.fingerprint == session.run.fingerprint:
            return OpenedSession(session, explorer.info, "", path), explorer
    found, why = _load(session.run, threads)
    return OpenedSession(session, found.info if found is not None else None, why, path), found


def _load(run: SessionRun, threads: int) -> tuple[Explorer | None, str]:
    """The very run, or None and a sentence that says what became of it."""
    from engine.explorer import Explorer

    where = f" ({run.path})" if run.path else ""
    why = f"the run {run.name}{where} of this session is missing, {REMEDY}"
    for place in _places(run):
        try:
            explorer = Explorer.load(place, threads=threads)
        except RunError as error:
            why = f"the run {run.name} of this session cannot be loaded ({error}), {REMEDY}"
            continue
        if explorer.info.fingerprint == run.fingerprint:
            return explorer, ""
        why = f"the run {run.name} ({place}) is another version than this session's, {REMEDY}"
    return None, why


def _places(run: SessionRun) -> list[Path]:
    """Where the run may be: where it was, and under its name in this home; only folders that hold one."""
    from datasets.home import runs_dir
    from engine.run_directory import BUNDLED

    places = [Path(run.path)] if run.path else []
    if run.name == "bundled":
        places.append(BUNDLED)
    elif run.name.strip(". ") and not set(run.name) & set("/\\:"):  # a folder's name, never a way out of it
        places.append(runs_dir() / run.name)
    return list(dict.fromkeys(place for place in places if (place / "config.json").is_file()))
