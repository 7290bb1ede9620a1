"""Makes the pictures of the guides (Explore, Retrieve, Train, Library) from the running program.

    python scripts/guide_pictures.py

It takes the guided tour of the window with the bundled model, and keeps the stops that the pages show,
in 256 colours.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
STOPS = {
    "action": "explore",  # the one of the README
    **{
        stop: f"explore-{stop}"
        for stop in ("variable", "gallery", "difference", "several", "compare", "moves")
    },
    "retrieve": "retrieve",
    "steps": "retrieve-steps",
    "judge": "retrieve-judge",
    "training": "train",
    **{stop: f"library-{stop}" for stop in ("values", "wizard")},
    "library": "library",
}
COLOURS, KEPT, CHUNK = 256, 64, 4096
MINUTES = 2  # of the training in the picture


def keep(picture: Path, out: Path) -> None:
    """A screenshot in a quarter of its size, with no difference that one sees."""
    with Image.open(picture) as opened:
        shot = opened.convert("RGB")
    palette = np.array(chosen_colours(shot), np.int32)
    pixels, place = np.unique(np.asarray(shot, np.int32).reshape(-1, 3), axis=0, return_inverse=True)
    # Pillow's own way to a given palette takes the nearest colour only roughly
    nearest = np.concatenate(
        [
            np.square(part[:, None] - palette).sum(axis=2).argmin(axis=1)
            for part in np.array_split(pixels, max(1, len(pixels) // CHUNK))
        ]
    )
    few = Image.fromarray(nearest.astype(np.uint8)[place].reshape(shot.height, shot.width))
    few.putpalette(palette.astype(np.uint8).tobytes())
    few.save(out, optimize=True)


def chosen_colours(shot: Image.Image) -> list[tuple[int, int, int]]:
    """The commonest colours as they are, which are those of the window, and a selection of the others."""
    counted = sorted(shot.getcolors(shot.width * shot.height) or [], reverse=True)
    common = [cast(tuple[int, int, int], colour) for _, colour in counted[:KEPT]]
    few = shot.quantize(COLOURS - KEPT, dither=Image.Dither.NONE).convert("RGB")
    others = [cast(tuple[int, int, int], colour) for _, colour in few.getcolors(COLOURS) or []]
    return list(dict.fromkeys([*common, *others]))


def main() -> int:
    """Returns the process's exit code."""
    sys.path.insert(0, str(ROOT))
    from gui.tour import take_tour

    with tempfile.TemporaryDirectory() as folder:
        for picture in take_tour(Path(folder), minutes=MINUTES):
            stop = picture.stem.split("-", 1)[1]
            if stop in STOPS:
                keep(picture, PICTURES / f"{STOPS[stop]}.png")
                print(f"docs/pictures/{STOPS[stop]}.png", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
