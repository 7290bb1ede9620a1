"""The sets of one's own data that are kept under names of their own, beside the registry's caches."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from datasets.home import caches_dir
from datasets.registry import entries


def own_names() -> tuple[str, ...]:
    """Their names, sorted; each is the stem of its file and can be opened as a data set."""
    folder = caches_dir()
    found = sorted(folder.glob("*.h5")) if folder.is_dir() else []
    return tuple(
        path.stem
        for path in found
        if path.stem not in entries() and _called(path, path.stat().st_mtime_ns) == path.stem
    )


@lru_cache(maxsize=256)
def _called(path: Path, _changed: int) -> str:
    """What the recipe of a cache calls its data; empty where that is not one's own, or no cache."""
    from datasets.hdf5_heaps import open_hdf5

    try:
        with open_hdf5(path) as file:
            recipe = json.loads(file.attrs["recipe"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    own = isinstance(recipe, dict) and recipe.get("name") == "own"
    return str(recipe.get("called", "")) if own else ""
