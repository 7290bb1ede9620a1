"""The picture of a traversal: a row a factor or variable, title at the left, labels above the images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

if TYPE_CHECKING:
    from engine.results import Image, TraversalRow

TITLE_WIDTH = 130
LABEL_HEIGHT = 18
GAP = 4
FONT_SIZE = 12
PAPER = (255, 255, 255)
INK = (30, 30, 30)


def draw_sheet(rows: Sequence[TraversalRow]) -> Image:
    """uint8 [height, width, 3]: all rows under each other, titles and effects at the left.

    Args:
        rows: at least one; all images have the same size.
    """
    height, width = rows[0].images.shape[1:3]
    columns = max(len(row.images) for row in rows)
    row_height = LABEL_HEIGHT + height + GAP
    size = (TITLE_WIDTH + columns * (width + GAP) + GAP, len(rows) * row_height + GAP)
    sheet = PillowImage.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_SIZE)
    for index, row in enumerate(rows):
        top = GAP + index * row_height
        pen.text((GAP, top + LABEL_HEIGHT + height // 2 - FONT_SIZE), row.title, INK, font)
        pen.text((GAP, top + LABEL_HEIGHT + height // 2 + 2), f"effect {row.effect:.3f}", INK, font)
        for column, label in enumerate(row.labels):
            left = TITLE_WIDTH + column * (width + GAP)
            pen.text((left, top + 1), label, INK, font)
            sheet.paste(_picture(row.images[column]), (left, top + LABEL_HEIGHT))
    return np.asarray(sheet, dtype=np.uint8)


def _picture(image: Image) -> PillowImage.Image:
    """Grey images have one channel, which Pillow wants left out."""
    pixels = image[..., 0] if image.shape[-1] == 1 else image
    return PillowImage.fromarray(pixels).convert("RGB")
