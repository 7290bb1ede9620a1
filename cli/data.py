"""`doscope build`, and the finding of a data set's cache for the other commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cli import attributes, imbalance, own, pair_rules
from cli.arguments import Commands, add_command, positive, whole
from cli.interruption import step_through
from cli.output import ProgressLine, Result, say

if TYPE_CHECKING:
    from datasets.build import Progress
    from datasets.cache import Cache

# What each stage of a build counts
_UNITS = {"rendering": "pairs", "reading": "files", "writing": "images", "importing": "images"}


def add_commands(commands: Commands) -> None:
    """Adds `build`."""
    parser = add_command(
        commands,
        "build",
        "build a data set's cache",
        "doscope build shapes --skew object_hue=100 --correlate floor_hue,wall_hue=0.2",
        build,
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        help="the data set: shapes or pendulum (built in), or imported: sprites, celeba, 3dshapes, cars3d, "
        "dsprites, mpi3d, smallnorb, causal3dident, causalvae_pendulum, causalvae_flow, or own: your own",
    )
    parser.add_argument(
        "--source",
        type=Path,
        metavar="PLACE",
        help="the folder, file or archive that an imported set is made of",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.h5", help="the cache (default: Doscope's cache folder)"
    )
    parser.add_argument("--seed", type=whole, default=0, help="of the drawn pairs and splits (default: 0)")
    for split, default in (("train", "20000"), ("validation", "2000"), ("test", "4000")):
        parser.add_argument(
            f"--{split}-pairs",
            type=positive,
            metavar="N",
            help=f"{split} pairs (default: {default}; celeba: at most so many, all by default for training)",
        )
    imbalance.add_arguments(parser)
    pair_rules.add_arguments(parser)
    attributes.add_arguments(parser)
    parser.add_argument(
        "--stride", type=positive, metavar="K", help="mpi3d: keep every Kth position of the arm (default: 4)"
    )
    own.add_arguments(parser)
    parser.add_argument("--force", action="store_true", help="build it again although it is there")


def build(arguments: argparse.Namespace) -> Result:
    """Builds a cache unless it is there."""
    if arguments.preview:
        return own.preview(arguments)
    import datasets

    recipe = datasets.make_recipe(
        arguments.name,
        source=arguments.source,
        seed=arguments.seed,
        train_pairs=arguments.train_pairs,
        validation_pairs=arguments.validation_pairs,
        test_pairs=arguments.test_pairs,
        **imbalance.recipe_parts(arguments),
        **pair_rules.recipe_parts(arguments),
        attributes=arguments.attributes,
        match=arguments.match,
        stride=arguments.stride,
        kinds=arguments.kind,
        renames=arguments.rename,
        called=arguments.called,
    )
    path = arguments.out or datasets.cache_path(recipe)
    if path.exists() and not arguments.force:
        with datasets.open_cache(str(path)) as cache:
            other = "" if attributes.same_recipe(recipe, cache) else ", by another recipe"
            say(f"{path} is there already{other}; --force builds it again.")
            return describe(cache, built=False)
    show_build(arguments.name, datasets.build_recipe(recipe, path))
    with datasets.open_cache(str(path)) as cache:
        return describe(cache, built=True)


def open_or_build(name: str) -> Cache:
    """The cache of a bare name or a path; a built-in set that is missing is built first.

    Raises:
        DatasetError: there is no such set, its cache is damaged, or it has to be imported first.
    """
    import datasets

    if name in datasets.names():
        info = datasets.info(name)
        if not info.cache.exists() and not info.needs_source:
            say(f"{name} has no cache yet; building {info.cache}")
            show_build(name, datasets.build_steps(name))
    return datasets.open_cache(name)


def cache_of_run(run: Path) -> Cache:
    """The cache that a run was trained on: the same file while it is there, else the data set of its name.

    Raises:
        DatasetError: it is neither there nor can it be built.
        RunError: the run cannot be read.
    """
    import datasets
    from engine.run_directory import RunDirectory

    description = RunDirectory(run).description()
    if description.cache and Path(description.cache).is_file():
        return datasets.open_cache(description.cache)
    return open_or_build(description.dataset)


def show_build(name: str, steps: Iterator[Progress]) -> None:
    """Runs a build, with progress."""
    line = ProgressLine()

    def show(progress: Progress) -> None:
        unit = _UNITS.get(progress.stage, "items")
        rate = f"{progress.rate:,.0f} {unit}/s" if progress.rate > 0 else ""
        line.show(f"{name}: {progress.stage}", progress.done, progress.total, rate, progress.remaining_s)

    try:
        step_through(steps, show)
    finally:
        line.end()


def describe(cache: Cache, built: bool) -> Result:
    """What a cache is made of and how many pairs it has; `built` is whether it was made just now."""
    from datasets.cache import SPLITS

    pairs = {split: len(cache.transitions(split)) for split in SPLITS}
    counted = ", ".join(f"{count:,} {split}" for split, count in pairs.items())
    data = {
        "name": cache.name,
        "path": str(cache.path),
        "built": built,
        "images": cache.num_images,
        "pairs": pairs,
        "null_pairs_dropped": cache.null_pairs_dropped,
        "factors": dict(zip(cache.space.names, cache.space.sizes, strict=True))
        if cache.has_factor_labels
        else {},
        "licence": cache.licence,
        "recipe": cache.recipe.to_json(),
        **imbalance.counts(cache),
        **attributes.facts(cache),
    }
    text = (
        f"{cache.path}: {cache.num_images:,} images, pairs: {counted}; "
        f"{cache.null_pairs_dropped:,} pairs of identical pictures dropped"
    )
    return Result(data, "\n".join(filter(None, (text, imbalance.table(data), attributes.table(data)))))
