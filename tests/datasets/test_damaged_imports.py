"""Damaged files end in a cache or in a sentence, and leave nothing; scripts/fuzz_importers.py has more."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datasets
from datasets.errors import DatasetError
from tests.datasets import set_files as files

Edit = tuple[float, int, int]  # where (as a part of the length), how many bytes, what is put there

EDITS = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 1), st.floats(0, 0.01), st.floats(0.98, 1)),
        st.integers(0, 64),
        st.integers(-1, 255),
    ),
    min_size=1,
    max_size=4,
)
WRITERS: dict[str, Callable[[Path], files.Written]] = {
    "3dshapes": files.write_shapes3d,
    "dsprites": files.write_dsprites,
    "smallnorb": files.write_smallnorb,
    "cars3d": files.write_cars3d,
}


def edited(data: bytes, edits: list[Edit]) -> bytes:
    """Bytes replaced by a value, or with -1 cut out."""
    changed = bytearray(data)
    for where, length, value in edits:
        at = int(where * len(changed))
        length = len(changed[at : at + length])
        changed[at : at + length] = b"" if value < 0 else bytes([value]) * length
    return bytes(changed)


def build(name: str, source: Path, folder: Path) -> str:
    """How a build ends; only the cache may be new in the folder."""
    before = set(folder.rglob("*"))
    try:
        recipe = datasets.make_recipe(name, source=source, train_pairs=5, validation_pairs=1, test_pairs=1)
        for _ in datasets.build_recipe(recipe, folder / "cache.h5"):
            pass
    except DatasetError:
        assert set(folder.rglob("*")) == before
        return "refused"
    assert set(folder.rglob("*")) - before == {folder / "cache.h5"}
    return "built"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sound files of each set."""
    folder = tmp_path_factory.mktemp("sound")
    for name, write in WRITERS.items():
        (folder / name).mkdir()
        write(folder / name)
    return folder


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=12, deadline=None)
@given(edits=EDITS, choice=st.integers(0, 2))
def test_damaged_files(sound: Path, name: str, edits: list[Edit], choice: int) -> None:
    """As they lie on the disk."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(shutil.copytree(sound / name, Path(work) / "in"))
        victims = sorted(folder.glob("*training*")) or sorted(folder.iterdir())
        victim = victims[choice % len(victims)]
        victim.write_bytes(edited(victim.read_bytes(), edits))
        build(name, folder if len(victims) > 1 else victim, folder)


@settings(max_examples=25, deadline=None)
@given(edits=EDITS, victim=st.sampled_from(["imgs.npy", "latents_values.npy", "metadata.npy"]))
def test_damaged_arrays(sound: Path, edits: list[Edit], victim: str) -> None:
    """An array that is damaged inside an archive that is sound; what is never read does not matter."""
    with zipfile.ZipFile(sound / "dsprites" / "dsprites.npz") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with tempfile.TemporaryDirectory() as work:
        parts[victim] = edited(parts[victim], edits)
        ending = build("dsprites", files.zip_of(Path(work) / "x.npz", parts), Path(work))
        assert ending == "built" or victim != "metadata.npy"


@settings(max_examples=25, deadline=None)
@given(edits=EDITS, part=st.sampled_from(["dat", "cat", "info"]))
def test_damaged_matrices(edits: list[Edit], part: str) -> None:
    """SmallNORB's matrices, damaged before they are packed: headers with any sizes."""
    with tempfile.TemporaryDirectory() as work:
        files.write_smallnorb(Path(work), harm={part: lambda data: edited(data, edits)})
        build("smallnorb", Path(work), Path(work))
