"""What the tests of drawn images share: recipes, grids and caches."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from datasets.build import build
from datasets.cache import SPLITS, Cache
from datasets.factors import Factor, FactorSpace, Kind
from datasets.recipe import Recipe


def space_of(*sizes: int, kind: Kind = "ordinal") -> FactorSpace:
    return FactorSpace(
        tuple(Factor(f"f{i}", tuple(f"v{k}" for k in range(n)), kind) for i, n in enumerate(sizes))
    )


def drawn(images: int, *, pairs: int = 0, seed: int = 3, **parts: object) -> Recipe:
    """A recipe for the tests' source with small other splits."""
    return Recipe("tiny", seed, pairs, 8, 18, images=images, **parts)  # type: ignore[arg-type]


def built(source: object, path: Path, recipe: Recipe) -> Cache:
    for _ in build(source, path, recipe):  # type: ignore[arg-type]
        pass
    return Cache.open(path)


def grid_of(cache: Cache, split: str) -> list[int]:
    """The grid indices of a split's images."""
    return cache.space.to_index(cache.factors[cache.rows(split)]).tolist()


def pairs_of(cache: Cache, split: str) -> set[tuple[int, int, int]]:
    """(before, after, action) of a split's transitions, as grid indices."""
    grid, pairs = cache.space.to_index(cache.factors), cache.transitions(split)
    return set(
        zip(grid[pairs.before].tolist(), grid[pairs.after].tolist(), pairs.action.tolist(), strict=True)
    )


def arrays(path: Path) -> str:
    """A hash of everything that a cache holds but its attributes."""
    digest = hashlib.blake2b(digest_size=12)
    with Cache.open(path) as cache:
        digest.update(cache.images(np.arange(cache.num_images)).tobytes())
        digest.update(cache.factors.astype(np.int32).tobytes() + cache.splits.tobytes())
        for split in SPLITS:
            pairs = cache.transitions(split)
            for column in (pairs.before, pairs.after, pairs.action):
                digest.update(column.astype(np.int32).tobytes())
    return digest.hexdigest()
