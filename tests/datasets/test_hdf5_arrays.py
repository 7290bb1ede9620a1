"""Streaming gives the images that the HDF5 library gives, however they are stored."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from datasets import hdf5_arrays
from datasets.arrays import open_arrays
from datasets.errors import SourceError
from tests.datasets.set_files import noise

LAYOUTS: dict[str, dict[str, Any]] = {
    "some pixels of many images": {"chunks": (20, 4, 8, 1), "compression": "gzip"},
    "pieces that stick out": {"chunks": (7, 5, 7, 2), "compression": "gzip"},
    "one image": {"chunks": (1, 16, 24, 3), "compression": "gzip", "shuffle": True},
    "not packed": {"chunks": (16, 16, 24, 3)},
    "check sums": {"chunks": (16, 8, 8, 3), "fletcher32": True},
    "another way of packing": {"chunks": (16, 8, 8, 3), "compression": "lzf"},
    "in one piece": {},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("grey", [False, True])
def test_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, grey: bool) -> None:
    """Every image once and in order, over several blocks, with no thread left over."""
    monkeypatch.setattr(hdf5_arrays, "_BLOCK", 16 * 24 * 25)
    monkeypatch.setattr(hdf5_arrays, "_SLAB", 3)
    stored, options = noise((61, 16, 24, 3)), dict(LAYOUTS[layout])
    if grey:
        stored = stored[..., 0]
        options = {k: v[:3] if k == "chunks" else v for k, v in options.items()}
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("images", data=stored, **options)
    images = open_arrays(tmp_path / "x.h5", "x").images("images")
    assert (images.rows, images.shape) == (61, (16, 24, 1 if grey else 3))
    blocks = [(first, block.copy()) for first, block in images.blocks() if len(block)]
    assert len(blocks) > 1
    assert (np.concatenate([block for _, block in blocks]) == stored.reshape(61, 16, 24, -1)).all()
    assert [first for first, _ in blocks] == np.cumsum([0, *[len(b) for _, b in blocks[:-1]]]).tolist()
    assert threading.active_count() == 1 or "ThreadPool" not in str(threading.enumerate())


def test_a_missing_chunk(tmp_path: Path) -> None:
    """Images that were never written are not taken for black ones."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        data = file.create_dataset("images", (40, 8, 8, 3), np.uint8, chunks=(10, 8, 8, 3))
        data[:20] = 7
    with pytest.raises(SourceError, match="damaged or cut short"):
        list(open_arrays(tmp_path / "x.h5", "x").images("images").blocks())


def test_stopping_early(tmp_path: Path) -> None:
    """Closing the stream closes the file and ends the threads."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("images", data=noise((40, 8, 8, 3)), chunks=(10, 8, 8, 3), compression="gzip")
    blocks = open_arrays(tmp_path / "x.h5", "x").images("images").blocks()
    next(blocks)
    blocks.close()  # type: ignore[attr-defined]
    assert "ThreadPool" not in str(threading.enumerate())
    with h5py.File(tmp_path / "x.h5", "a") as file:
        del file["images"]
