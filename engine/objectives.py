"""What one optimizer step minimises: the weighted sums of the losses of each phase.

Legend: B batch, N latent variables, A actions, M targets, K codes.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine import losses
from engine.autoencoder import Autoencoder
from engine.config import AutoencoderConfig, TrainingConfig
from engine.model import CTVAE
from engine.transition import CausalTransition, Context

Terms = dict[str, Tensor]


class AutoencoderObjective(nn.Module):
    """The first phase's as one module of what it trains, so that processes can share its gradients."""

    def __init__(self, model: CTVAE, weight_HW: Tensor, config: AutoencoderConfig) -> None:
        super().__init__()
        self.autoencoder = model.autoencoder
        self._weight_HW, self._config = weight_HW, config

    def forward(self, image_BCHW: Tensor) -> Terms:
        return _for_the_log(
            autoencoder_objective(self.autoencoder, image_BCHW, self._weight_HW, self._config)
        )


class TransitionObjective(nn.Module):
    """The same of the second phase, in which the autoencoder is frozen."""

    def __init__(self, model: CTVAE, config: TrainingConfig) -> None:
        super().__init__()
        self.transition, self.log_sharpness = model.transition, model.log_sharpness
        self._model, self._config = (model,), config  # in a tuple, which is no submodule

    def forward(self, before_BN: Tensor, after_BN: Tensor, action_B: Tensor, retrieve: bool) -> Terms:
        terms = transition_objective(
            self._model[0], before_BN, after_BN, action_B, config=self._config, retrieve=retrieve
        )
        return _for_the_log(terms)


def _for_the_log(terms: Terms) -> Terms:
    """Only the loss is minimised."""
    return {name: term if name == "loss" else term.detach() for name, term in terms.items()}


def autoencoder_objective(
    model: Autoencoder, image_BCHW: Tensor, weight_HW: Tensor, config: AutoencoderConfig
) -> Terms:
    """Equation (2); "loss" is what is minimised, the rest is for the log."""
    out = model(image_BCHW)
    error = losses.reconstruction(out.image_BCHW, image_BCHW, weight_HW)
    loss = error + config.commitment * out.commitment
    return {"loss": loss, "reconstruction": error, "commitment": out.commitment}


def transition_objective(
    model: CTVAE,
    before_BN: Tensor,
    after_BN: Tensor,
    action_B: Tensor,
    config: TrainingConfig,
    retrieve: bool,
) -> Terms:
    """Equations (8) to (11); retrieval (9) only where `retrieve` is true."""
    context = model.transition.context(before_BN)
    terms = _action_terms(model, context, before_BN, after_BN, action_B, config)
    loss = terms["action"] + config.latent_weight * terms["latent"]
    loss = loss + config.mask_sparsity * terms["targets"] + config.edge_sparsity * terms["edges"]
    some = max(1, round(config.base_share * len(before_BN)))
    if config.base_share > 0:
        terms |= _base_terms(model.transition, before_BN[:some], config)
        loss = loss + terms["hidden"] + terms["kept"] + model.transition.edge_price * terms["base_edges"]
    if retrieve and config.retrieval_share > 0:
        few = max(1, round(config.retrieval_share * len(before_BN)))
        first = (context.of_first(few), before_BN[:few], after_BN[:few], action_B[:few])
        terms["retrieval"] = retrieval_loss(model, *first, config)
        loss = loss + config.retrieval_weight * terms["retrieval"]
    return {"loss": loss, **terms}


def _action_terms(
    model: CTVAE,
    context: Context,
    before_BN: Tensor,
    after_BN: Tensor,
    action_B: Tensor,
    config: TrainingConfig,
) -> Terms:
    """`after` under the true action: (8) in nats per changed variable or so, (12), and what (10) needs."""
    layer = model.transition
    mask_B1N = layer.local_mask(context, action_B[:, None])
    mask_BN = mask_B1N[:, 0]
    changed_BN = before_BN != after_BN
    targets_BM = choose_targets(changed_BN, mask_BN.detach(), config.targets)
    after_BM, before_BM = after_BN.gather(1, targets_BM), before_BN.gather(1, targets_BM)
    changed_BM = before_BM != after_BM
    base = losses.untouched_log_likelihood(context.own_BN.gather(1, targets_BM), changed_BM, layer.num_codes)
    acted = layer.act(context, action_B[:, None], targets_BM, mask_B1N)
    near = losses.transition_log_likelihood(acted.logits_BGMK, acted.mask_BGM, base, after_BM)[:, 0]
    distance_B = losses.latent_distance(
        acted.logits_BGMK[:, 0],
        acted.mask_BGM[:, 0],
        before_BM,
        after_BM,
        model.autoencoder.quantizer.codebook_QKD,
        layer.codebook_of_variable[targets_BM],
    )
    weight_BM = 1 + config.change_weight * changed_BM
    far = far_log_likelihood(mask_BN, context.own_BN, layer.num_codes)
    looked_at_BN = torch.zeros_like(changed_BN).scatter_(1, targets_BM, True)
    far_sum = far.masked_fill(changed_BN | looked_at_BN, 0).sum()
    far_BN = mask_BN.sigmoid().masked_fill(looked_at_BN, 0)
    count = (changed_BN.sum() * (1 + config.change_weight)).clamp_min(1)
    return {
        "action": -((near * weight_BM).sum() + far_sum) / count,
        "latent": distance_B.mean(),
        "latent_B": distance_B.detach(),
        "targets": (far_BN.sum(dim=1) + acted.mask_BGM[:, 0].sigmoid().sum(dim=1)).mean(),
        "edges": acted.edges_BGMV.mean(),
    }


