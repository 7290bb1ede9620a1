"""How fast, how sure and how far does a run retrieve actions?

    python -m benchmarks.retrieval [--run bundled] [--dataset NAME_OR_FILE] [--json] [--out FILE.json]
    python -m benchmarks.retrieval --run RUN --kept FILE.jsonl --minutes 10      # in pieces, again and again

Everything is measured on test images. JSON keys:

`one_pair_ms` (two images to the ranking; median), `explain_ms` (from there to the three explanations),
`pairs_per_s` (`doscope retrieve --pairs` over files of images), `codes_per_s` (pairs whose codes are given),
`ece` (expected calibration error on all test pairs, in 0..1), `ece_uncalibrated`, `told_none`, `told_one`,
`told_several` (share of pairs with no, one, more than one action between them that are told so), `path_2`,
`path_3`, `path_5` (share of pairs that so many steps lie between, in up to three factors, whose exact actions
are found; null where the test images hold no such pair, `path_2_pairs` ... how many were asked about,
`path_2_misled` ... for how many of the others the answer is nearer than the true actions in any order),
`path_3_greedy`, `path_median_s` (one search; median over the pairs of all three lengths).
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

import datasets
from benchmarks import report
from benchmarks.paths import LENGTHS, search_figures
from benchmarks.pieces import OutOfTime, Pieces
from benchmarks.records import write_text
from benchmarks.report import Figures, InputError
from benchmarks.tiny import build_tiny
from cli.data import cache_of_run
from cli.pair_table import answer_steps
from datasets.cache import Cache
from datasets.errors import DatasetError
from datasets.images import save_image
from engine.calibration import Calibration, calibration_steps, kept_calibration
from engine.config import load_preset
from engine.errors import EngineError
from engine.evaluation import retrieval_figures
from engine.explorer import Explorer
from engine.metrics.reliability import expected_calibration_error
from engine.metrics.subject import Subject
from engine.retrieval import explain, retrieve
from engine.training import train

ONE_BY_ONE = 60
EXIT_MORE_TO_DO = 3
TINY = {
    "training.autoencoder_steps": 8,
    "training.transition_steps": 4,
    "training.validations": 1,
    "autoencoder.codes": 32,
    "autoencoder.width": 32,
    "transition.width": 32,
    "transition.depth": 1,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, 2 for something the user can mend, 3 where the minutes were over first."""
    parser = report.parser("retrieval", "Times and judges action retrieval.")
    parser.add_argument("--run", default="bundled", help="whose model (default: bundled)")
    parser.add_argument("--dataset", help="a data set's name or a cache file (default: the run's own)")
    parser.add_argument("--pairs", type=int, default=10_000, help="lines of the table (default: 10000)")
    parser.add_argument("--paths", type=int, default=500, help="searches of each length (default: 500)")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="keeps what is done, to go on from there")
    parser.add_argument("--minutes", type=float, help="begin nothing new after so long; goes with --kept")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON, too")
    arguments = parser.parse_args(argv)
    if arguments.minutes is not None and arguments.kept is None:
        parser.error("--minutes goes with --kept")
    try:
        figures = report.conditions(arguments.threads)
        with tempfile.TemporaryDirectory() as home:
            run = arguments.run
            if arguments.quick:
                os.environ["DOSCOPE_HOME"] = home
                build_tiny(Path(home))
                with datasets.open_cache("shapes") as cache:
                    run = _train_tiny(cache, Path(home) / "run")
            explorer = Explorer.load(run, threads=arguments.threads)
            with _opened(arguments.dataset, explorer) as cache:
                pairs, paths = (40, 2) if arguments.quick else (arguments.pairs, arguments.paths)
                pieces = Pieces(arguments.kept, _subject(explorer, cache, pairs, figures), arguments.minutes)
                figures |= measure(explorer, cache, pairs, paths, pieces)
    except (InputError, EngineError, DatasetError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OutOfTime:
        print(f"{len(pieces.done)} pieces are done and kept; the same command goes on.", file=sys.stderr)
        return EXIT_MORE_TO_DO
    if arguments.out is not None:
        write_text(arguments.out, json.dumps(figures, indent=1) + "\n")
    report.say(figures, [_table(figures)], arguments.json)
    return 0


def _opened(dataset: str | None, explorer: Explorer) -> AbstractContextManager[Cache]:
    """The data set that is asked for, or the run's own; one that needs nothing but its name is built."""
    if dataset is None:
        return cache_of_run(explorer.info.path)
    _build_if_missing(dataset)
    return datasets.open_cache(dataset)


def _subject(explorer: Explorer, cache: Cache, pairs: int, conditions: Figures) -> dict[str, object]:
    """What kept pieces belong to: figures of another model, other images or another machine do not mix."""
    return {
        "run": explorer.info.fingerprint,
        "images": f"{cache.name}, {cache.num_images} images",
        "table_pairs": pairs,
        "processor": conditions["processor"],
        "threads": conditions["threads"],
    }


def _build_if_missing(dataset: str) -> None:
    """A registered set without a cache is built, where that needs nothing but its name."""
    if dataset in datasets.names() and not datasets.info(dataset).built:
        for _ in datasets.build_steps(dataset):
            pass


def _train_tiny(cache: Cache, run: Path) -> Path:
    """A run of some steps, for `--quick`: the bundled one was trained on other pairs."""
    config = load_preset("small")
    for setting, value in TINY.items():
        config = config.with_setting(setting, value)
    for _ in train(config, cache, run, threads=1):
        pass
    return run


def measure(explorer: Explorer, cache: Cache, pairs: int, paths: int, pieces: Pieces) -> Figures:
    """All figures of one run on the test split of its data set.

    Raises:
        OutOfTime: there is more to do.
    """
    calibration = _calibration(explorer, cache)
    figures: Figures = {
        "run": explorer.info.name,
        "dataset": cache.name,
        "actions": explorer.info.space.num_actions,
        "table_pairs": pairs,
        "searches": paths,
    }
    singly = min(ONE_BY_ONE, 1 + pairs // 4)
    figures |= pieces.get("one by one", lambda: one_by_one(explorer, cache, calibration, singly))
    figures |= pieces.get("table", lambda: {"pairs_per_s": table_rate(explorer, cache, calibration, pairs)})
    figures |= pieces.get("judged", lambda: judged(explorer, cache, calibration, pairs))
    figures |= search_figures(explorer, cache, paths, pieces)
    return figures


def _calibration(explorer: Explorer, cache: Cache) -> Calibration:
    kept = kept_calibration(explorer)
    if kept is not None:
        return kept
    steps = calibration_steps(explorer, cache)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            learned: Calibration = end.value
            return learned


def one_by_one(explorer: Explorer, cache: Cache, calibration: Calibration, count: int) -> Figures:
    """Milliseconds from two images to the answer, and from there to three explanations."""
    pairs = cache.transitions("test")
    answered, explained = [], []
    for k in range(count + 3):
        place = k % len(pairs)
        before, after = cache.images([pairs.before[place], pairs.after[place]])
        begun = time.perf_counter()
        found = retrieve(explorer, before, after, calibration)
        between = time.perf_counter()
        for action in found.order[:3]:
            explain(explorer, found.codes[0], int(action))
        if k >= 3:  # the first ones warm up
            answered.append(between - begun)
            explained.append(time.perf_counter() - between)
    return {
        "one_pair_ms": 1e3 * statistics.median(answered),
        "one_pair_p95_ms": 1e3 * float(np.percentile(answered, 95)),
        "explain_ms": 1e3 * statistics.median(explained),
    }


def table_rate(explorer: Explorer, cache: Cache, calibration: Calibration, count: int) -> float:
    """Pairs a second of a table of files, read, answered and written."""
    pairs = cache.transitions("test")
    rows = np.unique([pairs.before, pairs.after])[: 2 * count]
    usable = np.flatnonzero(np.isin(pairs.before, rows) & np.isin(pairs.after, rows))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for row in rows:
            save_image(place / f"{row}.png", cache.images([row])[0])
        with (place / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("before", "after"))
            for k in range(count):
                pair = usable[k % len(usable)]
                writer.writerow((f"{pairs.before[pair]}.png", f"{pairs.after[pair]}.png"))
        begun = time.perf_counter()
        for _ in answer_steps(explorer, place / "pairs.csv", place / "answers.csv", calibration):
            pass
        return count / (time.perf_counter() - begun)


def judged(explorer: Explorer, cache: Cache, calibration: Calibration, count: int) -> Figures:
    """Calibration on all test pairs, and the rate where codes are given."""
    subject, found = retrieval_figures(explorer, cache, "test")
    rate = _code_rate(explorer, subject, count)
    plain = np.exp(subject.scores.log_probability)
    right = plain.argmax(axis=1) == subject.action
    told = found["kinds"] or {}
    return {
        "codes_per_s": rate,
        "ece": found["ece"],
        "ece_low": found["ece_interval"][0],
        "ece_high": found["ece_interval"][1],
        "ece_uncalibrated": expected_calibration_error(plain.max(axis=1), right),
        "temperature": calibration.temperature,
        "told_none": told.get("no action"),
        "told_one": told.get("one action"),
        "told_several": told.get("more than one action"),
    }


def _code_rate(explorer: Explorer, subject: Subject, count: int) -> float:
    places = np.arange(count) % len(subject.action)
    before, after = subject.codes_before[places], subject.codes_after[places]
    explorer.retrieve_codes(before[:64], after[:64])
    begun = time.perf_counter()
    explorer.retrieve_codes(before, after)
    return count / (time.perf_counter() - begun)


def _table(figures: Figures) -> str:
    rows = [
        ("one pair, images to ranking (ms)", figures["one_pair_ms"], "30"),
        ("three explanations (ms)", figures["explain_ms"], "200"),
        ("pairs a second, table of files", figures["pairs_per_s"], "56"),
        ("pairs a second, codes given", figures["codes_per_s"], "500"),
        ("expected calibration error", figures["ece"], "0.05"),
        ("the same, not calibrated", figures["ece_uncalibrated"], ""),
        ("told: no action", figures["told_none"], ""),
        ("told: one action", figures["told_one"], ""),
        ("told: more than one", figures["told_several"], ""),
        *(
            (f"exact actions, {length} steps", figures[f"path_{length}"], bar)
            for length, bar in zip(LENGTHS, ("0.90", "0.85", "0.70"), strict=True)
        ),
        ("exact actions, 3 steps, greedy", figures["path_3_greedy"], ""),
        ("one search, median (s)", figures["path_median_s"], "2"),
    ]
    return report.table(f"Retrieval, {figures['run']} on {figures['dataset']}", ("", "measured", "bar"), rows)


if __name__ == "__main__":
    raise SystemExit(main())
