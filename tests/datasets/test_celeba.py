"""CelebA is read in all the forms in which people have it, and what is wrong with a copy is said."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.celeba import CelebaSource, decode_face, read_attributes, read_numbers
from datasets.errors import DatasetInputError, SourceError
from datasets.pairing import Labels
from tests.datasets.faces import Faces, jpeg, noise, random_faces, tarred, unpack, zipped

FACES = random_faces(20)


def read_all(path: Path) -> tuple[Labels, dict[int, np.ndarray]]:
    source = CelebaSource(path)
    labels = source.labels
    return labels, dict(source.images(np.arange(len(labels.images))))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as published, unpacked. Not to be written to."""
    return FACES.write(tmp_path_factory.mktemp("faces"))


def inner_zip(folder: Path) -> Path:
    unpack(folder, {name: text.encode() for name, text in FACES.tables().items()})
    zipped(folder / "img_align_celeba.zip", FACES.files(inside="img_align_celeba"))
    return folder


def published_folders(folder: Path) -> Path:
    """The folders of the authors' own download: Anno, Eval, Img."""
    tables = {name: text.encode() for name, text in FACES.tables().items()}
    unpack(folder / "Eval", {"list_eval_partition.txt": tables.pop("list_eval_partition.txt")})
    unpack(folder / "Anno", tables)
    (folder / "Img").mkdir()
    zipped(folder / "Img" / "img_align_celeba.zip", FACES.files())
    return folder


def wild_beside(folder: Path) -> Path:
    """Images of the same names that are not aligned lie in another folder, shadows of a Mac in a third."""
    FACES.write(folder)
    unpack(folder / "img_celeba", {name: noise(99, (300, 200)) for name in FACES.names})
    return unpack(folder, {f"__MACOSX/img_align_celeba/{name}": b"x" for name in FACES.names})


FORMS: dict[str, Callable[[Path], Path]] = {
    "zip beside the tables": inner_zip,
    "the authors' folders": published_folders,
    "wild images beside": wild_beside,
    "comma-separated tables": lambda folder: FACES.write(folder, comma=True),
    "Kaggle's zip": lambda folder: zipped(
        folder / "archive.zip", FACES.files(comma=True, inside="img_align_celeba/img_align_celeba")
    ),
    "tar.gz": lambda folder: tarred(folder / "faces.tar.gz", FACES.files(top="faces/")),
    "tgz": lambda folder: tarred(folder / "faces.tgz", FACES.files()),
    "tar": lambda folder: tarred(folder / "faces.tar", FACES.files(top="./a/b/"), "w"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same(form: str, plain: Path, tmp_path: Path) -> None:
    """Folder, zip or tar, text or commas: the same labels and the same pixels, each with its row."""
    labels, images = read_all(FORMS[form](tmp_path))
    wanted, pixels = read_all(plain)
    assert labels.images == wanted.images == tuple(FACES.names)
    assert labels.attributes == wanted.attributes == FACES.attributes
    assert (labels.present == FACES.present).all()
    assert labels.partitions.tolist() == FACES.partitions
    assert labels.people is not None
    assert labels.people.tolist() == FACES.people
    assert sorted(images) == list(range(20))
    assert all((images[row] == pixels[row]).all() for row in images)


def test_tables_may_be_in_any_order(plain: Path, tmp_path: Path) -> None:
    """Lines belong to images by name."""
    FACES.write(tmp_path)
    for name in ("list_eval_partition.txt", "identity_CelebA.txt"):
        lines = (tmp_path / name).read_text().splitlines()
        (tmp_path / name).write_text("\n".join(lines[::-1]))
    labels, wanted = CelebaSource(tmp_path).labels, CelebaSource(plain).labels
    assert (labels.partitions == wanted.partitions).all()
    assert (labels.people == wanted.people).all()


def test_identity_is_optional(tmp_path: Path) -> None:
    """Only attributes and partition are needed; landmarks and boxes are not even looked at."""
    faces = random_faces(20)
    faces.people = None
    labels = CelebaSource(unpack(faces.write(tmp_path), {"list_bbox_celeba.txt": b"<html>"})).labels
    assert labels.people is None


def test_the_middle_is_cut_out_and_shrunk() -> None:
    """Centre crop 148 x 148 (15 to 163, 35 to 183), then 64 x 64 with antialiasing."""
    picture = Image.new("RGB", (178, 218), (200, 0, 0))
    picture.paste((0, 200, 0), (15, 35, 163, 183))
    face = decode_face("a.jpg", jpeg(picture)).astype(int)
    assert face.shape == (64, 64, 3)
    assert (face[2:-2, 2:-2] - [0, 200, 0] < 8).all()
    shifted = Image.new("RGB", (178, 218), (200, 0, 0))
    shifted.paste((0, 200, 0), (18, 35, 163, 183))
    assert decode_face("a.jpg", jpeg(shifted))[32, 0, 0] > 100
    stripes = np.zeros((218, 178, 3), np.uint8)
    stripes[:, ::2] = 254
    out = io.BytesIO()
    Image.fromarray(stripes).save(out, "PNG")
    assert np.ptp(decode_face("a.png", out.getvalue()).astype(int)[:, 4:-4]) < 60, "not antialiased"


def test_grey_files_become_colour() -> None:
    """A JPEG in grey is read as RGB."""
    face = decode_face("a.jpg", noise(3, mode="L"))
    assert face.shape == (64, 64, 3)
    assert (face[..., 0] == face[..., 2]).all()


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "damaged or cut short"),
        (noise(1)[:700], "damaged or cut short"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 300, "damaged or cut short"),
        (noise(1, (64, 64)), "is 64 x 64 pixels instead of 178 x 218; use the aligned"),
        (b"  <!DOCTYPE html>", "is a web page"),
    ],
)
def test_damaged_images(data: bytes, complaint: str) -> None:
    """A damaged image is named, with what to do."""
    with pytest.raises(SourceError, match=complaint) as caught:
        decode_face("000007.jpg' in 'x", data)
    assert "000007.jpg" in str(caught.value)


