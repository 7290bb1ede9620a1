"""A trained run, measured on a split of a cache; a generator, to show progress and to be cancelled.

What each figure means is said in docs/model.md, section 4; how it is computed, in engine/metrics.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.cache import Cache
from datasets.source import ImageArray
from engine.calibration import (
    KIND_PAIRS,
    calibration_steps,
    kept_calibration,
    kind_numbers,
    pair_numbers,
    scored,
)
from engine.errors import InputError
from engine.events import Progressed
from engine.explorer import Explorer
from engine.metrics.action_aligned import action_aligned_readout
from engine.metrics.disentanglement import SCORES, disentanglement_scores
from engine.metrics.graph import graph_steps
from engine.metrics.images import WINDOW, psnr_of_images
from engine.metrics.intervals import mean_interval
from engine.metrics.intervening import intervention_steps, ssim_or_nan
from engine.metrics.reliability import reliability_figures
from engine.metrics.retrieval import RetrievalTally, training_pairs
from engine.metrics.several import several_steps
from engine.metrics.subject import BATCH, Steps, Subject, make_subject
from engine.results import KINDS, Codes

QUALITY_IMAGES = 2000
SCORED_IMAGES, SCORED_TRANSITIONS = 2000, 4000
GRAPH_IMAGES, QUICK_GRAPH_IMAGES = 4000, 1500


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
    subject = make_subject(explorer, cache, split, limit, quick)
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
    figures |= yield from _calibration(subject)
    figures |= yield from intervention_steps(subject, figures["per_action"])
    figures |= yield from _graph(subject)
    figures |= yield from _disentanglement(subject)
    return figures


def retrieval_figures(
    explorer: Explorer, cache: Cache, split: str = "test"
) -> tuple[Subject, dict[str, Any]]:
    """Only retrieval and its calibration, on all pairs of a split; and the pairs with codes and scores.

    Raises:
        RunError, InputError: as `evaluation_steps`.
    """
    subject = make_subject(explorer, cache, split, None, quick=False)
    figures: dict[str, Any] = {}

    def steps() -> Steps:
        yield from _reconstructions(subject)
        figures.update((yield from _retrieval(subject)))
        figures.update((yield from _calibration(subject)))
        return figures

    for _ in steps():
        pass
    return subject, figures


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
    """Pairs of a split, of as many different actions as can be: before, the model's result, the true after.

    Raises:
        RunError, InputError: as `evaluation_steps`.
    """
    subject = make_subject(explorer, cache, split, None, quick=False)
    turn = np.zeros(len(subject.action), dtype=np.int64)  # the first pair of each action has 0, the next 1 ..
    for a in np.unique(subject.action):
        same = subject.action == a
        turn[same] = np.arange(same.sum())
    chosen = np.lexsort((subject.action, turn))[:count]
    before, after = cache.images(subject.before[chosen]), cache.images(subject.after[chosen])
    action = subject.action[chosen]
    results = explorer.apply_actions(explorer.encode(before), action).images
    names = cache.space.action_names
    return [ExampleRow(names[a], *row) for a, *row in zip(action, before, results, after, strict=True)]


def _reconstructions(subject: Subject) -> Steps:
    """Encodes the pairs' images; the quality of the first images' reconstructions."""
    explorer, cache, rows = subject.explorer, subject.cache, subject.rows
    subject.codes = np.zeros((len(rows), explorer.info.num_variables), dtype=np.int64)
    psnr, ssim = [], []
    for start in range(0, len(rows), BATCH):
        part = slice(start, min(start + BATCH, len(rows)))
        images = cache.images(rows[part])
        subject.codes[part] = explorer.encode(images)
        if start < QUALITY_IMAGES:
            decoded = explorer.decode(subject.codes[part])
            psnr.append(psnr_of_images(decoded, images))
            ssim.append(ssim_or_nan(decoded, images))
        yield Progressed("encoding the images", part.stop, len(rows))
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


def _retrieval(subject: Subject) -> Steps:
    """Action retrieval on every pair."""
    tally = RetrievalTally(subject.cache.space)
    before, after = subject.codes_before, subject.codes_after
    subject.scores = yield from scored(subject.explorer, before, after, "retrieving actions")
    tally.add(subject.scores.log_probability, subject.action)
    seen = training_pairs(subject.cache.transitions("train"), subject.cache.space.num_actions)
    return tally.report(seen)


def _calibration(subject: Subject) -> Steps:
    """How far probabilities can be trusted, and whether no, one and more actions are told apart."""
    explorer, cache = subject.explorer, subject.cache
    calibration = kept_calibration(explorer)
    if calibration is None:
        calibration = yield from calibration_steps(explorer, cache)
    if subject.split == "validation":
        subject.notes.append("calibration was learned on this very split: ECE and kinds come out too good")
    probabilities = calibration.probabilities(subject.scores)
    answer = probabilities.argmax(axis=1)
    figures: dict[str, Any] = {"temperature": calibration.temperature}
    figures |= reliability_figures(probabilities.max(axis=1), answer == subject.action)
    figures["kinds"] = None
    if calibration.kinds is None:
        subject.notes.append("kinds (no, one or more actions) needs factor labels of images two steps apart")
    else:
        rng = np.random.default_rng(0)
        count = min(KIND_PAIRS, len(subject.action))
        none, several = yield from kind_numbers(explorer, cache, subject.rows, subject.codes, rng, count)
        changed = (subject.codes_before != subject.codes_after).sum(axis=1)
        one = pair_numbers(subject.scores, changed, explorer.info.num_variables)
        figures["kinds"] = {
            name: float((calibration.kinds.probabilities(numbers).argmax(axis=1) == kind).mean())
            for kind, (name, numbers) in enumerate(zip(KINDS, (none, one, several), strict=True))
            if len(numbers)
        }
    figures["several"] = None
    if subject.split == "test":
        figures["several"] = yield from several_steps(explorer, cache, calibration, subject.most)
    return figures


def _graph(subject: Subject) -> Steps:
    """Figures of the base graph; what they compare it with is trained on training images."""
    rng = np.random.default_rng(0)
    rows = rng.permutation(subject.cache.rows("train"))[
        : QUICK_GRAPH_IMAGES if subject.quick else GRAPH_IMAGES
    ]
    train_codes = yield from _encode(subject, rows)
    codes = rng.permutation(subject.codes)
    figures = yield from graph_steps(subject.explorer.transition, train_codes, codes, quick=subject.quick)
    subject.notes.extend(figures.pop("notes"))
    return figures


def _disentanglement(subject: Subject) -> Steps:
    """Scores of the latents and of the action-aligned codes, learned on training images and pairs."""
    cache, explorer, notes = subject.cache, subject.explorer, subject.notes
    figures: dict[str, Any] = dict.fromkeys(SCORES)
    if not cache.has_factor_labels:
        notes.append("disentanglement scores: needs factor labels")
        return figures
    if subject.quick:
        notes.append("disentanglement scores are left out of a quick look; evaluate in full")
        return figures
    rng = np.random.default_rng(0)
    train = rng.permutation(cache.rows("train"))[:SCORED_IMAGES]
    test = rng.permutation(len(subject.rows))[:SCORED_IMAGES]
    codes = yield from _encode(subject, train)
    readout = yield from _readout(subject, rng)
    try:
        return (
            yield from disentanglement_scores(
                explorer.latents(codes),
                cache.factors[train],
                explorer.latents(subject.codes[test]),
                cache.factors[subject.rows[test]],
                readout,
                notes,
            )
        )
    except InputError as error:
        notes.append(f"no disentanglement scores: {error}")
        return figures


def _readout(
    subject: Subject, rng: np.random.Generator
) -> Generator[Progressed, None, npt.NDArray[np.float64] | None]:
    """What reads action-aligned codes from latents; None, with a note, where it cannot be had."""
    cache, why = subject.cache, "no disentanglement scores of action-aligned codes"
    if not cache.space.steps_only:
        subject.notes.append(f"{why}: they need factors that are moved by steps")
        return None
    pairs = cache.transitions("train")
    some = rng.permutation(len(pairs))[:SCORED_TRANSITIONS]
    before = yield from _encode(subject, pairs.before[some])
    after = yield from _encode(subject, pairs.after[some])
    difference = subject.explorer.latents(after) - subject.explorer.latents(before)
    try:
        return action_aligned_readout(difference, pairs.action[some], cache.space.num_factors)
    except InputError as error:
        subject.notes.append(f"{why}: {error}")
        return None


def _encode(subject: Subject, rows: npt.NDArray[np.int64]) -> Generator[Progressed, None, Codes]:
    """Codes of training images of the cache, [n,N]."""
    parts = [np.zeros((0, subject.explorer.info.num_variables), dtype=np.int64)]
    for start in range(0, len(rows), BATCH):
        parts.append(subject.explorer.encode(subject.cache.images(rows[start : start + BATCH])))
        yield Progressed("encoding training images", min(start + BATCH, len(rows)), len(rows))
    return np.concatenate(parts)
