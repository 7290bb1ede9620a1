"""Explore's order of events: late answers, undo under way, another run, another data set."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QObject

from datasets.factors import FactorSpace
from datasets.shapes import ShapesSource
from engine.results import (
    CausalGraph,
    Intervention,
    LoadedImage,
    Reconstruction,
    RunInfo,
    TraversalRow,
)
from engine.session import SessionRun
from gui import requests as rq
from gui.explore.graph_presenter import GraphPresenter
from gui.explore.presenter import ExplorePresenter
from gui.history import Branches, Step
from gui.replies import DatasetView, PickedImage, ShownImage, Targets
from gui.state import Restored, Selection

SPACE: FactorSpace = ShapesSource().space
NUM = 4


def run_info(name: str = "a", dataset: str = "shapes") -> RunInfo:
    return RunInfo(name, Path(name), dataset, SPACE, (8, 8, 3), (1, 2, 2), 16, "cpu", 1)


def dataset_view(name: str = "shapes") -> DatasetView:
    return DatasetView(name, name, Path(f"{name}.h5"), SPACE, (8, 8, 3), 1, {}, {}, 0, True)


def codes(value: int) -> np.ndarray:
    return np.full(NUM, value, np.int64)


def image(value: int = 0) -> np.ndarray:
    return np.full((8, 8, 3), value, np.uint8)


def graph(action: str = "none") -> CausalGraph:
    edges = np.zeros((NUM, NUM), np.float32)
    return CausalGraph(edges, np.zeros(NUM, np.float32), np.ones(NUM), action, edges)


def outcome(value: int, moved: int = 1) -> Intervention:
    return Intervention(codes(value), image(value), np.arange(NUM) < moved, np.arange(NUM) < 1)


class Desk:
    """The presenter without a window or an engine: what it asks is collected, the test answers."""

    def __init__(self) -> None:
        self.root = QObject()
        self.selection = Selection(self.root)
        self.graph_presenter = GraphPresenter(self.selection, self.root)
        self.presenter = ExplorePresenter(self.selection, self.graph_presenter, self.root)
        self.asked: list[rq.Request] = []
        self.graphs: list[CausalGraph] = []
        for presenter in (self.graph_presenter, self.presenter):
            presenter.asked.connect(self.asked.append)
        self.graph_presenter.graph_read.connect(self.graphs.append)

    def read(self, value: int = 0) -> ShownImage:
        """An image is read by the model; returns what was read."""
        seen = self.selection.image.loaded.image
        shown = ShownImage(seen, Reconstruction(codes(value), image(), image(), 30.0), graph())
        self.presenter.on_shown(shown)
        return shown

    def last(self, kind: type[rq.Request]) -> rq.Request:
        return next(request for request in reversed(self.asked) if isinstance(request, kind))


@pytest.fixture
def desk(qapp) -> Desk:
    made = Desk()
    made.selection.set_run(run_info())
    made.selection.set_image(PickedImage(LoadedImage(image()), 0, "test"))
    made.read()
    yield made
    made.selection.close()


def test_a_new_run_is_not_asked_about_the_old_codes(desk: Desk) -> None:
    """With a variable and an action chosen, another run asks only for its own reading of the image."""
    desk.selection.set_variable(2)
    desk.selection.set_action(1)
    desk.asked.clear()
    desk.selection.set_run(run_info("b"))
    assert [type(request) for request in desk.asked] == [rq.ShowImage]


def test_the_reading_of_an_image_that_was_left_is_dropped(desk: Desk) -> None:
    """Another image came while the model read: its answer does not stand beside the new one."""
    late = ShownImage(
        desk.selection.image.loaded.image, Reconstruction(codes(7), image(), image(), 1.0), graph()
    )
    desk.selection.set_image(PickedImage(LoadedImage(image(9)), 1, "test"))
    desk.presenter.on_shown(late)
    assert desk.selection.reconstruction is not late.reconstruction


def test_undo_to_the_start_shows_the_graph_of_the_start(desk: Desk) -> None:
    """Not the newest base graph; and the later step's answer, when it comes at last, is dropped."""
    first = desk.read().graph
    desk.presenter.act(0)
    desk.presenter.on_intervention(rq.kind_of(rq.ApplyAction), outcome(1))
    later = graph()
    desk.graph_presenter.on_graph(later)
    assert desk.graphs[-1] is later
    desk.selection.history.undo()
    assert desk.graphs[-1] is first
    desk.graph_presenter.on_graph(graph())
    assert desk.graphs[-1] is first


def test_an_intervention_that_was_overtaken_makes_no_step(desk: Desk) -> None:
    """Undo while an action is under way: its answer belongs to no step that is present, and is dropped."""
    kind = rq.kind_of(rq.ApplyAction)
    desk.presenter.act(0)
    desk.presenter.on_intervention(kind, outcome(1))
    desk.presenter.act(0)
    desk.selection.history.undo()
    desk.presenter.on_intervention(kind, outcome(2))
    assert desk.selection.step is not None
    assert desk.selection.step.label == "reconstruction"
    desk.presenter.act(1)  # nothing is stuck: the next click is asked about the present step
    assert desk.last(rq.ApplyAction).codes is desk.selection.step.codes


