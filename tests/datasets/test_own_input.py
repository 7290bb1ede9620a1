"""One's own data of other forms: opacity, words as labels, a broken image among equals."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets.arrays import as_text
from datasets.errors import SourceError
from datasets.own_files import OwnFiles, open_own
from datasets.own_images import GREY, ON_BLACK, RESIZED, SQUEEZED, streamed
from datasets.report_words import report_words
from tests.datasets.test_own import (
    COLOURS,
    IMAGES,
    WEIGHTS,
    build,
    check,
    combinations,
    folder,  # noqa: F401 (fixture)
    picture,
)


def stacked(side: int = 64) -> np.ndarray:
    return np.stack([np.asarray(picture(*c, side=side)) for c in combinations()])


def words() -> np.ndarray:
    return np.array([[size, f"{weight:g}", colour] for size, weight, colour in combinations()])


def save(path: Path, **arrays: np.ndarray) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
        return path
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array.astype(h5py.string_dtype()) if array.dtype.kind == "U" else array
    return path


@pytest.mark.parametrize("kind", ["npz", "h5"])
def test_opacity_and_words(tmp_path: Path, kind: str) -> None:
    """Arrays with four channels are put on black, as transparent as they are; text names the values."""
    opaque = stacked()
    alpha = np.full((*opaque.shape[:3], 1), 255, np.uint8)
    alpha[:5, :32] = 0
    alpha[5:7, :, :10] = 128
    names = np.array(["size", "weight", "colour"])
    path = save(
        tmp_path / f"a.{kind}", images=np.concatenate([opaque, alpha], 3), labels=words(), names=names
    )
    with build(path, seed=3) as cache:
        check(cache)
        assert cache.space.names == ("size", "weight", "colour")
        assert cache.space.factors[2].values == tuple(sorted(COLOURS))
        assert cache.space.factors[2].kind == "nominal"
        assert cache.space.factors[1].values == tuple(f"{weight:g}" for weight in WEIGHTS)
        assert cache.report["converted"] == {ON_BLACK: 7}
        colour = sorted(COLOURS).index
        first = cache.images([cache.find((1, 0, colour(COLOURS[0])))])[0]
        assert (first[:32] == 0).all()
        assert (first[32:] == opaque[0, 32:]).all()
        sixth = cache.images([cache.find((1, 0, colour(COLOURS[5])))])[0]
        assert (sixth[:, 10:] == opaque[5, :, 10:]).all()
        assert (sixth[:, :10] == np.rint(opaque[5, :, :10] * (128 / 255))).all()


def test_bytes_and_truth_are_labels(tmp_path: Path) -> None:
    """UTF-8 bytes are read as words, broken ones too; true and false are two values."""
    coded = {"green": b"gr\xfcn"}  # Latin-1
    labels = np.array([[s.encode(), b"%g" % w, coded.get(c, c.encode())] for s, w, c in combinations()])
    with build(save(tmp_path / "a.npz", images=stacked(), labels=labels)) as cache:
        assert "gr\N{REPLACEMENT CHARACTER}n" in cache.space.factors[2].values
    kept = np.array([[size == "small", weight == 1] for size, weight, _ in combinations()])
    own = open_own(save(tmp_path / "b.npz", images=stacked(), labels=kept))
    assert isinstance(own, OwnFiles)
    assert set(own.columns["factor 1"]) == set(own.columns["factor 2"]) == {"0", "1"}


@settings(max_examples=60)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=20))
def test_any_text_can_be_written(texts: list[str]) -> None:
    """Half characters become a question mark, all others stay (but zeros at the end, which numpy drops)."""
    found = as_text(np.array(texts, dtype=np.str_)).tolist()
    for text, kept in zip(texts, found, strict=True):
        kept.encode()
        whole = "".join("?" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
        assert kept == whole.rstrip("\0")


def test_objects_are_refused(tmp_path: Path) -> None:
    """They would have to be unpickled; numbers that are no characters are damage."""
    objects = np.array([["a"], [1]], dtype=object)
    path = tmp_path / "a.npz"
    np.savez(path, images=stacked()[:2], labels=objects)
    with pytest.raises(SourceError, match="Python objects"):
        build(path)
    for numbers in ([0x7FFFFFFF] * 4, [97, 98, 1057657643, 0], [1057657643, 0, 0, 0]):
        wrong = np.tile(np.array(numbers, np.int32), (2, 1)).view("<U4")
        np.savez(path, images=stacked()[:2], labels=wrong)
        with pytest.raises(SourceError, match="damaged"):
            build(path)


@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_the_next_sound_image_takes_part(folder: Path, kind: str) -> None:  # noqa: F811
    """Of images with the same labels the first of the table that can be read, whatever order they come in."""
    table = folder / "labels.csv"
    lines = table.read_text().splitlines()
    first, second = (line.rpartition(",")[2] for line in lines[1:3])
    assert (first, second) == ("red", "green")
    for n, grey in (("a", 90), ("z", 91), ("0", 92)):  # two more of the first labels, one of the second
        Image.new("RGB", (64, 64), (grey, 0, 0)).save(folder / "pictures" / f"{n}{n}.png")
    lines += [
        "pictures/zz.png,small,0.5,red",
        "pictures/aa.png,small,0.5,red",
        "pictures/00.png,small,0.5,green",
    ]
    table.write_text("\n".join(lines))
    (folder / "pictures" / "0.png").write_bytes(b"no picture")
    source = folder
    if kind == "tar":
        source = folder.parent / "labels.tar"
        with tarfile.open(source, "w") as archive:
            archive.add(folder, "mine")
    with build(source) as cache:
        check(cache)
        assert len(cache.report["broken"]) == 1
        assert cache.report["same_labels"] == 2
        assert cache.report["converted"] == {RESIZED: IMAGES - 1}
        values = [factor.values.index for factor in cache.space.factors]
        row = cache.find((values[0]("small"), values[1]("0.5"), values[2]("red")))
        assert cache.images([row])[0][0, 0].tolist() == [91, 0, 0]
        row = cache.find((values[0]("small"), values[1]("0.5"), values[2]("green")))
        assert cache.images([row])[0][0, 0].tolist() != [92, 0, 0]


def test_what_was_converted_is_said(folder: Path) -> None:  # noqa: F811
    """Sizes, shapes, grey and transparent ones, each with its number, in words too."""
    pictures = folder / "pictures"
    picture("small", 0.5, "red").convert("L").save(pictures / "0.png")
    Image.new("RGBA", (64, 64), (200, 10, 10, 60)).save(pictures / "1.png")
    Image.new("RGB", (64, 30), (9, 10, 10)).save(pictures / "2.png")
    Image.new("P", (64, 64), 3).save(pictures / "3.png")
    with build(folder) as cache:
        found = cache.report["converted"]
        assert found == {GREY: 1, RESIZED: IMAGES - 3, ON_BLACK: 1, SQUEEZED: 1}
        said = report_words(cache.report)
    assert f"{IMAGES - 3} images resized to 64 x 64 pixels" in said
    assert "1 image with transparent parts put on black" in said
    assert report_words({"rates": {}}) == ()


def test_grey_arrays_with_opacity() -> None:
    """Two channels, another size; only those that were asked for are counted."""
    from collections import Counter

    class Held:
        rows, shape = 6, (32, 48, 2)

        def blocks(self):  # type: ignore[no-untyped-def]
            for first in (0, 3):
                yield first, np.full((3, 32, 48, 2), 255 if first else 51, np.uint8)

    counted: Counter[str] = Counter()
    found = dict(streamed(Held(), counted)({1, 4}))  # type: ignore[arg-type]
    assert {row: (image.shape, int(image[0, 0, 0])) for row, image in found.items()} == {
        1: ((64, 64, 3), round(51 * 51 / 255)),
        4: ((64, 64, 3), 255),
    }
    assert counted == {SQUEEZED: 2, GREY: 2, ON_BLACK: 1}


def test_a_zip_archive_with_a_broken_directory(tmp_path: Path) -> None:
    """It looks like an archive until its list of members is read: a sentence, not Python's error."""
    path = save(tmp_path / "a.npz", images=stacked()[:4], labels=words()[:4])
    data = path.read_bytes()
    path.write_bytes(data.replace(b"PK\x01\x02", b"PK\x01\x09"))
    with pytest.raises(SourceError, match="damaged"):
        build(path)


def test_a_member_without_a_name(folder: Path, tmp_path: Path) -> None:  # noqa: F811
    """Of a damaged directory it is passed over; the others are there."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(file, file.relative_to(folder))
        archive.writestr("unnamed", b"")
    path.write_bytes(path.read_bytes().replace(b"unnamed", bytes(7)))  # zipfile ends names there
    with build(path) as cache:
        assert cache.num_images > 3


def test_pictures_that_are_too_large(folder: Path) -> None:  # noqa: F811
    """One of more pixels than fit into the memory that is promised counts as unreadable; so it is said."""
    Image.new("1", (9000, 9000)).save(folder / "pictures" / "7.png")
    with build(folder) as cache:
        assert "9000 x 9000 pixels are too many" in cache.report["broken"][0]
