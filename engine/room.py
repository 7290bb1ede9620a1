"""Patience with a full disk: the training stands still until there is room, and goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TypeVar

from engine.errors import DiskFull
from engine.events import CheckpointSaved, Event, Noted, Progressed
from engine.steering import STOP
from engine.training_state import TrainingState

Made = TypeVar("Made")
LOOK_S, TRY_EVERY_S = 0.05, 2.0


def when_there_is_room(work: Callable[[], Made], state: TrainingState) -> Generator[Event, None, Made]:
    """What `work` returns, as soon as the disk has room for it.

    It is said once that it waits, and once that it goes on. Waiting takes none of the training's time. The
    order to stop ends it.

    Raises:
        DiskFull: a stop was ordered while there was no room.
    """
    begun, orders = 0.0, []
    while True:
        try:
            made = work()
            break
        except DiskFull as error:
            if not begun:
                begun = time.perf_counter()
                yield Noted(
                    state.step, state.elapsed_s, f"{_first(error)}; training waits until there is room"
                )
            orders += state.steering.take()
            if any(order.kind == STOP for order in orders):
                raise
            yield from stand_still("waiting for room on the disk", TRY_EVERY_S)
    for order in orders:
        state.steering.ask(order)
    if begun:
        state.waited_s += time.perf_counter() - begun
        yield Noted(state.step, state.elapsed_s, "there is room on the disk again; training goes on")
    return made


def saved(state: TrainingState) -> Generator[Event, None, None]:
    """The last checkpoint, written as soon as there is room for it."""
    event: CheckpointSaved = yield from when_there_is_room(state.save_last, state)
    yield event


def stand_still(stage: str, seconds: float) -> Generator[Event, None, None]:
    """Nothing for so long; whoever steps the training hears of it, and may end it, all the time."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        time.sleep(min(LOOK_S, seconds))
        yield Progressed(stage, 0, 0)


def _first(error: DiskFull) -> str:
    """The first part of the sentence; what to do is another thing here."""
    return str(error).partition(";")[0]
