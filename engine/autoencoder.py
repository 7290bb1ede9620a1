"""The quantized autoencoder (MCQ-VAE; docs/model.md, section 1).

Legend: B batch, C colour channels, Q codebooks, D size of a code, H x W latent grid, E channels.

The encoder looks at one patch of the image per latent cell, and widens its view by one cell a residual
block if it has some: a code then changes where the picture changes, which keeps transitions atomic. The
decoder sees wider. Both work on rearranged pixels (space to depth), where dense products are fast on any
processor.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.config import AutoencoderConfig
from engine.quantizer import Quantizer


class Autoencoded(NamedTuple):
    """What one pass gives."""

    image_BCHW: Tensor  # reconstruction, about 0..1
    codes_BN: Tensor  # int64, flattened codebook, row, column
    commitment: Tensor


class CellNorm(nn.Module):
    """Divides each cell's channels by their root mean square, so that no cell hears of another by it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width, 1, 1))

    def forward(self, x_BEHW: Tensor) -> Tensor:
        scale = torch.rsqrt(x_BEHW.square().mean(dim=1, keepdim=True) + 1e-6)
        return x_BEHW * scale * self.gain


class ResidualBlock(nn.Module):
    """x + f(x) with a narrow 3x3 convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = CellNorm(width)
        self.look = nn.Conv2d(width, width // 2, 3, padding=1)
        self.mix = nn.Conv2d(width // 2, width, 1)

    def forward(self, x_BEHW: Tensor) -> Tensor:
        out: Tensor = x_BEHW + self.mix(self.look(self.norm(x_BEHW).relu_()).relu_())
        return out


class Autoencoder(nn.Module):
    """Encoder, quantizer and decoder for images of one fixed shape.

    Args:
        config: sizes.
        image_shape: (height, width, channels); height and width are multiples of `config.patch`.
    """

    def __init__(self, config: AutoencoderConfig, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        height, width, channels = image_shape
        self.config, self.channels = config, channels
        self.rows, self.columns = height // config.patch, width // config.patch
        e = config.width
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(config.patch),
            nn.Conv2d(channels * config.patch**2, 2 * e, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * e, e, 1),
            *(ResidualBlock(e) for _ in range(config.encoder_blocks)),
            nn.ReLU(inplace=True),
            nn.Conv2d(e, config.codebooks * config.code_size, 1),
        )
        self.quantizer = Quantizer(
            config.codebooks, config.codes, config.code_size, config.decay, config.dead_after, config.warm_up
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(config.codebooks * config.code_size, e, 3, padding=1),
            *(ResidualBlock(e) for _ in range(config.decoder_blocks)),
            nn.ReLU(inplace=True),
            nn.Conv2d(e, config.detail_width, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(config.detail_width, channels * config.patch**2, 1),
            nn.PixelShuffle(config.patch),
        )

    @property
    def grid(self) -> tuple[int, int, int]:
        """(Q, H, W)."""
        return self.config.codebooks, self.rows, self.columns

    def latents(self, image_BCHW: Tensor) -> Tensor:
        """Images [B,C,h,w] in 0..1 -> latents before quantization, [B,P,Q,D]."""
        x: Tensor = self.encoder(image_BCHW - 0.5)
        return x.flatten(2).transpose(1, 2).unflatten(2, (self.config.codebooks, self.config.code_size))

    def encode(self, image_BCHW: Tensor) -> Tensor:
        """Images [B,C,h,w] in 0..1 -> codes int64 [B,N]."""
        return self.quantizer.latents_to_codes(self.latents(image_BCHW)).flatten(1)

    def decode(self, codes_BN: Tensor) -> Tensor:
        """Codes int64 [B,N] -> images [B,C,h,w], clamped to 0..1."""
        codes_BQP = codes_BN.unflatten(1, (self.config.codebooks, self.rows * self.columns))
        return self.decode_latents(self.quantizer.codes_to_latents(codes_BQP))

    def decode_latents(self, latents_BPQD: Tensor) -> Tensor:
        """Latents [B,P,Q,D], codes or mixtures of codes -> images [B,C,h,w], clamped to 0..1."""
        return self._decode_latents(latents_BPQD).clamp(0, 1)

    def forward(self, image_BCHW: Tensor) -> Autoencoded:
        """Reconstructs; in training mode the codebooks follow."""
        quantized = self.quantizer(self.latents(image_BCHW))
        image = self._decode_latents(quantized.latents_BPQD)
        return Autoencoded(image, quantized.codes_BQP.flatten(1), quantized.commitment)

    def _decode_latents(self, latents_BPQD: Tensor) -> Tensor:
        grid = latents_BPQD.flatten(2).transpose(1, 2).unflatten(2, (self.rows, self.columns))
        image: Tensor = self.decoder(grid.contiguous(memory_format=torch.channels_last)) + 0.5
        return image
