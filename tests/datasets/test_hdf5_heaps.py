"""Heaps of words that the HDF5 library would walk through for ever are refused, at every door."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from datasets import hdf5_heaps
from datasets.arrays import open_arrays
from datasets.cache import Cache
from datasets.errors import DatasetError
from datasets.hdf5_heaps import open_hdf5
from datasets.own_preview import OwnLook
from datasets.packing import describe, pack, unpack
from datasets.recognition import recognise

HEAP = b"GCOL\x01\x00\x00\x00"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Twelve images with words as labels, and pixels that look like a heap."""
    path = tmp_path / "own.h5"
    images = np.zeros((12, 8, 8, 3), np.uint8)
    images[0].reshape(-1)[:32] = np.frombuffer(HEAP + struct.pack("<Q", 32) + bytes(16), np.uint8)
    with h5py.File(path, "w") as file:
        file["images"] = images
        file["labels"] = np.array([f"word {k % 3}" for k in range(12)], object)[:, None]
    return path


def pieces(data: bytes) -> list[int]:
    """Where the pieces of the one heap begin; the last one is what is free."""
    at = data.rfind(HEAP)
    end = at + struct.unpack_from("<Q", data, at + 8)[0]
    found, place = [], at + 16
    while place + 16 <= end:
        number, _, _, size = struct.unpack_from("<HHIQ", data, place)
        found.append(place)
        place += size if number == 0 else 16 + (size + 7) // 8 * 8
    return found


@pytest.mark.parametrize(
    ("which", "size"),
    [(-1, 0), (0, 2**64 - 16), (3, 2**64 - 40), (2, 2**40)],
    ids=["nothing free", "around to nothing", "backwards", "beyond the end"],
)
def test_a_walk_that_does_not_end_is_refused(words: Path, which: int, size: int) -> None:
    data = bytearray(words.read_bytes())
    struct.pack_into("<Q", data, pieces(bytes(data))[which] + 8, size)
    words.write_bytes(data)
    with pytest.raises(OSError, match="heap of words"), open_hdf5(words):
        pass


def test_sound_words_are_read_and_pixels_are_no_heap(words: Path) -> None:
    with open_hdf5(words) as file:
        assert file["labels"][0, 0] == b"word 0"


def test_a_file_in_chunks_and_one_that_is_empty(tmp_path: Path) -> None:
    """Chunks hold anything; a file without any data has no heap."""
    with h5py.File(tmp_path / "chunks.h5", "w") as file:
        pixels = np.tile(np.frombuffer(HEAP + struct.pack("<Q", 40) + bytes(24), np.uint8), (30, 1))
        file.create_dataset("images", data=pixels, chunks=(7, 40))
        file.create_dataset("nothing", shape=(0, 4), dtype="u1")
    h5py.File(tmp_path / "empty.h5", "w").close()
    for name in ("chunks.h5", "empty.h5"):
        with open_hdf5(tmp_path / name):
            pass


def through(steps) -> None:
    for _ in steps:
        pass


DOORS: dict[str, Callable[[Path, Path], object]] = {
    "arrays": lambda own, _: open_arrays(own, "mine"),
    "preview": lambda own, _: OwnLook(own),
    "recognition": lambda own, _: through(recognise(own)),
    "cache": lambda _, cache: Cache.open(cache),
    "packing": lambda _, cache: through(pack(cache, cache.with_name("again.packed.h5"))),
    "describing": lambda _, cache: describe(cache.with_name("a.packed.h5")),
    "unpacking": lambda _, cache: through(unpack(cache.with_name("a.packed.h5"), cache.with_name("b.h5"))),
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_looks(
    door: str, words: Path, tiny_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With sound files, and a look that finds them damaged."""
    cache = tmp_path / "a.h5"
    cache.write_bytes(tiny_cache.read_bytes())
    through(pack(cache, tmp_path / "a.packed.h5"))

    def damaged(path: Path, _: h5py.File) -> None:
        raise OSError("a heap of words is damaged")

    monkeypatch.setattr(hdf5_heaps, "refuse_endless", damaged)
    with pytest.raises(DatasetError, match="heap of words is damaged"):
        DOORS[door](words, cache)
