"""How long from the command until the window is there, and until one can click?

    python -m benchmarks.startup [--json]

Starts the real program in a process of its own, several times; the first start, which fills the caches of
the system and builds the data set, does not count. A display is not needed.

JSON keys: `first_paint_s` (the window has painted itself for the first time), `ready_s` (the bundled
model has read the first image and its picture is painted), `memory_idle_mb` (resident size then, where
the system tells).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.machine import ROOT
from benchmarks.report import Figures, InputError
from benchmarks.tiny import build_tiny

LIMIT_S = 300


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, 1 if the window did not come up, 2 for something the user can mend."""
    parser = report.parser("startup", "Times the start of the window.")
    parser.add_argument("--starts", type=int, default=5, help="starts that count (default: 5)")
    arguments = parser.parse_args(argv)
    try:
        figures = report.conditions(arguments.threads)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as home:
        if arguments.quick:
            build_tiny(Path(home))
        wanted = 0 if arguments.quick else arguments.starts
        starts = [_start(home) for _ in range(1 + wanted)][-max(1, wanted) :]
    if any(start is None for start in starts):
        print("error: the window did not come up; its message stands above", file=sys.stderr)
        return 1
    found = [start for start in starts if start is not None]
    for key in found[0]:
        values = [start[key] for start in found]
        figures |= {key: statistics.median(values), f"{key}_least": min(values), f"{key}_most": max(values)}
    report.say(figures, [_table(figures)], arguments.json)
    return 0


def _start(home: str) -> dict[str, float] | None:
    """One start; None if it failed."""
    environment = dict(os.environ, DOSCOPE_HOME=home, QT_QPA_PLATFORM="offscreen")
    command = [sys.executable, "-m", "benchmarks.one_start", repr(time.time())]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S
    )
    if done.returncode:
        return None
    seconds: dict[str, float] = json.loads(done.stdout)
    return seconds


def _table(figures: Figures) -> str:
    words = {
        "first_paint_s": "first paint, s",
        "ready_s": "the bundled model has read an image, s",
        "memory_idle_mb": "memory then, MB",
    }
    rows = [
        (text, figures[key], figures[f"{key}_least"], figures[f"{key}_most"])
        for key, text in words.items()
        if key in figures
    ]
    return report.table("Start of the window", ("", "median", "least", "most"), rows)


if __name__ == "__main__":
    sys.exit(main())
