"""Explore: the action as a node, labels, planes, the keys + and −, comparing cells, results taken on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QToolTip

import datasets
from datasets.cache import Cache
from engine.metrics.probe_store import kept_probes
from engine.results import CausalGraph, TraversalRow
from gui.explore.action_panel import ActionPanel
from gui.explore.graph_items import EdgeLayer, curves_of
from gui.explore.graph_view import GraphView
from gui.explore.image_view import ImageColumn
from gui.explore.node_colours import NodeFacts, colour_nodes
from gui.explore.traversal_view import TraversalGrid, TraversalView, effect_words, enlarged
from gui.main_window import MainWindow
from tests.gui.conftest import picked, wait_idle

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def graph_of(count: int, action: str = "none", own: float = 1.0) -> CausalGraph:
    """A ring of edges; under an action, nodes 1 and 2 are its targets."""
    edges = np.zeros((count, count), np.float32)
    edges[np.arange(count), (np.arange(count) + 1) % count] = 0.9
    mask = np.zeros(count, np.float32)
    if action != "none":
        mask[[1, 2]] = 0.8
    return CausalGraph(edges, mask, np.full(count, own, np.float32), action, edges)


@pytest.fixture
def view(qtbot) -> GraphView:
    made = GraphView()
    qtbot.addWidget(made)
    made.resize(500, 500)
    made.show()
    made.set_variables((2, 2, 2))
    return made


@pytest.fixture
def tips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What tool tips say, which are not shown."""
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _where, text, *_more: said.append(text))
    return said


def test_the_action_is_a_node_with_arrows_to_its_targets(view: GraphView) -> None:
    """It stands above the variables, names the action, and goes with it."""
    view.set_graph(graph_of(8))
    assert not view.action_node.isVisible()
    assert view.sceneRect().top() == 0
    view.set_graph(graph_of(8, "shape+"))
    assert view.action_node.isVisible()
    assert view.action_node.name == "shape+"
    assert view.action_node.sceneBoundingRect().bottom() < min(n.y() for n in view.nodes)
    assert view.sceneRect().contains(view.action_node.sceneBoundingRect())
    arrows = view._drawing._action._strokes
    assert sum(stroke.heads.elementCount() for stroke in arrows) == 2 * 3  # a triangle each
    view.set_graph(graph_of(8))
    assert not view.action_node.isVisible()
    assert view._drawing._action._strokes == []


def test_a_click_on_the_action_applies_it(qtbot, ready: MainWindow) -> None:
    """do-action by clicking a node of the graph."""
    view = ready.explore.graph.view
    ready.selection.set_action(3)
    wait_idle(qtbot, ready)
    QTest.mouseClick(view.viewport(), LEFT, NONE, view.mapFromScene(view.action_node.scenePos()))
    qtbot.waitUntil(lambda: ready.selection.history.count() == 1)
    assert ready.selection.step.label == ready.selection.run.space.action_names[3]
    wait_idle(qtbot, ready)


def test_a_codebook_can_be_shown_alone(view: GraphView) -> None:
    """Its variables fill the image, edges to others are gone; then all come back."""
    view.set_graph(graph_of(8))
    small = view.nodes[5].radius
    assert len(view.shown.pairs) == 8
    view.set_plane(1)
    assert [node.isVisible() for node in view.nodes] == [False] * 4 + [True] * 4
    assert sorted(view.shown.pairs.tolist()) == [[4, 5], [5, 6], [6, 7]]
    assert view.nodes[5].radius > small
    assert view.nodes[5].pos() == view.nodes[1].pos()
    chosen: list[int] = []
    view.node_chosen.connect(chosen.append)
    view.set_selected(())
    QTest.keyClick(view, Qt.Key.Key_Right)  # no variable is chosen: the first that is shown
    view.set_selected((4,))
    QTest.keyClick(view, Qt.Key.Key_Right)  # to the one beside it, not to the hidden one at its place
    assert chosen == [4, 5]
    view.set_plane(None)
    assert all(node.isVisible() for node in view.nodes)
    assert len(view.shown.pairs) == 8


