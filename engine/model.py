"""CT-VAE: the quantized autoencoder and the causal transition layer, and the three public verbs.

Legend: B batch, C channels, N latent variables, A actions, G actions asked for, M targets.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine import losses
from engine.autoencoder import Autoencoder
from engine.config import Config
from engine.device import free_memory
from engine.transition import CausalTransition, Context, Graph

LITTLE = 2**28  # bytes that nobody has to ask for
MEMORY_SHARE = 0.25  # of the free memory, for one answer


class NextCodes(NamedTuple):
    """What follows an action, or no action (13)."""

    codes_BN: Tensor  # the codes nearest to the expected latents
    latents_BPQD: Tensor  # expected: the mean of the codes under p(z'); the image is decoded from them
    mask_BN: Tensor  # probability that the action targets each variable; zeros without an action


class ActionScores(NamedTuple):
    """Causal mode: how well each action explains a pair."""

    log_probability_BA: Tensor
    cross_entropy_BA: Tensor  # nats per variable (7)
    unchanged_B: Tensor  # the same where nothing is done: the base mechanism alone


def of_targets(x_BN: Tensor, targets_BM: Tensor | None) -> Tensor:
    """What belongs to the targets, [B,M]; all of it where no targets are named."""
    return x_BN if targets_BM is None else x_BN.gather(1, targets_BM)


class CTVAE(nn.Module):
    """The whole model for images of one shape and one set of actions.

    Args:
        config: autoencoder and transition sizes.
        image_shape: (height, width, channels).
        num_actions: A, usually 2F.
    """

    def __init__(self, config: Config, image_shape: tuple[int, int, int], num_actions: int) -> None:
        super().__init__()
        self.autoencoder = Autoencoder(config.autoencoder, image_shape)
        self.transition = CausalTransition(
            config.transition, self.autoencoder.grid, config.autoencoder.codes, num_actions
        )
        # the sharpness of the softmin of (7); learned with (9)
        self.log_sharpness = nn.Parameter(torch.zeros(()))

    def encode(self, image_BCHW: Tensor) -> Tensor:
        """Images in 0..1 -> codes int64 [B,N]."""
        return self.autoencoder.encode(image_BCHW)

    def decode(self, codes_BN: Tensor) -> Tensor:
        """Codes [B,N] -> images in 0..1."""
        return self.autoencoder.decode(codes_BN)

    def reconstruct(self, codes_BN: Tensor) -> NextCodes:
        """Standard mode: the codes that follow when nothing is done (a = none)."""
        context = self.transition.context(codes_BN)
        parts = [self._base_probability(context, codes_BN, targets) for targets in self._parts(codes_BN, 1)]
        return self._settle(torch.cat(parts, dim=1), torch.zeros_like(context.own_BN))

    def apply_action(self, codes_BN: Tensor, action_B: Tensor) -> NextCodes:
        """Action mode: the codes that follow the action, the mask summed out (6), settled by (13)."""
        context = self.transition.context(codes_BN)
        parts, masks = [], []
        for targets_BM in self._parts(codes_BN, 1):
            acted = self.transition.act(context, action_B[:, None], targets_BM)
            acted_BMK, mask_BM = acted.logits_BGMK[:, 0].softmax(dim=2), acted.mask_BGM[:, 0].sigmoid()
            base_BMK = self._base_probability(context, codes_BN, targets_BM)
            parts.append(torch.lerp(base_BMK, acted_BMK, mask_BM[..., None]))
            masks.append(mask_BM)
        return self._settle(torch.cat(parts, dim=1), torch.cat(masks, dim=1))

    def retrieve_action(self, before_BN: Tensor, after_BN: Tensor) -> ActionScores:
        """Causal mode: log p(a) = log softmin of the cross entropy of `after` under each action (7)."""
        context = self.transition.context(before_BN)
        actions_1A = torch.arange(self.transition.num_actions, device=before_BN.device)[None]
        local_BAN = self.transition.local_mask(context, actions_1A)
        likelihood_BA = local_BAN.new_zeros(local_BAN.shape[:2], dtype=torch.float32)
        unchanged_B = torch.zeros(len(before_BN), device=before_BN.device)
        for targets_BM in self._parts(before_BN, actions_1A.shape[1]):
            own_BM, before_BM, after_BM = (
                of_targets(x, targets_BM) for x in (context.own_BN, before_BN, after_BN)
            )
            base_logits = self.transition.base(context, targets_BM).logits_BGMK[:, 0]
            base = losses.base_log_likelihood(base_logits, own_BM, before_BM, after_BM)
            acted = self.transition.act(context, actions_1A, targets_BM, local_BAN)
            found = losses.transition_log_likelihood(acted.logits_BGMK, acted.mask_BGM, base, after_BM)
            likelihood_BA = likelihood_BA + found.sum(dim=2)
            unchanged_B = unchanged_B + base.sum(dim=1)
        scores = likelihood_BA * self.log_sharpness.exp()
        n = before_BN.shape[1]
        return ActionScores(scores.log_softmax(dim=1), -likelihood_BA / n, -unchanged_B / n)

    def predict_hidden(self, codes_BN: Tensor, hidden_BN: Tensor, graph: Graph = "learned") -> Tensor:
        """Log p(code | parents) of every variable, the hidden ones unseen by all, [B,N,K] (11).

        The parents are those of the learned graph, or all other variables, or none.
        """
        context = self.transition.context(codes_BN, hidden_BN)
        return self.transition.base(context, graph=graph).logits_BGMK[:, 0].log_softmax(dim=2)

    def _parts(self, codes_BN: Tensor, actions: int) -> list[Tensor | None]:
        """The variables in as few parts as fit the memory: [None] for all at once, else indices [B,M]."""
        fitting, everyone = self.transition.targets_that_fit, self.transition.num_variables
        if fitting(len(codes_BN), actions, LITTLE) >= everyone:
            return [None]
        count = fitting(len(codes_BN), actions, int(MEMORY_SHARE * free_memory(codes_BN.device)))
        if count >= everyone:
            return [None]
        indices = torch.arange(everyone, device=codes_BN.device)
        return [part.expand(len(codes_BN), -1) for part in indices.split(count)]

    def _base_probability(self, context: Context, codes_BN: Tensor, targets_BM: Tensor | None) -> Tensor:
        """Probability of each code under the base mechanism, [B,M,K]."""
        own_BM, codes_BM = (of_targets(x, targets_BM) for x in (context.own_BN, codes_BN))
        keep_BM1 = own_BM.sigmoid()[..., None]
        logits_BMK = self.transition.base(context, targets_BM).logits_BGMK[:, 0]
        return ((1 - keep_BM1) * logits_BMK.softmax(dim=2)).scatter_add(2, codes_BM[..., None], keep_BM1)

    def _settle(self, probability_BNK: Tensor, mask_BN: Tensor) -> NextCodes:
        """From probabilities to one answer (13).

        The mean code is the point with the least expected squared error; the most probable code is not,
        where several codes stand for much the same picture and share the probability.
        """
        quantizer = self.autoencoder.quantizer
        latents_BPQD = quantizer.expected_latents(probability_BNK)
        return NextCodes(quantizer.latents_to_codes(latents_BPQD).flatten(1), latents_BPQD, mask_BN)
