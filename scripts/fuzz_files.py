"""What `fuzz_importers.py` damages: small sound files of every format, and what is done with them.

The files are those of the tests. A kind's maker puts damaged copies into an empty folder and says what to
open there; its act builds a cache of that, or does something else with it that a stranger's file may meet.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from unittest import mock

import h5py
import numpy as np
from PIL import Image

import datasets
from datasets import packing
from datasets.factors import Factor
from datasets.file_check import check_file
from datasets.importers import cars3d, mpi3d, smallnorb
from datasets.importing import GridSet
from datasets.own_files import OwnFiles
from datasets.own_preview import OwnLook
from datasets.recognition import recognise
from datasets.sprites import LAYERS
from tests.datasets import set_files as files
from tests.datasets import test_image_sets as image_files
from tests.datasets.conftest import draw_sheet
from tests.datasets.faces import random_faces, tarred

COUNTS = {"train_pairs": 5, "validation_pairs": 1, "test_pairs": 1}
Damage = Callable[[bytes], bytes]
Maker = Callable[[Path, Path, Damage], Path]  # sound files, an empty folder, the damage -> what is opened
Act = Callable[[Path, Path], None]  # what is opened, an empty folder to write into


def chosen(harm: Damage, count: int) -> int:
    """Which of several things is damaged, by the same dice."""
    return len(harm(b"1234567")) % count


def whole(pattern: str, within: str = ".", archive: bool = False) -> Maker:
    """Damages one of the files as they lie on the disk; opens the folder, or the file where it is alone."""

    def make(sound: Path, folder: Path, harm: Damage) -> Path:
        shutil.copytree(sound, folder, dirs_exist_ok=True, copy_function=os.link)
        victims = sorted(path for path in folder.glob(pattern) if path.is_file())
        victim = victims[chosen(harm, len(victims))]
        data = victim.read_bytes()
        victim.unlink()  # the sound one has the same content under another name
        victim.write_bytes(harm(data))
        return victim if archive or len(victims) == 1 else folder / within

    return make


def members(sound: Path, folder: Path, harm: Damage) -> Path:
    """Damages a member of a zip archive and packs it soundly."""
    with zipfile.ZipFile(next(sound.iterdir())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    victim = sorted(parts)[chosen(harm, len(parts))]
    return files.zip_of(folder / "x.npz", parts | {victim: harm(parts[victim])})


def matrices(_: Path, folder: Path, harm: Damage) -> Path:
    """Damages the images or the labels of SmallNORB before they are gzipped."""
    part = ("dat", "cat", "info")[chosen(harm, 3)]
    return files.write_smallnorb(folder, harm={part: harm})[0]


def cars(sound: Path, folder: Path, harm: Damage) -> Path:
    """Damages a MATLAB file before it is put into the archive."""
    with tarfile.open(next(sound.iterdir())) as archive:
        member = archive.extractfile("data/cars/car_001_mesh.mat")
        data = member.read() if member else b""
    path = folder / "cars"
    path.mkdir()
    (path / "list.txt").write_text("car_001_mesh\ncar_002_mesh\n")
    (path / "car_002_mesh.mat").write_bytes(data)
    (path / "car_001_mesh.mat").write_bytes(harm(data))
    return folder


def inside(sound: Path, folder: Path, harm: Damage) -> Path:
    """Damages a tar archive before it is gzipped."""
    source = next(sound.iterdir())
    path = folder / source.name
    path.write_bytes(gzip.compress(harm(gzip.decompress(source.read_bytes())), 1))
    return path


# ------------------------------------------------------------ sound files


def write_mpi3d(folder: Path) -> None:
    """Two colours and shapes, two positions of each axis."""
    files.write_images_npz(folder / "mpi3d.npz", files.noise((16, 64, 64, 3)))


def own_rows() -> tuple[list[tuple[str, str, str]], np.ndarray]:
    """Labels and images [24, 9, 9, 3] of all combinations of three columns, and a split."""
    values = list(product(("red", "green"), ("1", "2", "3"), ("a", "b", "c", "d")))
    images = files.noise((len(values), 9, 9, 3), seed=4)
    return values, images


def own_table() -> str:
    """The table of the same as a file; each split has pairs."""
    splits = {"red": "train", "1": "test", "2": "validation", "3": "train"}
    lines = ["path,colour,size,form,split"]
    for n, (colour, size, form) in enumerate(own_rows()[0]):
        split = splits["red"] if colour == "red" else splits[size]
        lines.append(f"p/{n}.png,{colour},{size},{form},{split}")
    return "\n".join(lines)


def own_members() -> dict[str, bytes]:
    """File name -> content of the folder."""
    found = {"labels.csv": own_table().encode()}
    for n, pixels in enumerate(own_rows()[1]):
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")[n % 6])
        found[f"p/{n}.png"] = out.getvalue()
    return found


def write_folder(folder: Path, found: dict[str, bytes] | None = None) -> None:
    """The files in a folder."""
    for name, data in (found or own_members()).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)


def own_arrays() -> dict[str, np.ndarray]:
    """The same as arrays, with opacity and words."""
    values = [(a, b, c) for a, b, c in product(("red", "green"), "12345", "abcdefgh")]
    images = files.noise((len(values), 9, 9, 4), seed=5)
    return {
        "images": images,
        "labels": np.array(values),
        "names": np.array(["colour", "size", "form"]),
    }


def write_npz(folder: Path) -> None:
    """Images with opacity, words as labels."""
    np.savez(folder / "own.npz", **own_arrays())  # type: ignore[arg-type]


def write_h5(folder: Path) -> None:
    """The same with words of any length."""
    with h5py.File(folder / "own.h5", "w") as file:
        for name, array in own_arrays().items():
            words = array.dtype.kind == "U"
            file.create_dataset(name, data=array.astype(h5py.string_dtype()) if words else array, chunks=True)


def write_grid(folder: Path) -> None:
    """Disent's form: the factors' names and sizes as attributes."""
    with h5py.File(folder / "grid.h5", "w") as file:
        file["data"] = files.noise((240, 9, 9, 3), seed=6)
        file["data"].attrs["factor_names"] = np.array([b"colour", b"size", b"form"])
        file["data"].attrs["factor_sizes"] = [4, 6, 10]


def pair_members() -> dict[str, bytes]:
    """A list of pairs with words."""
    found, lines = own_members(), ["before,after,action,split"]
    for n in range(0, 24, 2):
        word = ("open", "tilt+", "tilt-")[n // 2 % 3]
        lines.append(f"p/{n}.png,p/{n + 1}.png,{word},{('train', 'train', 'validation', 'test')[n // 6]}")
    return {**{k: v for k, v in found.items() if k != "labels.csv"}, "pairs.csv": "\n".join(lines).encode()}


def write_packed(folder: Path) -> None:
    """A packed cache of one's own data."""
    with contextlib.suppress(FileExistsError):
        (folder / "own").mkdir()
    write_folder(folder / "own")
    build("own")(folder / "own", folder)
    for _ in packing.pack(folder / "cache.h5", folder / "x.packed.h5"):
        pass
    (folder / "cache.h5").unlink()
    shutil.rmtree(folder / "own")


