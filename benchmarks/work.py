"""Does the steps that are not done yet, one at a time, and goes on where a stopped run of it ended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.commands import EXIT_STOPPED, Outcome, Runner, make_words
from benchmarks.plan import SOURCES, Step
from benchmarks.records import Attempt, Folder, Record
from engine.run_directory import RunDirectory, RunStatus

EXIT_USER = 2
# A resumed run keeps its own settings and refuses to be told them again.
_NOT_RESUMED = ("--preset", "--seed", "--minutes")


class Stopped(Exception):
    """Someone asked to stop; everything that was done is in the folder."""


class Work:
    """The steps of a plan, their results in a folder.

    Attributes:
        failures: a sentence for each step that failed.
        skipped: a sentence for each experiment whose files are not given.
    """

    def __init__(
        self,
        folder: Folder,
        runner: Runner,
        sources: Mapping[str, Path],
        say: Callable[[str], None],
        busy_cores: Callable[[], float | None] = machine.busy_cores,
    ) -> None:
        """`sources` has a path for each given word of SOURCES; `busy_cores` looks at the machine."""
        self.failures: list[str] = []
        self.skipped: list[str] = []
        self._folder, self._runner, self._sources = folder, runner, sources
        self._say, self._busy_cores = say, busy_cores
        self._machine, self._code = machine.describe(), machine.code_state()

    def do(self, steps: Iterable[Step]) -> None:
        """Does every step that has no valid result; a failed step costs only what depends on it.

        Raises:
            Stopped: between two steps, or when the running command was stopped and has saved.
        """
        steps = list(steps)
        missing: set[str] = set()
        for number, step in enumerate(steps, 1):
            if self._runner.stopped:
                raise Stopped
            if self._is_done(step, steps):
                continue
            if self._folder.is_damaged(step):
                self._say(f"{step.name}: the result is damaged; the step is done again.")
            if step.needs in missing or not self._has_files(step):
                missing.add(step.name)
                continue
            self._say(f"[{number}/{len(steps)}] {step.name}: doscope {step.command}")
            for later in steps:  # what a former run of this step gave them is not of this one
                if step.verb == "train" and later.needs == step.name:
                    self._folder.forget(later)
            outcome = self._train(step) if step.verb == "train" else self._attempt(step, Record(step.chain))
            if outcome.code != 0:
                missing.add(step.name)
                self.failures.append(f"{step.name} failed: {outcome.error}")
                self._say(f"{self.failures[-1]} (log: {self._folder.log(step)})")

    def _is_done(self, step: Step, steps: list[Step]) -> bool:
        """Whether its result is there, and what it made too, unless nothing is left that needs that.

        Results may be kept apart from the caches and runs of the machine that made them.
        """
        if not self._folder.done(step):
            return False
        made = {"build": step.cache, "train": step.run}.get(step.verb)
        if made is None or (self._folder.path / made).exists():
            return True
        return all(self._is_done(later, steps) for later in steps if later.needs == step.name)

    def _has_files(self, step: Step) -> bool:
        """Whether the user's files that a step needs are given; a cache that is built needs none any more."""
        word = step.experiment.needs
        if step.verb != "build" or not word or word in self._sources:
            return True
        sentence = f"{step.experiment.name} is skipped: --{word} PATH gives {SOURCES[word]}, and is missing."
        if sentence not in self.skipped:
            self.skipped.append(sentence)
            self._say(sentence)
        return False

    def _train(self, step: Step) -> Outcome:
        """Trains from the beginning, or goes on with the run of the same commands that was begun."""
        run = RunDirectory(self._folder.path / step.run)
        note = self._folder.begun(step)
        status = run.status() if note else None
        if note and status and status.finished == "done" and status.explorable:
            # It came to its end after this program was killed.
            self._folder.save(step, replace(note, result=_told_by(step, status)))
            return Outcome(0, {}, 0.0, None)
        if note and status and not status.problem and status.finished != "diverged":
            self._say(f"{step.name}: goes on from step {status.step}.")
            outcome = self._attempt(step, note, _resume(step.command))
            if outcome.code != EXIT_USER:
                return outcome
            self._say(f"{step.name}: cannot go on ({outcome.error}); it begins again.")
        if run.path.exists():
            shutil.rmtree(run.path)
        return self._attempt(step, Record(step.chain))

    def _attempt(self, step: Step, before: Record, command: str = "") -> Outcome:
        """Runs one command; keeps its result, or what a stopped training took so far."""
        words = make_words(command or step.command, self._sources)
        if step.verb == "build" and (self._folder.path / step.cache).exists():
            words.append("--force")  # a cache of other settings, or one whose measured time was lost
        record = replace(before, machine=self._machine, code=self._code)
        if step.verb == "train":
            # Counted as lost until it is known how it ended.
            self._folder.save_begun(step, replace(record, lost=record.lost + 1))
        busy, load = self._look(step), machine.load_average()
        outcome = self._runner.run(words, self._folder.log(step))
        attempt = Attempt(
            outcome.wall_s, outcome.cpu_s, busy, load, machine.load_average(), self._threads_of(step)
        )
        record = replace(record, attempts=(*record.attempts, attempt))
        if outcome.code == 0 and outcome.result:
            self._folder.save(step, replace(record, result=without_places(outcome.result)))
            share = _share(record) if step.verb == "train" else ""
            self._say(f"    done in {outcome.wall_s / 60:.1f} min{share}")
            return outcome
        if step.verb == "train":
            self._folder.save_begun(step, record)
        if outcome.code == EXIT_STOPPED or self._runner.stopped:
            raise Stopped
        return outcome if outcome.code else replace(outcome, code=1)

    def _threads_of(self, step: Step) -> int:
        words = step.command.split()
        if "--threads" in words:
            return int(words[words.index("--threads") + 1])
        return int(str(self._machine["cores"]))

    def _look(self, step: Step) -> float | None:
        """How busy others keep the machine; said before a training, which should be alone."""
        if step.verb != "train":
            return None
        busy = self._busy_cores()
        if busy is not None and busy > machine.BUSY_CORES:
            self._say(f"    warning: others keep {busy:.1f} cores busy; the training will get less far.")
        return None if busy is None else round(busy, 2)


def without_places(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a command said, without where the user's own files are: results are passed on."""
    kept = dict(result)
    if isinstance(kept.get("recipe"), dict):
        kept["recipe"] = {name: value for name, value in kept["recipe"].items() if name != "source"}
    return kept


def _resume(command: str) -> str:
    words = command.split()
    kept = [
        word
        for word, before in zip(words, ["", *words], strict=False)
        if word not in _NOT_RESUMED and before not in _NOT_RESUMED
    ]
    return " ".join([*kept, "--resume"])


def _told_by(step: Step, status: RunStatus) -> dict[str, object]:
    """What `doscope train --json` would have said, from the run directory."""
    return {
        "run": step.run,
        "dataset": status.dataset,
        "preset": status.preset,
        "reason": status.finished,
        "step": status.step,
        "elapsed_s": status.elapsed_s,
        "figures": status.figures,
    }


def _share(record: Record) -> str:
    share = record.cpu_share
    return "" if share is None else f", {100 * share:.0f} % of the cores' time"
