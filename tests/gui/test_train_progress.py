"""Train: other runs laid over the curves of the run on show, and what else forms while it trains."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt

from datasets.cache import Cache
from datasets.home import runs_dir
from engine.events import Noted, PhaseStarted, Validated
from gui.main_window import MainWindow
from gui.pictures import to_array
from gui.train.action_tiles import best_columns
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
    tiny_cache: Path,
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
    samples.kind.setCurrentText("each action")
    assert samples.tiles.isVisible()
    assert not samples.area.isVisible()
    names = [tile.label for tile in samples.tiles.tiles]
    assert names[:2] == ["before", "reconstruction"]
    assert names[-1] == "true after"
    assert len(names) == 3 + 12
    assert names[2] == "floor hue  +"
    with Cache.open(tiny_cache) as cache:
        pairs = cache.transitions("validation")
        first, last = cache.images(pairs.before[1:2])[0], cache.images(pairs.after[1:2])[0]
    samples.image.setCurrentIndex(1)
    tiles = samples.tiles.tiles
    assert (to_array(tiles[0].picture)[..., :3] == first).all()
    assert (to_array(tiles[-1].picture)[..., :3] == last).all()
    framed = [at for at, tile in enumerate(tiles) if tile.marked]
    assert framed == [2 + int(pairs.action[1]), len(tiles) - 1]
    places = {tile.label: area for tile, area in samples.tiles.places()}
    assert samples.tiles.tile_at(places["scale  +"].center()).label == "scale  +"
    samples.slider.setValue(0)
    assert samples.area.isVisible()
    assert samples.area.picture.isNull()
    assert "transition phase" in samples.area.words
    samples.kind.setCurrentText("codes in use")
    assert samples.area.picture.width() == 32
    assert "of 32 used" in samples.when.text()
    samples.slider.setValue(samples.slider.maximum())
    assert not samples.area.picture.isNull()  # the codes no longer change: the last ones of the first phase
    assert frozenset() not in samples._holds.values()
    samples._holds = dict.fromkeys(samples._holds, frozenset())
    samples._show_again()  # what is known to hold nothing is not looked into again
    assert "could not" not in samples.when.text()
    assert samples.area.picture.isNull()
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


def test_pictures_of_actions_are_as_large_as_they_fit() -> None:
    """One line in a flat area, one column in a high one, and no picture smaller than another split gives."""
    assert best_columns(15, 3000, 60, 10) == 15
    assert best_columns(15, 60, 3000, 10) == 1
    assert best_columns(15, 340, 260, 12) == 5


def test_events_are_found_by_level_and_words(
    qtbot,
    training_window: MainWindow,  # noqa: F811
    tiny_run: Path,
) -> None:
    """Levels leave out what matters less; words narrow it down; what comes later obeys them too."""
    window, log = training_window, training_window.train.log
    window.show_workspace(2)
    window.train.watch(tiny_run)
    qtbot.waitUntil(lambda: "run done" in log.toPlainText(), timeout=WAIT)
    everything = log.toPlainText()
    assert "checkpoint saved" in everything
    assert "picture samples" in everything
    log.level.setFocus()
    qtbot.keyClick(log.level, Qt.Key.Key_Down)
    main = log.toPlainText()
    assert "checkpoint saved" not in main
    assert "picture" not in main
    assert "validation" in main
    log.search.setFocus()
    qtbot.keyClicks(log.search, "PHASE begins")
    assert [line.split()[1] for line in log.toPlainText().splitlines()] == ["autoencoder", "transition"]
    log.add([Validated("transition", 9, 1.0, {"psnr": 1.0}), PhaseStarted("third", 9, 1.0)])
    assert log.toPlainText().splitlines()[-1].split()[1] == "third"
    log.search.clear()
    assert "psnr" in log.toPlainText()
    log.level.setCurrentText("warnings")
    assert log.toPlainText() == ""
    log.add([Noted(9, 1.0, "the disk is full")])
    assert "the disk is full" in log.toPlainText()
    log.level.setCurrentText("all")
    assert set(everything.splitlines()) < set(log.toPlainText().splitlines())
    window.train._leave()
    wait_idle(qtbot, window, WAIT)
