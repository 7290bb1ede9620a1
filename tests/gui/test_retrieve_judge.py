"""Judging the model: the live matrix, its cells, the charts and what is saved; in the real window."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from datasets.factors import Factor, FactorSpace
from engine.results import JudgedPairs
from gui import requests as rq
from gui.main_window import MainWindow
from gui.pictures import to_array
from gui.replies import NoMistake
from gui.retrieve.confusion_view import ConfusionView
from gui.retrieve.image_slot import BEFORE
from gui.retrieve.judge_charts import AccuracyBars
from gui.retrieve.judged import by_action, by_factor, by_frequency, by_value, confusion
from gui.retrieve.walk import Walk
from gui.retrieve.workspace import JUDGE, WHY
from tests.gui.conftest import wait_idle

WAIT = 60_000
SPACE = FactorSpace((Factor("hue", ("red", "green", "blue")), Factor("size", ("s", "l"))))


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def click_at(widget, point: QPointF) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=point.toPoint())


def some_pairs() -> JudgedPairs:
    """Six pairs of hue+, size+ and hue-; two are wrong, one of them in its direction only."""
    truth, answer = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 2, 0, 1, 2, 1])
    value = np.array([0, 1, 0, 0, 2, 1])
    return JudgedPairs(
        np.arange(6), truth, answer, np.full(6, 0.8, np.float32), value, np.array([40, 3, 40, 3]), 6
    )


def test_tables_by_hand() -> None:
    """Counts of cells, and shares by action, factor, value and training pairs."""
    judged = some_pairs()
    counts = confusion(judged, 4)
    assert counts[0].tolist() == [2, 0, 1, 0]
    assert counts.sum() == 6
    shares = {s.label: (s.right, s.pairs) for s in by_factor(judged, SPACE)}
    assert shares == {"hue": (4, 5), "size": (1, 1)}
    assert [(s.right, s.pairs) for s in by_action(judged, SPACE)] == [(2, 3), (1, 1), (1, 2)]
    assert [(s.label, s.right, s.pairs) for s in by_value(judged, SPACE)] == [
        ("hue red", 2, 2), ("hue green", 0, 2), ("hue blue", 1, 1), ("size s", 1, 1)
    ]  # fmt: skip
    assert [s.label.split(" (")[1] for s in by_frequency(judged, SPACE)] == ["3)", "40)", "40)"]
    named = FactorSpace((Factor("hue", ("hue 0", "hue_1", "hueless")), SPACE.factors[1]))
    assert [s.label for s in by_value(judged, named)] == ["hue 0", "hue 1", "hue hueless", "size s"]


def test_a_walk_goes_round() -> None:
    """On from the last is the first, back from the first is the last."""
    walk = Walk([5, 9, 12], "hue")
    walk.step(-1)
    assert (walk.position, walk.words()) == (12, "3 of 3: hue")
    walk.step(1)
    assert walk.position == 5


def test_cells_are_chosen_with_mouse_and_keys(qtbot) -> None:
    """A cell that holds pairs answers a click and Enter; an empty one does not."""
    view = ConfusionView()
    qtbot.addWidget(view)
    view.resize(400, 400)
    view.show()
    view.set_counts(confusion(some_pairs(), 4), SPACE.action_names)
    chosen: list[tuple[int, int]] = []
    view.cell_chosen.connect(lambda truth, answer: chosen.append((truth, answer)))
    for cell in ((0, 2), (3, 3)):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPointF(view.cell(*cell).center()).toPoint())
    assert chosen == [(0, 2)]
    for key in (
        Qt.Key.Key_Up,
        Qt.Key.Key_Up,
        Qt.Key.Key_Up,
        Qt.Key.Key_Left,
        Qt.Key.Key_Left,
        Qt.Key.Key_Left,
    ):
        QTest.keyClick(view, key)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert chosen[-1] == (0, 0)
    assert "2 of 3 pairs" in view.accessibleDescription()
    view.activateWindow()
    view.setFocus()
    qtbot.waitUntil(view.hasFocus, timeout=WAIT)
    first = said_below(view)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert not np.array_equal(said_below(view), first)  # the cell in words, for those who have no mouse
    view.clearFocus()
    empty = said_below(view)
    assert (empty == empty[0, 0]).all()


def said_below(view: ConfusionView) -> np.ndarray:
    """The pixels below the axis of the matrix."""
    pixels = to_array(view.grab().toImage())
    return pixels[int(view.cell(3, 0).bottom()) + view.fontMetrics().height() + 4 :, :, :3]


@pytest.fixture
def judged(qtbot, ready: MainWindow) -> MainWindow:
    """The tiny run judged on all 60 test pairs."""
    click(ready.findChild(object, "workspace_retrieve"))
    ready.retrieve.tabs.setCurrentIndex(JUDGE)
    click(ready.retrieve.judge.start)
    qtbot.waitUntil(lambda: ready.retrieve.judge.start.text() == "Judge the model", timeout=WAIT)
    wait_idle(qtbot, ready, WAIT)
    return ready


def test_all_test_pairs_are_judged(judged: MainWindow) -> None:
    """The matrix holds every pair, the summary says how many are right."""
    judge = judged.retrieve.judge
    counts = judge.matrix.counts()
    assert counts.sum() == len(judge.judged) == 60
    assert f"{100 * np.trace(counts) / 60:.1f} %" in judge.summary.text()
    assert "calibration error" in judge.summary.text()
    assert sum(share.pairs for share in judge.bars.shares()) == 60
    judge.groups.setCurrentText("by factor")
    assert [share.label for share in judge.bars.shares()][:2] == ["floor hue", "wall hue"]


def test_a_cell_opens_its_pairs(qtbot, judged: MainWindow) -> None:
    """The pairs of the fullest cell, one after another, each answered as the cell says."""
    retrieve, matrix = judged.retrieve, judged.retrieve.judge.matrix
    truth, answer = divmod(int(matrix.counts().argmax()), 12)
    click_at(matrix, matrix.cell(truth, answer).center())
    assert retrieve.tabs.currentIndex() == WHY
    assert QApplication.focusWidget() is retrieve.pair.walk.on  # keys go on from here
    names, walk = judged.selection.run.space.action_names, retrieve.pair.walk
    number = len(retrieve.judge.positions(truth, answer))
    assert number > 1
    for place in (1, 2):
        assert walk.words.text().startswith(f"{place} of {number}")
        wait_idle(qtbot, judged, WAIT)
        assert retrieve._true_action == names[truth]
        assert retrieve._result.best == names[answer]
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    QTest.keyClick(judged, Qt.Key.Key_BracketLeft, Qt.KeyboardModifier.ControlModifier)
    assert walk.words.text().startswith(f"2 of {number}")
    QTest.keyClick(judged, Qt.Key.Key_BracketRight, Qt.KeyboardModifier.ControlModifier)
    assert walk.words.text().startswith(f"{1 if number == 2 else 3} of {number}")
    wait_idle(qtbot, judged, WAIT)
    click(retrieve.pair.random_button)
    assert walk.isHidden()
    wait_idle(qtbot, judged, WAIT)


def test_answers_are_saved(qtbot, judged: MainWindow, tmp_path: Path) -> None:
    """A table with a line a pair, and a picture of the charts; a folder that is none is refused."""
    judge = judged.retrieve.judge
    judge.table_wanted.emit(str(tmp_path / "answers.csv"))
    wait_idle(qtbot, judged, WAIT)
    with (tmp_path / "answers.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 60
    assert sum(int(line["right"]) for line in lines) == np.trace(judge.matrix.counts())
    judge.save_picture(str(tmp_path / "judged.png"))
    with PilImage.open(tmp_path / "judged.png") as picture:
        assert picture.width >= 2 * judge.charts.width()
        assert picture.height >= 2 * (judge.matrix.height() + judge.bars.height())
        lower = np.asarray(picture.convert("L"))[-2 * judge.bars.height() + 40 : -40]
        assert lower.std() > 5
    judge.save_picture(str(tmp_path / "nowhere" / "judged.png"))
    assert "could not be written" in judged.messages.text


def test_judging_can_be_stopped_and_another_run_forgets_it(qtbot, ready: MainWindow) -> None:
    """Stop leaves what was counted; without the data set of the run the button is off."""
    click(ready.findChild(object, "workspace_retrieve"))
    ready.retrieve.tabs.setCurrentIndex(JUDGE)
    judge = ready.retrieve.judge
    click(judge.start)
    click(judge.start)
    wait_idle(qtbot, ready, WAIT)
    qtbot.waitUntil(lambda: judge.start.text() == "Judge the model", timeout=WAIT)
    assert judge.judged is None or len(judge.judged) < 60
    judge.begin(ready.selection.run.space)
    judge.add(some_pairs())
    assert len(judge.judged) == 6
    judge.begin(ready.selection.run.space)
    assert judge.charts.isHidden()
    ready.retrieve.judging.forget()
    judge.add(some_pairs())  # one that was on its way
    assert judge.judged is None
    assert judge.charts.isHidden()
    ready.selection.set_dataset(None)
    assert judge.judged is None
    assert not judge.start.isEnabled()
    assert not ready.retrieve.pair.mistake_button.isEnabled()


def test_the_next_mistake_is_found(qtbot, judged: MainWindow) -> None:
    """From the beginning to the first pair whose answer is wrong, then to the one after it."""
    retrieve = judged.retrieve
    counted = retrieve.judge.judged
    wrong = sorted(counted.positions[counted.truth != counted.answer].tolist())
    assert len(wrong) >= 2
    for expected in wrong[:2]:
        click(retrieve.pair.mistake_button)
        qtbot.waitUntil(lambda at=expected: retrieve._position == at, timeout=WAIT)
        wait_idle(qtbot, judged, WAIT)
        assert "correct" not in retrieve.ranking.truth.text()


def test_no_mistake_is_said(qtbot, ready: MainWindow) -> None:
    """A model without a mistake is praised, and the pair stays."""
    ready.retrieve.take_explore_pair()
    wait_idle(qtbot, ready, WAIT)
    before = ready.retrieve.pair.image(BEFORE)
    ready._on_result(rq.kind_of(rq.FindMistake), 0, NoMistake(4000))
    assert ready.retrieve.pair.image(BEFORE) is before
    assert "all 4,000 test pairs" in ready.messages.text


def test_the_bars_are_told_to_screen_readers(qtbot) -> None:
    """Bars are as high as they need, and in words."""
    bars = AccuracyBars()
    qtbot.addWidget(bars)
    bars.set_shares(by_value(some_pairs(), SPACE))
    assert "hue green: 0.0 % of 2" in bars.accessibleDescription()
    assert bars.height() >= 4 * 16
