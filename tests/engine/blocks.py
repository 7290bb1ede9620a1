"""A data set of 16 x 16 images that spell out their factor values, and a model of it that never errs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from datasets.build import build
from datasets.factors import Factor, FactorSpace
from datasets.recipe import Recipe
from datasets.steps import moved
from engine.results import Acted, PairScores

SIZES = (6, 5, 4)
SIDE, STEP, BELOW = 16, 25, 2  # values from -2 to 8 can be drawn


class BlocksSource:
    """Each factor owns a band of rows; its value is the band's brightness. Below the bands all is grey."""

    name = "blocks"
    image_shape = (SIDE, SIDE, 3)
    licence = "none needed"
    citation = "drawn by the tests"

    def __init__(self, sizes: tuple[int, ...] = SIZES) -> None:
        self.space = FactorSpace(
            tuple(Factor(f"f{i}", tuple(f"v{k}" for k in range(n))) for i, n in enumerate(sizes))
        )

    def prepare(self) -> Iterator[tuple[int, int]]:
        return iter(())

    def render(self, values: np.ndarray) -> np.ndarray:
        self.space.to_index(values)
        return drawn(values)


def drawn(values: np.ndarray) -> np.ndarray:
    """Images of factor values [n,F], also of such as no factor has."""
    images = np.full((len(values), SIDE, SIDE, 3), 128, np.uint8)
    for f in range(values.shape[1]):
        images[:, 4 * f : 4 * f + 4] = np.clip(STEP * (values[:, f] + BELOW), 0, 250)[:, None, None, None]
    return images


def seen(images: np.ndarray) -> np.ndarray:
    """Factor values of images. Inverse of `drawn` for values from -2 to 8."""
    return images[:, 1 : 1 + 4 * len(SIZES) : 4, 0, 0].astype(np.int64) // STEP - BELOW


def build_blocks(path: Path, sizes: tuple[int, ...] = SIZES, **pairs: int) -> Path:
    """A cache of blocks, of 50 training, 12 validation and 30 test pairs unless said otherwise."""
    counts = {"train_pairs": 50, "validation_pairs": 12, "test_pairs": 30} | pairs
    for _ in build(BlocksSource(sizes), path, Recipe("blocks", seed=3, **counts)):
        pass
    return path


class Oracle:
    """Stands in for an Explorer. Its codes are the factor values; it reads, acts and draws without fault.

    Args:
        encodes: what encoding makes of factor values [n,F].
        acts: what an action makes of codes [n,F] and actions [n].
    """

    def __init__(
        self,
        encodes: Callable[[np.ndarray], np.ndarray] = np.copy,
        acts: Callable[[np.ndarray, np.ndarray], np.ndarray] = moved,
    ) -> None:
        variables = len(SIZES)
        self.info = SimpleNamespace(
            name="oracle", path=Path("nowhere"), num_variables=variables, device="cpu"
        )
        self._encodes, self._acts = encodes, acts

    def encode(self, images: np.ndarray) -> np.ndarray:
        return self._encodes(seen(images))

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return drawn(codes)

    def apply_actions(self, codes: np.ndarray, actions: np.ndarray) -> Acted:
        after = self._acts(codes, actions)
        return Acted(after, drawn(after))

    def retrieve_codes(self, before: np.ndarray, after: np.ndarray) -> PairScores:
        each = [moved(before, np.full(len(before), a)) for a in range(2 * before.shape[1])]
        distance = np.abs(np.stack(each, axis=1) - after[:, None]).sum(axis=2).astype(np.float32)
        return PairScores(-distance, distance, np.abs(before - after).sum(axis=1).astype(np.float32))

    def latents(self, codes: np.ndarray) -> np.ndarray:
        return codes.astype(np.float32)
