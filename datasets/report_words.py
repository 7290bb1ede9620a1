"""What the builder of labelled images reports, in sentences: notes, conversions, what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHOWN = 20  # broken images that are listed


def report_words(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences without a full stop; none where nothing was converted or left out, or of other reports."""
    if "broken" not in report:
        return ()
    lines = [*map(str, report.get("notes", ())), *converted_words(report)]
    if report.get("same_labels"):
        lines.append(
            f"{report['same_labels']:,} images left out: another one has the same labels, or the same pixels "
            "in another split"
        )
    broken = report["broken"]
    if broken:
        more = f", and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        listed = "; ".join(str(words) for words in broken[:SHOWN])
        lines.append(f"{len(broken):,} {_images(len(broken))} could not be read: {listed}{more}")
    return tuple(lines)


def converted_words(report: Mapping[str, Any]) -> list[str]:
    """How many images were converted in which way."""
    return [f"{count:,} {_images(count)} {how}" for how, count in report.get("converted", {}).items()]


def _images(count: int) -> str:
    return "image" if count == 1 else "images"
