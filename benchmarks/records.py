"""The state of the work: one small JSON file for each step that is done, or begun, in the working folder.

    caches/NAME.h5              data sets                     runs/NAME-SEED/  trainings
    results/STEP.json           what a step gave (Record)     results/STEP.begun.json a training under way
    logs/STEP.log               what the command said         home/            DOSCOPE_HOME of the commands

A file that is damaged, or that other commands made, counts as absent: its step is done again.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.plan import Step

FORMAT = "doscope-benchmark"
VERSION = 1


@dataclass(frozen=True)
class Attempt:
    """One stretch of work on a step; a training that was stopped has several.

    Attributes:
        wall_s: seconds between the command's start and its end.
        cpu_s: processor seconds of the command, None where the system does not tell.
        busy_before: cores that others kept busy when it started, None if unknown.
        load_before, load_after: load averages of the last minute.
        cores: how many threads it was allowed.
    """

    wall_s: float
    cpu_s: float | None
    busy_before: float | None
    load_before: float | None
    load_after: float | None
    cores: int


@dataclass(frozen=True)
class Record:
    """What a step gave, or, of a training under way, what it took so far.

    Attributes:
        chain: the commands that led here.
        result: the JSON object that the command printed; empty while it is under way.
        attempts: in the order of time; one that was killed together with this program is not there.
        lost: how many attempts were killed so that nothing is known of them.
        machine: see `benchmarks.machine.describe`.
        code: see `benchmarks.machine.code_state`.
    """

    chain: tuple[str, ...]
    result: dict[str, Any] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    lost: int = 0
    machine: dict[str, Any] = field(default_factory=dict)
    code: str = ""

    @property
    def wall_s(self) -> float:
        """Seconds of all known attempts."""
        return sum(attempt.wall_s for attempt in self.attempts)

    @property
    def cpu_share(self) -> float | None:
        """Processor seconds / (wall seconds · cores it was allowed); None if unknown."""
        offered = sum(attempt.wall_s * attempt.cores for attempt in self.attempts)
        used = [attempt.cpu_s for attempt in self.attempts if attempt.cpu_s is not None]
        if offered <= 0 or len(used) < len(self.attempts):
            return None
        return sum(used) / offered


class Folder:
    """The working folder.

    Args:
        path: where it is.
        results: where the results are, in it by default.
    """

    def __init__(self, path: Path, results: Path | None = None) -> None:
        self.path = path
        self.results, self.logs, self.home = results or path / "results", path / "logs", path / "home"

    def make(self) -> None:
        """Makes the folder and its parts."""
        for part in (self.results, self.logs, self.home, self.path / "caches", self.path / "runs"):
            part.mkdir(parents=True, exist_ok=True)

    def done(self, step: Step) -> Record | None:
        """The step's result, None if it is not there, damaged, or of other commands."""
        record = self._read(self._path(step))
        return record if record and record.chain == step.chain and record.result else None

    def is_damaged(self, step: Step) -> bool:
        """Whether a result is there that cannot be read."""
        return self._path(step).is_file() and self._read(self._path(step)) is None

    def begun(self, step: Step) -> Record | None:
        """The note of a training under way, under the same rule."""
        record = self._read(self._path(step, begun=True))
        return record if record and record.chain == step.chain else None

    def save(self, step: Step, record: Record) -> None:
        """Writes the result and takes the note of its beginning away."""
        _write(self._path(step), record)
        self._path(step, begun=True).unlink(missing_ok=True)

    def save_begun(self, step: Step, record: Record) -> None:
        """Notes that a training is under way."""
        _write(self._path(step, begun=True), record)

    def forget(self, step: Step) -> None:
        """Removes what is known of a step."""
        self._path(step).unlink(missing_ok=True)
        self._path(step, begun=True).unlink(missing_ok=True)

    def seeds(self, experiment: str) -> list[int]:
        """The seeds of an experiment that have some result, valid or not."""
        found = (path.name.split(".")[0] for path in self.results.glob(f"{experiment}-*.evaluate.json"))
        return sorted(int(seed) for name in found if (seed := name.rpartition("-")[2]).isdigit())

    def log(self, step: Step) -> Path:
        """Where the command's words go."""
        return self.logs / f"{step.name}.log"

    def _path(self, step: Step, begun: bool = False) -> Path:
        return self.results / f"{step.name}{'.begun' if begun else ''}.json"

    def _read(self, path: Path) -> Record | None:
        try:
            return _from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None


def _from_json(data: dict[str, Any]) -> Record:
    if data["format"] != FORMAT or data["version"] != VERSION:
        raise ValueError("another format")
    if not isinstance(data["result"], dict) or not isinstance(data["machine"], dict):
        raise TypeError("not an object")
    return Record(
        chain=tuple(str(command) for command in data["chain"]),
        result=data["result"],
        attempts=tuple(Attempt(**attempt) for attempt in data["attempts"]),
        lost=int(data["lost"]),
        machine=data["machine"],
        code=str(data["code"]),
    )


def _write(path: Path, record: Record) -> None:
    data = {"format": FORMAT, "version": VERSION, **asdict(record)}
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a whole file or nothing: a scratch file beside it takes its place."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with scratch.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
