"""Small files in the exact formats in which users have the imported grid sets.

Each writer returns what to name as --source and the images [N, H, W, C] in the order of the grid.
"""

from __future__ import annotations

import gzip
import io
import itertools
import struct
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Written = tuple[Path, Pixels]

SHAPES3D_VALUES = ((0.0, 0.1), (0.2, 0.5), (0.1, 0.9), (0.75, 1.25), (0.0, 3.0), (-30.0, 0.0, 30.0))


def noise(shape: Sequence[int], seed: int = 0, largest: int = 255) -> Pixels:
    """Images that all differ."""
    return np.random.default_rng(seed).integers(0, largest + 1, tuple(shape), dtype=np.uint8)


def grid(values: Sequence[Sequence[float]]) -> npt.NDArray[np.float64]:
    """All combinations, last fastest."""
    return np.array(list(itertools.product(*values)), np.float64)


def write_shapes3d(folder: Path, name: str = "3dshapes.h5", **changes: Any) -> Written:
    """`images` and `labels`, gzip-chunked; the rows in grid order unless `order` is given."""
    images, labels = noise((96, 64, 64, 3)), grid(SHAPES3D_VALUES)
    order = changes.get("order", np.arange(96))
    with h5py.File(folder / name, "w") as file:
        chunks = changes.get("chunks", (7, 64, 64, 3))
        stored = changes.get("images", images[order])
        file.create_dataset(
            "images", data=stored, compression="gzip", chunks=tuple(map(min, chunks, stored.shape))
        )
        if changes.get("labels", True) is not None:
            file["labels"] = changes.get("labels", labels[order])
    return folder / name, images


def dsprites_latents(sizes: Sequence[int] = (1, 3, 2, 4, 2, 2)) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """(classes, values); the orientations run from 0 to 2 pi, both ends included."""
    classes = grid([range(size) for size in sizes]).astype(np.int64)
    steps = [
        [1.0],
        [1.0, 2.0, 3.0],
        np.linspace(0.5, 1, sizes[2]),
        np.linspace(0, 2 * np.pi, sizes[3]),
        np.linspace(0, 1, sizes[4]),
        np.linspace(0, 1, sizes[5]),
    ]
    values = np.stack([np.asarray(s)[classes[:, k]] for k, s in enumerate(steps)], axis=1)
    return classes, values


def dsprites_images() -> tuple[Pixels, Pixels]:
    """The stored images [96, 64, 64] of 0 and 1, and those that are kept [72, 64, 64, 1], of 0 and 255."""
    stored = noise((96, 64, 64), largest=1)
    kept = stored.reshape(3, 2, 4, 4, 64, 64)[:, :, :3].reshape(72, 64, 64, 1) * np.uint8(255)
    return stored, kept


def write_dsprites(folder: Path, **changes: Any) -> Written:
    """The npz with its four members, one of them pickled."""
    stored, kept = dsprites_images()
    classes, values = dsprites_latents()
    path = folder / "dsprites.npz"
    members = {
        "imgs": stored,
        "latents_values": values,
        "latents_classes": classes,
        "metadata": np.array({"title": "dSprites"}, dtype=object),
    } | changes
    np.savez_compressed(path, **{name: array for name, array in members.items() if array is not None})
    return path, kept


def write_dsprites_hdf5(folder: Path, processed: bool = False) -> Written:
    """The published layout, or disent's: with a channel, of 0 and 255, one image a chunk."""
    stored, kept = dsprites_images()
    classes, values = dsprites_latents()
    path = folder / "dsprites.hdf5"
    with h5py.File(path, "w") as file:
        if processed:
            file.create_dataset("imgs", data=stored[..., None] * np.uint8(255), chunks=(1, 64, 64, 1))
        else:
            file.create_dataset("imgs", data=stored, chunks=(48, 2, 4), compression="gzip")
        file["latents/classes"], file["latents/values"] = classes, values
    return path, kept


def matrix(array: npt.NDArray[Any]) -> bytes:
    """A binary matrix as SmallNORB has them."""
    magic = {"uint8": 0x1E3D4C55, "int32": 0x1E3D4C54}[array.dtype.name]
    sizes = [*array.shape, *[1] * (3 - array.ndim)]
    return struct.pack(f"<{2 + len(sizes)}i", magic, array.ndim, *sizes) + array.tobytes()


def write_smallnorb(folder: Path, **changes: Any) -> Written:
    """Shuffled training files, `dat` and `info` gzipped, `cat` plain, and test files to be left alone."""
    labels = grid(((0, 3), (4, 9), (0, 1), (0, 2, 4), (0, 5))).astype(np.int32)
    images = noise((48, 2, 96, 96))
    order = np.random.default_rng(1).permutation(48)
    parts = {
        "dat": changes.get("dat", matrix(images[order])),
        "cat": changes.get("cat", matrix(np.ascontiguousarray(labels[order, 0]))),
        "info": changes.get("info", matrix(np.ascontiguousarray(labels[order, 1:]))),
    }
    harm = changes.get("harm", {})  # of some parts, before they are packed
    for role, data in parts.items():
        data = harm.get(role, bytes)(data)
        for kind in ("5x46789x9x18x6x2x96x96-training", "5x01235x9x18x6x2x96x96-testing"):
            packed = role != "cat"
            path = folder / f"smallnorb-{kind}-{role}.mat{'.gz' * packed}"
            path.write_bytes(gzip.compress(data, 1) if packed else data)
    return folder, images[:, 0, :, :, None]


def car_file(images: Pixels) -> bytes:
    """A MATLAB file of one car's images [elevation, azimuth, 128, 128, 3]."""
    from scipy.io import savemat

    file = io.BytesIO()
    mask = np.zeros((1, 1), np.uint8)
    savemat(file, {"im": images.transpose(2, 3, 4, 1, 0), "mask": mask}, do_compression=True)
    return file.getvalue()


def write_cars3d(folder: Path, **changes: Any) -> Written:
    """Two cars, listed in another order than that of their names, beside things to be left alone."""
    flat = noise((4, 24, 2, 1, 1, 3), seed=3)
    images = np.ascontiguousarray(np.broadcast_to(flat, (4, 24, 2, 128, 128, 3)))
    members = {
        "data/sprites/list.txt": b"nothing\n",
        "data/cars/car_002_mesh.mat": car_file(images[:, :, 0]),
        "data/cars/car_001_mesh.mat": car_file(images[:, :, 1]),
        "data/shapes48.mat": b"not to be read",
        "data/cars/list.txt": b"car_002_mesh\ncar_001_mesh\n",
    } | changes
    path = folder / "analogy.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path, images.reshape(-1, 128, 128, 3)


def write_images_npz(path: Path, images: Pixels, packed: bool = False) -> Path:
    """One member `images`, as MPI3D and disent have it."""
    (np.savez_compressed if packed else np.savez)(path, images=images)
    return path


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    """A zip archive of anything."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def npy(array: npt.NDArray[Any]) -> bytes:
    """An array with its header."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
