"""Does a training that is killed at any moment end as one that never was?

    python -m benchmarks.killing [--kills 50] [--seed 0] [--json]

Trains a tiny model on a tiny `shapes`, kills its process (SIGKILL) at random moments and resumes it, until it
is done, and then another one, until so many were killed. All weights and figures have to be bit-identical to
those of a training that nobody killed. Checkpoints are written after every step here, so that many kills
meet one.

JSON keys: `kills`, `trainings`, `differing` (trainings that ended otherwise; 0 is asked).
"""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.report import Figures, InputError
from benchmarks.tiny import build_tiny, tiny_config
from engine.config import Config

LIMIT_S = 300.0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, 1 where a training ended otherwise, 2 for something the user can mend."""
    parser = report.parser("killing", "Kills trainings and resumes them.")
    parser.add_argument("--kills", type=int, default=50, help="in all (default: 50)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    arguments = parser.parse_args(argv)
    try:
        figures = report.conditions(arguments.threads)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    kills = 2 if arguments.quick else arguments.kills
    with tempfile.TemporaryDirectory() as home:
        build_tiny(Path(home))
        cache = Path(home) / "datasets" / "shapes.h5"
        figures |= measure(brief_config(), cache, Path(home) / "runs", kills, arguments.seed)
    rows = [(key, figures[key]) for key in ("kills", "trainings", "differing")]
    report.say(figures, [report.table("Killed and resumed", ("", ""), rows)], arguments.json)
    return 1 if figures["differing"] else 0


def brief_config() -> Config:
    """A tiny training of a second or two."""
    tiny = tiny_config()
    brief = dataclasses.replace(
        tiny.training, autoencoder_steps=12, transition_steps=12, autoencoder_batch=8, transition_batch=8
    )
    return dataclasses.replace(tiny, training=brief)


def measure(config: Config, cache: Path, folder: Path, kills: int, seed: int) -> Figures:
    """Trainings until so many were killed; how many of them ended otherwise than the one that was not."""
    moments = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    _finish(_process(_ready))
    begun = time.monotonic()
    _finish(_started(config, cache, folder / "whole"))
    span_s = time.monotonic() - begun
    wanted = outcome(folder / "whole")
    killed = trainings = differing = 0
    while killed < kills:
        run = folder / f"run-{trainings}"
        for _ in _killed_until_done(config, cache, run, kills - killed, moments, span_s):
            killed += 1
        trainings += 1
        differing += outcome(run) != wanted
    return {"kills": killed, "trainings": trainings, "differing": differing}


def outcome(run: Path) -> tuple[object, ...]:
    """All that a training ends with: figures, and the bytes of every tensor of both checkpoints."""
    from engine.checkpoint import load_checkpoint
    from engine.run_directory import RunDirectory

    directory = RunDirectory(run)
    status = directory.status()
    tensors = [
        (path.stem, name, tensor.contiguous().numpy().tobytes())
        for path in (directory.last, directory.best)
        for name, tensor in sorted(load_checkpoint(path).tensors.items())
    ]
    return status.finished, status.step, status.figures, tensors


def _killed_until_done(
    config: Config, cache: Path, run: Path, most: int, moments: random.Random, span_s: float
) -> Iterator[None]:
    """Yields after each kill; ends when the training is done."""
    for _ in range(most):
        process = _started(config, cache, run)
        process.join(moments.uniform(0, span_s))
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        yield
    else:
        process = _started(config, cache, run)
    _finish(process)


def _started(config: Config, cache: Path, run: Path) -> BaseProcess:
    return _process(_train, json.dumps(config.to_json()), str(cache), str(run))


def _process(work: Callable[..., None], *arguments: str) -> BaseProcess:
    """From a server that has torch loaded already, where the system can do that."""
    context: Any = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    context.set_forkserver_preload(["engine.training", "torch._dynamo"])
    process: BaseProcess = context.Process(target=work, args=arguments)
    process.start()
    return process


def _ready() -> None:
    """Nothing; who waits for its end has waited for the server."""


def _finish(process: BaseProcess) -> None:
    process.join(LIMIT_S)
    if process.exitcode != 0:
        process.kill()
        raise RuntimeError(f"the training ended with {process.exitcode}")


def _train(config: str, cache: str, run: str) -> None:
    """In a process of its own: begins the run, or goes on with it."""
    from datasets.cache import Cache
    from engine import phases, step_log
    from engine.training import train

    step_log.LOG_EVERY_S = phases.SAVE_EVERY_S = -1.0
    phases.SAVE_SHARE = float("inf")
    path = Path(run)
    resume = (path / "config.json").is_file()
    with Cache.open(Path(cache)) as opened:
        if resume and _is_done(path):
            return
        for _ in train(Config.from_json(json.loads(config)), opened, path, threads=1, resume=resume):
            pass


def _is_done(run: Path) -> bool:
    """Killed after its last word, there is nothing left to do."""
    from engine.run_directory import RunDirectory

    return RunDirectory(run).status().finished == "done"


if __name__ == "__main__":
    sys.exit(main())
