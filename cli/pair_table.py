"""Many pairs of images from a table: `doscope retrieve --pairs PAIRS.csv --out ANSWERS.csv`.

The table is read and written line by line, so its length costs no memory. Answers go into a file beside the
last one, whose name tells the run; the same command goes on where it was stopped.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO, TypedDict

from filelock import FileLock, Timeout

from cli.errors import UsageError
from datasets.errors import DatasetError
from datasets.images import load_image
from engine.results import KINDS, NO_ACTION

if TYPE_CHECKING:
    import numpy as np

    from engine.calibration import Calibration
    from engine.explorer import Explorer
    from engine.results import Image


class Text(TypedDict):
    """How tables are opened."""

    encoding: str
    errors: str
    newline: str


ASKED = ("before", "after")
ANSWERED = ("action", "probability", "second", "second_probability", "kind", "note", "error")
BATCH = 32  # pairs that are computed at once
# Bytes that are no UTF-8 may be the names of files all the same: they come and go as they are.
TEXT: Text = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}


class Pair(NamedTuple):
    """A line of the table: paths as they are written there."""

    before: str
    after: str


@dataclass
class Counts:
    """What became of the pairs.

    Attributes:
        kept: answers that an earlier call had left.
        read: pairs of this call.
        identical, failed: among those of both.
    """

    kept: int = 0
    read: int = 0
    identical: int = 0
    failed: int = 0
    _noted: int = 0
    errors: list[str] = field(default_factory=list)  # the first few with their places, for people

    def note(self, answer: list[str]) -> None:
        """Counts a line of answers."""
        error, note = answer[-1], answer[-2]
        self._noted += 1
        self.failed += bool(error)
        self.identical += not error and note == IDENTICAL
        if error and len(self.errors) < 3:
            words = error.encode("utf-8", "replace").decode()  # for a terminal
            self.errors.append(f"pair {self._noted}: {words}")


IDENTICAL = "identical images: no action"


def answer_steps(
    explorer: Explorer, pairs: Path, out: Path, calibration: Calibration | None = None
) -> Iterator[Counts]:
    """Answers all pairs of a table; yields what was done after each batch, and moves the file at the end.

    Closing the iterator keeps what was answered for the next call.

    Raises:
        UsageError: the table is missing, no table, or without the two columns.
        OSError: the answers cannot be written.
    """
    # answers of one file were all given with the same weights, with or without a calibration
    state = "plain" if calibration is None else "calibrated"
    part = out.with_name(f".{out.name}.{explorer.info.fingerprint[:12]}.{state}.part")
    counts = Counts()
    part.parent.mkdir(parents=True, exist_ok=True)
    with _alone(out), _opened(pairs) as table:
        rows = _rows(table, pairs)
        _skip_answered(rows, part, counts)
        with part.open("a", **TEXT) as file:
            writer = csv.writer(file, lineterminator="\n")
            if file.tell() == 0:
                writer.writerow((*ASKED, *ANSWERED))
            yield counts
            while batch := list(itertools.islice(rows, BATCH)):
                for line in _answers(explorer, calibration, pairs.parent, batch):
                    writer.writerow(line)
                    counts.note(line)
                file.flush()
                counts.read += len(batch)
                yield counts
            os.fsync(file.fileno())
        part.replace(out)


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Two calls with the same answers would write into one file.

    Raises:
        UsageError: another one is at it.
    """
    lock = FileLock(out.with_name(f".{out.name}.lock"), blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise UsageError(f"{out} is being written by another call; give another --out") from error
    try:
        yield
    finally:
        lock.release()
        with contextlib.suppress(OSError):  # it is somebody else's by now
            Path(lock.lock_file).unlink()


def count_pairs(pairs: Path) -> int:
    """How many pairs a table has.

    Raises:
        UsageError: as `answer_steps`.
    """
    with _opened(pairs) as table:
        return sum(1 for _ in _rows(table, pairs))


def _opened(pairs: Path) -> TextIO:
    try:
        return pairs.open(encoding="utf-8-sig", errors=TEXT["errors"], newline="")
    except OSError as error:
        raise UsageError(f"the table {pairs} cannot be read: {error.strerror}; check the path") from error


def _rows(table: TextIO, path: Path) -> Iterator[Pair]:
    try:
        reader = csv.DictReader(table)
        columns = reader.fieldnames or ()
        missing = [name for name in ASKED if name not in columns]
        if missing:
            raise UsageError(
                f"{path} has no column '{missing[0]}'; its first line must name the columns before and after"
            )
        for row in reader:
            yield Pair(*((row[name] or "").strip() for name in ASKED))
    except csv.Error as error:
        raise UsageError(
            f"{path} is not a table of comma-separated text ({error}); save it as CSV"
        ) from error


def _skip_answered(rows: Iterator[Pair], part: Path, counts: Counts) -> None:
    """Goes over the pairs that an earlier call has answered; a torn last line of it is taken away."""
    if not part.is_file():
        return
    _mend(part)
    _drop_failed_end(part)
    with part.open(**TEXT) as file:
        for line in itertools.islice(csv.reader(file), 1, None):
            if next(rows, None) != tuple(line[: len(ASKED)]):
                raise UsageError(f"{part} has the answers to other pairs; delete it, or give another --out")
            counts.note(line)
            counts.kept += 1


def _drop_failed_end(part: Path) -> None:
    """Failed pairs at the end are asked again: the disk with the images may have been away."""
    with part.open(encoding=TEXT["encoding"], errors=TEXT["errors"], newline="\n") as file:
        reader, good = csv.reader(file), 0
        for number, line in enumerate(reader):
            if number == 0 or not line[-1]:
                good = reader.line_num  # lines of the file, of which a pair may take several
    with part.open("rb+") as content:
        for _ in range(good):
            content.readline()
        content.truncate()


def _mend(part: Path) -> None:
    """A line that was being written when the machine stopped is taken away."""
    with part.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            file.seek(end - 1)
            if file.read(1) == b"\n":
                break
            end -= 1
        file.truncate(end)


def _answers(
    explorer: Explorer, calibration: Calibration | None, folder: Path, batch: list[Pair]
) -> Iterator[list[str]]:
    """A line for each pair, in their order."""
    read = [_read(explorer, folder, pair) for pair in batch]
    good = [images for images in read if not isinstance(images, str)]
    ranked = iter(_ranked(explorer, calibration, good))
    for pair, images in zip(batch, read, strict=True):
        if isinstance(images, str):
            yield [*pair, *[""] * 6, images]
            continue
        order, chance, kind, strange = next(ranked)
        before, after, note = images
        if (before == after).all():
            yield [*pair, "", "", "", "", KINDS[NO_ACTION], IDENTICAL, ""]
            continue
        names = explorer.info.space.action_names
        best, second = order[:2]
        yield [
            *pair, names[best], f"{chance[best]:.6f}", names[second], f"{chance[second]:.6f}", kind,
            "; ".join(filter(None, (note, strange))), "",
        ]  # fmt: skip


def _read(explorer: Explorer, folder: Path, pair: Pair) -> tuple[Image, Image, str] | str:
    """Both images and what was converted, or what is wrong with one of them."""
    images, notes = [], []
    for name, path in zip(ASKED, pair, strict=True):
        if not path:
            return f"no path in the column {name}"
        try:
            image, note = load_image(folder / path, explorer.info.image_shape)
        except DatasetError as error:
            return f"{error}{_not_utf8(path)}"
        except OSError as error:  # a name that no file can have, a folder that may not be looked into
            return f"{path}: {error.strerror}"
        images.append(image)
        notes.append(f"{name}: {note}" if note else "")
    return images[0], images[1], "; ".join(filter(None, notes))


def _not_utf8(path: str) -> str:
    escaped = any("\udc80" <= letter <= "\udcff" for letter in path)
    return "; this line of the table is not UTF-8: save it as that" if escaped else ""


def _ranked(
    explorer: Explorer, calibration: Calibration | None, pairs: list[tuple[Image, Image, str]]
) -> Iterator[tuple[np.ndarray, np.ndarray, str, str]]:
    """For each pair actions, most probable first, their probabilities, how many, and what is strange."""
    import numpy as np

    from engine.metrics.images import psnr_of_images

    if not pairs:
        return
    sides = [np.stack([pair[side] for pair in pairs]) for side in (0, 1)]
    before, after = (explorer.encode(images) for images in sides)
    scores = explorer.retrieve_codes(before, after)
    chance, kinds, strange = np.exp(scores.log_probability), None, [""] * len(pairs)
    if calibration is not None:
        chance = calibration.probabilities(scores)
        kinds = calibration.kinds_of(scores, (before != after).sum(axis=1), before.shape[1])
        reached = [psnr_of_images(explorer.decode(c), i) for c, i in zip((before, after), sides, strict=True)]
        strange = [_strange(each, calibration.psnr_floor) for each in zip(*reached, strict=True)]
    for k, row in enumerate(chance):
        kind = "" if kinds is None else KINDS[int(kinds[k].argmax())]
        yield np.argsort(-scores.log_probability[k], kind="stable"), row, kind, strange[k]


def _strange(reached_db: Sequence[float], floor_db: float) -> str:
    """Which of the two images are reconstructed worse than nearly all of the run's own kind."""
    return "; ".join(
        f"{name}: unlike the images that the model knows ({decibels:.1f} dB, those reach {floor_db:.1f})"
        for name, decibels in zip(ASKED, reached_db, strict=True)
        if decibels < floor_db
    )
