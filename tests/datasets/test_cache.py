"""Opening a cache: what is right is read back, what is wrong is refused with the remedy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from datasets.build import Recipe, build
from datasets.cache import VERSION, Cache, Transitions
from datasets.errors import CacheError, DatasetInputError

RECIPE = Recipe("tiny", seed=3, train_pairs=40, validation_pairs=6, test_pairs=9, source="somewhere")


@pytest.fixture
def path(tmp_path: Path, tiny: Callable[..., object]) -> Path:
    """A whole small cache, to be read or spoilt."""
    path = tmp_path / "tiny.h5"
    for _ in build(tiny(), path, RECIPE):  # type: ignore[arg-type]
        pass
    return path


def test_what_was_built_is_read_back(path: Path, tiny: Callable[..., object]) -> None:
    """Name, recipe, factors and texts survive; rows of the splits partition the images."""
    source = tiny()
    with Cache.open(path) as cache:
        assert cache.name == "tiny"
        assert cache.recipe == RECIPE
        assert cache.space == source.space  # type: ignore[attr-defined]
        assert cache.image_shape == (4, 4, 3)
        assert (cache.licence, cache.citation) == ("none needed", "drawn by the tests")
        rows = np.concatenate([cache.rows(split) for split in ("train", "validation", "test")])
        assert sorted(rows.tolist()) == list(range(cache.num_images))
        assert cache.factors.dtype == np.int64


def test_images_are_copies(path: Path) -> None:
    """Writing into what was read changes neither the file nor the next reading."""
    with Cache.open(path) as cache:
        first = cache.images([0, 0])
        first[:] = 77
        assert not (cache.images([0]) == 77).any()


def test_rows_outside_are_refused(path: Path) -> None:
    """Neither a row beyond the end nor a negative one is taken for another image."""
    with Cache.open(path) as cache:
        for row in (cache.num_images, -1):
            with pytest.raises(IndexError, match="rows lie in"):
                cache.images([row])
        assert cache.images([]).shape == (0, 4, 4, 3)


def test_threads_can_read_at_once(path: Path, tiny: Callable[..., object]) -> None:
    """Four threads reading random rows all see the right images."""
    source = tiny()
    wrong: list[int] = []
    with Cache.open(path) as cache:

        def read(seed: int) -> None:
            rng = np.random.default_rng(seed)
            for _ in range(50):
                rows = rng.integers(0, cache.num_images, 16)
                if (cache.images(rows) != source.render(cache.factors[rows])).any():  # type: ignore[attr-defined]
                    wrong.append(seed)

        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_find_knows_what_is_not_there(path: Path) -> None:
    """Factor values that were not drawn have no row; values out of range are refused."""
    with Cache.open(path) as cache:
        grid = set(cache.space.to_index(cache.factors).tolist())
        missing = [i for i in range(cache.space.num_images) if i not in grid]
        assert missing
        assert all(cache.find(cache.space.to_values(i)) is None for i in missing)
        with pytest.raises(DatasetInputError, match="takes values"):
            cache.find([9, 0, 0, 0])


def test_unknown_split(path: Path) -> None:
    """A misspelt split is refused by name."""
    with Cache.open(path) as cache, pytest.raises(DatasetInputError, match="unknown split 'training'"):
        cache.transitions("training")


def test_a_closed_cache_says_so(path: Path) -> None:
    """After close() the images cannot be read, and the file can be replaced."""
    cache = Cache.open(path)
    cache.close()
    with pytest.raises(CacheError, match="is closed"):
        cache.images([0])


def test_reversed_transitions_mean_the_opposite() -> None:
    """Reversing swaps before and after and gives the opposite action; twice is the identity."""
    pairs = Transitions(np.array([0, 1]), np.array([2, 3]), np.array([1, 4]), np.array([4, 1]))
    back = pairs.reversed()
    assert back.before.tolist() == [2, 3]
    assert back.after.tolist() == [0, 1]
    assert back.action.tolist() == [4, 1]
    assert back.reversed().action.tolist() == [1, 4]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _scramble(path: Path) -> None:
    path.write_bytes(b"something else" * 100)


def _edit(change: Callable[[h5py.File], None]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            change(file)

    return spoil


def _set(name: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file.attrs[name] = value

    return change


def _replace(name: str, array: np.ndarray) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = array

    return change


def _drop(name: str) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]

    return change


def _point_outside(file: h5py.File) -> None:
    file["transitions/test/after"][0] = 10**6


def _unknown_action(file: h5py.File) -> None:
    file["transitions/test/action"][0] = 8


def _unknown_split(file: h5py.File) -> None:
    file["splits"][0] = 3


def _value_outside(file: h5py.File) -> None:
    file["factor_values"][0, 0] = 99


def _chunked(file: h5py.File) -> None:
    images = file["images"][...]
    del file["images"]
    file.create_dataset("images", data=images, chunks=(1, 4, 4, 3))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.unlink, "there is no cache at"),
        (_cut, "is cut short"),
        (_scramble, "is not an HDF5 file or is damaged"),
        (_edit(_set("format", "other")), "not a cache of Doscope"),
        (_edit(lambda file: file.attrs.clear()), "not a cache of Doscope"),
        (_edit(_set("version", VERSION + 1)), f"format version {VERSION + 1}, this program reads"),
        (_edit(_set("recipe", "{not json")), "is damaged"),
        (_edit(_set("factors", "[]")), "is damaged"),
        (_edit(_drop("images")), "is damaged"),
        (_edit(_drop("splits")), "is damaged"),
        (_edit(_drop("transitions/validation")), "is damaged"),
        (_edit(_replace("images", np.zeros((3, 4, 4, 3), np.uint8))), "shape (3, 4, 4, 3)"),
        (_edit(_replace("transitions/test/action", np.zeros(2, np.int32))), "differ in length"),
        (_edit(_chunked), "not stored in one piece"),
        (_edit(_point_outside), "points outside the images"),
        (_edit(_unknown_action), "unknown action"),
        (_edit(_unknown_split), "split number is unknown"),
        (_edit(_value_outside), "takes values 0 to 2"),
    ],
)
def test_a_spoilt_cache_is_refused(path: Path, spoil: Callable[[Path], None], words: str) -> None:
    """Each kind of damage is one sentence that names the file and the command that rebuilds it."""
    spoil(path)
    with pytest.raises(CacheError) as caught:
        Cache.open(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    command = f"doscope build NAME --out '{path}'"
    assert f"rebuild it with `{command} --force`" in str(caught.value) or (
        f"build it with `{command}`" in str(caught.value) and not path.exists()
    )