def test_an_answer_of_another_kind_is_not_taken_for_the_awaited_one(desk: Desk) -> None:
    """An old do(variable)'s answer does not become the step that the action was asked for."""
    desk.presenter.act(0)
    desk.presenter.on_intervention(rq.kind_of(rq.DoVariables), outcome(9))
    assert desk.selection.history.count() == 0
    desk.presenter.on_intervention(rq.kind_of(rq.ApplyAction), outcome(1))
    assert [step.label for step in desk.selection.steps()[1:]] == [SPACE.action_names[0]]


def row(title: str = "shape", effect: float = 0.5) -> TraversalRow:
    images = np.zeros((3, 8, 8, 3), np.uint8)
    return TraversalRow(title, ("-1", "0", "+3"), images, np.stack([codes(k) for k in range(3)]), effect)


def test_rows_of_an_older_step_or_image_are_not_taken(desk: Desk) -> None:
    """A cell of the traversal counts only where the traversal started from what is present."""
    desk.presenter.take_state(row(), 2)
    assert desk.selection.history.count() == 1
    desk.selection.set_image(PickedImage(LoadedImage(image(9)), 1, "test"))
    desk.presenter.take_state(row(), 0)
    assert desk.selection.history.count() == 1


def test_a_traversal_cell_is_counted_as_steps_of_its_factor(desk: Desk) -> None:
    """ "shape +3" asks three steps of the factor shape; a variable's cell asks none."""
    desk.presenter.take_state(row("shape"), 2)
    assert desk.selection.step is not None
    assert desk.selection.step.moves == (SPACE.factor_index("shape"), 3)
    desk.presenter.take_state(row("0,1,1"), 2)
    assert desk.selection.step.moves is None


@pytest.mark.parametrize(("column", "name"), [(2, "shape+"), (0, "shape-")])
def test_a_traversal_cell_is_written_as_its_actions(desk: Desk, column: int, name: str) -> None:
    """Run as Python, the line does the action as often as the label says and keeps its image and codes."""
    desk.presenter.take_state(row("shape"), column)
    assert desk.selection.step is not None
    asked: list[int] = []

    class Counting:
        def apply_action(self, codes: np.ndarray, action: int) -> SimpleNamespace:
            asked.append(action)
            return SimpleNamespace(codes=codes + 1, image=len(asked))

    names = {"explorer": Counting(), "codes": codes(0), "image": 0}
    exec(desk.selection.step.python, names)
    times = 3 if column == 2 else 1
    assert asked == [SPACE.action_index(name)] * times
    assert names["image"] == times
    assert np.array_equal(names["codes"], codes(0) + times)


def test_another_run_cancels_what_was_read_for_the_old_one(desk: Desk) -> None:
    """Traversal and targets are cancelled; an answer that was already on its way is dropped."""
    cancelled: list[str] = []
    seen: list[object] = []
    desk.presenter.cancelled.connect(cancelled.append)
    desk.presenter.targets_read.connect(seen.append)
    desk.presenter.on_targets(Targets(np.zeros((12, NUM), np.float32)))
    assert len(seen) == 1
    desk.selection.set_run(run_info("b"))
    assert set(cancelled) == {rq.kind_of(rq.Traverse), rq.kind_of(rq.ReadTargets)}
    desk.presenter.on_targets(Targets(np.zeros((12, NUM), np.float32)))
    assert len(seen) == 1


def test_another_data_set_brings_one_of_its_own_images(desk: Desk) -> None:
    """The picture of the old set goes; the same set opened again changes nothing."""
    desk.selection.set_dataset(dataset_view("shapes"))
    desk.asked.clear()
    desk.selection.set_dataset(dataset_view("shapes"))
    assert [type(request) for request in desk.asked] == [rq.ReadFactors]
    desk.selection.set_dataset(dataset_view("sprites"))
    assert desk.last(rq.PickImage).dataset == "sprites"


def test_a_session_keeps_its_image_when_its_data_set_opens(desk: Desk) -> None:
    """Over another set: the session's set comes after its image, and brings none of its own."""
    desk.selection.set_dataset(dataset_view("sprites"))
    start, run = Step("reconstruction", codes(3), image(3)), run_info("b")
    picked = PickedImage(LoadedImage(image(5)), 0, "test")
    reading = Reconstruction(start.codes, start.image, image(), 30.0)
    desk.asked.clear()
    desk.selection.restore(
        Restored(run, SessionRun.of(run), "", "shapes", picked, reading, Branches([[start]]), 0, 2)
    )
    desk.selection.set_dataset(dataset_view("shapes"))
    assert desk.selection.image is picked
    kinds = [type(request) for request in desk.asked]
    assert kinds == [rq.ReadTargets, rq.Graph, rq.MakePalette, rq.ReadFactors, rq.Traverse, rq.ReadFactors]


def test_a_propagated_do_that_moves_most_variables_is_said(desk: Desk) -> None:
    """More than half moved: how many, in words; one that moves few says nothing, one that moves none does."""
    said: list[str] = []
    desk.presenter.hinted.connect(said.append)
    for moved in (2, 3):
        desk.presenter.do_code((1,), 5)
        desk.presenter.on_intervention(rq.kind_of(rq.DoVariables), outcome(moved, moved))
    assert len(said) == 1
    assert said[0].startswith("3 of 4 variables moved")
    desk.presenter.act(0)
    desk.presenter.on_intervention(rq.kind_of(rq.ApplyAction), outcome(3, 0))
    assert said[1] == f"{SPACE.action_names[0]}: no effect; no variable has another code now."
