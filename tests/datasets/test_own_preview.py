"""A look at one's own data before they are built: it promises what the build then holds."""

from __future__ import annotations

import tarfile
from itertools import combinations as combinations_of
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datasets
from datasets.errors import DatasetInputError, SourceError
from datasets.factors import Factor, FactorSpace
from datasets.kept import own_names
from datasets.own_preview import SPLITS, OwnLook, Preview, outlook, words
from datasets.recognition import Recognised, recognise
from tests.cli.conftest import Call, call  # noqa: F401 (fixture)
from tests.datasets.faces import random_faces, tarred
from tests.datasets.set_files import write_cars3d, write_dsprites, write_shapes3d, write_smallnorb
from tests.datasets.test_own import IMAGES, combinations, folder, picture  # noqa: F401 (fixture)


def finished(steps):  # type: ignore[no-untyped-def]
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def save_array(path: Path, **arrays: np.ndarray) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)


def look(path: Path, **kinds: str) -> Preview:
    return finished(OwnLook(path).preview(kinds))


def add_column(folder: Path, name: str, entries: list[str]) -> None:  # noqa: F811
    table = folder / "labels.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, [name, *entries], strict=True)))


def test_a_folder_is_described(folder: Path) -> None:  # noqa: F811
    """Format, columns with guessed kinds, ten images far apart with their labels, what is left out."""
    picture("small", 1, "red").save(folder / "extra.png")
    add_column(folder, "always", ["same"] * IMAGES)
    add_column(folder, "title", [f"picture {n}" for n in range(IMAGES)])
    add_column(folder, "gap", ["", *["1"] * (IMAGES - 1)])
    found = look(folder)
    assert found.form == "a folder with the table labels.csv"
    assert found.images == IMAGES
    assert [(c.name, c.kind, c.guess) for c in found.columns] == [
        ("size", "binary", "binary"),
        ("weight", "ordinal", "ordinal"),
        ("colour", "nominal", "nominal"),
        ("always", "ignore", "ignore"),
        ("title", "ignore", "ignore"),
        ("gap", "ignore", ""),
    ]
    assert "one value only" in found.columns[3].note
    assert "another word for each image" in found.columns[4].note
    assert "row 1" in found.columns[5].note
    assert "1 image that the table does not name is left out" in found.notes
    assert found.examples.shape == (10, 64, 64, 3)
    assert found.labels[0][:3] == ("small", "0.5", "red")
    assert found.labels[-1][:3] == ("large", "12", "navy")
    expected = picture("large", 12, "navy").resize((64, 64), 1)
    assert (found.examples[-1] == np.asarray(expected)).all()


