"""`doscope train`: from nothing to a run, stopped and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cli.training
from engine.run_lock import RunLock
from tests.cli.conftest import Call

ROOT = Path(__file__).resolve().parent.parent.parent
TINY = (
    *("--set", "autoencoder.width=16", "--set", "autoencoder.codes=16", "--set", "autoencoder.code_size=8"),
    *("--set", "transition.width=16", "--set", "transition.depth=1", "--set", "training.validations=1"),
    *("--set", "training.autoencoder_batch=8", "--set", "training.transition_batch=8", "--threads", "1"),
)
STEPS = ("--set", "training.autoencoder_steps=6", "--set", "training.transition_steps=6")
ENDLESS = ("--minutes", "30")


def test_train_from_settings(call: Call, tiny_cache: Path, tmp_path: Path) -> None:
    """A training runs to its end, keeps the settings it was given, and reports them in one JSON object."""
    run = tmp_path / "runs" / "a"
    said = call("train", "--dataset", tiny_cache, "--run", run, "--seed", 5, *TINY, *STEPS, "--json")
    assert said.code == 0
    assert said.json["reason"] == "done"
    assert said.json["step"] == 12
    assert "directed_accuracy" in said.json["figures"]
    config = json.loads((run / "config.json").read_text())["config"]
    assert config["training"]["seed"] == 5
    assert config["autoencoder"]["codes"] == 16
    assert "phase: autoencoder" in said.err
    assert "phase: transition" in said.err


def test_bare_name_lies_in_the_home(call: Call, doscope_home: Path, tiny_cache: Path) -> None:
    """A bare run name is made where the window's Library looks, and found again by the name."""
    said = call("train", "--dataset", tiny_cache, "--run", "named", *TINY, *STEPS, "--json")
    assert said.code == 0
    assert said.json["run"] == str(doscope_home / "runs" / "named")
    found = call("graph", "--run", "named", "--image", "shapes:0,0,0,0,0,0", "--format", "csv")
    assert found.code == 0


