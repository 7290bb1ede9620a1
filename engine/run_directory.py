"""A run directory: where a training leaves everything, and what others read to watch it.

    config.json                 format, version, configuration, data set, factors, image shape
    metrics.jsonl               one event a line (engine/events.py)
    events.out.tfevents.*       the same figures for TensorBoard
    checkpoints/last.safetensors    weights, optimizer, random states: to resume
    checkpoints/best.safetensors    weights with the best validation figure: to explore
    samples/*.png               fixed validation images through time
    samples/*.npz               with each: `codes`, uses of each code [Q, K], or `graph`, base edges [N, N]
    orders/*.json               orders to the training (engine/steering.py), removed when heeded

This file knows no torch, so that listing runs is quick.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets.factors import FactorSpace
from datasets.home import runs_dir
from engine.config import Config
from engine.errors import RunError
from engine.events import (
    Event,
    PhaseStarted,
    RunFinished,
    SampleSaved,
    StepLogged,
    Validated,
)
from engine.run_lock import owner_of
from engine.run_log import POINTS, read_end, read_from, read_thinned
from engine.run_notes import read_notes

FORMAT = "doscope-run"
FORMAT_VERSION = 1
BUNDLED = Path(__file__).resolve().parent.parent / "resources" / "bundled"


@dataclass(frozen=True)
class RunDescription:
    """The contents of config.json; `data` is what the data set is known again by (engine/same_data.py)."""

    config: Config
    dataset: str
    cache: str
    space: FactorSpace
    image_shape: tuple[int, int, int]
    recipe: dict[str, Any]
    budget: dict[str, float] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Inverse of `from_json`."""
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "dataset": self.dataset,
            "cache": self.cache,
            "image_shape": list(self.image_shape),
            "recipe": self.recipe,
            "budget": self.budget,
            "data": self.data,
            "config": self.config.to_json(),
            "factors": self.space.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RunDescription:
        """Inverse of `to_json`."""
        height, width, channels = data["image_shape"]
        return cls(
            Config.from_json(data["config"]),
            str(data["dataset"]),
            str(data["cache"]),
            FactorSpace.from_json(data["factors"]),
            (int(height), int(width), int(channels)),
            dict(data["recipe"]),
            dict(data.get("budget", {})),
            dict(data.get("data", {})),
        )


@dataclass(frozen=True)
class RunStatus:
    """What can be said of a run without loading it.

    Attributes:
        finished: "done", "stopped", "diverged", or None while it runs (or was killed).
        figures: the latest validation or test figures.
        resumable: the run is not done, so that it can go on.
        problem: why it cannot be used, or empty.
        tags, note: what people wrote down about it (engine/run_notes.py).
        begun: when it was begun, seconds since 1970; 0 where unknown.
        owner: who trains it now, in words; empty: nobody, as far as can be known (engine/run_lock.py).
    """

    name: str
    path: Path
    dataset: str = ""
    preset: str = ""
    phase: str = ""
    step: int = 0
    elapsed_s: float = 0.0
    finished: str | None = None
    figures: dict[str, float] = field(default_factory=dict)
    resumable: bool = False
    explorable: bool = False
    problem: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    begun: float = 0.0
    owner: str = ""

    @property
    def state(self) -> str:
        """How it ended, "in training", or "interrupted": killed, or left by a machine that stopped."""
        return self.finished or ("in training" if self.owner else "interrupted")


