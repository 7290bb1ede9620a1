"""Whether a file is what it should be: a cache, a packed cache, or a file that a data set is published as.

A cache carries no check sum of its own. What is known of one is what its build promises, which is counted
again (datasets.verify), and of built-in sets the pictures, of which some are drawn again. Published files
have check sums where their importers know them.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from datasets.arrays import reading
from datasets.cache import Cache
from datasets.home import caches_dir
from datasets.importers import grid_sets
from datasets.packing import unpack
from datasets.recognition import Recognised, recognise
from datasets.verify import Findings, verify
from datasets.writer import Meter, Progress

_PIECE = 1 << 22  # bytes that are hashed between two reports


@dataclass(frozen=True)
class Checked:
    """What was found of a file.

    Attributes:
        kind: what it is: a cache, a packed one, or one that a data set is built of.
        name: of the data set.
        findings: of a cache.
        checksum: of a published file, "right" or "wrong"; None where none is known.
    """

    kind: Literal["cache", "packed", "source"]
    name: str
    findings: Findings | None = None
    checksum: Literal["right", "wrong"] | None = None

    @property
    def sound(self) -> bool:
        """Nothing that is known of it is broken."""
        return self.checksum != "wrong" and (self.findings is None or self.findings.sound)


def check_file(path: Path) -> Generator[Progress, None, Checked]:
    """Read a whole file; yields how far it is. Closing the generator cancels.

    Raises:
        DatasetError: it is missing, damaged, or nothing that is known.
    """
    published = yield from _published(path)
    if published is not None:
        return published
    found = yield from _recognised(path)
    if found.what == "cache":
        with Cache.open(path) as cache:
            return Checked("cache", cache.name, (yield from _findings(cache)))
    if found.what == "packed":
        return (yield from _packed(path))
    return Checked("source", found.name)


def _packed(path: Path) -> Generator[Progress, None, Checked]:
    """As the cache that it becomes, in a folder that is gone afterwards."""
    caches_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=caches_dir()) as folder:
        yield from unpack(path, Path(folder) / "cache.h5")
        with Cache.open(Path(folder) / "cache.h5") as cache:
            return Checked("packed", cache.name, (yield from _findings(cache)))


def _findings(cache: Cache) -> Generator[Progress, None, Findings]:
    for step in verify(cache):
        if isinstance(step, Findings):
            return step
        yield step
    raise AssertionError("verify ends with its findings")


def _published(path: Path) -> Generator[Progress, None, Checked | None]:
    """Whether a file that has the size of a published one has its content."""
    with reading(path):
        size = path.stat().st_size if path.is_file() else -1
    known = [(file.md5, one.name) for one in grid_sets() for file in one.known if file.size == size]
    if not known:
        return None
    digest = hashlib.md5(usedforsecurity=False)
    for piece in _pieces(path, size):
        if isinstance(piece, Progress):
            yield piece
        else:
            digest.update(piece)
    right = [name for md5, name in known if md5 == digest.hexdigest()]
    return Checked("source", (right or [known[0][1]])[0], checksum="right" if right else "wrong")


def _pieces(path: Path, size: int) -> Iterator[Progress | bytes]:
    meter, done = Meter("hashing", size), 0
    with reading(path), path.open("rb") as file:
        while piece := file.read(_PIECE):
            done += len(piece)
            yield piece
            yield meter.at(done)


def _recognised(path: Path) -> Generator[Progress, None, Recognised]:
    meter, steps = Meter("reading", 0), recognise(path)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Recognised = end.value
            return found
        yield meter.at(0)
