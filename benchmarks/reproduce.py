"""Builds, trains and evaluates everything that docs/results.md reports, and writes its table.

    python -m benchmarks.reproduce --sprites FOLDER --faces ARCHIVE

It can be stopped at any time (Ctrl-C, kill) and the same command goes on where it was: finished steps are
skipped, a training is resumed. What it keeps lies in one folder, by default in Doscope's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, page, plan
from benchmarks.commands import EXIT_STOPPED, PROGRAM, CommandLine, InUse
from benchmarks.measured import collect
from benchmarks.plan import Experiment, Step
from benchmarks.records import Folder
from benchmarks.table import missed, render
from benchmarks.work import Stopped, Work
from datasets.home import doscope_home

EXIT_DONE, EXIT_FAILED, EXIT_USER = 0, 1, 2
RESULTS_PAGE = machine.ROOT / "docs" / "results.md"
VERBS = ("build", "train", "evaluate")


class Refused(Exception):
    """The arguments ask for what cannot be done; the text says what to do."""


def main(argv: Sequence[str] | None = None, program: Sequence[str] = PROGRAM) -> int:
    """Runs the benchmark.

    Args:
        argv: the arguments, those of the process by default.
        program: what is called in place of `doscope`; tests have their own.

    Returns:
        0, 1 if a step failed, 2 for something the user can mend, 130 when it was stopped.
    """
    try:
        return _run(_parser().parse_args(argv), program)
    except (Refused, page.BadPage) as error:
        return _complain(str(error))
    except InUse:
        return _complain(
            "another benchmark, or a training that it left behind, works in the folder; wait for it"
        )
    except OSError as error:
        return _complain(f"{error.filename or 'a file'}: {error.strerror}; choose another --folder or --out")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reproduce",
        description="Builds, trains and evaluates all experiments and writes the table of docs/results.md.",
        epilog="Stop it at any time; the same command goes on where it was.",
    )
    parser.add_argument(
        "--only", metavar="A,B", help="these experiments (see --list); default: all but quality"
    )
    parser.add_argument("--seeds", metavar="0,1,2", help="seeds of the trainings (default: 0,1,2; quick: 0)")
    parser.add_argument("--sprites", type=Path, metavar="FOLDER", help="the LPC sheets of sprites")
    parser.add_argument(
        "--faces", type=Path, metavar="ARCHIVE", help="faces in CelebA's layout, packed or not"
    )
    parser.add_argument("--quick", action="store_true", help="tiny settings, minutes: does everything work?")
    parser.add_argument("--list", action="store_true", help="show the experiments and what is done")
    parser.add_argument("--table", action="store_true", help="only write the table from what is there")
    parser.add_argument(
        "--redo",
        choices=VERBS,
        help="forget this step's results, and those that need them, of the chosen experiments and seeds",
    )
    parser.add_argument(
        "--folder", type=Path, help="where work and results are kept (default: Doscope's folder)"
    )
    parser.add_argument(
        "--results", type=Path, metavar="FOLDER", help="where the results are kept (default: in --folder)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.md", help="the page (default: docs/results.md)")
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads (default: all)")
    return parser


def _run(arguments: argparse.Namespace, program: Sequence[str]) -> int:
    quick: bool = arguments.quick
    chosen = _chosen(arguments.only, quick)
    seeds = _seeds(arguments.seeds or ("0" if quick else "0,1,2"))
    if arguments.threads is not None and arguments.threads < 1:
        raise Refused("--threads must be at least 1")
    sources = _sources(arguments)
    steps = plan.plan(chosen, seeds, quick, arguments.threads)
    default = doscope_home() / "benchmarks" / ("quick" if quick else "full")
    results = arguments.results.expanduser().resolve() if arguments.results else None
    folder = Folder((arguments.folder or default).expanduser().resolve(), results)
    # A quick table never replaces the real one.
    out: Path = arguments.out or (folder.path / "results.md" if quick else RESULTS_PAGE)
    if arguments.list:
        _list(folder, steps)
        return EXIT_DONE
    page.check(out)  # not after hours of work
    folder.make()
    if arguments.table:
        _write_table(folder, out, quick, arguments.threads)
        return EXIT_DONE
    with CommandLine(folder.path, folder.home, program) as runner:
        if arguments.redo:
            _forget(folder, steps, arguments.redo)
        work = Work(folder, runner, sources, _say)
        _begin(folder, steps)
        try:
            work.do(steps)
        except Stopped:
            _say("Stopped. The same command goes on from here.")
            return EXIT_STOPPED
    _write_table(folder, out, quick, arguments.threads)
    for sentence in (*work.skipped, *work.failures):
        _say(sentence)
    return EXIT_FAILED if work.failures else EXIT_DONE


def _chosen(only: str | None, quick: bool) -> tuple[Experiment, ...]:
    known = plan.experiments(quick)
    if only is None:
        return tuple(experiment for experiment in known if not experiment.asked_only)
    words = [word.strip() for word in only.split(",") if word.strip()]
    names = [experiment.name for experiment in known]
    for word in words:
        if word not in names:
            raise Refused(f"there is no experiment '{word}'; choose from {', '.join(names)}")
    if not words:
        raise Refused(f"--only names no experiment; choose from {', '.join(names)}")
    return tuple(experiment for experiment in known if experiment.name in words)


def _seeds(text: str) -> tuple[int, ...]:
    try:
        seeds = tuple(dict.fromkeys(int(word) for word in text.split(",")))
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0:
        raise Refused(f"'{text}' are not seeds, such as 0,1,2")
    return seeds


def _sources(arguments: argparse.Namespace) -> dict[str, Path]:
    sources = {}
    for word, what in plan.SOURCES.items():
        given: Path | None = getattr(arguments, word)
        if given is not None:
            path = given.expanduser().resolve()
            if not path.exists():
                raise Refused(f"--{word} {given} does not exist; give {what}")
            sources[word] = path
    return sources


def _list(folder: Folder, steps: Sequence[Step]) -> None:
    _say(f"Folder: {folder.path}")
    for step in steps:
        state = "done" if folder.done(step) else "begun" if folder.begun(step) else "to do"
        _say(f"{state:6}  {step.name:22}  doscope {step.command}")
    _say(f"Trainings left: about {_minutes_left(folder, steps) / 60:.1f} h, and the evaluations.")
    names = ", ".join(experiment.name for experiment in plan.experiments())
    _say(f"Experiments for --only: {names} (quality is done only when it is named, with the first seed).")


def _begin(folder: Folder, steps: Sequence[Step]) -> None:
    """What will be done, and whether the machine is quiet enough for it."""
    _say(f"{len(steps)} steps in {folder.path}; trainings left: {_minutes_left(folder, steps):.1f} min.")
    _say(f"What the commands say: {folder.logs}")
    busy = machine.busy_cores()
    if busy is not None and busy > machine.BUSY_CORES:
        cores = machine.describe()["cores"]
        _say(f"Warning: others keep {busy:.1f} of {cores} cores busy; the figures will be worse for it.")


def _minutes_left(folder: Folder, steps: Sequence[Step]) -> float:
    return sum(
        step.experiment.train_minutes for step in steps if step.verb == "train" and not folder.done(step)
    )


def _forget(folder: Folder, steps: Sequence[Step], verb: str) -> None:
    for step in steps:
        if VERBS.index(step.verb) >= VERBS.index(verb):
            folder.forget(step)


def _write_table(folder: Folder, out: Path, quick: bool, threads: int | None) -> None:
    measured = collect(folder, quick, threads)
    if not any(one.seeds for one in measured):
        _say(f"Nothing is measured yet, so {out} stays as it is.")
        return
    page.put(out, render(measured))
    _say(f"Table: {out}")
    for line in missed(measured):
        _say(f"missed or open: {line}")


def _complain(sentence: str) -> int:
    print(f"reproduce: {sentence}", file=sys.stderr, flush=True)
    return EXIT_USER


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
