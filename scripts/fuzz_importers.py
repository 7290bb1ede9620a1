"""Feeds damaged files to all importers: `python scripts/fuzz_importers.py [--files 20000] [--seed 0]`.

Small sound files of each format (scripts/fuzz_files.py) are damaged at random places and built, looked at,
unpacked, verified. Each has to end well or in a sentence (DatasetError), within five seconds, with nothing
left beside it, and without asking for a gigabyte of memory. A report is printed; the exit code is 1 if any
file did worse. Not part of the tests, which do the same to a few.

With `--atheris`, where that package is installed (`pip install atheris`), damage that reaches new code is
tried further: libFuzzer chooses what the dice show. It ends at the first file that does worse.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import pkgutil
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

LIMIT_S = 5.0
HANGS_S = 20  # then it is interrupted
MEMORY = 1 << 30  # bytes beside what the sound files take
GOOD = ("done", "refused")
T = TypeVar("T")


class Dice(Protocol):
    """What decides over the damage: `random.Random`, or libFuzzer."""

    def random(self) -> float: ...

    def randrange(self, stop: int, /) -> int: ...

    def choice(self, some: Sequence[T], /) -> T: ...


def damage(data: bytes, dice: Dice) -> bytes:
    """Some bytes changed, mostly where headers are, or a piece lost, doubled or zeroed."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        near = dice.random()
        reach = min(len(changed), 256 if near < 0.3 else 4096 if near < 0.6 else len(changed))
        at = (
            dice.randrange(reach) if near < 0.8 else len(changed) - 1 - dice.randrange(min(512, len(changed)))
        )
        kind = dice.randrange(6)
        length = dice.choice((1, 2, 4, 8, 64, 1024))
        if kind <= 2:
            changed[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        elif kind == 3:
            changed[at : at + length] = bytes(len(changed[at : at + length]))
        elif kind == 4:
            del changed[at : at + length]
        else:
            changed[at:at] = changed[at : at + length]
    return bytes(changed[: dice.randrange(len(changed) + 1)]) if dice.random() < 0.1 else bytes(changed)


class Hang(Exception):
    """It took far too long."""


@contextlib.contextmanager
def alarm() -> Iterator[None]:
    """Interrupts what hangs, where the system can."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(HANGS_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def limit_memory() -> None:
    """Whoever asks for more than `MEMORY` on top of what is used now gets a MemoryError, on Linux."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        print("memory cannot be limited here: an absurd size does not show")
        return
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def attempt(kind: str, source: Path, out: Path) -> str:
    """How it ends: "done", "refused", or what should not happen."""
    from fuzz_files import KINDS

    from datasets.errors import DatasetError

    try:
        with alarm(), KINDS[kind].setting():
            KINDS[kind].act(source, out)
    except Hang:
        return f"interrupted after {HANGS_S} s"
    except DatasetError as error:
        return f"asked for too much memory ({error})" if _wanted_too_much(error) else "refused"
    except Exception as error:  # noqa: BLE001 (the point of the script)
        return f"{type(error).__name__}: {error}"
    return "done"


def _wanted_too_much(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def one(base: Path, kind: str, dice: Dice | None) -> tuple[str, float]:
    """Damage one file (None: leave it sound) and open it: how that ended, and the seconds that it took."""
    from fuzz_files import KINDS

    def harm(data: bytes) -> bytes:
        return data if dice is None else damage(data, dice)

    with tempfile.TemporaryDirectory(dir=base) as work:
        place, out = Path(work) / "in", Path(work) / "out"
        place.mkdir()
        out.mkdir()
        source = KINDS[kind].make(base / kind, place, harm)
        before = {p.relative_to(work) for p in Path(work).rglob("*")}
        begun = time.monotonic()
        ending = attempt(kind, source, out)
        seconds = time.monotonic() - begun
        left = {p.relative_to(work) for p in Path(work).rglob("*")} - before - {Path("out/cache.h5")}
        if left:
            ending = f"left {sorted(left)}"
        elif seconds > LIMIT_S and ending in GOOD:
            ending = f"took {seconds:.1f} s"
        return ending, seconds


def write_sound(base: Path) -> None:
    """The sound files of every kind, each of which has to end well."""
    from fuzz_files import KINDS

    for kind, known in KINDS.items():
        (base / kind).mkdir()
        known.write(base / kind)
        ending = one(base, kind, None)[0]
        if ending != "done":
            raise SystemExit(f"the sound file of {kind} ends so: {ending}")


def by_chance(base: Path, arguments: argparse.Namespace) -> int:
    """Damages and opens; returns how many did worse."""
    from fuzz_files import KINDS

    dice, wrong, begun = random.Random(arguments.seed), 0, time.monotonic()
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    slowest = dict.fromkeys(KINDS, 0.0)
    for number in range(arguments.files):
        kind = list(KINDS)[number % len(KINDS)]
        ending, seconds = one(base, kind, dice)
        counts[kind][ending if ending in GOOD else "wrong"] += 1
        slowest[kind] = max(slowest[kind], seconds)
        if ending not in GOOD:
            wrong += 1
            print(f"file {number}, {kind}: {ending}", flush=True)
        if arguments.minutes and time.monotonic() - begun > 60 * arguments.minutes:
            break
    for kind, ends in counts.items():
        print(f"{kind:24} {dict(ends)}, slowest {slowest[kind]:.2f} s")
    tried = sum(ends.total() for ends in counts.values())
    print(f"{tried:,} files, seed {arguments.seed}, {time.monotonic() - begun:.0f} s, {wrong} went wrong")
    return wrong


class Guided:
    """Dice that libFuzzer throws."""

    def __init__(self, provider: Any) -> None:
        self._from = provider

    def random(self) -> float:
        """0 to 1."""
        return float(self._from.ConsumeIntInRange(0, 999)) / 1000

    def randrange(self, stop: int, /) -> int:
        """0 to `stop` - 1."""
        return int(self._from.ConsumeIntInRange(0, max(0, stop - 1)))

    def choice(self, some: Sequence[T], /) -> T:
        """One of some."""
        return some[self.randrange(len(some))]


def guided(base: Path, arguments: argparse.Namespace, atheris: Any) -> None:
    """The same with libFuzzer's dice; ends the process at the first file that does worse."""
    from fuzz_files import KINDS

    def try_one(data: bytes) -> None:
        dice = Guided(atheris.FuzzedDataProvider(data))
        kind = dice.choice(list(KINDS))
        ending, _ = one(base, kind, dice)
        if ending not in GOOD:
            raise RuntimeError(f"{kind}: {ending}")

    options = [
        f"-runs={arguments.files}",
        f"-seed={arguments.seed + 1}",
        "-max_len=256",
        "-rss_limit_mb=2048",
    ]
    options += [f"-max_total_time={round(60 * arguments.minutes)}"] if arguments.minutes else []
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={base}/"], try_one)
    atheris.Fuzz()


def watch_code() -> Any:
    """Atheris, after it has noted every branch of the data sets' room."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["datasets"]):
        package = importlib.import_module("datasets")
        for module in pkgutil.walk_packages(package.__path__, "datasets."):
            importlib.import_module(module.name)
    return atheris


def main(argv: list[str] | None = None) -> int:
    """Damages and opens; 0 if all ended well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=20_000, help="damaged files in all (default: 20000)")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so long")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", action="store_true", help="guided by what code is reached")
    arguments = parser.parse_args(argv)
    atheris = watch_code() if arguments.atheris else None
    warnings.simplefilter("ignore")  # Pillow's, of damaged pictures
    with tempfile.TemporaryDirectory() as base:
        write_sound(Path(base))
        if atheris is not None:
            guided(Path(base), arguments, atheris)
            return 0
        limit_memory()
        return 1 if by_chance(Path(base), arguments) else 0


if __name__ == "__main__":
    sys.exit(main())
