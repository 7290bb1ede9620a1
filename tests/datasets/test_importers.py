"""Each importer reads small files in the exact format, and says what is wrong with others."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

import datasets
from datasets.cache import Cache
from datasets.errors import DatasetError, SourceError
from datasets.importers import cars3d, dsprites, mpi3d, shapes3d, smallnorb
from datasets.importing import Grid, GridSet
from tests.datasets import set_files as files

COUNTS = {"train_pairs": 12, "validation_pairs": 2, "test_pairs": 2}


def built(name: str, source: Path, folder: Path, **more: Any) -> Cache:
    """The cache of a file."""
    recipe = datasets.make_recipe(name, source=source, **(COUNTS | more))
    for _ in datasets.build_recipe(recipe, folder / "cache.h5"):
        pass
    assert [p.name for p in folder.glob(".*")] == []  # no scratch file is left
    return datasets.open_cache(folder / "cache.h5")


def small(image: files.Pixels) -> files.Pixels:
    """An image at 64 x 64 pixels, with three channels."""
    grey = image.shape[-1] == 1
    picture = Image.fromarray(image[..., 0] if grey else image)
    shrunk = np.asarray(picture.resize((64, 64), Image.Resampling.LANCZOS))
    return np.repeat(shrunk[..., None], 3, axis=2) if grey else shrunk


def check_pixels(cache: Cache, images: files.Pixels) -> None:
    """Each image of the cache is the one of its factor values."""
    assert cache.image_shape == (64, 64, 3)
    assert cache.num_images > 10
    for row, index in enumerate(cache.space.to_index(cache.factors)):
        assert (cache.images([row])[0] == small(images[index])).all()


# ------------------------------------------------------------ what is read


@pytest.mark.parametrize("shuffled", [False, True])
def test_shapes3d(tmp_path: Path, shuffled: bool) -> None:
    """Labels are real numbers: a class is the rank of its value, whatever the order of the rows."""
    order = np.random.default_rng(2).permutation(96) if shuffled else np.arange(96)
    source, images = files.write_shapes3d(tmp_path, order=order)
    with built("3dshapes", source, tmp_path) as cache:
        check_pixels(cache, images)
        assert cache.space.sizes == (2, 2, 2, 2, 2, 3)
        assert cache.space.factors[5].values == ("-30", "0", "30")
        assert [f.kind for f in cache.space.factors] == [*["cyclic"] * 3, "ordinal", "nominal", "ordinal"]
        assert "Apache" in cache.licence


def test_shapes3d_saved_one_image_a_chunk(tmp_path: Path) -> None:
    """As disent saves it, and under any name."""
    source, images = files.write_shapes3d(tmp_path, "gen.3dshapes.data", chunks=(1, 64, 64, 3))
    with built("3dshapes", source, tmp_path) as cache:
        check_pixels(cache, images)


@pytest.mark.parametrize("kind", ["npz", "hdf5", "processed"])
def test_dsprites(tmp_path: Path, kind: str) -> None:
    """The last orientation is the first again and left out; 0/1 and 0/255 give the same."""
    write = {
        "npz": files.write_dsprites,
        "hdf5": files.write_dsprites_hdf5,
        "processed": lambda folder: files.write_dsprites_hdf5(folder, processed=True),
    }[kind]
    source, images = write(tmp_path)
    with built("dsprites", source, tmp_path) as cache:
        check_pixels(cache, images)
        assert cache.space.names == ("shape", "scale", "orientation", "posX", "posY")
        assert cache.space.sizes == (3, 2, 3, 2, 2)
        assert cache.space.factors[0].values == ("square", "ellipse", "heart")
        assert cache.space.factors[2].kind == "cyclic"


@pytest.mark.parametrize("name", ["folder", "file"])
def test_smallnorb(tmp_path: Path, name: str) -> None:
    """Sorted into the grid, first camera, training files only, gzipped or not."""
    folder, images = files.write_smallnorb(tmp_path)
    source = folder if name == "folder" else next(folder.glob("*training-dat*"))
    with built("smallnorb", source, tmp_path) as cache:
        check_pixels(cache, images)
        assert cache.space.names == ("category", "instance", "elevation", "azimuth", "lighting")
        assert cache.space.sizes == (2, 2, 2, 3, 2)
        assert cache.space.factors[1].values == ("4", "9")


@pytest.mark.parametrize("place", ["archive", "folder", "cars"])
def test_cars3d(tmp_path: Path, place: str) -> None:
    """Cars are numbered by list.txt, elevation is the slowest factor, images are made smaller."""
    archive, images = files.write_cars3d(tmp_path)
    source = archive
    if place != "archive":
        with tarfile.open(archive) as unpacked:
            unpacked.extractall(tmp_path / "x", filter="data")
        source = tmp_path / "x" / ("data/cars" if place == "cars" else "")
    with built("cars3d", source, tmp_path) as cache:
        check_pixels(cache, images)
        assert cache.space.sizes == (4, 24, 2)
        assert cache.space.factors[2].values == ("car_002", "car_001")


def test_files_in_grid_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The npz files of disent have no labels: their order is the label, and their number has to fit."""
    images = files.noise((96, 96, 96, 1))
    source = files.write_images_npz(tmp_path / "smallnorb_train.npz", images)
    with pytest.raises(SourceError, match="has 96 images, but 5 x 5 x 9 x 18 x 6 factor values make 24,300"):
        built("smallnorb", source, tmp_path)
    monkeypatch.setattr(smallnorb, "FACTORS", shrunk(smallnorb.GRID_SET, (2, 2, 2, 3, 4)))
    with built("smallnorb", source, tmp_path) as cache:
        check_pixels(cache, images)
    images = files.noise((96, 64, 64, 3))
    source = files.write_images_npz(tmp_path / "cars3d_x64.npz", images, packed=True)
    monkeypatch.setattr(cars3d, "FACTORS", shrunk(cars3d.GRID_SET, (2, 24, 2)))
    with built("cars3d", source, tmp_path) as cache:
        check_pixels(cache, images)


