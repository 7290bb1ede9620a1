"""The report's drawing of the graph of factors, as inline SVG: known and learned edges together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from cli.charts import LETTER, drawing, text_at
from cli.figures import number
from cli.markup import add, node

ROW, GAP, HIGH = 84.0, 190.0, 30.0
ASIDE = 5.0  # an edge keeps to one side, so that one the other way stays apart
HEAD = 9.0
KINDS = {"right": "hit", "found": "hit", "missing": "ceiling", "extra": "collateral"}
"""Line styles of the page: solid, dashed and dotted."""

Point = tuple[float, float]


def factor_graph_chart(graph: Mapping[str, Any]) -> Element:
    """Factors as boxes, causes left of their effects; edges with the share of actions that move the effect.

    Args:
        graph: `factor_graph` of an evaluation.
    """
    from engine.metrics.factor_graph import columns, edge_states, moved_share

    placed, width, height = _placed(columns(graph))
    chart = drawing(width, height, "Graph of the factors: which causes which", "factors")
    for edge, state in edge_states(graph).items():
        share = moved_share(graph, edge)
        text = " ".join(filter(None, (number(share), state if state in ("missing", "extra") else "")))
        what = f"{edge[0]} causes {edge[1]}: {state}"
        cause, effect = ((placed[name], _width(name) / 2 + 2) for name in edge)
        add(chart, _edge(cause, effect, KINDS[state], text, what))
    for name, (x, y) in placed.items():
        wide = _width(name)
        box = node("rect", x=x - wide / 2, y=y - HIGH / 2, width=wide, height=HIGH, rx=6, class_="cell-back")
        add(chart, node("g", box, text_at(x, y + 4, name, "label", "middle"), class_="factor"))
    return chart


def _placed(levels: list[list[str]]) -> tuple[dict[str, Point], float, float]:
    """The middle of each box, and the size of the drawing."""
    rows = max((len(level) for level in levels), default=1)
    height = ROW * rows
    placed: dict[str, Point] = {}
    left = 10.0
    for level in levels:
        wide = max(map(_width, level))
        for index, name in enumerate(level):
            placed[name] = (left + wide / 2, height * (index + 0.5) / len(level))
        left += wide + GAP
    return placed, left - GAP + 10, height


def _width(name: str) -> float:
    return LETTER * len(name) + 20


def _edge(
    first: tuple[Point, float], second: tuple[Point, float], kind: str, text: str, what: str
) -> Element:
    """An arrow from box to box; a box is its middle and half its width."""
    (cause, effect) = first[0], second[0]
    across, down = effect[0] - cause[0], effect[1] - cause[1]
    length = max(math.hypot(across, down), 1e-9)
    along = (across / length, down / length)
    aside = (-along[1] * ASIDE, along[0] * ASIDE)
    start, end = _border(*first, along), _border(*second, (-along[0], -along[1]))
    start, tip = ((x + aside[0], y + aside[1]) for x, y in (start, end))
    neck = (tip[0] - HEAD * along[0], tip[1] - HEAD * along[1])
    wing = (aside[0] * 0.8, aside[1] * 0.8)
    corners = (tip, (neck[0] + wing[0], neck[1] + wing[1]), (neck[0] - wing[0], neck[1] - wing[1]))
    line = node("line", x1=start[0], y1=start[1], x2=neck[0], y2=neck[1], class_=f"line {kind}")
    head = node("polygon", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in corners), class_=f"mark {kind}")
    if not along[0]:  # within a column
        label = text_at(start[0] + 8, (start[1] + tip[1]) / 2 + 4, text, f"end {kind}", "start")
    else:  # a third of the way: in the middle, edges that cross would write over one another
        x, y = (first + 0.32 * (last - first) for first, last in zip(start, tip, strict=True))
        label = text_at(x, y - 5, text, f"end {kind}", "middle")
    return node("g", node("title", what), line, head, label)


def _border(middle: Point, half: float, along: Point) -> Point:
    """Where a line that leaves a box in a direction begins."""
    if along[0]:
        return middle[0] + math.copysign(half, along[0]), middle[1]
    return middle[0], middle[1] + math.copysign(HIGH / 2 + 2, along[1])
