"""The pendulum in the window: built from its card, acted on in Explore, its graph of factors beside a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QPushButton

import datasets
from datasets.pendulum import PendulumSource
from datasets.recipe import Recipe
from datasets.steps import successors
from gui.explore.action_panel import ActionPanel
from gui.library.factor_graph_view import FactorGraphView
from gui.main_window import MainWindow
from gui.replies import Evaluated, RunEntry
from gui.theme import apply_theme
from tests.cli.measured import measured
from tests.gui.conftest import wait_idle

WAIT = 60_000
GRAPH = measured()["factor_graph"]


@pytest.fixture
def window(qtbot, tmp_path: Path, monkeypatch, make_window: Callable[[], MainWindow]) -> MainWindow:
    """The Library in front, with an empty home in which `pendulum` is a small data set."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    small = Recipe("pendulum", train_pairs=150, validation_pairs=30, test_pairs=40)
    monkeypatch.setitem(datasets._RECIPES, "pendulum", small)
    made = make_window()
    made.findChild(QPushButton, "workspace_library").click()
    qtbot.waitUntil(lambda: made.library.datasets.rowCount() > 0, timeout=WAIT)
    wait_idle(qtbot, made, WAIT)
    return made


def test_the_card_builds_checks_and_shows_it(qtbot, window: MainWindow) -> None:
    """No folder is asked for; its images, factors and pairs are there, verified, and its sliders draw."""
    library, detail = window.library, window.library.dataset_detail
    library.show_dataset("pendulum")
    assert detail.source_row.isHidden()
    assert "shadow position 37 (ordinal)" in detail.facts.text()
    detail.build.click()
    qtbot.waitUntil(lambda: len(detail.page.grid.pictures) > 0, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert "shadow length" in detail.page.grid.words[0]
    detail.verify.click()
    qtbot.waitUntil(lambda: "is sound" in window.messages.text, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    detail.use.click()
    qtbot.waitUntil(lambda: window.selection.dataset is not None, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert window.selection.dataset.name == "pendulum"
    assert window.selection.dataset.can_render


def test_effects_are_expected_to_follow_their_causes(qtbot) -> None:
    """After an action on the angle the panel names the length and place that the shadow should then have."""
    source = PendulumSource()
    panel = ActionPanel()
    qtbot.addWidget(panel)
    start = source.settle(np.array([[3, 2, 0, 1]]))[0]
    for causal in (datasets.causal_steps("pendulum"), None):
        panel.set_space(source.space, causal)
        panel.set_values(tuple(start[0].tolist()), {0: 2})
        assert panel._expected(tuple(start[0].tolist())) == (
            tuple(successors(source, start, [0], 2)[0][0].tolist()) if causal else (5, *start[0, 1:].tolist())
        )
    assert datasets.causal_steps("shapes") is None
    assert datasets.causal_steps("my/own.h5") is None


def test_the_graph_of_factors_stands_beside_the_figures(window: MainWindow) -> None:
    """After an evaluation known and learned edges are drawn; beside another run nothing is."""
    detail = window.library.run_detail
    runs = [RunEntry(n, Path(n), "pendulum", "small", "", 9, 1.0, "done", False, {}) for n in ("a", "b")]
    window.library.details.setCurrentWidget(detail)
    detail.set_entry(runs[0])
    assert detail.factor_graph.isHidden()
    detail.set_evaluated("a", Evaluated("a", "pendulum", "test", measured()))
    assert not detail.factor_graph.isHidden()
    assert detail.factor_graph.states == {("hue", "size"): "right", ("size", "hue"): "missing"}
    said = detail.factor_graph.accessibleDescription()
    assert (
        said
        == "hue to size, as known, 61.2 % of the actions; size to hue, known, not found, 3.1 % of the actions"
    )
    shown = [detail.figures.item(row, 0).text() for row in range(detail.figures.rowCount())]
    assert "factor graph shd" in shown
    detail.set_entry(runs[1])
    assert detail.factor_graph.isHidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_are_told_by_their_lines(qapp, qtbot, theme: str) -> None:
    """Solid, dashed and dotted lines differ without their colours, and every factor has its own box."""
    apply_theme(qapp, theme)
    view = FactorGraphView()
    qtbot.addWidget(view)
    both = {**GRAPH, "edges": [{"cause": "hue", "effect": "size"}], "known": [["hue", "size"]]}
    drawn = {}
    for state, graph in {
        "right": both,
        "missing": {**both, "edges": []},
        "extra": {**both, "known": []},
        "unknown": {**both, "known": None},
    }.items():
        view.set_graph(graph)
        view.resize(400, view.height())
        boxes = view.places()
        assert set(boxes) == {"hue", "size"}
        assert not boxes["hue"].intersects(boxes["size"])
        assert boxes["hue"].right() < boxes["size"].left()
        y = round(boxes["hue"].center().y() + 4)
        picture = view.grab().toImage()
        ground = picture.pixelColor(399, 3)
        line = range(round(boxes["hue"].right()) + 4, round(boxes["size"].left()) - 14)
        drawn[state] = np.mean([picture.pixelColor(x, y) != ground for x in line])
    assert drawn["right"] == drawn["unknown"] == 1.0
    assert drawn["extra"] < drawn["missing"] < 0.95
    view.set_graph({**both, "edges": [], "known": None})
    assert view.isHidden()
    view.set_graph(None)
    assert view.isHidden()
    apply_theme(qapp, "light")
