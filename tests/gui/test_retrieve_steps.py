"""Longer distances, calibration and the way to Explore, in the real window with a tiny run."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.calibration import NAME
from engine.results import ActionPath, Explanation
from gui import requests as rq
from gui.main_window import MainWindow
from gui.replies import Calibrated, Failure
from gui.retrieve.action_map import strongest_edges
from gui.retrieve.image_slot import AFTER, BEFORE
from gui.retrieve.path_view import PathView, path_words
from gui.retrieve.workspace import JUDGE, STEPS
from gui.top_bar import WORKSPACES
from gui.words import readable_action
from tests.gui.conftest import wait_idle

WAIT = 60_000


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


@pytest.fixture
def paired(qtbot, ready: MainWindow) -> MainWindow:
    """Retrieve in front with a test pair answered."""
    click(ready.findChild(object, "workspace_retrieve"))
    click(ready.retrieve.pair.random_button)
    qtbot.waitUntil(lambda: ready.retrieve.ranking.list.count() > 0, timeout=WAIT)
    wait_idle(qtbot, ready, WAIT)
    return ready


def test_the_steps_between_two_images_are_found(qtbot, paired: MainWindow) -> None:
    """One click: the tab of the steps, the search, a strip from the first image to the second."""
    click(paired.retrieve.ranking.path_button)
    assert paired.retrieve.tabs.currentIndex() == STEPS
    path = paired.retrieve.path
    assert path.start.text() == "Stop"
    qtbot.waitUntil(lambda: path.found is not None and path.found.finished, timeout=WAIT)
    wait_idle(qtbot, paired, WAIT)
    assert path.start.text() == "Find the steps"
    assert len(path.found.actions) <= 8
    stations = path.stations()
    assert len(stations) == len(path.found.images) + 1
    np.testing.assert_array_equal(stations[-1].image, paired.retrieve.pair.image(AFTER))
    np.testing.assert_array_equal(path.near[0].image(), path.found.images[-1])
    click(stations[0])
    np.testing.assert_array_equal(path.near[0].image(), path.found.images[0])
    np.testing.assert_array_equal(path.near[1].image(), stations[-1].image)
    assert stations[0].tile.highlighted
    QTest.keyClick(stations[-1], Qt.Key.Key_Return)
    np.testing.assert_array_equal(path.near[0].image(), stations[-1].image)
    run = paired.selection.run
    assert path_words(path.found.actions, run.space.action_names) in path.answer.text()


def test_settings_of_the_search_are_asked_for(qtbot, paired: MainWindow) -> None:
    """Beam and longest sequence go into the request; a search of one step tries no more."""
    path, asked = paired.retrieve.path, []
    paired.retrieve.asked.connect(asked.append)
    paired.retrieve.tabs.setCurrentIndex(STEPS)
    path.beam.setValue(1)
    path.most_steps.setValue(1)
    click(path.start)
    qtbot.waitUntil(lambda: path.found is not None and path.found.finished, timeout=WAIT)
    assert (asked[-1].beam, asked[-1].most_steps) == (1, 1)
    assert path.found.tried <= 1 + paired.selection.run.space.num_actions
    wait_idle(qtbot, paired, WAIT)


def test_a_search_can_be_stopped(qtbot, paired: MainWindow) -> None:
    """Stop ends it before its end; the button is for starting again."""
    path = paired.retrieve.path
    path.beam.setValue(32)
    click(paired.retrieve.ranking.path_button)
    click(path.start)
    wait_idle(qtbot, paired, WAIT)
    qtbot.waitUntil(lambda: path.start.text() == "Find the steps", timeout=WAIT)
    assert path.found is None or not path.found.finished


def test_another_pair_forgets_the_steps(qtbot, paired: MainWindow) -> None:
    """What was found belongs to the pair that it was found for."""
    click(paired.retrieve.ranking.path_button)
    qtbot.waitUntil(lambda: paired.retrieve.path.found is not None, timeout=WAIT)
    click(paired.retrieve.pair.random_button)
    wait_idle(qtbot, paired, WAIT)
    assert paired.retrieve.path.found is None
    assert paired.retrieve.path.scroller.isHidden()


def test_steps_in_words(qtbot) -> None:
    """Repeated actions are counted; what is left is said; no action is said as such."""
    names = ("hue+", "scale+", "hue-", "scale-")
    assert path_words((0, 0, 3), names) == f"{readable_action('hue+')} ×2, {readable_action('scale-')}"
    assert path_words((), names) == "no action"
    view = PathView()
    qtbot.addWidget(view)
    images = np.zeros((3, 4, 4, 3), np.uint8)
    view.begin()
    view.set_path(ActionPath((0, 0), np.zeros((3, 5), np.int64), images, 0.25, 17, False), names, images[0])
    assert "best so far" in view.answer.text()
    assert "25.0 %" in view.left.text()
    view.end()
    assert "before it was stopped" in view.answer.text()
    view.begin()
    assert view.found is None
    assert view.scroller.isHidden()
    view.end()
    assert "Nothing was found" in view.answer.text()


def test_an_action_opens_in_explore(qtbot, paired: MainWindow) -> None:
    """The image before is there, the action has been done to it, and its graph is shown."""
    retrieve = paired.retrieve
    before, action = retrieve.pair.image(BEFORE), retrieve.explanation.cards[1].action
    click(retrieve.explanation.cards[1].explore)
    assert paired.stack.currentIndex() == WORKSPACES.index("Explore")
    name = paired.selection.run.space.action_names[action]
    qtbot.waitUntil(lambda: [s.label for s in paired.selection.steps()][1:] == [name], timeout=WAIT)
    wait_idle(qtbot, paired, WAIT)
    np.testing.assert_array_equal(paired.selection.image.loaded.image, before)
    assert paired.selection.action == action
    opened: list[object] = []
    retrieve.explore_wanted.connect(lambda _picked, actions: opened.append(actions))
    paired.show_workspace(WORKSPACES.index("Retrieve"))
    shown = retrieve.ranking.list
    shown.setCurrentRow(2)
    QTest.keyClick(shown, Qt.Key.Key_Return)
    assert opened == [(int(retrieve._result.order[2]),)]
    assert paired.stack.currentIndex() == WORKSPACES.index("Explore")
    paired.show_workspace(WORKSPACES.index("Retrieve"))
    place = shown.visualItemRect(shown.item(1)).center()
    QTest.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened[1:] == [(int(retrieve._result.order[1]),)]
    wait_idle(qtbot, paired, WAIT)


def test_a_sequence_opens_in_explore(qtbot, paired: MainWindow) -> None:
    """Every step of it, one after another."""
    path = paired.retrieve.path
    names = paired.selection.run.space.action_names
    images = np.stack([paired.retrieve.pair.image(BEFORE)] * 3)
    path.set_path(ActionPath((1, 8), np.zeros((3, 64), np.int64), images, 0.1, 9, True), names, images[0])
    paired.retrieve.tabs.setCurrentIndex(STEPS)
    click(path.explore)
    qtbot.waitUntil(
        lambda: [s.label for s in paired.selection.steps()][1:] == [names[1], names[8]], timeout=WAIT
    )
    wait_idle(qtbot, paired, WAIT)


def test_probabilities_become_calibrated(qtbot, make_window, tiny_run_copy: Path, tiny_cache: Path) -> None:
    """A run without a calibration gets one when Retrieve is looked at, and the answer is given again."""
    (tiny_run_copy / NAME).unlink(missing_ok=True)
    window = make_window()
    window.start(str(tiny_run_copy), str(tiny_cache))
    qtbot.waitUntil(lambda: window.selection.step is not None, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert not (tiny_run_copy / NAME).exists()
    window.retrieve.take_explore_pair()
    asked: list[object] = []
    window.retrieve.asked.connect(asked.append)
    click(window.findChild(object, "workspace_retrieve"))
    qtbot.waitUntil(lambda: "more than one action " in window.retrieve.ranking.kinds.text(), timeout=WAIT)
    assert (tiny_run_copy / NAME).is_file()
    wait_idle(qtbot, window, WAIT)
    window.show_workspace(0)
    window.show_workspace(1)
    assert [type(request) for request in asked].count(rq.Calibrate) == 1


def test_a_calibration_leaves_found_steps_alone(qtbot, paired: MainWindow) -> None:
    """The pair is asked about again, and nothing but the probabilities changes; another run's is ignored."""
    retrieve = paired.retrieve
    click(retrieve.ranking.path_button)
    qtbot.waitUntil(lambda: retrieve.path.found is not None and retrieve.path.found.finished, timeout=WAIT)
    wait_idle(qtbot, paired, WAIT)
    found, shown = retrieve.path.found, retrieve.explanation.cards[0].predicted.image()
    asked: list[object] = []
    retrieve.asked.connect(asked.append)
    retrieve._result = dataclasses.replace(retrieve._result, calibrated=False)
    retrieve._on_calibrated(Calibrated("another run"))
    assert asked == []
    retrieve._on_calibrated(Calibrated(str(paired.selection.run.path)))
    assert [type(request) for request in asked] == [rq.RetrieveAction]
    wait_idle(qtbot, paired, WAIT)
    assert retrieve.path.found is found
    assert retrieve.explanation.cards[0].predicted.image() is shown


