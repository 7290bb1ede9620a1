"""Reading metrics.jsonl, the log of a run: all of it, what is new, or the whole history thinned.

A long run has a million lines, nearly all of them logged steps. They are told apart by how a line begins,
which takes a tenth of the time of reading it, so that of a long log few lines are read at all.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from engine.events import Event, StepLogged, from_json_line, to_json_line

PIECE = 1 << 24  # bytes looked through at once
TAIL = 1 << 18  # the same from the end, where little is wanted
POINTS = 3000  # logged steps of a thinned history: more than a curve is drawn with
OF_STEP = to_json_line(StepLogged("", 0, 0.0, 0.0, 0.0, 0.0)).partition(",")[0].encode()


def read_from(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """The events after byte `offset`, and the offset to ask from next time.

    A torn last line is left for the next call; other unreadable lines are skipped.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except OSError:
        return [], offset
    whole = data.rfind(b"\n") + 1
    return [event for line in data[:whole].splitlines() for event in _read(line)], offset + whole


def read_thinned(path: Path, points: int = POINTS) -> tuple[list[Event], int]:
    """The whole history with about so many of its logged steps, evenly spread, the last one among them.

    All other events are there. Returns the offset for `read_from` too.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            whole = data.rfind(b"\n") + 1
            looked = min(whole, PIECE)
            lines = data[:looked].count(b"\n") * whole / max(1, looked)
            stride = max(1, round(lines / points))
            kept = list(_kept(data, whole, stride))
    except (OSError, ValueError):  # no file, or an empty one
        return [], 0
    return [event for line in kept for event in _read(line)], whole


def read_end(path: Path) -> Iterator[Event]:
    """The events from the last one back, of the logged steps only the last; read as far as asked.

    A torn last line is left out, and so are unreadable ones.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            stepped = False
            for line in _backwards(data):
                if line.startswith(OF_STEP):
                    if stepped:
                        continue
                    stepped = True
                yield from _read(line)
    except (OSError, ValueError):  # no file, or an empty one
        return


def _backwards(data: mmap.mmap) -> Iterator[bytes]:
    """Whole lines, the last one first."""
    end, torn = len(data), True
    while end > 0:
        start = max(0, end - TAIL)
        if start:  # at the beginning of a line
            start = data.find(b"\n", start, end - 1) + 1 or data.rfind(b"\n", 0, start) + 1
        lines = data[start:end].split(b"\n")
        if torn:
            lines.pop()
            torn = False
        yield from (line for line in reversed(lines) if line)
        end = start


def _kept(data: mmap.mmap, whole: int, stride: int) -> Iterator[bytes]:
    """Every `stride`-th step, the last one, and all that is no step, in their order."""
    seen, last, start = 0, b"", 0
    while start < whole:
        end = min(start + PIECE, whole)
        end = data.rfind(b"\n", start, end) + 1 or data.find(b"\n", end, whole) + 1
        for line in data[start:end].splitlines():
            if not line.startswith(OF_STEP):
                if last:  # the step before it says how far the run was
                    yield last
                yield line
                last = b""
            elif seen % stride == 0:
                yield line
                seen, last = seen + 1, b""
            else:
                seen, last = seen + 1, line
        start = end
    if last:
        yield last


def _read(line: bytes) -> list[Event]:
    try:
        return [from_json_line(line.decode("utf-8"))]
    except ValueError:
        return []
