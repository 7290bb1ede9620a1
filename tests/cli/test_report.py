"""The page of `doscope evaluate --report`: what a reader finds in it, and that it needs nothing else."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cli.charts import LIGHT_TEXT_FROM, confusion_chart, rollout_chart
from cli.figures import complete, rows
from cli.markup import node, page
from cli.report import STYLE, report
from engine.evaluation import ExampleRow
from tests.cli.measured import ACTIONS, CONFUSION, measured, unlabelled

VOID = {"meta", "img", "br", "link", "input", "hr"}
FACTS = {"run": "a run", "training": "7,037 steps in 10 min 1 s, seed 0"}


class Tag:
    """One element of a parsed page."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: list[Tag | str] = []

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, name: str, class_: str = "") -> list[Tag]:
        """All elements below with this name and class, in order."""
        found = []
        for child in self.children:
            if isinstance(child, Tag):
                if child.name == name and class_ in ("", *child.attributes.get("class", "").split()):
                    found.append(child)
                found += child.all(name, class_)
        return found


class Reader(HTMLParser):
    """Reads a page into a tree, and fails where tags are not closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Tag("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Tag(tag, {name: value or "" for name, value in attrs})
        assert len(made.attributes) == len(attrs)
        self.open[-1].children.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(text: str) -> Tag:
    """The tree of a page that is well formed."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root


def section(tree: Tag, identity: str) -> Tag:
    return next(one for one in tree.all("section") if one.attributes["id"] == identity)


def examples() -> list[ExampleRow]:
    """Two rows, colour and grey, with pixels that differ everywhere."""
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (3, 5, 4, 3), dtype=np.uint8)
    grey = rng.integers(0, 256, (3, 5, 4, 1), dtype=np.uint8)
    return [ExampleRow("hue+", *colour), ExampleRow("size-", *grey)]


def make(**changed: Any) -> Tag:
    return read(report(complete(measured(**changed)), FACTS, examples()))


@pytest.fixture(scope="module")
def tree() -> Tag:
    """The page of the figures written by hand."""
    return make()


# ------------------------------------------------------------ the page as a whole


def test_page_needs_nothing_else(tree: Tag) -> None:
    """No script, no address outside the page; links lead to sections that exist; names are given once."""
    text = report(complete(measured()), FACTS, examples())
    assert text.startswith("<!doctype html>\n<html")
    for word in ("://", "<script", "<link", "@import", "url(", "<iframe", "<object"):
        assert word not in text
    ids = [
        tag.attributes["id"]
        for name in ("section", "div")
        for tag in tree.all(name)
        if "id" in tag.attributes
    ]
    assert len(set(ids)) == len(ids) >= 6
    assert {link.attributes["href"] for link in tree.all("a")} == {f"#{identity}" for identity in ids}
    assert all(tag.attributes["src"].startswith("data:image/png;base64,") for tag in tree.all("img"))


def test_page_is_for_every_screen(tree: Tag) -> None:
    """Language and width are declared, dark is provided for, and wide parts scroll by themselves."""
    assert tree.all("html")[0].attributes["lang"] == "en"
    metas = {
        tag.attributes.get("name"): tag.attributes["content"]
        for tag in tree.all("meta")
        if "content" in tag.attributes
    }
    assert "width=device-width" in metas["viewport"]
    style = tree.all("style")[0].text
    assert "prefers-color-scheme: dark" in style
    assert "pixelated" in style
    for identity in ("actions", "confusion", "rollout"):
        wide = section(tree, identity).all("div", "scroll")
        assert wide
        assert all(tag.attributes["tabindex"] == "0" and tag.attributes["aria-label"] for tag in wide)
    assert all(tag.attributes["alt"] for tag in tree.all("img"))
    assert all(tag.attributes["aria-label"] and tag.attributes["role"] == "img" for tag in tree.all("svg"))


def test_facts_come_first(tree: Tag) -> None:
    """Title, what was measured, and the facts in their order."""
    assert tree.all("title")[0].text == tree.all("h1")[0].text == "Evaluation of a run"
    assert "1,180 test pairs of shapes" in tree.all("p")[0].text
    names = [tag.text for tag in tree.all("dt")]
    values = [tag.text for tag in tree.all("dd")]
    assert dict(zip(names, values, strict=True)) == FACTS


