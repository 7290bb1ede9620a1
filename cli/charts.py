"""The report's drawings as inline SVG; colours come from the page's style, for light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from cli.figures import Interval, interval_at, number, number_at
from cli.markup import add, node

CELL = 38
LETTER = 7.2  # width of a letter of a label, in the drawing's units
LIGHT_TEXT_FROM = 0.625
"""Share of a row from which a cell is so dark (in the dark theme: light) that its number changes colour."""


def confusion_chart(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Element:
    """Heat map of the counts [A][A]: rows true actions, columns answers, shade the share within the row."""
    margin = 34 + LETTER * max(len(name) for name in names)
    size = margin + CELL * len(names)
    chart = drawing(
        size + 2, size + 2, "Confusion matrix: true actions down the side, answers along the top", "confusion"
    )
    add(chart, text_at(margin + CELL * len(names) / 2, 14, "most probable action", "axis", "middle"))
    side = text_at(14, margin + CELL * len(names) / 2, "true action", "axis", "middle")
    side.set("transform", f"rotate(-90 14 {margin + CELL * len(names) / 2:.1f})")
    add(chart, side)
    for index, name in enumerate(names):
        middle = margin + CELL * (index + 0.5)
        add(chart, text_at(margin - 6, middle + 4, name, "label", "end"))
        above = text_at(middle + 4, margin - 6, name, "label", "start")
        above.set("transform", f"rotate(-90 {middle + 4:.1f} {margin - 6:.1f})")
        add(chart, above)
        for column, count in enumerate(counts[index]):
            share = count / max(sum(counts[index]), 1)
            what = f"true {name}, answered {names[column]}: {count:,} ({100 * share:.1f} %)"
            add(chart, _cell(margin + CELL * column, margin + CELL * index, count, share, what))
    return chart


def _cell(x: float, y: float, count: int, share: float, what: str) -> Element:
    square = node("rect", x=x, y=y, width=CELL - 2, height=CELL - 2, rx=3, class_="cell-back")
    shade = node("rect", x=x, y=y, width=CELL - 2, height=CELL - 2, rx=3, class_="cell")
    shade.set("fill-opacity", f"{share:.3f}")
    cell = node("g", node("title", what), square, shade)
    if count:
        kind = "count on" if share >= LIGHT_TEXT_FROM else "count"
        add(cell, text_at(x + (CELL - 2) / 2, y + (CELL - 2) / 2 + 4, f"{count:,}", kind, "middle"))
    return cell


_LEFT, _TOP, _WIDE, _HIGH = 38.0, 12.0, 250.0, 190.0


def rollout_chart(steps: Sequence[Mapping[str, Any]]) -> Element:
    """Hit rate with intervals, its ceiling, and collateral rate over the number of repetitions."""
    chart = drawing(
        440, 250, "Hit rate, ceiling and collateral rate over repetitions of an action", "rollout"
    )
    for height in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(height)
        add(chart, node("line", x1=_LEFT, x2=_LEFT + _WIDE, y1=y, y2=y, class_="grid"))
        add(chart, text_at(_LEFT - 6, y + 4, f"{height:g}", "label", "end"))
    times = [int(step.get("repetitions", index + 1)) for index, step in enumerate(steps)]
    for time in times:
        add(chart, text_at(_x(time, times), _TOP + _HIGH + 17, str(time), "label", "middle"))
    add(chart, text_at(_LEFT + _WIDE / 2, _TOP + _HIGH + 36, "repetitions of the action", "axis", "middle"))
    ends: list[tuple[float, str, str]] = []
    for key, words, kind in (
        ("ceiling", "ceiling", "ceiling"),
        ("hit_rate", "hit rate", "hit"),
        ("collateral_rate", "collateral rate", "collateral"),
    ):
        points = [
            (_x(time, times), share, interval_at(step, f"{key}_interval"))
            for time, step in zip(times, steps, strict=True)
            if (share := number_at(step, key)) is not None
        ]
        if points:
            add(chart, _series(points, kind))
            ends.append((_y(points[-1][1]), f"{words} {number(points[-1][1])}", kind))
    for y, words, kind in _apart(ends):
        add(chart, text_at(_LEFT + _WIDE + 10, y + 4, words, f"end {kind}", "start"))
    return chart


def _series(points: Sequence[tuple[float, float, Interval | None]], kind: str) -> Element:
    line = " ".join(f"{x:.1f},{_y(share):.1f}" for x, share, _ in points)
    series = node("g", node("polyline", points=line, class_=f"line {kind}"), class_="series")
    for x, share, interval in points:
        y = _y(share)
        if interval:
            add(
                series,
                node("line", x1=x, x2=x, y1=_y(interval[0]), y2=_y(interval[1]), class_=f"line {kind}"),
            )
        if kind == "hit":
            add(series, node("circle", cx=x, cy=y, r=4, class_=f"mark {kind}"))
        elif kind == "collateral":
            add(series, node("rect", x=x - 3.5, y=y - 3.5, width=7, height=7, class_=f"mark {kind}"))
    return series


def _apart(ends: Sequence[tuple[float, str, str]], gap: float = 17) -> list[tuple[float, str, str]]:
    """The words at the ends of the lines, moved down until none covers another."""
    placed: list[tuple[float, str, str]] = []
    for y, words, kind in sorted(ends):
        placed.append((max(y, placed[-1][0] + gap) if placed else y, words, kind))
    over = max(0.0, placed[-1][0] - (_TOP + _HIGH)) if placed else 0.0
    return [(y - over, words, kind) for y, words, kind in placed]


def _x(time: int, times: Sequence[int]) -> float:
    first, last = min(times), max(times)
    return _LEFT + 14 + (_WIDE - 28) * (time - first) / max(last - first, 1)


def _y(share: float) -> float:
    return _TOP + _HIGH * (1 - min(max(share, 0.0), 1.0))


def drawing(width: float, height: float, words: str, kind: str) -> Element:
    """A drawing that shrinks with the page, but not until its letters cannot be read."""
    style = f"max-width:{1.25 * width:.0f}px;min-width:{min(0.8 * width, width - 60):.0f}px"
    return node(
        "svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="img",
        aria_label=words,
        class_=kind,
        style=style,
    )


def text_at(x: float, y: float, text: str, kind: str, anchor: str) -> Element:
    return node("text", text, x=float(x), y=float(y), class_=kind, text_anchor=anchor)
