"""No argument opens the window; `tour` needs no display."""

from __future__ import annotations

import sys

import pytest

from tests.cli.conftest import Call


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_no_display(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a display the window cannot open; the sentence names the tour."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    said = call()
    assert said.code == 2
    assert "doscope tour" in said.err


def test_no_argument_opens_the_window(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The window's exit code is the program's."""
    import gui.app

    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(gui.app, "run", lambda: 7)
    assert call().code == 7