def test_ctrl_c_saves_and_resume_goes_on(
    call: Call, tiny_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C saves a checkpoint and exits with 130; --resume continues from that very step."""
    from engine.events import StepLogged

    run = tmp_path / "run"
    show = cli.training._Reporter.show

    def press_ctrl_c(reporter: cli.training._Reporter, event: object) -> None:
        show(reporter, event)
        if isinstance(event, StepLogged):
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(cli.training._Reporter, "show", press_ctrl_c)
        stopped = call("train", "--dataset", tiny_cache, "--run", run, *TINY, *ENDLESS, "--json")
    assert stopped.code == 130
    assert stopped.json["reason"] == "stopped"
    assert stopped.json["step"] > 0
    assert (run / "checkpoints" / "last.safetensors").is_file()

    resumed = call("train", "--run", run, "--resume", "--minutes", 0.0001, "--threads", 1, "--json")
    assert resumed.code == 0
    assert f"resumed at step {stopped.json['step']}" in resumed.err
    assert resumed.json["step"] >= stopped.json["step"]


def test_stopped_run_says_how_to_go_on(
    call: Call, tiny_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text for people ends with the words that resume the run."""
    monkeypatch.setattr(cli.training._Reporter, "show", lambda *_: signal.raise_signal(signal.SIGINT))
    said = call("train", "--dataset", tiny_cache, "--run", tmp_path / "run", *TINY, *ENDLESS)
    assert said.code == 130
    assert f"--run {tmp_path / 'run'} --resume" in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--preset", "huge"), ("huge", "small")),
        (("--preset", "gone.json"), ("gone.json", "small")),
        (("--set", "training.speed=2"), ("training.speed", "autoencoder_rate")),
        (("--set", "optimizer.rate=2"), ("optimizer.rate",)),
        (("--set", "training.seed=half"), ("training.seed", "half")),
        (("--set", "training.seed"), ("section.name=value",)),
        (("--minutes", "0"), ("positive",)),
        (("--minutes", "nan"), ("positive",)),
        (("--device", "abacus"), ("abacus",)),
        (("--dataset", "mnist"), ("mnist", "shapes")),
    ],
)
def test_train_refuses_in_one_sentence(
    call: Call, tiny_cache: Path, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """A wrong preset, setting, budget, device or data set: exit code 2, and no run is begun."""
    run = tmp_path / "run"
    said = call("train", "--dataset", tiny_cache, "--run", run, *arguments)
    assert said.code == 2
    assert said.err.count("\n") == 1
    for word in words:
        assert word in said.err
    assert not run.exists()


def test_existing_run_is_not_overwritten(call: Call, tiny_run_copy: Path, tiny_cache: Path) -> None:
    """Training into a run that exists is refused, and leaves its checkpoints as they were."""
    weights = (tiny_run_copy / "checkpoints" / "best.safetensors").read_bytes()
    said = call("train", "--dataset", tiny_cache, "--run", tiny_run_copy)
    assert said.code == 2
    assert "resume" in said.err
    assert (tiny_run_copy / "checkpoints" / "best.safetensors").read_bytes() == weights


def test_resume_ignores_no_setting_silently(call: Call, tiny_run_copy: Path) -> None:
    """A resumed run keeps its settings, so other ones are refused rather than dropped."""
    for arguments in (("--seed", 4), ("--set", "training.seed=4"), ("--preset", "small")):
        said = call("train", "--run", tiny_run_copy, "--resume", *arguments)
        assert said.code == 2
        assert "keeps its own settings" in said.err


def test_resume_of_nothing(call: Call, tmp_path: Path) -> None:
    """There must be a run to resume."""
    said = call("train", "--run", tmp_path / "nowhere", "--resume")
    assert said.code == 2
    assert "nowhere" in said.err


@pytest.mark.process
@pytest.mark.timeout(200)
@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c_in_a_real_process(tiny_cache: Path, tmp_path: Path) -> None:
    """The same with a real process and a real signal: one JSON object, 130, and a checkpoint."""
    run = tmp_path / "run"
    command = [
        sys.executable,
        "main.py",
        "train",
        "--dataset",
        tiny_cache,
        "--run",
        run,
        *TINY,
        *ENDLESS,
        "--json",
    ]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
    try:
        deadline = time.monotonic() + 90
        while process.poll() is None and time.monotonic() < deadline and not _has_steps(run):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=90)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    assert json.loads(out)["reason"] == "stopped"
    assert (run / "checkpoints" / "last.safetensors").is_file()


def _has_steps(run: Path) -> bool:
    metrics = run / "metrics.jsonl"
    return metrics.is_file() and '"StepLogged"' in metrics.read_text()


