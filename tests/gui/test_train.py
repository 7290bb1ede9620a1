"""Train, driven like a person does: a real training of a tiny model in the real window."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from datasets.home import caches_dir, runs_dir
from engine.events import (
    CheckpointSaved,
    PhaseStarted,
    RunFinished,
    RunStarted,
    SampleSaved,
    StepLogged,
    Validated,
    to_json_line,
)
from engine.run_directory import RunDirectory
from gui.main_window import MainWindow
from gui.replies import Plan, RunEntry
from gui.train.curve_data import FIGURES, LOSSES
from gui.train.event_log import line
from gui.train.live_view import ENDED, PAUSED, RUNNING, WATCHING, step_words
from gui.train.run_form import RunForm, free_name, name_problem
from gui.train.settings_form import config_of, descriptions
from tests.gui.conftest import wait_idle

WAIT = 60_000
TINY = {
    "autoencoder.codes": "32",
    "autoencoder.code_size": "8",
    "autoencoder.width": "32",
    "transition.width": "32",
    "transition.depth": "1",
    "training.autoencoder_batch": "16",
    "training.transition_batch": "16",
    "training.validations": "2",
}


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_cache: Path) -> Path:
    """A home of this test's own, with the tiny cache as its `shapes`."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    caches_dir().mkdir(parents=True)
    shutil.copy(tiny_cache, caches_dir() / "shapes.h5")
    return tmp_path / "home"


