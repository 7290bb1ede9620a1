"""Joins the wizard for one's own data to the engine thread."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from gui import requests as rq
from gui.library.dataset_detail import DatasetDetail
from gui.library.own_wizard import OwnWizard
from gui.replies import Activity, DatasetEntry, DatasetView, Failure
from gui.workspace import Answer

VIEW = "own"
PREVIEW, BUILD = rq.kind_of(rq.PreviewOwn), rq.kind_of(rq.BuildDataset, VIEW)


class OwnData(QObject):
    """Signals:
    asked: a Request for the engine thread.
    cancelled: the kind of a request that is no longer wanted.
    built(DatasetView): a data set is there.

    Args:
        detail: its button opens the wizard, and it shows how far a build is.
        parent: what the wizard opens over.
    """

    asked = Signal(object)
    cancelled = Signal(str)
    built = Signal(object)

    def __init__(self, detail: DatasetDetail, parent: QWidget) -> None:
        super().__init__(parent)
        self._detail = detail
        detail.own_requested.connect(self.open_for)
        detail.cancel_requested.connect(self.cancel)
        self.wizard = OwnWizard(parent)
        self.wizard.preview_wanted.connect(
            lambda source, kinds, again, pairs: self.asked.emit(rq.PreviewOwn(source, kinds, again, pairs))
        )
        self.wizard.build_wanted.connect(self._on_build)
        self.wizard.cancel_wanted.connect(self.cancel)
        self.wizard.rejected.connect(lambda: self.cancelled.emit(PREVIEW))

    def answers(self) -> dict[str, Answer]:
        """Kind of request -> the method that takes its payloads."""
        return {PREVIEW: self.wizard.set_preview, BUILD: self._on_built}

    def cancel(self) -> None:
        """Stop a build."""
        self.cancelled.emit(BUILD)

    def set_datasets(self, entries: Iterable[DatasetEntry]) -> None:
        """The data sets that there are."""
        self.wizard.set_taken([known.name for known in entries if known.own is not None and known.built])

    def open_for(self, entry: DatasetEntry) -> None:
        """Show the wizard for a set of one's own, to build it again where it is built."""
        self.wizard.begin(entry.name if entry.built else "", entry.own or rq.OwnChoices())

    def open_at(self, source: str) -> None:
        """Show the wizard for new data."""
        self.wizard.begin("", rq.OwnChoices(source))

    def on_failed(self, kind: str, failure: Failure) -> None:
        """Say in the wizard why."""
        if kind in (PREVIEW, BUILD):
            self.wizard.set_failure(failure.sentence)

    def on_ended(self, kind: str) -> None:
        """No more comes of a build."""
        if kind == BUILD:
            self.wizard.set_building(False)
            self._detail.set_building("")

    def set_activity(self, activity: Activity | None) -> None:
        """How far the build is."""
        if activity is not None and activity.kind == BUILD:
            self.wizard.set_progress(activity)
            self._detail.set_progress(activity)

    def _on_built(self, view: DatasetView) -> None:
        self.wizard.accept()
        self.wizard.forget()
        self.built.emit(view)

    def _on_build(self, name: str, choices: rq.OwnChoices) -> None:
        self.wizard.set_building(True)
        self._detail.set_building(name)
        self.asked.emit(rq.BuildDataset(name, choices.source, own=choices, view=VIEW))
