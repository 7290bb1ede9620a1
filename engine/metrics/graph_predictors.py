"""Predictors of hidden variables that differ in what they may look at: a graph, everything, or nothing.

Legend: B images, N latent variables, M targets of an image, K codes.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Generator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from engine import losses
from engine.events import Progressed
from engine.results import Codes
from engine.transition import CausalTransition, Graph

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HIDDEN_SHARE = 0.25  # mean share of hidden variables; an image's own is uniform in 0 to twice that
BATCH = 32
LOOKS = 5  # at images held out of the training of the ceiling; the best state is kept
HELD_OUT = 256


class Predictor(NamedTuple):
    """A base mechanism and the edges that it uses."""

    layer: CausalTransition
    graph: Graph


def random_hidden(shape: tuple[int, ...], rng: np.random.Generator) -> Bools:
    """Which variables are hidden (11), [B,N]: each with a chance that is the image's own, 0 to 1/2."""
    share = rng.random((shape[0], 1)) * 2 * HIDDEN_SHARE
    return np.asarray(rng.random(shape) < share)


@torch.no_grad()
def log_likelihood(predictor: Predictor, codes: Codes, hidden: Bools) -> Floats:
    """Log p(code | visible parents) of the hidden variables, 0 for the others, nats, [B,N]."""
    codes_BN, hidden_BN = tensors(predictor.layer, codes, hidden)
    context = predictor.layer.context(codes_BN, hidden_BN)
    logits = predictor.layer.base(context, graph=predictor.graph).logits_BGMK[:, 0]
    found: Floats = (losses.log_probability(logits, codes_BN) * hidden_BN).double().cpu().numpy()
    return found


def code_frequencies(train_codes: Codes, codes: Codes, num_codes: int) -> Floats:
    """Log frequency of each code [B,N] among the training codes of its variable, nats.

    One imaginary training image is spread over all codes, so that an unseen code is not impossible.
    """
    n = codes.shape[1]
    count = np.full((n, num_codes), 1 / num_codes)
    np.add.at(count, (np.arange(n), train_codes), 1)
    frequencies: Floats = np.log(count[np.arange(n), codes] / (len(train_codes) + 1))
    return frequencies


def ceiling_steps(
    layer: CausalTransition, train_codes: Codes, rng: np.random.Generator, steps: int
) -> Generator[Progressed, None, Predictor]:
    """Trains a copy of the base mechanism with all edges open at full weight; the layer stays as it is.

    Adam with a cosine schedule. What counts are images held out of the training codes: the best of the states
    looked at is returned, among them the model's own weights with all edges open.

    Args:
        layer: in inference mode.
        train_codes: [n,N]; every fifth is held out, 256 at most.
        rng: draws batches and what is hidden.
        steps: of the optimizer, 32 images each.
    """
    tuned = copy.deepcopy(layer).eval()
    rate = min(6e-3, 0.75 / tuned.position.shape[1])
    optimizer = torch.optim.Adam([p.requires_grad_(True) for p in tuned.parameters()], lr=rate)
    held, kept = train_codes[::5][:HELD_OUT], np.ones(len(train_codes), dtype=bool)
    kept[::5][:HELD_OUT] = len(train_codes) < 2
    rest, hidden = train_codes[kept], random_hidden(held.shape, rng)
    best = Predictor(layer, "open")
    least = _mean_loss(best, held, hidden)
    for step in range(steps):
        warm = min(1.0, (step + 1) / 20)
        for group in optimizer.param_groups:
            group["lr"] = rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        batch = rest[rng.integers(len(rest), size=BATCH)]
        _ceiling_step(tuned, optimizer, batch, random_hidden(batch.shape, rng), rng)
        if (step + 1) % max(1, steps // LOOKS) == 0 or step + 1 == steps:
            loss = _mean_loss(Predictor(tuned, "full"), held, hidden)
            if loss < least:
                least, best = loss, Predictor(copy.deepcopy(tuned), "full")
        if (step + 1) % 10 == 0 or step + 1 == steps:
            yield Progressed("training a predictor that sees all variables", step + 1, steps)
    return best


@torch.enable_grad()
def _ceiling_step(
    layer: CausalTransition,
    optimizer: torch.optim.Optimizer,
    codes: Codes,
    hidden: Bools,
    rng: np.random.Generator,
) -> None:
    """One step on a quarter of the variables of each image, hidden ones first; the rest is not predicted."""
    codes_BN, hidden_BN = tensors(layer, codes, hidden)
    count = max(1, round(HIDDEN_SHARE * codes.shape[1]))
    order = np.argsort(rng.random(hidden.shape) - hidden, axis=1)[:, :count]
    targets_BM = torch.from_numpy(order).to(codes_BN.device)
    logits = layer.base(layer.context(codes_BN, hidden_BN), targets_BM, graph="full").logits_BGMK[:, 0]
    asked_BM = hidden_BN.gather(1, targets_BM)
    likelihood = losses.log_probability(logits, codes_BN.gather(1, targets_BM)) * asked_BM
    optimizer.zero_grad(set_to_none=True)
    (-likelihood.sum() / asked_BM.sum().clamp_min(1)).backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
    optimizer.step()


def _mean_loss(predictor: Predictor, codes: Codes, hidden: Bools) -> float:
    """Nats per hidden variable."""
    parts = [slice(k, k + BATCH) for k in range(0, len(codes), BATCH)]
    return -sum(log_likelihood(predictor, codes[p], hidden[p]).sum() for p in parts) / max(1, hidden.sum())


def tensors(layer: CausalTransition, codes: Codes, hidden: Bools) -> tuple[Tensor, Tensor]:
    """Codes int64 and hidden bool, [B,N] each, where the layer is."""
    device = layer.position.device
    return torch.from_numpy(codes).to(device), torch.from_numpy(hidden).to(device)


@torch.no_grad()
def drawn_edges(layer: CausalTransition, codes: Codes) -> Tensor:
    """Edge probabilities as drawn, nothing hidden, [B,N,N], [i, j] means i causes j."""
    return layer.base_edges(layer.context(torch.from_numpy(codes).to(layer.position.device)))
