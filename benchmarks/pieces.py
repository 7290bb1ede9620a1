"""Work in pieces that can be stopped and goes on: one JSON line a finished piece, in a file that is kept.

The first line is `{"of": {...}}`, what the pieces belong to; those of something else are refused. Each of the
others is `{"piece": NAME, "found": {...}}`, what a piece gave.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import Figures, InputError

Found = dict[str, object]


class OutOfTime(Exception):
    """The time is over and there are pieces left; those that are done are kept."""


class Pieces:
    """What is done already, and what is done now.

    Args:
        path: where the pieces are kept; None keeps them only in memory.
        of: what they belong to, such as the run and its data.
        minutes: no piece is begun after so long; None for no end.

    Raises:
        InputError: the file holds pieces of something else, or no pieces at all.
    """

    def __init__(self, path: Path | None, of: Found, minutes: float | None = None) -> None:
        self._path, self._of = path, of
        self._until = float("inf") if minutes is None else time.monotonic() + 60 * minutes
        self.done: dict[str, Found] = {}
        if path is not None:
            self._read(path)

    def get(self, name: str, work: Callable[[], Figures]) -> Found:
        """What a piece gave, now or in an earlier call.

        Raises:
            OutOfTime: it would have to be done now.
        """
        if name not in self.done:
            if time.monotonic() >= self._until:
                raise OutOfTime
            found = work()
            self._append({"piece": name, "found": found})
            self.done[name] = found
        return self.done[name]

    def _read(self, path: Path) -> None:
        if path.exists():
            lines = _whole_lines(path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = []
        if not lines:
            self._append({"of": self._of})
            return
        try:
            head, *pieces = [json.loads(line) for line in lines]
            kept, found = head["of"], {piece["piece"]: piece["found"] for piece in pieces}
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path} is no file of a benchmark's pieces; give another one") from error
        if kept != self._of:
            other = ", ".join(key for key in self._of if kept.get(key) != self._of[key])
            raise InputError(
                f"{path} has figures of something else ({other}); delete it, or give another one"
            )
        self.done = found

    def _append(self, line: Found) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())


def _whole_lines(path: Path) -> list[str]:
    """The lines of a file; one that was being written when the machine stopped is taken away."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return whole.decode("utf-8", errors="replace").splitlines()
