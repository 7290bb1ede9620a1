"""Batches for training: the one place that turns uint8 NHWC images into float NCHW tensors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from datasets.cache import Cache


def to_tensor(images: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 [n,h,w,c] -> float32 [n,c,h,w] in 0..1, channels last in memory."""
    # torch complains about read-only arrays, and memory-mapped or decoded images are read-only.
    tensor = torch.from_numpy(np.require(images, requirements=("C", "W"))).to(device)
    return tensor.permute(0, 3, 1, 2).float().div_(255)


def to_images(tensor: Tensor) -> npt.NDArray[np.uint8]:
    """Float [n,c,h,w] in 0..1 -> uint8 [n,h,w,c]. Inverse of `to_tensor`."""
    scaled = tensor.detach().float().clamp(0, 1).mul(255).add(0.5)
    out: npt.NDArray[np.uint8] = scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return out


class TransitionBatch(NamedTuple):
    """Codes before and after, and the action."""

    before_BN: Tensor
    after_BN: Tensor
    action_B: Tensor


class TransitionSampler:
    """Random training transitions, every factor equally often, both directions of each pair.

    Args:
        cache: where the pairs are.
        codes: codes of every image of the cache, [images, N].
        batch: transitions a batch.
    """

    def __init__(self, cache: Cache, codes: Tensor, batch: int) -> None:
        pairs = cache.transitions("train")
        self._codes, self._batch, self._num_factors = codes, batch, cache.space.num_factors
        self._before, self._after, self._action = pairs.before, pairs.after, pairs.action
        factor = pairs.action % self._num_factors
        self._of_factor = [np.flatnonzero(factor == f) for f in range(self._num_factors)]
        self._by_factor = np.concatenate(self._of_factor)
        self._factors = np.array([f for f, rows in enumerate(self._of_factor) if len(rows)])

    def draw(self, rng: np.random.Generator) -> TransitionBatch:
        """One batch."""
        factors = rng.choice(self._factors, self._batch)
        at = rng.random(self._batch)
        sizes = np.array([len(rows) for rows in self._of_factor])
        offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        pick = self._by_factor[offsets[factors] + (at * sizes[factors]).astype(np.int64)]
        flip = rng.random(self._batch) < 0.5
        before = np.where(flip, self._after[pick], self._before[pick])
        after = np.where(flip, self._before[pick], self._after[pick])
        action = self._action[pick]
        opposite = (action + self._num_factors) % (2 * self._num_factors)
        action = np.where(flip, opposite, action)
        device = self._codes.device
        return TransitionBatch(
            self._codes[torch.from_numpy(before).to(device)].long(),
            self._codes[torch.from_numpy(after).to(device)].long(),
            torch.from_numpy(action).to(device),
        )
