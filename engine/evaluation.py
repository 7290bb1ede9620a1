"""A trained run, measured on a split of a cache; a generator, to show progress and to be cancelled.

What each figure means is said in docs/model.md, section 4; how it is computed, in engine/metrics.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from datasets.cache import Cache
from datasets.source import ImageArray
from engine.errors import InputError
from engine.events import Progressed
from engine.explorer import Explorer
from engine.metrics.images import WINDOW, psnr_of_images, ssim_of_images
from engine.metrics.intervals import macro, mean_interval
from engine.metrics.interventions import cost_figures, intervention_figures, judge
from engine.metrics.probe_store import probes_steps
from engine.metrics.probes import Probes, accuracy, readable_factors
from engine.metrics.retrieval import RetrievalTally, training_pairs
from engine.metrics.rollouts import rollout_steps
from engine.results import Codes
from engine.run_directory import RunDirectory
from engine.same_data import check_same_data

Steps = Generator[Progressed, None, dict[str, Any]]
BATCH = 64
QUALITY_IMAGES, PROBE_IMAGES = 2000, 2000
ROLLOUT_PAIRS, QUICK_ROLLOUT_PAIRS = 1000, 150
QUICK_PAIRS, QUICK_PROBES_S = 600, 30.0
FEW_PAIRS = 200
WITH_PROBES = (
    *("probe_accuracy", "probe_ceiling", "probe_ceiling_interval", "atomic_rate", "atomic_rate_interval"),
    *("atomic_over_ceiling", "hit_rate", "hit_rate_interval", "collateral_rate", "collateral_rate_interval"),
    *("hit_chance", "rollout"),
)
OF_GRAPH = (
    *("graph_value", "graph_value_interval", "edges_kept"),
    *("graph_faithfulness_auroc", "graph_faithfulness_auroc_interval"),
)
DISENTANGLEMENT = ("dci", "mig", "sap", "factor_vae_score")


@dataclass
class Subject:
    """What is measured: a run on the pairs of a split.

    Attributes:
        before, after: rows of the cache, [P].
        action: [P].
        notes: sentences for the reader, filled on the way.
        codes_before, codes_after: codes of the pairs' images, [P,N].
    """

    explorer: Explorer
    cache: Cache
    split: str
    quick: bool
    before: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    action: npt.NDArray[np.int64]
    notes: list[str] = field(default_factory=list)
    codes_before: Codes = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    codes_after: Codes = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))


def evaluation_steps(
    explorer: Explorer, cache: Cache, split: str = "test", limit: int | None = None, quick: bool = False
) -> Steps:
    """Yields progress; returns the figures by name. One that cannot be computed is None, and `notes` say why.

    Args:
        explorer: the run.
        cache: a cache with the factors that the run was trained on.
        split: "test" for what is reported, "validation" for choices.
        limit: at most so many pairs, the first ones; None takes all.
        quick: 600 pairs at most and no disentanglement scores, for an answer within a minute.

    Raises:
        RunError: the cache has other factors, image sizes or splits than the run was trained with.
        InputError: there are no pairs in the split.
    """
    subject = _subject(explorer, cache, split, limit, quick)
    figures: dict[str, Any] = {
        "run": explorer.info.name,
        "dataset": cache.name,
        "split": split,
        "pairs": len(subject.action),
        "quick": quick,
        "notes": subject.notes,
    }
    figures |= yield from _reconstructions(subject)
    figures |= yield from _retrieval(subject)
    figures |= yield from _interventions(subject, figures["per_action"])
    figures |= yield from _graph(subject)
    figures |= yield from _disentanglement(subject)
    return figures


def evaluate(
    explorer: Explorer, cache: Cache, split: str = "test", limit: int | None = None, quick: bool = False
) -> dict[str, Any]:
    """`evaluation_steps` run to its end."""
    steps = evaluation_steps(explorer, cache, split, limit, quick)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return dict(end.value)


@dataclass(frozen=True)
class ExampleRow:
    """One pair, for people to look at; images uint8 [h,w,c]."""

    action: str
    before: ImageArray
    result: ImageArray
    after: ImageArray


def example_rows(explorer: Explorer, cache: Cache, split: str = "test", count: int = 6) -> list[ExampleRow]:
    """Pairs of a split with different actions: before, the model's result of the action, the true after.

    Raises:
        RunError, InputError: as `evaluation_steps`.
    """
    subject = _subject(explorer, cache, split, None, quick=False)
    # the first pair of each action, then the second ones, and so on
    turn = np.zeros(len(subject.action), dtype=np.int64)
    for a in np.unique(subject.action):
        same = subject.action == a
        turn[same] = np.arange(same.sum())
    chosen = np.lexsort((subject.action, turn))[:count]
    before, after = cache.images(subject.before[chosen]), cache.images(subject.after[chosen])
    action = subject.action[chosen]
    results = explorer.decode(explorer.apply_actions(explorer.encode(before), action))
    names = cache.space.action_names
    return [ExampleRow(names[a], *row) for a, *row in zip(action, before, results, after, strict=True)]


def _subject(explorer: Explorer, cache: Cache, split: str, limit: int | None, quick: bool) -> Subject:
    check_same_data(RunDirectory(explorer.info.path).description(), cache)
    pairs = cache.transitions(split)
    limits = [len(pairs), *([] if limit is None else [limit]), *([QUICK_PAIRS] if quick else [])]
    count = min(limits)
    if count < 1:
        raise InputError(
            f"the {split} split of {cache.path} has no pairs; choose another split or build it again"
        )
    subject = Subject(
        explorer, cache, split, quick, pairs.before[:count], pairs.after[:count], pairs.action[:count]
    )
    if count < FEW_PAIRS:
        subject.notes.append(
            f"only {count} pairs were measured: the intervals are wide; {FEW_PAIRS} or more are better"
        )
    return subject


def _reconstructions(subject: Subject) -> Steps:
    """Encodes the pairs' images; the quality of the first images' reconstructions."""
    explorer, cache = subject.explorer, subject.cache
    rows, where = np.unique([subject.before, subject.after], return_inverse=True)
    codes = np.zeros((len(rows), explorer.info.num_variables), dtype=np.int64)
    psnr, ssim = [], []
    for start in range(0, len(rows), BATCH):
        part = slice(start, min(start + BATCH, len(rows)))
        images = cache.images(rows[part])
        codes[part] = explorer.encode(images)
        if start < QUALITY_IMAGES:
            decoded = explorer.decode(codes[part])
            psnr.append(psnr_of_images(decoded, images))
            ssim.append(_ssim(decoded, images))
        yield Progressed("encoding the images", part.stop, len(rows))
    subject.codes_before, subject.codes_after = codes[where.reshape(2, -1)]
    decibels, similarity = np.concatenate(psnr), np.concatenate(ssim)
    small = bool(np.isnan(similarity).any())
    if small:
        subject.notes.append(f"no SSIM: it needs images of at least {WINDOW} x {WINDOW} pixels")
    return {
        "psnr": float(decibels.mean()),
        "psnr_interval": mean_interval(decibels),
        "ssim": None if small else float(similarity.mean()),
        "ssim_interval": None if small else mean_interval(similarity),
    }


def _ssim(images: ImageArray, targets: ImageArray) -> npt.NDArray[np.float64]:
    """SSIM [n], or not-a-number where the images are smaller than its window."""
    if min(images.shape[1:3]) < WINDOW:
        return np.full(len(images), np.nan)
    return ssim_of_images(images, targets)


def _retrieval(subject: Subject) -> Steps:
    """Action retrieval on every pair."""
    tally, count = RetrievalTally(subject.cache.space), len(subject.action)
    for start in range(0, count, BATCH):
        part = slice(start, min(start + BATCH, count))
        scores, _ = subject.explorer.retrieve_codes(subject.codes_before[part], subject.codes_after[part])
        tally.add(scores, subject.action[part])
        yield Progressed("retrieving actions", part.stop, count)
    seen = training_pairs(subject.cache.transitions("train").action, subject.cache.space.num_factors)
    return tally.report(seen)


def _interventions(subject: Subject, per_action: dict[str, dict[str, Any]]) -> Steps:
    """Each pair's action done to its image before; per-action figures are added to `per_action`."""
    figures: dict[str, Any] = dict.fromkeys(WITH_PROBES)
    probes = yield from _probes(subject)
    cache, explorer, count = subject.cache, subject.explorer, len(subject.action)
    cost_db, cost_ssim, read_acted, read_ceiling = [], [], [], []
    for start in range(0, count, BATCH):
        part = slice(start, min(start + BATCH, count))
        truth = cache.images(subject.after[part])
        acted = explorer.decode(explorer.apply_actions(subject.codes_before[part], subject.action[part]))
        ceiling = explorer.decode(subject.codes_after[part])
        cost_db.append(psnr_of_images(ceiling, truth) - psnr_of_images(acted, truth))
        cost_ssim.append(_ssim(ceiling, truth) - _ssim(acted, truth))
        if probes is not None:
            read_acted.append(probes.read(acted))
            read_ceiling.append(probes.read(ceiling))
        yield Progressed("applying actions", part.stop, count)
    decibels, similarity = np.concatenate(cost_db), np.concatenate(cost_ssim)
    figures |= cost_figures(decibels, subject.action)
    figures["quality_cost_ssim"] = None if np.isnan(similarity).any() else macro(similarity, subject.action)
    _per_action(subject, per_action, "quality_cost_db", decibels)
    if probes is None:
        return figures
    values = cache.factors[subject.before]
    judged = judge(np.concatenate(read_acted), values, subject.action, probes.factors)
    best = judge(np.concatenate(read_ceiling), values, subject.action, probes.factors)
    _per_action(subject, per_action, "hit_rate", judged.hit)
    _per_action(subject, per_action, "atomic_rate", judged.atomic)
    figures |= _probe_accuracy(subject, probes) | intervention_figures(judged, best, subject.action)
    figures["hit_chance"] = 1 / len(np.unique(subject.action))
    figures["rollout"] = yield from _rollout(subject, probes)
    return figures


