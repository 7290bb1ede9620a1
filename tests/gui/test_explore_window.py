"""Explore inside the whole window: its commands, its place for drops, messages, the top bar."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel

import datasets
from engine.results import Reconstruction
from gui.history import Step
from gui.main_window import MainWindow
from gui.replies import Failure
from gui.shortcuts import show_shortcuts
from tests.gui.test_explore_datasets import RUN


def action(window: MainWindow, name: str) -> QAction:
    found = window.findChild(QAction, f"action_{name}")
    assert found is not None
    return found


def test_commands_of_explore_are_off_elsewhere(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+O, R, V, C and Z never act on a hidden Explore; undo is on where there is something to undo."""
    names = ("open_image", "random_image", "previous_image", "next_image", "paste_image", "copy_image")
    monkeypatch.setattr(window.engine, "submit", lambda _request: 0)
    window.selection.set_run(RUN)
    codes, image = np.zeros(4, np.int64), np.zeros((1, 1, 3), np.uint8)
    window.selection.set_reading(Reconstruction(codes, image, image, 30.0))
    assert not action(window, "undo").isEnabled()
    window.selection.intervene(Step("shape+", codes, image))
    assert action(window, "undo").isEnabled()
    assert action(window, "undo").text() == "Undo shape+"
    window.show_workspace(1)
    assert not any(action(window, name).isEnabled() for name in (*names, "undo", "redo"))
    window.show_workspace(0)
    assert all(action(window, name).isEnabled() for name in (*names, "undo"))


def test_the_middle_of_explore_takes_a_drop(window: MainWindow) -> None:
    """Whatever lies under the mouse there, the first that accepts drops is the workspace."""
    window.explore.graph.pages.setCurrentWidget(window.explore.graph.view)
    QTest.qWait(10)
    view = window.explore.graph.view.viewport()
    below = window.childAt(view.mapTo(window, view.rect().center()))
    while below is not None and not below.acceptDrops():
        below = below.parentWidget()
    assert below is window.explore


def test_a_hint_does_not_take_the_place_of_an_error(window: MainWindow) -> None:
    """The error stays until it is closed; then hints are seen again."""
    window.messages.error(Failure("it broke"))
    window.messages.info("by the way")
    assert window.messages.text == "It broke"
    window.messages._close_button.click()
    window.messages.info("by the way")
    assert window.messages.text == "By the way"


def test_a_long_run_name_does_not_widen_the_bar(window: MainWindow) -> None:
    """It is cut in the bar and whole in the tool tip."""
    name = "n" * 90
    before = window.minimumSizeHint().width()
    window.top_bar.set_run(dataclasses.replace(RUN, name=name))
    assert window.top_bar.run.sizeHint().width() < 300
    assert name in window.top_bar.run.toolTip()
    assert window.minimumSizeHint().width() < before + 200


def test_the_sheet_of_shortcuts_cuts_no_words(window: MainWindow) -> None:
    """Wrapped lines have room for all of their lines."""
    sheet = show_shortcuts(window)
    QTest.qWait(20)
    words = [label for label in sheet.findChildren(QLabel) if label.wordWrap()]
    assert len(words) > 20
    assert all(label.height() >= label.heightForWidth(label.width()) for label in words)
    sheet.reject()


def test_explore_fits_the_small_window(window: MainWindow) -> None:
    """At 1280x800 pictures are twice their pixels, and no button cuts its text."""
    space = datasets.info("shapes").space
    window.explore.source.set_space(space)
    window.explore.action_panel.set_space(space)
    QTest.qWait(20)
    assert window.explore.images.after.width() >= 128
    assert window.explore.images.after.size() == window.explore.images.original.size()
    for button in window.explore.findChildren(QAbstractButton):
        if button.isVisible() and button.text():
            assert button.width() >= button.minimumSizeHint().width(), button.objectName()
