"""One's own data: a folder with a table, an archive, a file of arrays; what is paired, left out, refused."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import datasets
from datasets.cache import SPLITS, Cache
from datasets.errors import DatasetError, DatasetInputError, SourceError
from datasets.own_labels import label
from tests.cli.conftest import Call, call  # noqa: F401 (fixture)

SIZES, WEIGHTS = ("small", "large"), (0.5, 1, 2, 3, 5, 7, 8, 9, 10, 11, 12)
COLOURS = ("red", "green", "blue", "grey", "white", "gold", "pink", "navy")
IMAGES = len(SIZES) * len(WEIGHTS) * len(COLOURS)


def picture(size: str, weight: float, colour: str, side: int = 20) -> Image.Image:
    """A square in a colour, as large as its size says, as bright a ground as its weight."""
    image = Image.new("RGB", (side, side), (int(20 * weight), 0, 60))
    half = 4 if size == "small" else 8
    image.paste(colour, (10 - half, 10 - half, 10 + half, 10 + half))
    return image


def combinations() -> Iterator[tuple[str, float, str]]:
    yield from product(SIZES, WEIGHTS, COLOURS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Every combination once, in a folder of their own."""
    folder = tmp_path / "mine"
    (folder / "pictures").mkdir(parents=True)
    lines = ["path,size,weight,colour"]
    for n, (size, weight, colour) in enumerate(combinations()):
        picture(size, weight, colour).save(folder / "pictures" / f"{n}.png")
        lines.append(f"pictures/{n}.png,{size},{weight:g},{colour}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


def build(source: Path, **options) -> Cache:
    out = source.parent / f"{source.name}.cache.h5"
    recipe = datasets.make_recipe("own", source=source, **options)
    for _ in datasets.build_recipe(recipe, out):
        pass
    return Cache.open(out)


def check(cache: Cache, images: int = IMAGES) -> None:
    """Splits without a leak, pairs that differ by one step of one factor, everything in its place."""
    assert cache.num_images == images
    owners: dict[bytes, set[int]] = {}
    for row, split in enumerate(cache.splits):
        owners.setdefault(cache.images([row])[0].tobytes(), set()).add(int(split))
    assert all(len(splits) == 1 for splits in owners.values())
    for number, split in enumerate(SPLITS):
        pairs = cache.transitions(split)
        assert len(pairs)
        assert set(cache.splits[pairs.before]) | set(cache.splits[pairs.after]) == {number}
        moved = cache.factors[pairs.after] - cache.factors[pairs.before]
        f = cache.space.num_factors
        assert (np.abs(moved).sum(axis=1) == 1).all()
        rises = np.where(pairs.action < f, 1, -1)
        assert (moved[np.arange(len(pairs)), pairs.action % f] == rises).all()


def test_a_folder_with_a_table_becomes_a_cache(folder: Path) -> None:
    """Factors with their values in order and their kinds, and each image under its labels."""
    cache = build(folder, seed=3)
    assert [(f.name, f.values, f.kind) for f in cache.space.factors] == [
        ("size", ("large", "small"), "binary"),
        ("weight", tuple(f"{weight:g}" for weight in WEIGHTS), "ordinal"),
        ("colour", tuple(sorted(COLOURS)), "nominal"),
    ]
    check(cache)
    row = cache.find((1, 2, sorted(COLOURS).index("red")))
    expected = picture("small", 2, "red").resize((64, 64), Image.Resampling.LANCZOS)
    assert (cache.images([row])[0] == np.asarray(expected)).all()


def test_the_first_pairs_are_a_sample(folder: Path) -> None:
    """Validations look at the first pairs of a split only; these are not all of one factor."""
    with build(folder, seed=3) as cache:
        factor = cache.space.action_factors[cache.transitions("train").action]
    assert (np.diff(factor) < 0).any()
    assert len(set(factor.tolist())) == 3
    assert len(set(factor[: len(factor) // 2].tolist())) == 3


def test_archives_are_read_without_unpacking(folder: Path) -> None:
    """The same images and pairs from a zip and a tar as from the folder."""
    wanted = build(folder, seed=3)
    zipped, tarred = folder.with_suffix(".zip"), folder.parent / "labels.tar.gz"
    with zipfile.ZipFile(zipped, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    with tarfile.open(tarred, "w:gz") as archive:
        archive.add(folder, "mine")
    for path in (zipped, tarred):
        found = build(path, seed=3)
        for values in product(range(2), range(11), range(8)):
            pixels = [cache.images([cache.find(values)])[0] for cache in (wanted, found)]
            assert (pixels[0] == pixels[1]).all()


def test_kinds_can_be_said_and_columns_left_out(folder: Path) -> None:
    """By the command line; images that then have the same labels are counted, not paired."""
    cache = build(folder, seed=0, kinds=("colour=cyclic", "size=ignore"), train_pairs=3)
    assert [(f.name, f.kind) for f in cache.space.factors] == [("weight", "ordinal"), ("colour", "cyclic")]
    assert cache.num_images == IMAGES // 2
    assert cache.report["same_labels"] == IMAGES // 2
    assert len(cache.transitions("train")) == 3
    for kinds in (("colour=round",), ("taste=nominal",), ("colour=cyclic", "colour=nominal")):
        with pytest.raises(DatasetInputError):
            build(folder, kinds=kinds)


def test_the_table_may_say_the_splits(folder: Path) -> None:
    """A column `split` is no factor."""
    table = folder / "labels.csv"
    head, *lines = table.read_text().splitlines()
    named = ["train", "Validation", "test"]
    rows = [f"{line},{named[n // 16 % 3]}" for n, line in enumerate(lines)]
    table.write_text("\n".join((f"{head},split", *rows)))
    cache = build(folder, kinds=("size=ignore",))
    assert "split" not in cache.space.names
    assert [cache.splits[cache.find((weight, 0))] for weight in (0, 2, 4, 6)] == [0, 1, 2, 0]
    table.write_text(table.read_text().replace("Validation", "later"))
    with pytest.raises(SourceError, match="the split 'later' in row 17"):
        build(folder)


def test_a_grid_that_describes_itself(tmp_path: Path) -> None:
    """disent's form: no labels, but the factors' names and sizes; other sizes are refused."""
    images = np.stack([np.asarray(picture(*c, side=64)) for c in combinations()])
    path = tmp_path / "grid.h5"
    with h5py.File(path, "w") as file:
        file["data"] = images
        file["data"].attrs["factor_names"] = np.array([b"size", b"weight", b"colour"])
        file["data"].attrs["factor_sizes"] = [2, 11, 8]
    cache = build(path)
    assert cache.space.names == ("size", "weight", "colour")
    assert (cache.images([cache.find((1, 3, 5))])[0] == images[(1 * 11 + 3) * 8 + 5]).all()
    check(cache)
    with h5py.File(path, "a") as file:
        file["data"].attrs["factor_sizes"] = [2, 11, 9]
    with pytest.raises(SourceError, match="sizes"):
        build(path)


@pytest.mark.parametrize("kind", ["npz", "h5"])
def test_arrays_with_labels(tmp_path: Path, kind: str) -> None:
    """Real numbers as labels are ranked; grey images get three channels; nothing but a file is needed."""
    images = np.stack([np.asarray(picture(*c, side=64).convert("L")) for c in combinations()])
    labels = np.array([[SIZES.index(s), w, COLOURS.index(c)] for s, w, c in combinations()], float)
    path = tmp_path / f"arrays.{kind}"
    if kind == "npz":
        np.savez(path, images=images, labels=labels, names=np.array(["size", "weight", "colour"]))
    else:
        with h5py.File(path, "w") as file:
            file["images"], file["labels"] = images[..., None], labels
    cache = build(path)
    named = ("size", "weight", "colour") if kind == "npz" else ("factor 1", "factor 2", "factor 3")
    assert cache.space.names == named
    assert cache.space.factors[1].values[:3] == ("0.5", "1", "2")
    check(cache)
    assert (cache.images([cache.find((0, 1, 2))])[0] == images[1 * len(COLOURS) + 2][..., None]).all()


def test_a_few_broken_images_are_left_out_and_listed(folder: Path) -> None:
    """And many are refused."""
    (folder / "pictures" / "7.png").write_bytes(b"no picture")
    cache = build(folder)
    check(cache, IMAGES - 1)
    assert "pictures/7.png" in cache.report["broken"][0]
    for n in range(30):
        (folder / "pictures" / f"{n}.png").write_bytes(b"")
    with pytest.raises(SourceError, match="cannot be read"):
        build(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("pictures/3.png", "../secret.png"), "outside the folder"),
        (lambda text: text.replace("pictures/3.png", "/etc/passwd"), "outside the folder"),
        (lambda text: text.replace("pictures/3.png", "pictures/none.png"), "not there"),
        (lambda text: text.replace("pictures/3.png", "pictures/4.png"), "twice"),
        (lambda text: text.replace(",0.5,blue", ",,blue", 1), "says nothing of weight in row 3"),
        (lambda text: text.replace(",0.5,blue", ",nan,blue", 1), "no finite number for weight in row 3"),
        (lambda text: text.replace(",0.5,blue", ",0.5", 1), "cells instead of 4"),
        (lambda text: text.replace("path,", "name,"), "must begin"),
        (lambda text: text.replace("weight,colour", "weight,weight"), "a name twice"),
        (lambda text: text.splitlines()[0], "has 0 images"),
        (lambda _: "<html>", "web page"),
        (lambda _: "", "must begin"),
    ],
)
def test_a_wrong_table_is_said(folder: Path, change, said: str) -> None:
    """One sentence with the row and what to do."""
    table = folder / "labels.csv"
    table.write_text(change(table.read_text()))
    with pytest.raises(SourceError, match=said):
        build(folder)


def test_what_cannot_be_paired_is_named(folder: Path) -> None:
    """A column that tells the images apart one by one leaves no pair."""
    table = folder / "labels.csv"
    head, *lines = table.read_text().splitlines()
    table.write_text("\n".join((f"{head},number", *(f"{line},{n % 50}" for n, line in enumerate(lines)))))
    with pytest.raises(DatasetInputError, match=r"agree in all else.*--kind"):
        build(folder)
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text("path,x\n")
    with pytest.raises(SourceError, match="3 tables"):
        build(folder)


@settings(max_examples=40)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=200),
    st.lists(st.sampled_from(["a", "b", "ä", "10", "9"]), min_size=200, max_size=200),
)
def test_values_keep_their_order(numbers: list[float], words: list[str]) -> None:
    """A larger number never has a smaller value, binned or not; equal words have equal values."""
    words = words[: len(numbers)]
    columns = {"n": [repr(number) for number in numbers], "w": words}
    try:
        found = label("t", columns, {})
    except DatasetError:
        assert len(set(numbers)) < 2
        assert len(set(words)) < 2 or len(set(words)) == len(
            words
        )  # all different: no pair could agree in them
        return
    if "n" in found.space.names:
        values = found.values[:, found.space.names.index("n")]
        order = np.argsort(numbers, kind="stable")
        assert (np.diff(values[order]) >= 0).all()
    if "w" in found.space.names:
        values = found.values[:, found.space.names.index("w")]
        assert all((values[i] == values[0]) == (words[i] == words[0]) for i in range(len(words)))
    assert found.values.max(axis=0).tolist() == [size - 1 for size in found.space.sizes]


@settings(max_examples=40)
@given(st.binary(max_size=300))
def test_rubbish_is_refused_in_words(tmp_path_factory, data: bytes) -> None:
    """Whatever the table holds: a sentence, never another error, and no file beside the cache."""
    folder = tmp_path_factory.mktemp("rubbish") / "mine"
    folder.mkdir()
    (folder / "labels.csv").write_bytes(data)
    with pytest.raises(DatasetError):
        build(folder)
    assert {path.name for path in folder.parent.iterdir()} == {"mine"}


def test_the_command_line_tells_what_was_made(call: Call, folder: Path, tmp_path: Path) -> None:  # noqa: F811
    """Factors, notes and broken images; as JSON too."""
    (folder / "pictures" / "7.png").write_bytes(b"")
    out = tmp_path / "own.h5"
    said = call("build", "own", "--source", folder, "--out", out, "--kind", "colour=cyclic")
    assert said.code == 0
    assert "1 images could not be read" in said.out
    data = call("build", "own", "--source", folder, "--out", out, "--json").json
    assert list(data["factors"]) == ["size", "weight", "colour"]
    assert len(data["report"]["broken"]) == 1
    assert call("build", "own").code == 2
    assert call("build", "shapes", "--kind", "a=b").code == 2
    assert call("build", "own", "--source", tmp_path / "none").code == 2
    with h5py.File(out) as file:
        assert json.loads(file.attrs["report"])["same_labels"] == 0
