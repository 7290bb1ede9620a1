"""Which graph Explore shows and where it comes from, and what each variable moves. No widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.results import CausalGraph, Codes, RunInfo
from gui import requests as rq
from gui.history import Step
from gui.state import Selection

if TYPE_CHECKING:
    from engine.metrics.variable_effects import VariableEffects


class GraphPresenter(QObject):
    """The graph of the present step, base or under the chosen action, or the mean over images.

    Signals:
        asked: a Request.
        cancelled: kind of a request whose answer is no longer wanted.
        warned: a sentence for the user.
        graph_read: the CausalGraph to show.
        images_changed: of how many images the shown graph is the mean; 1 is the present image's own.
        effects_read: VariableEffects of the present run.
        effects_refused: they cannot be measured.

    Attributes:
        base: the newest base graph of the present image, None before there is one.
    """

    asked = Signal(object)
    cancelled = Signal(str)
    warned = Signal(str)
    graph_read = Signal(object)
    images_changed = Signal(int)
    effects_read = Signal(object)
    effects_refused = Signal()

    def __init__(self, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._selection = selection
        self.base: CausalGraph | None = None
        self._start: tuple[Codes, CausalGraph] | None = None  # the base graph that came with the reading
        self._graph_of: Step | None = None  # the step whose graph has been asked for
        self._images = 1
        self._mean_of: tuple[object, ...] = ()  # what the mean on its way, or on show, is of
        self._mean_came = False  # at least some of it
        self._effects_of: RunInfo | None = None  # the run whose variables are measured
        selection.run_changed.connect(self._on_run)
        selection.step_changed.connect(self._on_step)
        selection.action_changed.connect(lambda _action: self._show())
        selection.dataset_changed.connect(lambda _dataset: self._on_dataset())

    def begin(self, codes: Codes, graph: CausalGraph) -> None:
        """The image has been read: its codes, and the base graph that came with them."""
        self._start = (codes, graph)

    def on_graph(self, graph: CausalGraph) -> None:
        """A graph has arrived; one of another step than the present says nothing any more."""
        if self._graph_of is None or self._graph_of is not self._selection.step:
            return
        if graph.action == "none":
            self.base = graph
        if self._images == 1:
            self.graph_read.emit(graph)

    # ------------------------------------------------------------ the mean over images

    def average(self, images: int) -> None:
        """Show the mean graph of so many validation images; 1 shows the present image's own."""
        if images > 1 and self._selection.dataset is None:
            self.warned.emit("A mean is over images of a data set; open one in the Library.")
            images = 1
        if images == 1:
            self.cancelled.emit(rq.kind_of(rq.AverageGraph))
        self._images, self._mean_of = images, ()
        self.images_changed.emit(images)
        self._show()

    def on_mean(self, graph: CausalGraph) -> None:
        """A mean graph, of some of the images at first; dropped where it is no longer the one on show."""
        if self._images > 1 and self._mean_of == self._mean_wanted():
            self._mean_came = True
            self.graph_read.emit(graph)

    def on_ended(self, kind: str) -> None:
        """A mean that was cancelled before it showed anything gives way to the present image's own graph."""
        wanted = self._images > 1 and self._mean_of == self._mean_wanted()
        if kind == rq.kind_of(rq.AverageGraph) and wanted and not self._mean_came:
            self.average(1)

    def on_failed(self, kind: str) -> None:
        """Where there is no mean, the present image has its graph still."""
        if kind == rq.kind_of(rq.AverageGraph):
            self.average(1)

    def _mean_wanted(self) -> tuple[object, ...]:
        chosen = self._selection
        return chosen.run, chosen.dataset, chosen.action, self._images

    def _ask_mean(self, run: RunInfo) -> None:
        """Once for each question; the present step has no part in it."""
        dataset = self._selection.dataset
        if dataset is not None and self._mean_of != self._mean_wanted():
            self._mean_of, self._mean_came = self._mean_wanted(), False
            action = self._selection.action
            self.asked.emit(rq.AverageGraph(str(run.path), dataset.dataset, action, self._images))

    # ------------------------------------------------------------ what variables move

    def measure_effects(self) -> None:
        """Measure which factors each variable moves."""
        run, dataset = self._selection.run, self._selection.dataset
        if run is None or dataset is None or run.space != dataset.space:
            self.warned.emit(
                "What variables move is measured on images of the run's own data set; open it first."
            )
            self.effects_refused.emit()
            return
        self._effects_of = run
        self.asked.emit(rq.MeasureEffects(str(run.path), dataset.dataset))

    def on_effects(self, effects: VariableEffects) -> None:
        """What was measured; dropped where another run has been chosen meanwhile."""
        if self._effects_of is not None and self._effects_of is self._selection.run:
            self.effects_read.emit(effects)

    # ------------------------------------------------------------ what is chosen changes

    def _on_run(self, _run: RunInfo | None) -> None:
        self._start = self.base = self._graph_of = self._effects_of = None
        self._mean_of = ()
        for kind in (rq.AverageGraph, rq.MeasureEffects):
            self.cancelled.emit(rq.kind_of(kind))

    def _on_dataset(self) -> None:
        self._effects_of, self._mean_of = None, ()
        self.cancelled.emit(rq.kind_of(rq.MeasureEffects))
        if self._images > 1:
            self._show()

    def _on_step(self, step: Step | None) -> None:
        if step is None:
            self._mean_of = ()  # the view has forgotten it
            self.cancelled.emit(rq.kind_of(rq.AverageGraph))
        if step is not None and self._start is not None and step.codes is self._start[0]:
            self.base = self._start[1]
        self._show()

    def _show(self) -> None:
        """Show the wanted graph if it is there, or ask for it."""
        run, step = self._selection.run, self._selection.step
        if run is None or step is None:
            return
        at_start = self._start is not None and step.codes is self._start[0]
        if self._images > 1:
            self._ask_mean(run)
            if not at_start:  # the traversal's rows are chosen by the base graph of the present state
                self._ask_graph(run, step, None)
        elif at_start and self._selection.action is None:
            self._graph_of = None  # it came with the reading; a later step's answer would be wrong
            self.graph_read.emit(self.base)
        else:
            self._ask_graph(run, step, self._selection.action)

    def _ask_graph(self, run: RunInfo, step: Step, action: int | None) -> None:
        self._graph_of = step
        self.asked.emit(rq.Graph(str(run.path), step.codes, action))
