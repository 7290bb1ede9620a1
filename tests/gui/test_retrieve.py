"""Retrieve, driven like a person does: the real window, the real engine, a tiny run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from engine.results import Retrieval
from gui.main_window import MainWindow
from gui.pictures import difference_map, to_array, to_qimage
from gui.retrieve.explanation import ExplanationView
from gui.retrieve.image_slot import AFTER, BEFORE
from gui.retrieve.latent_map import AGREED, MISSED, SURPRISE, LatentMap
from gui.retrieve.ranking_view import RankingView, margin_words, verdict
from gui.words import readable_action
from tests.gui.conftest import wait_idle

WAIT = 60_000
PASTE = (Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def files(paths: list[Path]) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def let_go(window: MainWindow, target: QWidget, paths: list[Path]) -> None:
    """Drags files over the window and lets them go over a part of it, as the desktop does."""
    place, data = QPointF(target.mapTo(window, target.rect().center())), files(paths)
    rest = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    for event in (
        QDragEnterEvent(place.toPoint(), Qt.DropAction.CopyAction, *rest),
        QDropEvent(place, Qt.DropAction.CopyAction, *rest),
    ):
        QApplication.sendEvent(window.windowHandle(), event)


def drop(window: MainWindow, side: str, paths: list[Path]) -> None:
    let_go(window, window.retrieve.pair.slots[side], paths)


def save(path: Path, size: tuple[int, int], seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
    PilImage.fromarray(pixels).save(path)
    return path


@pytest.fixture
def retrieving(ready: MainWindow) -> MainWindow:
    """The ready window with Retrieve in front."""
    click(ready.findChild(object, "workspace_retrieve"))
    assert ready.stack.currentWidget() is ready.retrieve
    return ready


def answered(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.retrieve.ranking.list.count() > 0, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)


def test_a_random_pair_is_answered_with_its_truth_beside(qtbot, retrieving: MainWindow) -> None:
    """One click: two images, all actions ranked, probabilities that sum to one, the true action said."""
    retrieve = retrieving.retrieve
    click(retrieve.pair.random_button)
    answered(qtbot, retrieving)
    space = retrieving.selection.run.space
    shown = [retrieve.ranking.list.item(i).text() for i in range(retrieve.ranking.list.count())]
    assert len(shown) == space.num_actions
    shares = [float(text.split(", ")[1].strip("< %")) for text in shown]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=1.5)
    true_action = retrieve._true_action
    assert readable_action(true_action) in retrieve.ranking.truth.text()
    assert not retrieve.ranking.truth.isHidden()
    assert retrieve.pair.image(BEFORE).shape == retrieving.selection.run.image_shape


def test_a_pair_of_one_factor_changes_that_factor(qtbot, retrieving: MainWindow) -> None:
    """The factor choice decides which actions can be drawn."""
    retrieve, space = retrieving.retrieve, retrieving.selection.run.space
    retrieve.pair.factor.setCurrentIndex(1 + space.factor_index("shape"))
    for _ in range(3):
        click(retrieve.pair.random_button)
        answered(qtbot, retrieving)
        assert retrieve._true_action.startswith("shape")


def test_every_action_can_be_explained(qtbot, retrieving: MainWindow) -> None:
    """The best three have cards; choosing another action of the list brings its card as well."""
    retrieve = retrieving.retrieve
    click(retrieve.pair.random_button)
    answered(qtbot, retrieving)
    cards = retrieve.explanation.cards
    assert [card.isHidden() for card in cards] == [False, False, False, True]
    np.testing.assert_array_equal(cards[0].real.image(), retrieve.pair.image(AFTER))
    expected = difference_map(cards[0].predicted.image(), cards[0].real.image())
    np.testing.assert_array_equal(cards[0].difference.image(), expected)
    last = retrieve.ranking.list.count() - 1
    retrieve.ranking.list.setCurrentRow(last)
    assert not cards[3].isHidden()
    assert cards[3].predicted.image() is None  # what it would do is still to come
    wait_idle(qtbot, retrieving, WAIT)
    assert cards[3].predicted.image() is not None
    name = retrieve.ranking.list.item(last).text().split(",")[0]
    assert name in cards[3].title.text()
    assert cards[3].predicted.highlighted
    assert not cards[0].predicted.highlighted


def test_swap_asks_the_opposite_question(qtbot, retrieving: MainWindow) -> None:
    """Before and after change places, and the true action turns round."""
    retrieve = retrieving.retrieve
    click(retrieve.pair.random_button)
    answered(qtbot, retrieving)
    before, after, truth = retrieve.pair.image(BEFORE), retrieve.pair.image(AFTER), retrieve._true_action
    click(retrieve.pair.swap_button)
    wait_idle(qtbot, retrieving, WAIT)
    np.testing.assert_array_equal(retrieve.pair.image(BEFORE), after)
    np.testing.assert_array_equal(retrieve.pair.image(AFTER), before)
    assert retrieve._true_action[:-1] == truth[:-1]
    assert retrieve._true_action != truth
    assert readable_action(retrieve._true_action) in retrieve.ranking.truth.text()


def test_identical_images_are_said_to_be_no_change(qtbot, retrieving: MainWindow, tmp_path: Path) -> None:
    """The same picture on both sides is not an action."""
    path = save(tmp_path / "same.png", (64, 64))
    drop(retrieving, BEFORE, [path, path])
    retrieve = retrieving.retrieve
    qtbot.waitUntil(lambda: "no change" in retrieve.ranking.answer.text().lower(), timeout=WAIT)
    wait_idle(qtbot, retrieving, WAIT)
    assert retrieve.ranking.truth.isHidden()
    assert retrieve.ranking.list.isHidden()  # a ranking would claim an action
    assert retrieve.explanation.scroller.isHidden()
    click(retrieve.pair.random_button)
    answered(qtbot, retrieving)
    assert not retrieve.ranking.list.isHidden()
    assert not retrieve.explanation.scroller.isHidden()


def test_two_images_of_two_sizes_are_both_converted_and_said(
    qtbot, retrieving: MainWindow, tmp_path: Path
) -> None:
    """Dropped together, anywhere in Retrieve, they fill both sides in order; each conversion is written under
    its image, and both are shown in the same size. What is more than two is said."""
    paths = [save(tmp_path / "a.png", (128, 96)), save(tmp_path / "b.png", (64, 64), seed=1)]
    let_go(retrieving, retrieving.retrieve.ranking, [*paths, paths[0]])  # beside the images
    answered(qtbot, retrieving)
    pair = retrieving.retrieve.pair
    assert "first two were taken: a.png and b.png" in retrieving.messages.text
    assert pair.slots[BEFORE].note.height() == pair.slots[AFTER].note.height()
    assert pair.slots[BEFORE].tile.height() == pair.slots[AFTER].tile.height()
    assert pair.image(BEFORE).shape == pair.image(AFTER).shape == (64, 64, 3)
    assert "a.png" in pair.note(BEFORE)
    assert "128x96" in pair.note(BEFORE).replace("×", "x").replace(" ", "")
    assert pair.note(AFTER) == "b.png"
    higher = pair.slots[AFTER].note.minimumHeight()
    pair.set_note(AFTER, "a word " * 80)
    assert pair.slots[BEFORE].note.minimumHeight() > higher
    pair.set_note(AFTER, "a word")
    assert pair.slots[BEFORE].note.minimumHeight() <= higher


def test_an_unreadable_image_is_refused_and_the_last_pair_stays(
    qtbot, retrieving: MainWindow, tmp_path: Path
) -> None:
    """A file that is no picture gives a sentence with its name; images and answer stay as they were."""
    retrieve = retrieving.retrieve
    click(retrieve.pair.random_button)
    answered(qtbot, retrieving)
    before = retrieve.pair.image(BEFORE)
    bad = tmp_path / "notes.png"
    bad.write_text("no picture")
    drop(retrieving, BEFORE, [bad])
    qtbot.waitUntil(lambda: "notes.png" in retrieving.messages.text, timeout=WAIT)
    wait_idle(qtbot, retrieving, WAIT)
    assert retrieve.pair.image(BEFORE) is before
    assert "notes.png" in retrieve.pair.note(BEFORE)
    assert retrieve.ranking.list.count() > 0


def test_pasted_pixels_become_a_side(qtbot, retrieving: MainWindow) -> None:
    """A picture on the clipboard, larger and with transparency, is converted to what the model takes."""
    pixels = np.zeros((100, 80, 4), np.uint8)
    pixels[..., :2] = 200
    pixels[..., 3] = 255
    QGuiApplication.clipboard().setImage(to_qimage(pixels))
    click(retrieving.retrieve.pair.slots[AFTER].paste_button)
    qtbot.waitUntil(lambda: retrieving.retrieve.pair.image(AFTER) is not None, timeout=WAIT)
    assert retrieving.retrieve.pair.image(AFTER).shape == (64, 64, 3)
    assert "before" in retrieving.retrieve.ranking.answer.text()
    QTest.keyClick(retrieving.retrieve.pair.random_button, *PASTE)  # the empty side gets it
    qtbot.waitUntil(lambda: retrieving.retrieve.pair.image(BEFORE) is not None, timeout=WAIT)
    wait_idle(qtbot, retrieving, WAIT)


def test_keys_bring_files(
    qtbot, retrieving: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two copied files are pasted into both sides, two chosen ones opened; one goes to the side in focus."""
    pair = retrieving.retrieve.pair
    paths = [save(tmp_path / name, (64, 64), seed) for seed, name in enumerate(("a.png", "b.png", "c.png"))]
    QGuiApplication.clipboard().setMimeData(files(paths[:2]))
    QTest.keyClick(pair.random_button, *PASTE)
    qtbot.waitUntil(lambda: (pair.note(BEFORE), pair.note(AFTER))[1].startswith("b.png"), timeout=WAIT)
    assert pair.note(BEFORE).startswith("a.png")
    chosen = ([str(path) for path in paths[1:]], "")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: chosen)
    QTest.keyClick(pair.random_button, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: pair.note(AFTER).startswith("c.png"), timeout=WAIT)
    assert pair.note(BEFORE).startswith("b.png")
    QGuiApplication.clipboard().setMimeData(files(paths[:1]))
    click(pair.slots[BEFORE].tile)
    QTest.keyClick(pair.slots[BEFORE].tile, *PASTE)
    qtbot.waitUntil(lambda: pair.note(BEFORE).startswith("a.png"), timeout=WAIT)
    assert pair.note(AFTER).startswith("c.png")
    wait_idle(qtbot, retrieving, WAIT)


