"""A training of a moment; a process that holds the lock of a run until it is told to let go, or killed."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

from engine.config import Config
from tests.conftest import tiny_config

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from pathlib import Path
from engine.run_lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def brief_config() -> Config:
    """Some steps of each phase, where only what happens around them is tested."""
    tiny = tiny_config()
    brief = dataclasses.replace(tiny.training, autoencoder_steps=4, transition_steps=14, validations=1)
    return dataclasses.replace(tiny, training=brief)


def holder(run: Path) -> subprocess.Popen[str]:
    """The process, once it has the lock; closing its input makes it give the lock back."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(run)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    return process


def end(process: subprocess.Popen[str], *, kill: bool = False) -> None:
    """Let go, or be killed."""
    if kill:
        process.kill()
    process.communicate()
