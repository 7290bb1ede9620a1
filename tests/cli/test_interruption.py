"""Ctrl-C as a request."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from cli.interruption import Interrupted, step_through


class Work:
    """A generator that remembers how it ended."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.saved = False

    def steps(self) -> Iterator[int]:
        try:
            yield from range(5)
        finally:
            self.saved = True


def test_runs_to_the_end() -> None:
    """Without Ctrl-C every step is seen, and the old handler is back afterwards."""
    work, handler = Work(), signal.getsignal(signal.SIGINT)
    step_through(work.steps(), work.seen.append)
    assert work.seen == [0, 1, 2, 3, 4]
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_finishes_the_step_and_closes(capsys: pytest.CaptureFixture[str]) -> None:
    """The step under way is finished, the generator is closed so that it saves, and the user is told."""
    work = Work()

    def each(step: int) -> None:
        if step == 2:
            signal.raise_signal(signal.SIGINT)
        work.seen.append(step)

    with pytest.raises(Interrupted):
        step_through(work.steps(), each)
    assert work.seen == [0, 1, 2]
    assert work.saved
    assert "again" in capsys.readouterr().err


def test_second_ctrl_c_stops_at_once() -> None:
    """Pressed twice within one step, it does not wait for the step."""
    work = Work()

    def each(_: int) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second Ctrl-C did not stop")

    with pytest.raises(KeyboardInterrupt):
        step_through(work.steps(), each)
    assert work.saved


def test_terminate_saves_too() -> None:
    """A polite end from outside (SIGTERM) is the same request."""
    work = Work()
    with pytest.raises(Interrupted):
        step_through(work.steps(), lambda _: signal.raise_signal(signal.SIGTERM))
    assert work.saved


def test_error_closes_the_generator() -> None:
    """An error in showing the progress still lets the work save."""
    work = Work()

    def each(_: int) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        step_through(work.steps(), each)
    assert work.saved


def test_other_threads_may_step() -> None:
    """Only the main thread may change signals; elsewhere the work simply runs."""
    work = Work()
    thread = threading.Thread(target=step_through, args=(work.steps(), work.seen.append))
    thread.start()
    thread.join(10)
    assert work.seen == [0, 1, 2, 3, 4]
