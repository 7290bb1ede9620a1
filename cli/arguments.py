"""Arguments that several subcommands share, and how their values are read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.output import Result

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Cell = tuple[int, int, int]


def add_command(
    commands: Commands,
    name: str,
    help_line: str,
    example: str,
    command: Callable[[argparse.Namespace], Result],
) -> argparse.ArgumentParser:
    """A subcommand with its example and the arguments that every one has."""
    description = f"{help_line[0].upper()}{help_line[1:]}."
    parser = commands.add_parser(name, help=help_line, description=description, epilog=f"example: {example}")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output and nothing else there"
    )
    parser.add_argument("--debug", action="store_true", help="on an error, show the traceback too")
    parser.set_defaults(command=command)
    return parser


def add_run(parser: argparse.ArgumentParser) -> None:
    """`--run`, `--device` and `--threads`: which model, and where it computes."""
    parser.add_argument(
        "--run",
        required=True,
        metavar="RUN",
        help="a run's directory, the name of a run in Doscope's folder, or `bundled`",
    )
    add_device(parser)


def add_device(parser: argparse.ArgumentParser) -> None:
    """`--device` and `--threads`."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    parser.add_argument("--threads", type=positive, metavar="N", help="processor threads (default: all)")


def add_image(parser: argparse.ArgumentParser, name: str, help_line: str, required: bool = True) -> None:
    """An image argument."""
    parser.add_argument(
        name,
        required=required,
        metavar="IMAGE",
        help=f"{help_line}: a file, SET:V,V,... for the image of a data set with these factor values, or"
        " SET#NUMBER for an image of its cache",
    )


def add_out(parser: argparse.ArgumentParser, what: str) -> None:
    """`--out`, a file to write."""
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help=f"where to write {what}")


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' must be at least 1")
    return number


def whole(text: str) -> int:
    """A whole number of at least 0."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
    if number < 0:
        raise argparse.ArgumentTypeError(f"'{text}' must not be negative")
    return number


def minutes(text: str) -> float:
    """A positive number of minutes."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of minutes") from None
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("the number of minutes must be positive")
    return number


def probability(text: str) -> float:
    """A number in 0..1."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a probability") from None
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' does not lie in 0 to 1")
    return number


def cell(text: str) -> Cell:
    """A latent variable as "codebook,row,column"."""
    try:
        codebook, row, column = (int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not codebook,row,column, such as 0,3,4") from None
    return codebook, row, column


def assignment(text: str) -> tuple[Cell, int]:
    """A do-variable as "codebook,row,column=code"."""
    left, equals, right = text.partition("=")
    if not equals or not right.strip().isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not codebook,row,column=code, such as 0,3,4=17")
    return cell(left), int(right)


def numbers(text: str) -> list[int]:
    """Whole numbers of at least 0, with commas between them."""
    return [whole(part) for part in text.split(",")]


def setting(text: str) -> tuple[str, str]:
    """A setting as "section.name=value"."""
    key, equals, value = text.partition("=")
    if not equals or not key or not value:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not section.name=value, such as training.autoencoder_rate=0.001"
        )
    return key.strip(), value.strip()