def write_cache(folder: Path) -> None:
    """A cache."""
    write_packed(folder)
    for _ in packing.unpack(folder / "x.packed.h5", folder / "cache.h5"):
        pass
    (folder / "x.packed.h5").unlink()


def write_sheets(folder: Path) -> None:
    """The sheets of Sprites, two of each layer."""
    for at, layer in enumerate(LAYERS):
        (folder / layer).mkdir()
        for variant in range(2):
            draw_sheet(at, variant).save(folder / layer / f"{variant}.png", compress_level=1)


# ------------------------------------------------------------ what is done with them


def build(name: str, seed: int = 0) -> Act:
    """Builds a cache; of few images, with a seed by which every split gets pairs."""

    def act(source: Path, out: Path) -> None:
        recipe = datasets.make_recipe(name, source=source, seed=seed, **COUNTS)  # type: ignore[arg-type]
        for _ in datasets.build_recipe(recipe, out / "cache.h5"):
            pass

    return act


def preview(source: Path, _: Path) -> None:
    """What the wizard does, with its guesses and then with other kinds."""
    look = OwnLook(source)
    for kind in ("", "cyclic", "nominal") if isinstance(look.own, OwnFiles) else ("",):
        found = None
        steps = look.preview({column: kind for column in ("colour",) if kind})
        with contextlib.suppress(StopIteration):
            while True:
                next(steps)
        del found


def unpack(source: Path, out: Path) -> None:
    """Unpacks, and looks at it before."""
    packing.describe(source)
    for _ in packing.unpack(source, out / "cache.h5"):
        pass


def drop(source: Path, _: Path) -> None:
    """What happens to what is dropped on the window."""
    for _step in recognise(source):
        pass


def verify(source: Path, _: Path) -> None:
    """What `doscope verify` does."""
    for _step in check_file(source):
        pass


@contextlib.contextmanager
def shrunk(module: object, grid_set: GridSet, sizes: tuple[int, ...]) -> Iterator[None]:
    """An importer whose published grid is so small."""
    factors = tuple(
        Factor(f.name, f.values[:size], f.kind) for f, size in zip(grid_set.factors, sizes, strict=True)
    )
    with mock.patch.object(module, "FACTORS", factors):
        yield


