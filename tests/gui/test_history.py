"""The history: named, deleted, branching steps, and two of them compared; the real widgets, no engine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QInputDialog, QMenu, QMessageBox

from engine.results import LoadedImage, Reconstruction
from gui import requests as rq
from gui.explore.compare import CompareDialog, signed_difference
from gui.history import Branches, Step
from gui.main_window import MainWindow
from gui.replies import PickedImage
from tests.gui.test_explore_datasets import RUN


def step(label: str, value: int = 0) -> Step:
    return Step(label, np.arange(4) + value, np.full((8, 8, 3), value, np.uint8))


def titles(window: MainWindow) -> list[str]:
    return [s.title for s in window.selection.steps()]


@pytest.fixture
def asked(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> list[rq.Request]:
    """What would go to the engine."""
    requests: list[rq.Request] = []
    monkeypatch.setattr(window.engine, "submit", requests.append)
    return requests


@pytest.fixture
def past(window: MainWindow, asked: list[rq.Request]) -> MainWindow:
    """A window with start, a, b, c; then c undone twice and d made: branches (a, b, c) and (a, d)."""
    chosen, start = window.selection, step("reconstruction")
    chosen.set_run(RUN)
    chosen.set_image(PickedImage(LoadedImage(start.image)))
    chosen.set_reading(Reconstruction(start.codes, start.image, start.image, 30.0))
    for number, label in enumerate("abc", start=1):
        chosen.intervene(step(label, 10 * number))
    chosen.history.undo()
    chosen.history.undo()
    chosen.intervene(step("d", 200))
    return window


def trigger(window: MainWindow, name: str) -> None:
    window.findChild(QAction, f"action_{name}").trigger()


def press(window: MainWindow, key: Qt.Key) -> None:
    QTest.keyClick(window.explore.history.thumbs, key)


def rename(window: MainWindow, name: str) -> None:
    """Through the menu's command and its dialog."""
    trigger(window, "rename_step")
    dialog = window.findChild(QInputDialog, "history_rename_dialog")
    dialog.setTextValue(name)
    dialog.accept()
    QTest.qWait(1)


def test_what_was_undone_is_another_branch(past: MainWindow, asked: list[rq.Request]) -> None:
    """The list shows both and goes to either, asking about the step it ends at and about none on the way;
    undo and redo walk along the present one."""
    strip, chosen = past.explore.history, past.selection
    assert titles(past) == ["reconstruction", "a", "d"]
    assert strip.branch.isVisible()
    assert [strip.branch.itemText(n) for n in range(2)] == [
        "Branch 1: 3 steps, to c",
        "Branch 2: 2 steps, to d",
    ]
    assert strip.branch.currentIndex() == 1
    asked.clear()
    QTest.keyClick(strip.branch, Qt.Key.Key_Up)
    assert [request.codes[0] for request in asked if isinstance(request, rq.Graph)] == [30]
    assert titles(past) == ["reconstruction", "a", "b", "c"]
    assert chosen.step.label == "c"
    assert np.array_equal(past.explore.images.after.image, chosen.step.image)
    strip.undo.click()
    assert chosen.step.label == "b"
    trigger(past, "next_branch")
    assert chosen.step.label == "d"
    assert strip.thumbs.count() == 3


def test_one_branch_needs_no_list(past: MainWindow) -> None:
    """Deleting d leaves one branch, whose undone steps can be redone."""
    trigger(past, "delete_step")
    assert titles(past) == ["reconstruction", "a", "b", "c"]
    assert past.selection.step.label == "a"
    assert not past.explore.history.branch.isVisible()
    assert past.explore.history.redo.isEnabled()
    assert past.messages.text == "Deleted “d”."


def test_deleting_takes_what_builds_on_it(past: MainWindow) -> None:
    """Of all branches, after a question that says how many; the step before it is the present."""
    strip = past.explore.history
    strip.thumbs.setFocus()
    press(past, Qt.Key.Key_Left)  # to a, without going there
    assert strip.thumbs.accessibleDescription() == "a"
    assert past.selection.step.label == "d"
    for answer, left in (("no", ["reconstruction", "a", "d"]), ("yes", ["reconstruction"])):
        press(past, Qt.Key.Key_Delete)
        box = past.findChild(QMessageBox, "history_delete_question")
        assert "“a” and the 3 steps that build on it" in box.text()
        box.findChild(QAbstractButton, f"history_delete_{answer}").click()
        QTest.qWait(1)
        assert titles(past) == left
    assert past.selection.step.label == "reconstruction"
    assert len(past.selection.branches.paths) == 1
    press(past, Qt.Key.Key_Delete)
    assert "start of the history stays" in past.messages.text


