"""Images in and out: exact where nothing has to change, and every change said."""

from __future__ import annotations

import errno
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from datasets.errors import DatasetInputError, SourceError
from datasets.images import convert_image, load_image, save_image

RGB = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
GREY = RGB[:, :, 0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hnp.arrays(np.uint8, st.tuples(st.just(8), st.just(8), st.sampled_from([1, 3]))))
def test_png_keeps_every_value(tmp_path: Path, image: np.ndarray) -> None:
    """What is saved as PNG is loaded again exactly, and nothing is said."""
    save_image(tmp_path / "x.png", image)
    again, note = load_image(tmp_path / "x.png", image.shape)  # type: ignore[arg-type]
    assert (again == image).all()
    assert again.dtype == np.uint8
    assert note == ""


def test_loading_fits_and_says_so(tmp_path: Path) -> None:
    """Another size, grey, transparency and several at once are converted, each in words."""
    cases = {
        "large.png": (Image.fromarray(RGB).resize((128, 128)), "resized from 128x128"),
        "grey.png": (Image.fromarray(GREY), "grey made RGB"),
        "wide.png": (Image.fromarray(RGB).resize((128, 64)), "cropped from 128x64 to its middle"),
        "grey_wide.png": (
            Image.fromarray(GREY).resize((200, 100)),
            "grey made RGB; cropped from 200x100 to its middle; resized from 100x100",
        ),
        "palette.png": (Image.fromarray(RGB).quantize(16), ""),
        "bits.png": (Image.fromarray(GREY).convert("1"), "grey made RGB"),
        "cmyk.jpg": (Image.fromarray(RGB).convert("CMYK"), "CMYK made RGB"),
        "half.png": (Image.fromarray(np.dstack([RGB, GREY])), "transparency flattened on black"),
        "opaque.png": (Image.fromarray(RGB).convert("RGBA"), ""),
        "deep.png": (Image.fromarray(GREY.astype(np.uint16) * 257), "16 bits reduced to 8; grey made RGB"),
    }
    for name, (picture, expected) in cases.items():
        picture.save(tmp_path / name)
        image, note = load_image(tmp_path / name)
        assert image.shape == (64, 64, 3), name
        assert image.dtype == np.uint8, name
        assert note == expected, name


def test_exact_conversions_are_exact(tmp_path: Path) -> None:
    """Opaque alpha, palettes, 16 bits and grey written as RGB lose nothing."""
    Image.fromarray(RGB).convert("RGBA").save(tmp_path / "a.png")
    assert (load_image(tmp_path / "a.png")[0] == RGB).all()
    Image.fromarray(GREY.astype(np.uint16) * 257).save(tmp_path / "b.png")
    assert (load_image(tmp_path / "b.png", (64, 64, 1))[0][:, :, 0] == GREY).all()
    palette = Image.fromarray(RGB).quantize(16)
    palette.save(tmp_path / "c.png")
    assert (load_image(tmp_path / "c.png")[0] == np.asarray(palette.convert("RGB"))).all()
    image, note = convert_image(np.dstack([GREY] * 3), (64, 64, 1))
    assert (image[:, :, 0] == GREY).all()
    assert note == ""


def test_transparent_palette_is_flattened(tmp_path: Path) -> None:
    """A palette with a transparent colour becomes black there, and that is said."""
    picture = Image.new("P", (64, 64), 1)
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.paste(0, (0, 0, 32, 64))
    picture.save(tmp_path / "t.png", transparency=0)
    image, note = load_image(tmp_path / "t.png")
    assert note == "transparency flattened on black"
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[0, 63].tolist() == [0, 255, 0]


def test_deep_colour_is_said(tmp_path: Path) -> None:
    """A PNG of 16 bits a channel, which Pillow reads as 8 bits without a word, is said to be reduced."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    deep = (RGB.astype(">u2") * 257).astype(">u2")
    lines = b"".join(b"\0" + row.tobytes() for row in deep)
    header = struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b""))
    (tmp_path / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    image, note = load_image(tmp_path / "deep.png")
    assert (image == RGB).all()
    assert note == "16 bits reduced to 8"


def test_orientation_is_applied(tmp_path: Path) -> None:
    """A photo whose EXIF data says "turned" stands upright, and that is said."""
    picture = Image.fromarray(RGB)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    picture.save(tmp_path / "turned.png", exif=exif)
    image, note = load_image(tmp_path / "turned.png")
    assert (image == np.rot90(RGB, -1)).all()
    assert "upright" in note


def test_colour_to_grey(tmp_path: Path) -> None:
    """A model of one channel gets one channel."""
    image, note = convert_image(RGB, (64, 64, 1))
    assert image.shape == (64, 64, 1)
    assert note == "colour made grey"


def test_resizing_is_antialiased() -> None:
    """Fine stripes average out instead of leaving one of their two colours."""
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    image, _ = convert_image(stripes)
    assert np.abs(image[8:-8, 8:-8].astype(int) - 127).max() < 20


def test_numbers_of_other_types() -> None:
    """Floats in 0..1, wide integers, booleans and uint16 are understood."""
    assert (convert_image(RGB / 255.0)[0] == RGB).all()
    assert (convert_image(RGB.astype(np.int64))[0] == RGB).all()
    assert (convert_image(RGB.astype(np.uint16) * 256)[0] == RGB).all()
    assert set(np.unique(convert_image(RGB > 100)[0])) == {0, 255}
    assert convert_image(RGB / 255.0)[1] == "floating point numbers made 8 bits"


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((64,)),
        np.zeros((64, 64, 5)),
        np.zeros((0, 64, 3)),
        np.full((4, 4), 300),
        np.full((4, 4), np.nan),
    ],
)
def test_what_is_no_image_is_refused(pixels: np.ndarray) -> None:
    """Wrong shapes, empty arrays and values out of range are refused."""
    with pytest.raises(DatasetInputError):
        convert_image(pixels)


def test_bad_files_are_named(tmp_path: Path) -> None:
    """A missing file, a folder, a text and a cut file are each refused with name and remedy."""
    with pytest.raises(SourceError, match=r"none\.png' does not exist; check the path"):
        load_image(tmp_path / "none.png")
    with pytest.raises(SourceError, match="is a folder, not an image"):
        load_image(tmp_path)
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(SourceError, match=r"text\.png' is not an image of a known format; save it as PNG"):
        load_image(tmp_path / "text.png")
    save_image(tmp_path / "whole.png", RGB)
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError, match=r"cut\.png' is damaged or cut short"):
        load_image(tmp_path / "cut.png")


def test_saving_says_what_is_wrong(tmp_path: Path) -> None:
    """An unknown ending and an array that is no image are refused by name."""
    with pytest.raises(DatasetInputError, match=r"'x\.pickle' has no ending of a known image format"):
        save_image(tmp_path / "x.pickle", RGB)
    with pytest.raises(DatasetInputError, match="is not an image to save"):
        save_image(tmp_path / "x.png", RGB.astype(np.float32))  # type: ignore[arg-type]
    save_image(tmp_path / "new" / "folder" / "x.png", RGB)
    assert (load_image(tmp_path / "new" / "folder" / "x.png")[0] == RGB).all()


def test_a_full_disk_keeps_the_older_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails half-way, the sentence says so and the file that was there stays whole."""
    save_image(tmp_path / "x.png", RGB)

    def full(self: Image.Image, path: Path, **_: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(DatasetInputError, match=r"x\.png' cannot be written \(No space left on device\)"):
        save_image(tmp_path / "x.png", RGB[::-1])
    monkeypatch.undo()
    assert (load_image(tmp_path / "x.png")[0] == RGB).all()
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]