def test_what_is_promised_is_built(folder: Path, tmp_path: Path) -> None:  # noqa: F811
    """With the splits of the table the pairs are told exactly, else in the mean over seeds."""
    hoped = look(folder, size="ignore").outlook
    assert (hoped.possible, hoped.combinations, hoped.distinct) == ("all figures", 88, 88)
    counts = []
    for seed in range(4):
        recipe = datasets.make_recipe("own", source=folder, kinds=("size=ignore",), seed=seed)
        try:
            for _ in datasets.build_recipe(recipe, tmp_path / "a.h5"):
                pass
        except DatasetInputError:
            counts.append(np.nan)
            continue
        with datasets.open_cache(tmp_path / "a.h5") as cache:
            counts.append(len(cache.transitions("train")))
    assert np.nanmean(counts) == pytest.approx(hoped.pairs["train"], rel=0.25)
    names = ["train"] * 4 + ["validation"] * 2 + ["test"] * 2  # by colour
    add_column(folder, "split", names * (IMAGES // 8))
    hoped = look(folder).outlook
    for _ in datasets.build_recipe(datasets.make_recipe("own", source=folder), tmp_path / "a.h5"):
        pass
    with datasets.open_cache(tmp_path / "a.h5") as cache:
        assert hoped.pairs == {split: len(cache.transitions(split)) for split in hoped.pairs}


def test_what_stands_in_the_way_is_named(folder: Path) -> None:  # noqa: F811
    """The column without which there would be pairs, a kind that cannot be, a split that is none."""
    add_column(folder, "number", [str(n % 50) for n in range(IMAGES)])
    found = look(folder)
    assert found.outlook.possible == "nothing"
    assert "without number there would be about" in words(found.outlook)
    assert look(folder, number="ignore").outlook.possible == "all figures"
    wrong = look(folder, number="ignore", colour="binary")
    assert "8 different values" in wrong.columns[2].problem
    assert wrong.outlook.possible == "nothing"
    assert (
        "nothing to change"
        in look(folder, **dict.fromkeys(("size", "weight", "colour", "number"), "ignore")).outlook.problem
    )
    with pytest.raises(DatasetInputError, match="no column 'taste'"):
        look(folder, taste="nominal")
    add_column(folder, "split", ["later"] * IMAGES)
    assert "the split 'later' in row 1" in look(folder).outlook.problem


def test_few_images_are_doubted() -> None:
    """Where a split may well get no pair, and where a factor has none at all."""
    space = FactorSpace((Factor("a", ("0", "1", "2"), "ordinal"), Factor("b", ("0", "1"), "binary")))
    grid = space.to_values(np.arange(6))
    assert "may get none" in words(outlook(space, grid, None))
    assert outlook(space, grid[::2], None).problem.startswith("no two training images")
    assert "validation split" in outlook(space, grid, np.zeros(6, np.int64)).problem


@settings(max_examples=60)
@given(st.data())
def test_promised_pairs_are_those_that_there_are(data: st.DataObject) -> None:
    """Counted by comparing every two images: one factor differs, by one; each combination counts once."""
    sizes = data.draw(st.lists(st.integers(2, 4), min_size=1, max_size=3))
    space = FactorSpace(tuple(Factor(f"f{k}", tuple(map(str, range(size)))) for k, size in enumerate(sizes)))
    rows = data.draw(
        st.lists(st.tuples(*(st.integers(0, size - 1) for size in sizes)), min_size=1, max_size=12)
    )
    values = np.array(rows, np.int64)
    splits = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))))
    owner: dict[tuple[int, ...], int] = {}
    for row, split in zip(rows, splits.tolist(), strict=True):
        owner.setdefault(row, split)
    alike = [
        (owner[a], owner[b])
        for a, b in combinations_of(owner, 2)
        if sum(abs(x - y) for x, y in zip(a, b, strict=True)) == 1
    ]
    found = outlook(space, values, splits)
    assert found.pairs == {name: alike.count((k, k)) for k, name in enumerate(SPLITS)}
    assert found.distinct == len(owner)
    assert found.doubled == len(rows) - len(owner)
    assert outlook(space, values, None).pairs["train"] == pytest.approx(0.49 * len(alike))


def test_examples_of_arrays_and_archives(folder: Path, tmp_path: Path) -> None:  # noqa: F811
    """Only as much is read as the examples need."""
    images = np.stack([np.asarray(picture(*c, side=64)) for c in combinations()])
    path = tmp_path / "grid.h5"
    with h5py.File(path, "w") as file:
        file["data"] = images
        file["data"].attrs["factor_names"] = ["size", "weight", "colour"]
        file["data"].attrs["factor_sizes"] = [2, 11, 8]
    found = look(path)
    assert "names the factors" in found.form
    assert (found.examples[-1] == images[-1]).all()
    assert found.labels[-1] == ("1", "10", "7")
    with tarfile.open(tmp_path / "labels.tar", "w") as archive:
        archive.add(folder, "mine")
    found = look(tmp_path / "labels.tar")
    assert found.form == "a tar archive with the table mine/labels.csv"
    assert len(found.examples) == 10


