"""A run and a data set belong together: where the one comes, the other one follows or a word is said."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from engine.results import RunInfo
from gui import requests as rq
from gui.replies import DatasetView
from gui.state import Selection, fits

RUN = "run"  # the view under which the loaded run's own data set is opened


class Following(QObject):
    """Puts runs and data sets into the state.

    Signals:
        asked: a Request.
        hinted, warned: a sentence for the user.
    """

    asked = Signal(object)
    hinted = Signal(str)
    warned = Signal(str)

    def __init__(self, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._selection = selection

    def on_run(self, run: RunInfo) -> None:
        """A run has been loaded."""
        self._selection.set_run(run)
        self._follow_run()

    def on_dataset(self, dataset: DatasetView) -> None:
        """A data set that was asked for has been opened or built."""
        first = self._selection.dataset is None
        self._selection.set_dataset(dataset)
        if first:
            self._follow_run()
        elif (run := self._selection.run) is not None and not fits(run, dataset):
            self.hinted.emit(
                f"The run {run.name} was not trained on {dataset.name}: its answers mean little."
            )

    def on_dataset_of_run(self, dataset: DatasetView) -> None:
        """The loaded run's own data set has been opened; meanwhile another run may have come."""
        if self._selection.run is not None and fits(self._selection.run, dataset):
            self._selection.set_dataset(dataset)

    def on_missing_dataset(self) -> None:
        """The loaded run's own data set cannot be opened."""
        run = self._selection.run
        if run is not None:
            self.warned.emit(
                f"The run {run.name} was trained on {run.dataset or 'another data set'}, which cannot be"
                " opened; build it in the Library, or open an image file."
            )

    def _follow_run(self) -> None:
        """Open the data set that the run was trained on, when another one is open."""
        run, dataset = self._selection.run, self._selection.dataset
        if run is not None and dataset is not None and not fits(run, dataset):
            self.asked.emit(rq.OpenDataset(run.dataset, build=False, view=RUN))
