"""The actions of a split's pairs, done to the images before, and what comes of it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from engine.events import Progressed
from engine.metrics.factor_graph import distance_to_known, factor_graph
from engine.metrics.images import WINDOW, psnr_of_images, ssim_of_images
from engine.metrics.interventions import Ints, cost_figures, hit_chance, intervention_figures, judge
from engine.metrics.probe_store import probes_steps
from engine.metrics.probes import Probes, accuracy, readable_factors
from engine.metrics.rollouts import Starts, rollout_steps
from engine.metrics.subject import BATCH, Steps, Subject
from engine.results import Image

PROBE_IMAGES = 2000
FACTOR_GRAPH_PAIRS = 2000
ROLLOUT_PAIRS, QUICK_ROLLOUT_PAIRS = 1000, 200
QUICK_PROBES_S = 20.0
WITH_PROBES = (
    *("probe_accuracy", "probe_chance", "probe_ceiling", "probe_ceiling_interval"),
    *("atomic_rate", "atomic_rate_interval", "atomic_over_ceiling", "hit_rate", "hit_rate_interval"),
    *("hit_chance", "collateral_rate", "collateral_rate_interval", "rollout"),
    *("factor_graph", "factor_graph_shd"),
)


def intervention_steps(subject: Subject, per_action: dict[str, dict[str, Any]]) -> Steps:
    """Quality cost, and what the probes read; figures of single actions are added to `per_action`.

    Those that need probes are None, and the subject's notes say why, where there can be none.
    """
    figures: dict[str, Any] = dict.fromkeys(WITH_PROBES)
    probes = yield from _probes(subject)
    read_acted, read_best, costs = yield from _act(subject, probes)
    similarity = costs[:, 1]
    figures |= cost_figures(costs[:, 0], None if np.isnan(similarity).any() else similarity, subject.action)
    _add(subject, per_action, "quality_cost_db", costs[:, 0])
    if probes is None:
        return figures
    truth = subject.cache.factors[subject.after]
    target = subject.cache.space.action_factors[subject.action]
    acted = judge(read_acted, truth, target, probes.factors)
    best = judge(read_best, truth, target, probes.factors)
    _add(subject, per_action, "hit_rate", acted.hit)
    _add(subject, per_action, "atomic_rate", acted.atomic)
    figures |= probe_figures(subject, probes) | intervention_figures(acted, best, subject.action)
    figures["hit_chance"] = hit_chance(truth, subject.action, target)
    figures |= yield from _factor_graph(subject, probes, read_best, read_acted)
    figures["rollout"] = yield from _rollout(subject, probes)
    return figures


def _act(
    subject: Subject, probes: Probes | None
) -> Generator[Progressed, None, tuple[Ints, Ints, npt.NDArray[np.float64]]]:
    """Factor values read from results and from reconstructions of the images after, [P,F]; costs [P,2].

    The costs are what a result is worse than the reconstruction of the true image after, in PSNR (dB) and
    SSIM. Without probes nothing is read.
    """
    explorer, count = subject.explorer, len(subject.action)
    codes_before, codes_after = subject.codes_before, subject.codes_after
    none = np.zeros((0, subject.cache.space.num_factors), dtype=np.int64)
    acted_read, best_read, costs = [none], [none], []
    for start in range(0, count, BATCH):
        part = slice(start, min(start + BATCH, count))
        truth = subject.cache.images(subject.after[part])
        acted = explorer.apply_actions(codes_before[part], subject.action[part]).images
        best = explorer.decode(codes_after[part])
        cost_db = psnr_of_images(best, truth) - psnr_of_images(acted, truth)
        costs.append(np.stack([cost_db, ssim_or_nan(best, truth) - ssim_or_nan(acted, truth)], axis=1))
        if probes is not None:
            acted_read.append(probes.read(acted))
            best_read.append(probes.read(best))
        yield Progressed("applying actions", part.stop, count)
    return np.concatenate(acted_read), np.concatenate(best_read), np.concatenate(costs)


def ssim_or_nan(images: Image, targets: Image) -> npt.NDArray[np.float64]:
    """SSIM of images uint8 [n,h,w,c], or not-a-number where they are smaller than its window, [n]."""
    if min(images.shape[1:3]) < WINDOW:
        return np.full(len(images), np.nan)
    return ssim_of_images(images, targets)


def _add(
    subject: Subject, per_action: dict[str, dict[str, Any]], name: str, values: npt.NDArray[Any]
) -> None:
    for a in np.unique(subject.action):
        per_action[subject.cache.space.action_names[a]][name] = float(values[subject.action == a].mean())


def _probes(subject: Subject) -> Generator[Progressed, None, Probes | None]:
    """The probes, or None and a note."""
    cache, notes = subject.cache, subject.notes
    if not cache.has_factor_labels:
        notes.append("probes, atomic, hit and collateral rates, rollouts: needs factor labels")
        return None
    read = readable_factors(cache)
    names = np.array(cache.space.names)
    if not read.all():
        notes.append(f"not read, having one value among the training images: {', '.join(names[~read])}")
    if not read[cache.space.action_factors[subject.action]].all():
        notes.append("no figures from probes: some actions move factors that the probes cannot learn")
        return None
    within_s = QUICK_PROBES_S if subject.quick else None
    device = torch.device(subject.explorer.info.device)
    probes = yield from probes_steps(cache, device, notes, within_s)
    if probes is None:
        notes.append(
            "no figures from probes: to train them takes too long for a quick look; evaluate once in full,"
            " and they are kept"
        )
    elif probes.hurried:
        notes.append("the probes were trained in a hurry; evaluate once in full, and better ones are kept")
    return probes


def probe_figures(subject: Subject, probes: Probes) -> dict[str, Any]:
    """The probes on real images of the split, and what always reading the commonest value would score."""
    rows = subject.rows[:PROBE_IMAGES]
    share = accuracy(probes, subject.cache, rows)
    factors = np.flatnonzero(probes.factors)
    names = subject.cache.space.names
    values = subject.cache.factors[rows]
    return {
        "probe_accuracy": {names[f]: float(share[f]) for f in factors},
        "probe_chance": {names[f]: float(np.bincount(values[:, f]).max() / len(rows)) for f in factors},
    }


def _factor_graph(subject: Subject, probes: Probes, read_after: Ints, read_acted: Ints) -> Steps:
    """The graph of factors from the first pairs, with what was read of reconstructions after and results."""
    count = min(len(subject.action), FACTOR_GRAPH_PAIRS)
    first, codes = slice(count), subject.codes_before[:count]
    parts = []
    for start in range(0, count, BATCH):
        parts.append(probes.read(subject.explorer.decode(codes[start : start + BATCH])))
        yield Progressed("reading the factor graph", min(start + BATCH, count), count)
    cache = subject.cache
    graph = factor_graph(
        (np.concatenate(parts), read_after[first], read_acted[first]),
        (cache.factors[subject.before[first]], cache.factors[subject.after[first]]),
        cache.space.action_factors[subject.action[first]],
        cache.space.names,
        cache.factor_graph,
        probes.factors,
    )
    return {"factor_graph": graph, "factor_graph_shd": distance_to_known(graph)}


def _rollout(subject: Subject, probes: Probes) -> Generator[Progressed, None, list[dict[str, Any]]]:
    first = slice(QUICK_ROLLOUT_PAIRS if subject.quick else ROLLOUT_PAIRS)
    starts = Starts(
        codes=subject.codes_before[first],
        own=subject.cache.own_values[subject.before[first]],
        action=subject.action[first],
        codes_after=subject.codes_after[first],
    )
    rollout = yield from rollout_steps(subject.explorer, subject.cache, probes, starts)
    if len(rollout) > 1 and rollout[-1]["ceiling"] is None:
        subject.notes.append(
            "no ceiling for some rollouts: no other image than training ones has the factor values"
        )
    return rollout