def test_what_is_walked_to_comes_into_sight(view: GraphView) -> None:
    """Zoomed in by keys, to the other corner by keys; 0 shows everything again."""
    view.set_variables((1, 8, 8))
    view.node_chosen.connect(lambda node: view.set_selected((node,)))
    view.setFocus()
    before = view.transform().m11()
    for _ in range(8):
        QTest.keyClick(view, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(view, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    assert view.transform().m11() > 4 * before
    for _ in range(8):
        QTest.keyClick(view, Qt.Key.Key_Right)
        QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.selected == (63,)
    assert view.viewport().rect().contains(view.mapFromScene(view.nodes[63].scenePos()))
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.transform().m11() == pytest.approx(before)


def test_edges_are_not_drawn_again_while_the_mouse_moves(
    view: GraphView, monkeypatch: pytest.MonkeyPatch, qapp: QApplication
) -> None:
    """In a large window too, whose layers take more room than Qt would keep by itself."""
    drawn: list[EdgeLayer] = []
    paint = EdgeLayer.paint
    monkeypatch.setattr(
        EdgeLayer, "paint", lambda layer, *more: (drawn.append(layer), paint(layer, *more))[1]
    )
    view.resize(1900, 1400)
    view.set_graph(graph_of(8, "shape+"))
    qapp.processEvents()
    view.grab()
    before = drawn.count(view._drawing._plain)
    for node in (1, 5, 2):
        view._on_hover(node)
        qapp.processEvents()
        view.grab()
    assert before > 0
    assert drawn.count(view._drawing._plain) == before


def words_on_edge(view: GraphView, cause: int) -> str:
    """What is said where the edge of a cause passes beside all nodes."""
    line = int(np.flatnonzero(view.shown.pairs[:, 0] == cause)[0])
    points = curves_of(view.shown, view.positions, view.nodes[0].radius)[line].tolist()
    places = [view.mapFromScene(*point) for point in points]
    free = [place for place in places if view.is_background(view.itemAt(place))]
    return view.words_at(free[len(free) // 2])


def test_numbers_are_told_on_hover(view: GraphView, tips: list[str]) -> None:
    """Of a node, by T too; of the edge under the mouse with the base graph's; of a mean its spread."""
    view.set_graph(graph_of(8, "shape+"))
    told = view.words_at(view.mapFromScene(view.nodes[1].scenePos()))
    for line in ("Target of shape+: 0.80", "Causes: 0,0,0 0.90", "Effects: 0,1,0 0.90", "own code: 1.00"):
        assert line in told
    view.set_selected((1,))
    QTest.keyClick(view, Qt.Key.Key_T)
    assert tips == [told]
    words = words_on_edge(view, 1)
    assert words.startswith("0,0,1 → 0,1,0: probability 0.900\nunder shape+; 0.900 in the base graph")
    assert view.words_at(QPoint(2, 2)) == ""
    view.set_graph(replace(graph_of(8), images=16, spread=np.full((8, 8), 0.02, np.float32)))
    assert words_on_edge(view, 1).endswith("0.900 ± 0.020, mean and standard deviation of 16 images")


def test_a_node_is_as_large_as_it_keeps_its_own_code(view: GraphView) -> None:
    """Own 0 is the smallest, own 1 the full size."""
    view.set_graph(graph_of(8, own=1.0))
    assert view.nodes[0].look.size == pytest.approx(1.0)
    view.set_graph(graph_of(8, own=0.0))
    assert view.nodes[0].look.size == pytest.approx(0.6)


@pytest.mark.parametrize(("scheme", "key"), [("target", "mask"), ("own", "own")])
def test_colours_by_a_probability(scheme: str, key: str) -> None:
    """Equal numbers have equal colours; the legend goes from 0 to 1."""
    facts = NodeFacts(**{key: np.array([0.0, 0.5, 0.5, 1.0], np.float32)})
    found = colour_nodes(scheme, facts)
    names = [fill.name() for fill in found.fills]
    assert names[1] == names[2]
    assert len(set(names)) == 3
    assert [text for text, _ in found.entries] == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert [found.entries[0][1].name(), found.entries[-1][1].name()] == [names[0], names[3]]


def test_plus_and_minus_apply_the_chosen_factor(qtbot, ready: MainWindow) -> None:
    """From the graph: Page Down twice, plus, plus, minus; a button's factor is the chosen one afterwards."""
    view, panel = ready.explore.graph.view, ready.explore.action_panel
    view.setFocus()
    assert "<b>" in panel._names[0].text()
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Minus):
        QTest.keyClick(view, key)
    qtbot.waitUntil(lambda: ready.selection.history.count() == 3)
    assert [s.label for s in ready.selection.steps()[1:]] == ["object_hue+", "object_hue+", "object_hue-"]
    ready.toggle_theme()  # the mark outlives a change of colours
    assert ["<b>" in name.text() for name in panel._names] == [False, False, True, False, False, False]
    ready.toggle_theme()
    wait_idle(qtbot, ready)
    next(b for b in panel.buttons if b.objectName() == "action_shape_raise").click()
    QTest.keyClick(view, Qt.Key.Key_Minus)
    qtbot.waitUntil(lambda: ready.selection.history.count() == 5)
    assert ready.selection.step.label == "shape-"
    wait_idle(qtbot, ready)


def test_the_result_can_be_taken_on_as_the_image(qtbot, ready: MainWindow) -> None:
    """It is read anew, with a history of its own; without an intervention there is no result."""
    take = ready.findChild(QAction, "action_take_result")
    take.trigger()
    assert "no result yet" in ready.messages.text
    ready.explore.action_panel.buttons[1].click()
    qtbot.waitUntil(lambda: ready.selection.history.count() == 1)
    result = ready.selection.step.image
    before = picked(ready).loaded.source
    take.trigger()
    qtbot.waitUntil(lambda: picked(ready).loaded.source == f"{before} after 1 intervention")
    wait_idle(qtbot, ready)
    assert np.array_equal(picked(ready).loaded.image, result)
    assert ready.selection.history.count() == 0


def test_the_copied_graph_is_what_is_drawn(qtbot, ready: MainWindow) -> None:
    """The lines, run by themselves, give networkx the drawn edges with their probabilities."""
    ready.findChild(QAction, "action_copy_graph").trigger()
    names: dict[str, object] = {}
    exec(QGuiApplication.clipboard().text(), names)
    graph, shown = names["graph"], ready.explore.graph.view.shown
    assert isinstance(graph, nx.DiGraph)
    assert graph.number_of_edges() == len(shown.pairs)
    (cause, effect), chance = shown.pairs[0], shown.probabilities[0]
    name = ready.selection.run.variable_name
    assert graph.edges[name(int(cause)), name(int(effect))]["probability"] == pytest.approx(chance, abs=1e-4)
    wait_idle(qtbot, ready)


def row(title: str, value: int) -> TraversalRow:
    images = np.full((3, 8, 8, 3), value, np.uint8)
    images[:, 0, 0] = np.arange(3)[:, None] * 40
    return TraversalRow(title, ("-1", "0", "+1"), images, np.arange(12).reshape(3, 4), 0.1)


def test_a_drag_from_cell_to_cell_compares_and_a_click_chooses(qtbot) -> None:
    """Released where it was pressed, a cell is chosen; elsewhere, the two are compared; C is for the keys."""
    view = TraversalView()
    qtbot.addWidget(view)
    view.resize(600, 300)
    view.show()
    view.begin(2)
    view.add_row(row("a", 10))
    view.add_row(row("b", 20))
    view.finish()
    chosen: list[int] = []
    compared: list[tuple[str, str | None]] = []
    view.state_chosen.connect(lambda _row, column: chosen.append(column))
    view.compared.connect(lambda a, b: compared.append((a.label, None if b is None else b.label)))
    first, second = (view.grid.cell_rect(*cell).center() for cell in ((0, 0), (1, 2)))
    QTest.mouseClick(view.grid, LEFT, NONE, first)
    assert (chosen, compared) == ([0], [])
    QTest.mousePress(view.grid, LEFT, NONE, first)
    QTest.mouseMove(view.grid, second)
    QTest.mouseRelease(view.grid, LEFT, NONE, second)
    assert (chosen, compared) == ([0], [("a -1", "b +1")])
    QTest.mousePress(view.grid, LEFT, NONE, first)
    QTest.mouseRelease(view.grid, LEFT, NONE, QPoint(2, 2))  # let go beside the cells: nothing
    QTest.keyClick(view.grid, Qt.Key.Key_C)
    assert (chosen, compared) == ([0], [("a -1", "b +1"), ("a -1", None)])


def test_cells_are_compared_in_the_dialog(qtbot, ready: MainWindow) -> None:
    """C on a cell: the dialog has its picture and the present one."""
    grid = ready.explore.traversal.grid
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_C)
    dialog = ready.explore.findChild(QDialog, "compare_dialog")
    assert dialog is not None
    assert dialog.isVisible()
    cell = grid.rows[0].images[grid.columns // 2]
    assert np.array_equal(dialog.first.image, cell)
    assert np.array_equal(dialog.second.image, ready.selection.step.image)
    dialog.close()
    wait_idle(qtbot, ready)


def test_a_tool_tip_has_the_cell_enlarged(qapp) -> None:
    """A picture that Qt can show, and the words with their special letters kept."""
    from PySide6.QtGui import QTextDocument

    document = QTextDocument()
    document.setHtml(enlarged(np.zeros((8, 8, 3), np.uint8), "a < b"))
    assert "a < b" in document.toPlainText()
    assert document.size().height() > 200


def test_a_row_says_its_effect_in_numbers(qtbot, tips: list[str]) -> None:
    """Also to those without a mouse: T enlarges the cell at the cursor; nothing is said to be no effect."""
    assert (effect_words(0.0), effect_words(0.1234), effect_words(1e-5)) == ("no effect", "12.3 %", "<0.1 %")
    grid = TraversalGrid()
    qtbot.addWidget(grid)
    images, cells = np.zeros((3, 8, 8, 3), np.uint8), np.zeros((3, 4), np.int64)
    grid.set_rows([TraversalRow("shape", ("-1", "0", "+1"), images, cells, 0.0)])
    pictures = [grid.grab().toImage()]
    grid.set_rows([TraversalRow("shape", ("-1", "0", "+1"), images, cells, 0.05)])
    pictures.append(grid.grab().toImage())
    assert pictures[0] != pictures[1]
    QTest.keyClick(grid, Qt.Key.Key_Right)
    assert grid.accessibleDescription() == "shape +1 (effect of the row: 5.0 %)"
    QTest.keyClick(grid, Qt.Key.Key_T)
    assert "shape +1 (effect of the row: 5.0 %)" in tips[0]


def test_the_difference_says_how_large_it_is(qtbot) -> None:
    """The largest change of a channel; none is said to be none."""
    column = ImageColumn()
    qtbot.addWidget(column)
    image = np.full((8, 8, 3), 100, np.uint8)
    column.set_reconstruction(image)
    column.set_after(image)
    assert column._captions[column.difference].text() == "No difference"
    other = image.copy()
    other[2, 3, 1] = 16
    column.set_after(other)
    assert column._captions[column.difference].text() == "Difference · up to ±84"


def test_the_way_of_an_intervention_is_drawn(view: GraphView) -> None:
    """From what was set along drawn edges to what moved; edges to what stayed are not on it."""
    view.set_graph(graph_of(8))
    moved, by = np.zeros(8, bool), np.zeros(8, bool)
    moved[[2, 3, 4, 6]], by[2] = True, True
    view.set_moved(moved, by)
    strokes = view._drawing._path._strokes
    assert sum(stroke.heads.elementCount() for stroke in strokes) == 2 * 3  # 2 -> 3 -> 4, and nothing to 6
    view.set_moved(moved)
    assert view._drawing._path._strokes == []


def test_the_panel_says_what_the_probes_read(qtbot) -> None:
    """Where it is what should be, nothing more; another value is named; without a start it stands alone."""
    space = datasets.info("shapes").space
    panel = ActionPanel()
    qtbot.addWidget(panel)
    panel.set_space(space)
    panel.set_values((0, 1, 2, 3, 0, 5), {0: 1})
    assert panel._readings[0].text() == f"{space.factors[0].values[0]} → {space.factors[0].values[1]}"
    panel.set_read((1, 1, 4, 3, 0, None))
    first, second, third = (panel._readings[f].text() for f in range(3))
    assert first == f"{space.factors[0].values[0]} → {space.factors[0].values[1]}"
    assert second == space.factors[1].values[1]
    assert third == f"{space.factors[2].values[2]} ≠ {space.factors[2].values[4]}"
    assert space.factors[2].values[4] in panel._readings[2].toolTip()
    panel.set_values(None, {})
    panel.set_read((1, 1, 4, 3, 0, None))
    assert panel._readings[2].text() == f"reads {space.factors[2].values[4]}"
    assert panel._readings[5].text() == ""


@pytest.mark.long  # trains probes
def test_kept_probes_read_the_present_image(
    qtbot, ready: MainWindow, tiny_cache: Path, keep_probes: Callable[[], None]
) -> None:
    """Made once by whoever needs them; from then on every step is read, by the very same probes."""
    panel = ready.explore.action_panel
    keep_probes()
    with Cache.open(tiny_cache) as cache:
        probes = kept_probes(cache)
    assert probes is not None
    panel.buttons[3].click()
    qtbot.waitUntil(lambda: ready.selection.history.count() == 1)
    wait_idle(qtbot, ready)
    assert panel._read == tuple(probes.read(ready.selection.step.image[None])[0].tolist())
    wait_idle(qtbot, ready)