def test_odd_names_are_text() -> None:
    """Names of runs, data, actions and notes with < > & and quotes are shown as they are, never as markup."""
    odd = """<b onclick="x">&amp;'</b>"""
    figures = measured(
        run=odd, dataset=f"folder/{odd.replace('/', '')}", notes=[odd], actions=[odd, *ACTIONS[1:]]
    )
    figures["per_action"] = {odd: figures["per_action"]["hue+"]}
    found = read(
        report(complete(figures), {"run": odd}, [ExampleRow(odd, *np.zeros((3, 2, 2, 3), np.uint8))])
    )
    assert found.all("b") == []
    assert found.all("h1")[0].text == f"Evaluation of {odd}"
    assert found.all("dd")[0].text == odd
    assert section(found, "notes").all("li")[0].text == odd
    assert section(found, "actions").all("tbody")[0].all("th")[0].text == odd
    assert odd in section(found, "confusion").all("title")[0].text
    assert odd in found.all("figcaption")[0].text
    assert odd in found.all("img")[0].attributes["alt"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(max_codepoint=0x2FFF), max_size=8))
def test_any_text_survives(text: str) -> None:
    """Any text comes back from the page as it was, but for control characters, which no page may hold."""
    found = read(page(node("p", "a", node("b", text), text, text, title=text)))
    paragraph, expected = found.all("p")[0], re.sub("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]", "\ufffd", text)
    assert paragraph.attributes["title"] == expected
    assert paragraph.text == f"a{3 * expected}"


def test_a_name_that_is_no_unicode() -> None:
    """A file name's bytes that are no text leave a page that can be written."""
    assert "\ufffd" in report(complete(measured(run="a\udcff")), FACTS, [])
    report(complete(measured(run="a\udcff")), FACTS, []).encode("utf-8")


# ------------------------------------------------------------ figures


def table_rows(tree: Tag) -> dict[str, list[str]]:
    """Title -> texts of the other cells in the table of all figures."""
    found = {}
    for line in section(tree, "figures").all("tr"):
        heads = line.all("th")
        if heads[0].attributes.get("scope") == "row":
            name = str(heads[0].children[0])
            assert name not in found
            found[name] = [cell.text for cell in line.all("td")]
    return found


def test_all_figures_are_there(tree: Tag) -> None:
    """Every figure once, with value, interval and what to compare with, and a definition in a sentence."""
    found = table_rows(tree)
    assert list(found) == [row.title for row in rows(complete(measured()))]
    assert found["directed accuracy"] == ["0.816", "0.791 to 0.841", "chance 0.250"]
    assert found["PSNR"] == ["27.31 dB", "26.11 to 28.52", ""]
    assert found["atomic rate"] == ["0.755", "0.735 to 0.775", "ceiling 0.934"]
    assert found["hit rate, 2 ×"] == ["0.700", "0.670 to 0.730", "ceiling 0.940"]
    assert found["slope over frequency"] == ["+0.124 per decade", "", ""]
    assert found["FactorVAE score, action-aligned codes"] == ["0.857", "", "chance 0.500"]
    definitions = [tag.text for tag in section(tree, "figures").all("small")]
    assert len(definitions) == len(found)
    assert all(len(words) > 30 and words.endswith(".") for words in definitions)


def test_missing_figures_say_why() -> None:
    """The table says "not measured" with the reason; sections without their figures say so, too."""
    found = read(report(complete(unlabelled()), FACTS, []))
    cells = table_rows(found)
    why = "no intervention figures from probes, no disentanglement scores: needs factor labels"
    assert cells["atomic rate"] == [f"not measured{why}"]
    assert cells["MIG, latents"] == [f"not measured{why}"]
    assert cells["quality cost"][0] == "1.37 dB"
    assert why in section(found, "rollout").text
    assert section(found, "rollout").all("svg") == []
    assert "No examples" in section(found, "examples").text
    empty = read(report(complete({"run": "x"}), {}, []))
    assert all(
        "ot measured" in section(empty, name).text for name in ("figures", "actions", "confusion", "rollout")
    )


