"""Image quality."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.errors import InputError

WINDOW, SIGMA = 11, 1.5  # of SSIM's gaussian window, pixels
K1, K2, RANGE = 0.01, 0.03, 255


def psnr_db(image_BCHW: Tensor, target_BCHW: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image in dB, for values in 0..1, [B].

    10 log10(1 / mean squared error); identical images give 100 dB, the error being held above 1e-10.
    """
    error = (image_BCHW.float() - target_BCHW.float()).square().flatten(1).mean(dim=1)
    return -10 * torch.log10(error.clamp_min(1e-10))


def psnr_of_images(images: npt.NDArray[np.uint8], targets: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The same for uint8 images [B,h,w,c], against 255; at most 100 dB, [B]."""
    difference = images.astype(np.float64) - targets.astype(np.float64)
    error = np.square(difference / 255).reshape(len(images), -1).mean(axis=1)
    decibels: npt.NDArray[np.float64] = -10 * np.log10(np.maximum(error, 1e-10))
    return decibels


def ssim_of_images(images: npt.NDArray[np.uint8], targets: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Structural similarity of uint8 images [B,h,w,c], at most 1, [B].

    Wang, Bovik, Sheikh and Simoncelli 2004, equation (13): gaussian window of 11 x 11 pixels with sigma 1.5,
    K1 = 0.01, K2 = 0.03, data range 255, mean over the places where the window lies inside the image, then
    over channels.

    Raises:
        InputError: a side is shorter than the window.
    """
    if min(images.shape[1:3]) < WINDOW:
        raise InputError(f"SSIM needs images of at least {WINDOW} x {WINDOW} pixels")
    x, y = (np.moveaxis(a, 3, 1).astype(np.float64) for a in (images, targets))
    mean_x, mean_y = _windowed(x), _windowed(y)
    variance_x, variance_y = _windowed(x * x) - mean_x**2, _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    likeness /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    similarity: npt.NDArray[np.float64] = likeness.mean(axis=(1, 2, 3))
    return similarity


def _windowed(x_BCHW: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Gaussian means at every place where the window fits; the window is separable, so two products do."""
    height, width = x_BCHW.shape[2:]
    return np.asarray(_band(height) @ x_BCHW @ _band(width).T)


def _band(side: int) -> npt.NDArray[np.float64]:
    """Row r holds the one-dimensional window, shifted by r, [side - 10, side]."""
    offset = np.arange(WINDOW) - WINDOW // 2
    window = np.exp(-(offset**2) / (2 * SIGMA**2))
    window /= window.sum()
    rows = side - WINDOW + 1
    band = np.zeros((rows, side))
    for r in range(rows):
        band[r, r : r + WINDOW] = window
    return band
