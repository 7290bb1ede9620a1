"""Writes what a training says into its run directory: metrics.jsonl, TensorBoard, sample pictures."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.images import save_image
from engine.board import Board
from engine.checkpoint import writing_failed
from engine.events import Event, Progressed, RunFinished, StepLogged, Validated, to_json_line
from engine.run_directory import RunDirectory
from engine.whole_files import whole

SCALARS_EVERY_S = 2.0


class Recorder:
    """Appends events; a context manager that closes its files."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        try:
            _end_torn_line(run.metrics_path)
            self._metrics = run.metrics_path.open("ab", buffering=0)
        except OSError as error:
            raise writing_failed(run.metrics_path, error) from error
        self._board = Board(run.path)
        self._last_scalars_s = -1e9

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self._board.close()
        self._metrics.close()

    def write(self, event: Event) -> Event:
        """Keeps the event and hands it back. A line is written whole or not at all.

        Raises:
            DiskFull: the disk has no room.
        """
        if isinstance(event, Progressed):
            return event
        try:
            self._append(to_json_line(event).encode() + b"\n")
        except OSError as error:
            raise writing_failed(self._run.metrics_path, error) from error
        self._to_board(event)
        return event

    def _append(self, line: bytes) -> None:
        size = self._metrics.seek(0, os.SEEK_END)
        try:
            if self._metrics.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            with contextlib.suppress(OSError):
                self._metrics.truncate(size)
            raise

    def _to_board(self, event: Event) -> None:
        match event:
            case StepLogged():
                if event.elapsed_s - self._last_scalars_s < SCALARS_EVERY_S:
                    return
                self._last_scalars_s = event.elapsed_s
                values = {**event.values, "items_per_s": event.items_per_s}
                self._scalars(event.phase, values, event.step)
            case Validated():
                self._scalars("validation", event.figures, event.step)
            case RunFinished():
                self._scalars("final", event.figures, event.step)
            case _:
                return

    def _scalars(self, group: str, values: dict[str, float], step: int) -> None:
        self._board.add(group, values, step)

    def sample(
        self, step: int, rows: list[npt.NDArray[np.uint8]], arrays: dict[str, npt.NDArray[Any]]
    ) -> str:
        """Saves rows of images [columns, h, w, c] as one picture, and what else formed beside it (.npz).

        Returns:
            The picture's path relative to the run.

        Raises:
            DiskFull: the disk has no room.
        """
        pictures = [np.concatenate(list(row), axis=1) for row in rows]
        picture = np.concatenate(pictures, axis=0)
        path = self._run.samples / f"{step:08d}.png"
        try:
            save_image(path, picture)
            with whole(path.with_suffix(".npz")) as part, part.open("wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        except OSError as error:
            raise writing_failed(path, error) from error
        return str(Path("samples") / path.name)


class SilentRecorder(Recorder):
    """Keeps nothing: of several processes that train one run, one writes."""

    def __init__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, event: Event) -> Event:
        return event

    def sample(self, *_: object) -> str:
        return ""


def _end_torn_line(path: Path) -> None:
    """A killed process may leave half a line; what comes next must not be glued to it."""
    if path.is_file() and path.stat().st_size:
        with path.open("rb+") as file:
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")
