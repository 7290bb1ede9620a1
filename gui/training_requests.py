"""What Train asks of the engine thread; `gui.requests` has them beside all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from engine.steering import Order
from gui.request import Request


@dataclass(frozen=True, eq=False)
class StartTraining(Request):
    """Train into the run directory `path`. Answers every training event, then TrainingEnded.

    Attributes:
        overrides: settings by dotted name over the preset ("training.batch_size": 64).
        minutes: budget; None takes the settings' steps.
        epochs: passes over the training images and pairs, in place of the settings' steps.
        resume: go on from the last checkpoint in `path`; preset and overrides are then the run's own.
    """

    dataset: str
    preset: str
    path: str
    overrides: dict[str, object] = field(default_factory=dict)
    minutes: float | None = None
    epochs: float | None = None
    seed: int = 0
    resume: bool = False
    device: str = "auto"
    text: ClassVar[str] = "Training"
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class EstimateTraining(Request):
    """What such a training would take, found by some steps of it. Answers Estimate at the end."""

    dataset: str
    preset: str
    overrides: dict[str, object] = field(default_factory=dict)
    minutes: float | None = None
    epochs: float | None = None
    device: str = "auto"
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class ReadPlan(Request):
    """What a run was trained with, to begin another one like it. Answers Plan."""

    path: str


@dataclass(frozen=True, eq=False)
class SteerTraining(Request):
    """An order to the training of the run `path`, here or elsewhere. Answers OrderGiven.

    Put the order's kind into `view`, so that no order is overtaken by another one.
    """

    path: str
    order: Order


@dataclass(frozen=True, eq=False)
class StopTraining(Request):
    """End the training; it saves a checkpoint first. The training answers TrainingEnded."""

    text: ClassVar[str] = "Saving the run"


@dataclass(frozen=True, eq=False)
class ReadPresets(Request):
    """The presets' names and settings. Answers Presets."""


@dataclass(frozen=True, eq=False)
class ReadRunLog(Request):
    """Events that a run directory gained since `offset` (bytes). Answers RunLog."""

    path: str
    offset: int = 0
