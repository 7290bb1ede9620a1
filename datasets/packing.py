"""A cache in a small form, to be passed on: `pack` writes it, `unpack` makes the cache of it again.

A packed file is an HDF5 file with the tables of the cache and its images, put into the order of their
factor values and compressed with gzip in chunks of a few pixels of a thousand images, where the same few
patches come again and again. The last factors, in most sets those of shape and place, change slowest: on
`shapes` that makes files less than half as large as the order of the grid. `order` [N] holds the cache's
row of each image.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from datasets.arrays import open_arrays, reading
from datasets.cache import FORMAT as CACHE_FORMAT
from datasets.cache import Cache
from datasets.errors import CacheError, DatasetInputError, SourceError
from datasets.hdf5_heaps import open_hdf5
from datasets.recipe import Recipe
from datasets.writer import Meter, Progress, room_for_images, scratch_files

FORMAT = "doscope-packed"
WANTED = "a file that `doscope pack` wrote"
_CHUNK = (1024, 8, 8, 1)
_LEVEL = 4  # of gzip


def pack(cache_path: Path, path: Path) -> Iterator[Progress]:
    """Write the packed form of a cache to `path`, when it is whole; closing the iterator cancels.

    Raises:
        CacheError: the cache cannot be read, or the file not written.
    """
    path = Path(path)
    if path.resolve() == Path(cache_path).resolve():
        raise CacheError(f"'{path}' is the cache itself; give another name with --out")
    with Cache.open(cache_path) as cache, scratch_files(path) as (_, partial):
        order = np.arange(cache.num_images)
        if cache.has_factor_labels:
            order = np.lexsort(cache.factors.T)  # by the last factor first
        with h5py.File(partial, "w") as file:
            _copy_tables(cache_path, file, FORMAT)
            file["order"] = order.astype(np.int32)
            shape = (cache.num_images, *cache.image_shape)
            chunk = tuple(map(min, _CHUNK, shape))
            images = file.create_dataset(
                "images", shape, np.uint8, chunks=chunk, compression="gzip", compression_opts=_LEVEL
            )
            meter = Meter("packing", cache.num_images)
            for first in range(0, cache.num_images, _CHUNK[0]):
                images[first : first + _CHUNK[0]] = cache.images(order[first : first + _CHUNK[0]])
                yield meter.at(min(first + _CHUNK[0], cache.num_images))
        partial.replace(path)


@dataclass(frozen=True)
class Packed:
    """What a packed file says of itself.

    Attributes:
        recipe: of its cache.
        images: their number.
        size_bytes: of the cache, about.
        licence: of the images.
    """

    recipe: Recipe
    images: int
    size_bytes: int
    licence: str


def describe(packed: Path) -> Packed:
    """A look at a packed file without unpacking it.

    Raises:
        SourceError: it is none, or damaged.
    """
    images = open_arrays(packed, WANTED).images("images")
    with reading(packed), open_hdf5(packed) as file:
        if file.attrs.get("format") != FORMAT:
            raise _not_packed(packed)
        recipe, licence = json.loads(str(file.attrs["recipe"])), str(file.attrs["licence"])
    if not isinstance(recipe, dict):
        raise SourceError(f"'{packed}' is damaged (its recipe); get it again")
    try:
        read = Recipe.from_json(recipe)
    except DatasetInputError as error:
        raise SourceError(f"'{packed}' is damaged ({error}); get it again") from error
    return Packed(read, images.rows, images.rows * math.prod(images.shape), licence)


def _not_packed(path: Path) -> SourceError:
    return SourceError(f"'{path}' is not a packed data set; name a file that `doscope pack` wrote")


def unpack(packed: Path, path: Path) -> Iterator[Progress]:
    """Make the cache of a packed file at `path`, when it is whole; closing the iterator cancels.

    Raises:
        SourceError: the file is no packed cache, or damaged.
        CacheError: the cache cannot be written.
    """
    packed, path = Path(packed), Path(path)
    if path.resolve() == packed.resolve():
        raise CacheError(f"'{path}' is the packed file itself; give another name with --out")
    arrays = open_arrays(packed, WANTED)
    with reading(packed), open_hdf5(packed) as file:
        if file.attrs.get("format") != FORMAT:
            raise _not_packed(packed)
    order, images = arrays.read("order"), arrays.images("images")
    rows = images.rows
    if order.shape != (rows,) or (np.sort(order) != np.arange(rows)).any():
        raise SourceError(f"'{packed}' is damaged (its order); get it again")
    with scratch_files(path) as (_, partial):
        with h5py.File(partial, "w") as file:
            _copy_tables(packed, file, CACHE_FORMAT)
            offset = room_for_images(file, (rows, *images.shape))
        meter = Meter("unpacking", rows)
        with partial.open("r+b") as pixels:
            for first, block in images.blocks():
                for row, image in zip(order[first : first + len(block)], block, strict=True):
                    pixels.seek(offset + int(row) * image.nbytes)
                    pixels.write(np.ascontiguousarray(image).data)
                yield meter.at(first + len(block))
        try:
            Cache.open(partial).close()
        except CacheError as error:
            raise SourceError(f"'{packed}' is damaged ({error.__cause__ or error}); get it again") from error
        partial.replace(path)


def _copy_tables(source: Path, target: h5py.File, form: str) -> None:
    """All but the images, number by number, so that nothing that points elsewhere is taken over."""
    arrays = open_arrays(source, "a cache")
    for name in arrays.names():
        if name not in ("images", "order"):
            target[name] = arrays.read(name)
    with reading(source), open_hdf5(source) as file:
        for key, value in file.attrs.items():
            if not isinstance(value, str | int | float | np.integer | np.bool_):
                raise SourceError(f"'{source}' has an attribute that no cache has, {key}; get it again")
            target.attrs[key] = form if key == "format" else value
