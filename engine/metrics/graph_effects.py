"""Whether the edges of the base graph are those along which variables act on each other.

The effect of do(z_i) on p(z_j) is measured with z_j hidden: the total variation distance between the
predictions of z_j with z_i as it is and with z_i set to other codes.

Legend: B images, N latent variables, M hidden targets of an image, S sources, C codes tried.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from engine.events import Progressed
from engine.metrics.graph_predictors import BATCH, Bools, Floats, Predictor, drawn_edges, tensors
from engine.metrics.intervals import percentiles, redrawn
from engine.results import Codes

TARGETS, SOURCES, TRIED, CANDIDATES = 4, 64, 4, 16  # of an image
EFFECT = 0.05  # total variation from which on i counts as a cause of j


class Effects(NamedTuple):
    """Sampled ordered pairs of variables, one entry each.

    Attributes:
        edge: drawn edge probability of i -> j.
        ceiling, learned: mean total variation distance between p(z_j | do(z_i)) and p(z_j), in 0..1.
        image: which image the pair was looked at in.
    """

    edge: Floats
    ceiling: Floats
    learned: Floats
    image: npt.NDArray[np.int64]


def effect_steps(
    own: Predictor, ceiling: Predictor, train_codes: Codes, codes: Codes, rng: np.random.Generator
) -> Generator[Progressed, None, Effects]:
    """Measures what do(z_i) does to p(z_j), for sampled pairs of each image, in both predictors.

    In each image four targets j are hidden, a quarter of the variables at most, every variable in its turn.
    Up to 64 visible sources i are set, one at a time, to up to four other codes, drawn from those that the
    variable takes in training images; sources without another code are left out.

    Args:
        own: the model's predictor.
        ceiling: the one that sees all variables.
        train_codes: [n,N].
        codes: of the images looked at, [m,N].
        rng: draws targets, sources and codes.
    """
    n = codes.shape[1]
    count = max(1, min(TARGETS, n // 4))
    turns = np.concatenate([rng.permutation(n) for _ in range(1 + len(codes) * count // n)])
    found: list[list[Floats]] = []
    for k, image in enumerate(codes):
        targets = np.unique(turns[k * count : (k + 1) * count])
        visible = np.setdiff1d(np.arange(n), targets)
        sources = np.sort(rng.permutation(visible)[:SOURCES])
        tried, valid = _other_codes(train_codes[:, sources], image[sources], rng)
        some = valid.any(axis=0)
        sources, tried, valid = sources[some], tried[:, some], valid[:, some]
        edge = drawn_edges(own.layer, image[None])[0].double().cpu().numpy()[sources][:, targets]
        both = [_effects(one, image, targets, sources, tried, valid) for one in (ceiling, own)]
        found.append([edge.ravel(), both[0].ravel(), both[1].ravel(), np.full(edge.size, float(k))])
        yield Progressed("measuring the effects of variables", k + 1, len(codes))
    edge, of_ceiling, of_own, image_of = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Effects(edge, of_ceiling, of_own, image_of.astype(np.int64))


def _other_codes(train_codes: Codes, present: Codes, rng: np.random.Generator) -> tuple[Codes, Bools]:
    """Codes unlike the present ones [S], drawn from training [n,S]; and which of them exist, [C,S] twice."""
    drawn = rng.integers(len(train_codes), size=(CANDIDATES, len(present)))
    candidates = np.take_along_axis(train_codes, drawn, axis=0)
    first = np.argsort(candidates == present, axis=0, kind="stable")[:TRIED]
    tried = np.take_along_axis(candidates, first, axis=0)
    return tried, tried != present


@torch.no_grad()
def _effects(
    predictor: Predictor,
    image: Codes,
    targets: npt.NDArray[np.int64],
    sources: npt.NDArray[np.int64],
    tried: Codes,
    valid: Bools,
) -> Floats:
    """Mean total variation distance of each source on each target, [S,M]."""
    layer, (c, s) = predictor.layer, tried.shape
    codes = np.repeat(image[None], 1 + c * s, axis=0)  # row 0 is the image as it is
    codes[1 + np.arange(c * s), np.tile(sources, c)] = tried.ravel()
    hidden = np.zeros(codes.shape, dtype=bool)
    hidden[:, targets] = True
    targets_M = torch.from_numpy(targets)
    parts = []
    for start in range(0, len(codes), 2 * BATCH):
        codes_BN, hidden_BN = tensors(
            layer, codes[start : start + 2 * BATCH], hidden[start : start + 2 * BATCH]
        )
        targets_BM = targets_M.to(codes_BN.device).expand(len(codes_BN), -1)
        context = layer.context(codes_BN, hidden_BN)
        parts.append(
            layer.base(context, targets_BM, predictor.graph).logits_BGMK[:, 0].float().softmax(dim=2)
        )
    probability = torch.cat(parts)
    distance = 0.5 * (probability[1:] - probability[:1]).abs().sum(dim=2)
    distance_CSM = distance.unflatten(0, (c, s)).double().cpu().numpy()
    mean: Floats = (distance_CSM * valid[..., None]).sum(axis=0) / valid.sum(axis=0)[:, None]
    return mean


def faithfulness_figures(effects: Effects) -> dict[str, Any]:
    """AUROC of the edge probability, in the model itself with an interval over images, and in the ceiling."""
    strong = effects.learned > EFFECT
    value = auroc(effects.edge, strong)
    figures: dict[str, Any] = {
        "graph_faithfulness_auroc": value,
        "graph_faithfulness_auroc_interval": None,
        "graph_faithfulness_full": auroc(effects.edge, effects.ceiling > EFFECT),
    }
    if value is not None:
        weights = redrawn(int(effects.image.max()) + 1)
        again = [auroc(effects.edge, strong, one[effects.image]) for one in weights]
        figures["graph_faithfulness_auroc_interval"] = percentiles(
            np.array([a for a in again if a is not None])
        )
    return figures


def auroc(score: Floats, positive: Bools, weight: Floats | None = None) -> float | None:
    """Chance that a positive [n] has the higher score than a negative, ties half (Mann and Whitney 1947).

    Args:
        score: [n].
        positive: [n].
        weight: how often each entry counts, [n]; None is once.

    Returns:
        0..1, or None without positives or without negatives.
    """
    weight = np.ones(len(score)) if weight is None else weight
    place = np.unique(score, return_inverse=True)[1]
    positives = np.bincount(place, weight * positive)
    negatives = np.bincount(place, weight * ~positive)
    pairs = positives.sum() * negatives.sum()
    if not pairs:
        return None
    return float((positives * (np.cumsum(negatives) - negatives / 2)).sum() / pairs)
