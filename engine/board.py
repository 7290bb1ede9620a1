"""A run's figures for TensorBoard, written beside metrics.jsonl without a thread of their own.

They are a second copy: where one cannot be written it is left out, and the next ones go into a new file.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event as BoardEvent
from tensorboardX.proto.summary_pb2 import Summary

FLUSH_EVERY_S = 10.0


class Board:
    """Appends scalars to an events file of a run directory."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._files = folder, 0
        self._writer: EventsWriter | None = None
        self._flushed_s = time.monotonic()

    def add(self, group: str, values: dict[str, float], step: int) -> None:
        """Values by name, at a step; whether they could be written is the next reader's business."""
        scalars = [Summary.Value(tag=f"{group}/{name}", simple_value=v) for name, v in values.items()]
        event = BoardEvent(wall_time=time.time(), step=step, summary=Summary(value=scalars))
        try:
            if self._writer is None:
                self._writer = self._open()
            self._writer.write_event(event)
            if time.monotonic() - self._flushed_s > FLUSH_EVERY_S:
                self._flushed_s = time.monotonic()
                self._writer.flush()
        except OSError:
            self.close()

    def close(self) -> None:
        """Write what is left."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(OSError):
                writer.close()

    def _open(self) -> EventsWriter:
        self._files += 1
        return EventsWriter(str(self._folder / "events"), f".{os.getpid()}.{self._files}")
