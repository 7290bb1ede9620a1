"""Sessions: what Explore shows, kept in a file and brought back from one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.session import Session, SessionRun, SessionStep
from gui import requests as rq
from gui.history import Branches, Step
from gui.notebook import is_line, state_line
from gui.replies import OpenedSession, PickedImage, Written
from gui.state import Restored, Selection

FILTER = "Doscope sessions (*.doscope)"
SUFFIX = "doscope"
LAST = "last"  # the view under which the session of last time is opened
ITS_DATA = "session"  # and a session's data set
# What is on its way when a session comes back belongs to the image or the run that it replaces
_REQUESTS = (
    rq.LoadRun, rq.OpenDataset, rq.PickImage, rq.ShowImage, rq.ReadTargets, rq.ApplyAction,
    rq.DoVariables, rq.Graph, rq.MakePalette, rq.Traverse,
)  # fmt: skip
OVERTAKEN = (*map(rq.kind_of, _REQUESTS), rq.kind_of(rq.OpenDataset, "run"))


class Sessions(QObject):
    """Asks for files, and carries sessions between them and the state.

    Signals:
        asked: a Request.
        forgotten: the kind of a request whose answers are no longer wanted.
        hinted, warned: a sentence for the user.
        opened: a session is back.
        file_changed: the path of the session's file; empty when it has none.
    """

    asked = Signal(object)
    forgotten = Signal(str)
    hinted = Signal(str)
    warned = Signal(str)
    opened = Signal()
    file_changed = Signal(str)

    def __init__(self, selection: Selection, parent: QWidget) -> None:
        super().__init__(parent)
        self._selection, self._parent = selection, parent
        self.path = ""
        self.dataset = ""  # that the session names, open or not

    # ------------------------------------------------------------ saving

    def save(self) -> None:
        """Into the session's file; the first time ask which."""
        if self.path and self._has_something():
            self._write(self.path)
        elif not self.path:
            self.save_as()

    def save_as(self) -> None:
        """Ask where the session goes."""
        if self._has_something():
            dialog = self._dialog("Save the session", "save_session_dialog")
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix(SUFFIX)
            dialog.selectFile(self.path or "session")
            dialog.fileSelected.connect(self._write)
            dialog.open()

    def _has_something(self) -> bool:
        if self.snapshot() is None:
            self.hinted.emit("There is no session to save yet; wait until an image has been read.")
            return False
        return True

    def _write(self, path: str) -> None:
        session = self.snapshot()
        if session is not None:
            self.asked.emit(rq.SaveSession(path, session))

    def on_written(self, written: Written) -> None:
        """The engine has written the file; from now on it is the session's."""
        self._set_path(written.path)
        self.hinted.emit(f"Saved {Path(written.path).name}: {written.what}.")

    def snapshot(self) -> Session | None:
        """The present state; None while no image has been read."""
        chosen = self._selection
        owner, image, reading = chosen.owner, chosen.image, chosen.reconstruction
        if owner is None or image is None or reading is None or chosen.step is None:
            return None
        steps = chosen.branches.steps()
        places = {step: place for place, step in enumerate(steps)}
        return Session(
            run=owner,
            dataset=chosen.dataset.dataset if chosen.dataset is not None else "",
            dataset_name=chosen.dataset.name if chosen.dataset is not None else "",
            image=image.loaded,
            position=image.position,
            split=image.split,
            reconstruction=reading,
            steps=tuple(map(_saved, steps)),
            branches=tuple(tuple(places[step] for step in path) for path in chosen.branches.paths),
            branch=chosen.branches.present,
            index=chosen.history.index(),
            variable=chosen.variable,
            action=chosen.action,
            propagate=chosen.propagate,
        )

    # ------------------------------------------------------------ opening

    def choose(self) -> None:
        """Ask which session to open."""
        dialog = self._dialog("Open a session", "open_session_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.open)
        dialog.open()

    def open(self, path: str) -> None:
        """Open the session in a file."""
        self.asked.emit(rq.OpenSession(path))

    def on_opened(self, opened: OpenedSession) -> None:
        """A session has been read: everything is as it was saved, and its data set is opened."""
        self._restore(opened)
        self._set_path(opened.path)
        if not opened.why:
            what = f"{len(opened.session.steps) - 1} interventions, the present one is in front"
            self.hinted.emit(f"Opened {Path(opened.path).name}: {what}.")

    def on_last(self, opened: OpenedSession) -> None:
        """The same for the session of last time, which has no file that the user knows of."""
        self._restore(opened)

    def _restore(self, opened: OpenedSession) -> None:
        for kind in OVERTAKEN:
            self.forgotten.emit(kind)
        self._selection.restore(_restored(opened))
        if opened.why:
            self.warned.emit(opened.why)
        dataset, open_now = opened.session.dataset, self._selection.dataset
        self.dataset = dataset
        if dataset and (open_now is None or open_now.dataset != dataset):
            self.asked.emit(rq.OpenDataset(dataset, build=False, view=ITS_DATA))
        self.opened.emit()

    def start_afresh(self, first_run: str, first_dataset: str) -> None:
        """Nothing of the present session stays but the run and the data set.

        Where no run is loaded, the session's is as it is now, or else the first one; likewise the data set.
        """
        owner = self._selection.owner
        for kind in OVERTAKEN:
            self.forgotten.emit(kind)
        chosen = self._selection
        chosen.set_image(None)
        chosen.set_variable(None)
        chosen.set_action(None)
        chosen.set_propagate(True)
        self._set_path("")
        if chosen.run is None:
            its_own = owner.path if owner is not None else ""
            there = its_own and (Path(its_own) / "config.json").is_file()
            self.asked.emit(rq.LoadRun(its_own if there else first_run))
        if chosen.dataset is None:
            self.asked.emit(rq.OpenDataset(first_dataset))

    def _set_path(self, path: str) -> None:
        self.path = path
        self.file_changed.emit(path)

    def _dialog(self, title: str, name: str) -> QFileDialog:
        dialog = QFileDialog(self._parent, title)
        dialog.setObjectName(name)
        dialog.setNameFilter(FILTER)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog


def _saved(step: Step) -> SessionStep:
    return SessionStep(
        step.label, step.codes, step.image, step.name, step.moved, step.targets, step.python, step.moves
    )


def _step(saved: SessionStep, start: bool) -> Step:
    """Back again; a line of Python that is none of ours is replaced by one that sets the codes."""
    python = saved.python
    if not start and not is_line(python):
        python = state_line(saved.codes, saved.label)
    return Step(
        saved.label, saved.codes, saved.image, saved.moved, saved.targets, "" if start else python,
        saved.moves, saved.name,
    )  # fmt: skip


def _restored(opened: OpenedSession) -> Restored:
    session, run = opened.session, opened.run
    steps = [_step(saved, place == 0) for place, saved in enumerate(session.steps)]
    known = run is not None and session.action is not None and session.action < run.space.num_actions
    return Restored(
        run=run,
        owner=session.run if run is None else SessionRun.of(run),
        why=opened.why,
        dataset_name=session.dataset_name,
        image=PickedImage(session.image, session.position, session.split),
        reconstruction=session.reconstruction,
        branches=Branches([[steps[n] for n in path] for path in session.branches], session.branch),
        index=session.index,
        variable=session.variable,
        action=session.action if known else None,
        propagate=session.propagate,
    )
