"""Retrieve when things come late, fail or are given up: nothing stale is shown, nothing is lost."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.results import ActionPath, Explanation, LoadedImage
from gui import requests as rq
from gui.main_window import MainWindow
from gui.replies import Calibrated, Failure, PickedImage
from gui.retrieval_work import RetrievalWork
from gui.retrieve.action_list import NAME
from gui.retrieve.calibrating import CANCELLED, GOING_ON
from gui.retrieve.explanation import GIVEN_UP, ON_ITS_WAY, ExplanationView
from gui.retrieve.image_slot import AFTER, BEFORE, ImageSlot
from gui.retrieve.path_view import PathView
from gui.retrieve.ranking_view import RankingView, verdict
from gui.retrieve.searching import IDENTICAL, NO_ANSWER, NO_PAIR
from gui.retrieve.workspace import JUDGE
from tests.gui.conftest import wait_idle
from tests.gui.test_retrieve import answer, answered, click, drop, retrieving, save  # noqa: F401

WAIT = 60_000
IMAGE = np.zeros((8, 8, 3), np.uint8)


@pytest.fixture
def paired(qtbot, retrieving: MainWindow) -> MainWindow:  # noqa: F811
    """Retrieve with a random pair and its answer."""
    click(retrieving.retrieve.pair.random_button)
    answered(qtbot, retrieving)
    return retrieving


def asked_by(window: MainWindow) -> list[object]:
    asked: list[object] = []
    window.retrieve.asked.connect(asked.append)
    return asked


def kinds(asked: list[object]) -> list[type]:
    return [type(request) for request in asked]


# ------------------------------------------------------------ another run


def test_other_weights_explain_anew(qtbot, paired: MainWindow) -> None:
    """The autoencoder may be the same, and so the codes; what the layer predicts is not."""
    asked = asked_by(paired)
    paired.selection.set_run(paired.selection.run)
    wait_idle(qtbot, paired, WAIT)
    assert rq.ExplainActions in kinds(asked)
    assert all(card.predicted.image() is not None for card in paired.retrieve.explanation.cards[:3])


def test_an_image_that_comes_while_a_run_loads_stays(qtbot, retrieving: MainWindow) -> None:  # noqa: F811
    """Pasted before the run is there, it is shown when it is; in the size of that run."""
    window, picking = retrieving, retrieving.retrieve.picking
    picking.convert(BEFORE, np.full((32, 32, 4), 255, np.uint8))
    window.selection.set_run(window.selection.run)  # before the answer is delivered
    qtbot.waitUntil(lambda: window.retrieve.pair.image(BEFORE) is not None, timeout=WAIT)
    asked: list[rq.PickImage] = []
    picking.asked.connect(asked.append)
    picking.convert(AFTER, np.full((32, 32, 4), 255, np.uint8))
    window.selection.run = dataclasses.replace(window.selection.run, image_shape=(32, 32, 3))
    picking.follow_run()
    assert [request.shape for request in asked] == [(64, 64, 3), (32, 32, 3)]
    wait_idle(qtbot, window, WAIT)
    assert window.retrieve.pair.image(AFTER).shape == (32, 32, 3)
    picking.follow_run()
    assert len(asked) == 2  # it has come


def test_images_of_another_size_do_not_go_in_silence(qtbot, paired: MainWindow) -> None:
    run = paired.selection.run
    paired.retrieve._on_run(dataclasses.replace(run, image_shape=(32, 32, 3)))
    assert "another size" in paired.messages.text
    assert paired.retrieve.pair.image(BEFORE) is None
    wait_idle(qtbot, paired, WAIT)


# ------------------------------------------------------------ the calibration


def test_a_calibration_that_was_cancelled_can_be_had(paired: MainWindow) -> None:
    """While it is learned that is said; cancelled or refused it is asked for again by coming back."""
    calibrating, asked = paired.retrieve.calibrating, asked_by(paired)
    said: list[str] = []
    calibrating._tell = said.append
    calibrating.ask()
    assert asked == []  # it is there
    calibrating._wanted = ("", "")
    calibrating.ask()
    calibrating.ask()
    assert said == [GOING_ON]
    calibrating.on_ended()
    assert said[-1] == CANCELLED
    paired.show_workspace(0)
    paired.show_workspace(1)
    assert said[-1] == GOING_ON
    paired.retrieve.on_failed(rq.kind_of(rq.Calibrate), Failure("the data set is being built"))
    paired.retrieve.on_ended(rq.kind_of(rq.Calibrate))
    assert said[-1] == "the data set is being built"
    paired.selection.set_run(paired.selection.run)
    assert said[-2:] == ["", GOING_ON]  # another run, another story
    assert kinds(asked).count(rq.Calibrate) == 3
    calibrating.on_answer(Calibrated(str(paired.selection.run.path)))
    calibrating.on_ended()
    assert said[-1] == ""


def test_judging_and_calibrating_learn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests in turns share the work; one that is given up loses nothing; a failure is not kept."""
    from types import SimpleNamespace

    from engine.events import Progressed

    begun, steps_done = [], []

    def steps(_explorer: object, _cache: object):  # type: ignore[no-untyped-def]
        begun.append(1)
        for k in range(4):
            steps_done.append(k)
            if len(begun) == 1 and k == 3:
                raise OSError("the disk went away")
            yield Progressed("scores", k, 4)
        return "calibration"

    monkeypatch.setattr("engine.calibration.calibration_steps", steps)
    monkeypatch.setattr("engine.calibration.kept_calibration", lambda _explorer: None)
    explorer = SimpleNamespace(info=SimpleNamespace(fingerprint="weights"))
    cache = object()
    data = SimpleNamespace(cache=lambda _dataset: cache, pick_pair=None)
    work = RetrievalWork(lambda _run: explorer, data)  # type: ignore[arg-type, return-value]
    one, other = (work._calibrate(rq.Calibrate("run", "set")) for _ in range(2))
    next(one), next(other), next(one)
    assert steps_done == [0, 1, 2]
    one.close()
    with pytest.raises(OSError, match="disk"):
        next(other)
    again = list(work._calibrate(rq.Calibrate("run", "set")))
    assert len(begun) == 2
    assert again[-1] == Calibrated("run")
    assert list(work._calibrate(rq.Calibrate("run", "set"))) == [Calibrated("run")]
    assert len(begun) == 2


