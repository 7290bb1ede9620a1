"""The confusion matrix of few actions and of hundreds: what is painted, clicked, walked over and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.pictures import to_array
from gui.retrieve import confusion_view, judge_view
from gui.retrieve.confusion_places import LEAST
from gui.retrieve.confusion_view import ConfusionView
from gui.retrieve.judge_view import JudgeView
from gui.theme import apply_theme, colours

MANY = 500
PAINTING = ("drawText", "drawRect", "drawRects", "fillRect", "drawImage", "drawLine")


def full_counts(actions: int) -> np.ndarray:
    """Every cell holds pairs, the diagonal most."""
    return np.random.default_rng(0).integers(1, 5, (actions, actions)) + 40 * np.eye(actions, dtype=np.int64)


def names_of(actions: int) -> tuple[str, ...]:
    return tuple(f"number_{n}+" for n in range(actions))


@pytest.fixture
def show(qtbot) -> Callable[[np.ndarray], ConfusionView]:
    """A shown matrix of 420 x 380 pixels with the keyboard on it."""

    def show(counts: np.ndarray) -> ConfusionView:
        view = ConfusionView()
        qtbot.addWidget(view)
        view.resize(420, 380)
        view.set_counts(counts, names_of(len(counts)))
        view.show()
        view.activateWindow()
        view.setFocus()
        qtbot.waitUntil(view.hasFocus)
        return view

    return show


@pytest.fixture
def light(qapp: QApplication) -> Iterator[QApplication]:
    """The application in light, also afterwards."""
    apply_theme(qapp, "light")
    yield qapp
    apply_theme(qapp, "light")


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[QRectF]]]:
    """What painters are asked for, with the rectangles."""
    asked: list[tuple[str, list[QRectF]]] = []

    def noting(name: str) -> Callable[..., object]:
        def note(painter: QPainter, *arguments: object) -> object:
            flat = chain.from_iterable(a if isinstance(a, list) else [a] for a in arguments)
            asked.append((name, [QRectF(a) for a in flat if isinstance(a, QRectF)]))
            return getattr(QPainter, name)(painter, *arguments)

        return note

    noting_painter = type("NotingPainter", (QPainter,), {name: noting(name) for name in PAINTING})
    monkeypatch.setattr(confusion_view, "QPainter", noting_painter)
    return asked


def chosen_of(view: ConfusionView) -> list[tuple[int, int]]:
    chosen: list[tuple[int, int]] = []
    view.cell_chosen.connect(lambda truth, answer: chosen.append((truth, answer)))
    return chosen


def click_cell(view: ConfusionView, row: int, column: int) -> None:
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.cell(row, column).center().toPoint())


def in_sight(view: ConfusionView, row: int, column: int) -> bool:
    return QRectF(view.rect()).contains(view.cell(row, column)) and not any(
        view._places().way_to((row, column))
    )


def pixel(pixels: np.ndarray, place: QPointF) -> np.ndarray:
    return pixels[int(place.y()), int(place.x()), :3].astype(int)


def test_a_repaint_does_not_grow_with_the_actions(show, painted) -> None:
    """Sixteen times the cells are painted by as many calls; twelve actions have a number in each cell."""
    calls = []
    for actions in (250, 1000):
        view = show(full_counts(actions))
        painted.clear()
        view.grab()
        calls.append(len(painted))
    assert calls[1] <= calls[0] < 100
    view = show(full_counts(12))
    painted.clear()
    view.grab()
    assert sum(name == "drawText" for name, _ in painted) == 12 + 144 + 2


@pytest.mark.parametrize("actions", [1, 2, 12, 31, 32, 52, 53, 60, MANY])
def test_nothing_is_painted_inside_out(show, painted, actions: int) -> None:
    """No rectangle has a negative side, at the smallest size neither; no cell is too small to be hit."""
    view = show(full_counts(actions))
    for size in ((420, 380), (240, 220), (1200, 1000)):
        view.resize(*size)
        view.grab()
        assert view.cell(0, 0).width() >= LEAST
    assert painted
    assert all(r.width() >= 0 and r.height() >= 0 for _, rectangles in painted for r in rectangles)


def test_the_shades_are_made_once(show, light, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the same counts in the same theme, however often they are painted."""
    made: list[int] = []
    shades = confusion_view.shades
    monkeypatch.setattr(confusion_view, "shades", lambda *of: made.append(1) or shades(*of))
    view = show(full_counts(MANY))
    for _ in range(3):
        view.grab()
        QTest.keyClick(view, Qt.Key.Key_Down)
    assert len(made) == 1
    view.set_counts(full_counts(MANY), names_of(MANY))
    view.grab()
    assert len(made) == 2
    apply_theme(light, "dark")
    view.grab()
    assert len(made) == 3


