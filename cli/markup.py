"""HTML and SVG built as a tree, so that every tag is closed and every text escaped."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, tostring

Child = Element | str
# Control characters and halves of surrogate pairs, which odd file names may hold and no page may
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def node(tag: str, *children: Child, **attributes: str | float) -> Element:
    """An element; `class_="x"` and `stroke_width=2` become class="x" and stroke-width="2"."""
    made = Element(
        tag, {name.strip("_").replace("_", "-"): _attribute(value) for name, value in attributes.items()}
    )
    add(made, *children)
    return made


def add(parent: Element, *children: Child) -> None:
    """Appends elements and text."""
    for child in children:
        if isinstance(child, Element):
            parent.append(child)
        elif len(parent):
            parent[-1].tail = (parent[-1].tail or "") + _text(child)
        else:
            parent.text = (parent.text or "") + _text(child)


def page(root: Element) -> str:
    """A whole HTML document."""
    return f"<!doctype html>\n{tostring(root, encoding='unicode', method='html')}\n"


def _attribute(value: str | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else _text(str(value))


def _text(text: str) -> str:
    return _NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)
