"""Explore, driven like a person does: the real window, the real engine, a tiny run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest

from gui.explore.action_panel import moved_value
from gui.main_window import MainWindow
from gui.widgets import to_qimage
from tests.gui.conftest import picked, wait_idle


def click_node(window: MainWindow, node: int) -> None:
    view = window.explore.graph.view
    place = view.mapFromScene(view.nodes[node].scenePos())
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(QPoint(50, 50)), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    window.explore.dropEvent(event)


def test_opens_ready_to_click(ready: MainWindow) -> None:
    """After loading there is an image, its reconstruction, a graph, colours and a traversal."""
    explore = ready.explore
    assert explore.images.original.image is not None
    assert explore.images.reconstruction.image is not None
    assert explore.graph.pages.currentWidget() is explore.graph.view
    assert len(explore.traversal.grid.rows) == ready.selection.run.space.num_factors
    assert all(button.isEnabled() for button in explore.action_panel.buttons)


def test_click_a_node_choose_a_code_and_the_image_changes(qtbot, ready: MainWindow) -> None:
    """do(variable := code) by mouse: node, thumbnail, another image, the variable marked as moved."""
    explore = ready.explore
    click_node(ready, 27)
    assert ready.selection.variable == 27
    qtbot.waitUntil(lambda: explore.variable_panel.thumbs.count() > 1)
    wait_idle(qtbot, ready)
    before = ready.selection.step
    palette = explore.variable_panel.palette_view.shown
    place = next(i for i, code in enumerate(palette.codes) if code != palette.current)
    centre = explore.variable_panel.thumbs.cell_rect(place).center()
    QTest.mouseClick(explore.variable_panel.thumbs, Qt.MouseButton.LeftButton, pos=centre)
    qtbot.waitUntil(lambda: ready.selection.step is not before)
    step = ready.selection.step
    assert step.codes[27] == palette.codes[place]
    assert not np.array_equal(explore.images.after.image, before.image)
    assert explore.graph.view.nodes[27].look.moved


def test_direct_moves_only_the_variable(qtbot, ready: MainWindow) -> None:
    """With "direct" nothing but the chosen variable changes."""
    ready.explore.variable_panel.direct.setEnabled(True)
    click_node(ready, 5)
    ready.explore.variable_panel.direct.click()
    before = ready.selection.step
    ready.explore.presenter.do_code((5,), (int(before.codes[5]) + 1) % ready.selection.run.num_codes)
    qtbot.waitUntil(lambda: ready.selection.step is not before)
    assert np.flatnonzero(ready.selection.step.moved).tolist() == [5]


def test_three_quick_clicks_are_three_steps_and_undo_goes_back(qtbot, ready: MainWindow) -> None:
    """Each click acts on what the one before it left; undo and redo walk over them."""
    start = ready.selection.step
    for _ in range(3):
        ready.explore.action_panel.buttons[1].click()
    qtbot.waitUntil(lambda: ready.selection.history.count() == 3)
    wait_idle(qtbot, ready)
    assert [s.label for s in ready.selection.steps()[1:]] == ["floor_hue+"] * 3
    for _ in range(3):
        ready.explore.history.undo.click()
    assert ready.selection.step is start
    assert np.array_equal(ready.explore.images.after.image, start.image)
    ready.explore.history.redo.click()
    assert ready.selection.step.label == "floor_hue+"
    wait_idle(qtbot, ready)


def test_graph_under_an_action_and_strongest_edges(qtbot, ready: MainWindow) -> None:
    """Choosing an action shows its graph; the slider limits the edges, in the table too."""
    panel = ready.explore.graph
    ready.selection.set_action(2)
    wait_idle(qtbot, ready)
    assert panel.view._graph.action == ready.selection.run.space.action_names[2]
    assert panel.which.currentIndex() == 3
    panel.count.setValue(7)
    assert panel.table_model.rowCount() == 7
    panel.layout_choice.setCurrentIndex(1)
    wait_idle(qtbot, ready)
    positions = panel.view.positions
    assert positions.min() >= 0
    assert len(np.unique(positions, axis=0)) == len(positions)


def test_traversal_cell_becomes_the_image(qtbot, ready: MainWindow) -> None:
    """A click on a cell of the grid makes its codes the present state, and can be undone."""
    grid = ready.explore.traversal.grid
    row = grid.rows[0]
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell_rect(0, 1).center())
    assert np.array_equal(ready.selection.step.codes, row.codes[1])
    assert ready.selection.history.canUndo()
    wait_idle(qtbot, ready)


def test_factor_sliders_render_any_image(qtbot, ready: MainWindow) -> None:
    """A slider picks the image with that factor value, also one that is not in the cache."""
    before = picked(ready)
    slider = ready.explore.source._sliders[0]
    slider.setValue((slider.value() + 3) % (slider.maximum() + 1))
    qtbot.waitUntil(lambda: picked(ready) is not before)
    wait_idle(qtbot, ready)
    assert picked(ready).loaded.factors[0] == slider.value()
    assert not np.array_equal(picked(ready).loaded.image, before.loaded.image)


def test_previous_and_next_walk_the_test_split(qtbot, ready: MainWindow) -> None:
    """Next, then previous, comes back to the same image."""
    first = picked(ready)
    ready.explore.step_image(1)
    qtbot.waitUntil(lambda: picked(ready) is not first)
    second = picked(ready)
    ready.explore.step_image(-1)
    qtbot.waitUntil(lambda: picked(ready) is not second)
    assert picked(ready).position == first.position
    wait_idle(qtbot, ready)


def test_unreadable_file_is_said_and_the_picture_stays(qtbot, ready: MainWindow, tmp_path: Path) -> None:
    """Dropping a broken image shows one sentence that names the file; nothing else changes."""
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnot an image")
    before, shown = picked(ready), ready.explore.images.original.image
    drop(ready, broken)
    qtbot.waitUntil(lambda: "broken.png" in ready.messages.text)
    assert picked(ready) is before
    assert ready.explore.images.original.image is shown


def test_missing_file_is_said(qtbot, ready: MainWindow, tmp_path: Path) -> None:
    """A file that is gone is named."""
    ready.explore.presenter.pick_file(str(tmp_path / "gone.png"))
    qtbot.waitUntil(lambda: "gone.png" in ready.messages.text)


def test_other_size_is_converted_and_said(qtbot, ready: MainWindow, tmp_path: Path) -> None:
    """An image of another size is used, and the conversion is written under the picture."""
    path = tmp_path / "large.png"
    PilImage.new("L", (100, 80), 90).save(path)
    drop(ready, path)
    qtbot.waitUntil(lambda: picked(ready).loaded.address == str(path))
    assert ready.explore.source.note.text().startswith("large.png: ")  # its folders are in the tool tip
    assert ready.explore.source.note.toolTip() == str(path)
    assert picked(ready).loaded.image.shape == (64, 64, 3)
    assert "100" in ready.explore.source.note.text()
    wait_idle(qtbot, ready)


def test_paste_an_image(qtbot, ready: MainWindow) -> None:
    """An image on the clipboard becomes the image."""
    pixels = np.full((64, 64, 3), (200, 40, 10), np.uint8)
    QGuiApplication.clipboard().setImage(to_qimage(pixels))
    ready.explore.paste()
    qtbot.waitUntil(lambda: picked(ready).loaded.source == "pasted image")
    assert picked(ready).loaded.image[0, 0].tolist() == [200, 40, 10]
    wait_idle(qtbot, ready)


def test_arrow_keys_walk_and_enter_opens_the_palette(qtbot, ready: MainWindow) -> None:
    """The graph works without a mouse."""
    view = ready.explore.graph.view
    click_node(ready, 0)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert ready.selection.variable not in (None, 0)
    wait_idle(qtbot, ready)
    ready.activateWindow()
    QTest.keyClick(view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: ready.focusWidget() is ready.explore.variable_panel.thumbs)


@pytest.mark.parametrize(("steps", "value"), [(3, 1), (-3, 5), (0, 8)])
def test_expected_value_of_a_cyclic_factor_wraps(steps: int, value: int) -> None:
    """Hue after its last value comes the first."""
    from datasets.factors import Factor

    hue = Factor("hue", tuple(map(str, range(10))), "cyclic")
    assert moved_value(hue, 8, steps) == value


def test_copy_as_python_reproduces_the_image(qtbot, ready: MainWindow) -> None:
    """The copied lines, run by themselves, end at the same picture."""
    ready.explore.action_panel.buttons[3].click()
    qtbot.waitUntil(lambda: ready.selection.history.count() == 1)
    wait_idle(qtbot, ready)
    ready.explore.commands.copy_python()
    names = {"image": picked(ready).loaded.image}
    exec(QGuiApplication.clipboard().text(), names)
    assert np.array_equal(names["image"], ready.selection.step.image)


def test_colours_of_the_nodes_mean_what_is_chosen(qtbot, ready: MainWindow) -> None:
    """By factor, code, codebook and effects; the legend names it, and codes follow the interventions."""
    panel, view = ready.explore.graph, ready.explore.graph.view

    def colours_of(scheme: str) -> list[str]:
        panel.colour_choice.setCurrentIndex(panel.colour_choice.findData(scheme))
        return [node.look.fill.name() for node in view.nodes]

    codes = ready.selection.step.codes
    by_code = colours_of("code")
    same_code, same_colour = codes[:, None] == codes[None], np.equal.outer(by_code, by_code)
    assert (same_colour | ~same_code).all()
    assert len(set(by_code)) == len(set(codes.tolist()))
    assert len(set(colours_of("codebook"))) == 1
    assert panel.legend._colours.entries[0][0] == "codebook 0"
    colours_of("effects")
    assert panel.legend._colours.title == "so many effects"
    colours_of("factor")
    assert [text for text, _ in panel.legend._colours.entries] == [
        name.replace("_", " ") for name in ready.selection.run.space.names
    ]
    colours_of("code")
    before = ready.selection.step
    node = 27
    ready.explore.presenter.do_code((node,), (int(codes[node]) + 1) % ready.selection.run.num_codes)
    qtbot.waitUntil(lambda: ready.selection.step is not before)
    assert view.nodes[node].look.fill.name() != by_code[node]
    assert f"code {int(ready.selection.step.codes[node])}" in view.nodes[node].toolTip()
    wait_idle(qtbot, ready)