def test_a_list_of_pairs_promises_retrieval_only(folder: Path) -> None:  # noqa: F811
    """Five pairs are shown with their actions; with `split` the pairs are told exactly."""
    pairs = [(n, n + 1, "right") for n in range(40)] + [(n + 8, n, "up") for n in range(20)]
    lines = [f"pictures/{a}.png,pictures/{b}.png,{word}" for a, b, word in pairs]
    (folder / "labels.csv").write_text("\n".join(("before,after,action", *lines)))
    found = look(folder)
    assert found.form == "a folder with a list of 60 pairs, labels.csv"
    assert (found.images, found.columns, found.label_names) == (41, (), ("action", "image"))
    assert found.labels[:2] == (("right", "before"), ("right", "after"))
    assert found.labels[-1] == ("up", "after")
    assert len(found.examples) == 10
    for place, drawn in ((0, ("small", 0.5, "red")), (-1, ("small", 2, "grey"))):
        assert (found.examples[place] == np.asarray(picture(*drawn).resize((64, 64), 1))).all()
    assert (found.outlook.possible, found.outlook.actions) == ("retrieval only", 2)
    assert "Only action retrieval" in words(found.outlook)
    assert "pairs of 2 actions" in words(found.outlook)
    assert found.outlook.pairs["train"] == pytest.approx(60 * 0.49)  # all are connected
    add_column(folder, "split", ["train"] * 50 + ["validation"] * 6 + ["test"] * 4)
    assert look(folder).outlook.pairs == {"train": 50, "validation": 6, "test": 4}
    with pytest.raises(DatasetInputError, match="has no factors"):
        look(folder, action="nominal")
    assert finished(recognise(folder)) == Recognised("source", "own")


def test_the_command_line_does_the_same(folder: Path, monkeypatch, call: Call) -> None:  # noqa: F811
    """A preview, other names, a name of its own; and what cannot be is said in a sentence."""
    monkeypatch.setenv("DOSCOPE_HOME", str(folder.parent / "home"))
    source = ("build", "own", "--source", folder)
    said = call(*source, "--preview", "--kind", "colour=cyclic", "--rename", "weight=mass")
    assert said.code == 0
    assert "weight  mass    ordinal  11: 0.5, 1, 2, 3, 5, 7, ..." in said.out
    assert "All figures will be possible" in said.out
    data = call(*source, "--preview", "--json").json
    assert (data["images"], data["possible"], data["columns"][2]["kind"]) == (
        IMAGES,
        "all figures",
        "nominal",
    )
    assert not (folder.parent / "home").exists()
    built = call(*source, "--called", "cats", "--rename", "weight=mass", "--json").json
    assert built["name"] == "cats"
    assert list(built["factors"]) == ["size", "mass", "colour"]
    assert own_names() == ("cats",)
    assert datasets.open_cache("cats").recipe.renames == ("weight=mass",)
    for options, words_ in (
        (("--rename", "weight=colour"), "2 columns would be called 'colour'"),
        (("--rename", "taste=sour"), "no column 'taste' to rename"),
        (("--rename", "weight=a,b"), "commas"),
        (("--rename", "weight"), "not column=name"),
        (("--called", "shapes"), "another data set"),
        (("--called", "a/b"), "leave out /"),
    ):
        refused = call(*source, *options)
        assert refused.code == 2
        assert words_ in refused.err
    assert call("build", "shapes", "--preview").code == 2
    assert call("build", "shapes", "--called", "cats").code == 2


def test_files_are_known_by_their_content(folder: Path, tmp_path: Path) -> None:  # noqa: F811
    """Whatever they are called: the set that they are of, or one's own data."""
    for write, name in (
        (write_dsprites, "dsprites"),
        (write_smallnorb, "smallnorb"),
        (write_cars3d, "cars3d"),
        (write_shapes3d, "own"),  # images and labels, and far fewer than were published
    ):
        place = tmp_path / name
        place.mkdir()
        assert finished(recognise(write(place)[0])) == Recognised("source", name)
    assert finished(recognise(next((tmp_path / "smallnorb").glob("*training-dat*")))).name == "smallnorb"
    assert finished(recognise(folder)) == Recognised("source", "own")
    faces = tarred(tmp_path / "faces.tar.gz", random_faces(20).files())
    assert finished(recognise(faces)) == Recognised("source", "celeba")


def test_sheets_are_known(sheets: Path) -> None:
    assert finished(recognise(sheets)) == Recognised("source", "sprites")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\nrubbish"), "damaged"),
        (lambda path: save_array(path, a=np.zeros(3)), "arrays a;"),
        (lambda path: path.write_text("hello"), "neither a folder"),
        (lambda path: path.write_text("<html>"), "web page"),
        (lambda path: path.mkdir(), "0 files"),
        (lambda path: None, "does not exist"),
    ],
)
def test_what_is_nothing_is_described(tmp_path: Path, made, said: str) -> None:
    path = tmp_path / "thing"
    made(path)
    with pytest.raises(SourceError, match=said):
        finished(recognise(path))
