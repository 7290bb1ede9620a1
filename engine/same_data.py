"""Whether a cache holds the images and splits that a run was trained with."""

from __future__ import annotations

from typing import Any

from datasets.cache import Cache
from engine.errors import RunError
from engine.run_directory import RunDescription


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
