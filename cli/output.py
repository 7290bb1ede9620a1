"""What the command line says: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

SPARSE_INTERVAL_S = 10.0
SPARSE_FIRST_S = 2.0
REDRAW_INTERVAL_S = 0.1
WIDTH = 110


@dataclass(frozen=True)
class Result:
    """What a command hands back.

    Attributes:
        data: the JSON object of `--json`.
        text: the same for people.
        exit_code: 0, or 130 for work that was stopped and saved.
        silent: another process of the same work says it.
    """

    data: Mapping[str, object]
    text: str
    exit_code: int = 0
    silent: bool = False


def say(sentence: str) -> None:
    """One line on standard error."""
    print(sentence, file=sys.stderr, flush=True)


def print_result(result: Result, as_json: bool) -> None:
    """The one place that writes to standard output."""
    if result.silent:
        return
    if as_json:
        print(json.dumps(finite(result.data), ensure_ascii=False, allow_nan=False), flush=True)
    elif result.text:
        print(result.text, flush=True)


def finite(value: object) -> object:
    """The same, with null for numbers that JSON does not have (infinite, or not a number)."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def duration(seconds: float) -> str:
    """Seconds as a person says them: "48 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class ProgressLine:
    """Progress on standard error: rewritten in place on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._in_place = sys.stderr.isatty()
        self._drawn = False
        self._stage = ""
        # Shorter work needs no lines in a log; on a terminal the first state is shown at once.
        self._next = time.monotonic() + (0.0 if self._in_place else SPARSE_FIRST_S)

    def show(self, stage: str, done: float, total: float, rate: str, remaining_s: float) -> None:
        """Shows how far a stage is.

        Args:
            stage: its name; on a terminal a new one is shown at once.
            done: in the unit of `total`.
            total: the whole; 0 when it is not known.
            rate: such as "1,200 images/s"; may be empty.
            remaining_s: time left in seconds, or a negative number when it is not known.
        """
        now = time.monotonic()
        if now < self._next and not (self._in_place and stage != self._stage):
            return
        self._stage = stage
        self._next = now + (REDRAW_INTERVAL_S if self._in_place else SPARSE_INTERVAL_S)
        parts = [f"{stage} {100 * done / total:.0f} %" if total else stage, rate]
        if remaining_s >= 0:
            parts.append(f"{duration(remaining_s)} left")
        self._draw(" · ".join(part for part in parts if part))

    def note(self, sentence: str) -> None:
        """A line that stays."""
        self._clear()
        say(sentence)

    def end(self) -> None:
        """Leaves the terminal's line clean."""
        self._clear()

    def _draw(self, line: str) -> None:
        if not self._in_place:
            say(line)
            return
        print(f"\r\x1b[K{line[:WIDTH]}", end="", file=sys.stderr, flush=True)
        self._drawn = True

    def _clear(self) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = False
