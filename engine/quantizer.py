"""Vector quantization with several disjoint codebooks (docs/model.md, equations 1 and 2).

Legend: B batch, Q codebooks, K codes per codebook, D size of a code, P latent cells (H*W).

For its first steps the quantizer lets latents pass as they are, so that the codebooks then start from
latents that mean something. From there on they follow an exponential moving average of the latents
assigned to them (van den Oord et al. 2017, appendix A.1); codes that are hardly used are moved onto
latents that are badly represented. The gradient passes straight through.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.distributed import gathered, of_leader, size, total


class Quantized(NamedTuple):
    """What one pass gives."""

    latents_BPQD: Tensor  # codes, with the straight-through gradient
    codes_BQP: Tensor  # int64, 0..K-1
    commitment: Tensor  # scalar, mean squared distance of the latents to their codes


class Quantizer(nn.Module):
    """Q codebooks of K codes of size D; block q of the channels goes to codebook q, never overlapping."""

    codebook_QKD: Tensor
    usage_QK: Tensor
    sums_QKD: Tensor
    seen_steps: Tensor

    def __init__(
        self, codebooks: int, codes: int, code_size: int, decay: float, dead_after: float, warm_up: int
    ) -> None:
        super().__init__()
        self.decay, self.dead_after, self.warm_up = decay, dead_after, warm_up
        start = torch.randn(codebooks, codes, code_size)
        self.register_buffer("codebook_QKD", start)
        self.register_buffer("usage_QK", torch.ones(codebooks, codes))
        self.register_buffer("sums_QKD", start.clone())
        self.register_buffer("seen_steps", torch.zeros((), dtype=torch.int64))

    def codes_to_latents(self, codes_BQP: Tensor) -> Tensor:
        """Codes int64 [B,Q,P] -> latents [B,P,Q,D]. Inverse of `latents_to_codes` on the codebooks' rows."""
        parts = [self.codebook_QKD[q][codes_BQP[:, q]] for q in range(codes_BQP.shape[1])]
        return torch.stack(parts, dim=2)

    def expected_latents(self, probability_BNK: Tensor) -> Tensor:
        """Probabilities of the codes of each variable -> their mean code, latents [B,P,Q,D], N = Q*P."""
        probability_BQPK = probability_BNK.float().unflatten(1, (len(self.codebook_QKD), -1))
        return torch.einsum("bqpk,qkd->bpqd", probability_BQPK, self.codebook_QKD)

    def latents_to_codes(self, latents_BPQD: Tensor) -> Tensor:
        """Latents [B,P,Q,D] -> nearest rows, int64 [B,Q,P] (equation 1)."""
        b, p, q, d = latents_BPQD.shape
        x_QMD = latents_BPQD.detach().permute(2, 0, 1, 3).reshape(q, b * p, d).float()
        with torch.autocast(x_QMD.device.type, enabled=False):
            codes_QM = self._nearest(x_QMD).argmin(dim=2)
        return codes_QM.reshape(q, b, p).transpose(0, 1)

    def forward(self, latents_BPQD: Tensor) -> Quantized:
        """Quantizes; in training mode the codebooks follow the latents."""
        with torch.autocast(latents_BPQD.device.type, enabled=False):  # distances in bf16 exchange codes
            return self._quantize(latents_BPQD.float())

    def _quantize(self, latents_BPQD: Tensor) -> Quantized:
        b, p, q, d = latents_BPQD.shape
        x_QMD = latents_BPQD.detach().permute(2, 0, 1, 3).reshape(q, b * p, d)
        if self.training:
            self.seen_steps += 1
            if int(self.seen_steps) <= self.warm_up:
                nothing = latents_BPQD.new_zeros(())
                return Quantized(latents_BPQD, self.latents_to_codes(latents_BPQD), nothing)
            if int(self.seen_steps) == self.warm_up + 1:
                self._start(x_QMD)
        distance_QMK = self._nearest(x_QMD)
        nearest = distance_QMK.min(dim=2)
        codes_BQP = nearest.indices.reshape(q, b, p).transpose(0, 1)
        quantized = self.codes_to_latents(codes_BQP)
        if self.training:
            self._follow(x_QMD, nearest.indices, nearest.values)
        commitment = (latents_BPQD - quantized).square().mean()
        straight_through = latents_BPQD + (quantized - latents_BPQD).detach()
        return Quantized(straight_through, codes_BQP, commitment)

    def _nearest(self, x_QMD: Tensor) -> Tensor:
        """Squared distances up to a constant per latent, [Q,M,K]."""
        norms_QK = self.codebook_QKD.square().sum(dim=2)
        return torch.baddbmm(norms_QK[:, None, :], x_QMD, self.codebook_QKD.transpose(1, 2), alpha=-2)

    @torch.no_grad()
    def _start(self, x_QMD: Tensor) -> None:
        """Latents of one batch become the codes."""
        x_QMD = gathered(x_QMD, 1)
        q, m, _ = x_QMD.shape
        k = self.codebook_QKD.shape[1]
        for i in range(q):
            rows = torch.randperm(m, device=x_QMD.device)[:k]
            if m < k:
                rows = torch.randint(m, (k,), device=x_QMD.device)
            self.codebook_QKD[i] = x_QMD[i, of_leader(rows)]
        self.sums_QKD.copy_(self.codebook_QKD)
        self.usage_QK.fill_(1.0)

    @torch.no_grad()
    def _follow(self, x_QMD: Tensor, codes_QM: Tensor, distance_QM: Tensor) -> None:
        """One step of the moving average; then dead codes are revived on badly represented latents.

        Processes that train together add up what they saw, and so keep one codebook.
        """
        q, m, d = x_QMD.shape
        k = self.codebook_QKD.shape[1]
        counts = torch.zeros_like(self.usage_QK).scatter_add_(1, codes_QM, torch.ones_like(distance_QM))
        sums = torch.zeros_like(self.sums_QKD).scatter_add_(1, codes_QM[..., None].expand(-1, -1, d), x_QMD)
        counts, sums = total(counts), total(sums)
        share = k / (m * size())  # in units of uniform use, so that batch size and K do not matter
        self.usage_QK.lerp_(counts * share, 1 - self.decay)
        self.sums_QKD.lerp_(sums * share, 1 - self.decay)
        self.codebook_QKD.copy_(self.sums_QKD / self.usage_QK.clamp_min(1e-4)[..., None])
        dead_QK = self.usage_QK < self.dead_after
        if not bool(dead_QK.any()):
            return
        x_QMD, distance_QM = gathered(x_QMD, 1), gathered(distance_QM, 1)
        if not bool(torch.isfinite(distance_QM).all()):
            return  # broken latents are the training's to report
        excess_QM = (distance_QM + x_QMD.square().sum(dim=2)).clamp_min(1e-12)
        for i in range(q):
            dead = dead_QK[i].nonzero()[:, 0]
            if len(dead):
                rows = torch.multinomial(excess_QM[i], len(dead), replacement=len(dead) > x_QMD.shape[1])
                rows = of_leader(rows)
                self.codebook_QKD[i, dead] = x_QMD[i, rows]
                self.sums_QKD[i, dead] = x_QMD[i, rows] * 0.5
                self.usage_QK[i, dead] = 0.5


def perplexity(codes_BQP: Tensor, num_codes: int) -> tuple[float, int]:
    """(mean perplexity over codebooks, number of codes never used) of codes [B,Q,P].

    Perplexity is exp(entropy in nats), 1..K.
    """
    total, dead = 0.0, 0
    for q in range(codes_BQP.shape[1]):
        counts = torch.bincount(codes_BQP[:, q].reshape(-1), minlength=num_codes).float()
        share = counts / counts.sum()
        total += float(torch.exp(-(share * share.clamp_min(1e-12).log()).sum()))
        dead += int((counts == 0).sum())
    return total / codes_BQP.shape[1], dead
