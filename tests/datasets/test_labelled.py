"""The cache of a labelled set holds all its images, and pairs that are as reported."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

import datasets
from datasets.cache import SPLITS, Cache
from datasets.celeba import CelebaSource
from datasets.errors import DatasetInputError, SourceError
from datasets.labelled import build_labelled
from datasets.recipe import Recipe
from datasets.verify import Findings, verify
from tests.datasets.faces import Faces, jpeg, noise, random_faces, tarred

MANY = 200_000
RECIPE = Recipe("celeba", train_pairs=MANY, attributes=("Male", "Smiling"))


def build(source: Path, out: Path, recipe: Recipe = RECIPE) -> Cache:
    for _ in build_labelled(CelebaSource(source), out, recipe):
        pass
    return Cache.open(out)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty faces; pictures 3 and 50, 4 and 5 are equal. Not to be written to."""
    faces = random_faces(60)
    faces.pictures |= {50: noise(3), 5: noise(4)}
    assert (faces.partitions[3], faces.partitions[50]) == (0, 2)
    faces.present[4:6, 1:3] = [[0, 0], [1, 0]]  # they would be a pair
    return faces.write(tmp_path_factory.mktemp("faces"))


def test_a_cache_of_faces(folder: Path, tmp_path: Path) -> None:
    """All images but the shared one are there in their order, with their values, splits and report."""
    with build(folder, tmp_path / "c.h5") as cache:
        source = CelebaSource(folder)
        labels, kept = source.labels, np.delete(np.arange(60), 3)
        images = dict(source.images(np.arange(60)))
        assert cache.num_images == 59
        assert (cache.images(np.arange(59)) == np.stack([images[row] for row in kept.tolist()])).all()
        assert (cache.factors == labels.present[kept][:, [1, 2]]).all()
        assert (cache.splits == labels.partitions[kept]).all()
        assert cache.space.names == ("Male", "Smiling")
        assert cache.recipe.attributes == ("Male", "Smiling")
        assert "not be passed on" in cache.licence
        assert cache.closure_pairs == 0
        assert cache.null_pairs_dropped == 1
        assert cache.report["shared_images"] == 1
        assert cache.report["constant"] == ["Blurry"]
        assert cache.report["rates"]["Male"] == round(float(labels.present[kept, 1].mean()), 4)
        people = labels.people[kept]  # type: ignore[index]
        for split in SPLITS:
            pairs = cache.transitions(split)
            for action, said in enumerate(cache.report["pairs"][split].values()):
                of = pairs.action == action
                before, after = pairs.before[of], pairs.after[of]
                assert said["pairs"] == of.sum() > 0
                assert said["same_person"] == (people[before] == people[after]).sum()
                differ = labels.present[kept][before] != labels.present[kept][after]
                assert said["other_differences"] == pytest.approx(
                    differ[:, [0, 3]].sum(axis=1).mean(), abs=1e-3
                )
        *_, findings = verify(cache)
        assert isinstance(findings, Findings)
        assert findings.sound
        first = int(np.flatnonzero((cache.factors == [1, 0]).all(axis=1))[0])
        assert cache.find([1, 0]) == first


def test_the_nearest_picture_is_chosen(tmp_path: Path) -> None:
    """Of twelve faces that differ in the same way, the one that looks most alike makes the only pair."""
    number = 13
    present = np.zeros((number + 4, 2), bool)
    present[[0, number, number + 2], 0] = True
    partitions = [0] * number + [1, 1, 2, 2]
    present[number:, 1] = [0, 0, 1, 1]  # or the first attribute's contexts were the same everywhere
    faces = Faces(present, partitions, attributes=("Male", "Other"))
    alike = Image.open(io.BytesIO(noise(0))).convert("RGB")
    alike.paste((0, 0, 0), (80, 100, 90, 110))
    faces.pictures[9] = jpeg(alike)
    recipe = replace(RECIPE, train_pairs=1, attributes=("Male",))
    with build(faces.write(tmp_path), tmp_path / "c.h5", recipe) as cache:
        pairs = cache.transitions("train")
        assert {int(pairs.before[0]), int(pairs.after[0])} == {0, 9}
        assert len(pairs) == 1


