"""How much each pixel counts in the reconstruction: where actions change the picture, more.

What an action changes can be a few pixels, such as the eyes of a figure; the squared error of a whole image
hardly knows of them, and an autoencoder that loses them leaves the causal layer nothing to see. The pairs
say where each factor shows.

Legend: P pairs, h w c pixels and channels.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
import numpy.typing as npt

from datasets.cache import Cache
from engine.events import Progressed

Floats = npt.NDArray[np.float64]

PAIRS_A_STEP = 256
CHANCE = 4.0  # squared standard errors that a mean difference has to exceed, in the mean of its channels


def pixel_weights_steps(
    cache: Cache, share: float, rng: np.random.Generator
) -> Generator[Progressed, None, npt.NDArray[np.float32]]:
    """Returns a weight of each pixel, [h,w], mean 1.

    Args:
        cache: its training pairs are looked at, up to PAIRS_A_STEP for each step of a factor.
        share: of the whole weight that is spread by what the factors change, every factor alike; the rest
            is spread evenly. 0..1.
        rng: chooses the pairs.
    """
    height, width, _ = cache.image_shape
    even = np.ones((height, width))
    shown = []
    for factor in range(cache.space.num_factors):
        progress = Progressed("looking where factors show", factor, cache.space.num_factors)
        changed = np.zeros((height, width))
        for so_far in _changed_by(cache, factor, rng):
            changed = so_far
            yield progress  # after every value, so that a window never waits long
        if changed.any():
            shown.append(changed / changed.mean())
    if not shown:
        return even.astype(np.float32)
    return ((1 - share) * even + share * np.mean(shown, axis=0)).astype(np.float32)


def _changed_by(cache: Cache, factor: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How far raising a factor moves the mean of each pixel, over its values so far, [h,w], image units.

    Where its actions are no steps: how far each of them moves it from each value.
    """
    pairs, space = cache.transitions("train"), cache.space
    rows = np.flatnonzero(space.action_factors[pairs.action] == factor)
    steps = space.step_action(factor, 1) >= 0
    raised = pairs.action[rows] == space.step_action(factor, 1) if steps else np.ones(len(rows), np.bool_)
    low = np.where(raised, pairs.before[rows], pairs.after[rows])
    high = np.where(raised, pairs.after[rows], pairs.before[rows])
    values = cache.factors[low, factor]
    if not steps:
        values = pairs.action[rows] * (space.sizes[factor] + 1) + values
    energy = np.zeros(cache.image_shape[:2])
    for value in np.unique(values):
        some = rng.permutation(np.flatnonzero(values == value))[:PAIRS_A_STEP]
        energy += _energy(_images(cache, high[some]) - _images(cache, low[some]))
        yield np.sqrt(energy)


def _energy(difference_Phwc: npt.NDArray[np.float32]) -> Floats:
    """Squared mean difference of each pixel beyond chance, [h,w].

    The mean, not the size of the differences: two photographs differ everywhere, in any direction.
    """
    mean = difference_Phwc.mean(axis=0, dtype=np.float64)
    chance = difference_Phwc.var(axis=0, dtype=np.float64) / len(difference_Phwc)
    beyond: Floats = np.clip((mean**2 - CHANCE * chance).sum(axis=2), 0, None)
    return beyond


def _images(cache: Cache, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Images of rows in any order, 0..1."""
    return cache.images(rows).astype(np.float32) / np.float32(255)
