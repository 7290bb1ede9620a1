"""The log of a run: read line by line, from where one stopped, and thinned when it is long."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import run_log
from engine.events import Event, PhaseStarted, RunStarted, StepLogged, Validated, to_json_line
from engine.run_directory import RunDirectory
from engine.run_log import read_end, read_from, read_thinned


def _step(n: int) -> StepLogged:
    return StepLogged("autoencoder", n, n * 0.5, 0.5, 1.0, 2.0, {"loss": 1 / n})


def _write(path: Path, events: list[Event], torn: str = "") -> Path:
    path.write_text("".join(to_json_line(event) + "\n" for event in events) + torn, encoding="utf-8")
    return path


def test_a_long_log_is_thinned_and_keeps_what_matters(tmp_path: Path) -> None:
    """Of 100,000 steps some hundred are read, the first and the last among them, and every other event."""
    events: list[Event] = [RunStarted("r", "shapes", "small", "cpu", 1, 0, 60.0)]
    for n in range(1, 100_001):
        events.append(_step(n))
        if n % 20_000 == 0:
            events.append(Validated("autoencoder", n, n * 0.5, {"psnr": n / 1000}))
    path = _write(tmp_path / "metrics.jsonl", events, torn='{"event":"StepLo')
    found, offset = read_thinned(path, points=200)
    steps = [event.step for event in found if isinstance(event, StepLogged)]
    assert 180 < len(steps) < 240
    assert steps == sorted(set(steps))
    assert steps[0] == 1
    assert steps[-1] == 100_000
    assert max(b - a for a, b in pairwise(steps)) < 700
    assert [event for event in found if not isinstance(event, StepLogged)] == [
        event for event in events if not isinstance(event, StepLogged)
    ]
    with path.open("a") as file:
        file.write('gged"}\n' + to_json_line(_step(100_001)) + "\n")
    assert read_from(path, offset)[0] == [_step(100_001)]
    status = _status(tmp_path, path)
    assert status.step == 100_001
    assert status.figures == {"psnr": 100.0}


def _status(folder: Path, metrics: Path):
    from datasets.shapes import ShapesSource
    from engine.config import load_preset
    from engine.run_directory import RunDescription

    run = RunDirectory(folder / "run")
    run.create(RunDescription(load_preset("small"), "shapes", "", ShapesSource().space, (64, 64, 3), {}))
    metrics.rename(run.metrics_path)
    return run.status()


@settings(max_examples=60)
@given(
    kinds=st.lists(st.sampled_from("sspv"), max_size=60),
    points=st.integers(1, 80),
    piece=st.integers(40, 900),
)
def test_thinning_never_invents_reorders_or_loses(tmp_path_factory, kinds, points: int, piece: int) -> None:
    """In pieces of any size: what comes is a part of the log in its order, with all that is no step."""
    made = {
        "s": _step,
        "p": lambda n: PhaseStarted("transition", n, 1.0),
        "v": lambda n: Validated("x", n, 1.0),
    }
    events = [made[kind](n) for n, kind in enumerate(kinds, 1)]
    path = _write(tmp_path_factory.mktemp("log") / "metrics.jsonl", events)
    before, run_log.PIECE = run_log.PIECE, piece
    try:
        found, offset = read_thinned(path, points)
    finally:
        run_log.PIECE = before
    places = [events.index(event) for event in found]
    assert places == sorted(set(places))
    kept = {n for n, event in enumerate(events) if not isinstance(event, StepLogged)}
    assert kept <= set(places)
    if events:
        assert places[-1] == len(events) - 1
        assert offset == path.stat().st_size
    if points >= len(events):
        assert found == events


@settings(max_examples=60)
@given(kinds=st.lists(st.sampled_from("sspv"), max_size=40), tail=st.integers(1, 600), torn=st.booleans())
def test_the_end_is_read_backwards(tmp_path_factory, kinds, tail: int, torn: bool) -> None:
    """In pieces of any size: all events from the last one back, of the steps only the last."""
    made = {
        "s": _step,
        "p": lambda n: PhaseStarted("transition", n, 1.0),
        "v": lambda n: Validated("x", n, 1.0),
    }
    events = [made[kind](n) for n, kind in enumerate(kinds, 1)]
    path = _write(tmp_path_factory.mktemp("log") / "metrics.jsonl", events, '{"event":"Ste' if torn else "")
    before, run_log.TAIL = run_log.TAIL, tail
    try:
        found = list(read_end(path))
    finally:
        run_log.TAIL = before
    last = max((n for n, event in enumerate(events) if isinstance(event, StepLogged)), default=-1)
    wanted = [event for n, event in enumerate(events) if n == last or not isinstance(event, StepLogged)]
    assert found == wanted[::-1]


def test_no_log_is_no_history(tmp_path: Path) -> None:
    """Neither a missing file nor an empty one is an error: the run has just begun."""
    assert read_thinned(tmp_path / "none") == ([], 0)
    (tmp_path / "empty").touch()
    assert read_thinned(tmp_path / "empty") == ([], 0)
    (tmp_path / "torn").write_text('{"event":')
    assert read_thinned(tmp_path / "torn") == ([], 0)
    (tmp_path / "rubbish").write_bytes(b"\xff\xfe\n" + to_json_line(_step(1)).encode() + b"\n")
    assert read_thinned(tmp_path / "rubbish")[0] == [_step(1)]
