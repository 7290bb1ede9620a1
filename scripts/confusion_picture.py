"""Draws the confusion matrix of `doscope evaluate --json` (IN.json) as a picture (OUT.png).

    python scripts/confusion_picture.py IN.json OUT.png

Rows are true actions, columns answers, each row's shares from white (none) to dark blue (all).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
CELL, MARGIN, TEXT = 26, 128, 12


def draw(names: list[str], confusion: np.ndarray) -> Image.Image:
    """Action names [A] and counts [A,A] -> picture."""
    count = len(names)
    picture = Image.new("RGB", (MARGIN + count * CELL + 12, MARGIN + count * CELL + 12), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(TEXT)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    for row in range(count):
        top = MARGIN + row * CELL
        pen.text((MARGIN - 8, top + CELL / 2), names[row], "black", font, anchor="rm")
        for column in range(count):
            left, share = MARGIN + column * CELL, float(shares[row, column])
            shade = tuple(round(255 - share * (255 - dark)) for dark in (0, 60, 130))
            pen.rectangle((left, top, left + CELL - 2, top + CELL - 2), fill=shade)
            if share >= 0.01:
                colour = "white" if share > 0.5 else "black"
                pen.text(
                    (left + CELL / 2 - 1, top + CELL / 2 - 1), f"{100 * share:.0f}", colour, font, anchor="mm"
                )
    _column_names(picture, names, font)
    return picture


def _column_names(picture: Image.Image, names: list[str], font: Font) -> None:
    """The names above the columns, turned by a quarter."""
    for column, name in enumerate(names):
        label = Image.new("RGB", (MARGIN - 8, CELL - 2), "white")
        ImageDraw.Draw(label).text((0, CELL / 2), name, "black", font, anchor="lm")
        picture.paste(label.rotate(90, expand=True), (MARGIN + column * CELL, 4))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python scripts/confusion_picture.py IN.json OUT.png")
    figures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    draw(figures["actions"], np.array(figures["confusion"])).save(sys.argv[2], optimize=True)
