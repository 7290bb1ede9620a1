"""What Retrieve asks of the engine thread; `gui.requests` has them beside all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from engine.results import Codes, Image, JudgedPairs
from gui.request import Request

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True, eq=False)
class PickPair(Request):
    """A transition of a split. Answers PickedPair.

    The one at `position` (wraps around) as it is stored, or else one drawn with `seed`, of `factor` only
    where that is given.
    """

    dataset: str
    split: Split = "test"
    seed: int = 0
    factor: int | None = None
    position: int | None = None


@dataclass(frozen=True, eq=False)
class FindMistake(Request):
    """The next pair from position `start` on whose action the model gets wrong. Answers PickedPair, or
    NoMistake."""

    run: str
    dataset: str
    start: int = 0
    split: Split = "test"
    text: ClassVar[str] = "Looking for a mistake"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class RetrieveAction(Request):
    """Which action turned `before` into `after`. Answers Retrieval."""

    run: str
    before: Image
    after: Image
    text: ClassVar[str] = "Retrieving the action"


@dataclass(frozen=True, eq=False)
class ExplainActions(Request):
    """What each of some actions would have made of an image. Answers Explanation, one an action."""

    run: str
    codes: Codes
    actions: tuple[int, ...]
    text: ClassVar[str] = "Explaining the answer"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class FindPath(Request):
    """The shortest sequence of actions from codes to codes, [N]. Answers ActionPath, each a better one."""

    run: str
    before: Codes
    after: Codes
    beam: int
    most_steps: int
    text: ClassVar[str] = "Looking for a sequence of actions"
    cancellable: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class Calibrate(Request):
    """Learn what the run's scores are worth, unless it is known. Answers Calibrated."""

    run: str
    dataset: str
    text: ClassVar[str] = "Calibrating the probabilities"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class JudgeRun(Request):
    """Retrieve the action of every pair of a split. Answers JudgedPairs, part by part.

    A run that is not calibrated is so first.
    """

    run: str
    dataset: str
    split: Split = "test"
    text: ClassVar[str] = "Judging the model"
    cancellable: ClassVar[bool] = True
    background: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class WriteAnswers(Request):
    """Write judged pairs as a table (CSV). Answers Written."""

    path: str
    judged: JudgedPairs
    action_names: tuple[str, ...]
    text: ClassVar[str] = "Writing the answers"
    durable: ClassVar[bool] = True
