"""Several variables at once, mean graphs, measured colours, layouts, and commands to take away."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

import main
from datasets.cache import Cache
from datasets.factors import Factor, FactorSpace
from engine.average_graph import average_graph
from engine.explorer import Explorer
from engine.metrics.variable_effects import VariableEffects
from gui import requests as rq
from gui.explore.graph_layout import force_directed
from gui.main_window import MainWindow
from gui.notebook import action_line, command, do_line, state_line
from tests.gui.conftest import picked, wait_idle

SHIFT = Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


def at(window: MainWindow, node: int) -> QPoint:
    """Where a node lies in the graph's viewport."""
    view = window.explore.graph.view
    return view.mapFromScene(view.nodes[node].scenePos())


def click(
    window: MainWindow, node: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.mouseClick(window.explore.graph.view.viewport(), LEFT, modifier, at(window, node))


def roles(window: MainWindow, role: str) -> list[int]:
    return [node.node for node in window.explore.graph.view.nodes if node.look.role == role]


def test_shift_chooses_several_and_they_get_one_code(qtbot, ready: MainWindow) -> None:
    """Three nodes by mouse; the palette's pictures have all three set, and so has the step."""
    click(ready, 9)
    click(ready, 18, SHIFT)
    click(ready, 27, SHIFT)
    assert ready.selection.variables == (27, 18, 9)
    assert sorted(roles(ready, "selected")) == [9, 18, 27]
    panel = ready.explore.variable_panel
    assert panel.title.text() == "3 variables"
    assert "0,3,3" in panel.neighbours.text()
    wait_idle(qtbot, ready)
    shown = panel.palette_view.shown
    before = ready.selection.step.codes
    place = int(np.flatnonzero(shown.codes != before[27])[0])
    code = int(shown.codes[place])
    wanted = before.copy()
    wanted[[9, 18, 27]] = code
    explorer = Explorer.load(ready.selection.run.path, threads=1)
    alone = explorer.decode(wanted).astype(int)  # rounding may differ a little between batch sizes
    assert np.abs(shown.images[place].astype(int) - alone).max() <= 1
    panel.direct.click()
    panel.thumbs.choose(place)
    qtbot.waitUntil(lambda: ready.selection.history.count() == 1)
    assert np.array_equal(ready.selection.step.codes, wanted)
    assert ready.selection.step.label == f"do(3 variables = {code})"
    wait_idle(qtbot, ready)


def test_shift_leaves_one_out_again_and_escape_all(qtbot, ready: MainWindow) -> None:
    """A second click with Shift takes a node away; a plain click chooses it alone."""
    click(ready, 9)
    click(ready, 18, SHIFT)
    click(ready, 18, SHIFT)
    assert ready.selection.variables == (9,)
    assert ready.explore.variable_panel.title.text() == "Variable 0,1,1"
    click(ready, 18, SHIFT)
    click(ready, 20)
    assert ready.selection.variables == (20,)
    QTest.keyClick(ready.explore, Qt.Key.Key_Escape)
    assert ready.selection.variables == ()
    wait_idle(qtbot, ready)


def test_arrows_with_shift_choose_more(qtbot, ready: MainWindow) -> None:
    """By keyboard alone: right, then Shift and down twice."""
    view = ready.explore.graph.view
    click(ready, 9)
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Down, SHIFT)
    QTest.keyClick(view, Qt.Key.Key_Down, SHIFT)
    assert ready.selection.variables == (26, 18, 10)
    wait_idle(qtbot, ready)


def test_nodes_that_do_not_touch_are_chosen_by_keys(qtbot, ready: MainWindow) -> None:
    """Ctrl and arrows only walk; Space adds the node that was walked to, and leaves it out again."""
    view = ready.explore.graph.view
    click(ready, 9)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert ready.selection.variables == (9,)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert ready.selection.variables == (12, 9)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert ready.selection.variables == (9,)
    wait_idle(qtbot, ready)


