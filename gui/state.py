"""The one state of the window: what is chosen now, and the history of interventions.

Views never talk to each other: they emit what the user did, the main window writes it here, and each
field's signal brings all views up to date.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine.results import BoolArray, Codes, Image, Reconstruction, RunInfo
from gui.replies import DatasetView, PickedImage


@dataclass(frozen=True, eq=False)
class Step:
    """One state in the history of interventions.

    Attributes:
        label: what led here ("object_hue +", "do(0,3,4 = 17)", "reconstruction").
        python: the same as a line of Python for a notebook, empty for the start.
        moves: factor and signed number of steps that this step asks of it, None when it asks of none.
        moved, targets: variables that changed / were intervened on by this step, [N]; None at the start.
    """

    label: str
    codes: Codes
    image: Image
    moved: BoolArray | None = None
    targets: BoolArray | None = None
    python: str = ""
    moves: tuple[int, int] | None = None


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
        variable_changed: node or None.
        action_changed: action index or None, whose graph is shown.
        propagate_changed: whether do(variable) also moves its descendants.
    """

    run_changed = Signal(object)
    dataset_changed = Signal(object)
    image_changed = Signal(object)
    reconstruction_changed = Signal(object)
    step_changed = Signal(object)
    variable_changed = Signal(object)
    action_changed = Signal(object)
    propagate_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run: RunInfo | None = None
        self.dataset: DatasetView | None = None
        self.image: PickedImage | None = None
        self.reconstruction: Reconstruction | None = None
        self.step: Step | None = None
        self.variable: int | None = None
        self.action: int | None = None
        self.propagate = True
        self.history = QUndoStack(self)

    def set_run(self, run: RunInfo | None) -> None:
        """Another model: codes of the old one mean nothing any more, so everything read with it goes."""
        self.run = run
        self._clear_reading()  # first: nobody may ask the new model about the old one's codes
        self.set_variable(None)
        self.set_action(None)
        self.run_changed.emit(run)

    def set_dataset(self, dataset: DatasetView | None) -> None:
        """Another data set; the present image stays."""
        self.dataset = dataset
        self.dataset_changed.emit(dataset)

    def set_image(self, image: PickedImage | None) -> None:
        """Another image. What was read from the old one stays until the new reading arrives."""
        self.image = image
        self.image_changed.emit(image)

    def set_reading(self, reconstruction: Reconstruction) -> None:
        """The model's reading of the image: a new history starts at its reconstruction."""
        self.reconstruction = reconstruction
        self.history.clear()
        self.reconstruction_changed.emit(reconstruction)
        self._set_step(Step("reconstruction", reconstruction.codes, reconstruction.image))

    def intervene(self, step: Step) -> None:
        """Append a step to the history (undone steps are dropped) and make it the present."""
        if self.step is None:
            raise RuntimeError("no image has been read yet")
        self.history.push(_Intervene(self, self.step, step))

    def steps(self) -> list[Step]:
        """All steps of the history from its start, also the undone ones; `history.index()` is the present."""
        commands = [self.history.command(i) for i in range(self.history.count())]
        steps = [command.after for command in commands if isinstance(command, _Intervene)]
        first = next((c.before for c in commands if isinstance(c, _Intervene)), self.step)
        return ([first] if first is not None else []) + steps

    def close(self) -> None:
        """Before the window goes: the history says nothing while Qt takes it down."""
        self.history.blockSignals(True)

    def set_variable(self, variable: int | None) -> None:
        """Choose a node of the graph, or none."""
        if variable != self.variable:
            self.variable = variable
            self.variable_changed.emit(variable)

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
        self.step = step
        self.step_changed.emit(step)

    def _clear_reading(self) -> None:
        self.reconstruction = None
        self.history.clear()
        self.reconstruction_changed.emit(None)
        self._set_step(None)
