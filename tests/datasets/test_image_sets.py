"""Imported sets that are no grid: small folders in the exact form, and what is wrong with others."""

from __future__ import annotations

import tarfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import datasets
from datasets.cache import SPLITS, Cache
from datasets.errors import DatasetError, DatasetInputError
from datasets.importers import causal3dident
from datasets.recognition import recognise
from tests.datasets.set_files import npy

OPEN_HEADER = b"\x93NUMPY\x01\x00\x30\x00{'descr': '<f8', 'fortran_order': False, 'shape': ("  # no end
Written = dict[tuple[int, ...], np.ndarray]  # factor values -> pixels of the cache


def built(name: str, source: Path, folder: Path, **more: Any) -> Cache:
    recipe = datasets.make_recipe(name, source=source, **more)
    for _ in datasets.build_recipe(recipe, folder / "cache.h5"):
        pass
    return datasets.open_cache(folder / "cache.h5")


def check(cache: Cache, wanted: Written) -> None:
    """Every image is there with its values, and each pair differs by one step of one factor."""
    assert {tuple(row) for row in cache.factors.tolist()} == set(wanted)
    for row, values in enumerate(cache.factors.tolist()):
        assert (cache.images([row])[0] == wanted[tuple(values)]).all()
    for split in SPLITS:
        pairs = cache.transitions(split)
        assert len(pairs)
        step = np.abs(cache.factors[pairs.after] - cache.factors[pairs.before])
        assert (step.sum(axis=1) == 1).all()


def rgba(path: Path, seed: int, side: int = 96) -> np.ndarray:
    """A picture of one colour as matplotlib saves it, with an alpha channel; its pixels in the cache."""
    colour = np.random.default_rng(seed).integers(0, 256, 3)
    image = Image.new("RGBA", (side, side), (*colour.tolist(), 255))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return np.broadcast_to(colour.astype(np.uint8), (64, 64, 3))


def write_pendulum(folder: Path) -> Written:
    """Angles below and above zero, lights with a gap; every fourth image in `test`, as by the script."""
    wanted: Written = {}
    angles, lights = (-40, -39, -2, -1, 0, 1, 42, 43), (60, 61, 98, 99, 101, 102, 146, 147)
    for n, ((a, angle), (b, light)) in enumerate(product(enumerate(angles), enumerate(lights))):
        part = "test" if n % 4 == 3 else "train"
        name = f"a_{angle}_{light}_{3 + n}_{-5 + n}.png"
        wanted[a, b] = rgba(folder / "pendulum" / part / name, n)
    rgba(folder / "flow_noise" / "train" / "a_5_10_7_6.png", 99)
    (folder / "pendulum" / "train" / "notes.txt").write_text("nothing")
    return wanted


def write_flow(folder: Path) -> Written:
    """One name in both folders, with other noise: the first takes part."""
    wanted: Written = {}
    for n, (r, h, hole) in enumerate(product(range(3), range(4), range(3))):
        reach = 20 + 3 * h - hole
        name = f"a_{5 + r}_{10 + h}_{reach}_{6 + hole}.png"
        wanted[r, h, hole] = rgba(folder / "flow_noise" / ("train" if n % 4 else "test") / name, n)
    rgba(folder / "flow_noise" / "train" / "a_5_10_20_6.png", 77)  # beside the one in test
    rgba(folder / "pendulum" / "train" / "a_-40_60_3_1.png", 98)
    return wanted


@pytest.mark.parametrize(("packed", "inner"), [(False, False), (True, True)])
def test_pendulum(tmp_path: Path, packed: bool, inner: bool) -> None:
    """Angle and light are the factors, negative ones too; the other set in the same folder is left alone."""
    wanted = write_pendulum(tmp_path / "causal_data")
    source = tmp_path / "causal_data" / "pendulum" if inner else tmp_path / "causal_data"
    if packed:
        with tarfile.open(tmp_path / "x.tar.gz", "w:gz", compresslevel=1) as archive:
            archive.add(source, source.name)
        source = tmp_path / "x.tar.gz"
    with built("causalvae_pendulum", source, tmp_path, seed=2) as cache:
        check(cache, wanted)
        assert cache.space.names == ("angle", "light")
        assert cache.space.factors[0].values == ("-40", "-39", "-2", "-1", "0", "1", "42", "43")
        assert "MIT" in cache.licence
        assert any("no factors" in note for note in cache.report["notes"])


def test_larger_steps_of_the_pendulum(tmp_path: Path) -> None:
    """Neighbouring angles look alike; the rules of pairs hold here too."""
    write_pendulum(tmp_path / "data")
    rules = {"seed": 6, "steps": ["angle=2"], "hold_out": [{"light": ["60", "61"]}]}
    with built("causalvae_pendulum", tmp_path / "data", tmp_path, **rules) as cache:
        pairs = cache.transitions("train")
        step = np.abs(cache.factors[pairs.after] - cache.factors[pairs.before])
        assert set(step[:, 0]) == {0, 2}
        assert set(cache.factors[cache.rows("test"), 1]) == {0, 1}
        assert 0 not in cache.factors[cache.rows("train"), 1]