class RunDirectory:
    """Paths and readings of one run."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.config_path = self.path / "config.json"
        self.metrics_path = self.path / "metrics.jsonl"
        self.last = self.path / "checkpoints" / "last.safetensors"
        self.best = self.path / "checkpoints" / "best.safetensors"
        self.samples = self.path / "samples"

    def description(self) -> RunDescription:
        """The contents of config.json.

        Raises:
            RunError: missing, damaged or of another version.
        """
        if not self.config_path.is_file():
            raise RunError(f"{self.path} is not a run directory (it has no config.json); choose another")
        try:
            data = json.loads(self.config_path.read_text(encoding="utf-8"))
            if data.get("format") != FORMAT:
                raise RunError(
                    f"{self.config_path} does not belong to a Doscope run; choose another directory"
                )
            if data.get("version") != FORMAT_VERSION:
                raise RunError(
                    f"{self.path} has run version {data.get('version')}, this Doscope reads {FORMAT_VERSION};"
                    " train the run again or use the Doscope that made it"
                )
            return RunDescription.from_json(data)
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            raise RunError(
                f"{self.config_path} is damaged ({error}); restore it or train the run again"
            ) from error

    def refuse_existing(self) -> None:
        """Leave a run that is there already alone.

        Raises:
            RunError: the directory holds one.
        """
        if self.config_path.exists():
            raise RunError(f"{self.path} holds a run already; resume it or choose another directory")

    def refuse_remains(self) -> None:
        """Leave what is left of a run alone: its log would become another run's.

        Raises:
            RunError: there is a log or a checkpoint, and no config.json.
        """
        if any(left.exists() for left in (self.metrics_path, self.last, self.best)):
            raise RunError(
                f"{self.path} holds what is left of a run without its config.json; choose another directory,"
                " or delete that one"
            )

    def make_folders(self) -> None:
        """Those of checkpoints and samples, where they are missing.

        Raises:
            RunError: they cannot be made.
        """
        try:
            for folder in (self.last.parent, self.samples):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.path} could not be made ({error}); choose another directory") from error

    def create(self, description: RunDescription) -> None:
        """Makes the directory and writes config.json.

        Raises:
            RunError: the directory holds a run already, or cannot be made.
        """
        self.refuse_existing()
        self.make_folders()
        try:
            temporary = self.config_path.with_suffix(".part")
            temporary.write_text(json.dumps(description.to_json(), indent=1), encoding="utf-8")
            temporary.replace(self.config_path)
        except OSError as error:
            raise RunError(f"{self.path} could not be made ({error}); choose another directory") from error

    def weights(self) -> Path:
        """The checkpoint to explore: the best one, else the last.

        Raises:
            RunError: there is none yet.
        """
        for path in (self.best, self.last):
            if path.is_file():
                return path
        raise RunError(f"{self.path} has no checkpoint yet; let it train until the first one is saved")

    def events(self, offset: int = 0) -> tuple[list[Event], int]:
        """The events after byte `offset`, and the offset to ask from next time.

        A torn last line is left for the next call; other unreadable lines are skipped.
        """
        return read_from(self.metrics_path, offset)

    def history(self, points: int = POINTS) -> tuple[list[Event], int]:
        """All that happened, with about so many of the logged steps, and the offset for `events`."""
        return read_thinned(self.metrics_path, points)

    def status(self) -> RunStatus:
        """What can be said of the run; never raises, see `RunStatus.problem`."""
        name = "bundled" if self.path == BUNDLED else self.path.name
        try:
            description = self.description()
        except RunError as error:
            return RunStatus(name, self.path, problem=str(error))
        phase, step, elapsed, finished, figures = self._reached()
        provenance = self._provenance()
        if provenance:  # a run that came with the program has no log, but it was trained to its end
            finished, step = "done", int(provenance.get("steps", 0))
            elapsed = float(provenance.get("training_s", 0))
            figures |= {str(name): float(value) for name, value in provenance.get("figures", {}).items()}
        explorable = self.best.is_file() or self.last.is_file()
        notes = read_notes(self.path)
        owner = None if finished else owner_of(self.path)
        return RunStatus(
            name=name,
            path=self.path,
            dataset=description.dataset,
            preset=description.config.preset,
            phase=phase,
            step=step,
            elapsed_s=elapsed,
            finished=finished,
            figures=figures,
            resumable=finished != "done" and self.path != BUNDLED,
            explorable=explorable,
            tags=notes.tags,
            note=notes.note,
            begun=self.config_path.stat().st_mtime,
            owner="" if owner is None else owner.words,
        )

    def _reached(self) -> tuple[str, int, float, str | None, dict[str, float]]:
        """Phase, step, training time, how it ended (or None), the latest figures: read from the log's end.

        Every event of figures has all that are known, so that little has to be read.
        """
        phase, step, elapsed, finished, figures = "", 0, 0.0, None, dict[str, float]()
        stepped = False
        for number, event in enumerate(read_end(self.metrics_path)):
            if isinstance(event, RunFinished):
                finished = event.reason if number == 0 else finished
                figures = figures or dict(event.figures)
            elif isinstance(event, Validated):
                figures = figures or dict(event.figures)
            if not stepped and isinstance(event, StepLogged | RunFinished):
                step, elapsed, stepped = event.step, event.elapsed_s, True
            if isinstance(event, StepLogged | PhaseStarted | Validated):
                phase = phase or event.phase
            if phase and stepped and figures:
                break
        return phase, step, elapsed, finished, figures

    def samples_saved(self) -> list[tuple[SampleSaved, Path]]:
        """Every sample picture that was saved and is still there, oldest first."""
        saved = [event for event in self.history(points=1)[0] if isinstance(event, SampleSaved)]
        return [(event, self.path / event.path) for event in saved if (self.path / event.path).is_file()]

    def _provenance(self) -> dict[str, Any]:
        """What provenance.json says of a run that came with the program, else nothing."""
        try:
            data = json.loads((self.path / "provenance.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}


def resolve_run(run: str | Path) -> Path:
    """The directory that "bundled", a path, or the name of a run in the home folder means.

    Raises:
        RunError: there is no such run.
    """
    if str(run) == "bundled":
        return BUNDLED
    for candidate in (Path(run), runs_dir() / Path(run)):
        if (candidate / "config.json").is_file():
            return candidate
    if Path(run).is_dir():
        raise RunError(f"{run} is not a run directory (it has no config.json); choose another")
    raise RunError(f"there is no run '{run}'; give a run directory, the name of a run, or 'bundled'")


def matches(status: RunStatus, text: str) -> bool:
    """Whether every word of a search stands in the run's name, data set, preset, tags or note."""
    where = " ".join((status.name, status.dataset, status.preset, *status.tags, status.note)).casefold()
    return all(word in where for word in text.casefold().split())


def list_runs(folder: Path | None = None) -> list[RunStatus]:
    """The bundled run, if there, then the runs in `folder` (the home folder's by default), newest first."""
    folder = runs_dir() if folder is None else folder
    found = [BUNDLED] if (BUNDLED / "config.json").is_file() else []
    if folder.is_dir():
        inside = [p for p in folder.iterdir() if (p / "config.json").is_file()]
        found += sorted(inside, key=lambda p: (p / "config.json").stat().st_mtime, reverse=True)
    return [RunDirectory(path).status() for path in found]
