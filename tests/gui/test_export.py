"""Export from Explore: through the menu and the dialog, into files that other programs read."""

from __future__ import annotations

import csv
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from engine.results import TraversalRow
from gui.explore.exporting import MARGIN, animate
from gui.main_window import MainWindow
from tests.gui.conftest import wait_idle


def export(qtbot, window: MainWindow, what: str, path: Path) -> None:
    """Chooses the menu's command and answers its dialog."""
    window.findChild(QAction, f"action_export_{what}").trigger()
    name = {"traversal": "traversal", "graph": "graph", "image": "image"}[what]
    dialog = window.findChild(QFileDialog, f"export_{name}_dialog")
    assert dialog is not None
    dialog.selectFile(str(path))
    dialog.accept()
    qtbot.wait(20)
    wait_idle(qtbot, window)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_the_image_is_the_one_that_is_seen(qtbot, ready: MainWindow, tmp_path: Path, suffix: str) -> None:
    """Enlarged by a whole factor, pixel by pixel the same; also without its suffix being lower case."""
    path = tmp_path / f"seen.{suffix.upper()}"
    export(qtbot, ready, "image", path)
    with Image.open(path) as found:
        pixels = np.asarray(found.convert("RGB"))
    step = ready.selection.step.image
    assert pixels.shape == (512, 512, 3)
    error = np.abs(pixels[4::8, 4::8].astype(int) - step)
    assert error.max() == 0 if suffix == "png" else error.mean() < 8
    assert "Saved seen" in ready.messages.text
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_graph_as_graphml_has_the_drawn_edges(qtbot, ready: MainWindow, tmp_path: Path) -> None:
    """The slider's edges and no others, cause to effect, with the codes of the present state."""
    ready.explore.graph.count.setValue(9)
    export(qtbot, ready, "graph", tmp_path / "g.graphml")
    network = nx.read_graphml(tmp_path / "g.graphml")
    run, shown = ready.selection.run, ready.explore.graph.view.shown
    drawn = {(run.variable_name(i), run.variable_name(j)) for i, j in shown.pairs.tolist()}
    assert set(network.edges) == drawn
    assert len(drawn) == 9
    assert network.nodes["0,3,4"]["code"] == ready.selection.step.codes[28]


def test_the_graph_under_an_action_as_a_table(qtbot, ready: MainWindow, tmp_path: Path) -> None:
    """What is written is the graph that is shown, not the base graph."""
    ready.selection.set_action(5)
    wait_idle(qtbot, ready)
    export(qtbot, ready, "graph", tmp_path / "g.csv")
    with (tmp_path / "g.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown, run = ready.explore.graph.view.shown, ready.selection.run
    assert {(row["cause"], row["effect"]) for row in rows} >= {
        (run.variable_name(i), run.variable_name(j)) for i, j in shown.pairs.tolist()
    }
    assert min(float(row["probability"]) for row in rows) == pytest.approx(
        shown.probabilities.min(), abs=1e-6
    )
    ready.explore.graph.compare_choice.click()
    export(qtbot, ready, "graph", tmp_path / "d.csv")
    with (tmp_path / "d.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found, model = ready.explore.graph.view.difference, ready.explore.graph.table_model
    assert len(rows) == len(found.all.pairs) > 0
    seen = {(row["cause"], row["effect"]): row for row in rows}
    for line in range(len(rows)):  # what is drawn, lost edges and all, as the table has it
        cause, effect, _chance, change = (model.data(model.index(line, column)) for column in range(4))
        row = seen[cause, effect]
        assert f"{row['change']}: {float(row['base']):.2f} → {float(row['probability']):.2f}" == change


@pytest.mark.parametrize("what", ["graph", "traversal"])
def test_drawings(qtbot, ready: MainWindow, tmp_path: Path, what: str) -> None:
    """PNG with twice the pixels of the screen and SVG; both hold more than an empty area."""
    graph, grid = ready.explore.graph, ready.explore.traversal.grid
    wide = graph.legend.width() + graph.view.width() if what == "graph" else grid.width()
    export(qtbot, ready, what, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as found:
        pixels = np.asarray(found.convert("RGB"))
    assert pixels.shape[1] == 2 * (wide + 2 * MARGIN)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
    export(qtbot, ready, what, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text.rstrip().endswith("</svg>")
    assert ("Base graph: 80 edges, p" if what == "graph" else "Traversal of actions") in text
    if what == "graph":  # lines and circles, not a picture of them
        assert text.count("<path") + text.count("<polyline") >= len(graph.view.shown.pairs) / 40
        assert text.count("<ellipse") + text.count("<circle") >= 64
        assert text.count("<image") <= 1  # the image under the nodes
    else:
        assert text.count("<image") == sum(len(row.images) for row in grid.rows)
        assert 'width="704"' not in text  # a cell, not its whole row again


def test_the_traversal_moves(qtbot, ready: MainWindow, tmp_path: Path) -> None:
    """Frames of all rows side by side, without end."""
    export(qtbot, ready, "traversal", tmp_path / "a.gif")
    rows = ready.explore.traversal.grid.rows
    with Image.open(tmp_path / "a.gif") as found:
        assert found.size == (3 * 64 * len(rows), 3 * 64)
        assert found.n_frames > 1  # frames that are alike are one
        assert found.info["loop"] == 0


def test_an_animation_goes_through_the_columns_and_back(tmp_path: Path) -> None:
    """A frame a column in their order, then back without showing the ends twice."""
    greys = np.array([10, 80, 150, 220], dtype=np.uint8)
    images = np.broadcast_to(greys[:, None, None, None], (4, 8, 8, 3))
    rows = [TraversalRow("a", tuple("0123"), images, np.zeros((4, 2), np.int64), 0.1)] * 2
    animate(rows, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as found:
        seen = []
        for frame in range(found.n_frames):
            found.seek(frame)
            seen.append(int(np.asarray(found.convert("L")).mean().round()))
    assert seen == pytest.approx([10, 80, 150, 220, 150, 80], abs=3)


def test_what_cannot_be_written_is_said_once(qtbot, ready: MainWindow, tmp_path: Path) -> None:
    """A folder that is not there, a name of no known kind: a sentence, and no file."""
    ready.explore.exports.write_image(tmp_path / "nowhere" / "a.png")
    assert "was not saved" in ready.messages.text
    ready.explore.exports.write_graph(tmp_path / "nowhere" / "a.graphml")
    wait_idle(qtbot, ready)
    assert "a.graphml" in ready.messages.text
    export(qtbot, ready, "image", tmp_path / "a.bmp")
    assert "choose a name that ends with" in ready.messages.text
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_export_yet(window: MainWindow) -> None:
    """Without an image a hint instead of a dialog; the keys reach the commands."""
    for keys, modifier in ((Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier),):
        QTest.keyClick(window, keys, modifier)
    assert "no image to export" in window.messages.text
    for what in ("graph", "traversal"):
        window.findChild(QAction, f"action_export_{what}").trigger()
        assert window.findChild(QFileDialog, f"export_{what}_dialog") is None
