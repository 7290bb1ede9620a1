"""`doscope pack` and `doscope unpack`: a data set's cache in a small form, to be passed on."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.arguments import Commands, add_command
from cli.data import show_build
from cli.output import Result


def add_commands(commands: Commands) -> None:
    """Adds `pack` and `unpack`."""
    parser = add_command(
        commands, "pack", "make a data set's cache small, to pass it on", "doscope pack shapes", pack
    )
    parser.add_argument("dataset", metavar="DATASET", help="the name of a data set, or a cache (.h5)")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the packed file (default: NAME.packed.h5 in this folder)"
    )
    parser = add_command(
        commands,
        "unpack",
        "make a cache of a packed file",
        "doscope unpack shapes.packed.h5 --out mine.h5",
        unpack,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="what `doscope pack` wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.h5", help="the cache to write")


def pack(arguments: argparse.Namespace) -> Result:
    """Packs a cache."""
    import datasets
    from datasets.packing import pack as packing

    cache = datasets.resolve(arguments.dataset)
    out = arguments.out or Path(f"{cache.stem}.packed.h5")
    show_build(cache.stem, packing(cache, out))
    return _describe(cache, out)


def unpack(arguments: argparse.Namespace) -> Result:
    """Unpacks a file."""
    from datasets.packing import unpack as unpacking

    show_build(arguments.file.name, unpacking(arguments.file, arguments.out))
    return _describe(arguments.file, arguments.out)


def _describe(source: Path, made: Path) -> Result:
    sizes = source.stat().st_size, made.stat().st_size
    data = {"source": str(source), "path": str(made), "bytes_before": sizes[0], "bytes_after": sizes[1]}
    return Result(data, f"{made}: {sizes[1] / 1e6:,.1f} MB, from {sizes[0] / 1e6:,.1f} MB")