@pytest.mark.parametrize("packed", [False, True])
def test_mpi3d(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    """The number of images tells the variant; of the axes every so manyth position is kept."""
    factors = shrunk(mpi3d.GRID_SET, (2, 1, 2, 3, 1, 5, 4))
    factors = tuple(f for f in factors if f.size > 1)
    images = files.noise((240, 64, 64, 3))
    source = files.write_images_npz(tmp_path / "mpi3d_toy.npz", images, packed)
    with pytest.raises(SourceError, match="has 240 images, and MPI3D has 1,036,800 or 460,800"):
        built("mpi3d", source, tmp_path)
    monkeypatch.setattr(mpi3d, "VARIANTS", {240: factors})
    with built("mpi3d", source, tmp_path, stride=2) as cache:
        assert cache.space.sizes == (2, 2, 3, 3, 2)
        assert cache.space.factors[3].values == ("0", "2", "4")
        assert cache.recipe.to_json()["stride"] == 2
        check_pixels(
            cache, images.reshape(2, 2, 3, 5, 4, 64, 64, 3)[..., ::2, ::2, :, :, :].reshape(-1, 64, 64, 3)
        )
    with built("mpi3d", source, tmp_path, stride=1) as cache:
        check_pixels(cache, images)
    assert datasets.default_recipe("mpi3d").stride == 4
    with pytest.raises(datasets.DatasetInputError, match="no axes to thin out"):
        datasets.make_recipe("shapes", stride=2)


def shrunk(grid_set: GridSet, sizes: tuple[int, ...]) -> Any:
    """The factors of a set with fewer values."""
    return tuple(
        type(f)(f.name, f.values[:size], f.kind) for f, size in zip(grid_set.factors, sizes, strict=True)
    )


def test_published_files() -> None:
    """Sizes of the published grids; what the cache has may be less."""
    images = {s.name: s.space.num_images for s in datasets.importers.grid_sets()}
    assert images == {
        "3dshapes": 480_000,
        "dsprites": 737_280 * 39 // 40,
        "cars3d": 17_568,
        "smallnorb": 24_300,
        "mpi3d": 64_800,
    }
    assert np.prod([f.size for f in mpi3d.FACTORS]) == 1_036_800
    assert np.prod([f.size for f in mpi3d.COMPLEX]) == 460_800
    assert dsprites.factors(40)[2].values[39] == "360.0°"


# ------------------------------------------------------------ what is refused


def refused(name: str, source: Path, folder: Path, match: str) -> None:
    """The import ends with a sentence and leaves nothing."""
    before = sorted(p for p in folder.rglob("*"))
    with pytest.raises(SourceError, match=match):
        built(name, source, folder)
    assert sorted(p for p in folder.rglob("*")) == before


def test_wrong_labels(tmp_path: Path) -> None:
    """Missing, doubled and NaN labels, other shapes."""
    labels = files.grid(files.SHAPES3D_VALUES)
    for change, match in (
        ({"labels": labels[:-1]}, "has 95 images, but"),
        ({"labels": np.where(labels == 30, np.nan, labels)}, "labels that are not numbers"),
        ({"labels": labels[:, :5]}, "labels of shape"),
        ({"labels": labels[[0, *range(95)]]}, "several images with the same factor values"),
        ({"labels": None}, "has 96 images, but 10 x 10 x 10 x 8 x 4 x 15"),
        ({"images": files.noise((90, 64, 64, 3))}, "rows are missing or doubled"),
        ({"images": files.noise((96, 64, 64))[..., None].repeat(2, 3)}, "not that of images"),
        ({"images": files.noise((96, 64, 64, 3)).astype(np.float32)}, "float32 instead of bytes"),
    ):
        source, _ = files.write_shapes3d(tmp_path, **change)
        refused("3dshapes", source, tmp_path, match)


def test_other_files(tmp_path: Path) -> None:
    """Web pages, text, other archives and folders under the right name; a place that is not there."""
    path = tmp_path / "3dshapes.h5"
    path.write_bytes(b"<!DOCTYPE html><p>Quota exceeded")
    for name in ("3dshapes", "dsprites", "mpi3d", "smallnorb", "cars3d"):
        refused(name, path, tmp_path, "is a web page")
    path.write_bytes(b"\x00\x01 something else")
    refused("dsprites", path, tmp_path, "neither an HDF5 nor an npz file")
    refused("mpi3d", tmp_path, tmp_path, "is a folder; name the file itself")
    refused("cars3d", tmp_path, tmp_path, "has no list.txt")
    refused("smallnorb", tmp_path, tmp_path, "no training files of SmallNORB's 'dat'")
    refused("3dshapes", tmp_path / "nowhere", tmp_path, "does not exist; name the file of 3dshapes")
    files.write_images_npz(tmp_path / "other.npz", files.noise((4, 64, 64, 3)))
    refused("dsprites", tmp_path / "other.npz", tmp_path, "has no array 'imgs'")


@pytest.mark.parametrize("name", ["3dshapes", "dsprites", "smallnorb", "cars3d"])
def test_cut_short(tmp_path: Path, name: str) -> None:
    """A download that broke off is said to be one."""
    write = {
        "3dshapes": files.write_shapes3d,
        "dsprites": files.write_dsprites,
        "smallnorb": files.write_smallnorb,
        "cars3d": files.write_cars3d,
    }[name]
    source, _ = write(tmp_path)
    path = next(tmp_path.glob("*training-dat*")) if name == "smallnorb" else source
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 3])
    refused(name, source, tmp_path, "cut short|damaged")


