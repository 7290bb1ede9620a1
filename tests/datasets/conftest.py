"""Small sources and sheets for the tests of the datasets room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.factors import Factor, FactorSpace, IntArray
from datasets.source import ImageArray
from datasets.sprites import LAYERS


class TinySource:
    """A grid of 4 x 4 x 3 images that spell out their factor values; factors in `hidden` leave no trace."""

    name = "tiny"
    image_shape = (4, 4, 3)
    licence = "none needed"
    citation = "drawn by the tests"

    def __init__(self, sizes: tuple[int, ...] = (3, 4, 2, 5), hidden: tuple[int, ...] = ()) -> None:
        self.space = FactorSpace(
            tuple(Factor(f"f{i}", tuple(f"v{k}" for k in range(n))) for i, n in enumerate(sizes))
        )
        self._seen = [i for i in range(len(sizes)) if i not in hidden]
        self.rendered = 0

    def prepare(self) -> Iterator[tuple[int, int]]:
        return iter(())

    def render(self, values: IntArray) -> ImageArray:
        self.space.to_index(values)
        self.rendered += len(values)
        images = np.zeros((len(values), 48), np.uint8)
        for i in self._seen:
            images[:, i] = values[:, i] + 1
        return images.reshape(-1, 4, 4, 3)


@pytest.fixture
def tiny() -> Callable[..., TinySource]:
    """Makes a source: `tiny(sizes, hidden)`."""
    return TinySource


def draw_sheet(layer: int, variant: int) -> Image.Image:
    """A sheet whose tiles hold one bar: its place tells layer and tile, its colour layer and variant.

    The bars of layers that are pasted one after the other overlap, and each layer shows somewhere. Left
    of the bar lies a stripe that is too transparent to count (alpha 128).
    """
    sheet = np.zeros((21, 64, 13, 64, 4), np.uint8)
    colour = (40 * layer + 10, 100 * variant + 20, 200)
    for row in range(20):
        for column in range(6):
            top = 8 * layer + (row + column) % 4
            right = 34 + 4 * layer
            sheet[row, top : top + 36, column, 10:right] = (*colour, 129)
            sheet[row, top : top + 36, column, 2:10] = (255, 255, 255, 128)
            sheet[row, 60, column, row * 3 : row * 3 + 3] = (250, row, column, 255)
    return Image.fromarray(sheet.reshape(21 * 64, 13 * 64, 4))


@pytest.fixture(scope="session")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sheets in the published layout: two of each layer. Not to be written to."""
    folder = tmp_path_factory.mktemp("sheets")
    for i, layer in enumerate(LAYERS):
        (folder / layer).mkdir()
        for variant in range(2):
            draw_sheet(i, variant).save(folder / layer / f"{variant}.png", compress_level=1)
    return folder


@pytest.fixture(scope="session")
def real_sheets() -> Path:
    """The published sheets, which stand beside the checkout on some machines and are never part of it."""
    folder = Path(__file__).parents[3] / "shared" / "data" / "sprites"
    if not folder.is_dir():
        pytest.skip("the published Sprites sheets are not at ../shared/data/sprites")
    return folder
