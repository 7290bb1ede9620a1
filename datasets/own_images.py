"""Reads the images that people have as 64 x 64 pixels with three channels, and counts what was converted."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator

import numpy as np
from PIL import Image

from datasets.archive import Files
from datasets.arrays import Images
from datasets.errors import SourceError
from datasets.source import ImageArray

SIDE = 64
RESIZED = f"resized to {SIDE} x {SIDE} pixels"  # what is said of so many images
SQUEEZED = f"that are not square squeezed to {SIDE} x {SIDE} pixels"
GREY = "in grey given three equal channels"
ON_BLACK = "with transparent parts put on black"
BROKEN = 0.1  # share of images that may be unreadable before the whole is refused
_MOST_PIXELS = 64_000_000  # of a picture: it is held two or three times, and memory is to stay under 1 GB

Reader = Callable[[Collection[int] | None], Iterator[tuple[int, ImageArray]]]


def pictures(
    files: Files, places: dict[str, int], where: str, broken: list[str], converted: Counter[str] | None = None
) -> Iterator[tuple[int, ImageArray]]:
    """Reads (number, uint8 [64, 64, 3]) of images by their places; what cannot be read goes to `broken`, and
    how many were converted in which way is counted in `converted`.

    Raises:
        SourceError: more than a tenth cannot be read.
    """
    for place, data in files.stream(places):
        try:
            image, changes = _picture(data)
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            broken.append(f"{place} ({error})")
            if len(broken) > BROKEN * len(places) + 3:
                raise SourceError(
                    f"{len(broken)} images of '{where}' cannot be read, the first is {broken[0]}"
                ) from error
            continue
        if converted is not None:
            converted.update(changes)
        yield places[place], image


def _picture(data: bytes) -> tuple[ImageArray, list[str]]:
    """Any picture, uint8 [64, 64, 3], and what was converted; what is transparent becomes black."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # there is a limit of our own
        opened = Image.open(io.BytesIO(data))
    with opened as image:
        if image.size[0] * image.size[1] > _MOST_PIXELS:
            raise ValueError(f"{image.size[0]} x {image.size[1]} pixels are too many")
        changes = [GREY] if image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I") else []
        rgba = image.convert("RGBA")
    if (np.asarray(rgba.getchannel("A")) < 255).any():
        changes.append(ON_BLACK)
    changes += resizing(*rgba.size)
    ground = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
    flat = Image.alpha_composite(ground, rgba).convert("RGB")
    if flat.size != (SIDE, SIDE):
        flat = flat.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(flat), changes


def resizing(width: int, height: int) -> list[str]:
    """What has to be said of an image of this size."""
    if (width, height) == (SIDE, SIDE):
        return []
    return [RESIZED if width == height else SQUEEZED]


def streamed(images: Images, converted: Counter[str]) -> Reader:
    """Reads an array of images as 64 x 64 pixels with three channels; what is transparent becomes black."""

    def stream(wanted: Collection[int] | None) -> Iterator[tuple[int, ImageArray]]:
        from datasets.stored import resized

        left = None if wanted is None else len(set(wanted))
        for first, block in images.blocks():
            here = [n for n in range(len(block)) if wanted is None or first + n in wanted]
            some = block if wanted is None else block[here]
            opaque = _on_black(some, converted)
            small = opaque if opaque.shape[1:3] == (SIDE, SIDE) else resized(opaque)
            coloured = small if small.shape[3] == 3 else np.repeat(small, 3, axis=3)
            changes = [*resizing(images.shape[1], images.shape[0]), *([GREY] if small.shape[3] == 1 else [])]
            for n, image in zip(here, coloured, strict=True):
                converted.update(changes)
                yield first + n, image
            if left is not None and (left := left - len(here)) < 1:
                return

    return stream


def _on_black(images: ImageArray, converted: Counter[str]) -> ImageArray:
    """Images [n, H, W, 1 to 4] without their opacity, each pixel as dark as it is transparent."""
    if images.shape[3] in (1, 3):
        return images
    colour, alpha = images[..., :-1], images[..., -1:]
    clear = (alpha < 255).any(axis=(1, 2, 3))
    if clear.any():
        converted[ON_BLACK] += int(clear.sum())
        colour = np.rint(colour * (alpha / np.float32(255))).astype(np.uint8)
    return np.ascontiguousarray(colour)
