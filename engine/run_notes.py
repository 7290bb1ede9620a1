"""What people write down about a run: tags and a note, in notes.json of its directory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, RunError
from engine.whole_files import whole

NAME = "notes.json"
LONGEST_TAG = 40


@dataclass(frozen=True)
class RunNotes:
    """Tags in alphabetical order, each once, and a note."""

    tags: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", tidy_tags(self.tags))


def tidy_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Trimmed, without doubles, in alphabetical order.

    Raises:
        InputError: a tag with a comma or line break in it, or one that is longer than 40 characters.
    """
    found = {tag.strip() for tag in tags if tag.strip()}
    for tag in found:
        if "," in tag or "\n" in tag or len(tag) > LONGEST_TAG:
            raise InputError(f"'{tag[:LONGEST_TAG]}' is no tag; give a word or two without commas")
    return tuple(sorted(found, key=str.casefold))


def read_notes(run: Path) -> RunNotes:
    """The notes of a run; empty ones where there are none, or none that can be read."""
    try:
        data = json.loads((run / NAME).read_text(encoding="utf-8"))
        return RunNotes(tuple(map(str, data["tags"])), str(data["note"]))
    except (OSError, ValueError, KeyError, TypeError):
        return RunNotes()


def write_notes(run: Path, notes: RunNotes) -> None:
    """Atomically.

    Raises:
        RunError: no run directory, or it cannot be written.
    """
    if not (run / "config.json").is_file():
        raise RunError(f"{run} is not a run directory (it has no config.json); choose another")
    try:
        with whole(run / NAME) as part:
            text = json.dumps({"tags": list(notes.tags), "note": notes.note}, ensure_ascii=False, indent=1)
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(
            f"the notes of {run} could not be written ({error.strerror or error}); check its permissions"
        ) from error
