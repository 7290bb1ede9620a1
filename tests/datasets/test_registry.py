"""Names lead to sources and caches, and looking a name up is cheap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import datasets
from datasets.errors import CacheError, DatasetInputError, SourceError
from datasets.home import caches_dir, doscope_home, runs_dir


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_home_follows_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOSCOPE_HOME moves caches and runs; without it the platform's folder is used; nothing is made."""
    assert doscope_home() == home
    assert caches_dir() == home / "datasets"
    assert runs_dir() == home / "runs"
    assert not home.exists()
    monkeypatch.setenv("DOSCOPE_HOME", "~/somewhere")
    assert doscope_home() == Path.home() / "somewhere"
    monkeypatch.delenv("DOSCOPE_HOME")
    assert doscope_home().name == "doscope"


def test_importing_is_light() -> None:
    """Looking up names and spaces loads neither h5py nor torch, and importing loads no Pillow."""
    code = (
        "import sys, datasets; assert 'PIL' not in sys.modules; datasets.info('shapes'); datasets.names();"
        "assert not {'h5py', 'torch', 'PySide6'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=60)


@pytest.mark.parametrize("name", datasets.names())
def test_info(name: str, home: Path) -> None:
    """Every data set can be described without its files, and says where its cache would be."""
    info = datasets.info(name)
    assert info.name == name
    assert info.image_shape == (64, 64, 3)
    assert info.cache == home / "datasets" / f"{name}.h5"
    assert not info.built
    assert info.licence
    assert info.citation
    assert info.needs_source == (name not in ("shapes", "pendulum"))
    usual = {"pendulum": 2000, "sprites": 2000, "own": 20_000}.get(name, 4000)
    assert datasets.default_recipe(name).test_pairs == usual


def test_resolve(home: Path, tmp_path: Path) -> None:
    """A bare name is a cache in the home, a path stays a path, any other word is refused with the list."""
    assert datasets.resolve("shapes") == home / "datasets" / "shapes.h5"
    assert datasets.resolve("some/where.h5") == Path("some/where.h5")
    with pytest.raises(
        DatasetInputError, match="unknown data set 'cars'; choose one of shapes, pendulum, sprites"
    ):
        datasets.resolve("cars")
    with pytest.raises(DatasetInputError, match="unknown data set 'cars'"):
        datasets.info("cars")


def test_a_cache_that_is_not_built(home: Path) -> None:
    """Opening by name before building says how to build."""
    with pytest.raises(CacheError, match=r"there is no cache at .*shapes\.h5'; .*`doscope build shapes`"):
        datasets.open_cache("shapes")
    with pytest.raises(CacheError, match=r"; build it with `doscope build sprites --source FOLDER`$"):
        datasets.open_cache("sprites")
    caches_dir().mkdir(parents=True)
    (caches_dir() / "shapes.h5").write_bytes(b"cut")
    with pytest.raises(CacheError, match=r"; rebuild it with `doscope build shapes --force`$"):
        datasets.open_cache("shapes")


def test_sprites_need_a_folder(tmp_path: Path) -> None:
    """Sprites without a folder, or with a wrong one, are refused before anything is written."""
    with pytest.raises(DatasetInputError, match="name their folder with --source FOLDER"):
        datasets.make_source("sprites")
    with pytest.raises(SourceError, match="has no folder 'bottomwear'"):
        datasets.build_steps("sprites", source=tmp_path)


def test_build_and_open_by_name(home: Path, tmp_path: Path) -> None:
    """build_steps(name) builds where open_cache(name) looks, with the asked counts; `out` goes elsewhere."""
    counts = {"train_pairs": 12, "validation_pairs": 2, "test_pairs": 3}
    for _ in datasets.build_steps("shapes", seed=5, **counts):  # type: ignore[arg-type]
        pass
    with datasets.open_cache("shapes") as cache:
        assert cache.recipe.to_json() == {"name": "shapes", "seed": 5, "source": "", **counts}
        assert len(cache.transitions("test")) == 3
        source = datasets.make_source("shapes")
        assert (cache.images([0, 5]) == source.render(cache.factors[[0, 5]])).all()
        assert isinstance(cache.find(cache.factors[4]), int)
    assert datasets.info("shapes").built
    out = tmp_path / "elsewhere" / "mine.h5"
    for _ in datasets.build_steps("shapes", out=out, **counts):  # type: ignore[arg-type]
        pass
    with datasets.open_cache(str(out)) as cache:
        assert cache.path == out
        assert np.bincount(cache.splits).tolist()[0] >= 12


def test_sprites_recipe_names_its_source(sheets: Path, tmp_path: Path) -> None:
    """The cache of an imported set remembers the folder that it came from."""
    steps = datasets.build_steps(
        "sprites", source=sheets, out=tmp_path / "s.h5", train_pairs=5, validation_pairs=2, test_pairs=2
    )
    stages = {step.stage for step in steps}
    assert stages == {"reading", "rendering", "writing"}
    with datasets.open_cache(tmp_path / "s.h5") as cache:
        assert cache.recipe.source == str(sheets)
