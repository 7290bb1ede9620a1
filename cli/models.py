"""Loading of runs and images for the commands that explore."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import say

if TYPE_CHECKING:
    from cli.arguments import Cell
    from datasets.factors import FactorSpace, IntArray
    from engine.explorer import Explorer
    from engine.results import Image, RunInfo


def load_explorer(arguments: argparse.Namespace) -> Explorer:
    """The run that `--run` names.

    Raises:
        RunError: it is missing, damaged or of another version.
    """
    from engine.explorer import Explorer

    return Explorer.load(arguments.run, device=arguments.device, threads=arguments.threads)


def read_image(text: str, shape: tuple[int, int, int]) -> tuple[Image, str]:
    """An image argument as the model takes it, and what was converted, in words or empty.

    Raises:
        DatasetError: a missing or unreadable file, or factor values that do not exist.
    """
    import datasets
    from datasets.images import convert_image, load_image

    dataset, hash_sign, row = text.rpartition("#")
    if hash_sign and row.isdecimal() and not Path(text).exists():
        return convert_image(_of_row(dataset, int(row)), shape)
    name, colon, values = text.partition(":")
    if colon and name in datasets.names() and not Path(text).exists():
        return convert_image(_from_factors(name, values), shape)
    image, note = load_image(text, shape)
    if note:
        say(f"{text}: {note}")
    return image, note


def _of_row(dataset: str, row: int) -> Image:
    import datasets
    from datasets.errors import DatasetInputError

    try:
        cache = datasets.open_cache(dataset)
    except DatasetInputError as error:
        raise DatasetInputError(
            f"'{dataset}#{row}' is neither a file nor an image of a data set's cache ({error})"
        ) from error
    with cache:
        if row >= cache.num_images:
            last = cache.num_images - 1
            raise DatasetInputError(f"{cache.path} has no image {row}; its images are 0 to {last}")
        cached: Image = cache.images([row])[0]
        return cached


def _from_factors(name: str, text: str) -> Image:
    import datasets
    from datasets.errors import DatasetInputError

    if not datasets.info(name).needs_source:
        source = datasets.make_source(name)
        drawn: Image = source.render(_values(name, text, source.space)[None])[0]
        return drawn
    with datasets.open_cache(name) as cache:
        row = cache.find(_values(name, text, cache.space))
        if row is None:
            raise DatasetInputError(
                f"{cache.path} does not hold the image {text}; choose other factor values"
            )
        cached: Image = cache.images([row])[0]
        return cached


def _values(name: str, text: str, space: FactorSpace) -> IntArray:
    """Factor values [F] as in "0,1,2"."""
    import numpy as np

    from datasets.errors import DatasetInputError

    try:
        values = np.array([int(part) for part in text.split(",")], dtype=np.int64)
    except ValueError:
        raise DatasetInputError(
            f"'{name}:{text}' should be {name}: followed by the numbers of {', '.join(space.names)}"
        ) from None
    space.to_index(values)  # checks the ranges
    return values


def node_of(info: RunInfo, variable: Cell) -> int:
    """The flat index of a latent variable.

    Raises:
        InputError: it lies outside the latent grid.
    """
    from engine.errors import InputError

    for value, size in zip(variable, info.grid, strict=True):
        if not 0 <= value < size:
            q, h, w = info.grid
            raise InputError(
                f"there is no variable {','.join(map(str, variable))}; "
                f"codebook, row and column lie below {q},{h},{w}"
            )
    codebook, row, column = variable
    return (codebook * info.grid[1] + row) * info.grid[2] + column