def test_damaged_cars(tmp_path: Path) -> None:
    """MATLAB files that are none, or without images."""
    name = "data/cars/car_001_mesh.mat"
    for data, match in (
        (bytes(3000), "is damaged"),
        (b"something else" * 300, "damaged|another file"),
        (files.car_file(np.zeros((4, 24, 8, 8, 3), np.uint8)), "has no images `im` of the shape"),
    ):
        source, _ = files.write_cars3d(tmp_path, **{name: data})
        refused("cars3d", source, tmp_path, match)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    """An array of objects in the place of images or labels is refused."""
    objects = np.array([{"a": 1}] * 96, dtype=object)
    source, _ = files.write_dsprites(tmp_path, imgs=objects)
    refused("dsprites", source, tmp_path, "holds Python objects, which are not read")
    source, _ = files.write_dsprites(tmp_path, latents_values=objects)
    refused("dsprites", source, tmp_path, "holds Python objects, which are not read")


def test_headers_that_promise_too_much(tmp_path: Path) -> None:
    """Sizes of 2^31, rows that do not follow, more bytes than promised, pieces too large for memory."""
    import struct

    for sizes in ((2**31 - 1, 2, 96, 96), (-1, 2, 96, 96), (48, 2, 2**31 - 1, 96), (48, 2, 0, 96)):
        bomb = struct.pack("<6i", 0x1E3D4C55, 4, *sizes)
        files.write_smallnorb(tmp_path, dat=bomb)
        refused("smallnorb", tmp_path, tmp_path, "which cannot be")
    files.write_smallnorb(tmp_path, dat=struct.pack("<6i", 0x1E3D4C55, 4, 48, 2, 96, 96))
    refused("smallnorb", tmp_path, tmp_path, "cut short after 0 images")
    for part in (
        {"cat": files.matrix(np.zeros(1, np.int32))},
        {"info": files.matrix(np.zeros((7, 4), np.int32))},
    ):
        files.write_smallnorb(tmp_path, **part)
        refused("smallnorb", tmp_path, tmp_path, "48 images but [17] labels")
    header = files.npy(files.noise((2, 64, 64, 3)))[:128].replace(b"(2, 64, 64, 3)", b"(460800,64,64,3)")
    source = files.zip_of(tmp_path / "x.npz", {"images.npy": header[:128] + bytes(1000)})
    refused("mpi3d", source, tmp_path, "cut short|damaged")
    stored, _ = files.dsprites_images()
    members = {"imgs": stored, "latents_values": files.dsprites_latents()[1]}
    parts = {f"{n}.npy": files.npy(a) + bytes(10**6) * (n == "imgs") for n, a in members.items()}
    refused("dsprites", files.zip_of(tmp_path / "y.npz", parts), tmp_path, "more bytes than its header says")
    with h5py.File(tmp_path / "z.h5", "w") as file:
        file.create_dataset("images", (480_000, 64, 64, 3), np.uint8, chunks=(100_000, 64, 64, 3))
    refused("3dshapes", tmp_path / "z.h5", tmp_path, "pieces too large to read")


