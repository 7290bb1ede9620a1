"""A killed training loses nothing that was saved."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datasets.cache import Cache
from engine.checkpoint import load_checkpoint
from engine.events import RunFinished
from engine.run_directory import RunDirectory
from engine.training import train
from tests.conftest import tiny_config

SCRIPT = """
import json, sys
from datasets.cache import Cache
from engine import phases
from engine.config import Config
from engine.training import train
from pathlib import Path
phases.SAVE_EVERY_S = 0.0
config = Config.from_json(json.loads(sys.argv[1]))
with Cache.open(Path(sys.argv[2])) as cache:
    for event in train(config, cache, Path(sys.argv[3]), threads=1):
        pass
"""


@pytest.mark.process
def test_a_killed_run_resumes_from_its_last_checkpoint(tiny_cache: Path, tmp_path: Path) -> None:
    """SIGKILL after a checkpoint: the files are whole and the resume goes on from them to the end."""
    path = tmp_path / "run"
    config = json.dumps(tiny_config().to_json())
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, config, str(tiny_cache), str(path)])
    run = RunDirectory(path)
    deadline = time.monotonic() + 60
    while not run.last.is_file() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    saved = load_checkpoint(run.last).meta["step"]
    assert run.status().finished is None
    assert run.status().resumable
    with Cache.open(tiny_cache) as cache:
        events = list(train(tiny_config(), cache, path, threads=1, resume=True))
    assert events[0].resumed_step == saved
    assert isinstance(events[-1], RunFinished)
    assert events[-1].step == 90
    assert run.status().finished == "done"
