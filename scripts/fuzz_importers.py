"""Feeds damaged files to all importers: `python scripts/fuzz_importers.py [--files 20000] [--seed 0]`.

Small sound files of each format (those of the tests) are damaged at random places and built. Each has to
end in a cache or in a sentence (DatasetError), within five seconds, with nothing left beside it. A report
is printed; the exit code is 1 if any file did worse. Not part of the tests, which do the same to a few.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import datasets  # noqa: E402
from datasets.errors import DatasetError  # noqa: E402
from datasets.factors import Factor  # noqa: E402
from datasets.importers import mpi3d  # noqa: E402
from tests.datasets import set_files as files  # noqa: E402

LIMIT_S = 5.0
COUNTS = {"train_pairs": 5, "validation_pairs": 1, "test_pairs": 1}
Damage = Callable[[bytes], bytes]
Maker = Callable[[Path, Path, Damage], Path]  # sound files, an empty folder, the damage -> what is imported


def whole(pattern: str) -> Maker:
    """Damages one of the files as they lie on the disk."""

    def make(sound: Path, folder: Path, harm: Damage) -> Path:
        shutil.copytree(sound, folder, dirs_exist_ok=True)
        victims = sorted(folder.glob(pattern))
        victim = victims[len(harm(b"1234567")) % len(victims)]
        victim.write_bytes(harm(victim.read_bytes()))
        return folder if len(victims) > 1 else victim

    return make


def members(sound: Path, folder: Path, harm: Damage) -> Path:
    """Damages an array of an npz file and packs it soundly."""
    with zipfile.ZipFile(next(sound.iterdir())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    victim = sorted(parts)[len(harm(b"1234567")) % len(parts)]
    return files.zip_of(folder / "x.npz", parts | {victim: harm(parts[victim])})


def matrices(_: Path, folder: Path, harm: Damage) -> Path:
    """Damages the images or the labels of SmallNORB before they are gzipped."""
    part = ("dat", "cat", "info")[len(harm(b"1234567")) % 3]
    return files.write_smallnorb(folder, harm={part: harm})[0]


def cars(sound: Path, folder: Path, harm: Damage) -> Path:
    """Damages a MATLAB file before it is put into the archive."""
    with tarfile.open(next(sound.iterdir())) as archive:
        name = "data/cars/car_001_mesh.mat"
        member = archive.extractfile(name)
        data = member.read() if member else b""
    path = folder / "cars"
    path.mkdir()
    (path / "list.txt").write_text("car_001_mesh\ncar_002_mesh\n")
    (path / "car_002_mesh.mat").write_bytes(data)
    (path / "car_001_mesh.mat").write_bytes(harm(data))
    return folder


def write_mpi3d(folder: Path) -> files.Written:
    """Two colours and shapes, two positions of each axis."""
    images = files.noise((16, 64, 64, 3))
    return files.write_images_npz(folder / "mpi3d.npz", images), images


KINDS: dict[str, tuple[str, Callable[[Path], files.Written], Maker]] = {
    "3dshapes": ("3dshapes", files.write_shapes3d, whole("*")),
    "dsprites npz": ("dsprites", files.write_dsprites, whole("*")),
    "dsprites arrays": ("dsprites", files.write_dsprites, members),
    "dsprites hdf5": ("dsprites", files.write_dsprites_hdf5, whole("*")),
    "smallnorb": ("smallnorb", files.write_smallnorb, whole("*training*")),
    "smallnorb inside": ("smallnorb", files.write_smallnorb, matrices),
    "cars3d": ("cars3d", files.write_cars3d, whole("*")),
    "cars3d inside": ("cars3d", files.write_cars3d, cars),
    "mpi3d": ("mpi3d", write_mpi3d, whole("*")),
    "mpi3d arrays": ("mpi3d", write_mpi3d, members),
}


def damage(data: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, mostly where headers are, or a piece lost, doubled or zeroed."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        near = dice.random()
        reach = min(len(changed), 256 if near < 0.3 else 4096 if near < 0.6 else len(changed))
        at = (
            dice.randrange(reach) if near < 0.8 else len(changed) - 1 - dice.randrange(min(512, len(changed)))
        )
        kind = dice.randrange(6)
        length = dice.choice((1, 2, 4, 8, 64, 1024))
        if kind <= 2:
            changed[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        elif kind == 3:
            changed[at : at + length] = bytes(len(changed[at : at + length]))
        elif kind == 4:
            del changed[at : at + length]
        else:
            changed[at:at] = changed[at : at + length]
    return bytes(changed[: dice.randrange(len(changed) + 1)]) if dice.random() < 0.1 else bytes(changed)


def attempt(name: str, source: Path, out: Path) -> str:
    """How a build ends: "built", "refused", or the name of an error that should not come out."""
    try:
        recipe = datasets.make_recipe(name, source=source, **COUNTS)  # type: ignore[arg-type]
        for _ in datasets.build_recipe(recipe, out / "cache.h5"):
            pass
    except DatasetError:
        return "refused"
    except Exception as error:  # noqa: BLE001 (the point of the script)
        return f"{type(error).__name__}: {error}"
    return "built"


def main(argv: list[str] | None = None) -> int:
    """Damages and builds; 0 if all ended well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=20_000, help="damaged files in all (default: 20000)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    mpi3d.VARIANTS[16] = tuple(
        Factor(f.name, f.values[:2], f.kind) for f in mpi3d.FACTORS if f.name.endswith(("color", "axis"))
    )
    dice, wrong = random.Random(arguments.seed), 0
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    slowest = dict.fromkeys(KINDS, 0.0)
    with tempfile.TemporaryDirectory() as base:
        for kind, (_, write, _) in KINDS.items():
            (Path(base) / kind).mkdir()
            write(Path(base) / kind)
            if _one(Path(base), kind, lambda data: data)[0] != "built":
                raise SystemExit(f"the sound file of {kind} is not built")
        for number in range(arguments.files):
            kind = list(KINDS)[number % len(KINDS)]
            ending, seconds = _one(Path(base), kind, lambda data: damage(data, dice))
            counts[kind][ending if ending in ("built", "refused") else "wrong"] += 1
            slowest[kind] = max(slowest[kind], seconds)
            if ending not in ("built", "refused"):
                wrong += 1
                print(f"file {number}, {kind}: {ending}", flush=True)
    for kind, ends in counts.items():
        print(f"{kind:16} {dict(ends)}, slowest {slowest[kind]:.2f} s")
    print(f"{arguments.files:,} files, {wrong} went wrong")
    return 1 if wrong else 0


def _one(base: Path, kind: str, harm: Damage) -> tuple[str, float]:
    """Damage one file and build it: how that ended, and the seconds that it took."""
    name, _, make = KINDS[kind]
    with tempfile.TemporaryDirectory(dir=base) as work:
        place, out = Path(work) / "in", Path(work) / "out"
        place.mkdir()
        out.mkdir()
        source = make(base / kind, place, harm)
        before = {p.relative_to(work) for p in Path(work).rglob("*")}
        begun = time.monotonic()
        ending = attempt(name, source, out)
        seconds = time.monotonic() - begun
        left = {p.relative_to(work) for p in Path(work).rglob("*")} - before - {Path("out/cache.h5")}
        if left:
            ending = f"left {sorted(left)}"
        elif seconds > LIMIT_S:
            ending = f"took {seconds:.1f} s"
        return ending, seconds


if __name__ == "__main__":
    sys.exit(main())
