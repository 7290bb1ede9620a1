"""Two trainings never write into one run directory; what a dead one left behind is taken over."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import time
from pathlib import Path

import pytest

from datasets.cache import Cache
from engine import run_lock
from engine.errors import RunTaken
from engine.events import Noted, RunStarted
from engine.run_lock import GUARD, LOCK, STALE_S, Owner, RunLock, owner_of, refuse_in_use
from engine.training import train
from tests.conftest import tiny_config
from tests.engine.trainings import end, holder


@pytest.mark.process
def test_a_run_in_training_elsewhere_is_left_alone(tiny_run_copy: Path, tiny_cache: Path) -> None:
    """A second process has it: neither a lock, nor a resume, nor deleting; the sentence names its owner."""
    other = holder(tiny_run_copy)
    before = (tiny_run_copy / "metrics.jsonl").read_bytes()
    order = tiny_run_copy / "orders" / "1.json"
    order.parent.mkdir(exist_ok=True)
    order.write_text('{"order": "save"}')
    try:
        owner = owner_of(tiny_run_copy)
        assert owner is not None
        assert owner.pid == other.pid
        assert 0 <= time.time() - owner.begun < 60
        assert owner.process_begun <= owner.begun + 1
        with pytest.raises(RunTaken, match=rf"process {other.pid} on .*watch it in Train"):
            RunLock(tiny_run_copy).__enter__()
        with Cache.open(tiny_cache) as cache, pytest.raises(RunTaken, match=str(other.pid)):
            next(train(tiny_config(), cache, tiny_run_copy, threads=1, resume=True))
        with pytest.raises(RunTaken, match=rf"{other.pid} .*not deleted"):
            refuse_in_use(tiny_run_copy, "deleted")
        assert (tiny_run_copy / "metrics.jsonl").read_bytes() == before
        assert order.exists()  # it is the other training's
    finally:
        end(other)
    assert owner_of(tiny_run_copy) is None
    assert not (tiny_run_copy / LOCK).exists()
    refuse_in_use(tiny_run_copy, "deleted")


@pytest.mark.process
def test_the_lock_of_a_killed_process_is_taken_over_and_said(tmp_path: Path, tiny_cache: Path) -> None:
    """Killed with its lock on the disk: the next training begins at once; its log says whose lock it was."""
    run = tmp_path / "run"
    with Cache.open(tiny_cache) as cache:
        events = train(tiny_config(), cache, run, threads=1)
        next(events)
        events.close()
        other = holder(run)
        end(other, kill=True)
        assert (run / LOCK).exists()
        assert owner_of(run) is None
        events = train(tiny_config(), cache, run, threads=1, resume=True)
        first, second = next(events), next(events)
        events.close()
    assert isinstance(first, RunStarted)
    assert isinstance(second, Noted)
    assert f"process {other.pid}" in second.text
    assert "taken over" in second.text
    assert f"process {other.pid}" in (run / "metrics.jsonl").read_text()
    assert not (run / LOCK).exists()


def other_machine(run: Path, age_s: float) -> Owner:
    """A lock of another machine, refreshed so long ago; its guard cannot be seen from here."""
    run.mkdir(exist_ok=True)
    owner = dataclasses.replace(run_lock._this_process(), host="far", machine="another", pid=7)
    (run / LOCK).write_text(json.dumps(dataclasses.asdict(owner)))
    os.utime(run / LOCK, (time.time() - age_s,) * 2)
    return owner


def test_a_lock_of_another_machine_counts_while_it_is_refreshed(tmp_path: Path) -> None:
    """On a shared disk its age decides."""
    owner = other_machine(tmp_path / "run", STALE_S / 2)
    assert owner_of(tmp_path / "run") == owner
    with pytest.raises(RunTaken, match="process 7 on far"):
        RunLock(tmp_path / "run").__enter__()
    assert other_machine(tmp_path / "run", 2 * STALE_S)
    assert owner_of(tmp_path / "run") is None
    with RunLock(tmp_path / "run") as lock:
        assert lock.taken_over is not None
        assert lock.taken_over.host == "far"
        lock.check()
    assert {path.name for path in (tmp_path / "run").iterdir()} == {GUARD}


def test_a_machine_that_stood_still_notices_that_its_run_was_taken(tmp_path: Path, monkeypatch) -> None:
    """It ends by itself, and leaves the new owner's lock where it is."""
    monkeypatch.setattr(run_lock, "REFRESH_S", 0.02)
    with RunLock(tmp_path / "run") as lock:
        time.sleep(0.1)
        lock.check()
        owner = other_machine(tmp_path / "run", 0)
        lock._thread.join(5)
        with pytest.raises(RunTaken, match=r"taken over by process 7 on far"):
            lock.check()
    assert owner_of(tmp_path / "run") == owner


def test_a_lock_is_refreshed_and_its_thread_ends(tmp_path: Path, monkeypatch) -> None:
    """As long as it is held, its file gets younger; afterwards nothing is left running."""
    monkeypatch.setattr(run_lock, "REFRESH_S", 0.02)
    with RunLock(tmp_path):
        os.utime(tmp_path / LOCK, (1.0, 1.0))
        until = time.monotonic() + 5
        while (tmp_path / LOCK).stat().st_mtime < 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert (tmp_path / LOCK).stat().st_mtime > 2
    assert not [thread for thread in threading.enumerate() if thread.name == "run_lock"]


def test_of_many_only_one_gets_the_lock(tmp_path: Path) -> None:
    """Eight at the same moment, with a dead one's lock in the way."""
    other_machine(tmp_path, 2 * STALE_S)
    got, barrier, hold = [], threading.Barrier(8), threading.Event()

    def wish() -> None:
        barrier.wait()
        try:
            with RunLock(tmp_path):
                got.append(1)
                hold.wait(10)
        except RunTaken:
            got.append(0)

    threads = [threading.Thread(target=wish) for _ in range(8)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 10
    while len(got) < 8 and time.monotonic() < until:
        time.sleep(0.01)
    hold.set()
    for thread in threads:
        thread.join()
    assert sorted(got) == [0] * 7 + [1]


def test_what_is_no_lock_does_not_count(tmp_path: Path) -> None:
    """Half a file, or another program's."""
    for text in ("", "{", "[]", '{"host": 1}'):
        (tmp_path / LOCK).write_text(text)
        assert owner_of(tmp_path) is None
        with RunLock(tmp_path):
            assert owner_of(tmp_path) is not None
