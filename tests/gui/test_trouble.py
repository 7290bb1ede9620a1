"""Trouble from outside, seen in the window: a full disk, a broken loss, pictures of other kinds."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from datasets.home import caches_dir, runs_dir
from engine.run_directory import RunDirectory
from gui.main_window import MainWindow
from gui.top_bar import WORKSPACES
from gui.train.live_view import ENDED
from tests.conftest import tiny_config
from tests.gui.conftest import picked, wait_idle

WAIT = 60_000


@pytest.fixture
def train(
    qtbot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_cache: Path,
    make_window: Callable[[], MainWindow],
) -> Callable[..., tuple[MainWindow, RunDirectory]]:
    """Presses Start in Train, with a tiny model behind every preset; the window and its run directory."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    caches_dir().mkdir(parents=True)
    shutil.copy(tiny_cache, caches_dir() / "shapes.h5")
    tiny = tiny_config()
    monkeypatch.setattr("engine.config.load_preset", lambda _name: tiny)

    def start(device: str = "auto") -> tuple[MainWindow, RunDirectory]:
        window = make_window()
        window.show_workspace(WORKSPACES.index("Train"))
        form = window.train.form
        qtbot.waitUntil(form.start.isEnabled, timeout=WAIT)
        wait_idle(qtbot, window, WAIT)
        form.minutes.setValue(0.1)
        form.device.setCurrentText(device)
        path = runs_dir() / form.name.text()
        form.start.click()
        return window, RunDirectory(path)

    return start


def ended(qtbot, window: MainWindow) -> None:
    """Until the run on show is over and the thread is at rest."""
    qtbot.waitUntil(lambda: window.train.live.state == ENDED, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No checkpoint can be written any more."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("engine.checkpoint.save_file", refuse)


def break_loss(monkeypatch: pytest.MonkeyPatch, objective: str) -> None:
    """The loss of one phase is no number."""
    import engine.phases

    real = getattr(engine.objectives, objective)

    def broken(*args: object, **kwargs: object) -> dict[str, object]:
        terms = real(*args, **kwargs)
        return {**terms, "loss": terms["loss"] * float("nan")}

    monkeypatch.setattr(engine.objectives, objective, broken)


@pytest.mark.long
def test_a_full_disk_is_waited_for(qtbot, train, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the file, the training stands still; with room again it goes on to its end."""
    monkeypatch.setattr("engine.room.TRY_EVERY_S", 0.2)
    with monkeypatch.context() as patch:
        fill_disk(patch)
        window, run = train()
        qtbot.waitUntil(lambda: "disk is full" in window.messages.text, timeout=WAIT)
        assert run.path.name in window.messages.text
        assert "waits" in window.messages.text
        assert window.engine.is_training
        assert not run.last.exists()
        assert not list(run.path.rglob("*.part"))
    qtbot.waitUntil(lambda: "goes on" in window.messages.text, timeout=WAIT)
    ended(qtbot, window)
    assert window.train.live.phase.text() == "finished"
    assert "disk is full" in window.train.log.toPlainText()
    assert run.last.exists()
    assert window.train.form.start.isEnabled()


def test_memory_that_does_not_do_ends_the_training_alone(
    qtbot, train, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence has the amount and the setting that lowers it; the window lives, and can train again."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 3221225472 bytes."
        )

    with monkeypatch.context() as patch:
        patch.setattr("engine.objectives.autoencoder_objective", refuse)
        window, run = train()
        ended(qtbot, window)
    assert "3.0 GB" in window.messages.text
    assert "training.autoencoder_batch" in window.messages.text
    assert "error" in window.train.live.phase.text()
    assert run.status().resumable
    assert window.train.form.start.isEnabled()
    window.messages.hide()
    window.train.form.start.click()
    qtbot.waitUntil(lambda: not window.train.data.is_empty(), timeout=WAIT)
    window.train.live.stop.click()
    ended(qtbot, window)
    assert "kept" in window.train.live.phase.text()


def test_a_device_that_is_gone_is_said(qtbot, train, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence has what there is instead; no run is begun, nothing is called kept, and Start is free."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    window, run = train("cuda")
    ended(qtbot, window)
    assert "no device 'cuda'; choose auto or cpu" in window.messages.text
    assert window.train.live.phase.text() == "ended by an error"
    assert not run.path.exists()
    assert window.train.form.start.isEnabled()


def test_a_stop_that_could_not_save_is_not_called_kept(qtbot, train, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop and keep on a full disk: the head and the message say that it failed."""
    window, _run = train()
    qtbot.waitUntil(lambda: window.engine.is_training, timeout=WAIT)
    fill_disk(monkeypatch)
    window.train.live.stop.click()
    ended(qtbot, window)
    assert "disk is full" in window.messages.text
    assert "stopped and kept" not in window.train.live.phase.text()
    assert "error" in window.train.live.phase.text()


@pytest.mark.parametrize("objective", ["autoencoder_objective", "transition_objective"])
def test_a_loss_that_is_no_number_stops_the_training(
    qtbot, train, monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    """Head, message and run directory say diverged; a checkpoint of before holds finite weights only."""
    from engine.checkpoint import load_checkpoint

    break_loss(monkeypatch, objective)
    window, run = train()
    ended(qtbot, window)
    assert "not a number" in window.messages.text
    assert "not a number" in window.train.live.phase.text()
    assert run.status().finished == "diverged"
    assert run.last.exists() is (objective == "transition_objective")
    if run.last.exists():
        weights = load_checkpoint(run.last).tensors
        assert all(w.isfinite().all() for name, w in weights.items() if name.startswith("model."))
    assert window.train.form.start.isEnabled()


@pytest.mark.parametrize(
    ("mode", "shape", "said"), [("L", (64, 64), "grey"), ("RGBA", (64, 64, 4), "transparen")]
)
def test_other_numbers_of_channels_are_converted_and_said(
    qtbot, ready: MainWindow, tmp_path: Path, mode: str, shape: tuple[int, ...], said: str
) -> None:
    """Grey and transparent pictures become RGB; the note under the image and the hint say so."""
    pixels = np.full(shape, 120, np.uint8)
    path = tmp_path / f"{mode}.png"
    PilImage.fromarray(pixels, mode).save(path)
    before = picked(ready)
    ready.explore.presenter.pick_file(str(path))
    qtbot.waitUntil(lambda: picked(ready) is not before, timeout=WAIT)
    wait_idle(qtbot, ready, WAIT)
    assert picked(ready).loaded.image.shape == (64, 64, 3)
    assert said in ready.explore.source.note.text().lower()
    assert said in ready.messages.text.lower()
    assert ready.selection.step is not None