def test_flow(tmp_path: Path) -> None:
    """Radius, height and hole; the reach follows from them. A name in both folders is one image."""
    wanted = write_flow(tmp_path / "data")
    with built("causalvae_flow", tmp_path / "data", tmp_path) as cache:
        assert cache.space.names == ("ball_radius", "water_height", "hole")
        assert cache.report["same_labels"] == 1
        doubled = tuple(cache.factors[0].tolist())
        assert doubled == (0, 0, 0)
        wanted[0, 0, 0] = cache.images([0])[0]
        check(cache, wanted)


def write_ident(folder: Path, classes: int = 2) -> Written:
    """Two bins of three latents and of the class, in both parts; numbers padded with zeros, rows shuffled."""
    wanted: Written = {}
    every = np.array(list(product((0, 1, 2), repeat=3)))
    for part in ("trainset", "testset"):
        for c in range(classes):
            values = every[(every.sum(axis=1) % 3 == 0) == (part == "testset")]
            values = np.random.default_rng(c).permutation(values)
            latents = np.zeros((len(values), 10))
            latents[:, [0, 3, 9]] = values * 2 / 3 - 0.9  # inside the bins
            (folder / part).mkdir(parents=True, exist_ok=True)
            (folder / part / f"raw_latents_{c}.npy").write_bytes(npy(latents))
            for row, (x, rotation, hue) in enumerate(values.tolist()):
                pixels = rgba(folder / part / f"images_{c}" / f"{row:02d}.png", len(wanted) + 1000, 224)
                wanted[c, x, rotation, hue] = pixels
    return wanted


def test_causal3dident(tmp_path: Path) -> None:
    """Latents in three bins; testset is the test, and a part of trainset the validation."""
    wanted = write_ident(tmp_path / "data")
    with built("causal3dident", tmp_path / "data", tmp_path, seed=1) as cache:
        assert cache.num_images == len(wanted)
        check(cache, wanted)
        assert cache.space.names == ("class", "position_x", "rotation_1", "hue_3")
        assert any("spotlight has one value only" in note for note in cache.report["notes"])
        tested = cache.factors[:, 1:].sum(axis=1) % 3 == 0
        assert ((cache.splits == 2) == tested).all()
        assert (cache.splits == 1).any()
        assert cache.space.factors[0].kind == "nominal"
        assert cache.space.factors[2].kind == "cyclic"


@pytest.mark.parametrize(
    ("name", "write", "harm", "words"),
    [
        ("causalvae_pendulum", write_flow, "flow_noise", "has no image whose name is like"),
        ("causal3dident", write_flow, "flow_noise", "has no raw_latents_0.npy with images_0 beside it"),
        ("causal3dident", write_ident, {"raw_latents_0.npy": b"<html>"}, "is no array of numbers"),
        ("causal3dident", write_ident, {"raw_latents_0.npy": OPEN_HEADER}, "is no array of numbers"),
        (
            "causal3dident",
            write_ident,
            {"raw_latents_0.npy": npy(np.zeros((9, 7)))},
            "shape .9, 7. instead of 10",
        ),
        ("causal3dident", write_ident, {"raw_latents_1.npy": npy(np.full((18, 10), 2.0))}, "outside -1 to 1"),
        (
            "causal3dident",
            write_ident,
            {"raw_latents_1.npy": npy(np.zeros((3, 10)))},
            "has no row in trainset",
        ),
        (
            "causal3dident",
            write_ident,
            {"raw_latents_1.npy": npy(np.full((18, 10), np.nan))},
            "outside -1 to 1",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, write: object, harm: object, words: str) -> None:
    """Other files, and damaged ones."""
    write(tmp_path / "data")  # type: ignore[operator]
    source = tmp_path / "data"
    if isinstance(harm, str):
        source = source / harm
    else:
        for file, data in harm.items():  # type: ignore[attr-defined]
            (source / "trainset" / file).write_bytes(data)
    with pytest.raises(DatasetError, match=words):
        built(name, source, tmp_path)
    assert not list(tmp_path.glob("*.h5"))


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    """Latents that hold objects are refused."""
    write_ident(tmp_path / "data", 1)
    np.save(tmp_path / "data" / "trainset" / "raw_latents_0.npy", np.array([{}], object))
    with pytest.raises(DatasetError, match="is no array of numbers"):
        causal3dident.open_causal3dident(tmp_path / "data")


@pytest.mark.parametrize(
    "options", [{"images": 10}, {"frequency": "natural"}, {"stride": 2}, {"kinds": ["a=b"]}]
)
def test_what_is_for_other_sets_is_refused(options: dict[str, Any]) -> None:
    """With the option to leave out."""
    with pytest.raises(DatasetInputError, match="leave out --"):
        datasets.make_recipe("causalvae_flow", **options)


@pytest.mark.parametrize(
    ("write", "name"),
    [(write_pendulum, "causalvae_pendulum"), (write_flow, "causalvae_flow"), (write_ident, "causal3dident")],
)
def test_they_are_recognised(tmp_path: Path, write: object, name: str) -> None:
    """By the names in the folder, as files that are dropped on the window."""
    write(tmp_path / "data")  # type: ignore[operator]
    inner = {"causalvae_pendulum": "pendulum", "causalvae_flow": "flow_noise"}.get(name, "")
    assert recognised(tmp_path / "data" / inner) == name


def recognised(path: Path) -> str:
    steps = recognise(path)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return str(end.value.name)
