"""`doscope retrieve`: which action happened between two images, or between those of each line of a table."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import Commands, add_command, add_image, add_run, positive
from cli.errors import UsageError
from cli.files import check_writable
from cli.interruption import EXIT_INTERRUPTED, Interrupted, step_through
from cli.models import load_explorer, read_image
from cli.output import ProgressLine, Result, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.pair_table import Counts
    from engine.calibration import Calibration
    from engine.events import Progressed
    from engine.explorer import Explorer
    from engine.results import ActionPath, Retrieval
    from engine.run_directory import RunDescription

SHOWN_BY_DEFAULT = 5


def add_commands(commands: Commands) -> None:
    """Adds `retrieve`."""
    parser = add_command(
        commands,
        "retrieve",
        "rank the actions that may have turned one image into another",
        "doscope retrieve --run runs/a --before x.png --after y.png --json",
        retrieve,
    )
    add_run(parser)
    add_image(parser, "--before", "the image before the action", required=False)
    add_image(parser, "--after", "the image after it", required=False)
    parser.add_argument(
        "--pairs",
        type=Path,
        metavar="CSV",
        help="instead of the two: a table with the columns before and after, paths of images; relative ones"
        " lie beside the table. The same command goes on where it was stopped",
    )
    parser.add_argument("--out", type=Path, metavar="CSV", help="where the answers to --pairs go")
    parser.add_argument(
        "--dataset",
        help="where it is learned, once, what the run's probabilities are worth: the name or cache file of"
        " its data set (default: the file that it was trained on)",
    )
    parser.add_argument(
        "--path",
        action="store_true",
        help="also look for the shortest sequence of actions between the two images",
    )
    parser.add_argument(
        "--beam",
        type=positive,
        metavar="N",
        help="half-way states followed at once (default: 4; 1 is greedy)",
    )
    parser.add_argument("--steps", type=positive, metavar="N", help="the longest sequence (default: 8)")
    parser.add_argument(
        "--top",
        type=positive,
        metavar="N",
        help=f"how many to list (default: {SHOWN_BY_DEFAULT}; all with --json)",
    )


def retrieve(arguments: argparse.Namespace) -> Result:
    """Ranks all actions for a pair of images, or answers a table of pairs."""
    if arguments.pairs is not None:
        return _answer_table(arguments)
    if arguments.out is not None:
        raise UsageError("--out goes with --pairs; the answer for one pair is printed, with --json as JSON.")
    if arguments.before is None or arguments.after is None:
        raise UsageError("give --before and --after, or a table of pairs with --pairs and --out.")
    if not arguments.path and (arguments.beam is not None or arguments.steps is not None):
        raise UsageError("--beam and --steps go with --path.")
    return _answer_pair(arguments)


def _answer_pair(arguments: argparse.Namespace) -> Result:
    """One pair: all actions ranked, how many actions it was, and the sequence where it is wanted."""
    from engine.results import KINDS
    from engine.retrieval import retrieve as retrieve_action

    explorer = load_explorer(arguments)
    shape = explorer.info.image_shape
    before, note_before = read_image(arguments.before, shape)
    after, note_after = read_image(arguments.after, shape)
    found = retrieve_action(explorer, before, after, calibration_of(explorer, arguments.dataset))
    kinds = None if found.kinds is None else dict(zip(KINDS, map(float, found.kinds), strict=True))
    data: dict[str, object] = {
        "run": explorer.info.name,
        "before": arguments.before,
        "after": arguments.after,
        "note_before": note_before,
        "note_after": note_after,
        "identical": bool(found.identical),
        "best": None if found.identical else found.best,
        "margin": found.margin,
        "calibrated": found.calibrated,
        "kind": None if found.kind is None else KINDS[found.kind],
        "kinds": kinds,
        "psnr_before": found.psnr[0],
        "psnr_after": found.psnr[1],
        "psnr_floor": found.psnr_floor,
        "ranking": _ranking(found)[: arguments.top],
        "changed": [explorer.info.variable_name(n) for n in found.changed.nonzero()[0].tolist()],
    }
    for name, strange, decibels in zip(("before", "after"), found.strange, found.psnr, strict=True):
        if strange:
            say(
                f"doscope: the image {name} is unlike those that the model knows: it is reconstructed at"
                f" {decibels:.1f} dB, those reach {found.psnr_floor:.1f} dB; the answer may mean little."
            )
    lines = [_first_line(found)]
    if not found.identical:
        shown = _ranking(found)[: arguments.top or SHOWN_BY_DEFAULT]
        lines += [f"{row['probability']:7.3f}  {row['action']}" for row in shown]
    code = 0
    if arguments.path:
        data["path"], line, code = _path(arguments, explorer, found)
        lines.append(line)
    return Result(data, "\n".join(filter(None, lines)), code)


def _ranking(found: Retrieval) -> list[dict[str, object]]:
    return [
        {
            "action": found.action_names[i],
            "probability": float(found.probabilities[i]),
            "cross_entropy": float(found.cross_entropy[i]),
        }
        for i in found.order.tolist()
    ]


def _first_line(found: Retrieval) -> str:
    """What happened, in a line."""
    from engine.results import KINDS, ONE_ACTION

    if found.identical:
        return "The two images are identical: no action happened."
    if found.kinds is None or found.kind is None:
        state = "probabilities" if found.calibrated else "probabilities, not calibrated"
        return f"If it was one action ({state}):"
    answer = f"{KINDS[found.kind].capitalize()} ({float(found.kinds[found.kind]):.3f})"
    return f"{answer}:" if found.kind == ONE_ACTION else f"{answer}. If it was one:"


def _path(
    arguments: argparse.Namespace, explorer: Explorer, found: Retrieval
) -> tuple[dict[str, object] | None, str, int]:
    """The sequence of actions as data and as a line, and the exit code; the best so far when stopped."""
    from engine.action_paths import BEAM, MOST_STEPS, PathSearch

    if found.identical:
        return None, "", 0
    search = PathSearch(
        explorer, found.codes[0], found.codes[1], arguments.beam or BEAM, arguments.steps or MOST_STEPS
    )
    best: ActionPath | None = None
    progress = ProgressLine()

    def keep(now: ActionPath | None) -> None:
        nonlocal best
        best = now or best
        so_far = "" if best is None else f"best so far {len(best.actions)} steps"
        progress.show(f"looking for the steps, {search.tried:,} states tried", 0, 0, so_far, -1.0)

    stopped = False
    try:
        step_through(search.run(), keep)
    except Interrupted:
        stopped = True
    finally:
        progress.end()
    if best is None:
        return None, "steps: stopped before any was found", EXIT_INTERRUPTED
    actions = [found.action_names[a] for a in best.actions]
    words = ", ".join(actions) if actions else "none"
    data: dict[str, object] = {"actions": actions, "distance_left": best.distance, "tried": best.tried}
    if (found.codes[0] == found.codes[1]).all():
        return data, "steps: none, as the model's codes of the two images are the same", 0
    state = ", the best before it was stopped" if stopped else ""
    line = f"steps: {words} ({100 * best.distance:.1f} % of the distance is left{state})"
    return data, line, EXIT_INTERRUPTED if stopped else 0


def calibration_of(explorer: Explorer, dataset: str | None = None) -> Calibration | None:
    """What is kept with the run; else learned now, where the run's own data set is there.

    Raises:
        DatasetError, EngineError: nothing can be learned from the data set that is named.
    """
    import datasets
    from datasets.cache import Cache
    from datasets.errors import DatasetError
    from engine.calibration import calibration_steps, kept_calibration
    from engine.errors import EngineError
    from engine.run_directory import RunDirectory

    found = kept_calibration(explorer)
    if found is not None:
        return found
    if dataset is not None:
        path: Path | None = datasets.resolve(dataset)
    else:
        path = _cache_of(RunDirectory(explorer.info.path).description())
    if path is None:
        say("doscope: not calibrated, as the run's data set is not there; --dataset says where it is.")
        return None
    line = ProgressLine()

    def steps() -> Iterator[Progressed]:
        nonlocal found
        with Cache.open(path) as cache:
            found = yield from calibration_steps(explorer, cache)

    try:
        step_through(steps(), lambda now: line.show(now.stage, now.done, now.total, "", -1.0))
    except (DatasetError, EngineError) as error:
        if dataset is not None:
            raise
        say(f"doscope: the probabilities are not calibrated: {error}")
    finally:
        line.end()
    return found


def _cache_of(description: RunDescription) -> Path | None:
    """Where the data set of a run lies; None where it does not, or its name means nothing here any more."""
    import datasets
    from datasets.errors import DatasetError

    trained_on = Path(description.cache or ".")
    if trained_on.is_file():
        return trained_on
    try:
        known = datasets.resolve(description.dataset)
    except DatasetError:
        return None
    return known if known.is_file() else None


def _answer_table(arguments: argparse.Namespace) -> Result:
    """All pairs of a table, a line of answers each."""
    from cli.pair_table import Counts, answer_steps, count_pairs

    alone = (arguments.before, arguments.after, arguments.top, arguments.beam, arguments.steps)
    if arguments.path or any(one is not None for one in alone):
        raise UsageError("--pairs goes without --before, --after, --top, --path, --beam and --steps.")
    if arguments.out is None:
        raise UsageError("say with --out where the answers go.")
    if arguments.out.exists() and arguments.pairs.exists() and arguments.out.samefile(arguments.pairs):
        raise UsageError("--out is the table of --pairs itself; give the answers another file.")
    check_writable(arguments.out, "the answers")
    total = count_pairs(arguments.pairs)
    explorer = load_explorer(arguments)
    calibration = calibration_of(explorer, arguments.dataset)
    line, counts, begun = ProgressLine(), Counts(), time.monotonic()

    def show(now: Counts) -> None:
        nonlocal counts
        counts = now
        rate = now.read / max(1e-9, time.monotonic() - begun)
        done = now.kept + now.read
        left = (total - done) / rate if rate else -1.0
        line.show("retrieving", done, total, f"{rate:,.0f} pairs a second", left)

    stopped = False
    try:
        step_through(answer_steps(explorer, arguments.pairs, arguments.out, calibration), show)
    except Interrupted:
        stopped = True
    finally:
        line.end()
    said = _said_of_table(arguments, explorer.info.name, counts, total, stopped)
    return replace(said, data={**said.data, "calibrated": calibration is not None})


def _said_of_table(
    arguments: argparse.Namespace, run: str, counts: Counts, total: int, stopped: bool
) -> Result:
    done = counts.kept + counts.read
    data = {
        "run": run,
        "pairs": total,
        "answered": done - counts.failed - counts.identical,
        "identical": counts.identical,
        "failed": counts.failed,
        "kept": counts.kept,
        "out": str(arguments.out),
        "reason": "stopped" if stopped else "done",
    }
    if stopped:
        return Result(
            data, f"Stopped after {done} of {total} pairs; the same command goes on.", EXIT_INTERRUPTED
        )
    words = [f"{arguments.out}: {data['answered']:,} of {total:,} pairs answered"]
    if counts.identical:
        words.append(f"{counts.identical:,} of identical images")
    if counts.failed:
        words.append(f"{counts.failed:,} not read (column error), such as {counts.errors[0]}")
    return Result(data, "; ".join(words))
