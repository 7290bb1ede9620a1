"""What a cache holds, in numbers: images by factor value, and the pairs that its recipe let expect."""

from __future__ import annotations

import numpy as np

from datasets.cache import SPLITS, Cache
from datasets.imbalance import Expectation, expect


def value_counts(cache: Cache, split: str) -> dict[str, list[int]]:
    """How many images of a split have each value of each factor, {factor: [K]}.

    Empty where the cache does not know the factor values of its images.

    Raises:
        DatasetInputError: there is no such split.
    """
    rows = cache.rows(split)
    if not cache.has_factor_labels:
        return {}
    return {
        factor.name: np.bincount(cache.factors[rows, f], minlength=factor.size).tolist()
        for f, factor in enumerate(cache.space.factors)
    }


def expected_pairs(cache: Cache) -> Expectation | None:
    """How many training pairs of each action were to be expected; None unless its images were drawn."""
    if not cache.recipe.images:
        return None
    taken = cache.space.to_index(cache.factors[cache.splits != SPLITS.index("train")])
    return expect(cache.space, cache.recipe, taken)
