"""An import that was interrupted is gone on with, and comes to the same as one that was not."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import datasets
from datasets import kept_import
from datasets.cache import Cache
from datasets.errors import DatasetError
from datasets.writer import Progress
from tests.datasets import set_files as files

COUNTS = {"train_pairs": 12, "validation_pairs": 2, "test_pairs": 2}
SETS: dict[str, tuple[str, Callable[..., files.Written]]] = {
    "hdf5": ("3dshapes", files.write_shapes3d),
    "npz, some left out": ("dsprites", files.write_dsprites),
    "matrices": ("smallnorb", files.write_smallnorb),
    "archive": ("cars3d", files.write_cars3d),
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few images, a report after each, and notes at once."""
    monkeypatch.setattr("datasets.arrays._BLOCK", 5 * 64 * 64)
    monkeypatch.setattr("datasets.hdf5_arrays._BLOCK", 1)
    monkeypatch.setattr("datasets.importers.smallnorb._ROWS", 5)
    monkeypatch.setattr("datasets.stored._REPORT_S", 0.0)
    monkeypatch.setattr(kept_import, "SAVE_S", 0.0)


def steps(name: str, source: Path, out: Path) -> Iterator[Progress]:
    recipe = datasets.make_recipe(name, source=source, **COUNTS)  # type: ignore[arg-type]
    return datasets.build_recipe(recipe, out)


def until_importing(going: Iterator[Progress], share: float = 0.6) -> Progress:
    return next(p for p in going if p.stage == "importing" and p.done >= share * p.total)


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(".*"))


def same(one: Path, other: Path) -> bool:
    with Cache.open(one) as a, Cache.open(other) as b:
        rows = np.arange(a.num_images)
        return bool((a.images(rows) == b.images(rows)).all() and (a.factors == b.factors).all())


@pytest.mark.parametrize("kind", SETS)
def test_it_goes_on_where_it_was(tmp_path: Path, kind: str) -> None:
    """Cancelled in the middle; what was there is not done again, and nothing is left at the end."""
    name, write = SETS[kind]
    source, whole, out = write(tmp_path)[0], tmp_path / "whole.h5", tmp_path / "out" / "cache.h5"
    list(steps(name, source, whole))
    going = steps(name, source, out)
    until_importing(going)
    going.close()  # type: ignore[attr-defined]
    assert len(hidden(out.parent)) == 3, "images, notes and the lock's file"
    (notes,) = out.parent.glob(".*.npz")
    with np.load(notes) as noted:
        there = int(np.unpackbits(noted["seen"]).sum())
    assert there > 0
    going = steps(name, source, out)
    assert until_importing(going, 0).done >= there
    going.close()  # type: ignore[attr-defined]
    list(steps(name, source, out))
    assert same(out, whole)
    assert hidden(out.parent) == []


def test_it_goes_on_after_a_kill(tmp_path: Path) -> None:
    """What a killed process leaves: files without a whole last block, and no lock."""
    source, _ = files.write_shapes3d(tmp_path)
    whole, out = tmp_path / "whole.h5", tmp_path / "out" / "cache.h5"
    list(steps("3dshapes", source, whole))
    going = steps("3dshapes", source, tmp_path / "killed" / "cache.h5")
    until_importing(going)
    out.parent.mkdir()
    for name in hidden(tmp_path / "killed"):
        if not name.endswith(".lock"):
            shutil.copy(tmp_path / "killed" / name, out.parent / name)
    going.close()  # type: ignore[attr-defined]
    assert until_importing(steps("3dshapes", source, out), 0).done > 0
    list(steps("3dshapes", source, out))
    assert same(out, whole)


def test_cancelled_while_pairs_are_drawn(tmp_path: Path) -> None:
    """All images are there then, and none is read again."""
    source, _ = files.write_shapes3d(tmp_path)
    going = steps("3dshapes", source, tmp_path / "out" / "cache.h5")
    next(p for p in going if p.stage == "rendering")
    going.close()  # type: ignore[attr-defined]
    stages = [(p.stage, p.done) for p in steps("3dshapes", source, tmp_path / "out" / "cache.h5")]
    assert [done for stage, done in stages if stage == "importing"] == [96]
    assert hidden(tmp_path / "out") == []


def test_another_file_begins_anew(tmp_path: Path) -> None:
    """One that was written since, even of the same size."""
    source, _ = files.write_shapes3d(tmp_path)
    going = steps("3dshapes", source, tmp_path / "out" / "cache.h5")
    until_importing(going)
    going.close()  # type: ignore[attr-defined]
    os.utime(source, ns=(1, 1))
    assert until_importing(steps("3dshapes", source, tmp_path / "out" / "cache.h5"), 0).done < 30


def test_two_at_once(tmp_path: Path) -> None:
    """The second one shares nothing with the first, and keeps nothing."""
    source, _ = files.write_shapes3d(tmp_path)
    one, other = (steps("3dshapes", source, tmp_path / "out" / f"{n}.h5") for n in "ab")
    until_importing(one)
    until_importing(other)
    list(other)
    list(one)
    assert same(tmp_path / "out" / "a.h5", tmp_path / "out" / "b.h5")
    assert hidden(tmp_path / "out") == []


def test_what_nobody_goes_on_with_is_removed(tmp_path: Path) -> None:
    """After a day, at the next import of anything; a damaged one is not kept at all."""
    source, _ = files.write_shapes3d(tmp_path)
    going = steps("3dshapes", source, tmp_path / "out" / "cache.h5")
    until_importing(going)
    going.close()  # type: ignore[attr-defined]
    (kept,) = (tmp_path / "out").glob(".*.import")
    old = time.time() - kept_import.KEPT_S - 60
    os.utime(kept, (old, old))
    kept_import.remove_forgotten(tmp_path / "out")
    assert hidden(tmp_path / "out") == []
    cut = tmp_path / "cut.h5"
    cut.write_bytes(source.read_bytes()[:-2000])
    with pytest.raises(DatasetError):
        list(steps("3dshapes", cut, tmp_path / "out" / "cache.h5"))
    assert hidden(tmp_path / "out") == []


@pytest.mark.parametrize("harm", ["notes", "images"])
def test_damaged_notes_begin_anew(tmp_path: Path, harm: str) -> None:
    source, _ = files.write_shapes3d(tmp_path)
    whole, out = tmp_path / "whole.h5", tmp_path / "out" / "cache.h5"
    list(steps("3dshapes", source, whole))
    going = steps("3dshapes", source, out)
    until_importing(going)
    going.close()  # type: ignore[attr-defined]
    (kept,) = out.parent.glob(".*.import")
    (kept if harm == "images" else kept.with_name(kept.name + ".npz")).write_bytes(b"")
    list(steps("3dshapes", source, out))
    assert same(out, whole)
