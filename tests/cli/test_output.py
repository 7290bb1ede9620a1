"""Progress and durations."""

from __future__ import annotations

import io
import sys

import pytest

import cli.output
from cli.output import ProgressLine, Result, duration, print_result


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that stands still until the test changes it."""
    now = [100.0]
    monkeypatch.setattr(cli.output.time, "monotonic", lambda: now[0])
    return now


def test_durations() -> None:
    """Seconds, minutes and hours as people say them; never negative."""
    assert duration(-3) == "0 s"
    assert duration(48.2) == "48 s"
    assert duration(200) == "3 min 20 s"
    assert duration(7500) == "2 h 5 min"


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    """A figure that is infinite or not a number is null: NaN is no JSON, and readers would choke."""
    print_result(Result({"psnr": float("inf"), "rows": [{"loss": float("nan")}, 1.5]}, ""), as_json=True)
    assert capsys.readouterr().out == '{"psnr": null, "rows": [{"loss": null}, 1.5]}\n'


def test_terminal_line_is_rewritten(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    """On a terminal there is one line, redrawn in place with rate and time left, and gone at the end."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    line = ProgressLine()
    line.show("rendering", 1, 4, "50 images/s", 75)
    clock[0] += 1
    line.show("rendering", 2, 4, "60 images/s", 10)
    line.end()
    assert "\n" not in terminal.getvalue()
    assert "rendering 25 % · 50 images/s · 1 min 15 s left" in terminal.getvalue()
    assert "rendering 50 % · 60 images/s · 10 s left" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_terminal_is_not_flooded(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    """Thousands of steps within a moment cost one drawing a stage."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    line = ProgressLine()
    for done in range(1000):
        line.show("rendering", done, 1000, "", -1)
    line.show("writing", 0, 10, "", -1)
    assert terminal.getvalue().count("rendering") == 1
    assert terminal.getvalue().count("writing") == 1


def test_a_log_gets_sparse_lines(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    """Elsewhere a line comes after two seconds, then every ten, without control characters."""
    line = ProgressLine()
    for _ in range(60):
        line.show("training", clock[0] - 100, 30, "", 5)
        clock[0] += 0.5
    line.end()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "training 7 % · 5 s left",
        "training 40 % · 5 s left",
        "training 73 % · 5 s left",
    ]


def test_notes_stay(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    """A note clears the progress line first, so that neither is garbled."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    line = ProgressLine()
    line.show("training", 1, 4, "", -1)
    line.note("validation: fine")
    assert terminal.getvalue().endswith("\r\x1b[Kvalidation: fine\n")
