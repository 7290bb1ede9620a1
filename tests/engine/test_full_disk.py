"""A full disk: the training stands still, says so once, and goes on when there is room."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from datasets.cache import Cache
from engine import checkpoint, recorder, room
from engine.errors import DiskFull
from engine.events import CheckpointSaved, Event, Noted, Progressed, RunFinished, StepLogged
from engine.recorder import Recorder
from engine.run_directory import RunDirectory
from engine.steering import Order, Steering
from engine.training import train
from tests.engine.trainings import brief_config


def full(*_args: object, **_kwargs: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "TRY_EVERY_S", 0.1)


@pytest.fixture
def begun(tiny_cache: Path, tmp_path: Path):
    """A training that has just saved its first checkpoint, its run, its orders."""
    run, steering = tmp_path / "run", Steering(tmp_path / "run")
    with Cache.open(tiny_cache) as cache:
        events = train(brief_config(), cache, run, threads=1, steering=steering)
        for event in events:
            if isinstance(event, CheckpointSaved):
                break
        yield events, RunDirectory(run), steering
        events.close()


@pytest.mark.parametrize("target", ["checkpoint", "samples", "metrics"])
def test_it_waits_for_room_and_goes_on(begun, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """Whatever could not be written: said once, no step while it waits, then the run ends as any other."""
    events, run, _ = begun
    saved = run.last.read_bytes()
    with monkeypatch.context() as patch:
        if target == "checkpoint":
            patch.setattr(checkpoint, "save_file", full)
        elif target == "samples":
            patch.setattr(recorder, "save_image", full)
        else:
            patch.setattr(Recorder, "_append", full)
        seen: list[Event] = []
        while len([e for e in seen if isinstance(e, Progressed) and "room" in e.stage]) < 6:
            seen.append(next(events))
        notes = [event.text for event in seen if isinstance(event, Noted)]
        assert len(notes) == 1
        assert "disk is full" in notes[0]
        assert "waits" in notes[0]
        waiting = seen[seen.index(next(e for e in seen if isinstance(e, Noted))) + 1 :]
        assert all(isinstance(event, Progressed) for event in waiting)
        assert run.last.read_bytes() == saved
        assert not list(run.path.rglob("*.part"))
    rest = list(events)
    assert [event.text for event in rest if isinstance(event, Noted)] == [
        "there is room on the disk again; training goes on"
    ]
    assert isinstance(rest[-1], RunFinished)
    assert run.status().finished == "done"
    steps = [event.step for event in run.events()[0] if isinstance(event, StepLogged)]
    assert steps == sorted(set(steps))
    assert rest[-1].elapsed_s < 30


def test_a_stop_ends_the_waiting(begun, monkeypatch: pytest.MonkeyPatch) -> None:
    """By order: one clear error, and the checkpoint of before is untouched."""
    events, run, steering = begun
    before = run.last.read_bytes()
    monkeypatch.setattr(checkpoint, "save_file", full)
    while not (isinstance(event := next(events), Progressed) and "room" in event.stage):
        pass
    steering.ask(Order("stop"))
    with pytest.raises(DiskFull, match="free some space"):
        list(events)
    assert run.last.read_bytes() == before
    assert {p.name for p in run.last.parent.iterdir()} <= {"last.safetensors", "best.safetensors"}


def test_a_line_is_written_whole_or_not_at_all(tiny_run_copy: Path) -> None:
    """What fits of a line before the disk is full is taken back."""
    run = RunDirectory(tiny_run_copy)
    size = run.metrics_path.stat().st_size
    note = Noted(1, 1.0, "x")
    with Recorder(run) as writing:
        real = writing._metrics

        class Half:
            def write(self, line: bytes) -> int:
                return real.write(line[: len(line) // 2])

            def __getattr__(self, name: str) -> object:
                return getattr(real, name)

        writing._metrics = Half()
        with pytest.raises(DiskFull, match=r"metrics\.jsonl"):
            writing.write(note)
        assert run.metrics_path.stat().st_size == size
        writing._metrics = real
        writing.write(note)
    assert run.events()[0][-1] == note


def test_figures_for_tensorboard_never_stop_a_training(tiny_run_copy: Path, monkeypatch) -> None:
    """They are a second copy: what cannot be written is left out, and a new file is begun afterwards."""
    from engine.board import Board, EventsWriter

    board = Board(tiny_run_copy)
    before = len(list(tiny_run_copy.glob("events.*")))
    board.add("a", {"b": 1.0}, 1)
    with monkeypatch.context() as patch:
        patch.setattr(EventsWriter, "write_event", full)
        board.add("a", {"b": 2.0}, 2)
    board.add("a", {"b": 3.0}, 3)
    board.close()
    assert len(list(tiny_run_copy.glob("events.*"))) == before + 2
