"""The difference that an action makes to the graph: computed, drawn, told, and off where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QScrollArea

from datasets.shapes import ShapesSource
from engine.results import CausalGraph, RunInfo
from gui.explore.graph_difference import GAINED, KEPT, LOST, compare
from gui.explore.graph_legend import Legend
from gui.explore.graph_panel import GraphPanel
from gui.explore.node_colours import NodeColours

N = 4


def matrix(*edges: tuple[int, int, float]) -> np.ndarray:
    found = np.zeros((N, N), np.float32)
    for i, j, probability in edges:
        found[i, j] = probability
    return found


BASE = matrix((0, 1, 0.9), (1, 2, 0.8), (2, 3, 0.3))
ACTED = matrix((0, 1, 0.7), (1, 2, 0.1), (2, 3, 0.95), (3, 0, 0.6))


def graph(action: str = "shape+") -> CausalGraph:
    edges = BASE if action == "none" else ACTED
    return CausalGraph(edges, np.zeros(N, np.float32), np.ones(N, np.float32), action, BASE)


def test_edges_are_gained_lost_and_kept() -> None:
    """The threshold decides; the largest change comes first; a lost edge has its old probability."""
    found = compare(BASE, ACTED, 10)
    assert found.gained.pairs.tolist() == [[2, 3], [3, 0]]
    assert found.lost.pairs.tolist() == [[1, 2]]
    assert found.lost.probabilities.tolist() == pytest.approx([0.8])
    assert found.kept.pairs.tolist() == [[0, 1]]
    assert found.counts == {GAINED: 2, LOST: 1, KEPT: 1}
    assert [found.kind(line) for line in range(4)] == [GAINED, GAINED, LOST, KEPT]
    assert found.all.pairs.tolist() == [[2, 3], [3, 0], [1, 2], [0, 1]]


@given(seed=st.integers(0, 2**31), count=st.integers(0, 40))
def test_as_many_edges_as_asked_for_and_changes_first(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    base, acted = rng.random((6, 6), dtype=np.float32), rng.random((6, 6), dtype=np.float32)
    found = compare(base, acted, count)
    assert sum(found.counts.values()) == int(((base > 0.5) | (acted > 0.5)).sum())
    assert len(found.all.pairs) == min(count, sum(found.counts.values()))
    changes = found.counts[GAINED] + found.counts[LOST]
    assert len(found.gained.pairs) + len(found.lost.pairs) == min(count, changes)


@pytest.fixture
def panel(qtbot) -> GraphPanel:
    made = GraphPanel()
    qtbot.addWidget(made)
    made.resize(700, 400)
    made.show()
    space = ShapesSource().space
    made.set_run(RunInfo("a", Path("a"), "shapes", space, (8, 8, 3), (1, 2, 2), 16, "cpu", 1))
    made.set_graph(graph("none"))
    return made


def test_only_a_graph_under_an_action_has_a_difference(qtbot, panel: GraphPanel) -> None:
    """Off at first, with a word why; on, it says what the action gains and loses, in the table too."""
    assert not panel.compare_choice.isEnabled()
    assert "Choose" in panel.compare_choice.toolTip()
    panel.set_action(4)
    panel.set_graph(graph())
    qtbot.mouseClick(panel.compare_choice, Qt.MouseButton.LeftButton)
    assert panel.compare_choice.isChecked()
    assert panel.reading.text() == "+2 −1"
    assert "2 edges gained, 1 lost, 1 kept" in panel.reading.toolTip()
    assert "difference from the base graph" in panel.says()
    model = panel.table_model
    assert model.columnCount() == 4
    assert [model.data(model.index(line, 3)) for line in range(4)] == [
        f"{GAINED}: 0.30 → 0.95", f"{GAINED}: 0.00 → 0.60", f"{LOST}: 0.80 → 0.10", f"{KEPT}: 0.90 → 0.70"
    ]  # fmt: skip
    panel.table_switch.click()
    qtbot.wait(10)
    words = panel.table.fontMetrics().horizontalAdvance(str(model.data(model.index(0, 3))))
    assert panel.table.columnWidth(3) > words + 8  # not cut in the smallest usual window
    panel.set_action(None)
    panel.set_graph(graph("none"))
    assert panel.reading.text().startswith("2, p")
    assert model.columnCount() == 3


def test_gained_and_lost_edges_are_drawn_apart(qtbot, panel: GraphPanel) -> None:
    """Each in its own layer, lost ones dashed; the neighbours of a node are those of both graphs."""
    panel.set_action(4)
    panel.set_graph(graph())
    panel.compare_choice.setChecked(True)
    found = panel.view.difference
    assert found is not None
    assert len(panel.view.shown.pairs) == 4
    assert panel.view.neighbours(2) == ([1], [3])
    pictures = []
    for checked in (True, False):
        panel.compare_choice.setChecked(checked)
        qtbot.wait(20)
        pictures.append(panel.grab().toImage())
    assert pictures[0] != pictures[1]
    assert panel.view.difference is None


def test_edges_below_the_threshold_are_hidden_and_the_choice_is_said(panel: GraphPanel) -> None:
    """What the model uses at first; lowered, more is drawn and the tool tip says what the model uses."""
    assert panel.above.text() == "p above 0.50"
    assert panel.view.shown.pairs.tolist() == [[0, 1], [1, 2]]
    assert "the model uses" not in panel.threshold.toolTip()
    panel.threshold.setValue(20)
    assert panel.above.text() == "p above 0.20"
    assert panel.view.shown.pairs.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert "the model uses those above 0.5" in panel.threshold.toolTip()
    panel.threshold.setValue(85)
    assert panel.view.shown.pairs.tolist() == [[0, 1]]
    panel.count.setValue(0)
    assert len(panel.view.shown.pairs) == 0


@pytest.mark.parametrize("compares", [False, True])
def test_the_legend_shows_its_last_line_in_the_smallest_usual_window(qtbot, compares: bool) -> None:
    """Six factors and both kinds of changed edges fit the height that 1280 x 800 leaves; lines stay apart."""
    legend = Legend()
    qtbot.addWidget(legend)
    legend.set_colours(NodeColours([], "targeted most by", tuple((f"f{n}", QColor("red")) for n in range(6))))
    legend.set_compares(compares)
    assert legend.rows() == 13 + 2 * compares
    for height in (190, 210, 600):
        legend.resize(112, height)
        last = legend.TOP + (legend.rows() - 1) * legend.pitch()
        assert last + 6 <= height
        assert legend.CLOSEST <= legend.pitch() <= legend.LINE


def test_a_long_legend_can_be_scrolled(qtbot) -> None:
    """Nine factors, none, and both kinds of changed edges: more lines than room, and the last can be seen."""
    panel = GraphPanel()
    qtbot.addWidget(panel)
    panel.resize(600, 330)
    panel.show()
    entries = tuple((f"f{n}", QColor("red")) for n in range(10))
    panel.legend.set_colours(NodeColours([], "targeted most by", entries))
    panel.legend.set_compares(True)
    scroll = panel.findChild(QScrollArea, "graph_legend_scroll")
    qtbot.waitUntil(lambda: scroll.verticalScrollBar().maximum() > 0)
    assert panel.legend.height() >= panel.legend.TOP + panel.legend.CLOSEST * (panel.legend.rows() - 1)


def test_a_dragged_slider_is_followed_roughly(panel: GraphPanel) -> None:
    """While a slider is held the edges are drawn fast, and smoothly again when it is let go."""
    layers = panel.view._drawing.layers
    for slider in (panel.count, panel.threshold):
        slider.setSliderDown(True)
        assert all(layer._rough for layer in layers)
        slider.setSliderDown(False)
        assert not any(layer._rough for layer in layers)
