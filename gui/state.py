"""The one state of the window: what is chosen now, and the history of interventions.

Views never talk to each other: they emit what the user did, the main window writes it here, and each
field's signal brings all views up to date. `history.py` holds the tree of steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine.results import Reconstruction, RunInfo
from engine.session import SessionRun
from gui.history import Branches, Step
from gui.replies import DatasetView, PickedImage


@dataclass(frozen=True, eq=False)
class Restored:
    """A session on its way back.

    Attributes:
        run: its run, loaded; None when that cannot be, and then `why` says so in a sentence.
        owner: the run that the codes belong to, loaded or not.
        dataset_name: of the data set that the image is from, or empty.
        index: the present step's place in the present branch.
    """

    run: RunInfo | None
    owner: SessionRun
    why: str
    dataset_name: str
    image: PickedImage
    reconstruction: Reconstruction
    branches: Branches
    index: int
    variable: int | None = None
    action: int | None = None
    propagate: bool = True


def fits(run: RunInfo, dataset: DatasetView) -> bool:
    """Whether a run was trained on this data set, or on one with the same factors."""
    return run.dataset in (dataset.name, dataset.dataset) or run.space == dataset.space


class _Intervene(QUndoCommand):
    """From one step to the next."""

    def __init__(self, selection: Selection, before: Step, after: Step) -> None:
        super().__init__(after.label)
        self._selection, self.before, self.after = selection, before, after

    def undo(self) -> None:
        self._selection._set_step(self.before)

    def redo(self) -> None:
        self._selection._set_step(self.after)


class Selection(QObject):
    """What is chosen. Each `set_*` emits its signal only when the value is another one.

    Signals:
        run_changed: RunInfo or None.
        dataset_changed: DatasetView or None.
        image_changed: PickedImage or None; the history starts anew.
        reconstruction_changed: Reconstruction or None of the image.
        step_changed: Step or None, the present state of the interventions.
        history_changed: steps came, went, have another name, or another one is the present.
        restored: a session is back; the name of the data set that its image is from.
        read_only_changed: why nothing can be done to what is shown, a sentence; empty when it can.
        variable_changed: node or None; also when the variables chosen besides it are others.
        action_changed: action index or None, whose graph is shown.
        propagate_changed: whether do(variable) also moves its descendants.
    """

    run_changed = Signal(object)
    dataset_changed = Signal(object)
    image_changed = Signal(object)
    reconstruction_changed = Signal(object)
    step_changed = Signal(object)
    history_changed = Signal()
    restored = Signal(str)
    read_only_changed = Signal(str)
    variable_changed = Signal(object)
    action_changed = Signal(object)
    propagate_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run: RunInfo | None = None
        self.dataset: DatasetView | None = None
        self.image: PickedImage | None = None
        self.read_image: PickedImage | None = None  # which the reconstruction and the steps are of
        self.reconstruction: Reconstruction | None = None
        self.step: Step | None = None
        self.variable: int | None = None
        self.others: tuple[int, ...] = ()  # variables that are chosen besides it, in the order of choosing
        self.action: int | None = None
        self.propagate = True
        self.history = QUndoStack(self)  # the present branch, as far as undo and redo walk over it
        self.branches = Branches()
        self.read_only = ""
        self.restoring = False  # while a session comes back: everything is there, nothing is to be asked
        self._owner: SessionRun | None = None
        self._lining_up = False
        self.history.indexChanged.connect(self._on_index)

    @property
    def owner(self) -> SessionRun | None:
        """The run that the codes on show belong to, also when it could not be loaded."""
        return SessionRun.of(self.run) if self.run is not None else self._owner

    def variable_name(self, node: int) -> str:
        """Node index -> "codebook,row,column", of the run that the codes belong to."""
        grid = self.owner.grid if self.owner is not None else (1, 1, node + 1)
        return ",".join(str(int(i)) for i in np.unravel_index(node, grid))

    def set_run(self, run: RunInfo | None) -> None:
        """Another model: codes of the old one mean nothing any more, so everything read with it goes."""
        self.run = run
        self._set_read_only("", None)
        self._clear_reading()  # first: nobody may ask the new model about the old one's codes
        self.set_variable(None)
        self.set_action(None)
        self.run_changed.emit(run)

    def set_dataset(self, dataset: DatasetView | None) -> None:
        """Another data set; the present image stays."""
        self.dataset = dataset
        self.dataset_changed.emit(dataset)

    def set_image(self, image: PickedImage | None) -> None:
        """Another image. What was read from the old one stays until the new reading arrives.

        Where no model is there to read it, or no image, it goes at once.
        """
        self.image = image
        if self.read_only or image is None:
            self._set_read_only("", None)
            self._clear_reading()
        self.image_changed.emit(image)

    def set_reading(self, reconstruction: Reconstruction) -> None:
        """The model's reading of the image: a new history starts at its reconstruction."""
        self.read_image, self.reconstruction = self.image, reconstruction
        self.reconstruction_changed.emit(reconstruction)
        start = Step("reconstruction", reconstruction.codes, reconstruction.image)
        self._line_up(Branches([[start]]), 0)

    def restore(self, session: Restored) -> None:
        """Bring back a session: every field, with nothing read or computed anew."""
        self.restoring = True
        self.run = session.run
        self._clear_reading()
        self.set_variable(None)
        self.set_action(None)
        self._set_read_only(session.why, session.owner)
        self.run_changed.emit(session.run)
        self.image = session.image
        self.image_changed.emit(session.image)
        self.read_image, self.reconstruction = session.image, session.reconstruction
        self.reconstruction_changed.emit(session.reconstruction)
        self.set_propagate(session.propagate)
        if session.run is not None:
            self.set_variable(session.variable)
            self.set_action(session.action)
        self.restored.emit(session.dataset_name)
        self.restoring = False
        self._line_up(session.branches, session.index)

    # ------------------------------------------------------------ the history

    def intervene(self, step: Step) -> None:
        """Append a step and make it the present; what was undone stays reachable, as a branch of its own."""
        if self.step is None:
            raise RuntimeError("no image has been read yet")
        self.branches.grow(self.history.index(), step)
        self.history.push(_Intervene(self, self.step, step))

    def steps(self) -> list[Step]:
        """All steps of the present branch, also the undone ones; `history.index()` is the present."""
        return list(self.branches.path)

    def choose_branch(self, branch: int) -> None:
        """Go to where a branch ends."""
        if branch != self.branches.present:
            self.branches.present = branch
            self._line_up(self.branches, len(self.branches.path) - 1)

    def rename_step(self, place: int, name: str) -> None:
        """Call the present branch's step at `place` something else; an empty name is its label again."""
        self.branches.path[place].name = name.strip()
        self.history_changed.emit()

    def delete_step(self, place: int) -> None:
        """Delete the present branch's step at `place` and all that build on it, in all branches.

        Raises:
            ValueError: it is the start.
        """
        self.branches.remove(place)
        self._line_up(self.branches, min(self.history.index(), place - 1))

    def _line_up(self, branches: Branches, index: int) -> None:
        """Make the undo stack walk over the present branch, and stand at `index`."""
        self._lining_up = True  # pushing is redoing, but no step is gone to on the way
        self.branches = branches
        self.history.clear()
        for before, after in pairwise(branches.path):
            self.history.push(_Intervene(self, before, after))
        self.history.setIndex(index)
        self._lining_up = False
        if self.step is not branches.path[index]:
            self._set_step(branches.path[index])
        self.history_changed.emit()

    def _on_index(self, _index: int) -> None:
        if not self._lining_up:
            self.history_changed.emit()

    def close(self) -> None:
        """Before the window goes: the history says nothing while Qt takes it down."""
        self.history.blockSignals(True)

    @property
    def variables(self) -> tuple[int, ...]:
        """All chosen variables, the one that counts first; empty when there is none."""
        return () if self.variable is None else (self.variable, *self.others)

    def set_variable(self, variable: int | None) -> None:
        """Choose one node of the graph, or none."""
        self.set_variables(() if variable is None else (variable,))

    def set_variables(self, variables: tuple[int, ...]) -> None:
        """Choose nodes of the graph; the first counts, the others get what it gets."""
        variables = tuple(dict.fromkeys(variables))
        if variables != self.variables:
            self.variable = variables[0] if variables else None
            self.others = variables[1:]
            self.variable_changed.emit(self.variable)

    def toggle_variable(self, variable: int) -> None:
        """Choose a node besides those that are chosen, as the one that counts; or leave it out again."""
        if variable in self.variables:
            self.set_variables(tuple(v for v in self.variables if v != variable))
        else:
            self.set_variables((variable, *self.variables))

    def set_action(self, action: int | None) -> None:
        """Choose the action whose graph is shown; None is the base graph."""
        if action != self.action:
            self.action = action
            self.action_changed.emit(action)

    def set_propagate(self, propagate: bool) -> None:
        """Choose what do(variable) moves: only the variable, or its descendants too."""
        if propagate != self.propagate:
            self.propagate = propagate
            self.propagate_changed.emit(propagate)

    def _set_step(self, step: Step | None) -> None:
        if not self._lining_up:
            self.step = step
            self.step_changed.emit(step)

    def _set_read_only(self, why: str, owner: SessionRun | None) -> None:
        self._owner = owner
        if why != self.read_only:
            self.read_only = why
            self.read_only_changed.emit(why)

    def _clear_reading(self) -> None:
        self.read_image, self.reconstruction = None, None
        self.branches = Branches()
        self.history.clear()
        self.reconstruction_changed.emit(None)
        self._set_step(None)
