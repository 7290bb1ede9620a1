"""Asks for the calibration of the run on show, once, and says how it stands."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from engine.results import RunInfo
from gui import requests as rq
from gui.replies import Calibrated, DatasetView
from gui.retrieve.asking import Asking

KIND = rq.kind_of(rq.Calibrate)
GOING_ON = "that is being learned on validation pairs just now"
CANCELLED = "it was cancelled; judge the model, or come back to Retrieve, to have it learned"
Both = tuple[RunInfo, DatasetView]


class Calibrating(Asking):
    """What is known already costs nothing, so it is asked for with every run and data set that fit.

    Args:
        both: the run and its data set, where both are there.
        tell: takes why answers are not calibrated; empty where the data set has to be opened.
    """

    def __init__(self, both: Callable[[], Both | None], tell: Callable[[str], None], parent: QObject) -> None:
        super().__init__(parent)
        self._both, self._tell = both, tell
        self._wanted = ("", "")  # the run's weights and the data set that it was asked for
        self._open = False  # asked, and neither answered nor failed

    def change(self) -> None:
        """Another run or data set: what was said of the last ones goes."""
        both = self._both()
        if both is None or self._key(both) != self._wanted:
            self.forgotten.emit(KIND)
            self._wanted, self._open = ("", ""), False
            self._tell("")

    def ask(self) -> None:
        """Before the first answer that somebody looks at; again where the last time brought nothing."""
        both = self._both()
        if both is not None and self._key(both) != self._wanted:
            self._wanted, self._open = self._key(both), True
            self._tell(GOING_ON)
            self.asked.emit(rq.Calibrate(str(both[0].path), both[1].dataset))

    def on_answer(self, calibrated: Calibrated) -> bool:
        """It is there; False where it is of another run than the one on show."""
        both = self._both()
        if both is None or calibrated.run != str(both[0].path):
            return False
        self._wanted, self._open = self._key(both), False
        self._tell("")
        return True

    def on_failed(self, sentence: str) -> None:
        """It cannot be had now; the next `ask` tries again."""
        self._wanted, self._open = ("", ""), False
        self._tell(sentence)

    def on_ended(self) -> None:
        """Nothing more comes: without an answer it was cancelled."""
        if self._open:
            self._wanted, self._open = ("", ""), False
            self._tell(CANCELLED)

    @staticmethod
    def _key(both: Both) -> tuple[str, str]:
        return both[0].fingerprint, str(both[1].path)
