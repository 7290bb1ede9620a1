"""Runs one command of Doscope as a process of its own, the way a user would, and measures it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol

from benchmarks.machine import ROOT

PROGRAM = (sys.executable, str(ROOT / "main.py"))
EXIT_STOPPED = 130
POSIX = os.name == "posix"


@dataclass(frozen=True)
class Outcome:
    """What a command left.

    Attributes:
        code: its exit code.
        result: the JSON object that it printed, empty if it printed none.
        wall_s, cpu_s: seconds; `cpu_s` is None where the system does not tell.
    """

    code: int
    result: dict[str, Any]
    wall_s: float
    cpu_s: float | None

    @property
    def error(self) -> str:
        """Why it failed, in a sentence."""
        return str(self.result.get("error") or f"the command ended with code {self.code}")


class Runner(Protocol):
    """Runs `doscope` with some arguments; tests have their own."""

    stopped: bool

    def run(self, arguments: Sequence[str], log: Path) -> Outcome:
        """Runs it to its end; progress and messages are appended to `log`."""
        ...


class InUse(Exception):
    """Another process works in the folder."""


class CommandLine:
    """The real one. While it is entered, Ctrl-C, SIGTERM and a closed terminal are requests to stop.

    The running command is told once for each signal: at the first it saves and ends, at the second it ends
    at once. It is out of the terminal's process group, or Ctrl-C would reach it twice.

    Attributes:
        stopped: whether someone asked to stop.
    """

    def __init__(self, folder: Path, home: Path, program: Sequence[str] = PROGRAM) -> None:
        self.stopped = False
        self._folder, self._home, self._program = folder, home, tuple(program)
        self._child: subprocess.Popen[str] | None = None
        self._previous: dict[int, Any] = {}
        self._lock = -1

    def __enter__(self) -> CommandLine:
        """Takes the folder.

        Raises:
            InUse: another benchmark, or a command that a killed one left behind, works there.
        """
        self._lock = _take_lock(self._folder / "lock")
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            # What `nohup`, or a shell's `&`, made deaf stays so.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        if self._lock >= 0:
            os.close(self._lock)

    def run(self, arguments: Sequence[str], log: Path) -> Outcome:
        """See `Runner.run`."""
        environment: Mapping[str, str] = {**os.environ, "DOSCOPE_HOME": str(self._home)}
        printed = log.with_suffix(".out")
        began, cpu_before = time.monotonic(), _cpu_of_children()
        with log.open("a", encoding="utf-8") as said, printed.open("w", encoding="utf-8") as out:
            said.write(f"$ doscope {' '.join(arguments)}\n")
            said.flush()
            self._child = subprocess.Popen(
                [*self._program, *arguments],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                text=True,
                start_new_session=POSIX,
                # The command holds the lock too: should this program be killed, the folder stays taken.
                pass_fds=(self._lock,) if POSIX else (),
            )
            if self.stopped:  # asked between two commands, or just before there was one to tell
                self._tell()
            code = self._child.wait()
            self._child = None
        wall_s = time.monotonic() - began
        cpu_s = None if cpu_before is None else (_cpu_of_children() or 0.0) - cpu_before
        result = _last_object(printed.read_text(encoding="utf-8", errors="replace"))
        printed.unlink(missing_ok=True)
        return Outcome(code, result, round(wall_s, 2), None if cpu_s is None else round(cpu_s, 2))

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stopped = True
        self._tell()

    def _tell(self) -> None:
        # On Windows a Ctrl-C reaches every process of the console by itself.
        if POSIX and self._child is not None and self._child.poll() is None:
            self._child.terminate()  # SIGTERM: Doscope takes it like Ctrl-C, and no shell makes it deaf


def _take_lock(path: Path) -> int:
    """A descriptor of the locked file, -1 where the system has no such locks (Windows)."""
    try:
        import fcntl
    except ImportError:
        return -1
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise InUse from error
    return descriptor


def _cpu_of_children() -> float | None:
    """Processor seconds of all commands that have ended so far."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _last_object(text: str) -> dict[str, Any]:
    """The JSON object on the last line that is not empty; an empty one if there is none."""
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        data = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def make_words(command: str, sources: Mapping[str, Path]) -> list[str]:
    """The arguments of a command as it is planned, with the user's files in their places and `--json`."""

    def placed(word: str) -> str:
        named = word.startswith("{") and word.endswith("}")
        return str(sources[word[1:-1]]) if named else word

    return [*(placed(word) for word in command.split()), "--json"]
