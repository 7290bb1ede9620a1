"""The Sprites of the paper: LPC character sheets, imported from the user's folder and composed on the fly.

Six folders (bottomwear, topwear, hair, eyes, shoes, body) hold one PNG sheet a variant, `0.png`,
`1.png`, ...; a sheet is 21 x 13 tiles of 64 x 64: four rows an action (back, left, front, right), one
column a frame. Rotation "back" is left out, as in the paper's data: eyes cannot be seen from there.
A frame is black, then body, shoes, bottomwear, topwear, eyes and hair are laid over it, each where its
alpha is above 128.
"""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from datasets.errors import SourceError
from datasets.factors import Factor, FactorSpace, IntArray
from datasets.source import ImageArray

SIDE = 64
LAYERS = ("bottomwear", "topwear", "hair", "eyes", "shoes", "body")  # in the order of the factors
ACTIONS = ("spellcard", "thrust", "walk", "slash", "shoot")
ROTATIONS = ("left", "front", "right")
FRAMES = 6
COUNTS = (7, 7, 10, 5, 3, 7)  # sheets of each layer in the published set
_PASTED = ("body", "shoes", "bottomwear", "topwear", "eyes", "hair")  # bottom to top
_SHEET_SIZE = (13 * SIDE, 21 * SIDE)  # width, height
_ALPHA_ABOVE = 128
_MOST_BYTES = 1 << 26  # of a sheet; those of the published set have 55,000 at most

LICENCE = "Art of the Liberated Pixel Cup: CC-BY-SA 3.0 or GPL 3.0; name its authors and share alike."
CITATION = (
    "Li and Mandt, Disentangled Sequential Autoencoder, 2018; sheets of the Liberated Pixel Cup "
    "(github.com/YingzhenLi/Sprites)."
)


def sprites_space(counts: tuple[int, ...] = COUNTS) -> FactorSpace:
    """The nine factors, given the number of sheets of each layer."""
    layers = [
        Factor(layer, tuple(f"{layer} {i}" for i in range(count)), "nominal")
        for layer, count in zip(LAYERS, counts, strict=True)
    ]
    return FactorSpace(
        (
            *layers,
            Factor("action", ACTIONS, "nominal"),
            Factor("rotation", ROTATIONS, "nominal"),
            Factor("frame", tuple(f"frame {i}" for i in range(FRAMES)), "cyclic"),
        )
    )


class SpritesSource:
    """Characters composed from a folder of sheets. See `datasets.source.Source`.

    Args:
        folder: holds the six folders of sheets; the number of sheets in each is learnt from it.

    Raises:
        SourceError: a folder or sheet is missing, unreadable or of another size.
    """

    name = "sprites"
    image_shape = (SIDE, SIDE, 3)
    licence = LICENCE
    citation = CITATION

    def __init__(self, folder: Path) -> None:
        folder = Path(folder)
        self._sheets = [_find_sheets(folder, layer) for layer in LAYERS]
        for path in itertools.chain(*self._sheets):
            _check_sheet(path)
        self.space = sprites_space(tuple(len(sheets) for sheets in self._sheets))
        self._tiles: list[npt.NDArray[np.uint32]] = []

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Read the sheets; yields (sheets read, sheets in all).

        Raises:
            SourceError: a sheet is damaged.
        """
        if self._tiles:
            return
        total, done = sum(map(len, self._sheets)), 0
        layers = []
        for sheets in self._sheets:
            tiles = []
            for path in sheets:
                tiles.append(_read_tiles(path))
                done += 1
                yield done, total
            layers.append(np.stack(tiles))
        self._tiles = layers

    def render(self, values: IntArray) -> ImageArray:
        """Factor values int64 [n, 9] -> images uint8 [n, 64, 64, 3].

        Raises:
            DatasetInputError: a value lies outside its factor's range.
        """
        values = np.asarray(values, dtype=np.int64)
        self.space.to_index(values)  # checks the ranges
        for _ in self.prepare():
            pass
        action, rotation, frame = values[:, 6], values[:, 7], values[:, 8]
        pixels = np.zeros((len(values), SIDE, SIDE), np.uint32)
        for layer in _PASTED:
            variant = values[:, LAYERS.index(layer)]
            over = self._tiles[LAYERS.index(layer)][variant, action, rotation, frame]
            np.copyto(pixels, over, where=over != 0)
        channels = pixels.view(np.uint8).reshape(*pixels.shape, 4)
        return np.ascontiguousarray(channels[..., :3])


def _find_sheets(folder: Path, layer: str) -> list[Path]:
    """The sheets 0.png, 1.png, ... of one layer."""
    remedy = "give the folder that holds " + ", ".join(LAYERS) + " as --source"
    if not folder.is_dir():
        raise SourceError(f"the folder of sheets '{folder}' does not exist; {remedy}")
    if not (folder / layer).is_dir():
        raise SourceError(f"the folder of sheets '{folder}' has no folder '{layer}'; {remedy}")
    sheets: list[Path] = []
    while (path := folder / layer / f"{len(sheets)}.png").is_file():
        sheets.append(path)
    if not sheets:
        raise SourceError(
            f"the folder '{folder / layer}' has no sheet 0.png; its sheets must be named 0.png, 1.png, ..."
        )
    return sheets


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """An open sheet; what goes wrong inside is said as a SourceError."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)  # of a file, Pillow would ask for as many as a damaged part claims
        with Image.open(io.BytesIO(data)) as image:
            yield image
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        what = str(error) or "a part of it claims to be too large for the memory"
        raise SourceError(f"the sheet '{path}' cannot be read ({what}); download it again") from error


def _check_sheet(path: Path) -> None:
    """Look at the header only."""
    with _opened(path) as image:
        width, height = image.size
    if (width, height) != _SHEET_SIZE:
        raise SourceError(
            f"the sheet '{path}' is {width} x {height} pixels instead of {_SHEET_SIZE[0]} x "
            f"{_SHEET_SIZE[1]}; use the sheets of the Liberated Pixel Cup as they are"
        )


def _read_tiles(path: Path) -> npt.NDArray[np.uint32]:
    """One sheet as [action, rotation, frame, 64, 64], each pixel four bytes R, G, B, 255, or 0 if clear."""
    with _opened(path) as image:
        sheet = np.array(image.convert("RGBA"))
    solid = sheet[..., 3] > _ALPHA_ABOVE
    sheet[..., 3] = 255
    sheet[~solid] = 0
    # Rows: four an action, "back" first; the last row of the sheet and the columns after FRAMES are unused.
    rows = sheet.view(np.uint32)[..., 0].reshape(21, SIDE, 13, SIDE)[:20, :, :FRAMES]
    tiles = rows.reshape(len(ACTIONS), 4, SIDE, FRAMES, SIDE)[:, 1:]
    return np.ascontiguousarray(tiles.transpose(0, 1, 3, 2, 4))
