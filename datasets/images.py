"""Images of any kind in and out: made uint8 [H, W, C] at the door, and each conversion said in words.

Pixels that need no conversion come through exactly.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from datasets.errors import DatasetInputError, SourceError
from datasets.source import ImageArray

Shape = tuple[int, int, int]
_MAX_PIXELS = 80_000_000
_ORIENTATION = 0x0112  # the EXIF tag


def load_image(path: str | Path, shape: Shape = (64, 64, 3)) -> tuple[ImageArray, str]:
    """Read an image file and make it fit.

    Args:
        path: any format that Pillow reads.
        shape: the (height, width, channels) that are wanted; 1 or 3 channels.

    Returns:
        The image, and what was converted, in words ("resized from 128x128"); empty if nothing was.

    Raises:
        SourceError: the file is missing, is no image, is damaged or far too large.
    """
    path = Path(path)
    if not path.is_file():
        kind = "is a folder, not an image" if path.is_dir() else "does not exist"
        raise SourceError(f"the image '{path}' {kind}; check the path")
    try:
        with Image.open(path) as opened:
            pixels, notes = _decode(path, opened)
        image, more = _fit(pixels, shape, notes)
    except UnidentifiedImageError as error:
        raise SourceError(f"'{path}' is not an image of a known format; save it as PNG") from error
    except DatasetInputError as error:
        raise SourceError(f"the image '{path}' cannot be used: {error}") from error
    except Exception as error:
        raise SourceError(
            f"the image '{path}' is damaged or cut short ({error}); open it elsewhere and save it as PNG"
        ) from error
    return image, "; ".join(more)


def convert_image(pixels: npt.ArrayLike, shape: Shape = (64, 64, 3)) -> tuple[ImageArray, str]:
    """Make pixels that are already in memory fit.

    Args:
        pixels: [H, W] or [H, W, C] with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) channels;
            bool, uint8, uint16 (all 16 bits used), other integers in 0..255, or floating point numbers
            in 0..1 or else in 0..255.
        shape: the (height, width, channels) that are wanted; 1 or 3 channels.

    Returns:
        The image, and what was converted, in words; empty if nothing was.

    Raises:
        DatasetInputError: the array is not such an image.
    """
    image, notes = _fit(np.asarray(pixels), shape, [])
    return image, "; ".join(notes)


def save_image(path: str | Path, image: npt.NDArray[np.uint8]) -> None:
    """Write an image uint8 [H, W], [H, W, 1] or [H, W, 3]; the format follows the name's ending.

    The file appears under its name only when it is whole; missing folders are made.

    Raises:
        DatasetInputError: the ending is unknown, the array is no such image, or the place cannot be
            written to.
    """
    path = Path(path)
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None or kind not in Image.SAVE:
        raise DatasetInputError(f"'{path.name}' has no ending of a known image format; end it with .png")
    pixels = np.asarray(image)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)):
        raise DatasetInputError(
            f"an array of {pixels.dtype} {pixels.shape} is not an image to save as '{path}'"
        )
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(partial, format=kind)
        partial.replace(path)
    except OSError as error:
        raise DatasetInputError(
            f"the image '{path}' cannot be written ({error.strerror or error}); "
            "free some space or choose another place"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _decode(path: Path, image: Image.Image) -> tuple[npt.NDArray[Any], list[str]]:
    """The pixels of an opened file, its palette and orientation applied."""
    width, height = image.size
    if width * height > _MAX_PIXELS:
        raise SourceError(f"the image '{path}' has {width} x {height} pixels; make it smaller first")
    notes: list[str] = []
    if getattr(image, "n_frames", 1) > 1:
        notes.append(f"first of {getattr(image, 'n_frames', 1)} frames")
    # Pillow reads only the high byte of 16-bit colour; the raw mode is the one trace of it.
    if image.mode in ("RGB", "RGBA") and any(";16" in str(tile[3]) for tile in getattr(image, "tile", ())):
        notes.append("16 bits reduced to 8")
    if image.getexif().get(_ORIENTATION, 1) != 1:
        image = ImageOps.exif_transpose(image)
        notes.append("turned upright as its EXIF data says")
    if image.mode not in ("1", "L", "LA", "RGB", "RGBA", "P", "PA", "F") and not image.mode.startswith("I"):
        notes.append(f"{image.mode} made RGB")
        image = image.convert("RGB")
    elif image.mode in ("P", "PA") or image.has_transparency_data:
        # Palettes and single transparent colours are only ways to write RGB and alpha: no loss, no note.
        grey = image.mode in ("L", "LA")
        clear = image.has_transparency_data
        image = image.convert(("LA" if grey else "RGBA") if clear else "RGB")
    pixels = np.asarray(image)
    return (pixels.astype(np.uint16) if image.mode.startswith("I;16") else pixels), notes


def _fit(pixels: npt.NDArray[Any], shape: Shape, notes: list[str]) -> tuple[ImageArray, list[str]]:
    """Apply each conversion that is needed, and note it."""
    height, width, channels = shape
    if channels not in (1, 3):
        raise DatasetInputError(f"images have 1 or 3 channels, {channels} were asked for")
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
        raise DatasetInputError(
            f"an array of shape {pixels.shape} is not an image; give [height, width, 1 to 4 channels]"
        )
    notes = list(notes)
    image = _to_channels(_flatten(_to_bytes(pixels, notes), notes), channels, notes)
    return np.ascontiguousarray(_to_size(image, height, width, notes)), notes


def _to_bytes(pixels: npt.NDArray[Any], notes: list[str]) -> ImageArray:
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype == np.uint16:
        notes.append("16 bits reduced to 8")
        return (pixels >> 8).astype(np.uint8)
    low, high = pixels.min(), pixels.max()
    if not (low >= 0 and high <= 255):  # also true for NaN
        raise DatasetInputError(f"pixel values {low} to {high} lie outside 0 to 255")
    if np.issubdtype(pixels.dtype, np.integer):
        return pixels.astype(np.uint8)
    notes.append("floating point numbers made 8 bits")
    return np.rint(pixels * 255 if high <= 1 else pixels).astype(np.uint8)


def _flatten(image: ImageArray, notes: list[str]) -> ImageArray:
    if image.shape[2] in (1, 3):
        return image
    colour, alpha = image[:, :, :-1], image[:, :, -1:]
    if (alpha == 255).all():
        return colour
    notes.append("transparency flattened on black")
    return np.rint(colour * (alpha / 255.0)).astype(np.uint8)


def _to_channels(image: ImageArray, channels: int, notes: list[str]) -> ImageArray:
    if image.shape[2] == channels:
        return image
    if channels == 3:
        notes.append("grey made RGB")
        return np.repeat(image, 3, axis=2)
    if (image == image[:, :, :1]).all():  # grey, only written as RGB
        return image[:, :, :1]
    notes.append("colour made grey")
    return np.asarray(Image.fromarray(image).convert("L"))[:, :, None]


def _to_size(image: ImageArray, height: int, width: int, notes: list[str]) -> ImageArray:
    """Crop to the middle where the proportions differ, then resize with antialiasing."""
    have_height, have_width = image.shape[:2]
    if (have_height, have_width) == (height, width):
        return image
    scale = min(have_height / height, have_width / width)
    crop_height, crop_width = max(1, round(height * scale)), max(1, round(width * scale))
    if (crop_height, crop_width) != (have_height, have_width):
        top, left = (have_height - crop_height) // 2, (have_width - crop_width) // 2
        image = image[top : top + crop_height, left : left + crop_width]
        notes.append(f"cropped from {have_width}x{have_height} to its middle")
    if (crop_height, crop_width) == (height, width):
        return image
    notes.append(f"resized from {crop_width}x{crop_height}")
    grey = image.shape[2] == 1
    picture = Image.fromarray(image[:, :, 0] if grey else image)
    resized = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))
    return resized[:, :, None] if grey else resized
