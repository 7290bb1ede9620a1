"""The causal graph on average over images, with its spread: what holds beyond the one image on show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from engine.results import CausalGraph, Codes, FloatArray

if TYPE_CHECKING:
    from engine.explorer import Explorer


def average_graph(
    explorer: Explorer, images: Iterable[Codes], action: int | None = None
) -> Iterator[CausalGraph]:
    """After each image, given by its codes [N], the mean graph of all images so far.

    Edges, mask, own and base are means; `spread` is the standard deviation of the edges (of these very
    images: of one image 0).

    Raises:
        InputError: the action does not exist.
    """
    sums, squares = [np.zeros(())] * 4, np.zeros(())
    for count, codes in enumerate(images, start=1):
        graph = explorer.graph(codes, action)
        parts = (graph.edges, graph.mask, graph.own, graph.base)
        sums = [total + part for total, part in zip(sums, parts, strict=True)]
        squares = squares + graph.edges.astype(np.float64) ** 2
        edges, mask, own, base = (_single(total / count) for total in sums)
        spread = np.sqrt(np.maximum(squares / count - (sums[0] / count) ** 2, 0))
        yield CausalGraph(edges, mask, own, graph.action, base, count, _single(spread))


def _single(values: np.ndarray) -> FloatArray:
    return values.astype(np.float32)