def test_what_judging_learned_counts_for_the_pair(qtbot, paired: MainWindow) -> None:
    """The pair on show gets its calibration from a judgement too."""
    asked = asked_by(paired)
    paired.retrieve._result = dataclasses.replace(paired.retrieve._result, calibrated=False)
    paired.retrieve.answers()["JudgeRun"](Calibrated(str(paired.selection.run.path)))
    assert kinds(asked) == [rq.RetrieveAction]
    wait_idle(qtbot, paired, WAIT)


# ------------------------------------------------------------ judging


def test_the_key_of_judging_keeps_what_is_counted(qtbot, paired: MainWindow) -> None:
    """Ctrl+J shows a judgement that is there or under way; the button starts anew."""
    judge, asked = paired.retrieve.judge, asked_by(paired)
    keys = (paired, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(*keys)
    QTest.keyClick(*keys)
    assert kinds(asked).count(rq.JudgeRun) == 1
    qtbot.waitUntil(lambda: not judge.is_judging, timeout=WAIT)
    wait_idle(qtbot, paired, WAIT)
    counted = judge.judged
    paired.retrieve.tabs.setCurrentIndex(0)
    QTest.keyClick(*keys)
    assert paired.retrieve.tabs.currentIndex() == JUDGE
    assert judge.judged is counted
    assert judge.matrix.hasFocus()
    assert kinds(asked).count(rq.JudgeRun) == 1


# ------------------------------------------------------------ images


def test_a_refused_side_goes_on_saying_so(qtbot, paired: MainWindow, tmp_path: Path) -> None:
    """Of two files the second is good: the first side is as it was, and that stands below it."""
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    drop(paired, BEFORE, [bad, save(tmp_path / "good.png", (64, 64))])
    qtbot.waitUntil(lambda: "good.png" in paired.retrieve.pair.note(AFTER), timeout=WAIT)
    wait_idle(qtbot, paired, WAIT)
    assert paired.retrieve.pair.note(BEFORE).startswith("Not changed:")


def test_explores_pair_is_of_one_image(paired: MainWindow) -> None:
    """While Explore reads another image, its result is not that of the image on show."""
    selection, retrieve = paired.selection, paired.retrieve
    retrieve.take_explore_pair()
    shown = retrieve.pair.image(BEFORE)
    np.testing.assert_array_equal(shown, selection.image.loaded.image)
    selection.image = PickedImage(LoadedImage(255 - selection.image.loaded.image, ""))
    retrieve.take_explore_pair()
    assert "has not read" in paired.messages.text
    assert retrieve.pair.image(BEFORE) is shown


def test_a_long_name_does_not_widen_the_window(qtbot) -> None:
    slot = ImageSlot(BEFORE)
    qtbot.addWidget(slot)
    usual = slot.minimumSizeHint().width()
    name = "0123456789abcdef" * 8 + ".png"
    slot.set_note(f"{name}; from 128 × 96")
    assert slot.note.minimumSizeHint().width() < 400
    assert slot.minimumSizeHint().width() <= max(usual, 400)
    assert slot.note.text().startswith(f"{name[:20]}…")
    assert slot.note.text().endswith("ef.png; from 128 × 96")
    assert slot.note.toolTip().startswith(name)


# ------------------------------------------------------------ names of actions


@pytest.mark.parametrize(
    ("best", "truth", "words"),
    [
        ("scale+", "scale-", "right factor, wrong direction"),
        ("digit=3", "digit=5", "right factor, another value"),
        ("size=10", "size=2", "right factor, another value"),
        ("door1", "door2", "wrong: "),
        ("rotate 10", "rotate 15", "wrong: "),
    ],
)
def test_verdicts_know_what_a_factor_is(best: str, truth: str, words: str) -> None:
    assert verdict(best, truth).words.startswith(words)


def test_any_word_can_be_an_action(qtbot) -> None:
    """Commas do not cut names, and brackets are no markup."""
    names = ("open, slowly", "open, fast", "<left>", "size=New York, NY")
    for best in range(4):
        view = RankingView()
        qtbot.addWidget(view)
        chance = np.full(4, 0.1, np.float32)
        chance[best] = 0.7
        shown = dataclasses.replace(
            answer(), action_names=names, probabilities=chance, order=np.argsort(-chance)
        )
        view.set_result(shown, "<left>")
        assert {view.list.item(row).data(NAME) for row in range(4)} == set(names)
        assert "&lt;left&gt;" in view.truth.text()
        assert view.margin.textFormat() == Qt.TextFormat.PlainText
        assert ("&lt;left&gt;" in view.answer.text()) == (best == 2)
        assert "<left>" not in view.answer.text()
    path = PathView()
    qtbot.addWidget(path)
    codes, images = np.zeros((2, 3), np.int64), np.zeros((2, 8, 8, 3), np.uint8)
    path.set_path(ActionPath((2,), codes, images, 0.1, 9, True), names, IMAGE)
    assert "&lt;left&gt;" in path.answer.text()


# ------------------------------------------------------------ explanations and searches


def test_an_explanation_that_was_cancelled_can_be_had(qtbot) -> None:
    """The card says what to do, and choosing the action asks again."""
    view = ExplanationView()
    qtbot.addWidget(view)
    wanted: list[int] = []
    view.wanted.connect(wanted.append)
    result = answer()
    view.set_result(result, IMAGE, (1, 1, 3))
    first = int(result.order[0])
    view.choose(first)
    assert wanted == []  # it is on its way
    view.end()
    assert view.cards[0].words.text() == GIVEN_UP
    view.choose(first)
    assert wanted == [first]
    assert view.cards[0].words.text() == ON_ITS_WAY
    mask = np.zeros(3, np.float32)
    view.add(Explanation(first, IMAGE, mask > 0.5, mask, np.zeros((3, 3), np.float32)))
    view.end()
    assert "changed" in view.cards[0].words.text()
    view.choose(first)
    assert wanted == [first]


def test_a_search_waits_for_the_answer(qtbot, paired: MainWindow) -> None:
    """Asked for too early it begins by itself; where it cannot, the reason is the right one."""
    searching, asked, said = paired.retrieve.searching, asked_by(paired), []
    searching.hinted.connect(said.append)
    paired.retrieve.swap()
    paired.retrieve.find_steps()
    assert rq.FindPath not in kinds(asked)
    qtbot.waitUntil(lambda: paired.retrieve.path.found is not None, timeout=WAIT)
    wait_idle(qtbot, paired, WAIT)
    assert kinds(asked).count(rq.FindPath) == 1
    assert said == []
    searching.set_pair(IMAGE)
    paired.retrieve.on_failed(rq.kind_of(rq.RetrieveAction), Failure("it broke"))
    searching.begin()
    searching.set_result(answer(identical=True))
    searching.begin()
    searching.set_pair(None)
    searching.begin()
    assert said == [NO_ANSWER, IDENTICAL, NO_PAIR]