@pytest.fixture
def training_window(qtbot, home: Path, make_window: Callable[[], MainWindow]) -> MainWindow:
    """The window with Train in front and its form filled for a tiny model."""
    window = make_window()
    click(window.findChild(object, "workspace_train"))
    form = window.train.form
    qtbot.waitUntil(lambda: form.has_presets() and form.dataset.count() > 0, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    form.preset.setCurrentText("small")
    for key, text in TINY.items():
        form.settings.fields[key].set_text(text)
    return window


def steps(window: MainWindow) -> int:
    """The step of the newest loss."""
    curves = window.train.data.curves[LOSSES]
    return max((series.steps[-1] for series in curves.values()), default=0)


def begin(qtbot, window: MainWindow, minutes: float = 5) -> Path:
    """Start a training and wait for its first losses."""
    window.train.form.minutes.setValue(minutes)
    path = runs_dir() / window.train.form.name.text()
    click(window.train.form.start)
    qtbot.waitUntil(lambda: steps(window) > 0, timeout=WAIT)
    return path


def test_start_pause_resume_stop_keeps_a_checkpoint(qtbot, training_window: MainWindow) -> None:
    """The whole life of a run by its buttons: it stands still while paused and is on the disk after Stop."""
    window, live = training_window, training_window.train.live
    path = begin(qtbot, window)
    assert live.state == RUNNING
    assert window.engine.is_training
    assert not window.train.form.start.isEnabled()
    click(live.pause)
    qtbot.waitUntil(lambda: live.state == PAUSED, timeout=WAIT)
    stood_at = steps(window)
    qtbot.wait(600)
    assert steps(window) == stood_at
    click(live.pause)
    qtbot.waitUntil(lambda: steps(window) > stood_at, timeout=WAIT)
    click(live.stop)
    qtbot.waitUntil(lambda: live.state == ENDED, timeout=WAIT)
    directory = RunDirectory(path)
    assert directory.last.is_file()
    assert directory.status().finished == "stopped"
    assert directory.status().step >= stood_at
    assert "kept" in live.phase.text()
    wait_idle(qtbot, window, WAIT)
    assert window.train.form.start.isEnabled()
    assert window.train.form.name.text() != path.name
    config = directory.description().config
    assert config.autoencoder.codes == 32


def test_a_run_ends_by_itself_and_can_be_explored(qtbot, training_window: MainWindow) -> None:
    """Curves of both phases, a picture, the finished state, and one click to Explore."""
    window, train = training_window, training_window.train
    begin(qtbot, window, minutes=0.1)
    qtbot.waitUntil(lambda: train.live.state == ENDED, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert train.live.phase.text() == "finished"
    assert train.data.phases(LOSSES) == ["autoencoder", "transition"]
    assert {"directed_accuracy", "edges_per_variable"} <= set(train.data.names(FIGURES, "transition"))
    assert train.samples.count() > 0
    assert not train.samples.area.picture.isNull()
    assert "run done" in train.log.toPlainText()
    assert train.curves.plots[0].legend.boxes["loss"].isChecked()
    name = train._path.name
    click(train.live.explore)
    qtbot.waitUntil(lambda: window.selection.run is not None, timeout=WAIT)
    assert window.selection.run.name == name
    assert window.stack.currentWidget() is window.explore


def test_closing_during_training_asks_and_saves(qtbot, training_window: MainWindow) -> None:
    """The window does not close under a training: it asks, keeps it on request, and saves before it goes."""
    window = training_window
    path = begin(qtbot, window)
    window.close()
    assert window.isVisible()
    click(window.closing.question.findChild(object, "close_keep"))
    assert window.isVisible()
    assert window.engine.is_training
    window.close()
    click(window.closing.question.findChild(object, "close_save"))
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert RunDirectory(path).status().finished == "stopped"
    assert RunDirectory(path).last.is_file()


def test_a_stopped_run_is_resumed_with_its_curves(qtbot, training_window: MainWindow) -> None:
    """Resume from the Library: the old curve is there and the new steps go on from the checkpoint."""
    window = training_window
    path = begin(qtbot, window)
    click(window.train.live.stop)
    qtbot.waitUntil(lambda: window.train.live.state == ENDED, timeout=WAIT)
    reached = RunDirectory(path).status().step
    window.show_workspace(3)
    wait_idle(qtbot, window, WAIT)
    window.library.show_run(str(path))
    click(window.library.run_detail.resume)
    assert window.stack.currentWidget() is window.train
    qtbot.waitUntil(lambda: steps(window) > reached, timeout=WAIT)
    first = window.train.data.curves[LOSSES][("autoencoder", "loss")].steps[0]
    assert first <= reached
    assert "resumed at step" in window.train.log.toPlainText()
    click(window.train.live.stop)
    qtbot.waitUntil(lambda: window.train.live.state == ENDED, timeout=WAIT)


def test_a_run_of_another_version_is_not_resumed(
    qtbot, training_window: MainWindow, tiny_run_copy: Path
) -> None:
    """The sentence names the directory; nothing in it changes, and the form is free again."""
    config = json.loads((tiny_run_copy / "config.json").read_text())
    (tiny_run_copy / "config.json").write_text(json.dumps(config | {"version": 99}))
    before = (tiny_run_copy / "metrics.jsonl").read_bytes()
    window = training_window
    entry = RunEntry(tiny_run_copy.name, tiny_run_copy, "shapes", "tiny", "", 0, 0.0, "", True)
    window.library.resume_wanted.emit(entry)
    qtbot.waitUntil(lambda: "version 99" in window.messages.text, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert str(tiny_run_copy) in window.messages.text
    assert window.train.live.state == ENDED
    assert window.train.form.start.isEnabled()
    assert (tiny_run_copy / "metrics.jsonl").read_bytes() == before


def test_a_run_of_another_process_is_watched(qtbot, training_window: MainWindow) -> None:
    """Lines that someone else appends to a run directory appear as curves; its end is seen."""
    window, train = training_window, training_window.train
    path = runs_dir() / "elsewhere"
    _empty_run(path)
    metrics = path / "metrics.jsonl"
    metrics.write_text(_lines(RunStarted(str(path), "shapes", "small", "cpu", 1, 0, 60.0), _step(1)))
    train.watch(path)
    qtbot.waitUntil(lambda: steps(window) == 1, timeout=WAIT)
    assert train.live.state == WATCHING
    with metrics.open("a") as file:
        file.write(_lines(_step(2), RunFinished(2, 3.0, "done", {"psnr": 20.0}))[:-20])
    qtbot.waitUntil(lambda: steps(window) == 2, timeout=WAIT)
    assert train.live.state == WATCHING
    with metrics.open("a") as file:
        file.write(_lines(RunFinished(2, 3.0, "done", {"psnr": 20.0}))[-20:])
    qtbot.waitUntil(lambda: train.live.state == ENDED, timeout=WAIT)
    click(train.live.leave)
    assert train.data.is_empty()
    assert "No training" in train.live.title.text()


def test_the_log_of_a_long_run_does_not_stop_the_window(qtbot, training_window: MainWindow) -> None:
    """Thousands of lines are taken in slices with the event loop in between, and all arrive."""
    train = training_window.train
    train._begin(runs_dir() / "long", watching=True)
    train._add([_step(n) for n in range(1, 6001)])
    assert 0 < steps(training_window) < 6000
    qtbot.waitUntil(lambda: steps(training_window) == 6000, timeout=WAIT)
    train._add([RunFinished(6000, 6000.0, "stopped")])
    assert train.live.state == ENDED
    train._add([RunStarted("long", "shapes", "small", "cpu", 1, 6000, 60.0), _step(6001)])
    assert train.live.state == WATCHING
    train._leave()


def _empty_run(path: Path) -> None:
    """A run directory with its description only, as a process that has just begun leaves it."""
    from datasets.shapes import ShapesSource
    from engine.config import load_preset
    from engine.run_directory import RunDescription

    RunDirectory(path).create(
        RunDescription(load_preset("small"), "shapes", "", ShapesSource().space, (64, 64, 3), {})
    )


def _step(step: int, phase: str = "autoencoder", **values: float) -> StepLogged:
    return StepLogged(phase, step, step * 1.0, step / 100, 50.0, 100.0, values or {"loss": 1 / step})


def _lines(*events) -> str:
    return "".join(to_json_line(event) + "\n" for event in events)


def test_the_form_checks_what_is_typed(training_window: MainWindow) -> None:
    """A wrong value is named at once and Start waits; a changed value is marked and can be taken back."""
    form = training_window.train.form
    field = form.settings.fields["training.autoencoder_rate"]
    assert form.plan() is not None
    field.set_text("fast")
    assert "training.autoencoder_rate" in form.problem.text()
    assert not form.start.isEnabled()
    field.set_text("0.001")
    assert form.start.isEnabled()
    assert "•" in field.label.text()
    assert form.plan().overrides["training.autoencoder_rate"] == "0.001"
    click(field.back)
    assert "training.autoencoder_rate" not in form.plan().overrides


def test_every_setting_is_described(training_window: MainWindow) -> None:
    """The tool tips come from the declarations, and so do the words below the list, by keys too."""
    known, form = descriptions(), training_window.train.form
    assert set(form.settings.fields) <= set(known)
    assert all(words.endswith(".") for words in known.values())  # whole ones
    click(form.more)
    form.settings.fields["training.transition_rate"].editor.setFocus()
    QTest.keyClick(training_window.focusWidget(), Qt.Key.Key_Tab)
    assert form.help.isVisible()
    assert form.help.text() == "weight decay: of both phases. Preset: 0.01."


def test_names_of_runs_become_folders() -> None:
    """What cannot be a folder, or is one already, is refused in words."""
    assert name_problem("", ()) != ""
    assert "leave out" in name_problem("a/b", ())
    assert "leave out" in name_problem("..", ())
    assert "exists" in name_problem("a", ("a",))
    assert name_problem("shapes-small-1", ("a",)) == ""
    assert free_name("a", ("a-1", "a-2")) == "a-3"


def test_without_data_the_form_says_what_to_do(qtbot) -> None:
    """No data set is built yet: the sentence points to the Library."""
    form = RunForm()
    qtbot.addWidget(form)
    form.set_datasets(())
    assert "Library" in form.problem.text()
    assert not form.start.isEnabled()


def test_a_data_set_that_is_not_built_is_not_exchanged(qtbot) -> None:
    """Again with... of a run whose data set is gone: it stays chosen, the form says so, and Start waits."""
    form = RunForm()
    qtbot.addWidget(form)
    form.set_presets({"small": {"preset": "small", "training.autoencoder_rate": 0.001}})
    form.set_datasets(["shapes"])
    form.fill(Plan("runs/a", "gone", "small", {"training.seed": 3}, None))
    form.set_datasets(["shapes"])
    assert form.dataset.currentText() == "gone"
    assert "gone is not built" in form.problem.text()
    assert not form.start.isEnabled()
    form.set_datasets(["shapes", "gone"])
    assert form.start.isEnabled()


def test_the_same_number_written_otherwise_is_no_change(qtbot) -> None:
    """1e-3 is 0.001, so it is not marked as changed."""
    form = RunForm()
    qtbot.addWidget(form)
    form.set_presets({"small": {"preset": "small", "training.autoencoder_rate": 0.001}})
    form.settings.fields["training.autoencoder_rate"].set_text("1e-3")
    assert form.settings.overrides() == {}
    assert config_of("small", {"training.autoencoder_rate": "1e-3"}).training.autoencoder_rate == 0.001


# ---------------------------------------------------------------- words and pictures


def test_the_slider_goes_back_through_the_pictures(
    qtbot, training_window: MainWindow, tmp_path: Path
) -> None:
    """It follows the newest picture until it is moved, and then stays."""
    from PIL import Image as PilImage

    for n in (1, 2, 3):
        PilImage.fromarray(np.full((4, 4, 3), n, np.uint8)).save(tmp_path / f"{n}.png")
    samples = training_window.train.samples
    samples.set_run(tmp_path)
    for n in (1, 2):
        samples.add(SampleSaved("autoencoder", n, float(n), f"{n}.png"))
    assert samples.area.picture.pixelColor(0, 0).red() == 2
    samples.slider.setValue(0)
    samples.add(SampleSaved("autoencoder", 3, 3.0, "3.png"))
    assert samples.area.picture.pixelColor(0, 0).red() == 1
    assert samples.when.text().startswith("1 of 3")
    click(samples.newest)
    assert samples.area.picture.pixelColor(0, 0).red() == 3
    samples.add(SampleSaved("autoencoder", 4, 4.0, "gone.png"))
    assert samples.area.picture.isNull()
    assert "gone.png" in samples.area.words


def test_events_read_as_lines() -> None:
    """Each kind of event that is worth a line has one with its time."""
    assert line(_step(1)) is None
    assert "psnr 20.5 dB" in line(Validated("autoencoder", 4, 61.0, {"psnr": 20.5}))
    assert "1:01" in line(PhaseStarted("transition", 4, 61.0))
    assert "best" in line(CheckpointSaved(4, 61.0, "best"))
    assert "diverged" in line(RunFinished(4, 61.0, "diverged"))
    assert "resumed at step 1,200" in line(RunStarted("r", "shapes", "small", "cpu", 1, 1200, 60.0))
    assert "images/s" in step_words(_step(3))
    assert "0:50 left" in step_words(_step(3))
    both = dataclasses.replace(_step(3), phase_remaining_s=20.0)
    assert "0:50 left, 0:20 of it in this phase" in step_words(both)