@pytest.mark.parametrize("actions", [12, MANY])
def test_cells_have_their_shades_in_both_themes(show, light, actions: int) -> None:
    """Empty, right, wrong, and the gaps between cells: as strong as the share of their row's pairs."""
    counts = 4 * np.eye(actions, dtype=np.int64)
    counts[1, 2] = 12
    view = show(counts)
    view.clearFocus()
    for theme in ("light", "dark"):
        apply_theme(light, theme)
        pixels = to_array(view.grab().toImage())
        ground, quiet = view.palette().color(QPalette.ColorRole.Window), QColor(colours().text)
        empty = over(ground.getRgb()[:3], quiet, 18 / 255)
        inside = QPointF(2, 2)  # beside the number
        for cell, colour, share in (((0, 0), "good", 1.0), ((1, 1), "good", 0.25), ((1, 2), "bad", 0.75)):
            expected = over(empty, QColor(getattr(colours(), colour)), 0.25 + 0.6 * share)
            found = pixel(pixels, view.cell(*cell).topLeft() + inside)
            assert np.abs(found - expected).max() <= 2, (theme, cell)
        middle = view.cell(3, 0).center()
        assert np.abs(pixel(pixels, middle) - empty).max() <= 2
        places = [QPointF(np.floor(view.cell(3, 1).left()) + step, middle.y()) for step in (-1, 0)]
        assert max(np.abs(pixel(pixels, place) - empty).max() for place in places) > 2.5


def over(ground: tuple[int, ...] | np.ndarray, colour: QColor, opacity: float) -> np.ndarray:
    """A colour over another, 0..255."""
    return (1 - opacity) * np.array(ground, float) + opacity * np.array(colour.getRgb()[:3], float)


def test_a_wrong_answer_has_a_frame(show, light) -> None:
    """Told apart without colour: its edge is stronger than its inside."""
    counts = 4 * np.eye(12, dtype=np.int64)
    counts[1, 2] = 1
    view = show(counts)
    pixels, bad = to_array(view.grab().toImage()), np.array(QColor(colours().bad).getRgb()[:3])
    place = view.cell(1, 2)
    column = pixels[int(place.center().y()), int(place.left()) - 1 : int(place.left()) + 3, :3].astype(int)
    assert np.abs(column - bad).sum(axis=1).min() < 180
    assert np.abs(pixel(pixels, place.topLeft() + QPointF(4, 4)) - bad).sum() > 220


def test_numbers_can_be_read_on_their_shades(show, light) -> None:
    """Light on strong ones, dark on faint ones."""
    counts = 8 * np.eye(12, dtype=np.int64)
    counts[3, 5] = 2
    view = show(counts)
    pixels = to_array(view.grab().toImage())[..., 1].astype(int)  # of shades: green has much, red little
    for cell, light_number in (((2, 2), True), ((3, 5), False)):
        place = view.cell(*cell).adjusted(3, 3, -3, -3).toRect()
        inside = pixels[place.top() : place.bottom(), place.left() : place.right()]
        ground = inside[0, 0]
        assert (inside.max() - ground > 60) == light_number
        assert (ground - inside.min() > 60) != light_number


def test_a_click_hits_the_cell_under_it(show) -> None:
    """Of many actions too, wherever they are scrolled to; beside the cells there is nothing to hit."""
    view = show(full_counts(MANY))
    chosen = chosen_of(view)
    for cell in ((0, 0), (7, 3), (20, 30)):
        click_cell(view, *cell)
        assert chosen[-1] == cell
    view._down.setValue(view._down.maximum())
    view._across.setValue(1000)
    click_cell(view, MANY - 1, 200)
    assert chosen[-1] == (MANY - 1, 200)
    number = len(chosen)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 100))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(100, view.height() - 3))
    assert len(chosen) == number


def test_the_wheel_scrolls_only_what_does_not_fit(show) -> None:
    """Down, and across where it is turned so; a matrix that fits leaves the wheel to others."""
    for actions, moves in ((MANY, True), (12, False)):
        view = show(full_counts(actions))
        before = view.cell(100, 100).topLeft()
        for way in (QPoint(0, -120), QPoint(-120, 0)):
            event = QWheelEvent(
                QPointF(200, 100), view.mapToGlobal(QPointF(200, 100)), QPoint(), way,
                Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(view, event)
        after = view.cell(100, 100).topLeft()
        assert (after.x() < before.x(), after.y() < before.y()) == (moves, moves)


def test_keys_reach_every_cell_and_bring_it_into_sight(show) -> None:
    """Arrows cell by cell, Home, End and pages farther; the words follow, Enter opens the cell."""
    view = show(full_counts(MANY))
    chosen = chosen_of(view)
    row = 0
    while row < MANY - 1:
        QTest.keyClick(view, Qt.Key.Key_PageDown)
        QTest.keyClick(view, Qt.Key.Key_Return)
        assert chosen[-1][0] > row
        row = chosen[-1][0]
        assert in_sight(view, row, 0)
    QTest.keyClick(view, Qt.Key.Key_End)
    assert in_sight(view, MANY - 1, MANY - 1)
    assert view.accessibleDescription().endswith(
        f"of number {MANY - 1}  + were answered number {MANY - 1}  +"
    )
    for _ in range(100):
        QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert chosen[-1] == (MANY - 2, MANY - 101)
    assert in_sight(view, *chosen[-1])
    QTest.keyClick(view, Qt.Key.Key_Home)
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    assert in_sight(view, int(view._cursor[0]), 0)
    click_cell(view, *view._cursor)
    assert chosen[-1] == view._cursor
    assert view._cursor[0] < MANY - 2


def test_ctrl_goes_to_the_next_cell_with_pairs(show) -> None:
    """Over the empty ones, and not beyond the last."""
    counts = np.zeros((MANY, MANY), np.int64)
    for row, column in ((0, 0), (0, 300), (0, 301), (400, 301)):
        counts[row, column] = 1
    view = show(counts)
    for key, cell in (
        (Qt.Key.Key_Right, (0, 300)),
        (Qt.Key.Key_Right, (0, 301)),
        (Qt.Key.Key_Right, (0, 301)),
        (Qt.Key.Key_Down, (400, 301)),
        (Qt.Key.Key_Up, (0, 301)),
        (Qt.Key.Key_Left, (0, 300)),
    ):
        QTest.keyClick(view, key, Qt.KeyboardModifier.ControlModifier)
        assert view.accessibleDescription() == view.describe(*cell)
        assert in_sight(view, *cell)


def test_fewer_actions_are_not_scrolled_any_more(show) -> None:
    """Another run's matrix starts at its first cell, and no scroll bar is left."""
    view = show(full_counts(MANY))
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view._across.isVisible()
    assert view._down.isVisible()
    view.set_counts(full_counts(12), names_of(12))
    assert view._across.isHidden()
    assert view._down.isHidden()
    assert all(in_sight(view, *cell) for cell in ((0, 0), (0, 11), (11, 0), (11, 11)))


def test_the_saved_picture_has_all_cells(qtbot, light, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each a pixel at least, those out of sight too; very long ones are saved at the screen's size."""
    judge = JudgeView()
    qtbot.addWidget(judge)
    counts = np.zeros((MANY, MANY), np.int64)
    counts[-1, -1] = counts[0, -1] = counts[-1, 0] = 3
    judge.matrix.set_counts(counts, names_of(MANY))
    size = judge.matrix.whole_size()
    made = QImage(size, QImage.Format.Format_RGB32)
    made.fill(QColor(colours().panel))
    painter = QPainter(made)
    judge.matrix.paint_whole(painter)
    painter.end()
    strong = np.abs(to_array(made)[..., 0].astype(int) - to_array(made)[..., 2]) > 40
    green = (to_array(made)[..., 1].astype(int) - to_array(made)[..., 0]) > 40
    assert strong.sum() >= 2
    (rows, columns), reddish = np.nonzero(green), np.nonzero(strong)
    assert rows.min() - reddish[0].min() >= MANY - 2
    assert columns.min() - reddish[1].min() >= MANY - 2
    assert judge.picture().width() >= 2 * size.width()
    monkeypatch.setattr(judge_view, "LONGEST", 100)
    assert size.width() <= judge.picture().width() < 2 * size.width()
