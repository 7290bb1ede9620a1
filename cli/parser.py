"""The argument parser, put together from the groups of subcommands."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from cli import VERSION
from cli.errors import UsageError


class Parser(argparse.ArgumentParser):
    """argparse's parser, but an error is one sentence and goes through the door like any other.

    Examples keep their one line, so that they can be copied.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`.")


def make_parser() -> Parser:
    """The whole command line. Each subcommand sets `command`, a function from arguments to a Result."""
    from cli import (
        data,
        evaluation,
        exploring,
        graphs,
        info,
        packing,
        retrieval,
        runs,
        steering,
        sweep,
        training,
        verifying,
        window,
    )

    parser = Parser(
        prog="doscope",
        description="Train a CT-VAE, see the causal graph that it learned, intervene on it, and retrieve\n"
        "which action turned one image into another. Without a command the window opens.",
        epilog="example: doscope train --dataset shapes --preset small --minutes 10 --run runs/a",
    )
    parser.add_argument("--version", action="version", version=f"doscope {VERSION}")
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(command=window.open_window)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    training_groups = (training, sweep, steering, runs)
    for group in (
        data,
        info,
        verifying,
        packing,
        *training_groups,
        exploring,
        retrieval,
        evaluation,
        graphs,
        window,
    ):
        group.add_commands(commands)
    return parser
