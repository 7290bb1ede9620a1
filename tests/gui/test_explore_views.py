"""Explore's views by themselves: stale pictures, keyboard, sliders, sizes."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from datasets.shapes import ShapesSource
from engine.results import LoadedImage, Palette, TraversalRow
from gui.explore.traversal_view import TraversalView
from gui.explore.variable_panel import VariablePanel
from gui.replies import PickedImage

SPACE = ShapesSource().space


def pictures(count: int) -> np.ndarray:
    return np.zeros((count, 8, 8, 3), np.uint8)


def row(title: str = "shape", effect: float = 0.5, columns: int = 11) -> TraversalRow:
    labels = tuple(map(str, range(columns)))
    return TraversalRow(title, labels, pictures(columns), np.zeros((columns, 4), np.int64), effect)


def palette(variable: int, count: int = 32) -> Palette:
    chances = np.full(count, 1 / count, np.float32)
    return Palette(variable, np.arange(count), chances, pictures(count), 0)


def test_the_old_palette_cannot_be_clicked_for_another_variable(qtbot) -> None:
    """Between the click on a node and its palette nothing can be chosen."""
    panel = VariablePanel()
    qtbot.addWidget(panel)
    chosen: list[tuple[int, int]] = []
    panel.code_chosen.connect(lambda variable, code: chosen.append((variable, code)))
    panel.set_variable("0,0,0")
    panel.set_palette(palette(0))
    panel.thumbs.choose(3)
    assert chosen == [(0, 3)]
    panel.set_variable("0,0,1")
    assert panel.thumbs.count() == 0
    panel.thumbs.choose(3)
    assert chosen == [(0, 3)]


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
