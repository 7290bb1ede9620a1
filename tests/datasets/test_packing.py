"""A packed cache becomes the same cache again, and is small."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import datasets
from cli import door
from datasets.cache import SPLITS
from datasets.errors import CacheError, DatasetError, SourceError
from datasets.packing import pack, unpack

COUNTS = {"train_pairs": 300, "validation_pairs": 10, "test_pairs": 10}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small cache of `shapes`. Not to be written to."""
    path = tmp_path_factory.mktemp("cache") / "shapes.h5"
    for _ in datasets.build_steps("shapes", out=path, **COUNTS):  # type: ignore[arg-type]
        pass
    return path


def test_there_and_back(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command line: small, and afterwards the same in every table, pixel and word."""
    packed, back = tmp_path / "p.h5", tmp_path / "back.h5"
    assert door.run(["pack", str(cache), "--out", str(packed)]) == 0
    assert packed.stat().st_size < cache.stat().st_size / 4  # few images; a tenth with many (benchmarks.data)
    assert door.run(["unpack", str(packed), "--out", str(back)]) == 0
    assert "MB, from" in capsys.readouterr().out
    with datasets.open_cache(cache) as before, datasets.open_cache(back) as after:
        rows = np.arange(before.num_images)
        assert (before.images(rows) == after.images(rows)).all()
        assert (before.factors == after.factors).all()
        assert (before.splits == after.splits).all()
        for split in SPLITS:
            for key in ("before", "after", "action"):
                assert (
                    getattr(before.transitions(split), key) == getattr(after.transitions(split), key)
                ).all()
        assert before.recipe == after.recipe
        assert (before.space, before.licence) == (after.space, after.licence)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["back.h5", "p.h5"]


def test_what_is_refused(cache: Path, tmp_path: Path) -> None:
    """A cache that is not packed, a damaged order, a cut file, a file onto itself; nothing is left."""
    packed, back = tmp_path / "p.h5", tmp_path / "back.h5"
    with pytest.raises(SourceError, match="is not a packed data set"):
        list(unpack(cache, back))
    list(pack(cache, packed))
    with pytest.raises(CacheError, match="the packed file itself"):
        list(unpack(packed, packed))
    with pytest.raises(CacheError, match="the cache itself"):
        list(pack(cache, cache))
    whole = packed.read_bytes()
    with h5py.File(packed, "r+") as file:
        file["order"][0] = file["order"][1]
    with pytest.raises(SourceError, match="damaged \\(its order\\)"):
        list(unpack(packed, back))
    packed.write_bytes(whole)
    with h5py.File(packed, "r+") as file:
        file["splits"][0] = 9
    with pytest.raises(SourceError, match="a split number is unknown"):
        list(unpack(packed, back))
    packed.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match=r"cut short|damaged"):
        list(unpack(packed, back))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.h5"]


def test_cancelled(cache: Path, tmp_path: Path) -> None:
    """Closing either leaves nothing."""
    steps = pack(cache, tmp_path / "p.h5")
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []
