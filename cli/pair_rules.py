"""The arguments of `doscope build` that say which two images are a pair, and what training never sees."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from cli import imbalance
from cli.arguments import positive

if TYPE_CHECKING:
    from datasets.pair_rules import Asked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--pairs`, `--step`, `--hold-out`, `--actions` and `--several`."""
    parser.add_argument(
        "--pairs",
        type=rules,
        default=(),
        metavar="RULE[,RULE]",
        help="paper (default): one factor, one step, not around the end; wrap: cyclic factors step around "
        "their end; set: nominal factors are set to a value",
    )
    parser.add_argument(
        "--step",
        type=step,
        action="append",
        default=[],
        metavar="FACTOR=N",
        help="an action moves the factor by N values; may be repeated",
    )
    parser.add_argument(
        "--hold-out",
        type=held_out,
        action="append",
        default=[],
        metavar="FACTOR[,FACTOR][=SHARE%] or FACTOR=VALUE[,VALUE][,FACTOR=...]",
        help="keep values of a factor, or combinations of several, for the test alone: a share (20%% unless "
        "said), or named ones; may be repeated",
    )
    parser.add_argument(
        "--actions",
        choices=("balanced", "natural"),
        default="balanced",
        help="how often each occurs among the drawn training pairs: alike (default), or as there are pairs",
    )
    parser.add_argument(
        "--several",
        type=positive,
        default=0,
        metavar="K",
        help="further test pairs, in which K factors change at once; training has none of them",
    )


def rules(text: str) -> tuple[str, ...]:
    """Reads "wrap,set"; "paper" is no further rule."""
    found = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    if "paper" in found and len(found) > 1:
        raise argparse.ArgumentTypeError(f"'{text}': paper means no other rule; leave it or the others out")
    for word in found:
        if word not in ("paper", "wrap", "set"):
            raise argparse.ArgumentTypeError(f"there are no pairs '{word}'; choose paper, wrap or set")
    return tuple(word for word in found if word != "paper")


def step(text: str) -> str:
    """Checks "azimuth=3"."""
    name, _, number = text.rpartition("=")
    if not name.strip() or not number.strip().isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not factor=number, such as azimuth=3")
    return f"{name.strip()}={int(number)}"


def held_out(text: str) -> tuple[tuple[str, ...], float | None] | dict[str, list[str]]:
    """Reads "object_type", "shape,object_hue=20%": (factors, share or None); or named values as a hole."""
    left, equals, right = text.partition("=")
    if equals and not right.strip().endswith("%"):
        return imbalance.hole(text)
    names = tuple(name.strip() for name in left.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"'{text}' names no factor; write it like object_type=20%")
    if not equals:
        return names, None
    try:
        share = float(right.strip().removesuffix("%")) / 100
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"'{text}' has no share between 0% and 100%, such as 20%")
    return names, share


def recipe_parts(arguments: argparse.Namespace) -> dict[str, Any]:
    """What `datasets.make_recipe` takes of these arguments."""
    return {
        "rules": arguments.pairs,
        "steps": arguments.step,
        "hold_out": [_asked(one) for one in arguments.hold_out],
        "frequency": arguments.actions,
        "several": arguments.several,
    }


def _asked(
    one: tuple[tuple[str, ...], float | None] | dict[str, list[str]],
) -> Asked | dict[str, list[str]]:
    from datasets.pair_rules import Asked

    if isinstance(one, dict):
        return one
    names, share = one
    return Asked(names) if share is None else Asked(names, share)