def test_why_there_is_no_calibration_is_said_quietly(qtbot, paired: MainWindow) -> None:
    """A calibration that nobody asked for raises no alarm; the reason stands where probabilities do."""
    paired._on_failed(rq.kind_of(rq.Calibrate), 0, Failure("the data set has other splits"))
    assert "other splits" not in paired.messages.text
    result = dataclasses.replace(paired.retrieve._result, calibrated=False, kinds=None)
    paired.retrieve.ranking.set_result(result)
    assert "the data set has other splits" in paired.retrieve.ranking.kinds.text()


@pytest.mark.parametrize("choose", ["draw_pair", "take_explore_pair", "swap", "next_mistake"])
def test_whatever_was_still_to_come_is_forgotten(qtbot, paired: MainWindow, choose: str) -> None:
    """A pair that is chosen now is not replaced by one that was asked for before."""
    forgotten: list[str] = []
    paired.retrieve.forgotten.connect(forgotten.append)
    getattr(paired.retrieve, choose)()
    assert {"FindMistake", "PickPair/retrieve", "PickImage/before", "PickImage/after"} <= set(forgotten)
    wait_idle(qtbot, paired, WAIT)


def test_images_of_another_kind_are_warned_about(qtbot, paired: MainWindow, tmp_path: Path) -> None:
    """Noise is reconstructed far worse than any image of the data set; the figure is said."""
    from PIL import Image as PilImage

    noise = 255 * np.random.default_rng(0).integers(0, 2, (64, 64, 3), dtype=np.uint8)
    PilImage.fromarray(noise).save(tmp_path / "noise.png")
    paired.retrieve._read_files([(BEFORE, tmp_path / "noise.png")])
    qtbot.waitUntil(lambda: "Unlike" in paired.retrieve.pair.note(BEFORE), timeout=WAIT)
    assert "dB" in paired.retrieve.pair.note(BEFORE)
    assert "noise.png" in paired.retrieve.pair.note(BEFORE)
    assert "Unlike" not in paired.retrieve.pair.note(AFTER)
    wait_idle(qtbot, paired, WAIT)