def test_an_empty_clipboard_is_said(retrieving: MainWindow) -> None:
    """Paste without a picture changes nothing and says why."""
    QGuiApplication.clipboard().setText("words")
    click(retrieving.retrieve.pair.slots[BEFORE].paste_button)
    assert "no picture" in retrieving.retrieve.pair.note(BEFORE)
    assert retrieving.retrieve.pair.image(BEFORE) is None


def test_a_pair_comes_from_explore(qtbot, retrieving: MainWindow) -> None:
    """Explore's original and its present image can be asked about, with one key from there."""
    retrieving.show_workspace(0)
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(retrieving, Qt.Key.Key_R, keys)
    assert retrieving.stack.currentWidget() is retrieving.retrieve
    answered(qtbot, retrieving)
    click(retrieving.retrieve.pair.explore_button)
    answered(qtbot, retrieving)
    picked, step = retrieving.selection.image, retrieving.selection.step
    np.testing.assert_array_equal(retrieving.retrieve.pair.image(BEFORE), picked.loaded.image)
    np.testing.assert_array_equal(retrieving.retrieve.pair.image(AFTER), step.image)


def test_without_a_model_it_says_what_to_do(window: MainWindow) -> None:
    """The empty state names the next step, and the buttons that cannot work are off."""
    assert "choose a run" in window.retrieve.ranking.answer.text().lower()
    assert not window.retrieve.pair.random_button.isEnabled()
    assert not window.retrieve.pair.explore_button.isEnabled()


