"""Image quality."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


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
