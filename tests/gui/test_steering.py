"""Steering a training by the buttons of Train, in this window and of a run that is trained elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from datasets.home import runs_dir
from engine.checkpoint import load_checkpoint
from engine.events import RunStarted, Steered
from engine.run_directory import RunDirectory
from engine.run_lock import RunLock
from engine.steering import FOLDER, Steering
from gui.main_window import MainWindow
from gui.train.curve_data import LOSSES
from gui.train.event_log import line
from gui.train.live_view import ENDED, PAUSED, RUNNING, WATCHING
from tests.gui.conftest import wait_idle
from tests.gui.test_train import (  # noqa: F401 (fixtures)
    WAIT,
    _empty_run,
    _lines,
    _step,
    begin,
    click,
    home,
    steps,
    training_window,
)


def test_a_training_is_steered_by_its_buttons(qtbot, training_window: MainWindow) -> None:  # noqa: F811
    """A checkpoint while it stands still, another rate, the next phase, the present weights in Explore."""
    window, train = training_window, training_window.train
    live, bar = train.live, train.live.steer
    path = begin(qtbot, window)
    last = RunDirectory(path).last
    assert bar.isVisible()
    assert bar.next_phase.text() == "Next phase now"
    click(live.pause)
    qtbot.waitUntil(lambda: live.state == PAUSED, timeout=WAIT)
    click(bar.save)
    qtbot.waitUntil(last.is_file, timeout=WAIT)
    qtbot.waitUntil(lambda: "checkpoint saved (last)" in train.log.toPlainText(), timeout=WAIT)
    assert live.state == PAUSED
    stood_at = load_checkpoint(last).meta["step"]
    bar.rate.setFocus()
    bar.rate.selectAll()
    QTest.keyClicks(bar.rate, "0.5")
    QTest.keyClick(bar.rate, Qt.Key.Key_Return)
    click(live.pause)
    qtbot.waitUntil(lambda: live.state == RUNNING and steps(window) > stood_at, timeout=WAIT)
    assert "learning rate 0.5 times the planned one" in train.log.toPlainText()
    assert "gone on with at step" in train.log.toPlainText()
    click(bar.next_phase)
    qtbot.waitUntil(lambda: train.data.phases(LOSSES) == ["autoencoder", "transition"], timeout=WAIT)
    qtbot.waitUntil(lambda: bar.next_phase.text() == "Finish now", timeout=WAIT)
    assert bar.rate.value() == 0.5
    click(bar.try_now)
    qtbot.waitUntil(lambda: window.selection.run is not None, timeout=WAIT)
    assert window.stack.currentWidget() is window.explore
    run = window.selection.run
    assert run.name == path.name
    assert run.step == load_checkpoint(last).meta["step"] or run.step > stood_at
    assert "the training goes on" in window.messages.text
    assert window.engine.is_training
    window.show_workspace(2)
    click(bar.next_phase)
    qtbot.waitUntil(lambda: live.state == ENDED, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert not bar.isVisible()
    assert RunDirectory(path).status().finished == "done"


def test_a_run_of_another_process_gets_its_orders_as_files(
    qtbot,
    training_window: MainWindow,  # noqa: F811
) -> None:
    """What is clicked lies in the run directory for the process that trains; what it heeds is shown.

    Where nobody trains it any more, that is said, and nothing can be ordered.
    """
    window, train = training_window, training_window.train
    path = runs_dir() / "elsewhere"
    _empty_run(path)
    metrics = path / "metrics.jsonl"
    metrics.write_text(_lines(RunStarted(str(path), "shapes", "small", "cpu", 1, 0, 60.0), _step(1)))
    live, its_own = train.live, Steering(path)

    def ordered(*clicked: QWidget) -> list[str]:
        for widget in clicked:
            click(widget)
        qtbot.waitUntil(lambda: len(list((path / FOLDER).glob("*.json"))) == len(clicked), timeout=WAIT)
        its_own._looked_s = 0.0
        return sorted(order.kind for order in its_own.take())

    with RunLock(path):
        train.watch(path)
        qtbot.waitUntil(lambda: steps(window) == 1, timeout=WAIT)
        assert "Trained by process" in live.title.toolTip()
        assert ordered(live.steer.save, live.steer.next_phase) == ["next_phase", "save"]
        assert ordered(live.pause) == ["pause"]
        with metrics.open("a") as file:
            file.write(_lines(Steered("autoencoder", 1, 1.0, "rate", 2.0)))
            file.write(_lines(Steered("autoencoder", 1, 1.0, "pause", 1)))
        qtbot.waitUntil(lambda: live.phase.text() == "paused", timeout=WAIT)
        assert live.steer.rate.value() == 2.0
        assert live.pause.text() == "Resume"
        assert ordered(live.pause, live.stop) == ["resume", "stop"]
    qtbot.waitUntil(lambda: live.phase.text() == "not in training", timeout=WAIT)
    assert live.state == WATCHING
    assert not live.stop.isEnabled()
    assert not live.steer.isEnabled()
    train._leave()
    assert not live.steer.isVisible()


@pytest.mark.long
def test_two_windows_on_one_run(
    qtbot,
    training_window: MainWindow,  # noqa: F811
    make_window: Callable[[], MainWindow],
) -> None:
    """One trains, the other one watches: it cannot train the run as well, but pause it and end it."""
    path = begin(qtbot, training_window)
    ours, other = training_window.train.live, make_window()
    theirs = other.train.live
    other.show_workspace(3)
    wait_idle(qtbot, other, WAIT)
    other.library.show_run(str(path))
    assert "in training" in other.library.run_detail.facts.text()
    click(other.library.run_detail.resume)
    qtbot.waitUntil(lambda: "is being trained by" in other.messages.text, timeout=WAIT)
    assert training_window.engine.is_training
    other.train.watch(path)
    qtbot.waitUntil(lambda: "Trained by" in theirs.title.toolTip(), timeout=WAIT)
    click(theirs.pause)
    qtbot.waitUntil(lambda: ours.state == PAUSED and theirs.phase.text() == "paused", timeout=WAIT)
    click(ours.pause)
    qtbot.waitUntil(lambda: ours.state == RUNNING and theirs.pause.text() == "Pause", timeout=WAIT)
    click(theirs.stop)
    qtbot.waitUntil(lambda: ours.state == theirs.state == ENDED, timeout=WAIT)
    assert ours.phase.text() == theirs.phase.text() == "stopped and kept"
    wait_idle(qtbot, training_window, WAIT)
    wait_idle(qtbot, other, WAIT)


def test_orders_read_as_lines() -> None:
    """Every order that a training heeds has its words in the log."""
    words = {
        order: line(Steered("autoencoder", 7, 61.0, order, 0.5))
        for order in ("next_phase", "save", "rate", "pause", "resume", "stop")
    }
    assert "autoencoder phase ended by hand at step 7" in words["next_phase"]
    assert "0.5 times" in words["rate"]
    assert len(set(words.values())) == 6


def test_the_form_says_what_it_will_take(qtbot, training_window: MainWindow) -> None:  # noqa: F811
    """After a moment of rest: time, steps and memory; by the clock, by epochs and by the settings' steps."""
    form = training_window.train.form
    qtbot.waitUntil(lambda: "of memory" in form.estimate.text(), timeout=WAIT)
    assert form.estimate.text().startswith("About 10:00")
    form.length.kind.setCurrentText("steps as set")
    assert not form.minutes.isVisible()
    assert "Estimating" in form.estimate.text()
    assert form.plan().minutes is None
    form.settings.fields["training.autoencoder_steps"].set_text("30")
    form.settings.fields["training.transition_steps"].set_text("40")
    qtbot.waitUntil(lambda: "30 + 40 steps" in form.estimate.text(), timeout=WAIT)
    form.length.kind.setCurrentText("epochs")
    form.length.epochs.setValue(2)
    assert form.plan().epochs == 2
    qtbot.waitUntil(lambda: "of memory" in form.estimate.text(), timeout=WAIT)
    assert "30 + 40 steps" not in form.estimate.text()
    form.settings.fields["training.autoencoder_steps"].set_text("few")
    assert form.estimate.text() == ""


def test_a_run_is_trained_again_with_other_settings(
    qtbot,
    training_window: MainWindow,  # noqa: F811
    tiny_run: Path,
) -> None:
    """The form is filled with what the run was trained with; what differs from the preset is marked."""
    form = training_window.train.form
    training_window.train.again(str(tiny_run))
    config = RunDirectory(tiny_run).description().config
    qtbot.waitUntil(lambda: form.length.kind.currentText() == "steps as set", timeout=WAIT)
    plan = form.plan()
    assert plan is not None
    assert plan.minutes is None
    assert plan.seed == config.training.seed
    assert plan.name != tiny_run.name
    assert plan.overrides["autoencoder.codes"] == str(config.autoencoder.codes)
    assert plan.overrides["autoencoder.width"] == str(config.autoencoder.width)
    wait_idle(qtbot, training_window, WAIT)
