"""`doscope info`: what a data set that is built holds."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from cli.arguments import Commands, add_command
from cli.output import Result

if TYPE_CHECKING:
    from datasets.cache import Cache

_BAR = 24


def add_commands(commands: Commands) -> None:
    """Adds `info`."""
    parser = add_command(
        commands,
        "info",
        "say what a data set holds: images of each factor value, pairs of each action",
        "doscope info shapes",
        info,
    )
    parser.add_argument("dataset", metavar="DATASET", help="the name of a data set, or a cache (.h5)")


def info(arguments: argparse.Namespace) -> Result:
    """Describes a cache that is there."""
    import datasets
    from cli.data import describe

    with datasets.open_cache(arguments.dataset) as cache:
        about = describe(cache, built=False)
        counts = value_counts(cache)
    data = {**about.data, "bytes": cache.path.stat().st_size, "value_counts": counts}
    return Result(data, f"{about.text}\n{table(counts)}")


def value_counts(cache: Cache) -> dict[str, dict[str, dict[str, int]]]:
    """Images by split, factor and value; nothing of a split whose factor values are not known."""
    from datasets.cache import SPLITS
    from datasets.counts import value_counts

    names = {factor.name: factor.values for factor in cache.space.factors}
    return {
        split: {
            factor: dict(zip(names[factor], numbers, strict=True))
            for factor, numbers in value_counts(cache, split).items()
        }
        for split in SPLITS
    }


def table(counts: dict[str, dict[str, dict[str, int]]]) -> str:
    """The same as lines for people, with a bar for the training images."""
    splits, train = list(counts), counts["train"]
    if not train:
        return "the factor values of its images are not known, only the actions between them"
    width = max(len(value) for values in train.values() for value in values) + 2
    lines = [f"{'images':{width}}{''.join(f'{split:>12}' for split in splits)}"]
    for factor, values in train.items():
        lines.append(factor)
        most = max(1, *values.values())
        for value, number in values.items():
            numbers = "".join(f"{counts[split][factor][value]:12,}" for split in splits)
            lines.append(f"  {value:{width - 2}}{numbers}  {'#' * round(_BAR * number / most)}".rstrip())
    return "\n".join(lines)