def test_the_same_again(folder: Path, tmp_path: Path) -> None:
    """The same arrays from the same recipe, also from an archive in another order; another seed differs."""
    first = build(folder, tmp_path / "a.h5")
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    again = build(tarred(tmp_path / "f.tar.gz", files), tmp_path / "b.h5")
    every = np.arange(first.num_images)
    assert (first.images(every) == again.images(every)).all()
    assert (first.factors == again.factors).all()
    assert first.report == again.report
    other = build(folder, tmp_path / "c.h5", replace(RECIPE, seed=1))
    for split in SPLITS:
        here, there, same = (cache.transitions(split) for cache in (first, other, again))
        for key in ("before", "after", "action"):
            assert (getattr(here, key) == getattr(same, key)).all()
        assert {frozenset(p) for p in zip(here.before, here.after, strict=True)} == {
            frozenset(p) for p in zip(there.before, there.after, strict=True)
        }, "few images: all pairs, whatever the seed"
    assert (first.transitions("train").before != other.transitions("train").before).any()
    assert again.space == first.space


def test_cancelled_and_failed_builds_leave_nothing(folder: Path, tmp_path: Path) -> None:
    """At every report, and after a damaged image, only the older cache is there."""
    out = tmp_path / "o" / "c.h5"
    build(folder, out).close()
    stages = [step.stage for step in build_labelled(CelebaSource(folder), out, RECIPE)]
    assert list(dict.fromkeys(stages)) == ["opening", "reading", "pairing", "writing"]
    for stop_at in range(len(stages)):
        steps: Iterator[object] = build_labelled(CelebaSource(folder), out, RECIPE)
        for _ in range(stop_at + 1):
            next(steps, None)
        steps.close()  # type: ignore[attr-defined]
        assert [path.name for path in out.parent.iterdir()] == ["c.h5"]
    faces = random_faces(60)
    faces.pictures[40] = noise(40)[:900]
    with pytest.raises(SourceError, match=r"000041\.jpg"):
        build(faces.write(tmp_path / "damaged"), out)
    assert [path.name for path in out.parent.iterdir()] == ["c.h5"]


def test_by_name(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry builds it where it looks for it; grids and labelled sets refuse each other's options."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path))
    for _ in datasets.build_steps("celeba", source=folder):
        pass
    with datasets.open_cache("celeba") as cache:
        assert set(cache.recipe.attributes) == {"Bald", "Male", "Smiling"}
        assert cache.recipe.source == str(folder)
        assert Recipe.from_json(json.loads(json.dumps(cache.recipe.to_json()))) == cache.recipe
    assert datasets.info("celeba").place == "folder or archive"
    with pytest.raises(DatasetInputError, match="name their folder or archive with --source"):
        datasets.build_steps("celeba")
    with pytest.raises(DatasetInputError, match="none can be drawn by weights"):
        datasets.make_recipe("celeba", source=folder, images=100)
    with pytest.raises(DatasetInputError, match="'shapes' is a grid"):
        datasets.make_recipe("shapes", attributes=("Male",))
    with pytest.raises(DatasetInputError, match="Male is given 2 times as an attribute"):
        datasets.make_recipe("celeba", source=folder, attributes=("Male", "Male"))


def test_a_cache_without_factor_labels(folder: Path, tmp_path: Path) -> None:
    """Only actions are known: it opens and says so, finds nothing by values, and passes its check."""
    path = tmp_path / "c.h5"
    build(folder, path).close()
    with h5py.File(path, "r+") as file:
        file.attrs["factor_labels"] = False
        del file["factor_values"]
    with Cache.open(path) as cache:
        assert not cache.has_factor_labels
        assert cache.factors.shape == (59, 2)
        assert (cache.factors == -1).all()
        assert cache.find([0, 1]) is None
        assert len(cache.transitions("test")) > 0
        *_, findings = verify(cache)
        assert isinstance(findings, Findings)
        assert findings.sound