def _per_action(
    subject: Subject, per_action: dict[str, dict[str, Any]], name: str, values: npt.NDArray[Any]
) -> None:
    for a in np.unique(subject.action):
        per_action[subject.cache.space.action_names[a]][name] = float(values[subject.action == a].mean())


def _probes(subject: Subject) -> Generator[Progressed, None, Probes | None]:
    """The probes, or None and a note."""
    cache, notes = subject.cache, subject.notes
    if not getattr(cache, "has_factor_labels", True):
        notes.append("no intervention figures from probes, no disentanglement scores: needs factor labels")
        return None
    read = readable_factors(cache)
    if not read.any():
        notes.append("no factor probes: no factor varies among the training images")
        return None
    constant = [name for name, varies in zip(cache.space.names, read, strict=True) if not varies]
    if constant:
        notes.append(f"left out, having one value among the training images: {', '.join(constant)}")
    device = torch.device(subject.explorer.info.device)
    probes = yield from probes_steps(cache, device, notes, QUICK_PROBES_S if subject.quick else None)
    if probes is None:
        notes.append(
            "no intervention figures from probes: training them takes too long for a quick look; evaluate"
            " once in full, and they are kept"
        )
    return probes


def _probe_accuracy(subject: Subject, probes: Probes) -> dict[str, Any]:
    """On real images of the split."""
    rows = np.unique([subject.before, subject.after])[:PROBE_IMAGES]
    share = accuracy(probes, subject.cache, rows)
    names = np.array(subject.cache.space.names)[probes.factors]
    return {"probe_accuracy": dict(zip(names.tolist(), share[probes.factors].tolist(), strict=True))}


def _rollout(subject: Subject, probes: Probes) -> Generator[Progressed, None, list[dict[str, Any]]]:
    first = slice(QUICK_ROLLOUT_PAIRS if subject.quick else ROLLOUT_PAIRS)
    values = subject.cache.factors[subject.before[first]]
    rollout = yield from rollout_steps(
        subject.explorer, subject.cache, probes, subject.codes_before[first], values, subject.action[first]
    )
    return rollout


def _graph(subject: Subject) -> Steps:
    """Not measured yet."""
    yield from ()
    subject.notes.append("the figures of the graph are not measured yet")
    return dict.fromkeys(OF_GRAPH)


def _disentanglement(subject: Subject) -> Steps:
    """Not measured yet."""
    yield from ()
    subject.notes.append("the disentanglement scores are not measured yet")
    return dict.fromkeys(DISENTANGLEMENT)
