"""`doscope sweep`: trials that are runs, pruned, interrupted, failed, gone on with, and shown."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine.sweep
from datasets.cache import Cache
from datasets.home import runs_dir
from engine.config import Config
from engine.errors import Diverged, InputError
from engine.events import Event, RunFinished, RunStarted, Validated
from engine.run_directory import RunDirectory
from engine.run_notes import read_notes
from engine.search_space import search_space, searched
from tests.cli.conftest import Call
from tests.cli.test_training import STEPS, TINY

RATE = "training.transition_rate=1e-4:1e-2:log"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Studies and runs of this test alone."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def pretend(monkeypatch: pytest.MonkeyPatch, *figures: list[float] | Exception | int) -> list[dict]:
    """Trainings without training: the validations of each; an error; or a signal in the middle of it."""
    asked, left = [], list(figures)

    def train(config: Config, cache: Cache, run: Path, **options: object) -> Iterator[Event]:
        asked.append({"rate": config.training.transition_rate, "run": run.name, **options})
        run.mkdir(parents=True, exist_ok=True)
        (run / "config.json").touch()
        now = left.pop(0)
        yield RunStarted(str(run), "", "", "cpu", 1, 0, 0.0)
        if isinstance(now, Exception):
            raise now
        if isinstance(now, int):
            signal.raise_signal(now)
            yield RunStarted(str(run), "", "", "cpu", 1, 0, 0.0)
        for step, value in enumerate(now):
            yield Validated("transition", step, 0.0, {"directed_accuracy": value})
        yield RunFinished(0, 0.0, "done")

    monkeypatch.setattr(engine.sweep, "train", train)
    return asked


def test_trials_are_ordinary_runs(call: Call, home: Path, tiny_cache: Path) -> None:
    """One real training: its run has the suggested setting, lies in the Library, and is tagged."""
    search = ("--search", "training.transition_rate=0.001:0.002", "--search", "transition.depth=1,2")
    said = call(
        "sweep", "--study", "s", "--trials", 1, "--dataset", tiny_cache, *TINY, *STEPS, *search, "--json"
    )
    assert said.code == 0, said.err
    (trial,) = said.json["trials"]
    run = RunDirectory(home / "runs" / "s-0000")
    assert trial["run"] == str(run.path)
    assert trial["state"] == run.status().finished == "done"
    assert trial["value"] == run.status().figures["directed_accuracy"]
    config = run.description().config
    assert config.training.transition_rate == trial["settings"]["training.transition_rate"]
    assert config.transition.depth == int(trial["settings"]["transition.depth"])
    assert read_notes(run.path).tags == ("study s",)
    shown = call("sweep", "--study", "s", "--show")
    assert "s-0000  done     directed_accuracy" in shown.out


def test_hopeless_trials_are_pruned_and_broken_ones_are_no_end(
    call: Call, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five trials run to their end; the sixth is below their median and stops; a diverged one counts."""
    good, broken = [[0.5, 0.6 + i / 100] for i in range(5)], Diverged("the loss is not a number")
    asked = pretend(monkeypatch, *good[:2], broken, *good[2:], [0.1, 0.9])
    search = ("--search", RATE, "--search", "transition.depth=1,2,3")
    sweep = ("sweep", "--study", "p", "--dataset", tiny_cache, "--minutes", 1, *search)
    said = call(*sweep, "--trials", 7, "--json")
    assert said.code == 0, said.err
    states = {trial["number"]: trial["state"] for trial in said.json["trials"]}
    assert states == {0: "done", 1: "done", 2: "failed", 3: "done", 4: "done", 5: "done", 6: "pruned"}
    assert "the loss is not a number" in said.err
    assert [trial["value"] for trial in said.json["trials"]][:5] == [0.64, 0.63, 0.62, 0.61, 0.6]
    assert set(said.json["importances"]) == {"training.transition_rate", "transition.depth"}
    assert sum(said.json["importances"].values()) == pytest.approx(1)
    rates = {each["rate"] for each in asked}
    assert len(rates) == 7
    assert all(1e-4 <= rate <= 1e-2 for rate in rates)
    assert call("sweep", "--study", "p", "--trials", 7, "--json").code == 0
    assert len(asked) == 7  # there are enough


def test_ctrl_c_stops_and_the_command_goes_on(
    call: Call, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trial that was interrupted is resumed with its own settings, then the others follow."""
    asked = pretend(monkeypatch, [0.5], int(signal.SIGINT), [0.7], [0.6])
    sweep = ("sweep", "--study", "c", "--dataset", tiny_cache, "--search", RATE, "--trials", 3, "--json")
    stopped = call(*sweep)
    assert stopped.code == 130
    assert [trial["state"] for trial in stopped.json["trials"]] == ["done", "stopped"]
    again = call("sweep", "--study", "c", "--trials", 3, "--json")
    assert again.code == 0, again.err
    assert [trial["value"] for trial in again.json["trials"]] == [0.7, 0.6, 0.5]
    assert [each["run"] for each in asked] == ["c-0000", "c-0001", "c-0001", "c-0002"]
    assert [each["resume"] for each in asked] == [False, False, True, False]
    assert asked[1]["rate"] == asked[2]["rate"]
    other = call("sweep", "--study", "c", "--dataset", tiny_cache, "--search", "transition.width=64,96")
    assert other.code == 2
    assert "the study 'c' has search training.transition_rate=0.0001:0.01:log" in other.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--search", "transition.widht=1:2"), "did you mean transition.width"),
        (("--search", "transition.width=96:32"), "empty range"),
        (("--search", "training.transition_rate=0:1:log"), "must begin above 0"),
        (("--search", "transition.width=64"), "leaves nothing to search"),
        (("--search", "transition.width=63,64"), "multiple of transition.heads"),
        (("--search", RATE, "--search", RATE), "searched twice"),
        (("--search", RATE, "--metric", "speed"), "choose one of directed_accuracy"),
        (("--metric", "psnr"), "nothing is searched"),
        (("--show", "--storage", "nonsense://x"), "storage cannot be used"),
        (("--show",), "there is no study 'b'"),
    ],
)
def test_bad_input(call: Call, arguments: tuple[str, ...], sentence: str) -> None:
    """One sentence that says what to do, before anything is built or trained."""
    said = call("sweep", "--study", "b", *arguments)
    assert said.code == 2
    assert sentence in said.err
    assert not runs_dir().exists()


@settings(max_examples=25)
@given(
    low=st.floats(1e-6, 1e-1),
    factor=st.floats(1.01, 100),
    log=st.booleans(),
    values=st.lists(st.integers(1, 9), min_size=2, unique=True),
)
def test_a_search_is_read_as_it_is_written(low: float, factor: float, log: bool, values: list[int]) -> None:
    """What is kept with the study is read back as the same search."""
    rate = f"training.transition_rate={low}:{low * factor}{':log' if log else ''}"
    depth = f"transition.depth={','.join(map(str, values))}"
    space = search_space([rate, depth], Config())
    again = search_space([str(each) for each in space], Config())
    assert again == space
    assert searched("autoencoder.codes=64:512", Config()).whole
    with pytest.raises(InputError):
        searched("training.bf16=0:1", Config())
