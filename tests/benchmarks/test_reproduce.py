"""The command: its arguments, its page, and what signals and a kill do to it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import page, reproduce
from benchmarks.commands import CommandLine, InUse
from benchmarks.measured import collect
from benchmarks.records import Folder
from benchmarks.table import missed
from tests.benchmarks.conftest import results

ROOT = Path(__file__).resolve().parent.parent.parent
# A program in place of Doscope, quick to start. It writes what it was told into `told.txt`; `train` ends when
# it is asked to stop, or when the file `finish` is there.
PROGRAM = """
import json, os, pathlib, signal, sys, time
verb, words = sys.argv[1], sys.argv[2:]
told = pathlib.Path("told.txt")
with told.open("a") as file:
    file.write(" ".join([verb, *words]) + "\\n")
if verb == "train":
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
    signal.signal(signal.SIGINT, lambda *_: pathlib.Path("twice").touch())
    pathlib.Path("training.pid").write_text(str(os.getpid()))
    while not pathlib.Path("finish").exists():
        time.sleep(0.01)
        if asked:
            print(json.dumps({"reason": "stopped"}))
            sys.exit(130)
    pathlib.Path(words[words.index("--run") + 1]).mkdir(exist_ok=True)
if verb == "build":
    pathlib.Path(words[words.index("--out") + 1]).touch()
print(json.dumps({"home": os.environ["DOSCOPE_HOME"], "directed_accuracy": 0.5, "step": 7}))
"""
# A job in the background is born deaf to Ctrl-C; the tests may run in one.
DRIVER = """
import signal, sys
from benchmarks import machine, reproduce
signal.signal(signal.SIGINT, signal.default_int_handler)
machine.busy_cores = lambda seconds=1.0: 0.0
sys.exit(reproduce.main(sys.argv[2:], program=[sys.executable, sys.argv[1]]))
"""


def test_only_the_part_between_the_marks_changes(tmp_path: Path) -> None:
    """What people wrote before and behind stays as it is; a second time changes nothing more."""
    path = tmp_path / "results.md"
    path.write_text(f"# R\n\nbefore\n\n{page.BEGIN}\nold\n{page.END}\n\n## Why\n\nbehind\n", encoding="utf-8")
    page.put(path, "new")
    once = path.read_text(encoding="utf-8")
    page.put(path, "new")
    assert path.read_text(encoding="utf-8") == once
    assert once.startswith("# R\n\nbefore\n\n" + page.BEGIN + "\n\nnew\n")
    assert once.endswith(page.END + "\n\n## Why\n\nbehind\n")
    assert "old" not in once


def test_a_new_page_and_one_without_marks_get_them(tmp_path: Path) -> None:
    """The marks come by themselves, at the end."""
    page.put(tmp_path / "new.md", "table")
    assert page.BEGIN in (tmp_path / "new.md").read_text(encoding="utf-8")
    assert page.spliced("# Mine\n", "table").startswith("# Mine\n\n" + page.BEGIN)


@pytest.mark.parametrize("text", [page.BEGIN, page.END, page.END + page.BEGIN, 2 * (page.BEGIN + page.END)])
def test_broken_marks_are_said_before_any_work(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody finds out after five hours that the page cannot be written."""
    path = tmp_path / "results.md"
    path.write_text(text, encoding="utf-8")
    assert reproduce.main(["--folder", str(tmp_path / "w"), "--out", str(path)], ["no-such-program"]) == 2
    assert "exactly one of each" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == text


def test_the_results_page_has_its_marks_and_says_first_how_it_is_made() -> None:
    """docs/results.md begins with the command; its marks are one pair."""
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert page.spliced(text, "x") != text
    assert text.index("## Reproduce") == text.index("## ")
    assert "python -m benchmarks.reproduce" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only", "shapes,cats"], "there is no experiment 'cats'"),
        (["--only", ","], "names no experiment"),
        (["--seeds", "0,x"], "are not seeds"),
        (["--seeds", "-1"], "are not seeds"),
        (["--sprites", "no/such/folder"], "does not exist"),
        (["--threads", "0"], "at least 1"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence and exit code 2, before anything is made."""
    assert reproduce.main([*arguments, "--folder", str(tmp_path / "w")]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


def test_list_shows_what_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--list` starts nothing and makes nothing."""
    assert reproduce.main(["--list", "--only", "shapes,quality", "--folder", str(tmp_path / "w")]) == 0
    said = capsys.readouterr().out
    assert "to do   shapes-2.evaluate" in said
    assert "--preset quality" in said
    assert not (tmp_path / "w").exists()


def test_table_only_writes_what_is_there(folder: Folder, tmp_path: Path) -> None:
    """`--table` starts nothing; with nothing measured, the page stays as it is."""
    out = tmp_path / "page.md"
    arguments = ["--table", "--folder", str(folder.path), "--out", str(out)]
    assert reproduce.main(arguments, ["no-such-program"]) == 0
    assert not out.exists()
    results(folder, "shapes", 4)
    assert reproduce.main(arguments, ["no-such-program"]) == 0
    assert "Seeds: 4." in out.read_text(encoding="utf-8")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def start(program: Path, home: Path, *arguments: str) -> subprocess.Popen[str]:
    """The benchmark in a process of its own, with `program` in place of Doscope."""
    words = [sys.executable, "-c", DRIVER, str(program), "--quick", "--only", "shapes"]
    environment = {**os.environ, "DOSCOPE_HOME": str(home)}
    return subprocess.Popen(
        [*words, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=os.name == "posix",
    )


def wait_for(path: Path) -> str:
    """The text of a file, as soon as it has some."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if path.is_file() and path.read_text(encoding="utf-8"):
            return path.read_text(encoding="utf-8")
        time.sleep(0.01)
    raise AssertionError(f"{path.name} did not come")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    (tmp_path / "home" / "benchmarks" / "quick" / "finish").touch()  # no training outlives a failed test


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_stop_reaches_the_command_once(program: Path, home: Path, number: str) -> None:
    """The command saves and ends, the benchmark ends with 130, and both go on the next time."""
    folder = home / "benchmarks" / "quick"
    running = start(program, home)
    wait_for(folder / "training.pid")
    os.killpg(running.pid, getattr(signal, number))  # as a terminal does, to the whole process group
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "goes on from here" in out
    assert not (folder / "twice").exists()
    assert (folder / "results" / "shapes-0.train.begun.json").is_file()
    (folder / "finish").touch()
    again = start(program, home)
    out, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    verbs = [line.split()[0] for line in (folder / "told.txt").read_text(encoding="utf-8").splitlines()]
    assert verbs == ["build", "train", "train", "evaluate"]
    assert "0.500" in (folder / "results.md").read_text(encoding="utf-8")
    evaluated = json.loads((folder / "results" / "shapes-0.evaluate.json").read_text(encoding="utf-8"))
    assert evaluated["result"]["home"] == str(folder / "home")


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="kill and locks of POSIX")
def test_a_killed_benchmark_leaves_its_training_alone(program: Path, home: Path) -> None:
    """No second training starts beside the one that was left behind; afterwards it goes on."""
    folder = home / "benchmarks" / "quick"
    running = start(program, home)
    orphan = int(wait_for(folder / "training.pid"))
    running.kill()
    running.communicate(timeout=60)
    with pytest.raises(InUse):
        CommandLine(folder, folder / "home").__enter__()
    os.kill(orphan, signal.SIGTERM)
    (folder / "finish").touch()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        again = start(program, home)
        again.communicate(timeout=60)
        if again.returncode != 2:
            break
    assert again.returncode == 0
    record = json.loads((folder / "results" / "shapes-0.train.json").read_text(encoding="utf-8"))
    assert record["result"]["step"] == 7


@pytest.mark.process
def test_redo_measures_again(program: Path, home: Path) -> None:
    """`--redo evaluate` leaves cache and training as they are."""
    folder = home / "benchmarks" / "quick"
    folder.mkdir(parents=True)
    (folder / "finish").touch()
    for arguments in ((), ("--redo", "evaluate")):
        running = start(program, home, *arguments)
        running.communicate(timeout=60)
        assert running.returncode == 0
    told = [shlex.split(line)[0] for line in (folder / "told.txt").read_text(encoding="utf-8").splitlines()]
    assert told == ["build", "train", "evaluate", "evaluate"]
    assert list(missed(collect(Folder(folder), True, None))) == []