GOOD = "2\nBald  Male \na.jpg -1  1\nb.jpg  1 -1\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (GOOD.replace("2\n", "3\n", 1), "promises 3 images and has lines for 2"),
        (GOOD.replace("2\n", "1\n", 1), "promises 1 images and has lines for 2"),
        (GOOD.replace("2\n", "", 1), "does not begin with the number of images"),
        (GOOD.replace("b.jpg  1 -1", "b.jpg  1"), "line 4 of 'x' has 2 parts instead of 3"),
        (GOOD.replace("b.jpg  1 -1", "b.jpg  1 -1 1"), "line 4 of 'x' has 4 parts instead of 3"),
        (GOOD.replace("b.jpg  1 -1", "b.jpg  1 yes"), "line 4 of 'x' has the value 'yes'"),
        (GOOD.replace("b.jpg", "a.jpg"), "names an image twice"),
        (GOOD.replace("Male", "Bald"), "no names of attributes, or one twice"),
        ("image_id,Bald,Male\na.jpg,1,-1\nb.jpg,1\n", "line 3 of 'x' has 2 parts instead of 3"),
        ("image_id,Bald,Male\n", "promises 0 images"),
    ],
)
def test_damaged_attributes(text: str, complaint: str) -> None:
    """What is wrong with a table of attributes, and in which line."""
    with pytest.raises(SourceError, match=complaint):
        read_attributes("x", text.encode())


def test_tables_are_read() -> None:
    """Any white space, the mark of a Windows editor, and 0 for -1 are all right."""
    names, attributes, present = read_attributes(
        "x", b"\xef\xbb\xbf2\r\nBald Male \r\na.jpg  -1\t1\r\nb.jpg 1 0\r\n"
    )
    assert names == ("a.jpg", "b.jpg")
    assert attributes == ("Bald", "Male")
    assert present.tolist() == [[False, True], [True, False]]
    assert read_numbers("x", b"a.jpg 7\nb.jpg   -2\n") == {"a.jpg": 7, "b.jpg": -2}
    assert read_numbers("x", b"image_id,partition\na.jpg,1\n") == {"a.jpg": 1}
    with pytest.raises(SourceError, match="is not a text file"):
        read_attributes("x", b"2\nBald\xff")
    with pytest.raises(SourceError, match=r"gives b\.jpg the number 'two'"):
        read_numbers("x", b"a.jpg 7\nb.jpg two\n")
    with pytest.raises(SourceError, match="line 2 of 'x' has 3 parts instead of 2"):
        read_numbers("x", b"a.jpg 7\nb.jpg 7 7\n")
    with pytest.raises(SourceError, match="names an image twice"):
        read_numbers("x", b"a.jpg 7\na.jpg 8\n")


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def holding(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(data)


PARTITION = FACES.tables()["list_eval_partition.txt"]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (without("list_attr_celeba.txt"), r"has no list_attr_celeba\.txt \(or \.csv\)"),
        (without("list_eval_partition.txt"), r"has no list_eval_partition\.txt"),
        (
            without("img_align_celeba/000005.jpg"),
            r"1 of the 20 images .*first is img_align_celeba/000005\.jpg",
        ),
        (holding("list_attr_celeba.txt", b"<html>Quota exceeded"), "list_attr_celeba.txt' is a web page"),
        (holding("list_eval_partition.txt", b"\n<!doctype html>"), "list_eval_partition.txt' is a web page"),
        (holding("identity_CelebA.txt", b"<html>"), "identity_CelebA.txt' is a web page"),
        (
            holding("list_eval_partition.txt", PARTITION[:-12].encode()),
            "has lines for 19 images, .* for 20; the fi",
        ),
        (holding("list_eval_partition.txt", (PARTITION + "\nz.jpg 0").encode()), "has lines for 21 images, "),
        (holding("list_eval_partition.txt", PARTITION.replace(" 2", " 3").encode()), "into partition 3"),
        (
            holding("list_eval_partition.txt", PARTITION.replace(" 1", " 0").encode()),
            r"partition 1 \(validation\)",
        ),
    ],
)
def test_what_is_wrong_with_a_copy(spoil: Callable[[Path], object], complaint: str, tmp_path: Path) -> None:
    """Missing, contradicting and false files are named."""
    spoil(FACES.write(tmp_path))
    with pytest.raises(SourceError, match=complaint):
        _ = CelebaSource(tmp_path).labels


