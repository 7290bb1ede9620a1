"""The arguments of `doscope build` for sets of labelled images, and what their pairs are like."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets.cache import Cache
    from datasets.recipe import Recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--attributes` and `--match`."""
    parser.add_argument(
        "--attributes",
        type=names,
        default=(),
        metavar="NAME,NAME,...",
        help="celeba: the attributes that become factors (default: the ten that give most pairs)",
    )
    parser.add_argument(
        "--match",
        type=names,
        default=(),
        metavar="NAME,NAME,...",
        help="celeba: what the two images of a pair have in common besides the other factors: attributes, "
        "`all` of them, or `identity` (the person)",
    )


def names(text: str) -> tuple[str, ...]:
    """Reads "Smiling,Male"."""
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of names, such as Smiling,Male")
    return found


def same_recipe(asked: Recipe, cache: Cache) -> bool:
    """Whether a cache is what would be built, wherever its source lies.

    What the builder fills in or leaves out by itself makes no difference.
    """
    kept = replace(cache.recipe, source=asked.source)
    never_vary = cache.report.get("left_out", ())
    wanted = tuple(name for name in asked.attributes if name not in never_vary)
    open_match = "all" in asked.match
    return kept == replace(
        asked,
        attributes=wanted or kept.attributes,
        match=kept.match if open_match else tuple(name for name in asked.match if name not in wanted),
    )


def facts(cache: Cache) -> dict[str, Any]:
    """What the builder reported: rates and constants of the attributes, and how the pairs are; or null."""
    return {"report": cache.report or None}


def table(data: dict[str, Any]) -> str:
    """`facts` as lines for people; empty for a grid."""
    report = data["report"]
    if not report:
        return ""
    if "broken" in report:
        return _own_table(data, report)
    lines = [f"factors: {', '.join(data['factors'])}"]
    if report["left_out"]:
        lines.append(f"left out, as they do not vary: {', '.join(report['left_out'])}")
    if report["constant"]:
        lines.append(f"attributes that do not vary: {', '.join(report['constant'])}")
    if report["shared_images"]:
        lines.append(f"{report['shared_images']:,} images left out whose pixels are in another partition")
    lines.append("share of images, and pairs of each action: training, validation, test;")
    lines.append("  in the training pairs: same person, other attributes that differ")
    splits = report["pairs"]
    width = max(map(len, splits["train"]))
    for action, pairs in splits["train"].items():
        counts = " ".join(f"{splits[split][action]['pairs']:7,}" for split in splits)
        person = pairs["same_person"]
        same = "unknown" if person is None else f"{person / pairs['pairs']:.0%}"
        differ = pairs["other_differences"]
        rate = report["rates"][action[:-1]]
        lines.append(f"{action:{width}}  {rate:6.1%} {counts}  {same:>7}  {differ:.2f}")
    few = [
        f"{action} ({pairs['pairs']} in {split})"
        for split, actions in splits.items()
        for action, pairs in actions.items()
        if pairs["pairs"] < _FEW
    ]
    if few:
        lines.append(f"few pairs to measure by: {', '.join(few)}")
    return "\n".join(lines)


def _own_table(data: dict[str, Any], report: dict[str, Any]) -> str:
    """The same of one's own data."""
    from datasets.report_words import converted_words

    train = data["action_counts"]["train"]
    known = f"factors: {', '.join(data['factors'])}"
    if not data["factors"]:
        known = (
            f"actions, with their training pairs: {', '.join(f'{name} ({n:,})' for name, n in train.items())}"
        )
    lines = [known, *report["notes"], *converted_words(report)]
    if report["same_labels"]:
        lines.append(
            f"{report['same_labels']:,} images left out: another one has the same labels, or the same pixels "
            "in another split"
        )
    if report["broken"]:
        lines.append(f"{len(report['broken']):,} images could not be read:")
        lines += [f"  {words}" for words in report["broken"][:20]]
    return "\n".join(lines)


_FEW = 10
