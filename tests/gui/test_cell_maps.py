"""The maps of variables in Retrieve by keyboard: walked over, told in words, and heard of."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip, QWidget

from engine.results import Explanation
from gui.main_window import MainWindow
from gui.retrieve.action_map import ActionMap
from gui.retrieve.cell_map import cell_of, next_cell
from gui.retrieve.latent_map import LatentMap
from gui.words import readable_action
from tests.gui.conftest import wait_idle

WAIT = 60_000
LEFT, RIGHT, UP, DOWN = (0, -1), (0, 1), (-1, 0), (1, 0)


@pytest.fixture
def tips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What tool tips say, which are not shown."""
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _where, text, *_more: said.append(text))
    return said


def focused(qtbot, widget: QWidget) -> None:
    widget.resize(200, 200)
    widget.show()
    widget.activateWindow()
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus, timeout=WAIT)


@pytest.fixture
def latent_map(qtbot) -> LatentMap:
    """Four variables: one of each kind, and one that kept quiet."""
    shown = LatentMap()
    qtbot.addWidget(shown)
    shown.set_result((1, 2, 2), np.array([True, True, False, False]), np.array([True, False, True, False]))
    focused(qtbot, shown)
    return shown


def test_arrows_walk_over_the_variables(latent_map: LatentMap) -> None:
    """Each is told in words, after what is to be said of all; the edge stops them."""
    said: list[str] = []
    latent_map.said.connect(said.append)
    for key, words in (
        (Qt.Key.Key_Right, "variable 0,0,1: changed, not expected"),
        (Qt.Key.Key_Right, "variable 0,0,1: changed, not expected"),
        (Qt.Key.Key_Down, "variable 0,1,1: did not change, as expected"),
        (Qt.Key.Key_Left, "variable 0,1,0: expected, did not change"),
        (Qt.Key.Key_Up, "variable 0,0,0: changed, as expected"),
    ):
        QTest.keyClick(latent_map, key)
        assert said[-1] == words
        assert latent_map.accessibleDescription() == f"2 changed, 2 expected, 1 the same; {words}"


def test_t_says_what_the_mouse_is_told(latent_map: LatentMap, tips: list[str]) -> None:
    """As in Explore; with Ctrl it is the window's key."""
    QTest.keyClick(latent_map, Qt.Key.Key_Right)
    QTest.keyClick(latent_map, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert tips == []
    QTest.keyClick(latent_map, Qt.Key.Key_T)
    assert tips == ["variable 0,0,1: changed, not expected"]


def test_a_click_goes_to_its_cell_and_the_frame_is_seen(qtbot, latent_map: LatentMap) -> None:
    """Only while the keyboard is there."""
    pictures = [latent_map.grab().toImage()]
    place = latent_map.cell(3).center().toPoint()
    QTest.mouseClick(latent_map, Qt.MouseButton.LeftButton, pos=place)
    assert "variable 0,1,1" in latent_map.accessibleDescription()
    pictures.append(latent_map.grab().toImage())
    latent_map.clearFocus()
    pictures.append(latent_map.grab().toImage())
    assert all(pictures[a] != pictures[b] for a, b in ((0, 1), (1, 2), (0, 2)))


def test_the_targets_are_told(qtbot) -> None:
    """How probable, and how many of the edges lead there; nothing known, nothing said."""
    shown = ActionMap()
    qtbot.addWidget(shown)
    focused(qtbot, shown)
    QTest.keyClick(shown, Qt.Key.Key_Right)
    assert shown.accessibleDescription() == ""
    edges = np.zeros((4, 4), np.float32)
    edges[0, 1] = edges[2, 1] = 0.9
    mask = np.array([0.1, 0.8, 0.2, 0.0005], np.float32)
    image = np.zeros((4, 4, 3), np.uint8)
    shown.set_explanation((1, 2, 2), Explanation(0, image, np.zeros(4, np.bool_), mask, edges))
    assert shown.accessibleDescription().startswith(
        "1 targets, 2 edges shown; variable 0,0,0: target with 10.0 %"
    )
    said: list[str] = []
    shown.said.connect(said.append)
    QTest.keyClick(shown, Qt.Key.Key_Right)
    assert said == ["variable 0,0,1: target with 80.0 %, 2 of the edges shown lead here"]
    shown.clearFocus()
    assert said[-1] == ""


@pytest.mark.parametrize("grid", [(1, 2, 3), (3, 2, 3), (4, 3, 2), (5, 1, 1), (7, 2, 2)])
def test_the_next_cell_is_the_one_that_is_drawn_there(grid: tuple[int, int, int]) -> None:
    """Over all codebooks: in the same line, and the nearest one there; every cell is reached."""
    cells = [cell_of(grid, node, 300, 300).center() for node in range(int(np.prod(grid)))]
    for node, at in enumerate(cells):
        for way in (LEFT, RIGHT, UP, DOWN):
            down, across = way
            ahead = [
                (abs(to.x() - at.x()) + abs(to.y() - at.y()), other)
                for other, to in enumerate(cells)
                if (to.x() - at.x()) * across + (to.y() - at.y()) * down > 1
                and abs((to.x() - at.x()) * down) + abs((to.y() - at.y()) * across) < 1
            ]
            assert next_cell(grid, node, way) == min(ahead, default=(0.0, node))[1]
    reached, edge = {0}, [0]
    while edge:
        node = edge.pop()
        beside = {next_cell(grid, node, way) for way in (LEFT, RIGHT, UP, DOWN)} - reached
        reached |= beside
        edge += beside
    assert reached == set(range(len(cells)))


def test_a_smaller_grid_takes_the_cursor_back(latent_map: LatentMap) -> None:
    """Another run; and while nothing is known, keys do nothing."""
    QTest.keyClick(latent_map, Qt.Key.Key_Down)
    latent_map.clear()
    assert latent_map.accessibleDescription() == ""
    QTest.keyClick(latent_map, Qt.Key.Key_Down)
    latent_map.grab()
    latent_map.set_result((1, 1, 2), np.ones(2, np.bool_), np.ones(2, np.bool_))
    assert latent_map.accessibleDescription().endswith("variable 0,0,0: changed, as expected")


def test_the_maps_of_a_card_are_reached_by_tab(qtbot, ready: MainWindow) -> None:
    """From the card's button to both maps; beside its title stands the variable, then its figures again."""
    QTest.mouseClick(ready.findChild(object, "workspace_retrieve"), Qt.MouseButton.LeftButton)
    QTest.mouseClick(ready.retrieve.pair.random_button, Qt.MouseButton.LeftButton)
    card = ready.retrieve.explanation.cards[0]
    qtbot.waitUntil(lambda: "changed" in card.words.text(), timeout=WAIT)
    wait_idle(qtbot, ready, WAIT)
    figures = card.words.text()
    ready.activateWindow()
    card.explore.setFocus()
    qtbot.waitUntil(card.explore.hasFocus, timeout=WAIT)
    name = readable_action(ready.selection.run.space.action_names[card.action])
    for shown in (card.map, card.graph):
        QTest.keyClick(ready.focusWidget(), Qt.Key.Key_Tab)
        assert ready.focusWidget() is shown
        QTest.keyClick(shown, Qt.Key.Key_Right)
        assert card.words.text().startswith("variable 0,0,1: ")
        assert shown.accessibleDescription().endswith(card.words.text())
        assert shown.accessibleName().endswith(f", {name}")
    QTest.keyClick(ready.focusWidget(), Qt.Key.Key_Tab)
    assert card.words.text() == figures
