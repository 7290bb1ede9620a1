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
from engine.transition import CausalTransition, Context, Graph


class NextCodes(NamedTuple):
    """What follows an action, or no action (13)."""

    codes_BN: Tensor  # the codes nearest to the expected latents
    latents_BPQD: Tensor  # expected: the mean of the codes under p(z'); the image is decoded from them
    mask_BN: Tensor  # probability that the action targets each variable; zeros without an action


class ActionScores(NamedTuple):
    """Causal mode: how well each action explains a pair."""

    log_probability_BA: Tensor
    cross_entropy_BA: Tensor  # nats per variable (7)


class CTVAE(nn.Module):
    """The whole model for images of one shape and one set of actions.

    Args:
        config: autoencoder and transition sizes.
        image_shape: (height, width, channels).
        num_actions: A = 2F.
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
        return self._settle(self._base_probability(context, codes_BN), torch.zeros_like(context.own_BN))

    def apply_action(self, codes_BN: Tensor, action_B: Tensor) -> NextCodes:
        """Action mode: the codes that follow the action, the mask summed out (6), settled by (13)."""
        context = self.transition.context(codes_BN)
        acted = self.transition.act(context, action_B[:, None])
        acted_BNK, mask_BN = acted.logits_BGMK[:, 0].softmax(dim=2), acted.mask_BGM[:, 0].sigmoid()
        target_BN1 = mask_BN[..., None]
        base_BNK = self._base_probability(context, codes_BN)
        return self._settle(target_BN1 * acted_BNK + (1 - target_BN1) * base_BNK, mask_BN)

    def retrieve_action(self, before_BN: Tensor, after_BN: Tensor) -> ActionScores:
        """Causal mode: log p(a) = log softmin of the cross entropy of `after` under each action (7)."""
        context = self.transition.context(before_BN)
        actions = torch.arange(self.transition.num_actions, device=before_BN.device)
        actions_BA = actions.expand(len(before_BN), -1)
        base_logits = self.transition.base(context).logits_BGMK[:, 0]
        base = losses.base_log_likelihood(base_logits, context.own_BN, before_BN, after_BN)
        acted = self.transition.act(context, actions_BA)
        likelihood_BAN = losses.transition_log_likelihood(acted.logits_BGMK, acted.mask_BGM, base, after_BN)
        likelihood_BA = likelihood_BAN.sum(dim=2)
        scores = likelihood_BA * self.log_sharpness.exp()
        return ActionScores(scores.log_softmax(dim=1), -likelihood_BA / before_BN.shape[1])

    def predict_hidden(self, codes_BN: Tensor, hidden_BN: Tensor, graph: Graph = "learned") -> Tensor:
        """Log p(code | parents) of every variable, the hidden ones unseen by all, [B,N,K] (11).

        The parents are those of the learned graph, or all other variables, or none.
        """
        context = self.transition.context(codes_BN, hidden_BN)
        return self.transition.base(context, graph=graph).logits_BGMK[:, 0].log_softmax(dim=2)

    def _base_probability(self, context: Context, codes_BN: Tensor) -> Tensor:
        """Probability of each code under the base mechanism, [B,N,K]."""
        keep_BN1 = context.own_BN.sigmoid()[..., None]
        probability = (1 - keep_BN1) * self.transition.base(context).logits_BGMK[:, 0].softmax(dim=2)
        return probability.scatter_add(2, codes_BN[..., None], keep_BN1)

    def _settle(self, probability_BNK: Tensor, mask_BN: Tensor) -> NextCodes:
        """From probabilities to one answer (13).

        The mean code is the point with the least expected squared error; the most probable code is not,
        where several codes stand for much the same picture and share the probability.
        """
        quantizer = self.autoencoder.quantizer
        latents_BPQD = quantizer.expected_latents(probability_BNK)
        return NextCodes(quantizer.latents_to_codes(latents_BPQD).flatten(1), latents_BPQD, mask_BN)