def test_a_frame_drawn_with_shift_chooses_what_is_inside(qtbot, ready: MainWindow) -> None:
    """From beside node 0 to beyond node 9: the four nodes of that corner; afterwards dragging moves again."""
    view = ready.explore.graph.view
    step = at(ready, 9) - at(ready, 0)
    start, end = at(ready, 0) - step / 2 + QPoint(1, 1), at(ready, 9) + step / 2 - QPoint(2, 2)
    QTest.mousePress(view.viewport(), LEFT, SHIFT, start)
    QTest.mouseMove(view.viewport(), (start + end) / 2)
    QTest.mouseMove(view.viewport(), end)
    QTest.mouseRelease(view.viewport(), LEFT, SHIFT, end)
    assert sorted(ready.selection.variables) == [0, 1, 8, 9]
    assert view.dragMode() == view.DragMode.ScrollHandDrag
    wait_idle(qtbot, ready)


def test_a_click_into_an_image_chooses_its_cell(qtbot, ready: MainWindow) -> None:
    """Row 2, column 5 of the picture is node 21; with Shift one more; the cells are framed in all four."""
    original = ready.explore.images.original

    def place(row: int, column: int) -> QPoint:
        target = original._target(original._qimage)
        return QPointF(
            target.x() + (column + 0.5) / 8 * target.width(), target.y() + (row + 0.5) / 8 * target.height()
        ).toPoint()

    QTest.mouseClick(original, LEFT, Qt.KeyboardModifier.NoModifier, place(2, 5))
    assert ready.selection.variables == (21,)
    QTest.mouseClick(original, LEFT, SHIFT, place(7, 0))
    assert ready.selection.variables == (56, 21)
    framed = ready.explore.images.after._cells
    assert [(cell.x() * 8, cell.y() * 8) for cell in framed] == [(5, 2), (0, 7)]
    ready.explore.graph.view.hovered.emit(3)
    assert [(cell.x() * 8, cell.y() * 8) for cell in ready.explore.images.after._cells] == [(3, 0)]
    ready.explore.graph.view.hovered.emit(None)
    assert len(ready.explore.images.after._cells) == 2
    wait_idle(qtbot, ready)


def choose(combo, data: object) -> None:
    """As a user does: the signal that is for users comes too."""
    combo.setCurrentIndex(combo.findData(data))
    combo.activated.emit(combo.currentIndex())


def test_the_mean_graph_is_that_of_validation_images(qtbot, ready: MainWindow, tiny_cache: Path) -> None:
    """It says of how many images, has their mean and spread, outlives steps, and goes when asked to."""
    panel, view = ready.explore.graph, ready.explore.graph.view
    choose(panel.images_choice, 16)
    qtbot.waitUntil(lambda: view.graph.images == 16)
    explorer = Explorer.load(ready.selection.run.path, threads=1)
    with Cache.open(tiny_cache) as cache:
        rows = np.random.default_rng(0).permutation(cache.rows("validation"))[:16]
        *_, wanted = average_graph(explorer, explorer.encode(cache.images(rows)))
    assert np.allclose(view.graph.edges, wanted.edges, atol=1e-5)
    assert panel.says().startswith("Mean of 16 images: Base graph")
    panel.table_switch.click()
    model = panel.table_model
    assert " ± " in model.data(model.index(0, 2))
    panel.table_switch.click()
    ready.explore.action_panel.buttons[3].click()
    qtbot.waitUntil(lambda: ready.selection.history.count() == 1)
    wait_idle(qtbot, ready)
    assert view.graph.images == 16
    choose(panel.which, 2)
    qtbot.waitUntil(lambda: view.graph.action != "none" and view.graph.images == 16)
    choose(panel.images_choice, 1)
    qtbot.waitUntil(lambda: view.graph.spread is None)
    assert view.graph.action == ready.selection.run.space.action_names[2]
    wait_idle(qtbot, ready)


