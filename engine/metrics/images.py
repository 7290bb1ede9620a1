"""Image quality."""

from __future__ import annotations

import torch
from torch import Tensor


def psnr_db(image_BCHW: Tensor, target_BCHW: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image in dB, for values in 0..1, [B].

    10 log10(1 / mean squared error); identical images give 100 dB, the error being held above 1e-10.
    """
    error = (image_BCHW.float() - target_BCHW.float()).square().flatten(1).mean(dim=1)
    return -10 * torch.log10(error.clamp_min(1e-10))
