"""Losses as pure functions, each with its equation in docs/model.md.

Legend: B batch, G actions per image, M variables looked at, K codes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def reconstruction(image_BCHW: Tensor, target_BCHW: Tensor) -> Tensor:
    """Mean squared error in image units (0..1), the first term of (2)."""
    return F.mse_loss(image_BCHW, target_BCHW)


def base_log_likelihood(logits_BMK: Tensor, own_BM: Tensor, before_BM: Tensor, after_BM: Tensor) -> Tensor:
    """Log p(after) under the base mechanism, nats, [B,M].

    The base mechanism keeps the own code with probability sigmoid(own), else draws from what the parents
    say (8), (11); own = -inf for hidden variables.
    """
    parents = log_probability(logits_BMK, after_BM)
    drawn = F.logsigmoid(-own_BM) + parents
    kept = F.logsigmoid(own_BM).masked_fill(before_BM != after_BM, -torch.inf)
    return torch.logaddexp(drawn, kept)


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