def test_actions_one_by_one(tree: Tag) -> None:
    """Each action's figures, and bars as long as their shares."""
    lines = section(tree, "actions").all("tbody")[0].all("tr")
    assert [line.all("th")[0].text for line in lines] == list(ACTIONS)
    cells = [cell.text for cell in lines[3].all("td")]
    assert cells == ["0.8310.731 to 0.891", "49", "1,510", "0.671", "0.571", "-0.39 dB"]
    widths = [bar.all("span")[0].attributes["style"] for bar in lines[3].all("span", "bar")]
    assert widths == ["width:83.1%", "width:67.1%", "width:57.1%"]


def test_notes(tree: Tag) -> None:
    assert [tag.text for tag in section(tree, "notes").all("li")] == measured()["notes"]


# ------------------------------------------------------------ drawings


def test_many_actions_have_no_matrix() -> None:
    """A thousand actions would be a page of millions of elements; their commonest mistakes are listed."""
    counts = 5 * np.eye(300, dtype=int)
    counts[7, 9], counts[8, 2] = 15, 4
    figures = complete(measured()) | {"actions": [f"a{k}" for k in range(300)], "confusion": counts.tolist()}
    found = section(read(report(figures, FACTS, [])), "confusion")
    assert found.all("svg") == []
    lines = [[cell.text for cell in (*tr.all("th"), *tr.all("td"))] for tr in found.all("tbody")[0].all("tr")]
    assert lines == [["a7", "a9", "15", "75.0 %"], ["a8", "a2", "4", "44.4 %"]]
    assert "2 commonest of 2" in found.text
    figures["confusion"] = np.eye(300, dtype=int).tolist()
    assert "No mistake" in section(read(report(figures, FACTS, [])), "confusion").text


def test_confusion_matrix(tree: Tag) -> None:
    """A cell for every pair of actions: its count, its meaning in words, a shade by its share of the row."""
    matrix = section(tree, "confusion")
    cells = matrix.all("svg")[0].all("g")
    assert len(cells) == len(ACTIONS) ** 2
    for index, cell in enumerate(cells):
        true, answer = divmod(index, len(ACTIONS))
        count, share = CONFUSION[true][answer], CONFUSION[true][answer] / sum(CONFUSION[true])
        what = f"true {ACTIONS[true]}, answered {ACTIONS[answer]}: {count} ({100 * share:.1f} %)"
        assert cell.all("title")[0].text == what
        assert [tag.text for tag in cell.all("text")] == ([str(count)] if count else [])
        assert float(cell.all("rect", "cell")[0].attributes["fill-opacity"]) == pytest.approx(share, abs=1e-3)
    first, second, below = (cells[i].all("rect")[0].attributes for i in (0, 1, len(ACTIONS)))
    assert float(second["x"]) > float(first["x"])
    assert float(second["y"]) == float(first["y"]) < float(below["y"])
    counts = [[cell.text for cell in line.all("td")] for line in matrix.all("tbody")[0].all("tr")]
    assert counts == [[str(count) for count in row] for row in CONFUSION]


def luminance(colour: np.ndarray) -> float:
    """WCAG's relative luminance of an sRGB colour in 0..1."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """WCAG's contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def themes() -> list[dict[str, np.ndarray]]:
    """The colours of the light and the dark theme by name."""
    blocks = STYLE.read_text(encoding="utf-8").split(":root {")[1:3]
    return [
        {
            name: np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
            for name, digits in re.findall(r"--([\w-]+): #([0-9a-f]{6})", block.split("}")[0])
        }
        for block in blocks
    ]


@pytest.mark.parametrize("theme", themes(), ids=["light", "dark"])
def test_everything_can_be_read(theme: dict[str, np.ndarray]) -> None:
    """Contrast of at least 4.5 (WCAG AA): counts on every shade, text, secondary text and curves."""
    for share in np.linspace(0, 1, 101):
        shade = share * theme["cell"] + (1 - share) * theme["panel"]
        ink = theme["on-cell" if share >= LIGHT_TEXT_FROM else "count"]
        assert contrast(shade, ink) >= 4.5, share
    for name in ("text", "dim", "hit", "collateral"):
        for ground in ("panel", "page"):
            assert contrast(theme[name], theme[ground]) >= 4.5, (name, ground)


