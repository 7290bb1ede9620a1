"""How fast do random batches come from the cache, how fast is the built-in set drawn, and a file imported?

    python -m benchmarks.data [--json]

JSON keys: `cache_batches_per_s`, `memmap_batches_per_s` (64 random images as float tensors' source,
uint8, in sorted rows as the training draws them, files in the system's cache), `cache_vs_memmap` (the
first over the second), `render_per_s_core` (images of `shapes` a second and core), `import_per_s` (images
a second of a made file of 48,000 in the format of 3dshapes, chunked and packed as h5py does by itself),
`pack_ratio` (bytes of what `doscope pack` makes of the cache over those of its pixels).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

import datasets
from benchmarks import report
from benchmarks.report import Figures, InputError
from benchmarks.timing import side_by_side, until
from datasets.cache import Cache
from datasets.importers.shapes3d import GRID_SET
from datasets.packing import pack
from datasets.shapes import ShapesSource
from datasets.stored import StoredGridSource

BATCH, BATCHES = 64, 200
IMAGES = 20_000
MADE = (10, 10, 10, 8, 2, 3)  # of the file that is imported: 48,000 images


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0, or 2 for something the user can mend."""
    arguments = report.parser("data", "Times random batches and the drawing of images.").parse_args(argv)
    try:
        figures = report.conditions(arguments.threads)
        with tempfile.TemporaryDirectory() as folder:
            figures |= measure(Path(folder), 500 if arguments.quick else IMAGES, arguments.quick)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report.say(figures, [_table(figures)], arguments.json)
    return 0


def measure(folder: Path, images: int, quick: bool) -> Figures:
    """Both rates of batches in turns, and the rate of drawing on one core."""
    path = folder / "shapes.h5"
    for _ in datasets.build_steps(
        "shapes", out=path, train_pairs=images // 2, validation_pairs=100, test_pairs=100
    ):
        pass
    with Cache.open(path) as cache:
        count = cache.num_images
        plain = folder / "images.npy"
        np.save(plain, cache.images(np.arange(count)))
        mapped = np.load(plain, mmap_mode="r")
        dice = np.random.default_rng(0)
        rows = [np.sort(dice.choice(count, BATCH, replace=False)) for _ in range(BATCHES)]
        pieces = {
            "cache": lambda: [cache.images(some) for some in rows],
            "memmap": lambda: [mapped[some] for some in rows],
        }
        timings = side_by_side(pieces, repetitions=1 if quick else 15, warm_up=2)
    rate = {name: BATCHES / timing.median_s for name, timing in timings.items()}
    return {
        "cache_batches_per_s": rate["cache"],
        "memmap_batches_per_s": rate["memmap"],
        "cache_vs_memmap": rate["cache"] / rate["memmap"],
        "render_per_s_core": _render_rate(0.0 if quick else 3.0),
        "pack_ratio": _pack_ratio(path, folder / "packed.h5"),
        "import_per_s": _import_rate(folder, (2, 2, 2, 2, 2, 3) if quick else MADE, 1 if quick else 5),
    }


def _render_rate(seconds: float) -> float:
    """Images of `shapes` a second; the geometry maps are there, as they are after the first images."""
    source, dice = ShapesSource(), np.random.default_rng(0)
    values = np.stack([dice.integers(size, size=500) for size in source.space.sizes], axis=1)
    return len(values) / until(lambda: source.render(values), seconds).median_s


def _pack_ratio(cache: Path, packed: Path) -> float:
    """Packed bytes a byte of pixels."""
    for _ in pack(cache, packed):
        pass
    with Cache.open(cache) as opened:
        return packed.stat().st_size / (opened.num_images * int(np.prod(opened.image_shape)))


def _import_rate(folder: Path, sizes: Sequence[int], repetitions: int) -> float:
    """Images a second from the file to the scratch file; the file is in the system's cache."""
    made = folder / "made.h5"
    values = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)
    source = ShapesSource()
    with h5py.File(made, "w") as file:
        file["labels"] = values.astype(np.float64)
        images = file.create_dataset("images", (len(values), 64, 64, 3), np.uint8, compression="gzip")
        step = images.chunks[0]
        for first in range(0, len(values), step):
            images[first : first + step] = source.render(values[first : first + step])

    def once() -> None:
        stored = StoredGridSource(GRID_SET, made)
        for _ in stored.store(folder):
            pass
        stored.close()

    timing = side_by_side({"import": once}, repetitions, warm_up=1)["import"]
    return len(values) / timing.median_s


def _table(figures: Figures) -> str:
    words = {
        "cache_batches_per_s": f"random batches of {BATCH} from the cache, a second",
        "memmap_batches_per_s": "the same from numpy's memmap",
        "cache_vs_memmap": "cache / memmap",
        "render_per_s_core": "images of shapes drawn, a second and core",
        "pack_ratio": "packed / raw bytes",
        "import_per_s": "images imported from a 3dshapes file, a second",
    }
    return report.table("Data", ("", ""), [(text, figures[key]) for key, text in words.items()])


if __name__ == "__main__":
    sys.exit(main())
