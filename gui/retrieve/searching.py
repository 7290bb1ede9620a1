"""Looking for the sequence of actions between the two images: asks and answers for `PathView`."""

from __future__ import annotations

from PySide6.QtCore import QObject

from engine.results import ActionPath, Image, Retrieval
from gui import requests as rq
from gui.retrieve.asking import Asking
from gui.retrieve.path_view import PathView
from gui.state import Selection

KIND = rq.kind_of(rq.FindPath)
NO_PAIR = "Choose two images first."
NO_ANSWER = "These two images have no answer, so no steps can be looked for: choose others."
IDENTICAL = "The two images are identical: there are no steps between them."


class Searching(Asking):
    """A search needs the codes that come with the answer; asked for before, it waits for that."""

    def __init__(self, selection: Selection, view: PathView, parent: QObject) -> None:
        super().__init__(parent)
        self._selection, self._view = selection, view
        self._result: Retrieval | None = None
        self._after: Image | None = None  # None: there are no two images
        self._awaited = False  # the answer about them is on its way
        self._wished: tuple[int, int] | None = None
        view.search_wanted.connect(self.search)
        view.cancel_wanted.connect(lambda: self.cancelled.emit(KIND))

    def set_pair(self, after: Image | None) -> None:
        """Another pair, whose answer is on its way; or none."""
        self._result, self._after, self._wished = None, after, None
        self._awaited = after is not None
        self._view.set_ready(False)

    def set_result(self, result: Retrieval) -> None:
        """The answer has come."""
        self._result, self._awaited = result, False
        self._view.start.setEnabled(not result.identical)
        wished, self._wished = self._wished, None
        if wished is not None:
            self.search(*wished)

    def on_failed(self) -> None:
        """There is no answer about the pair."""
        self._awaited, self._wished = False, None

    def begin(self) -> None:
        """Search as the view's settings are."""
        self.search(self._view.beam.value(), self._view.most_steps.value())

    def search(self, beam: int, most_steps: int) -> None:
        """Ask for the sequence, or say why that cannot be."""
        run, result = self._selection.run, self._result
        if run is None or self._after is None:
            self.hinted.emit(NO_PAIR)
        elif self._awaited:
            self._wished = (beam, most_steps)
        elif result is None:
            self.hinted.emit(NO_ANSWER)
        elif result.identical:
            self.hinted.emit(IDENTICAL)
        else:
            self._view.begin()
            before, after = result.codes
            self.asked.emit(rq.FindPath(str(run.path), before, after, beam, most_steps))

    def on_path(self, found: ActionPath) -> None:
        """The best sequence so far."""
        run = self._selection.run
        if run is not None and self._after is not None:
            self._view.set_path(found, run.space.action_names, self._after)
