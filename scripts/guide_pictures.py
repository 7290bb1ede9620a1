"""Makes the pictures of the guides (Explore, Retrieve, Train, Library) from the running program.

    python scripts/guide_pictures.py

It takes the guided tour of the window with the bundled model, and keeps the stops that the pages show,
in 256 colours.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

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
COLOURS = 256
MINUTES = 2  # of the training in the picture


def keep(picture: Path, out: Path) -> None:
    """A screenshot in a quarter of its size, with no difference that one sees."""
    with Image.open(picture) as shot:
        few = shot.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(out, optimize=True)


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
