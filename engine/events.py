"""What a training run says while it runs: one dataclass a kind, each to and from one JSON line.

`metrics.jsonl` in the run directory is these lines, so a window can attach to any run by reading it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, get_args


@dataclass(frozen=True)
class RunStarted:
    """First event. `resumed_step` is 0 for a new run."""

    run: str
    dataset: str
    preset: str
    device: str
    threads: int
    resumed_step: int
    budget_s: float


@dataclass(frozen=True)
class PhaseStarted:
    """`phase` is "autoencoder" or "transition"."""

    phase: str
    step: int
    elapsed_s: float


@dataclass(frozen=True)
class StepLogged:
    """Means since the last one. `values` holds the phase's losses and rates by name.

    Attributes:
        step: optimizer steps since the run began, both phases counted.
        elapsed_s: training time since the run began, pauses and stops left out, seconds.
        progress: share of the run's budget that is spent, 0..1.
        remaining_s: estimate of the time left for the whole run, seconds.
        items_per_s: images (autoencoder) or transitions (transition) a second.
        phase_remaining_s: estimate of the time left for the phase, seconds; below 0 in older logs.
    """

    phase: str
    step: int
    elapsed_s: float
    progress: float
    remaining_s: float
    items_per_s: float
    values: dict[str, float] = field(default_factory=dict)
    phase_remaining_s: float = -1.0


@dataclass(frozen=True)
class Validated:
    """Figures on the validation split, by name (psnr; directed_accuracy, factor_accuracy, ...)."""

    phase: str
    step: int
    elapsed_s: float
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Progressed:
    """Part of a longer piece of work between steps is done ("encoding the images"); not kept in the log."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class SampleSaved:
    """A picture of fixed validation images was written; `path` is relative to the run directory."""

    phase: str
    step: int
    elapsed_s: float
    path: str


@dataclass(frozen=True)
class CheckpointSaved:
    """`kind` is "last" or "best"; `took_s` is how long the writing took (0 in older logs)."""

    step: int
    elapsed_s: float
    kind: str
    took_s: float = 0.0


@dataclass(frozen=True)
class Steered:
    """An order was heeded (engine/steering.py): its kind, and of "rate" the factor."""

    phase: str
    step: int
    elapsed_s: float
    order: str
    value: float


@dataclass(frozen=True)
class Noted:
    """Something that a person should know, as a sentence: the disk is full, a lock was taken over."""

    step: int
    elapsed_s: float
    text: str


@dataclass(frozen=True)
class RunFinished:
    """Last event. `reason` is "done", "stopped" or "diverged"."""

    step: int
    elapsed_s: float
    reason: str
    figures: dict[str, float] = field(default_factory=dict)


Event = (
    RunStarted
    | PhaseStarted
    | StepLogged
    | Validated
    | Progressed
    | SampleSaved
    | CheckpointSaved
    | Steered
    | Noted
    | RunFinished
)
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}


def to_json_line(event: Event) -> str:
    """One line without a line break. Inverse of `from_json_line`."""
    return json.dumps({"event": type(event).__name__, **asdict(event)}, separators=(",", ":"))


def from_json_line(line: str) -> Event:
    """Inverse of `to_json_line`.

    Raises:
        ValueError: the line is not an event of this version (a torn last line, for instance).
    """
    data = json.loads(line)
    if not isinstance(data, dict) or data.get("event") not in _KINDS:
        raise ValueError("not an event")
    kind = _KINDS[data.pop("event")]
    try:
        event: Event = kind(**data)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return event