def test_a_mean_that_cannot_be_made_gives_way_to_the_image(
    qtbot, ready: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data set has no validation images: a sentence, and the graph of the present image again."""
    monkeypatch.setattr(Cache, "rows", lambda _self, _split: np.zeros(0, np.int64))
    panel = ready.explore.graph
    choose(panel.images_choice, 128)
    qtbot.waitUntil(lambda: "no validation images" in ready.messages.text)
    wait_idle(qtbot, ready)
    assert panel.images_choice.currentData() == 1
    assert panel.view.graph.spread is None


@pytest.mark.long
def test_nodes_are_coloured_by_what_they_move(
    qtbot, ready: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured when it is first asked for; then the legend says so and a node's tip has the shares."""
    monkeypatch.setattr("engine.metrics.probes.MOST_STEPS", 40)
    panel = ready.explore.graph
    asked: list[rq.Request] = []
    ready.explore.asked.connect(asked.append)
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("moves"))
    assert panel.legend._colours.title == "measuring…"
    qtbot.waitUntil(lambda: panel.legend._colours.title == "changes most", timeout=60_000)
    moved = panel._facts.moves
    node = int(moved.max(axis=1).argmax())
    share = moved[node].max()
    name = ready.selection.run.space.names[int(moved[node].argmax())] if share > 0 else "no factor"
    assert name in panel.view.nodes[node].toolTip()
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("code"))
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("moves"))
    assert len([r for r in asked if isinstance(r, rq.MeasureEffects)]) == 1
    wait_idle(qtbot, ready)


def test_the_force_layout_is_the_same_every_time(qtbot, ready: MainWindow) -> None:
    """In 0..1, no two nodes at one place, linked ones closer than others; drawn when it is chosen."""
    rng = np.random.default_rng(0)
    ring = np.array([(n, (n + 1) % 12) for n in range(12)])
    places = force_directed(ring, 16)
    assert np.array_equal(places, force_directed(ring, 16))
    assert places.min() >= 0
    assert places.max() <= 1
    apart = np.linalg.norm(places[:12, None] - places[None, :12], axis=2)
    assert apart[ring[:, 0], ring[:, 1]].mean() < 0.7 * apart[rng.permutation(12), rng.permutation(12)].mean()
    assert len({tuple(p) for p in places.tolist()}) == 16
    view = ready.explore.graph.view
    before = view.nodes[5].pos()
    layout = ready.explore.graph.layout_choice
    layout.setCurrentIndex(layout.findData("force"))
    qtbot.waitUntil(lambda: view.nodes[5].pos() != before)
    wait_idle(qtbot, ready)


