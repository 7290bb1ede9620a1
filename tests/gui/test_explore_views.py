"""Explore's views by themselves: stale pictures, keyboard, sliders, sizes."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from datasets.factors import Factor, FactorSpace
from datasets.shapes import ShapesSource
from engine.results import LoadedImage, Palette, TraversalRow
from gui.explore.graph_items import Edges
from gui.explore.graph_layout import free_radius
from gui.explore.graph_panel import GraphPanel
from gui.explore.image_source import ImageSource
from gui.explore.image_view import ImageColumn, ImageView
from gui.explore.incoming import can_take, incoming
from gui.explore.node_colours import SCHEMES, NodeFacts, colour_nodes
from gui.explore.traversal_view import TraversalView
from gui.explore.variable_panel import VariablePanel
from gui.replies import PickedImage
from gui.theme import colours
from gui.widgets import to_qimage

SPACE = ShapesSource().space


def pictures(count: int) -> np.ndarray:
    return np.zeros((count, 8, 8, 3), np.uint8)


def row(title: str = "shape", effect: float = 0.5, columns: int = 11) -> TraversalRow:
    labels = tuple(map(str, range(columns)))
    return TraversalRow(title, labels, pictures(columns), np.zeros((columns, 4), np.int64), effect)


def palette(variable: int, count: int = 32) -> Palette:
    chances = np.full(count, 1 / count, np.float32)
    effects = np.zeros(count, np.float32)
    return Palette(variable, np.arange(count), chances, pictures(count), 0, effects)


def test_the_old_palette_cannot_be_clicked_for_another_variable(qtbot) -> None:
    """Between the click on a node and its palette nothing can be chosen."""
    panel = VariablePanel()
    qtbot.addWidget(panel)
    chosen: list[tuple[int, int]] = []
    panel.code_chosen.connect(lambda variable, code: chosen.append((variable, code)))
    panel.set_variable("0,0,0")
    panel.set_palette(palette(0))
    panel.thumbs.choose(3)
    assert chosen == [((0,), 3)]
    panel.set_variable("0,0,1")
    assert panel.thumbs.count() == 0
    panel.thumbs.choose(3)
    assert chosen == [((0,), 3)]


def test_the_old_rows_cannot_be_clicked_while_new_ones_come(qtbot) -> None:
    """Old rows stay in sight but take no click; when no new one came they go; late ones are not taken."""
    view = TraversalView()
    qtbot.addWidget(view)
    chosen: list[object] = []
    view.state_chosen.connect(lambda row, _column: chosen.append(row))
    view.begin(1)
    view.add_row(row("old"))
    view.finish()
    view.grid.cell_chosen.emit(0, 1)
    assert len(chosen) == 1
    view.begin(1)
    view.grid.cell_chosen.emit(0, 1)
    assert len(chosen) == 1
    view.finish()
    assert view.grid.rows == []
    view.add_row(row("late"))
    assert view.grid.rows == []


def test_pictures_of_the_traversal_follow_their_rows(qtbot) -> None:
    """Rows that are there keep their pictures when others come, and when all are sorted by their effect."""
    view = TraversalView()
    qtbot.addWidget(view)
    view.begin(3)
    for shade, effect in ((10, 0.1), (20, 0.3), (30, 0.2)):
        grey = np.full((2, 8, 8, 3), shade, np.uint8)
        view.add_row(TraversalRow(str(shade), ("0", "+1"), grey, np.zeros((2, 4), np.int64), effect))
    view.finish()
    shown = [strip.pixelColor(0, 0).red() for strip in view.grid._strips]
    assert shown == [int(item.title) for item in view.grid.rows] == [20, 30, 10]


@pytest.fixture
def source(qtbot) -> ImageSource:
    made = ImageSource()
    qtbot.addWidget(made)
    made.set_space(SPACE)
    made.set_image(at(0))
    return made


def at(value: int) -> PickedImage:
    return PickedImage(LoadedImage(pictures(1)[0], "", "test", (value,) * SPACE.num_factors))


def test_an_older_image_does_not_take_the_last_move_back(qtbot, source: ImageSource) -> None:
    """While a moved slider settles, an image that was asked for earlier leaves all sliders alone."""
    first, second = source._sliders[:2]
    first.setValue(5)
    source.set_image(at(1))
    assert (first.value(), second.value()) == (5, 0)
    with qtbot.waitSignal(source.values_chosen) as told:
        pass
    assert told.args[0][0] == 5
    second.setSliderDown(True)
    second.setValue(3)
    QTest.qWait(80)
    source.set_image(at(1))
    assert second.value() == 3
    second.setSliderDown(False)
    assert (first.value(), second.value()) == (1, 1)


def test_values_of_other_factors_are_not_shown(source: ImageSource) -> None:
    """A data set that was built anew under its name: an image from before says nothing of its factors."""
    source.set_image(at(1))
    sizes = [factor.size for factor in SPACE.factors]
    for values in ((0,) * (len(sizes) + 1), (*[0] * (len(sizes) - 1), sizes[-1])):
        source.set_image(PickedImage(LoadedImage(pictures(1)[0], "", "test", values)))
        assert {reading.text() for reading in source._readings} == {"—"}
        assert "unknown" in source._title.text()


def test_refused_values_go_back_to_the_present_image(qtbot, source: ImageSource) -> None:
    """No image with these values: the sliders tell the truth again; a set of sheets asks once a drag."""
    source._sliders[0].setValue(5)
    QTest.qWait(80)
    source.refuse()
    assert source._sliders[0].value() == 0
    source.set_space(SPACE, can_render=False)
    asked: list[object] = []
    source.values_chosen.connect(asked.append)
    slider = source._sliders[0]
    slider.setSliderDown(True)
    for value in (1, 2, 3):
        slider.setSliderPosition(value)
        QTest.qWait(60)
    assert not asked
    assert source._readings[0].text() == SPACE.factors[0].values[3]
    slider.setSliderDown(False)
    qtbot.waitUntil(lambda: len(asked) == 1)


def test_the_cursor_stays_in_sight(qtbot) -> None:
    """Arrow keys scroll the traversal and the palette after the cursor."""
    view = TraversalView()
    qtbot.addWidget(view)
    view.resize(300, 120)
    view.show()
    view.begin(6)
    for _ in range(6):
        view.add_row(row())
    for _ in range(8):
        QTest.keyClick(view.grid, Qt.Key.Key_Down)
    assert view._scroll.verticalScrollBar().value() > 0
    panel = VariablePanel()
    qtbot.addWidget(panel)
    panel.resize(280, 300)
    panel.show()
    panel.set_variable("0,0,0")
    panel.set_palette(palette(0))
    QTest.qWait(1)
    for _ in range(12):
        QTest.keyClick(panel.thumbs, Qt.Key.Key_Down)
    assert panel.palette_view.scroll_area.verticalScrollBar().value() > 0


def test_the_edge_table_and_the_neighbours_work_without_a_mouse(qtbot) -> None:
    """Arrow keys in the table choose the causes; the focus alone chooses none; links take the keyboard."""
    panel = GraphPanel()
    qtbot.addWidget(panel)
    panel.table_model.set_edges(
        Edges(np.array([[1, 0], [2, 3], [3, 1]]), np.ones(3, np.float32)), list("abcd")
    )
    chosen: list[int] = []
    panel.view.node_chosen.connect(chosen.append)
    panel.table.setCurrentIndex(panel.table_model.index(0, 0))
    assert not chosen
    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    assert chosen == [2]
    variable = VariablePanel()
    qtbot.addWidget(variable)
    assert variable.neighbours.focusPolicy() & Qt.FocusPolicy.TabFocus


@pytest.mark.parametrize("height", [220, 290, 420])
def test_the_four_pictures_are_of_one_size(qtbot, height: int) -> None:
    """However little room there is, "after" is as large as "original"."""
    column = ImageColumn()
    qtbot.addWidget(column)
    column.resize(280, height)
    column.show()
    views = (column.original, column.reconstruction, column.after, column.difference)
    assert len({(view.width(), view.height()) for view in views}) == 1
    assert column.after.height() >= 72


def test_a_drop_takes_the_file_or_else_the_pixels() -> None:
    """A browser's picture has a web address and pixels: the pixels are taken; an address alone is nothing."""
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/a.png")])
    assert not can_take(data)
    assert incoming(data) is None
    data.setImageData(to_qimage(np.full((4, 5, 3), 7, np.uint8)))
    assert can_take(data)
    assert incoming(data)[0, 0, :3].tolist() == [7, 7, 7]
    data.setUrls([QUrl("https://example.org/a.png"), QUrl.fromLocalFile("/pictures/b.png")])
    assert incoming(data) == "/pictures/b.png"
    assert incoming(QMimeData()) is None
    assert incoming(None) is None  # an empty clipboard


