"""What is done with the data set whose page is shown: from its buttons to requests, and back. No widgets."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

import datasets
from datasets.pair_choices import PairChoices
from gui import requests as rq
from gui.library.dataset_detail import DatasetDetail
from gui.replies import (
    Activity,
    DatasetView,
    Deleted,
    Failure,
    PickedImage,
    Verified,
    Written,
)
from gui.state import Selection
from gui.words import count
from gui.workspace import Answer


class DatasetDesk(QObject):
    """Signals:
    asked: a Request.      cancelled: the kind of one that is no longer wanted.
    hinted, warned: a sentence for the user.
    changed(name): data sets came or went; the one to be shown now, or "" for the one that is.
    dataset_wanted(name): make a data set the window's own.
    image_wanted(name, PickedImage): show an image of a data set in Explore.

    Args:
        detail: the page.
        selection: for the data set that Explore uses.
        view: under which it asks.
    """

    asked = Signal(object)
    cancelled = Signal(str)
    hinted = Signal(str)
    warned = Signal(str)
    changed = Signal(str)
    dataset_wanted = Signal(str)
    image_wanted = Signal(str, object)

    def __init__(self, detail: DatasetDetail, selection: Selection, view: str, parent: QObject) -> None:
        super().__init__(parent)
        self._detail, self._selection, self._view = detail, selection, view
        self._picked_from = ""  # the data set of the image that Explore is to show
        self._building: dict[str, str] = {}  # kind of a build that goes on -> whose images it takes
        self.builds = tuple(
            rq.kind_of(build, view) for build in (rq.BuildDataset, rq.BuildDrawn, rq.BuildRuled)
        )
        selection.dataset_changed.connect(self._on_dataset)
        detail.build_requested.connect(self._build)
        detail.cancel_requested.connect(self._cancel)
        detail.verify_requested.connect(lambda name: self.asked.emit(rq.VerifyDataset(name)))
        detail.use_requested.connect(self.dataset_wanted)
        detail.opened.connect(lambda name: self.asked.emit(rq.OpenDataset(name, build=False, view=view)))
        detail.pack_requested.connect(self._pack)
        detail.ruled_requested.connect(self._build_ruled)
        detail.delete_requested.connect(lambda name: self.asked.emit(rq.DeleteDataset(name)))
        detail.pages.asked.connect(self.asked)
        detail.pages.build_wanted.connect(self._build_drawn)
        detail.pages.explore_wanted.connect(self._pick)

    def answers(self) -> dict[str, Answer]:
        """Kind of request -> the method that takes its payloads."""
        build, build_drawn, build_ruled = self.builds
        return {
            **self._detail.pages.answers(),
            rq.kind_of(rq.OpenDataset, self._view): self._detail.set_opened,
            rq.kind_of(rq.PickImage, self._view): self._on_picked,
            rq.kind_of(rq.PackDataset, self._view): self._on_packed,
            rq.kind_of(rq.DeleteDataset): self._on_deleted,
            rq.kind_of(rq.VerifyDataset): self._on_verified,
            build: partial(self._on_finished, build, self.on_built),
            build_drawn: partial(self._on_finished, build_drawn, self.on_new),
            build_ruled: partial(self._on_finished, build_ruled, self.on_new),
        }

    def on_ended(self, kind: str) -> None:
        """Nothing more comes for the newest request of `kind`."""
        if kind in self.builds:
            self._detail.set_building("")
            if kind in self._building:
                self._say_cancelled(self._building.pop(kind))

    def on_failed(self, kind: str, failure: Failure) -> None:
        """What is wrong with an imbalanced set, or with other pairs, is said at the form too."""
        self._building.pop(kind, None)
        if kind == self.builds[1]:
            self._detail.pages.imbalance.refuse(failure.sentence)
        elif kind == self.builds[2]:
            self._detail.pairs_dialog.refuse(failure.sentence)

    def set_activity(self, activity: Activity | None) -> None:
        """How far a build is."""
        if activity is not None and activity.kind in self.builds:
            self._detail.set_progress(activity)

    # ------------------------------------------------------------ what the user does

    def _begin(self, kind: str, name: str, of: str) -> None:
        self._detail.set_building(name)
        self._building[kind] = of

    def _say_cancelled(self, name: str) -> None:
        """What was done is gone, unless it was an import that the next build goes on with."""
        words = "The build was cancelled"
        if datasets.images_kept(name):
            words += (
                f"; what was read of {name} stays for a day, and the next build of that file goes on with it"
            )
        self.hinted.emit(f"{words}.")

    def _build(self, name: str, source: str) -> None:
        self._begin(self.builds[0], name, name)
        self.asked.emit(rq.BuildDataset(name, source, view=self._view))

    def _pack(self, name: str, file: str) -> None:
        self.asked.emit(rq.PackDataset(name, file, view=self._view))

    def _build_ruled(self, dataset: str, source: str, choices: PairChoices, name: str) -> None:
        self._begin(self.builds[2], name, dataset)
        self.asked.emit(rq.BuildRuled(dataset, source, choices, name, view=self._view))

    def _build_drawn(self, request: rq.BuildDrawn) -> None:
        self._begin(self.builds[1], request.name, request.dataset)
        self.asked.emit(request)

    def _cancel(self) -> None:
        for kind in self.builds:
            self.cancelled.emit(kind)

    def _pick(self, request: rq.PickImage) -> None:
        self._picked_from = request.dataset
        self.asked.emit(request)

    # ------------------------------------------------------------ answers of the engine thread

    def _on_finished(self, kind: str, then: Answer, view: DatasetView) -> None:
        self._building.pop(kind, None)
        then(view)

    def on_built(self, view: DatasetView) -> None:
        """A new cache: its page is read anew, and who works with the old one gets the new one."""
        self._detail.forget()
        self.hinted.emit(f"{view.name} is built: {count(view.num_images)} images.")
        self.changed.emit("")
        chosen = self._selection.dataset
        if chosen is not None and chosen.dataset == view.dataset:
            self.dataset_wanted.emit(view.dataset)

    def on_new(self, view: DatasetView) -> None:
        """A set under a new name: it is shown."""
        self._detail.forget()
        self.hinted.emit(f"The data set {view.dataset} is built: {count(view.num_images)} images.")
        self.changed.emit(view.dataset)

    def _on_picked(self, picked: PickedImage) -> None:
        self.image_wanted.emit(self._picked_from, picked)

    def _on_packed(self, written: Written) -> None:
        self.hinted.emit(f"Packed: {written.path} ({written.what}).")

    def _on_deleted(self, deleted: Deleted) -> None:
        self.hinted.emit(f"{deleted.path} is in {deleted.place}.")
        self._detail.forget()
        self.changed.emit("")

    def _on_verified(self, verified: Verified) -> None:
        (self.hinted if verified.sound else self.warned).emit(verified.words)

    def _on_dataset(self, dataset: DatasetView | None) -> None:
        """It may have been built just now: the first start does."""
        self._detail.set_in_use(str(dataset.path) if dataset is not None else "")
        self.changed.emit("")
