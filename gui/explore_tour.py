"""Explore's part of the guided tour; its pictures are those of the user guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialog

if TYPE_CHECKING:
    from gui.tour import Guide

MEASURING_S = 600  # the probes have to be trained first
IMAGES = 16  # of the mean graph: enough to see, and soon there


def walk_through_explore(guide: Guide) -> None:
    """Every stop changes one thing, and what it changed is put back before the next."""
    _intervene(guide)
    _act(guide)
    _choose_several(guide)
    _look_at_the_history(guide)
    _look_at_graphs(guide)


def _intervene(guide: Guide) -> None:
    """A node with its palette, the gallery of its codes, and a code chosen."""
    window, explore = guide.window, guide.window.explore
    node = _strongest_cause(guide)
    _click(guide, node)
    guide.until(lambda: explore.variable_panel.thumbs.count() > 1, "the palette")
    guide.settle()
    guide.picture("variable")
    explore.show_gallery()
    guide.settle()
    guide.picture("gallery", explore.gallery.dialog)
    explore.gallery.dialog.close()
    before = window.selection.step
    explore.variable_panel.choose_likeliest_other()
    guide.until(lambda: window.selection.step is not before, "the intervention")
    guide.settle()
    guide.picture("intervention")
    explore.history.undo.click()


def _act(guide: Guide) -> None:
    """An action twice, the graph under it, its difference from the base graph, and the traversals."""
    window, explore = guide.window, guide.window.explore
    for _ in range(2):
        explore.action_panel.buttons[1].click()
    guide.until(lambda: window.selection.history.count() == 2, "the action")
    window.selection.set_action(0)
    guide.settle()
    guide.picture("action")
    window.selection.set_variable(None)
    explore.graph.compare_choice.click()
    guide.settle()
    guide.picture("difference")
    explore.graph.compare_choice.click()
    window.selection.set_action(None)
    explore.traversal.by_variable.click()
    guide.settle()
    guide.picture("traversal")
    explore.traversal.by_action.click()


def _choose_several(guide: Guide) -> None:
    """The strongest cause and its two neighbours at the right, by Shift and clicks."""
    node = _strongest_cause(guide)
    _, _, columns = guide.window.selection.run.grid if guide.window.selection.run is not None else (1, 1, 1)
    left = node - max(0, node % columns - (columns - 3))
    _click(guide, left)
    for step in (1, 2):
        _click(guide, left + step, Qt.KeyboardModifier.ShiftModifier)
    guide.settle()
    guide.picture("several")
    guide.window.selection.set_variable(None)


def _look_at_the_history(guide: Guide) -> None:
    """The first step beside the present one."""
    explore = guide.window.explore
    explore.history.thumbs.walk_to(0)
    explore.commands.compare()
    dialog = explore.findChild(QDialog, "compare_dialog")
    guide.settle()
    guide.picture("compare", dialog)
    if dialog is not None:
        dialog.close()


def _look_at_graphs(guide: Guide) -> None:
    """The mean over images, colours by what was measured, and the other layouts."""
    graph = guide.window.explore.graph
    _choose(graph.images_choice, IMAGES)
    guide.settle()
    guide.picture("mean")
    _choose(graph.images_choice, 1)
    _choose(graph.colour_choice, "moves")
    guide.until(lambda: graph.legend.title() == "changes most", "what the variables move", MEASURING_S)
    guide.settle()
    guide.picture("moves")
    _choose(graph.colour_choice, "factor")
    for layout, name in (("force", "forces"), ("layered", "layered")):
        _choose(graph.layout_choice, layout)
        guide.settle()
        guide.picture(name)


def _strongest_cause(guide: Guide) -> int:
    view = guide.window.explore.graph.view
    return int(np.argmax(np.bincount(view.shown.pairs[:, 0], minlength=len(view.nodes))))


def _click(guide: Guide, node: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    view = guide.window.explore.graph.view
    place = view.mapFromScene(view.nodes[node].scenePos())
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, place)
    QCoreApplication.sendEvent(view.viewport(), QEvent(QEvent.Type.Leave))  # what is under the mouse is lit


def _choose(box: QComboBox, data: object) -> None:
    """As a person does, so that the signal for a person's choice comes too."""
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())