def test_edges_that_are_shown_lead_into_targets() -> None:
    """The strongest first, above one half only, and only into targets."""
    edges = np.array([[0, 0.9, 0.8], [0.7, 0, 0.95], [0.6, 0.4, 0]], np.float32)
    mask = np.array([0.2, 0.9, 0.8], np.float32)
    explained = Explanation(0, np.zeros((2, 2, 3), np.uint8), mask > 0.5, mask, edges)
    assert [(i, j) for i, j, _ in strongest_edges(explained)] == [(1, 2), (0, 1), (0, 2)]
    assert len(strongest_edges(explained, most=2)) == 2


def test_keys_of_retrieve(qtbot, paired: MainWindow) -> None:
    """Every command by its key, while Retrieve is in front; elsewhere the keys mean something else."""
    retrieve, both = paired.retrieve, Qt.KeyboardModifier.ControlModifier
    before, after = (retrieve.pair.image(side) for side in (BEFORE, AFTER))
    QTest.keyClick(paired, Qt.Key.Key_X, both | Qt.KeyboardModifier.ShiftModifier)
    assert retrieve.pair.image(BEFORE) is after
    wait_idle(qtbot, paired, WAIT)
    QTest.keyClick(paired, Qt.Key.Key_F, both)
    assert retrieve.tabs.currentIndex() == STEPS
    qtbot.waitUntil(lambda: retrieve.path.found is not None, timeout=WAIT)
    QTest.keyClick(paired, Qt.Key.Key_R, both)
    qtbot.waitUntil(lambda: retrieve.pair.image(BEFORE) is not after, timeout=WAIT)
    assert retrieve.pair.image(BEFORE) is not before
    wait_idle(qtbot, paired, WAIT)
    QTest.keyClick(paired, Qt.Key.Key_J, both)
    assert retrieve.tabs.currentIndex() == JUDGE
    wait_idle(qtbot, paired, WAIT)
    pair, image = retrieve.pair.image(BEFORE), paired.selection.image
    paired.show_workspace(WORKSPACES.index("Explore"))
    QTest.keyClick(paired, Qt.Key.Key_R, both)
    qtbot.waitUntil(lambda: paired.selection.image is not image, timeout=WAIT)
    assert retrieve.pair.image(BEFORE) is pair
    wait_idle(qtbot, paired, WAIT)
