"""Images of the pair that come from files or the clipboard: asked for in the size that the run takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject

from engine.results import Image
from gui import requests as rq
from gui.retrieve.asking import Asking
from gui.retrieve.image_slot import AFTER, BEFORE
from gui.state import Selection

KINDS = {side: rq.kind_of(rq.PickImage, side) for side in (BEFORE, AFTER)}
USUAL_SHAPE = (64, 64, 3)  # before a run is there to tell


class Picking(Asking):
    """Remembers what is on its way, so that a run that comes meanwhile gets it in its own size."""

    def __init__(self, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._selection = selection
        self._waiting: dict[str, rq.PickImage] = {}  # by side

    def read_files(self, assignments: list[tuple[str, Path]]) -> None:
        """Ask for pictures in files, each for a side."""
        for side, path in assignments:
            self._ask(rq.PickImage(shape=self._shape(), file=str(path), view=side))

    def convert(self, side: str, pixels: Image) -> None:
        """Ask for a picture that is here already, in the run's size."""
        self._ask(rq.PickImage(shape=self._shape(), pixels=pixels, view=side))

    def done(self, side: str) -> None:
        """A side's picture has come, or cannot be had."""
        self._waiting.pop(side, None)

    def forget(self) -> None:
        """Something newer is wanted for both sides."""
        self._waiting.clear()
        for kind in KINDS.values():
            self.forgotten.emit(kind)

    def follow_run(self) -> None:
        """Another run: pictures on their way are asked for again where it takes another size."""
        for request in list(self._waiting.values()):
            if request.shape != self._shape():
                self.forgotten.emit(request.kind)
                self._ask(replace(request, shape=self._shape()))

    def _ask(self, request: rq.PickImage) -> None:
        self._waiting[request.view] = request
        self.asked.emit(request)

    def _shape(self) -> tuple[int, int, int]:
        run = self._selection.run
        return USUAL_SHAPE if run is None else run.image_shape
