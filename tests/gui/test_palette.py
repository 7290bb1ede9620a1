"""The palette of a variable: all codes in parts, and three orders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QRectF, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from engine.results import Palette
from gui import requests as rq
from gui.explore import presenter as presenting
from gui.explore.chosen_variables import surroundings
from gui.explore.palette_view import in_order
from gui.explore.variable_panel import VariablePanel
from gui.main_window import MainWindow
from gui.theme import DARK, LIGHT, apply_theme
from tests.gui.conftest import wait_idle

CODES = (7, 2, 9, 4)
CHANCES, EFFECTS = (0.5, 0.3, 0.1, 0.1), (0.0, 0.02, 0.3, 0.1)


def palette(places: tuple[int, ...] = (0, 1, 2, 3)) -> Palette:
    """Some of four codes; 7 is the present one."""
    codes = np.array([CODES[p] for p in places])
    images = np.zeros((len(places), 4, 4, 3), np.uint8)
    chances = np.array([CHANCES[p] for p in places], np.float32)
    return Palette(5, codes, chances, images, 7, np.array([EFFECTS[p] for p in places], np.float32))


@pytest.fixture
def panel(qtbot) -> VariablePanel:
    made = VariablePanel()
    qtbot.addWidget(made)
    made.resize(280, 400)
    made.show()
    made.set_variable("0,0,5", 4)
    return made


def shown(panel: VariablePanel) -> list[int]:
    return [int(label) for label in panel.thumbs._labels]


@pytest.mark.parametrize(
    ("order", "codes"), [("likelihood", [7, 2, 4, 9]), ("effect", [9, 4, 2, 7]), ("code", [2, 4, 7, 9])]
)
def test_three_orders(panel: VariablePanel, order: str, codes: list[int]) -> None:
    """The thumbnails, what a click on them chooses, and the mark of the present code follow the order."""
    chosen: list[tuple[int, int]] = []
    panel.code_chosen.connect(lambda variable, code: chosen.append((variable, code)))
    panel.set_palette(palette())
    box = panel.palette_view.order
    box.setCurrentIndex(box.findData(order))
    assert shown(panel) == codes
    assert in_order(palette(), order).codes.tolist() == codes
    panel.thumbs.choose(1)
    assert chosen == [((5,), codes[1])]
    assert panel.thumbs._current == codes.index(7)
    panel.choose_likeliest_other()
    assert chosen[-1] == ((5,), 2)


def test_a_close_up_shows_the_surroundings(panel: VariablePanel) -> None:
    """The cell with its neighbours, as square as the image, within it at the edges."""
    assert surroundings([(0, 7)], (8, 8)) == QRectF(5 / 8, 0, 3 / 8, 3 / 8)
    assert surroundings([(3, 2), (5, 4)], (8, 8)) == QRectF(1 / 8, 2 / 8, 5 / 8, 5 / 8)
    assert surroundings([(0, 0), (7, 7)], (8, 8)) == QRectF(0, 0, 1, 1)
    many = replace(palette(), images=np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3))
    panel.palette_view.set_place(QRectF(5 / 8, 0, 3 / 8, 3 / 8))
    panel.set_palette(many)
    assert panel.thumbs._pictures[0].width() == 8
    panel.palette_view.close_up.click()
    picture = panel.thumbs._pictures[1]
    assert (picture.width(), picture.height()) == (3, 3)
    assert picture.pixelColor(0, 0).getRgb()[:3] == tuple(many.images[1, 0, 5].tolist())


def test_more_codes_take_their_places_and_the_keyboard_stays(panel: VariablePanel) -> None:
    """What arrives later is sorted in; the cursor keeps its code; switched off, the likely ones are left."""
    panel.set_palette(palette((0, 3)))
    panel.add_palette(palette((1,)))  # not asked for
    assert shown(panel) == [7, 4]
    asked: list[bool] = []
    panel.all_wanted.connect(asked.append)
    panel.palette_view.all_switch.click()
    QTest.keyClick(panel.thumbs, Qt.Key.Key_End)
    assert "code 4, p = 0.100, effect 10.0 %" in panel.palette_view.reading.text()
    panel.add_palette(palette((1,)))
    assert panel.palette_view.reading.text() == "3 of 4 codes"
    panel.add_palette(palette((2,)))
    assert shown(panel) == [7, 2, 4, 9]
    assert panel.palette_view.reading.text() == "all 4 codes"
    assert panel.palette_view.code_at_cursor() == 4
    panel.palette_view.all_switch.click()
    assert shown(panel) == [7, 4]
    assert asked == [True, False]


def test_a_thumbnail_says_what_it_is(
    panel: VariablePanel, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tool tip under the mouse, in the second line too, is of that thumbnail."""
    many = 12
    effects = np.linspace(0, 0.11, many, dtype=np.float32)
    chances = np.full(many, 1 / many, np.float32)
    images = np.zeros((many, 4, 4, 3), np.uint8)
    panel.set_palette(Palette(5, np.arange(many), chances, images, 0, effects))
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, _widget: said.append(text))
    for place, words in ((0, "code 0 (present), p = 0.083, effect 0.0 %"), (11, "effect 11.0 %")):
        middle = panel.thumbs.cell_rect(place).center()
        qapp.sendEvent(panel.thumbs, QHelpEvent(QEvent.Type.ToolTip, middle, QPoint(10, 10)))
        assert words in said[-1]


def test_links_to_neighbours_can_be_read_after_a_change_of_theme(
    panel: VariablePanel, qapp: QApplication
) -> None:
    """They take the colour of the new theme."""
    panel.set_neighbours([(1, "0,0,1")], [])
    apply_theme(qapp, "dark")
    try:
        assert DARK.accent in panel.neighbours.text()
    finally:
        apply_theme(qapp, "light")
    assert LIGHT.accent in panel.neighbours.text()


def test_all_codes_come_in_parts(qtbot, ready: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The likely codes first, then the others, once each; for another variable anew, and only its own.

    Leaving the variable cancels what is still to come.
    """
    monkeypatch.setattr(presenting, "LIKELY_CODES", 6)
    panel, run = ready.explore.variable_panel, ready.selection.run
    ready.selection.set_variable(20)
    qtbot.waitUntil(lambda: panel.thumbs.count() == 6)
    panel.palette_view.all_switch.click()
    qtbot.waitUntil(lambda: panel.thumbs.count() == run.num_codes)
    assert sorted(shown(panel)) == list(range(run.num_codes))
    ready.selection.set_variable(21)
    assert panel.thumbs.count() == 0
    qtbot.waitUntil(lambda: panel.thumbs.count() == run.num_codes)
    assert panel.palette_view.shown.variable == 21
    assert panel.palette_view.shown.current == ready.selection.step.codes[21]
    wait_idle(qtbot, ready)
    cancelled: list[str] = []
    ready.explore.presenter.cancelled.connect(cancelled.append)
    ready.explore.chosen_variables.on_more_codes(palette())  # of variable 5
    assert panel.thumbs.count() == run.num_codes
    ready.selection.set_variable(None)
    assert cancelled == [rq.kind_of(rq.FillPalette)]
