"""The images that a training looks at, as tensors on its device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from datasets.cache import Cache
from datasets.factors import IntArray
from engine.batches import as_floats, to_tensor
from engine.device import free_memory

ROOM = 0.5  # of an accelerator's free memory that images may take
_BLOCK = 4096  # images that are moved at once


class TrainingImages:
    """Training and validation images of a cache, by their rows.

    On an accelerator they are moved there once, as bytes, where they fit `ROOM` of its free memory; no image
    crosses the bus again then. Elsewhere each batch is read from the cache. The tensors are the same.

    Args:
        cache: the data set.
        device: where the tensors are wanted.
        resident: whether all images stay on the device; None decides.

    Attributes:
        resident: whether they do.
    """

    def __init__(self, cache: Cache, device: torch.device, resident: bool | None = None) -> None:
        self._cache, self._device = cache, device
        rows = np.sort(np.concatenate([cache.rows("train"), cache.rows("validation")]))
        needed = len(rows) * int(np.prod(cache.image_shape))
        if resident is None:
            resident = device.type != "cpu" and needed <= ROOM * free_memory(device)
        self.resident = resident
        if resident:
            self._place_of_row = np.full(cache.num_images, -1, np.int64)
            self._place_of_row[rows] = np.arange(len(rows))
            self._bytes_MHWC = self._moved(rows)

    def batch(self, rows: IntArray) -> Tensor:
        """Rows [n] -> float32 [n,c,h,w] in 0..1, channels last in memory.

        Raises:
            IndexError: a row is a test image's, where all images stay on the device.
        """
        if not self.resident:
            return to_tensor(self._cache.images(rows), self._device)
        places = self._place_of_row[rows]
        if (places < 0).any():
            raise IndexError("test images are none of a training's business")
        return as_floats(self._bytes_MHWC[torch.from_numpy(places).to(self._device)])

    def _moved(self, rows: IntArray) -> Tensor:
        moved = torch.empty(len(rows), *self._cache.image_shape, dtype=torch.uint8, device=self._device)
        for start in range(0, len(rows), _BLOCK):
            block = torch.from_numpy(self._cache.images(rows[start : start + _BLOCK]))
            moved[start : start + len(block)] = block.to(self._device)
        return moved
