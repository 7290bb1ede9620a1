"""Sprites: composed as published, from a folder that is checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.build import Recipe, build
from datasets.cache import Cache
from datasets.errors import DatasetInputError, SourceError
from datasets.sprites import LAYERS, SpritesSource, sprites_space

NAMES = ("bottomwear", "topwear", "hair", "eyes", "shoes", "body", "action", "rotation", "frame")


def compose_slowly(folder: Path, values: np.ndarray) -> np.ndarray:
    """One frame by the published rule, tile by tile with Pillow: the reference for the fast way."""
    chosen = dict(zip(NAMES, values.tolist(), strict=True))
    row = 4 * chosen["action"] + chosen["rotation"] + 1  # row 0 of each action is "back"
    box = (64 * chosen["frame"], 64 * row, 64 * chosen["frame"] + 64, 64 * row + 64)
    frame = Image.new("RGB", (64, 64))
    for layer in ("body", "shoes", "bottomwear", "topwear", "eyes", "hair"):
        with Image.open(folder / layer / f"{chosen[layer]}.png") as sheet:
            tile = sheet.convert("RGBA").crop(box)
        mask = tile.getchannel("A").point(lambda alpha: 255 if alpha > 128 else 0)
        frame.paste(tile.convert("RGB"), mask=mask)
    return np.asarray(frame)


def random_values(source: SpritesSource, count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, source.space.sizes, (count, 9))


@pytest.fixture(scope="module")
def source(sheets: Path) -> SpritesSource:
    return SpritesSource(sheets)


def test_frames_follow_the_published_rule(source: SpritesSource, sheets: Path) -> None:
    """The fast composition equals pasting tile by tile, alpha 128 counting as clear and 129 as solid."""
    values = random_values(source, 12)
    fast = source.render(values)
    assert fast.dtype == np.uint8
    for image, row in zip(fast, values, strict=True):
        assert (image == compose_slowly(sheets, row)).all()
    assert fast.reshape(12, -1).any(axis=1).all()


def test_sheets_are_counted(source: SpritesSource) -> None:
    """Sizes follow the folder; names, kinds and values say what each factor is."""
    assert source.space.names == NAMES
    assert source.space.sizes == (2, 2, 2, 2, 2, 2, 5, 3, 6)
    assert source.space.factors[2].values == ("hair 0", "hair 1")
    assert source.space.factors[6].values == ("spellcard", "thrust", "walk", "slash", "shoot")
    assert source.space.factors[7].values == ("left", "front", "right")
    assert [factor.kind for factor in source.space.factors] == ["nominal"] * 8 + ["cyclic"]


def test_reading_can_be_watched(sheets: Path) -> None:
    """prepare() reports each sheet once, and has nothing left to do the second time."""
    source = SpritesSource(sheets)
    assert list(source.prepare()) == [(i + 1, 12) for i in range(12)]
    assert list(source.prepare()) == []


def test_wrong_values_are_refused(source: SpritesSource) -> None:
    """A value beyond the sheets of the folder is named."""
    with pytest.raises(DatasetInputError, match="'hair' takes values 0 to 1"):
        source.render(np.array([[0, 0, 2, 0, 0, 0, 0, 0, 0]]))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A folder that does not exist, or lacks a layer, is named with what is expected."""
    with pytest.raises(SourceError, match="nowhere' does not exist; give the folder that holds bottomwear"):
        SpritesSource(tmp_path / "nowhere")
    (tmp_path / "bottomwear").mkdir()
    Image.new("RGBA", (832, 1344)).save(tmp_path / "bottomwear" / "0.png")
    with pytest.raises(SourceError, match="has no folder 'topwear'"):
        SpritesSource(tmp_path)


def test_an_empty_layer_is_named(sheets: Path, tmp_path: Path) -> None:
    """A layer without 0.png is named with how sheets must be called."""
    folder = tmp_path / "sheets"
    shutil.copytree(sheets, folder)
    for sheet in (folder / "eyes").iterdir():
        sheet.rename(sheet.with_name(f"eyes_{sheet.name}"))
    with pytest.raises(SourceError, match=r"eyes' has no sheet 0\.png; its sheets must be named"):
        SpritesSource(folder)


