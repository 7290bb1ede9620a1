"""What the tests of the benchmark share: a command line that answers at once, and results in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.commands import Outcome
from benchmarks.measured import collect
from benchmarks.plan import Step, experiments, steps_of
from benchmarks.records import Attempt, Folder, Record
from benchmarks.table import render
from benchmarks.work import Work

GOOD: dict[str, Any] = {
    "directed_accuracy": 0.98,
    "directed_accuracy_interval": [0.97, 0.99],
    "factor_accuracy": 0.995,
    "worst_action": {"action": "scale+", "directed_accuracy": 0.91},
    "per_action": {"scale+": {"directed_accuracy": 0.91, "train_pairs": 1200}},
    "atomic_over_ceiling": 0.96,
    "collateral_rate": 0.004,
    "psnr": 30.0,
    "quality_cost_db": 0.5,
    "rollout": [{"repetitions": k, "hit_rate": 1 - 0.01 * k} for k in range(1, 6)],
    "graph_value": 0.93,
    "edges_kept": 0.06,
    "graph_faithfulness_auroc": 0.95,
    "notes": [],
}


class Stub:
    """In place of the command line: answers at once, and remembers what it was told.

    Args:
        path: the working folder, where it makes what the commands would make.

    Attributes:
        answers: by verb: an outcome, or something that makes one of the words.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stopped = False
        self.told: list[str] = []
        self.answers: dict[str, Callable[[list[str]], Outcome]] = {}

    def run(self, arguments: Sequence[str], log: Path) -> Outcome:
        self.told.append(" ".join(arguments))
        answer = self.answers.get(arguments[0])
        outcome = answer(list(arguments)) if answer else fine({"step": 100, **GOOD})
        if outcome.code == 0 and arguments[0] == "build":
            (self.path / arguments[arguments.index("--out") + 1]).touch()
        if outcome.code == 0 and arguments[0] == "train":
            (self.path / arguments[arguments.index("--run") + 1]).mkdir(exist_ok=True)
        return outcome

    def verbs(self) -> list[str]:
        return [line.split()[0] for line in self.told]


def fine(result: dict[str, Any]) -> Outcome:
    return Outcome(0, result, 60.0, 110.0)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "work")
    made.make()
    return made


@pytest.fixture
def stub(folder: Folder) -> Stub:
    return Stub(folder.path)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def work(folder: Folder, stub: Stub, said: list[str]) -> Work:
    return Work(folder, stub, {}, said.append, busy_cores=lambda: 0.0)


def chosen(*names: str, quick: bool = False) -> tuple[Any, ...]:
    return tuple(experiment for experiment in experiments(quick) if experiment.name in names)


def put_run(folder: Folder, step: Step, finished: str | None) -> None:
    """A run directory as a training leaves it: with its log, and the last word if it had one."""
    from datasets.factors import Factor, FactorSpace
    from engine.config import load_preset
    from engine.events import RunFinished, StepLogged, to_json_line
    from engine.run_directory import RunDescription, RunDirectory

    run = RunDirectory(folder.path / step.run)
    space = FactorSpace((Factor("hue", ("a", "b"), "ordinal"),))
    run.create(RunDescription(load_preset("small"), "shapes", "", space, (64, 64, 3), {}))
    run.best.write_bytes(b"")
    events: list[Any] = [StepLogged("autoencoder", 40, 12.0, 0.1, 5.0, 1.0)]
    if finished:
        events.append(RunFinished(900, 580.0, finished, {"directed_accuracy": 0.9}))
    run.metrics_path.write_text("".join(to_json_line(event) + "\n" for event in events), encoding="utf-8")


def results(folder: Folder, name: str, seed: int, quick: bool = False, **changes: Any) -> None:
    """Puts the three results of one training into the folder."""
    (experiment,) = chosen(name, quick=quick)
    attempt = Attempt(570.0, 1100.0, 0.0, 0.1, 1.9, 2)
    facts = {"cores": 2, "processor": "Some CPU", "memory_gb": 24, "system": "Linux x86_64", "torch": "2.13"}
    for step in steps_of(experiment, seed, quick):
        result = {**GOOD, **changes} if step.verb == "evaluate" else {"step": 1000 + seed, "elapsed_s": 560.0}
        spent = replace(attempt, wall_s=12.0) if step.verb == "build" else attempt
        folder.save(step, Record(step.chain, result, (spent,), machine=facts, code="abc"))


def table_of(folder: Folder, quick: bool = False) -> str:
    return render(collect(folder, quick, None))


def row(table: str, title: str) -> str:
    """The first row of a table with this title."""
    return next(line for line in table.splitlines() if line.startswith(f"| {title} |"))