def test_the_copied_command_makes_the_same_picture(
    qtbot,
    ready: MainWindow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An action, two variables set, a cell of the traversal: run in a terminal, the picture is the same."""
    monkeypatch.chdir(tmp_path)
    ready.explore.action_panel.buttons[3].click()
    qtbot.waitUntil(lambda: ready.selection.history.count() == 1)
    ready.explore.presenter.do_code((5, 6), 3)
    qtbot.waitUntil(lambda: ready.selection.history.count() == 2)
    for column in (5, 7):  # the middle of a row, which is the state itself, then two steps from it
        wait_idle(qtbot, ready)
        ready.explore.presenter.take_state(ready.explore.traversal.grid.rows[0], column)
    qtbot.waitUntil(lambda: ready.selection.history.count() == 4)
    wait_idle(qtbot, ready)
    ready.explore.commands.copy_command()
    text = QGuiApplication.clipboard().text()
    words = shlex.split(text)
    assert words[:2] == ["doscope", "intervene"]
    assert picked(ready).loaded.address in words
    wanted = ready.selection.step.image
    _close(ready)
    assert main.main([*words[1:], "--threads", "1"]) == 0
    capsys.readouterr()
    assert np.array_equal(np.asarray(Image.open("after.png")), wanted)


def test_a_command_says_what_each_line_does(ready: MainWindow) -> None:
    """Repeated actions, propagated and direct settings, and a whole state, in their order."""
    lines = (
        action_line(2, "a", 2),
        do_line({9: 4, 10: 4}, True, "b"),
        do_line({0: 1}, False, "c"),
        state_line(np.arange(3), "d"),
    )
    words = shlex.split(command(ready.selection.run, "x y.png", lines))
    assert words[4:] == [
        "--image", "x y.png", "--action", "object_hue+", "--action", "object_hue+",
        "--propagate", "0,1,1=4", "0,1,2=4", "--set", "0,0,0=1", "--codes", "0,1,2", "--out", "after.png",
    ]  # fmt: skip


def _close(window: MainWindow) -> None:
    window.engine.shutdown()


def test_a_command_for_a_pasted_image_says_what_is_missing(qtbot, ready: MainWindow) -> None:
    """No file holds it: the command has a word in its place, and the message says so."""
    ready.explore.presenter.pick_pixels(np.zeros((64, 64, 3), np.uint8))
    qtbot.waitUntil(lambda: picked(ready).loaded.source == "pasted image")
    wait_idle(qtbot, ready)
    ready.explore.commands.copy_command()
    assert "no intervention" in ready.messages.text
    ready.explore.action_panel.buttons[0].click()
    qtbot.waitUntil(lambda: ready.selection.history.count() == 1)
    ready.explore.commands.copy_command()
    assert "--image IMAGE" in QGuiApplication.clipboard().text()
    assert "Save the original image" in ready.messages.text
    wait_idle(qtbot, ready)


def test_another_run_forgets_what_was_measured_and_chosen(
    qtbot, ready: MainWindow, tiny_run_copy: Path
) -> None:
    """With several variables chosen and a mean on show, another run starts clean."""
    panel = ready.explore.graph
    effects = VariableEffects(np.ones((64, 6), np.float32), np.ones(64, np.int64), 1)
    panel.set_effects(effects)
    ready.selection.set_variables((63, 62))
    choose(panel.images_choice, 16)
    qtbot.waitUntil(lambda: panel.view.graph.images == 16)
    ready.explore_run(str(tiny_run_copy))
    qtbot.waitUntil(lambda: ready.selection.run.path == tiny_run_copy and ready.selection.step is not None)
    wait_idle(qtbot, ready)
    assert ready.selection.variables == ()
    assert "changes" not in panel.view.nodes[0].toolTip()
    assert panel.view.graph.images == 16
    ready.explore.random_image()
    wait_idle(qtbot, ready)
    assert panel.view.graph.images == 16


def test_a_mean_comes_back_with_the_next_image(qtbot, ready: MainWindow) -> None:
    """A new session clears the graph; the next image brings the mean again."""
    panel = ready.explore.graph
    choose(panel.images_choice, 16)
    qtbot.waitUntil(lambda: panel.view.graph.images == 16)
    ready.new_session()
    qtbot.waitUntil(lambda: ready.selection.step is not None)
    wait_idle(qtbot, ready)
    assert panel.view.graph is not None
    assert panel.view.graph.images == 16


def test_a_mean_that_is_cancelled_at_once_gives_way(qtbot, ready: MainWindow) -> None:
    """Cancelled before it showed anything: the present image's graph, and the box says so."""
    panel = ready.explore.graph
    choose(panel.images_choice, 1000)
    ready.engine.cancel(rq.kind_of(rq.AverageGraph))
    wait_idle(qtbot, ready)
    assert (panel.images_choice.currentData() == 1) == (panel.view.graph.spread is None)


def test_what_cannot_be_measured_goes_back_to_other_colours(qtbot, ready: MainWindow) -> None:
    """The data set has other factors than the run: a sentence, and the colours by action again."""
    other = dataclasses.replace(ready.selection.dataset, space=FactorSpace((Factor("a", ("x", "y")),)))
    ready.selection.dataset = other
    panel = ready.explore.graph
    panel.colour_choice.setCurrentIndex(panel.colour_choice.findData("moves"))
    assert "own data set" in ready.messages.text
    assert panel.colour_choice.currentData() == "factor"
    wait_idle(qtbot, ready)
