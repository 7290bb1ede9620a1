"""What the tests of pair rules share: a grid with factors of each kind, a digest, and a search for leaks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from datasets.build import build
from datasets.cache import SPLITS, Cache
from datasets.factors import Factor, FactorSpace, IntArray, Kind
from datasets.recipe import Hole, Recipe
from datasets.source import ImageArray

KINDS: dict[str, tuple[int, Kind]] = {
    "height": (4, "ordinal"), "hue": (5, "cyclic"), "shape": (4, "nominal"), "lit": (2, "binary"),
}  # fmt: skip


class KindSource:
    """Small images that spell out their factor values, one byte a factor; `hidden` ones leave no trace."""

    name, image_shape = "tiny", (4, 4, 3)
    licence, citation = "none needed", "drawn by the tests"

    def __init__(self, hidden: tuple[str, ...] = ()) -> None:
        self.space = FactorSpace(
            tuple(
                Factor(name, tuple(f"{name} {k}" for k in range(n)), kind)
                for name, (n, kind) in KINDS.items()
            )
        )
        self._seen = [f for f, name in enumerate(KINDS) if name not in hidden]

    def prepare(self) -> Iterator[tuple[int, int]]:
        return iter(())

    def render(self, values: IntArray) -> ImageArray:
        self.space.to_index(values)
        images = np.zeros((len(values), 48), np.uint8)
        images[:, self._seen] = values[:, self._seen] + 1
        return images.reshape(-1, 4, 4, 3)


def ruled(path: Path, source: object | None = None, **parts: object) -> Cache:
    """The cache of a recipe with rules."""
    counts = {"seed": 3, "train_pairs": 60, "validation_pairs": 6, "test_pairs": 8} | parts
    for _ in build(source or KindSource(), path, Recipe("tiny", **counts)):  # type: ignore[arg-type]
        pass
    return Cache.open(path)


def everything(path: Path) -> str:
    """A hash of all that a cache file says: every attribute and every array, names included."""
    digest = hashlib.blake2b(digest_size=12)
    with h5py.File(path) as file:
        for name, value in sorted(file.attrs.items()):
            digest.update(f"{name}={value};".encode())

        def take(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset):
                digest.update(f"{name} {item.dtype} {item.shape};".encode() + item[...].tobytes())

        file.visititems(take)
    return digest.hexdigest()


def leaks(cache: Cache, holes: tuple[Hole, ...]) -> list[str]:
    """Looks for a way in which training could know of the test; independent of how it is built."""
    found: list[str] = []
    test = cache.rows("test")
    pixels = {cache.images([row])[0].tobytes() for row in test}
    values = {tuple(cache.factors[row]) for row in test}
    for split in SPLITS:
        pairs = cache.transitions(split)
        for row in {*cache.rows(split).tolist(), *pairs.before.tolist(), *pairs.after.tolist()}:
            named = dict(zip(cache.space.names, cache.factors[row].tolist(), strict=True))
            out = any(all(named[name] in chosen for name, chosen in hole.values) for hole in holes)
            if holes and out != (split == "test"):
                found.append(f"{split} has {named}")
            if split != "test" and cache.images([row])[0].tobytes() in pixels:
                found.append(f"{split} has the pixels of a test image")
            if split != "test" and tuple(cache.factors[row]) in values:
                found.append(f"{split} has a test combination")
    return found
