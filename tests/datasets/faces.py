"""Writes small sets of faces in CelebA's layout, for tests."""

from __future__ import annotations

import io
import tarfile
import zipfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

ATTRIBUTES = ("Bald", "Male", "Smiling", "Blurry")


@dataclass
class Faces:
    """A set of faces; `present` is 0/1 [N, A]. Images are noise unless given."""

    present: np.ndarray
    partitions: list[int]
    people: list[int] | None = None
    attributes: tuple[str, ...] = ATTRIBUTES
    pictures: dict[int, bytes] = field(default_factory=dict)  # row -> file, instead of noise

    @property
    def names(self) -> list[str]:
        return [f"{row + 1:06d}.jpg" for row in range(len(self.present))]

    def picture(self, row: int) -> bytes:
        return self.pictures.get(row) or noise(row)

    def tables(self, comma: bool = False) -> dict[str, str]:
        """File name -> text. As published, numbers are set apart by one or two blanks."""
        values = np.where(self.present, 1, -1)
        if comma:
            tables = {
                "list_attr_celeba.csv": "\n".join(
                    [
                        ",".join(("image_id", *self.attributes)),
                        *(",".join([n, *map(str, row)]) for n, row in zip(self.names, values, strict=True)),
                    ]
                ),
                "list_eval_partition.csv": "\n".join(
                    [
                        "image_id,partition",
                        *(f"{n},{p}" for n, p in zip(self.names, self.partitions, strict=True)),
                    ]
                ),
            }
        else:
            lines = [
                f"{n} " + " ".join(f"{v:2d}" for v in row) for n, row in zip(self.names, values, strict=True)
            ]
            tables = {
                "list_attr_celeba.txt": "\n".join(
                    [str(len(lines)), " ".join(self.attributes) + " ", *lines, ""]
                ),
                "list_eval_partition.txt": "\n".join(
                    f"{n} {p}" for n, p in zip(self.names, self.partitions, strict=True)
                ),
            }
        if self.people is not None:
            tables["identity_CelebA.txt"] = "\n".join(
                f"{n} {p}" for n, p in zip(self.names, self.people, strict=True)
            )
        return tables

    def files(self, comma: bool = False, top: str = "", inside: str = "img_align_celeba") -> dict[str, bytes]:
        """Every file by its place below `top`."""
        files = {top + name: text.encode() for name, text in self.tables(comma).items()}
        files |= {f"{top}{inside}/{name}": self.picture(row) for row, name in enumerate(self.names)}
        return files

    def write(self, folder: Path, **layout: object) -> Path:
        """All files into a folder."""
        return unpack(folder, self.files(**layout))  # type: ignore[arg-type]


def random_faces(number: int = 60, seed: int = 0, people: int = 5, attributes: int = 4) -> Faces:
    """Uneven attributes, the last one constant; about 6 in 10 images for training."""
    rng = np.random.default_rng(seed)
    present = rng.random((number, attributes)) < np.linspace(0.3, 0.6, attributes)
    present[:, -1] = False
    partitions = np.arange(number) * 5 // number
    partitions = np.maximum(partitions - 2, 0).tolist()
    names = (*ATTRIBUTES[:-1], *(f"More_{i}" for i in range(attributes - 4)), ATTRIBUTES[-1])
    return Faces(present, partitions, rng.integers(people, size=number).tolist(), names)


@cache
def noise(seed: int, size: tuple[int, int] = (178, 218), mode: str = "RGB") -> bytes:
    """A JPEG of coarse noise."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(256, size=(5, 4, 3)).astype(np.uint8))
    return jpeg(coarse.resize(size, Image.Resampling.NEAREST).convert(mode))


def jpeg(image: Image.Image) -> bytes:
    """The image as a file of good quality."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def unpack(folder: Path, files: dict[str, bytes]) -> Path:
    """Files into a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    """Files into a zip archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    """Files into a tar archive, the last one first."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in reversed(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path