def test_counts_change_colour_where_the_shade_does() -> None:
    """The class that the style sheet colours follows the share of the row."""
    chart = read(page(confusion_chart(["a", "b"], [[62, 38], [37, 63]])))
    kinds = {tag.text: tag.attributes["class"] for tag in chart.all("text") if tag.text.isdigit()}
    assert kinds == {"62": "count", "38": "count", "37": "count", "63": "count on"}


def test_rollout_curve(tree: Tag) -> None:
    """Points lie at their shares on a scale from 0 to 1, whiskers at the ends of the intervals."""
    chart = section(tree, "rollout").all("svg")[0]
    grid = [float(line.attributes["y1"]) for line in chart.all("line", "grid")]
    zero, one = grid[0], grid[-1]
    assert zero > one  # up is more
    labels = {tag.text: float(tag.attributes["y"]) for tag in chart.all("text", "label")}
    assert (labels["0"], labels["0.5"]) == pytest.approx((zero, grid[2]), abs=6)
    hits = [(zero - float(mark.attributes["cy"])) / (zero - one) for mark in chart.all("circle")]
    assert hits == pytest.approx([0.8, 0.7, 0.6, 0.5, 0.4], abs=1e-3)
    whiskers = [line.attributes for line in chart.all("line", "hit")]
    assert [(zero - float(w["y1"])) / (zero - one) for w in whiskers] == pytest.approx(
        [0.77, 0.67, 0.57, 0.47, 0.37], abs=1e-3
    )
    lines = {line.attributes["class"].split()[1]: line.attributes["points"] for line in chart.all("polyline")}
    heights = {kind: [float(p.split(",")[1]) for p in points.split()] for kind, points in lines.items()}
    assert [(zero - y) / (zero - one) for y in heights["ceiling"]] == pytest.approx(
        [0.95, 0.94, 0.93, 0.92, 0.91], abs=1e-3
    )
    assert (zero - heights["collateral"][4]) / (zero - one) == pytest.approx(0.25, abs=1e-3)
    ends = {tag.text for tag in chart.all("text", "end")}
    assert ends == {"ceiling 0.910", "hit rate 0.400", "collateral rate 0.250"}
    table = [[cell.text for cell in line.all("td")] for line in section(tree, "rollout").all("tr")[1:]]
    assert table[1] == ["998", "3", "0.700 (0.670 to 0.730)", "0.940", "0.100"]


def test_words_at_curves_keep_apart() -> None:
    """Equal shares do not print one word over another, and all stay in the drawing."""
    steps = [{"repetitions": k, "hit_rate": 0.0, "ceiling": 0.0, "collateral_rate": 0.0} for k in (1, 2)]
    chart = rollout_chart(steps)
    ends = sorted(
        float(tag.attrib["y"]) for tag in chart.iter("text") if tag.attrib["class"].startswith("end")
    )
    assert len(ends) == 3
    assert min(np.diff(ends)) >= 15
    assert 0 < ends[0] <= ends[-1] < 250


def test_a_single_repetition_is_drawn() -> None:
    """One point, and a figure that is missing, are no reason to fail."""
    chart = rollout_chart([{"repetitions": 1, "hit_rate": 0.5, "ceiling": None}])
    assert len(list(chart.iter("circle"))) == 1


# ------------------------------------------------------------ pictures


def test_examples_come_through_exactly(tree: Tag) -> None:
    """Before, result and true after in this order, pixel by pixel, in colour and grey."""
    shown = tree.all("figure")
    assert [one.all("figcaption")[0].text for one in shown] == ["asked action: hue+", "asked action: size-"]
    for figure, example in zip(shown, examples(), strict=True):
        words = [tag.children[1] for tag in figure.all("div") if len(tag.children) == 2]
        assert words == ["before", "model's result", "true after"]
        for tag, image in zip(
            figure.all("img"), (example.before, example.result, example.after), strict=True
        ):
            data = base64.b64decode(tag.attributes["src"].partition(",")[2])
            pixels = np.asarray(Image.open(io.BytesIO(data)))
            assert np.array_equal(pixels.reshape(image.shape), image)
