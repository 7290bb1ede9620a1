"""One training at a time in a run directory: a lock with the name of its owner.

    training.lock     JSON: who trains here; written anew every 20 s while it does
    .training.guard   locked by the system as long as the owner lives

The system lets go of the guard when its process ends, however that happens, so that on one machine a lock
that was left behind is known at once. On a shared disk the guard of another machine may not be seen: there a
lock counts until it has not been refreshed for STALE_S.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import socket
import sys
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType

from filelock import BaseFileLock, FileLock, Timeout

from engine.errors import RunError, RunTaken
from engine.whole_files import whole

REFRESH_S = 20.0
STALE_S = 300.0
LOCK, GUARD = "training.lock", ".training.guard"


@dataclass(frozen=True)
class Owner:
    """Who trains a run.

    Attributes:
        host: the machine's name.
        machine: what tells it from others of that name, and from itself before it was last started.
        pid: the process.
        process_begun, begun: when the process and the training began, seconds since 1970 (0: not known).
        program: how it was started.
        token: of this training alone.
    """

    host: str
    machine: str
    pid: int
    process_begun: float
    program: str
    begun: float
    token: str

    @property
    def words(self) -> str:
        """As a person says it."""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.begun))
        return f"process {self.pid} on {self.host} ({self.program}), since {when}"


class RunLock:
    """The right to train in a run directory; a context manager that gives it back.

    Attributes:
        path: the run directory.
        taken_over: the owner that had left the lock behind, or None.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.taken_over: Owner | None = None
        self._guard = _guard(path)
        self._owner = _this_process()
        self._end = threading.Event()
        self._lost: Owner | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> RunLock:
        """Take it.

        Raises:
            RunTaken: another training has it.
            RunError: the directory cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._take()
        except OSError as error:
            raise RunError(
                f"{self.path / LOCK} could not be written ({error.strerror or error});"
                " choose another run directory"
            ) from error
        # by itself, because a training that is paused takes no steps
        self._thread = threading.Thread(target=self._refresh, name="run_lock", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        with contextlib.suppress(OSError):
            if _read(self.path) == self._owner:
                (self.path / LOCK).unlink()
        self._guard.release()

    def check(self) -> None:
        """Whether the lock is still this training's.

        Raises:
            RunTaken: another machine took it over, because this one stood still for too long.
        """
        if self._lost is not None:
            raise RunTaken(
                f"{self.path} was taken over by {self._lost.words}, while this machine stood still;"
                " this training ends and leaves the run to it"
            )

    def _take(self) -> None:
        try:
            self._guard.acquire(timeout=0.5)  # others look at it for a moment
        except Timeout:
            raise RunTaken(_taken(self.path, _read(self.path))) from None
        except NotImplementedError:  # a file system without locks: the refreshing has to do
            pass
        try:
            self._take_file()
        except BaseException:
            self._guard.release()
            raise

    def _take_file(self) -> None:
        before = _read(self.path)
        if before is not None:
            if self._counts(before):
                raise RunTaken(_taken(self.path, before))
            self.taken_over = before
        with whole(self.path / LOCK) as part:
            part.write_text(json.dumps(asdict(self._owner), indent=1), encoding="utf-8")

    def _counts(self, owner: Owner) -> bool:
        """Whether a lock that is there belongs to a training that lives, as far as can be known."""
        if owner.machine == self._owner.machine and self._guard.is_locked:
            return False  # the guard was free, so its process is gone
        return _age_s(self.path) < STALE_S

    def _refresh(self) -> None:
        while not self._end.wait(REFRESH_S):
            with contextlib.suppress(OSError):
                now = _read(self.path)
                if now is not None and now != self._owner:
                    self._lost = now
                    return
                os.utime(self.path / LOCK)


class Unlocked:
    """In the place of a lock where another process of the same training has it."""

    taken_over: Owner | None = None

    def __enter__(self) -> Unlocked:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def check(self) -> None:
        """The process that has the lock looks after it."""


def owner_of(path: Path) -> Owner | None:
    """Who trains the run now, as far as can be known; None: nobody. Changes nothing."""
    owner = _read(path)
    if owner is None:
        return None
    if owner.machine == _this_process().machine:
        return owner if _guard_is_held(path) else None
    return owner if _age_s(path) < STALE_S else None


def refuse_in_use(path: Path, doing: str) -> None:
    """Leave a run alone that is being trained.

    Args:
        path: the run's directory.
        doing: what is not done then ("deleted").

    Raises:
        RunTaken: the run is in training.
    """
    owner = owner_of(path)
    if owner is not None:
        raise RunTaken(
            f"{path} is being trained by {owner.words}, so it was not {doing}; stop that training first"
        )


def _taken(path: Path, owner: Owner | None) -> str:
    who = "another process" if owner is None else owner.words
    return (
        f"{path} is being trained by {who}; watch it in Train, stop it there or with"
        f" `doscope steer --run {path} --stop`, or choose another run"
    )


def _guard(path: Path) -> BaseFileLock:
    return FileLock(str(path / GUARD), thread_local=False)


def _guard_is_held(path: Path) -> bool:
    guard = _guard(path)
    try:
        guard.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return _age_s(path) < STALE_S
    guard.release()
    return False


def _read(path: Path) -> Owner | None:
    """What the lock says; None without one, or where it is no lock."""
    try:
        return Owner(**json.loads((path / LOCK).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _age_s(path: Path) -> float:
    """Seconds since the lock was refreshed, by the clock of the disk it lies on."""
    try:
        refreshed = (path / LOCK).stat().st_mtime
    except OSError:
        return float("inf")
    probe = path / f".clock.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink()
    except OSError:
        now = time.time()
    return now - refreshed


def _this_process() -> Owner:
    program = " ".join([Path(sys.argv[0] or sys.executable).name, *sys.argv[1:3]])
    return Owner(
        host=socket.gethostname(),
        machine=_machine(),
        pid=os.getpid(),
        process_begun=_process_begun(),
        program=program,
        begun=round(time.time(), 3),
        token=secrets.token_hex(8),
    )


@cache
def _machine() -> str:
    """The same for all processes between two starts of a machine, where the system tells."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"{platform.node()}-{uuid.getnode():x}"


def _process_begun() -> float:
    try:
        ticks = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
        booted = int(next(line for line in lines if line.startswith("btime")).split()[1])
        return booted + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return 0.0
