"""The evaluation report: one HTML page that needs nothing else, to be read by somebody who never saw Doscope.

No scripts, no fonts, no address outside the page: pictures are in it as data, drawings as inline SVG. Its
style is `resources/report.css`; it follows the reader's light or dark setting.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

from PIL import Image as PillowImage

from cli.charts import confusion_chart, rollout_chart
from cli.factor_graph_chart import factor_graph_chart
from cli.figure_definitions import NOT_MEASURED
from cli.figure_table import count, measured_on
from cli.figures import Figures, Row, interval_at, interval_text, number, number_at, reason, rows, value_text
from cli.markup import Child, add, node, page

if TYPE_CHECKING:
    from engine.evaluation import ExampleRow
    from engine.results import Image

STYLE = Path(__file__).resolve().parent.parent / "resources" / "report.css"
MOST_IN_MATRIX, MOST_MISTAKES = 60, 100
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_INTRODUCTION = (
    "A CT-VAE encodes an image as discrete latent variables and learns how an action, which moves one factor "
    "of variation by one step, changes them: which variables it targets, and which variables cause which. "
    "The figures below come from pairs of images (before, after) between which one action happened. "
    "Retrieval asks the model which action that was; intervention lets the model apply the action to the "
    "image before and compares its result with the true image after."
)
_INTERVALS = (
    "Intervals are 95 % percentile bootstraps over pairs, for the quality of reconstructions and the graph "
    "over images (1,000 draws, fixed seed; the calibration error's is shifted by what redrawing adds to it): "
    "they tell how much another draw would change a figure, not another training. A mean over actions weighs "
    "every action the same, however many pairs it has. The interval of a share of exactly 0 or 1 has no "
    "width, because a bootstrap cannot draw what never occurred. Shares and scores lie in 0 to 1."
)


def report(figures: Figures, facts: Mapping[str, str], examples: Sequence[ExampleRow]) -> str:
    """The page as HTML text.

    Args:
        figures: of one evaluation, as `cli.figures.complete` gives them.
        facts: name -> value about run and data, shown at the top.
        examples: shown as they are; none leaves a sentence.
    """
    sections = {
        "figures": ("All figures", _figures(figures)),
        "actions": ("Actions one by one", _actions(figures)),
        "confusion": ("Confusion matrix of the actions", _confusion(figures)),
        "rollout": ("The same action repeated", _rollout(figures)),
        "factors": ("Which factor causes which", _factor_graph(figures)),
        "examples": ("Examples", _examples(examples)),
        "notes": ("Notes", _notes(figures)),
    }
    name = f"Evaluation of {figures['run']}"
    body = node("body", node("h1", name), node("p", f"Measured on {measured_on(figures)}."))
    add(body, _facts(facts), node("p", _INTRODUCTION), _contents(sections))
    for identity, (heading, content) in sections.items():
        section = node("section", node("h2", heading), *content, id=identity)
        add(body, section)
    head = node(
        "head",
        node("meta", charset="utf-8"),
        node("meta", name="viewport", content="width=device-width, initial-scale=1"),
        node("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        node("title", name),
        node("style", STYLE.read_text(encoding="utf-8")),
    )
    return page(node("html", head, body, lang="en"))


def _facts(facts: Mapping[str, str]) -> Element:
    listed = node("dl")
    for name, value in facts.items():
        add(listed, node("dt", name), node("dd", value))
    return node("div", listed, class_="panel")


def _contents(sections: Mapping[str, tuple[str, object]]) -> Element:
    links = node("nav", aria_label="Contents")
    for identity, (heading, _) in sections.items():
        add(links, node("a", heading, href=f"#{identity}"), " ")
    return links


def _figures(figures: Figures) -> list[Element]:
    table = node("table", _heads("figure", "value", "95 % interval", "compare with"), class_="figures")
    for group, members in groupby(rows(figures), key=lambda row: row.group):
        body = node("tbody", node("tr", node("th", group, colspan=4, scope="rowgroup")))
        add(body, *(_figure(row) for row in members))
        add(table, body)
    return [node("p", _INTERVALS), node("div", table, class_="panel")]


def _figure(row: Row) -> Element:
    line = node("tr", node("th", row.title, node("small", row.definition), scope="row"))
    if row.value is None:
        missing = node("td", NOT_MEASURED, node("small", row.reason), class_="nothing", colspan=3)
        add(line, missing)
        return line
    compare = f"{row.compare[0]} {number(row.compare[1], row.unit)}" if row.compare else ""
    add(line, _cell("value", value_text(row)))
    for label, text in (("95 % interval", interval_text(row.interval, row.unit)), ("compare with", compare)):
        add(line, _cell(label, text) if text else node("td"))
    return line


def _cell(label: str, text: str) -> Element:
    cell = node("td", text)
    cell.set("data-label", label)
    return cell


def _actions(figures: Figures) -> list[Element]:
    per_action = figures.get("per_action")
    if not per_action:
        return [_nothing("The figures have none of a single action.")]
    heads = (
        "action",
        "directed accuracy",
        "pairs",
        "training pairs",
        "hit rate",
        "atomic rate",
        "quality cost",
    )
    table = node("table", _heads(*heads), node("tbody"))
    for name, one in per_action.items():
        add(table[-1], _action(name, one))
    words = "Bars are shares of 1. The quality cost is in dB, positive where acting loses quality."
    return [node("p", words), _scroll(table, "Figures of every action")]


def _action(name: str, one: Any) -> Element:
    accuracy, cost = number_at(one, "directed_accuracy"), number_at(one, "quality_cost_db")
    interval = node("small", interval_text(interval_at(one, "interval")))
    line = node("tr", node("th", name, scope="row"), _share(accuracy, interval))
    for key in ("pairs", "train_pairs"):
        counted = count(number_at(one, key))
        add(line, node("td", counted or "–", class_="number"))
    add(line, _share(number_at(one, "hit_rate")), _share(number_at(one, "atomic_rate")))
    add(line, node("td", "–" if cost is None else f"{number(cost, 'dB')} dB", class_="number"))
    return line


def _share(value: float | None, *more: Child) -> Element:
    """A cell with a share and its bar; a dash where it was not measured."""
    if value is None:
        return node("td", "–", class_="nothing")
    inside = node("span", style=f"width:{100 * min(max(value, 0.0), 1.0):.1f}%")
    return node("td", number(value), node("span", inside, class_="bar", aria_hidden="true"), *more)


def _confusion(figures: Figures) -> list[Element]:
    names, counts = figures.get("actions"), figures.get("confusion")
    if not names or not counts:
        return [_nothing("The figures have no confusion matrix.")]
    if len(names) > MOST_IN_MATRIX:
        return _mistakes(names, counts)
    words = (
        "Each cell counts the pairs of the action at the left that the model answered with the action above. "
        "A good model fills the diagonal only. The shade is the share within the row."
    )
    chart = confusion_chart(names, counts)
    scale = node("div", "0 %", node("span", class_="swatch"), "100 % of the row", class_="scale")
    table = node("table", _heads("true action", *names), node("tbody"))
    for name, row in zip(names, counts, strict=True):
        cells = (node("td", f"{value:,}", class_="number") for value in row)
        add(table[-1], node("tr", node("th", name, scope="row"), *cells))
    details = node("details", node("summary", "The same counts as a table"))
    add(details, _scroll(table, "Confusion counts"))
    return [node("p", words), _scroll(chart, "Confusion matrix"), scale, details]


def _mistakes(names: Sequence[str], counts: Sequence[Sequence[int]]) -> list[Element]:
    """The commonest mistakes, where the matrix would be too large to look at, and for a browser."""
    found = sorted(
        (
            (wrong, true, answer)
            for true, row in enumerate(counts)
            for answer, wrong in enumerate(row)
            if wrong and answer != true
        ),
        reverse=True,
    )
    if not found:
        return [_nothing(f"No mistake was made in any of the {len(names)} actions.")]
    words = (
        f"A matrix of {len(names)} actions is too large for a page. These are the "
        f"{min(len(found), MOST_MISTAKES)} commonest of {len(found):,} kinds of mistakes; all counts are in "
        "the figures of evaluate --json."
    )
    table = node("table", _heads("true action", "answered", "pairs", "of the action's pairs"), node("tbody"))
    for wrong, true, answer in found[:MOST_MISTAKES]:
        share = f"{100 * wrong / sum(counts[true]):.1f} %"
        cells = (node("td", value, class_="number") for value in (f"{wrong:,}", share))
        add(table[-1], node("tr", node("th", names[true], scope="row"), node("td", names[answer]), *cells))
    return [node("p", words), _scroll(table, "Commonest mistakes")]


def _rollout(figures: Figures) -> list[Element]:
    steps = figures.get("rollout")
    if not steps or all(number_at(step, "hit_rate") is None for step in steps):
        return [_nothing(next(row.reason for row in rows(figures) if row.path.startswith("rollout")))]
    words = (
        "One action applied again and again to the model's own result. The hit rate is the share of images "
        "whose asked factor is exactly that many steps on, the collateral rate the share of other factors "
        "that moved; the ceiling is the hit rate on reconstructions of the true image that many steps away. "
        "Whiskers are 95 % intervals. Factors with few values count only as far as they reach, so later "
        "points are means over other images than the first."
    )
    table = node(
        "table", _heads("repetitions", "images", "actions", "hit rate", "ceiling", "collateral rate")
    )
    add(table, node("tbody"))
    for index, step in enumerate(steps):
        hit, between = (
            number(number_at(step, "hit_rate")),
            interval_text(interval_at(step, "hit_rate_interval")),
        )
        cells = (
            node("th", str(step.get("repetitions", index + 1)), scope="row"),
            node("td", count(number_at(step, "pairs"))),
            node("td", count(number_at(step, "actions"))),
            node("td", f"{hit} ({between})" if between else hit),
            node("td", number(number_at(step, "ceiling"))),
            node("td", number(number_at(step, "collateral_rate"))),
        )
        add(table[-1], node("tr", *cells))
    chart = _scroll(rollout_chart(steps), "Curves of repeated actions")
    return [node("p", words), chart, _scroll(table, "Figures of repeated actions")]


def _factor_graph(figures: Figures) -> list[Element]:
    graph = figures.get("factor_graph")
    if not graph:
        return [_nothing(reason(figures, "factor_graph"))]
    drawn = factor_graph_chart(graph)
    words = (
        "An arrow where the model's actions on one factor move another one, as the probes read it, with the "
        "share of the actions that do. "
    )
    if graph["known"] is None:
        words += "Which factor truly causes which is not known of this data set."
    else:
        words += (
            "Solid: as known. Dashed: known, but not found. Dotted: found, but not known. "
            f"Edges that differ: {number(number_at(figures, 'factor_graph_shd'), 'edges')}."
        )
    if not graph["edges"] and not graph["known"]:
        words += " No factor moves another one here."
    return [node("p", words), _scroll(drawn, "Graph of the factors")]


def _examples(examples: Sequence[ExampleRow]) -> list[Element]:
    if not examples:
        return [_nothing("No examples were drawn.")]
    words = "Pairs of the split, not chosen for their looks, with what the model made of the action asked."
    grid = node("div", class_="examples")
    for example in examples:
        pictures = node("div", class_="pictures")
        for label, image in (
            ("before", example.before),
            ("model's result", example.result),
            ("true after", example.after),
        ):
            picture = node("img", src=data_uri(image), alt=f"{label}, action {example.action}")
            picture.set("width", str(image.shape[1]))
            picture.set("height", str(image.shape[0]))
            add(pictures, node("div", picture, label))
        caption = node("figcaption", f"asked action: {example.action}")
        add(grid, node("figure", caption, pictures, class_="example panel"))
    return [node("p", words), grid]


def data_uri(image: Image) -> str:
    """An image uint8 [h, w, 1 or 3] as a PNG in a data address; the pixels come through exactly."""
    pixels = image[..., 0] if image.shape[-1] == 1 else image
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _notes(figures: Figures) -> list[Element]:
    notes = [str(note) for note in figures.get("notes") or ()]
    return [node("ul", *(node("li", note) for note in notes))] if notes else [node("p", "None.")]


def _nothing(why: str) -> Element:
    return node("p", f"{NOT_MEASURED[0].upper()}{NOT_MEASURED[1:]}: {why}", class_="nothing")


def _heads(*names: str) -> Element:
    return node("thead", node("tr", *(node("th", name, scope="col") for name in names)))


def _scroll(content: Element, words: str) -> Element:
    """Wide content scrolls by itself, also with the keyboard, so that the page never does sideways."""
    return node("div", content, class_="panel scroll", tabindex=0, role="region", aria_label=words)
