"""Ctrl-C as a request: work stops at its next step, saves, and only then ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Iterator
from types import FrameType, TracebackType
from typing import Any, TypeVar, cast

from cli.output import say

Item = TypeVar("Item")
EXIT_INTERRUPTED = 130


class Interrupted(Exception):
    """Work was stopped by the user and closed properly."""


class StopRequest:
    """While it is entered, the first Ctrl-C (or SIGTERM) only sets `asked`; the second stops at once.

    Attributes:
        asked: whether the user wants to stop.
    """

    def __init__(self) -> None:
        self.asked = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        # Python lets only the main thread change what a signal does.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        say("\nStopping and saving; press Ctrl-C again to stop at once.")


def step_through(
    steps: Iterator[Item], each: Callable[[Item], None], ask: Callable[[], None] | None = None
) -> None:
    """Runs a generator to its end, `each` taking what it yields.

    Args:
        steps: the generator.
        each: what is done with each item.
        ask: asks work that cannot be closed where it stands to end soon by itself.

    Raises:
        Interrupted: the user asked to stop; the generator was closed, so what it saves is saved.
    """
    generator = cast(Generator[Item, None, None], steps)
    with StopRequest() as request:
        told = False
        try:
            for item in generator:
                each(item)
                if request.asked and ask is None:
                    generator.close()
                    raise Interrupted
                if request.asked and ask is not None and not told:
                    ask()
                    told = True
        finally:
            generator.close()
        if told:
            raise Interrupted
