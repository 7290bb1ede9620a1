"""The images of an import on the disk, beside the cache: what was interrupted is gone on with.

    .NAME-KEY.import        images in grid order, as they are stored
    .NAME-KEY.import.npz    what is there: `seen`, bits by grid index; `rows`, how many of the file were read
    .NAME-KEY.import.lock   held while somebody imports

KEY tells the file (names, sizes, times), the stride and this layout. A whole build removes its import, and
so does one that fails; a cancelled or killed one leaves it for a day. Decision 0020.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from datasets.arrays import DAMAGE

LAYOUT = 1
KEPT_S = 24 * 3600.0  # how long an interrupted import stays
SAVE_S = 2.0  # between two notes of what is there
_ENDING = ".import"


def import_key(name: str, stride: int, files: tuple[Path, ...], total: int) -> str:
    """Tells imports of different files apart; empty where a file is gone."""
    try:
        stats = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    except OSError:
        return ""
    told = json.dumps([LAYOUT, name, stride, total, stats])
    return hashlib.sha256(told.encode()).hexdigest()[:12] if files else ""


class KeptImport:
    """One import's images on the disk.

    Args:
        folder: where they lie.
        name: of the set.
        key: of the import; empty, or where another process imports the same, nothing is kept.
        total: images of the grid.

    Attributes:
        file: the images, open for reading and writing.
        seen: which are there, bool [total], by grid index.
        rows: how many images of the user's file were read, left-out ones included.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path, name: str, key: str, total: int) -> None:
        remove_forgotten(folder)
        self._lock: FileLock | None = FileLock(folder / f".{name}-{key}{_ENDING}.lock") if key else None
        try:
            if self._lock is not None:
                self._lock.acquire(timeout=0)
        except Timeout:
            self._lock, key = None, ""
        self._path = folder / f".{name}-{key or secrets.token_hex(6)}{_ENDING}"
        self._notes = self._path.with_name(f"{self._path.name}.npz")
        self.seen, self.rows = np.zeros(total, np.bool_), 0
        if self._lock is not None:
            self._take_up(total)
        self.file: BinaryIO = self._path.open("r+b" if self.rows else "w+b")
        self._saved = time.monotonic()

    @property
    def count(self) -> int:
        """Images that are there."""
        return int(self.seen.sum())

    def _take_up(self, total: int) -> None:
        """What an import before this one left; nothing where its notes or its images are gone."""
        with contextlib.suppress(*DAMAGE):
            with np.load(self._notes, allow_pickle=False) as notes:
                seen = np.unpackbits(notes["seen"], count=total).astype(np.bool_)
                rows = int(notes["rows"])
            if self._path.stat().st_size:
                self.seen, self.rows = seen, rows

    def note(self, index: npt.NDArray[np.int64], rows: int) -> None:
        """These images are there now, and so many more of the user's file were read."""
        self.seen[index] = True
        self.rows += rows
        if time.monotonic() - self._saved > SAVE_S:
            self._save()

    def _save(self) -> None:
        """Images first: what the notes say is there has been handed to the system."""
        self.file.flush()
        if self._lock is not None:
            part = self._notes.with_name(f"{self._path.name}.part.npz")
            np.savez(part, seen=np.packbits(self.seen), rows=self.rows)
            part.replace(self._notes)
        self._saved = time.monotonic()

    def keep(self) -> None:
        """Let go of it; the next import of the same file goes on with it."""
        if self.file.closed:
            return
        if self._lock is None:
            self.discard()
            return
        with contextlib.suppress(OSError):  # a full disk: the notes of before are still true
            self._save()
        self.file.close()
        self._lock.release()

    def discard(self) -> None:
        """Let go of it and remove it."""
        if self.file.closed:
            return
        self.file.close()
        _remove(self._path)
        if self._lock is not None:
            self._lock.release()
            _remove(Path(self._lock.lock_file))


def rows_kept(folder: Path, name: str) -> int:
    """How many images of the user's file interrupted imports of a set have read, at most; 0 for none."""
    rows = 0
    for notes in folder.glob(f".{name}-*{_ENDING}.npz"):
        with contextlib.suppress(*DAMAGE), np.load(notes, allow_pickle=False) as kept:
            rows = max(rows, int(kept["rows"]))
    return rows


def remove_forgotten(folder: Path) -> None:
    """Remove imports that nobody went on with for a day."""
    for path in folder.glob(f".*{_ENDING}"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT_S:
                _remove(path)
                _remove(path.with_name(f"{path.name}.lock"))


def _remove(path: Path) -> None:
    for one in (path, path.with_name(f"{path.name}.npz"), path.with_name(f"{path.name}.part.npz")):
        with contextlib.suppress(OSError):
            one.unlink(missing_ok=True)