def test_a_sheet_of_another_size_is_named(sheets: Path, tmp_path: Path) -> None:
    """A sheet of another size is found before anything is composed."""
    folder = tmp_path / "sheets"
    shutil.copytree(sheets, folder)
    Image.new("RGBA", (64, 64)).save(folder / "hair" / "1.png")
    with pytest.raises(SourceError, match=r"hair.1\.png' is 64 x 64 pixels instead of 832 x 1344"):
        SpritesSource(folder)


def test_a_damaged_sheet_is_named(sheets: Path, tmp_path: Path) -> None:
    """No image at all fails at once; one that is cut short fails when it is read, also inside a build."""
    folder = tmp_path / "sheets"
    shutil.copytree(sheets, folder)
    whole = (folder / "body" / "1.png").read_bytes()
    (folder / "body" / "1.png").write_bytes(whole[: len(whole) // 2])
    source = SpritesSource(folder)
    recipe = Recipe("sprites", 0, 10, 2, 2)
    with pytest.raises(SourceError, match=r"body.1\.png' cannot be read .* download it again"):
        list(build(source, tmp_path / "out" / "sprites.h5", recipe))
    assert list((tmp_path / "out").iterdir()) == []
    (folder / "body" / "1.png").write_text("no picture")
    with pytest.raises(SourceError, match=r"body.1\.png' cannot be read"):
        SpritesSource(folder)


def test_a_sheet_that_takes_all_memory_is_named(sheets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does whose damaged parts claim to be gigabytes long."""
    source = SpritesSource(sheets)

    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.Image.Image.convert", refuse)
    with pytest.raises(SourceError, match=r"0\.png' cannot be read .* too large for the memory"):
        list(source.prepare())


def test_a_cache_from_sheets(source: SpritesSource, tmp_path: Path) -> None:
    """A small cache can be built from sheets and holds what the source draws."""
    for _ in build(source, tmp_path / "sprites.h5", Recipe("sprites", 0, 100, 10, 10)):
        pass
    with Cache.open(tmp_path / "sprites.h5") as cache:
        rows = np.arange(0, cache.num_images, 7)
        assert (cache.images(rows) == source.render(cache.factors[rows])).all()
        assert cache.name == "sprites"


def test_the_real_sheets(real_sheets: Path) -> None:
    """The published sheets give the published grid, and frames as the published rule makes them."""
    source = SpritesSource(real_sheets)
    assert source.space == sprites_space()
    assert source.space.sizes == (7, 7, 10, 5, 3, 7, 5, 3, 6)
    assert source.space.num_images == 4_630_500
    values = random_values(source, 6)
    for image, row in zip(source.render(values), values, strict=True):
        assert (image == compose_slowly(real_sheets, row)).all()


def test_real_pictures_never_cross_splits(real_sheets: Path, tmp_path: Path) -> None:
    """On the published sheets, where labels can differ and pixels not, no content is in two splits, and
    null pairs are found (eyes are hidden in some frames)."""
    source = SpritesSource(real_sheets)
    for _ in build(source, tmp_path / "sprites.h5", Recipe("sprites", 0, 1500, 200, 200)):
        pass
    with Cache.open(tmp_path / "sprites.h5") as cache:
        owner: dict[bytes, int] = {}
        for row in range(cache.num_images):
            content = cache.images([row]).tobytes()
            assert owner.setdefault(content, cache.splits[row]) == cache.splits[row]
        assert cache.null_pairs_dropped > 3
        assert len(cache.transitions("test")) == 200


def test_layers_have_the_published_names() -> None:
    """The folder names are those of the published set."""
    assert set(LAYERS) == {"bottomwear", "topwear", "hair", "eyes", "shoes", "body"}
