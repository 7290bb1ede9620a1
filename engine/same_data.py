"""Whether a cache holds the images and splits that a run was trained with."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from datasets.cache import Cache
from engine.errors import RunError
from engine.run_directory import RunDescription

SAMPLED_IMAGES = 16
MEANS_DIFFER = 0.5  # of 255


def splits_of(cache: Cache) -> dict[str, Any]:
    """What decides which image lies in which split: the cache's recipe, wherever its source lies."""
    return {key: value for key, value in cache.recipe.to_json().items() if key != "source"}


def check_same_data(description: RunDescription, cache: Cache) -> None:
    """Refuses a cache that would mix training and test images.

    Raises:
        RunError: other factors, image sizes or splits than the run was trained with.
    """
    if description.space != cache.space or description.image_shape != cache.image_shape:
        raise RunError(
            f"the cache {cache.path} has other factors or image sizes than the run was trained with;"
            f" give the cache of '{description.dataset}'"
        )
    if description.recipe != splits_of(cache):
        wanted = ", ".join(f"{key} {value}" for key, value in description.recipe.items())
        raise RunError(
            f"the cache {cache.path} has other splits than the run's, so the run may know its test"
            f" images; build it again with {wanted}"
        )


def known_by(cache: Cache) -> dict[str, Any]:
    """What a data set is known again by: a hash of splits and factor values, and means of training images.

    Means, because the same images may differ by 1 in 255 where another processor drew them.
    """
    digest = hashlib.blake2b(np.ascontiguousarray(cache.splits).data, digest_size=16)
    digest.update(np.ascontiguousarray(cache.factors).data)
    known = cache.rows("train")
    rows = known[np.linspace(0, len(known) - 1, min(SAMPLED_IMAGES, len(known))).astype(np.int64)]
    means = cache.images(rows).reshape(len(rows), -1).mean(axis=1)
    return {"labels": digest.hexdigest(), "image_means": [round(float(mean), 3) for mean in means]}


def check_unchanged(description: RunDescription, cache: Cache) -> None:
    """Refuses to go on with other images or labels than the run began with. Older runs cannot tell.

    Raises:
        RunError: the data set has changed.
    """
    if not description.data:
        return
    now, before = known_by(cache), description.data
    means = np.asarray(now["image_means"]), np.asarray(before.get("image_means", []), np.float64)
    same = now["labels"] == before.get("labels") and means[0].shape == means[1].shape
    if not same or np.abs(means[0] - means[1]).max() > MEANS_DIFFER:
        raise RunError(
            f"the data set {cache.path} has changed since the run began; put the one of then back,"
            " or train a new run"
        )