def _base_terms(layer: CausalTransition, codes_BN: Tensor, config: TrainingConfig) -> Terms:
    """Standard mode (8) and the hidden-variable task (11) on the same base edges, of some variables."""
    share_B1 = torch.rand(len(codes_BN), 1, device=codes_BN.device) * 2 * config.hidden_share
    hidden_BN = torch.rand(codes_BN.shape, device=codes_BN.device) < share_B1
    context = layer.context(codes_BN, hidden_BN)
    targets_BM = choose_hidden(hidden_BN, config.base_targets, layer.varies)
    base = layer.base(context, targets_BM)
    codes_BM, own_BM = codes_BN.gather(1, targets_BM), context.own_BN.gather(1, targets_BM)
    likelihood = losses.base_log_likelihood(base.logits_BGMK[:, 0], own_BM, codes_BM, codes_BM)
    hidden_BM = hidden_BN.gather(1, targets_BM)
    return {
        "hidden": -(likelihood * hidden_BM).sum() / hidden_BM.sum().clamp_min(1),
        "kept": -(likelihood * ~hidden_BM).sum() / (~hidden_BM).sum().clamp_min(1),
        "base_edges": drawn_probability(base.edges_BGMV, layer.edge_noise).mean(),
        "edges_drawn": _drawn_share_of_all(layer, base.edges_BGMV[:, 0].detach(), hidden_BN, targets_BM),
    }


def drawn_probability(edges: Tensor, noise: float) -> Tensor:
    """Chance that an edge passes the threshold under the noise of (5), so that strong edges cost no more."""
    return (torch.logit(edges, 1e-6) / noise).sigmoid()


def drawn_share(edges_BMV: Tensor, hidden_BV: Tensor, counted_BM: Tensor) -> Tensor:
    """Share of the edges from visible variables, into those that count, that are above the threshold."""
    pairs_BMV = ~hidden_BV[:, None] & counted_BM[..., None]
    return ((edges_BMV > 0.5) & pairs_BMV).sum() / pairs_BMV.sum().clamp_min(1)


def _drawn_share_of_all(
    layer: CausalTransition, edges_BMV: Tensor, hidden_BN: Tensor, targets_BM: Tensor
) -> Tensor:
    """The share of all N (N - 1) edges that the base graph seems to have, from a sample of variables."""
    hidden_BV = hidden_BN if layer.senders is None else hidden_BN[:, layer.senders]
    return drawn_share(edges_BMV, hidden_BV, layer.varies[targets_BM]) * layer.edges_that_can_be


def retrieval_loss(
    model: CTVAE,
    context: Context,
    before_BN: Tensor,
    after_BN: Tensor,
    action_B: Tensor,
    config: TrainingConfig,
) -> Tensor:
    """Equation (9) over all actions, on the variables that tell them apart; the context is that of before."""
    layer = model.transition
    actions_1A = torch.arange(layer.num_actions, device=before_BN.device)[None]
    mask_BAN = layer.local_mask(context, actions_1A)
    changed_BN = before_BN != after_BN
    targets_BM = choose_targets(changed_BN, mask_BAN.detach().amax(dim=1), config.targets)
    after_BM, before_BM = after_BN.gather(1, targets_BM), before_BN.gather(1, targets_BM)
    own_BM, changed_BM = context.own_BN.gather(1, targets_BM), before_BM != after_BM
    base = losses.untouched_log_likelihood(own_BM, changed_BM, layer.num_codes)
    acted = layer.act(context, actions_1A, targets_BM, mask_BAN)
    near_BAM = losses.transition_log_likelihood(acted.logits_BGMK, acted.mask_BGM, base, after_BM)
    near_BA = near_BAM.sum(dim=2)
    looked_at_BN = torch.zeros_like(changed_BN).scatter_(1, targets_BM, True)
    far = far_log_likelihood(mask_BAN, context.own_BN[:, None], layer.num_codes)
    far_BA = far.masked_fill((changed_BN | looked_at_BN)[:, None], 0).sum(dim=2)
    return losses.retrieval((near_BA + far_BA) * model.log_sharpness.exp(), action_B)


def far_log_likelihood(mask: Tensor, own: Tensor, num_codes: int) -> Tensor:
    """Stands in for the likelihood of a variable that did not change and is not looked at closely.

    If it was a target after all, the action's mechanism is taken to know nothing (uniform codes).
    """
    return torch.logaddexp(F.logsigmoid(mask) - math.log(num_codes), F.logsigmoid(-mask) + F.logsigmoid(own))


def choose_targets(changed_BN: Tensor, mask_BN: Tensor, count: int) -> Tensor:
    """Indices of `count` variables: changed ones first, then likely targets, some by chance, [B,M]."""
    count = min(count, changed_BN.shape[1])
    priority = 2.0 * changed_BN + mask_BN.sigmoid() + 0.2 * torch.rand_like(mask_BN)
    return priority.topk(count, dim=1, sorted=False).indices


def choose_hidden(hidden_BN: Tensor, count: int, varies_N: Tensor) -> Tensor:
    """Indices of `count` variables by chance, hidden and varying ones first, and some that are not, [B,M]."""
    count = min(count, hidden_BN.shape[1])
    chance_BN = torch.rand(hidden_BN.shape, device=hidden_BN.device)
    return (chance_BN + 0.8 * hidden_BN + 0.8 * varies_N).topk(count, dim=1, sorted=False).indices
