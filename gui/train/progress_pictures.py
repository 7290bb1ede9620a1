"""The graph and the use of codes of a run at one time, as small pictures. Arrays in, arrays out; no Qt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gui.theme import category, colours
from gui.words import percent

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
BAR_HEIGHT, GAP = 60, 6  # pixels of a codebook's bars, and between two codebooks


def graph_picture(edges_NN: Floats) -> Image:
    """Edge probabilities, [i, j] means i causes j, as uint8 [N, N, 3]: dark 0, bright 1."""
    import pyqtgraph as pg

    table = pg.colormap.get("viridis").getLookupTable(0.0, 1.0, 256)[:, :3].astype(np.uint8)
    picture: Image = table[(edges_NN.clip(0, 1) * 255).round().astype(np.int64)]
    return picture


def graph_words(edges_NN: Floats) -> str:
    """What the picture means, and how many edges there are."""
    n = len(edges_NN)
    kept = float((edges_NN > 0.5).sum()) / max(1, n * (n - 1))
    return f"Row causes column, bright is certain; {percent(kept)} of the edges above 1/2"


def use_picture(uses_QK: Floats) -> Image:
    """How often each code is used, as bars, uint8 [rows, K, 3], most used first, codebook by codebook."""
    back, bar = _rgb(colours().panel), _rgb(category(0).name())
    panels = []
    for uses_K in uses_QK:
        ordered = np.sort(uses_K)[::-1]
        heights = np.ceil(BAR_HEIGHT * ordered / max(1.0, ordered.max()))
        filled = np.arange(BAR_HEIGHT, 0, -1)[:, None] <= heights
        panels += [np.where(filled[..., None], bar, back), np.full((GAP, len(uses_K), 3), back)]
    picture: Image = np.concatenate(panels[:-1]).astype(np.uint8)
    return picture


def use_words(uses_QK: Floats) -> str:
    """How many codes are used, and how even their use is."""
    used = [int((uses > 0).sum()) for uses in uses_QK]
    return f"Codes, most used first: {', '.join(map(str, used))} of {uses_QK.shape[1]} used"


def _rgb(name: str) -> tuple[int, int, int]:
    return int(name[1:3], 16), int(name[3:5], 16), int(name[5:7], 16)