def test_what_is_wrong_with_an_archive(tmp_path: Path) -> None:
    """No archive, a web page, one that is cut short, one without images, one in another."""
    with pytest.raises(SourceError, match="does not exist"):
        CelebaSource(tmp_path / "none.zip")
    unpack(tmp_path, {"page.zip": b"<html>", "text.txt": b"hello", "cut.tar.gz": b""})
    with pytest.raises(SourceError, match=r"page\.zip' is a web page"):
        CelebaSource(tmp_path / "page.zip")
    with pytest.raises(SourceError, match="neither a folder nor a zip or tar archive"):
        CelebaSource(tmp_path / "text.txt")
    for name in ("whole.tar.gz", "whole.tar", "whole.zip"):
        make = zipped if name.endswith("zip") else tarred
        mode = {} if name.endswith(("zip", "gz")) else {"mode": "w"}
        data = make(tmp_path / name, FACES.files(), **mode).read_bytes()
        (tmp_path / f"cut-{name}").write_bytes(data[: len(data) // 2])
        with pytest.raises(
            SourceError, match=r"is damaged or cut short|neither a folder nor|has no list_attr"
        ):
            _ = CelebaSource(tmp_path / f"cut-{name}").labels
    tables = {name: text.encode() for name, text in FACES.tables().items()}
    with pytest.raises(SourceError, match="has no folder img_align_celeba with images; name another"):
        _ = CelebaSource(zipped(tmp_path / "a.zip", tables)).labels
    nested = tables | {"img_align_celeba.zip": b"PK"}
    with pytest.raises(SourceError, match="unpack it and name the folder"):
        _ = CelebaSource(zipped(tmp_path / "b.zip", nested)).labels
    folder = unpack(tmp_path / "c", tables | {"img_align_celeba.zip": b"<html>Quota"})
    with pytest.raises(SourceError, match=r"img_align_celeba\.zip' is a web page"):
        _ = CelebaSource(folder).labels
    with pytest.raises(SourceError, match="has neither a folder img_align_celeba"):
        _ = CelebaSource(unpack(tmp_path / "d", tables)).labels


def test_a_damaged_member_of_a_zip(tmp_path: Path) -> None:
    """A flipped byte inside a zip archive is found by its checksum, and the member is named."""
    path = zipped(tmp_path / "faces.zip", FACES.files())
    data = bytearray(path.read_bytes())
    at = data.index(b"img_align_celeba/000003.jpg") + 200
    data[at] ^= 255
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"000003\.jpg' is damaged"):
        read_all(path)


def test_render_finds_what_there_is(tmp_path: Path) -> None:
    """The first image with the asked values; a combination that no image has is said in words."""
    faces = Faces(
        np.array([[0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0]]),
        [0, 1, 2],
        attributes=("Bald", "Male", "Smiling", "X"),
    )
    source = CelebaSource(faces.write(tmp_path), ("Male", "Bald"))
    assert source.space.action_names == ("Male+", "Bald+", "Male-", "Bald-")
    assert [factor.kind for factor in source.space.factors] == ["binary", "binary"]
    images = dict(source.images(np.arange(3)))
    found = source.render(np.array([[1, 1], [1, 0], [1, 1]]))
    assert (found == np.stack([images[1], images[0], images[1]])).all()
    with pytest.raises(DatasetInputError, match=r"no face of .* has Male no, Bald yes"):
        source.render(np.array([[0, 1]]))
    with pytest.raises(DatasetInputError, match="takes values 0 to 1"):
        source.render(np.array([[2, 1]]))
    with pytest.raises(DatasetInputError, match="unknown attribute 'Tall'; choose from Bald, Male"):
        CelebaSource(tmp_path, ("Tall",)).render(np.array([[1]]))