def test_hdf5_files_that_point_elsewhere(tmp_path: Path) -> None:
    """Images in another file than the one that the user chose are not followed."""
    source, _ = files.write_shapes3d(tmp_path)
    outer = tmp_path / "outer.h5"
    with h5py.File(outer, "w") as file:
        file["images"] = h5py.ExternalLink(str(source), "images")
    refused("3dshapes", outer, tmp_path, "has no array 'images'")
    layout = h5py.VirtualLayout((96, 64, 64, 3), np.uint8)
    layout[:] = h5py.VirtualSource(str(source), "images", (96, 64, 64, 3))
    with h5py.File(outer, "w") as file:
        file.create_virtual_dataset("images", layout)
    refused("3dshapes", outer, tmp_path, "points to other files")


def test_a_published_size_with_other_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the published size has to have the published check sum."""
    from dataclasses import replace

    from datasets.importing import KnownFile
    from datasets.stored import StoredGridSource

    source, _ = files.write_shapes3d(tmp_path)
    known = replace(shapes3d.GRID_SET, known=(KnownFile(source.stat().st_size, "0" * 32),))
    stored = StoredGridSource(known, source)
    with pytest.raises(SourceError, match="size of the published file but not its content"):
        list(stored.store(tmp_path))
    stored.close()


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The room is looked at first, and nothing is left."""
    import shutil

    source, _ = files.write_shapes3d(tmp_path)
    before = sorted(tmp_path.iterdir())
    recipe = datasets.make_recipe("3dshapes", source=source, **COUNTS)  # type: ignore[arg-type]
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("datasets.stored.shutil.disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DatasetError, match=r"importing takes 0.0 GB in .* free some space"):
        list(datasets.build_recipe(recipe, tmp_path / "cache.h5"))
    assert sorted(tmp_path.iterdir()) == before


def test_an_opened_grid_has_to_be_complete(tmp_path: Path) -> None:
    """A reader that leaves an image out or gives one twice is noticed."""
    from dataclasses import replace

    from datasets.stored import StoredGridSource

    source, _ = files.write_shapes3d(tmp_path)
    opened = shapes3d.open_shapes3d(source)
    pixels = np.zeros((1, 64, 64, 3), np.uint8)
    for indices, match in ((range(95), "lacks 1 of 96 images"), ((0, 0), "same factor values")):
        blocks = [(np.array([index]), pixels) for index in indices]
        grid = Grid(opened.space, opened.image_shape, lambda _, b=blocks: iter(b))
        broken = StoredGridSource(replace(shapes3d.GRID_SET, open=lambda _, g=grid: g), source)
        with pytest.raises(SourceError, match=match):
            list(broken.store(tmp_path))
        broken.close()
