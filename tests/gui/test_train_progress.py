"""Train: other runs laid over the curves of the run on show, and what else forms while it trains."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from datasets.home import runs_dir
from gui.main_window import MainWindow
from gui.pictures import to_array
from gui.train.curves_panel import MOST_OTHERS
from gui.train.progress_pictures import BAR_HEIGHT, GAP, graph_picture, use_picture, use_words
from tests.gui.conftest import wait_idle
from tests.gui.test_train import WAIT, home, training_window  # noqa: F401 (fixtures)


def test_runs_are_compared_by_their_curves(
    qtbot,
    training_window: MainWindow,  # noqa: F811
    tiny_run: Path,
) -> None:
    """Chosen runs come over the watched one, up to four; one that cannot be read is taken off and said."""
    window, curves = training_window, training_window.train.curves
    for number in range(MOST_OTHERS + 2):
        shutil.copytree(tiny_run, runs_dir() / f"run-{number}")
    window.show_workspace(3)
    window.show_workspace(2)
    wait_idle(qtbot, window, WAIT)
    window.train.watch(runs_dir() / "run-0")
    qtbot.waitUntil(lambda: not window.train.data.is_empty(), timeout=WAIT)
    actions = {action.text(): action for action in curves.menu.actions()}
    assert "bundled" not in actions
    for number in range(1, MOST_OTHERS + 1):
        actions[f"run-{number}"].trigger()
    loss = curves.plots[0]
    qtbot.waitUntil(lambda: len(loss._others) == MOST_OTHERS, timeout=WAIT)
    qtbot.waitUntil(lambda: all(not data.is_empty() for data in loss._others.values()), timeout=WAIT)
    assert not actions["run-5"].isEnabled()
    assert curves.compare.text() == "Compare (4)"
    assert "run-3" in loss.compared.text()
    actions["run-2"].trigger()
    assert "run-2" not in loss._others
    assert actions["run-5"].isEnabled()
    shutil.rmtree(runs_dir() / "run-5")
    actions["run-5"].trigger()
    qtbot.waitUntil(lambda: "run-5" in window.messages.text, timeout=WAIT)
    assert set(loss._others) == {"run-1", "run-3", "run-4"}
    assert not {a.text(): a for a in curves.menu.actions()}["run-5"].isChecked()
    window.train._leave()
    wait_idle(qtbot, window, WAIT)


def test_the_graph_and_the_codes_are_seen_to_form(
    qtbot,
    training_window: MainWindow,  # noqa: F811
    tiny_run: Path,
) -> None:
    """Beside the images: the mean base graph from the second phase on, and how evenly codes are used."""
    window, samples = training_window, training_window.train.samples
    window.train.watch(tiny_run)
    qtbot.waitUntil(lambda: samples.count() > 3, timeout=WAIT)
    samples.kind.setCurrentText("average graph")
    assert samples.area.picture.width() == samples.area.picture.height() == 64
    assert "of the edges above 1/2" in samples.when.text()
    with np.load(sorted(tiny_run.glob("samples/*.npz"))[-1], allow_pickle=False) as arrays:
        edges = arrays["graph"]
    assert edges.shape == (64, 64)
    assert (np.diag(edges) == 0).all()
    assert (graph_picture(edges.astype(float)) == to_array(samples.area.picture)[..., :3]).all()
    samples.slider.setValue(0)
    assert samples.area.picture.isNull()
    assert "transition phase" in samples.area.words
    samples.kind.setCurrentText("codes in use")
    assert samples.area.picture.width() == 32
    assert "of 32 used" in samples.when.text()
    samples.slider.setValue(samples.slider.maximum())
    assert not samples.area.picture.isNull()  # the codes no longer change: the last ones of the first phase
    window.train._leave()
    wait_idle(qtbot, window, WAIT)


def test_bars_are_as_high_as_codes_are_used() -> None:
    """Most used first; a code that is never used has no bar; codebooks lie below each other."""
    uses = np.array([[0.0, 10.0, 5.0], [1.0, 1.0, 0.0]])
    picture = use_picture(uses)
    assert picture.shape == (2 * BAR_HEIGHT + GAP, 3, 3)
    back = picture[BAR_HEIGHT, 0]
    heights = (picture[:BAR_HEIGHT] != back).any(axis=2).sum(axis=0)
    assert heights.tolist() == [BAR_HEIGHT, BAR_HEIGHT // 2, 0]
    assert use_words(uses) == "Codes, most used first: 2, 2 of 3 used"
