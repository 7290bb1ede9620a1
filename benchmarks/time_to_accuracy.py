"""How long from nothing until the model retrieves 90 and 97 % of the actions?

    python -m benchmarks.time_to_accuracy [--minutes 6] [--json]

From an empty home, with the command line: builds `shapes`, trains the preset `small` with a budget, and
reads the validations of its log. The time counts from the start of the first command; validation itself
is in it.

JSON keys: `minutes_to_090`, `minutes_to_097` (null if it was not reached), `minutes_build`,
`final_directed_accuracy`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.commands import PROGRAM
from benchmarks.report import Figures, InputError

GOALS = {"minutes_to_090": 0.90, "minutes_to_097": 0.97}
MINUTES, VALIDATIONS = 6.0, 12


class Failed(Exception):
    """A command failed; it has said why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, 1 if a command failed, 2 for something the user can mend."""
    parser = report.parser("time_to_accuracy", "Times a training from nothing.")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"budget (default: {MINUTES:g})")
    parser.add_argument("--seed", type=int, default=0, help="of the training (default: 0)")
    arguments = parser.parse_args(argv)
    try:
        figures = report.conditions(arguments.threads)
        minutes = 0.06 if arguments.quick else arguments.minutes
        with tempfile.TemporaryDirectory() as home:
            figures |= measure(Path(home), minutes, arguments.seed, arguments.quick)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Failed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    report.say(figures, [_table(figures)], arguments.json)
    return 0


def measure(home: Path, minutes: float, seed: int, quick: bool) -> Figures:
    """Builds, trains, and reads when each goal was reached."""
    tiny = ("--train-pairs", "400", "--validation-pairs", "100", "--test-pairs", "100")
    looks = f"training.validations={1 if quick else VALIDATIONS}"
    begun = time.monotonic()
    _doscope(home, "build", "shapes", *(tiny if quick else ()))
    built_s = time.monotonic() - begun
    _doscope(
        *(home, "train", "--dataset", "shapes", "--preset", "small", "--minutes", f"{minutes:g}"),
        *("--seed", str(seed), "--run", str(home / "run"), "--set", looks),
    )
    total_s = time.monotonic() - begun
    events = [json.loads(line) for line in (home / "run" / "metrics.jsonl").read_text().splitlines()]
    overhead_s = total_s - events[-1]["elapsed_s"]  # building, starting, reading the images
    seen = [
        (event["elapsed_s"] + overhead_s, event["figures"]["directed_accuracy"])
        for event in events
        if event["event"] == "Validated" and event["phase"] == "transition"
    ]
    figures: Figures = {"minutes_build": built_s / 60, "minutes_budget": minutes}
    for key, goal in GOALS.items():
        reached = [at for at, accuracy in seen if accuracy >= goal]
        figures[key] = reached[0] / 60 if reached else None
    figures["final_directed_accuracy"] = seen[-1][1]
    figures["minutes_total"] = total_s / 60
    return figures


def _doscope(home: Path, *words: str) -> None:
    environment = dict(os.environ, DOSCOPE_HOME=str(home))
    done = subprocess.run([*PROGRAM, *words], env=environment, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise Failed(f"doscope {words[0]} ended with code {done.returncode}")


def _table(figures: Figures) -> str:
    words = {
        "minutes_build": "building the data set, min",
        "minutes_to_090": "0.90 directed accuracy on validation, min",
        "minutes_to_097": "0.97, min",
        "final_directed_accuracy": "at the end",
        "minutes_total": "all, min",
    }
    rows = [(text, figures[key]) for key, text in words.items()]
    return report.table(f"From an empty home, budget {figures['minutes_budget']:g} min", ("", ""), rows)


if __name__ == "__main__":
    sys.exit(main())
