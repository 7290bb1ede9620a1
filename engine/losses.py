"""Losses as pure functions, each with its equation in docs/model.md.

Legend: B batch, G actions per image, M variables looked at, K codes.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def reconstruction(image_BCHW: Tensor, target_BCHW: Tensor, weight_HW: Tensor) -> Tensor:
    """Mean squared error in image units (0..1), each pixel with its weight, the first term of (2)."""
    return ((image_BCHW - target_BCHW).square() * weight_HW).mean()


def base_log_likelihood(logits_BMK: Tensor, own_BM: Tensor, before_BM: Tensor, after_BM: Tensor) -> Tensor:
    """Log p(after) under the base mechanism, nats, [B,M].

    The base mechanism keeps the own code with probability sigmoid(own), else draws from what the parents
    say (8), (11); own = -inf for hidden variables.
    """
    parents = log_probability(logits_BMK, after_BM)
    drawn = F.logsigmoid(-own_BM) + parents
    kept = F.logsigmoid(own_BM).masked_fill(before_BM != after_BM, -torch.inf)
    return torch.logaddexp(drawn, kept)


def untouched_log_likelihood(own_BM: Tensor, changed_BM: Tensor, num_codes: int) -> Tensor:
    """Stands in for `base_log_likelihood` while an action is learned, nats, [B,M].

    A visible variable that keeps its code does so by its own strength; one that changed without being a
    target is taken to have any code, so that its parents need not be asked.
    """
    return torch.where(changed_BM, F.logsigmoid(-own_BM) - math.log(num_codes), F.logsigmoid(own_BM))


def latent_distance(
    logits_BMK: Tensor,
    mask_BM: Tensor,
    before_BM: Tensor,
    after_BM: Tensor,
    codebook_QKD: Tensor,
    codebook_BM: Tensor,
) -> Tensor:
    """Squared distance of expected latents (13) to those of the codes after, over the variance, [B] (12).

    What is not a target keeps its code. The sum is divided by the number of variables that change.

    Args:
        logits_BMK: of the next code of a target.
        mask_BM: logit of being a target.
        before_BM: the codes before.
        after_BM: the codes after.
        codebook_QKD: the codes' latents.
        codebook_BM: which codebook each variable belongs to.
    """
    probability = logits_BMK.float().softmax(dim=2)
    if len(codebook_QKD) == 1:
        expected = probability @ codebook_QKD[0]
    else:
        mixed_BMQD = torch.einsum("bmk,qkd->bmqd", probability, codebook_QKD)
        which = codebook_BM[..., None, None].expand(-1, -1, 1, codebook_QKD.shape[2])
        expected = mixed_BMQD.gather(2, which)[:, :, 0]
    mask_BM1 = mask_BM.float().sigmoid()[..., None]
    expected = mask_BM1 * expected + (1 - mask_BM1) * codebook_QKD[codebook_BM, before_BM]
    error_BM = (expected - codebook_QKD[codebook_BM, after_BM]).square().sum(dim=2)
    changed_B = (before_BM != after_BM).sum(dim=1).clamp_min(1)
    variance = codebook_QKD.var(dim=1, unbiased=False).sum(dim=1).mean().clamp_min(1e-12)
    return error_BM.sum(dim=1) / changed_B / variance


def transition_log_likelihood(
    action_logits_BGMK: Tensor, mask_BGM: Tensor, base_BM: Tensor, after_BM: Tensor
) -> Tensor:
    """Log p(after | before, action) for each variable, nats, [B,G,M] (6).

    The target mask is summed out: with probability sigmoid(mask) the action's mechanism draws the code,
    else the base mechanism does.
    """
    after = after_BM[:, None].expand(mask_BGM.shape)
    acted = F.logsigmoid(mask_BGM) + log_probability(action_logits_BGMK, after)
    untouched = F.logsigmoid(-mask_BGM) + base_BM[:, None]
    return torch.logaddexp(acted, untouched)


def log_probability(logits: Tensor, index: Tensor) -> Tensor:
    """Log softmax(logits)[index] over the last dimension, in float32 (sums of bf16 logarithms drift)."""
    logits = logits.float()
    chosen = logits.gather(-1, index[..., None])[..., 0]
    return chosen - logits.logsumexp(-1)


def retrieval(scores_BG: Tensor, answer_B: Tensor) -> Tensor:
    """Cross entropy of the softmin of (7) against the true action (9)."""
    return F.cross_entropy(scores_BG, answer_B)