@contextlib.contextmanager
def small_mpi3d() -> Iterator[None]:
    """A variant of MPI3D with 16 images."""
    factors = tuple(
        Factor(f.name, f.values[:2], f.kind) for f in mpi3d.FACTORS if f.name.endswith(("color", "axis"))
    )
    with mock.patch.dict(mpi3d.VARIANTS, {16: factors}):
        yield


@dataclass(frozen=True)
class Kind:
    """A format and what meets it: see the module.

    Attributes:
        write: puts the sound files into a folder.
        make: damages them.
        act: what is done with them.
        setting: entered around `act`.
    """

    write: Callable[[Path], object]
    make: Maker
    act: Act
    setting: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext


def _grids() -> dict[str, Kind]:
    pairs: dict[str, tuple[str, Callable[[Path], object], Maker]] = {
        "3dshapes": ("3dshapes", files.write_shapes3d, whole("*")),
        "dsprites npz": ("dsprites", files.write_dsprites, whole("*")),
        "dsprites arrays": ("dsprites", files.write_dsprites, members),
        "dsprites hdf5": ("dsprites", files.write_dsprites_hdf5, whole("*")),
        "dsprites disent": ("dsprites", lambda f: files.write_dsprites_hdf5(f, processed=True), whole("*")),
        "smallnorb": ("smallnorb", files.write_smallnorb, whole("*training*")),
        "smallnorb inside": ("smallnorb", files.write_smallnorb, matrices),
        "cars3d": ("cars3d", files.write_cars3d, whole("*")),
        "cars3d inside": ("cars3d", files.write_cars3d, cars),
    }
    found = {key: Kind(write, make, build(name)) for key, (name, write, make) in pairs.items()}
    norb = lambda: shrunk(smallnorb, smallnorb.GRID_SET, (2, 2, 2, 3, 4))  # noqa: E731
    car = lambda: shrunk(cars3d, cars3d.GRID_SET, (2, 24, 2))  # noqa: E731
    for key, make in (("", whole("*")), (" arrays", members)):
        found[f"mpi3d{key}"] = Kind(write_mpi3d, make, build("mpi3d"), small_mpi3d)
        found[f"smallnorb disent{key}"] = Kind(_disent(1, "smallnorb"), make, build("smallnorb"), norb)
        found[f"cars3d disent{key}"] = Kind(_disent(3, "cars3d"), make, build("cars3d"), car)
    return found


def _disent(channels: int, name: str) -> Callable[[Path], object]:
    def write(folder: Path) -> object:
        return files.write_images_npz(
            folder / f"{name}.npz", files.noise((96, 64, 64, channels)), packed=True
        )

    return write


def _others() -> dict[str, Kind]:
    def in_archive(found: Callable[[], dict[str, bytes]]) -> Callable[[Path], object]:
        return lambda folder: files.zip_of(folder / "x.zip", found())

    def in_tar(folder: Path) -> None:
        tarred(folder / "labels.tar.gz", own_members())

    def few_faces(folder: Path) -> None:
        random_faces().write(folder)

    own, some = build("own"), whole("**/*")
    return {
        "own folder": Kind(write_folder, some, own),
        "own zip": Kind(in_archive(own_members), whole("*"), own),
        "own zip inside": Kind(in_archive(own_members), members, own),
        "own tar": Kind(in_tar, whole("*"), own),
        "own tar inside": Kind(in_tar, inside, own),
        "own npz": Kind(write_npz, whole("*"), own),
        "own arrays": Kind(write_npz, members, own),
        "own hdf5": Kind(write_h5, whole("*"), own),
        "own grid": Kind(write_grid, whole("*"), own),
        "pairs folder": Kind(lambda folder: write_folder(folder, pair_members()), some, own),
        "pairs zip": Kind(in_archive(pair_members), members, own),
        "preview folder": Kind(write_folder, some, preview),
        "preview arrays": Kind(write_npz, members, preview),
        "preview hdf5": Kind(write_h5, whole("*"), preview),
        "preview pairs": Kind(lambda folder: write_folder(folder, pair_members()), some, preview),
        "packed": Kind(write_packed, whole("*"), unpack),
        "verify packed": Kind(write_packed, whole("*"), verify),
        "verify cache": Kind(write_cache, whole("*"), verify),
        "dropped arrays": Kind(write_npz, members, drop),
        "dropped archive": Kind(in_archive(own_members), whole("*"), drop),
        "causal3dident": Kind(image_files.write_ident, whole("**/*"), build("causal3dident", seed=1)),
        "causalvae pendulum": Kind(image_files.write_pendulum, some, build("causalvae_pendulum", seed=2)),
        "causalvae flow": Kind(image_files.write_flow, some, build("causalvae_flow")),
        "celeba": Kind(few_faces, some, build("celeba")),
        "sprites": Kind(write_sheets, some, build("sprites")),
    }


KINDS: dict[str, Kind] = {**_grids(), **_others()}