def test_a_training_elsewhere_is_steered(call: Call, tiny_cache: Path, tmp_path: Path) -> None:
    """Another process trains; orders reach it, and once it has ended they are refused."""
    run = tmp_path / "run"
    command = [sys.executable, "main.py", "train", "--dataset", str(tiny_cache), "--run", str(run)]
    training = subprocess.Popen(
        [*command, *TINY, *ENDLESS], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        metrics = run / "metrics.jsonl"
        while not (metrics.is_file() and "StepLogged" in metrics.read_text()):
            assert training.poll() is None
            time.sleep(0.1)
        said = call("steer", "--run", run, "--rate", 0.5, "--next-phase", "--json")
        assert said.json["orders"] == ["rate", "next_phase"]
        assert said.json["taken"]
        said = call("steer", "--run", run, "--stop", "--json")
        assert said.json["taken"]
        assert training.wait(30) == 0
    finally:
        training.kill()
        training.wait()
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [line["order"] for line in lines if line["event"] == "Steered"] == ["rate", "next_phase", "stop"]
    assert lines[-1]["reason"] == "stopped"
    said = call("steer", "--run", run, "--save")
    assert said.code == 2
    assert "not in training (stopped)" in said.err
    assert call("steer", "--run", run).code == 2


def test_orders_that_nobody_takes_are_said(
    call: Call, tiny_run_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose training was killed: nobody has its lock. One that is busy: its owner is named."""
    metrics = tiny_run_copy / "metrics.jsonl"
    lines = metrics.read_text().splitlines()
    metrics.write_text("\n".join(line for line in lines if "RunFinished" not in line) + "\n")
    monkeypatch.setattr("cli.steering.PATIENCE_S", 0.0)
    said = call("steer", "--run", tiny_run_copy, "--save")
    assert "none holds the run's lock" in said.out
    with RunLock(tiny_run_copy):
        said = call("steer", "--run", tiny_run_copy, "--save")
    assert f"process {os.getpid()}" in said.out


def test_an_estimate_trains_nothing(call: Call, tiny_cache: Path, tmp_path: Path) -> None:
    """Time, steps and memory of what was asked for, and no run directory."""
    run = tmp_path / "run"
    said = call("train", "--dataset", tiny_cache, "--run", run, *TINY, "--epochs", 2, "--estimate", "--json")
    assert said.code == 0
    assert not run.exists()
    assert said.json["fits"]
    assert said.json["memory_bytes"] > 0
    assert said.json["seconds"] > 0
    with_words = call("train", "--dataset", tiny_cache, *TINY, "--minutes", 1, "--estimate")
    assert "about 1 min" in with_words.out
    assert call("train", "--dataset", tiny_cache, *TINY, "--epochs", 0).code == 2


def test_runs_are_listed_tagged_and_compared(call: Call, tiny_run_copy: Path) -> None:
    """The run library without a window: tags and notes, a search, an order, two runs side by side."""
    said = call("runs", "--run", tiny_run_copy, "--tag", "views", "--tag", "odd", "--note", "worse", "--json")
    assert said.json["tags"] == ["odd", "views"]
    said = call("runs", "--run", tiny_run_copy, "--untag", "odd", "--json")
    assert (said.json["tags"], said.json["note"]) == (["views"], "worse")
    found = call(
        "runs", "--folder", tiny_run_copy.parent, "--search", "views", "--sort", "psnr", "--json"
    ).json
    assert [run["path"] for run in found["runs"]] == [str(tiny_run_copy)]
    assert found["runs"][0]["figures"]["psnr"] > 0
    assert "[views]" in call("runs", "--folder", tiny_run_copy.parent).out
    compared = call("compare", "bundled", tiny_run_copy, "--json").json
    assert compared["settings"]["autoencoder.width"] == [128, 32]
    assert compared["best"]["psnr"] == [compared["runs"][0]]
    assert "*" in call("compare", "bundled", tiny_run_copy).out
    assert call("compare", "bundled").code == 2
    assert call("runs", "--sort", "beauty").code == 2
    assert call("runs", "--tag", "x").code == 2


def test_a_run_goes_into_one_file_and_back(
    call: Call, tiny_run_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exported, imported under its own name, listed, renamed, deleted; what is no such file is refused."""
    file = tmp_path / "run.zip"
    assert call("export-run", tiny_run_copy, file, "--json").json["bytes"] == file.stat().st_size
    made = call("import-run", file, "--folder", tmp_path / "there", "--json").json["run"]
    assert Path(made) == tmp_path / "there" / tiny_run_copy.name
    listed = call("runs", "--folder", tmp_path / "there", "--json").json["runs"]
    assert made in [run["path"] for run in listed]
    ordered = call("runs", "--folder", tmp_path / "there", "--sort", "step", "--json").json["runs"]
    assert [run["step"] for run in ordered] == sorted((run["step"] for run in listed), reverse=True)
    renamed = call("rename-run", made, "other", "--json").json["run"]
    assert Path(renamed) == tmp_path / "there" / "other"
    monkeypatch.setattr("gui.library.trash.QFile.moveToTrash", lambda _path: False)
    (gone,) = call("delete-run", renamed, "--json").json["deleted"]
    assert (Path(gone["place"]) / "config.json").is_file()
    assert not Path(renamed).exists()
    assert call("delete-run", "bundled").code == call("rename-run", made, "other").code == 2
    assert call("import-run", tiny_run_copy / "config.json").code == 2
    assert call("import-run", tmp_path / "nothing.zip").code == 2