def test_what_causes_much_is_coloured_most() -> None:
    """The more effects a variable has, the nearer its colour is to the accent; weak edges do not count."""
    edges = np.triu(np.full((5, 5), 0.9, np.float32), 1)
    edges[4] = 0.4
    found = colour_nodes("effects", NodeFacts((1, 1, 5), edges=edges))
    away = [abs(fill.red() - QColor(colours().accent).red()) for fill in found.fills]
    assert away == sorted(away)
    assert away[0] <= 1
    assert found.fills[4] == found.entries[0][1]
    assert [text for text, _ in found.entries] == ["0", "1", "2", "3", "4"]


def test_many_sliders_are_scrolled_not_squeezed(qtbot, source: ImageSource) -> None:
    """Each is as high as its handle, however low the window is."""
    names = tuple(f"part_{n}" for n in range(12))
    source.set_space(
        FactorSpace(tuple(Factor(name, (f"{name}_0", f"{name}_1"), "nominal") for name in names))
    )
    source.set_image(PickedImage(LoadedImage(pictures(1)[0], "", "test", (1,) * 12)))
    source.show()
    for height in (230, 500):
        source.resize(300, height)
        QTest.qWait(10)
        assert min(slider.height() for slider in source._sliders) >= 18
        assert source._scroll.verticalScrollBar().isVisible() == (height == 230)
    assert source._readings[0].text() == "1"  # its name stands at the left


@pytest.mark.parametrize(("side", "drawn"), [(127, 127), (130, 128), (80, 64), (60, 60), (190, 128)])
def test_pictures_fill_their_room(qtbot, side: int, drawn: int) -> None:
    """Whole pixels, unless that would leave half of the room empty."""
    view = ImageView("a", "b")
    qtbot.addWidget(view)
    view.resize(side, side)
    view.set_image(np.zeros((64, 64, 3), np.uint8))
    assert view._target(view._qimage).width() == drawn


def test_nodes_of_a_layout_are_as_large_as_there_is_room() -> None:
    """Within limits, and without touching."""
    near, far = np.array([[0, 0], [20, 0], [60, 0]], np.float32), np.array([[0, 0], [500, 0]], np.float32)
    assert free_radius(near, 5, 26) == pytest.approx(8)
    assert (free_radius(near, 13, 26), free_radius(far, 13, 26)) == (13, 26)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_facts_the_nodes_are_plain(scheme: str) -> None:
    """Before the model has said anything no colour means anything."""
    assert colour_nodes(scheme, NodeFacts()).fills is None
