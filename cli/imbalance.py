"""The arguments of `doscope build` that draw training images by weights, and what came of them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from cli.arguments import positive

if TYPE_CHECKING:
    from datasets.cache import Cache


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--images`, `--skew`, `--correlate` and `--hole`."""
    parser.add_argument(
        "--images",
        type=positive,
        metavar="N",
        help="draw N training images and take all pairs of neighbours among them, instead of drawing pairs; "
        "validation and test get the same number of pairs for every action "
        "(default: 40000 with one of the next three)",
    )
    parser.add_argument(
        "--skew",
        type=skew,
        action="append",
        default=[],
        metavar="FACTOR=RATIO[:high|:low]",
        help="values grow exponentially rarer towards the high (default) or low end; RATIO is the commonest "
        "value's weight over the rarest one's",
    )
    parser.add_argument(
        "--correlate",
        type=correlation,
        action="append",
        default=[],
        metavar="FACTOR,FACTOR=SIGMA",
        help="two factors prefer to lie close together: 0.4 weakly, 0.1 strongly",
    )
    parser.add_argument(
        "--hole",
        type=hole,
        action="append",
        default=[],
        metavar="FACTOR=VALUE[,VALUE][,FACTOR=...]",
        help="a combination that training never sees, by names or numbers of values: shape=3,object_hue=5,6",
    )


def skew(text: str) -> tuple[str, float, str]:
    """Reads "object_hue=100:low": (factor, ratio, rare end)."""
    factor, _, rest = text.partition("=")
    ratio, _, rare = rest.partition(":")
    return _name(factor, text, "object_hue=100"), _float(ratio, text, "object_hue=100"), rare or "high"


def correlation(text: str) -> tuple[str, str, float]:
    """Reads "floor_hue,wall_hue=0.2": (factor, factor, sigma)."""
    example = "floor_hue,wall_hue=0.2"
    names, _, sigma = text.partition("=")
    if names.count(",") != 1:
        raise argparse.ArgumentTypeError(f"'{text}' does not name two factors, such as {example}")
    first, second = (_name(name, text, example) for name in names.split(","))
    return first, second, _float(sigma, text, example)


def hole(text: str) -> dict[str, list[str]]:
    """Reads "shape=3,object_hue=5,6": {factor: its values}; a bare value belongs to the last factor."""
    example = "shape=3,object_hue=5,6"
    found: dict[str, list[str]] = {}
    name = ""
    for part in text.split(","):
        left, equals, right = part.partition("=")
        if equals:
            name = _name(left, text, example)
        value = (right if equals else left).strip()
        if not name or not value or (equals and name in found):
            raise argparse.ArgumentTypeError(f"'{text}' is not factor=value,..., such as {example}")
        found.setdefault(name, []).append(value)
    return found


def recipe_parts(arguments: argparse.Namespace) -> dict[str, Any]:
    """What `datasets.make_recipe` takes of these arguments.

    Raises:
        DatasetInputError: a ratio or sigma out of range.
    """
    from datasets.recipe import Correlation, Skew

    return {
        "images": arguments.images,
        "skew": [Skew(factor, ratio, rare) for factor, ratio, rare in arguments.skew],  # type: ignore[arg-type]
        "correlate": [Correlation(*parts) for parts in arguments.correlate],
        "holes": arguments.hole,
    }


def counts(cache: Cache) -> dict[str, Any]:
    """Transitions of each action in each split, and the expected ones (null unless images were drawn)."""
    from datasets.cache import SPLITS
    from datasets.counts import expected_pairs

    data: dict[str, Any] = {
        "action_counts": {split: cache.action_counts(split) for split in SPLITS},
        "step_counts": cache.step_counts("train"),
        "expected_counts": None,
        "expected_spread": None,
    }
    if (expected := expected_pairs(cache)) is not None:
        names = cache.space.action_names
        data["expected_counts"] = dict(zip(names, expected.mean.round(1).tolist(), strict=True))
        data["expected_spread"] = dict(zip(names, expected.spread.round(1).tolist(), strict=True))
    return data


def table(data: dict[str, Any]) -> str:
    """`counts` as lines for people; empty unless images were drawn."""
    if not data["expected_counts"]:
        return ""
    width = max(map(len, data["expected_counts"]))
    lines = ["training pairs of each action, and how many were to be expected:"]
    for name, mean in data["expected_counts"].items():
        drawn, spread = data["action_counts"]["train"][name], data["expected_spread"][name]
        lines.append(f"{name:{width}}  {drawn:7,}  {mean:,.0f} ± {spread:,.0f}")
    lines.append("pairs between neighbouring values, from the first to the last:")
    lines += [f"{name:{width}}  {' '.join(map(str, steps))}" for name, steps in data["step_counts"].items()]
    return "\n".join(lines)


def _name(text: str, whole: str, example: str) -> str:
    name = text.strip()
    if not name:
        raise argparse.ArgumentTypeError(f"'{whole}' names no factor; write it like {example}")
    return name


def _float(text: str, whole: str, example: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{whole}' has no number after the =; write it like {example}"
        ) from None
