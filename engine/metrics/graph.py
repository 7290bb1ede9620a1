"""What the base graph is worth, and whether its edges are those that matter (docs/model.md, section 4).

Both look beyond the model at a predictor that may look at everything, its *ceiling*: a copy of the base
mechanism whose edges are all open, trained a little more on the same hidden-variable task (11).

graph value: (CE_cut - CE_learned) / (CE_cut - CE_full), cross entropies in nats per hidden variable.
    CE_learned is the model's own and CE_full the ceiling's; CE_cut is the best that can be said of a variable
    without parents, the frequencies of its codes in training images. 1: the graph carries all there is.
graph faithfulness: AUROC of the drawn edge probability of i -> j against the effect of do(z_i) on p(z_j) in
    the model: whether the graph explains what an intervention on a node does. An edge below the threshold has
    no effect by construction, so a sound model scores high. The same against effects in the ceiling asks
    whether the graph has all that could act: of many variables that say the same a sparse graph names a
    few, while the ceiling listens to all, so this one stays well below 1. Both are given.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.events import Progressed
from engine.metrics.graph_effects import EFFECT, effect_steps, faithfulness_figures
from engine.metrics.graph_predictors import (
    BATCH,
    Bools,
    Floats,
    Predictor,
    ceiling_steps,
    code_frequencies,
    drawn_edges,
    log_likelihood,
    random_hidden,
    tensors,
)
from engine.metrics.intervals import percentiles, redrawn
from engine.results import Codes
from engine.transition import CausalTransition

IMAGES, EDGE_IMAGES = 1000, 50
STEPS, QUICK_STEPS = 1000, 200  # of the ceiling's training
EFFECT_IMAGES, QUICK_EFFECT_IMAGES = 64, 16


def graph_steps(
    layer: CausalTransition, train_codes: Codes, test_codes: Codes, seed: int = 0, quick: bool = False
) -> Generator[Progressed, None, dict[str, Any]]:
    """Yields progress; returns the figures of the base graph by name, None where one cannot be computed.

    Args:
        layer: in inference mode.
        train_codes: of training images, [n,N]; some thousands make a good ceiling.
        test_codes: of the images measured on, [m,N] in random order; the first 1,000 are used.
        seed: of what is hidden, of the ceiling's training and of the pairs looked at.
        quick: a ceiling trained for a fifth of the steps, and a quarter of the pairs.

    Returns:
        graph_value, graph_value_interval, ce_cut, ce_learned, ce_full (nats per hidden variable), edges_kept,
        edges_kept_hidden (the same share for the edges into hidden variables, which CE_learned uses),
        graph_faithfulness_auroc, graph_faithfulness_auroc_interval, graph_faithfulness_full (against effects
        in the ceiling), notes.
    """
    rng = np.random.default_rng(seed)
    own = Predictor(layer, "learned")
    ceiling = yield from ceiling_steps(layer, train_codes, rng, QUICK_STEPS if quick else STEPS)
    codes = test_codes[:IMAGES]
    hidden = random_hidden(codes.shape, rng)
    losses_B3 = np.zeros((len(codes), 3))
    losses_B3[:, 0] = -(code_frequencies(train_codes, codes, layer.num_codes) * hidden).sum(axis=1)
    for column, predictor in ((1, own), (2, ceiling)):
        for start in range(0, len(codes), BATCH):
            part = slice(start, start + BATCH)
            losses_B3[part, column] = -log_likelihood(predictor, codes[part], hidden[part]).sum(axis=1)
            yield Progressed("predicting hidden variables", min(start + BATCH, len(codes)), len(codes))
    figures = value_figures(losses_B3, hidden.sum(axis=1))
    figures["edges_kept"] = edges_kept(drawn_edges(layer, codes[:EDGE_IMAGES]))
    figures["edges_kept_hidden"] = edges_kept_hidden(layer, codes[:EDGE_IMAGES], hidden[:EDGE_IMAGES])
    images = codes[: QUICK_EFFECT_IMAGES if quick else EFFECT_IMAGES]
    effects = yield from effect_steps(own, ceiling, train_codes, images, rng)
    figures |= faithfulness_figures(effects)
    figures["notes"] = _notes(figures, quick)
    return figures


def edges_kept(edges_BNN: Tensor) -> float:
    """Share of the ordered pairs of different variables whose edge probability is above 1/2, mean over B."""
    b, n, _ = edges_BNN.shape
    return float((edges_BNN > 0.5).float().sum() / max(1, b * n * (n - 1)))


@torch.no_grad()
def edges_kept_hidden(layer: CausalTransition, codes: Codes, hidden: Bools) -> float | None:
    """Share of edges above 1/2 among those from any other variable into a hidden one."""
    if not hidden.any():
        return None
    edges_BNN = layer.base_edges(layer.context(*tensors(layer, codes, hidden)))
    kept_BN = (edges_BNN > 0.5).sum(dim=1).cpu().numpy()
    return float(kept_BN[hidden].mean() / (codes.shape[1] - 1))


def value_figures(losses_B3: Floats, hidden_B: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Graph value with its interval, from the summed losses of each image: cut, learned, full.

    Args:
        losses_B3: minus log-likelihood of the hidden variables of each image, nats.
        hidden_B: how many they are.
    """
    if not hidden_B.sum():
        names = ("graph_value", "graph_value_interval", "ce_cut", "ce_learned", "ce_full")
        return dict.fromkeys(names)
    cut, learned, full = losses_B3.sum(axis=0) / hidden_B.sum()
    figures = {"ce_cut": float(cut), "ce_learned": float(learned), "ce_full": float(full)}
    if cut <= full:
        return {"graph_value": None, "graph_value_interval": None, **figures}
    again_D3 = redrawn(len(losses_B3)) @ losses_B3
    with np.errstate(invalid="ignore", divide="ignore"):
        values = (again_D3[:, 0] - again_D3[:, 1]) / (again_D3[:, 0] - again_D3[:, 2])
    return {
        "graph_value": float((cut - learned) / (cut - full)),
        "graph_value_interval": percentiles(values),
        **figures,
    }


def _notes(figures: dict[str, Any], quick: bool) -> list[str]:
    """What a reader of the figures should know."""
    notes = []
    if figures["graph_value"] is None:
        notes.append("graph value needs variables that say something about each other: none was found")
    elif quick or figures["ce_full"] > figures["ce_learned"]:
        notes.append(
            "graph value is compared with a predictor trained for few steps and comes out too high"
            if quick
            else "graph value is above 1: the predictor that sees all variables was not trained long enough"
        )
    if figures["graph_faithfulness_auroc"] is None:
        notes.append(f"graph faithfulness needs pairs of variables with an effect on both sides of {EFFECT}")
    return notes
