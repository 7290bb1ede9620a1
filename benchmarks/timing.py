"""Times pieces of work side by side, so that a ratio of two of them holds on any machine."""

from __future__ import annotations

import gc
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

Work = Callable[[], object]


class Timing(NamedTuple):
    """Seconds of one piece of work; median, smallest and largest of its repetitions."""

    median_s: float
    least_s: float
    most_s: float
    repetitions: int

    def per(self, count: int) -> Timing:
        """The same for one of `count` things done at once."""
        return Timing(self.median_s / count, self.least_s / count, self.most_s / count, self.repetitions)


def side_by_side(pieces: Mapping[str, Work], repetitions: int, warm_up: int = 1) -> dict[str, Timing]:
    """Times the pieces in turns, so that what else the machine does meets all of them alike.

    Args:
        pieces: what to time, by name.
        repetitions: timed calls of each.
        warm_up: calls of each before, not counted.
    """
    taken: dict[str, list[float]] = {name: [] for name in pieces}
    for turn in range(warm_up + repetitions):
        for name, work in pieces.items():
            begun = time.perf_counter()
            work()
            if turn >= warm_up:
                taken[name].append(time.perf_counter() - begun)
    return {name: Timing(statistics.median(s), min(s), max(s), len(s)) for name, s in taken.items()}


def until(work: Work, seconds: float, least: int = 3, most: int = 200) -> Timing:
    """Times one piece again and again for about `seconds`, after one call that is not counted."""
    work()
    taken: list[float] = []
    begun = time.perf_counter()
    while len(taken) < least or (len(taken) < most and time.perf_counter() - begun < seconds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return Timing(statistics.median(taken), min(taken), max(taken), len(taken))


def peak_memory_mb(make: Callable[..., Work], *arguments: object) -> float | None:
    """How much memory a piece of work takes at its peak, above what was held before it; MB.

    It runs in a fresh process of its own, because a peak cannot be reset.

    Args:
        make: a function of a module (so that another process can import it) that prepares the work.
        arguments: of `make`.

    Returns:
        None where the system does not tell (Windows), or when the process was killed, mostly for memory.
    """
    if sys.platform == "win32":
        return None
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_peak, args=(there, make, arguments))
    process.start()
    there.close()
    try:
        found: float | None = here.recv()
    except EOFError:
        found = None
    process.join()
    return found


def _peak(connection: object, make: Callable[..., Work], arguments: tuple[object, ...]) -> None:
    work = make(*arguments)
    gc.collect()
    before = resident_mb() or _peak_now_mb()  # a peak of the preparation would hide as much of the work's
    work()
    connection.send(max(0.0, _peak_now_mb() - before))  # type: ignore[attr-defined]


def resident_mb(peak: bool = False) -> float | None:
    """Memory of this process now, or at its peak so far, MB; None where the system is silent."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        line = next(line for line in status if line.startswith("VmHWM" if peak else "VmRSS"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration):
        return None


def _peak_now_mb() -> float:
    """The largest resident size of this process so far."""
    found = resident_mb(peak=True)
    if found is not None:  # on Linux the figure below would start from the parent's peak
        return found
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
