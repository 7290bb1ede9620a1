"""The door: every error is one sentence and an exit code, and stdout stays clean."""

from __future__ import annotations

import argparse
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cli.data
import main
from cli import VERSION
from cli.door import explain
from cli.errors import WorkFailed
from cli.output import Result
from cli.parser import make_parser
from datasets.errors import CacheError, DatasetInputError, SourceError
from engine.errors import DiskFull, Diverged, InputError, RunError
from tests.cli.conftest import Call

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = ("build", "train", "apply", "do", "traverse", "retrieve", "evaluate", "graph", "tour")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(call: Call, command: str) -> None:
    """--help of every command ends with an example that its own parser accepts."""
    said = call(command, "--help")
    assert said.code == 0
    example = said.out.rstrip().splitlines()[-1]
    assert example.startswith(f"example: doscope {command}")
    arguments = make_parser().parse_args(example.split()[2:])
    assert callable(arguments.command)


def test_help_of_the_whole(call: Call) -> None:
    """`doscope --help` lists all commands; --version says the version."""
    said = call("--help")
    assert said.code == 0
    for command in COMMANDS:
        assert f"    {command} " in said.out
    assert call("--version").out == f"doscope {VERSION}\n"


@pytest.mark.process
def test_help_is_instantaneous() -> None:
    """--help waits for no library: a third of a second of the processor, Python's own start included."""
    begun = os.times()
    done = subprocess.run([sys.executable, "main.py", "graph", "--help"], cwd=ROOT, capture_output=True)
    ended = os.times()
    assert done.returncode == 0
    spent = ended.children_user - begun.children_user + ended.children_system - begun.children_system
    assert spent < 0.3


@pytest.mark.parametrize(
    "arguments", [("paint",), ("apply",), ("apply", "--run"), ("build", "shapes", "--unknown")]
)
def test_wrong_usage(call: Call, arguments: tuple[str, ...]) -> None:
    """Arguments that make no command: exit code 2, one sentence that leads to --help."""
    said = call(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "--help" in said.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DatasetInputError("unknown factor"), 2),
        (SourceError("no sheets"), 2),
        (CacheError("truncated"), 2),
        (InputError("no such code"), 2),
        (RunError("another version"), 2),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.png"), 2),
        (Diverged("the loss is not a number"), 1),
        (DiskFull("the disk is full"), 1),
        (OSError(errno.ENOSPC, "No space left on device", "y.png"), 1),
        (WorkFailed("the tour took too long"), 1),
        (ZeroDivisionError("oops"), 1),
    ],
)
def test_exit_codes(error: Exception, code: int) -> None:
    """2 for what the user can mend, 1 for the rest; the sentence always says something."""
    sentence, found = explain(error)
    assert found == code
    assert sentence


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command with a fault of ours."""

    def build(_: argparse.Namespace) -> Result:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(cli.data, "build", build)


@pytest.mark.usefixtures("broken")
def test_our_fault_is_logged(call: Call, doscope_home: Path) -> None:
    """An unexpected error: exit code 1, a sentence with the log's path, the traceback in the log only."""
    said = call("build", "shapes")
    log = doscope_home / "logs" / "doscope.log"
    assert said.code == 1
    assert str(log) in said.err
    assert "Traceback" not in said.err
    assert "ZeroDivisionError: a fault of ours" in log.read_text()


@pytest.mark.usefixtures("broken")
def test_debug_shows_the_traceback(call: Call) -> None:
    """--debug shows where it happened."""
    said = call("build", "shapes", "--debug")
    assert said.code == 1
    assert "Traceback" in said.err


@pytest.mark.usefixtures("broken")
def test_log_that_cannot_be_written(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even the log fails, the sentence says how to see the traceback."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "file"))
    said = call("build", "shapes")
    assert said.code == 1
    assert "--debug" in said.err


def test_json_survives_a_library_that_prints(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a library prints goes to stderr, so that stdout stays one JSON object."""

    def build(_: argparse.Namespace) -> Result:
        print("a library's chatter")  # noqa: T201
        return Result({"fine": True}, "fine")

    monkeypatch.setattr(cli.data, "build", build)
    said = call("build", "shapes", "--json")
    assert said.json == {"fine": True}
    assert "chatter" in said.err


def test_json_of_wrong_usage(call: Call) -> None:
    """Even wrong arguments give a script its JSON object."""
    assert call("apply", "--json").json["exit_code"] == 2


def test_keyboard_interrupt(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in a command that has nothing to save ends quietly with 130."""

    def build(_: argparse.Namespace) -> Result:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.data, "build", build)
    said = call("build", "shapes")
    assert said.code == 130
    assert "Traceback" not in said.err


@pytest.mark.long
@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="pipes close differently on Windows")
def test_reader_that_leaves(tiny_run: Path, before: Path) -> None:
    """`doscope ... | head -1` ends without a traceback."""
    command = (
        f'"{sys.executable}" main.py graph --run "{tiny_run}" --image "{before}" --threshold 0 | head -n 1'
    )
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("<graphml")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.process
def test_installed_name_and_file_are_the_same(tiny_run: Path, before: Path, after: Path) -> None:
    """`python main.py` in a process of its own: JSON on stdout, and not a byte more."""
    command = [
        sys.executable,
        "main.py",
        "retrieve",
        "--run",
        tiny_run,
        "--before",
        before,
        "--after",
        after,
        "--json",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["ranking"]) == 12
    assert callable(main.main)
