"""Building a cache: exact counts, disjoint splits, same seed same bytes, and nothing left behind."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datasets.build
from datasets.build import Recipe, build
from datasets.cache import SPLITS, Cache
from datasets.errors import CacheError, DatasetInputError

RECIPE = Recipe("tiny", seed=3, train_pairs=40, validation_pairs=6, test_pairs=9)


def built(source: object, path: Path, recipe: Recipe = RECIPE) -> Cache:
    for _ in build(source, path, recipe):  # type: ignore[arg-type]
        pass
    return Cache.open(path)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), hidden=st.sampled_from([(), (2,), (0,)]))
def test_splits_share_nothing(
    tmp_path: Path, tiny: Callable[..., object], seed: int, hidden: tuple[int, ...]
) -> None:
    """For any seed, and with factors that leave no trace: no content, no image and no pair in two splits."""
    recipe = Recipe("tiny", seed=seed, train_pairs=60, validation_pairs=8, test_pairs=10)
    with built(tiny((4, 5, 3, 4), hidden), tmp_path / f"{seed}.h5", recipe) as cache:
        content: dict[bytes, int] = {}
        for row, pixels in enumerate(cache.images(np.arange(cache.num_images))):
            assert content.setdefault(pixels.tobytes(), cache.splits[row]) == cache.splits[row]
        grid = cache.space.to_index(cache.factors)
        assert len(set(grid.tolist())) == cache.num_images
        seen: set[frozenset[int]] = set()
        for number, split in enumerate(SPLITS):
            pairs = cache.transitions(split)
            assert (cache.splits[pairs.before] == number).all()
            assert (cache.splits[pairs.after] == number).all()
            keys = {frozenset(pair) for pair in zip(pairs.before.tolist(), pairs.after.tolist(), strict=True)}
            assert len(keys) == len(pairs)
            assert not keys & seen
            seen |= keys


@pytest.mark.parametrize("hidden", [(), (2,)])
def test_each_transition_is_what_it_says(
    tmp_path: Path, tiny: Callable[..., object], hidden: tuple[int, ...]
) -> None:
    """The asked counts are met exactly, actions match the factor values, and no pair is null."""
    source = tiny((4, 5, 3, 4), hidden)
    with built(source, tmp_path / "tiny.h5") as cache:
        counts = {split: len(cache.transitions(split)) for split in SPLITS}
        assert counts == {"train": 40 + cache.closure_pairs, "validation": 6, "test": 9}
        assert cache.closure_pairs > 0
        for split in SPLITS:
            pairs = cache.transitions(split)
            step = cache.factors[pairs.after] - cache.factors[pairs.before]
            for row, action in zip(step, pairs.action, strict=True):
                factor, direction = cache.space.factor_of_action(int(action))
                assert row[factor] == direction
                assert np.abs(row).sum() == 1
            changed = cache.images(pairs.before) != cache.images(pairs.after)
            assert changed.any(axis=(1, 2, 3)).all()
        assert (cache.null_pairs_dropped > 0) == bool(hidden)


def test_images_are_those_of_their_factor_values(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Each stored image is what the source draws for the stored factor values; find() leads to it."""
    source = tiny()
    with built(source, tmp_path / "tiny.h5") as cache:
        everything = np.arange(cache.num_images)
        assert (cache.images(everything) == source.render(cache.factors)).all()  # type: ignore[attr-defined]
        assert [cache.find(values) for values in cache.factors] == everything.tolist()