def test_a_step_has_the_name_it_is_given(past: MainWindow, asked: list[rq.Request]) -> None:
    """F2 on the walked-to step: strip, tool tip and line say the name, nothing is asked, empty undoes it."""
    strip = past.explore.history
    before = len(asked)
    strip.thumbs.setFocus()
    press(past, Qt.Key.Key_Left)
    rename(past, "  before   the turn ")
    assert titles(past) == ["reconstruction", "before the turn", "d"]
    assert strip.thumbs._labels == ("start", "before the turn", "2")
    assert strip.thumbs._tips[1] == "before the turn: a"
    assert strip.thumbs.cursor_place == 1
    assert len(asked) == before
    strip.undo.click()
    assert strip.label.text() == "2 interventions, now at before the turn"
    assert past.findChild(QAction, "action_undo").text() == "Undo a"  # what is undone is the intervention
    rename(past, "")
    assert titles(past)[1] == "a"


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # offscreen, of a menu that pops up
def test_the_menu_of_a_step(past: MainWindow) -> None:
    """By mouse and by the button; it says what goes with a deletion, and does what it says."""
    strip = past.explore.history
    past.explore.commands.show_menu(1, strip.thumbs.menu_point(1))
    menu = past.findChild(QMenu, "history_menu")
    texts = [action.text().split("\t")[0] for action in menu.actions() if action.text()]
    assert "Delete this step and the 3 steps that build on it" in texts
    assert "Delete the 1 later step…" in texts
    menu.actions()[0].trigger()
    assert past.selection.step.label == "a"
    menu.close()
    strip.thumbs.walk_to(1)
    past.explore.commands.delete_later()
    assert titles(past) == ["reconstruction", "a", "b", "c"]
    QTest.qWait(1)
    strip.more.click()
    assert past.findChild(QMenu, "history_menu").isVisible()
    past.findChild(QMenu, "history_menu").close()
    QTest.qWait(1)


def test_two_steps_are_compared(past: MainWindow) -> None:
    """The present with the one before it first: both pictures, the signed change and the codes."""
    trigger(past, "compare_step")
    dialog = past.findChild(CompareDialog, "compare_dialog")
    assert dialog.choice.currentText() == "1: a"
    assert [dialog.choice.itemText(n) for n in range(4)] == [
        "reconstruction", "1: a", "branch 1, 2: b", "branch 1, 3: c",
    ]  # fmt: skip
    assert (dialog.first.image[0, 0, 0], dialog.second.image[0, 0, 0]) == (10, 200)
    assert dialog.scale.largest == 190
    assert dialog.difference.image.min() == 255  # brighter everywhere, and by the most
    assert dialog.count.text() == "4 of 4 codes differ"
    assert [dialog.table.item(1, column).text() for column in range(3)] == ["0,0,1", "11", "201"]
    dialog.choice.setCurrentIndex(0)
    assert dialog.first.image[0, 0, 0] == 0
    assert dialog.scale.largest == 200
    dialog.table.activated.emit(dialog.table.model().index(2, 0))
    assert past.selection.variable == 2
    dialog.choice.setCurrentIndex(1)
    flip_and_look(dialog)
    dialog.reject()
    QTest.qWait(1)


def flip_and_look(dialog: CompareDialog) -> None:
    """The pictures change places by the button, and while F is held, wherever the focus is."""

    def left() -> int:
        return int(dialog.first.image[0, 0, 0])

    assert left() == 10
    dialog.flip.click()
    assert left() == 200
    assert dialog.titles[0].text() == "Present: d"
    QTest.keyPress(dialog.table, Qt.Key.Key_F)
    assert left() == 10
    QTest.keyRelease(dialog.table, Qt.Key.Key_F)
    assert left() == 200
    dialog.flip.click()
    QTest.keyPress(dialog.choice, Qt.Key.Key_F)
    assert left() == 200
    QTest.keyRelease(dialog.choice, Qt.Key.Key_F)
    assert left() == 10


def test_nothing_to_do_yet(window: MainWindow) -> None:
    """Without a history each command says why nothing happens."""
    for name in ("rename_step", "compare_step", "delete_step", "next_branch"):
        window.messages.hide()
        trigger(window, name)
        assert window.messages.text, name


def test_the_sign_of_a_difference() -> None:
    """Grey where nothing changed, white at the largest rise, darker in proportion; 0 for equal images."""
    before = np.full((1, 3, 3), 100, np.uint8)
    after = np.array([[[100] * 3, [140] * 3, [80] * 3]], np.uint8)
    picture, largest = signed_difference(before, after)
    assert largest == 40
    assert picture[0, :, 0].tolist() == [128, 255, 64]
    assert signed_difference(before, before)[1] == 0


@given(
    st.lists(st.tuples(st.sampled_from(["act", "go", "branch", "delete"]), st.integers(0, 9)), max_size=25)
)
def test_branches_lose_nothing_but_what_is_deleted(done: list[tuple[str, int]]) -> None:
    """Whatever is done: every step lies on a branch, no branch begins another, the start stays."""
    start = step("start")
    branches, index, alive = Branches([[start]]), 0, [start]
    for what, number in done:
        if what == "act":
            made = step("made")
            branches.grow(index, made)
            alive.append(made)
            index += 1
            assert branches.path[index] is made
        elif what == "go":
            index = number % len(branches.path)
        elif what == "branch":
            branches.present = number % len(branches.paths)
            index = len(branches.path) - 1
        elif (place := number % len(branches.path)) > 0:
            before, gone = branches.path[:place], branches.building_on(place)
            branches.remove(place)
            alive = [s for s in alive if s not in gone]
            index = min(index, place - 1)
            assert branches.path[:place] == before
        assert set(branches.steps()) == set(alive)
        tips = [path[-1] for path in branches.paths]
        assert len(set(tips)) == len(tips)
        assert not any(tip in path[:-1] for tip in tips for path in branches.paths)