def test_verdicts_tell_direction_from_factor() -> None:
    """Right, half right and wrong differ in symbol, colour and words."""
    said = [verdict("scale+", truth) for truth in ("scale+", "scale-", "shape+")]
    assert len({v.symbol for v in said}) == len({v.colour for v in said}) == 3
    assert said[0].words.startswith("correct")
    assert "wrong direction" in said[1].words
    assert said[2].words.startswith("wrong")
    assert "narrow" in margin_words(0.02)
    assert "clear" in margin_words(0.9)


def answer(**more: object) -> Retrieval:
    """Four actions, "a-" ahead of "b+" by 0.45."""
    chance = np.array([0.1, 0.2, 0.65, 0.05], np.float32)
    codes = np.arange(6).reshape(2, 3)
    fields = {"identical": False, "calibrated": True} | more
    names = ("a+", "b+", "a-", "b-")
    return Retrieval(names, chance, -np.log(chance), np.argsort(-chance), codes, **fields)


@pytest.mark.parametrize(
    ("kinds", "words"),
    [((0.9, 0.06, 0.04), "no action"), ((0.1, 0.8, 0.1), "a  "), ((0.0, 0.3, 0.7), "more than one action")],
)
def test_the_answer_is_what_explains_the_pair_best(qtbot, kinds: tuple[float, ...], words: str) -> None:
    """No action and more than one take the place of the single one where they are more probable."""
    view = RankingView()
    qtbot.addWidget(view)
    view.set_result(answer(kinds=np.array(kinds, np.float32)))
    assert words in view.answer.text().lower()
    for share in kinds:
        assert f"{100 * share:.1f} %" in view.kinds.text()
    assert readable_action("a-") in view.answer.text() + view.margin.text()
    why = ExplanationView()
    qtbot.addWidget(why)
    why.set_result(answer(kinds=np.array(kinds, np.float32)), np.zeros((8, 8, 3), np.uint8), (1, 1, 3))
    assert why.assumed.isHidden() == (words == "a  ")


