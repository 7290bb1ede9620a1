"""What the cache builder needs to know of a set of images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from datasets.factors import FactorSpace, IntArray

ImageArray = npt.NDArray[np.uint8]


class Source(Protocol):
    """A grid set that can draw any of its images.

    Attributes:
        name: the word on the command line ("shapes").
        space: the factors; every combination of their values has an image.
        image_shape: (height, width, channels).
        licence: the terms of the images, one sentence.
        citation: where the images come from, one sentence.
    """

    @property
    def name(self) -> str: ...

    @property
    def space(self) -> FactorSpace: ...

    @property
    def image_shape(self) -> tuple[int, int, int]: ...

    @property
    def licence(self) -> str: ...

    @property
    def citation(self) -> str: ...

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Read ahead what `render` would otherwise read when first called; yields (done, total) parts.

        Raises:
            SourceError: a file cannot be read.
        """
        ...

    def render(self, values: IntArray) -> ImageArray:
        """Factor values int64 [n, F] -> images uint8 [n, H, W, C].

        An image depends on its own row of values only, never on its neighbours in the batch.

        Raises:
            DatasetInputError: a value lies outside its factor's range.
        """
        ...
