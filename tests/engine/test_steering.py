"""Orders to a running training: heeded between steps, kept in the log, from this process or another."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from datasets.cache import Cache
from engine.checkpoint import load_checkpoint
from engine.errors import InputError, RunError
from engine.events import CheckpointSaved, Event, PhaseStarted, Progressed, RunFinished, Steered, StepLogged
from engine.phases import WARM_UP_STEPS
from engine.run_directory import RunDirectory
from engine.steering import FOLDER, ORDERS, Order, Steering, give_order
from engine.training import train
from tests.conftest import brief_config, tiny_config


@pytest.fixture
def cache(tiny_cache: Path) -> Iterator[Cache]:
    with Cache.open(tiny_cache) as opened:
        yield opened


def _until(events: Iterator[Event], kind: type, phase: str = "") -> Event:
    for event in events:
        if isinstance(event, kind) and (not phase or event.phase == phase):
            return event
    raise AssertionError(f"no {kind.__name__} came")


def test_the_next_phase_begins_at_once_and_the_run_ends_as_usual(cache: Cache, tmp_path: Path) -> None:
    """The order cuts the autoencoder's steps short; transitions have all of theirs."""
    steering = Steering(tmp_path / "run")
    events = train(tiny_config(), cache, tmp_path / "run", threads=1, steering=steering)
    _until(events, StepLogged, "autoencoder")
    steering.ask(Order("next_phase"))
    begun = _until(events, PhaseStarted, "transition")
    assert begun.step < tiny_config().training.autoencoder_steps
    *_, last = events
    assert isinstance(last, RunFinished)
    assert last.reason == "done"
    assert last.step == begun.step + tiny_config().training.transition_steps


def test_a_rate_changes_from_the_next_step_on_and_is_kept_by_a_resumed_run(
    cache: Cache, tmp_path: Path
) -> None:
    """Half the rate is half of what the plan says, and so after a stop."""
    tiny = tiny_config()
    short = dataclasses.replace(tiny.training, autoencoder_steps=2, transition_steps=6, validations=1)
    config, run = dataclasses.replace(tiny, training=short), tmp_path / "run"
    steering = Steering(run)
    steering.ask(Order("rate", 0.5))
    events = train(config, cache, run, threads=1, steering=steering)
    _until(events, PhaseStarted, "transition")
    events.close()
    assert load_checkpoint(run / "checkpoints" / "last.safetensors").meta["rate_factor"] == 0.5
    rates = {
        event.step: event.values["learning_rate"]
        for event in train(config, cache, run, threads=1, resume=True)
        if isinstance(event, StepLogged)
    }
    last = max(rates)
    assert last == 8
    planned = (
        short.transition_rate * (6 / WARM_UP_STEPS) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * 5 / 6)))
    )
    assert rates[last] == pytest.approx(0.5 * planned)


def test_another_process_steers_through_the_run_directory(cache: Cache, tmp_path: Path) -> None:
    """Saved, paused, gone on with and stopped by files; the log tells what was ordered."""
    run = tmp_path / "run"
    events = train(brief_config(), cache, run, threads=1)
    _until(events, StepLogged)
    give_order(run, Order("save"))
    saved = _until(events, CheckpointSaved)
    assert saved.step == load_checkpoint(run / "checkpoints" / "last.safetensors").meta["step"]
    give_order(run, Order("pause"))
    paused = _until(events, Progressed)
    assert paused.stage == "paused"
    give_order(run, Order("resume"))
    _until(events, StepLogged)
    give_order(run, Order("stop"))
    *_, last = events
    assert isinstance(last, RunFinished)
    assert last.reason == "stopped"
    told = [event.order for event in RunDirectory(run).events()[0] if isinstance(event, Steered)]
    assert told == ["save", "pause", "resume", "stop"]
    assert RunDirectory(run).status().resumable
    assert not list((run / FOLDER).iterdir())


def test_orders_given_together_are_heeded_in_their_order(cache: Cache, tmp_path: Path) -> None:
    """During a validation somebody pauses, goes on, and changes the rate: the run does not stand still."""
    run = tmp_path / "run"
    steering = Steering(run)
    for order in (Order("pause"), Order("resume"), Order("rate", 0.5), Order("next_phase")):
        steering.ask(order)
    events = list(itertools.islice(train(brief_config(), cache, run, threads=1, steering=steering), 400))
    assert isinstance(events[-1], RunFinished)
    told = [event.order for event in events if isinstance(event, Steered)]
    assert told == ["pause", "resume", "rate", "next_phase"]


def test_orders_of_an_earlier_training_are_forgotten(cache: Cache, tmp_path: Path) -> None:
    """A stop that nobody heeded must not end the run that is resumed a day later; nor must rubbish."""
    run = tmp_path / "run"
    events = train(brief_config(), cache, run, threads=1)
    _until(events, StepLogged)
    events.close()
    give_order(run, Order("stop"))
    (run / FOLDER / "0.json").write_text("{", encoding="utf-8")
    *_, last = train(brief_config(), cache, run, threads=1, resume=True)
    assert last.reason == "done"


@pytest.mark.parametrize(("kind", "value"), [("faster", 1.0), ("rate", 0.0), ("rate", float("nan"))])
def test_an_order_that_makes_no_sense_is_refused(kind: str, value: float) -> None:
    """The sentence names what can be ordered."""
    with pytest.raises(InputError, match=r"choose one of|multiplied by"):
        Order(kind, value)
    assert len(ORDERS) == 6


def test_an_order_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The run directory is gone, or is none."""
    (tmp_path / "run").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="could not be written"):
        give_order(tmp_path / "run", Order("save"))