def test_closure_is_complete(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Every pair of neighbours among the training images is a training transition."""
    with built(tiny(), tmp_path / "tiny.h5") as cache:
        rows = cache.rows("train")
        apart = np.abs(cache.factors[rows][:, None] - cache.factors[rows][None]).sum(-1)
        assert (apart == 1).sum() // 2 == len(cache.transitions("train"))


def test_the_same_seed_gives_the_same_bytes_whatever_the_pace(
    tmp_path: Path, tiny: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache depends on source and recipe only, not on how fast the machine was; another seed differs."""

    def arrays(path: Path) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        with h5py.File(path) as file:
            file.visititems(
                lambda name, node: (
                    found.update({name: node[...].tobytes()}) if isinstance(node, h5py.Dataset) else None
                )
            )
        return found

    built(tiny(), tmp_path / "a.h5").close()
    monkeypatch.setattr(datasets.build, "_MAX_SLICE", 3)
    built(tiny(), tmp_path / "b.h5").close()
    assert arrays(tmp_path / "a.h5") == arrays(tmp_path / "b.h5")
    built(tiny(), tmp_path / "c.h5", Recipe("tiny", 4, 40, 6, 9)).close()
    assert arrays(tmp_path / "c.h5")["factor_values"] != arrays(tmp_path / "a.h5")["factor_values"]


def test_progress_is_honest(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Counts only grow, each stage ends at its total, and rates are positive once something is done."""
    steps = list(build(tiny(), tmp_path / "tiny.h5", RECIPE))  # type: ignore[arg-type]
    for stage in ("rendering", "writing"):
        counts = [step.done for step in steps if step.stage == stage]
        assert counts == sorted(counts)
        assert counts[-1] == next(step.total for step in steps if step.stage == stage)
    assert [s.stage for s in steps] == sorted((s.stage for s in steps), key=["rendering", "writing"].index)
    assert all(step.rate > 0 for step in steps if step.done)
    assert steps[-1].remaining_s == 0


def test_a_cancelled_build_leaves_nothing(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Closing the iterator at any report removes what was written and keeps the older cache."""
    path = tmp_path / "tiny.h5"
    built(tiny(), path).close()
    before = path.read_bytes()
    for stop_at in range(len(list(build(tiny(), path, RECIPE)))):  # type: ignore[arg-type]
        steps = build(tiny(), path, RECIPE)  # type: ignore[arg-type]
        for _ in range(stop_at + 1):
            next(steps)
        steps.close()  # type: ignore[attr-defined]
        assert [p.name for p in tmp_path.iterdir()] == ["tiny.h5"]
    assert path.stat().st_size == len(before)


@pytest.mark.parametrize("where", ["build._accept", "writer._write_tables", "writer._copy"])
def test_a_full_disk_is_said_and_cleaned_up(
    tmp_path: Path, tiny: Callable[..., object], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """When the disk fills up, the sentence names file, cause and remedy, and nothing partial stays."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"datasets.{where}", full)
    with pytest.raises(CacheError) as caught:
        built(tiny(), tmp_path / "tiny.h5")
    assert "tiny.h5" in str(caught.value)
    assert "No space left on device" in str(caught.value)
    assert "free some space" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_build_are_removed(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Scratch files that nobody wrote to for hours go; those of a build that runs now stay."""
    old, fresh = tmp_path / ".tiny.h5.abc.images", tmp_path / ".tiny.h5.def.partial"
    for path in (old, fresh):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 9000, time.time() - 9000))
    built(tiny(), tmp_path / "tiny.h5").close()
    assert not old.exists()
    assert fresh.exists()


def test_a_folder_is_no_place_for_a_cache(tmp_path: Path, tiny: Callable[..., object]) -> None:
    """Naming a folder as the file is refused before any work."""
    with pytest.raises(CacheError, match="is a folder; name the file to write"):
        next(build(tiny(), tmp_path, RECIPE))  # type: ignore[arg-type, call-overload]


@pytest.mark.parametrize(("train", "words"), [(10_000, "pairs of neighbours"), (290, "ask for fewer pairs")])
def test_a_grid_that_is_too_small_is_refused(
    tmp_path: Path, tiny: Callable[..., object], train: int, words: str
) -> None:
    """Too many pairs for the grid, or for what other splits leave of it, is a sentence and no file."""
    with pytest.raises(DatasetInputError, match=words):
        built(tiny(), tmp_path / "tiny.h5", Recipe("tiny", 0, train, 3, 3))
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_is_checked() -> None:
    """Impossible counts, seeds and unknown keys are refused by name."""
    with pytest.raises(DatasetInputError, match="0 test pairs"):
        Recipe("tiny", test_pairs=0)
    with pytest.raises(DatasetInputError, match="seed -1 is negative"):
        Recipe("tiny", seed=-1)
    with pytest.raises(DatasetInputError, match="no place for colour = 3"):
        Recipe.from_json({"name": "tiny", "colour": 3})
    with pytest.raises(DatasetInputError, match="needs the name"):
        Recipe.from_json({"seed": 3})
    assert Recipe.from_json(RECIPE.to_json()) == RECIPE