@pytest.mark.parametrize(("truth", "words"), [("a-", "ranked first"), ("b+", "is ranked first")])
def test_a_wrong_kind_is_no_right_answer(qtbot, truth: str, words: str) -> None:
    """Where one action is the truth, "more than one action" is wrong, whatever is ranked first."""
    view = RankingView()
    qtbot.addWidget(view)
    view.set_result(answer(kinds=np.array([0.1, 0.2, 0.7], np.float32)), truth)
    assert "wrong: one action lies between them" in view.truth.text()
    assert words in view.truth.text()
    assert "correct" not in view.truth.text()


def test_without_a_calibration_it_says_so(qtbot) -> None:
    """Probabilities that nothing was learned for are not passed off as such."""
    view = RankingView()
    qtbot.addWidget(view)
    view.set_result(answer(calibrated=False))
    assert "not calibrated" in view.kinds.text()
    view.set_result(answer())
    assert "without factor labels" in view.kinds.text()


def test_actions_can_be_grouped_by_factor(qtbot) -> None:
    """The most probable factor first, its better direction first; headings cannot be chosen."""
    view = RankingView()
    qtbot.addWidget(view)
    view.set_result(answer())
    chosen: list[int] = []
    view.action_chosen.connect(chosen.append)
    view.by_factor.setChecked(True)
    shown = [view.list.item(row).text().split(", ")[0] for row in range(view.list.count())]
    assert shown == [
        "a",
        readable_action("a-"),
        readable_action("a+"),
        "b",
        *map(readable_action, ("b+", "b-")),
    ]
    assert view.list.item(0).text().endswith("75.0 %")
    assert chosen == [2]
    QTest.keyClick(view.list, Qt.Key.Key_Down)
    QTest.keyClick(view.list, Qt.Key.Key_Down)
    assert chosen == [2, 0, 1]
    view.by_factor.setChecked(False)
    assert view.list.count() == 4


def test_the_ranking_shows_best_first_and_its_margin(qtbot) -> None:
    """Order and margin come from the probabilities, not from the actions' order."""
    view = RankingView()
    qtbot.addWidget(view)
    view.set_result(answer(), "a+")
    assert view.list.item(0).text().startswith(readable_action("a-"))
    assert "0.45" in view.margin.text()
    assert "wrong direction" in view.truth.text()


def test_the_latent_map_tells_three_kinds_apart(qtbot) -> None:
    """Changed and expected, only changed, only expected, neither."""
    shown = LatentMap()
    qtbot.addWidget(shown)
    shown.set_result((1, 2, 2), np.array([True, True, False, False]), np.array([True, False, True, False]))
    assert [shown.kind(node) for node in range(4)] == [AGREED, SURPRISE, MISSED, None]


def test_pixels_survive_the_way_to_qt_and_back() -> None:
    """A width that is no multiple of four must not skew the rows."""
    image = np.random.default_rng(0).integers(0, 255, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(to_array(to_qimage(image))[..., :3], image)
    with pytest.raises(ValueError, match="uint8"):
        to_qimage(image.astype(np.float32))
