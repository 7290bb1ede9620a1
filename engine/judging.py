"""A run's answers to the pairs of a split, one batch after another, for people to watch and to look into."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from datasets.cache import Cache
from engine.calibration import Calibration
from engine.explorer import Explorer
from engine.metrics.retrieval import training_pairs
from engine.metrics.subject import make_subject
from engine.results import JudgedPairs

BATCH = 32


def judging_steps(
    explorer: Explorer,
    cache: Cache,
    split: str = "test",
    calibration: Calibration | None = None,
    start: int = 0,
) -> Iterator[JudgedPairs]:
    """Yields the answers to 32 pairs at a time, from position `start` round to the one before it.

    Raises:
        RunError: the cache has other factors, image sizes or splits than the run was trained with.
        InputError: there are no pairs in the split.
    """
    subject = make_subject(explorer, cache, split, None, quick=False)
    total = len(subject.action)
    seen = training_pairs(cache.transitions("train"), cache.space.num_actions)
    order = (start + np.arange(total)) % total
    for begin in range(0, total, BATCH):
        positions = order[begin : begin + BATCH]
        before, after, truth = (x[positions] for x in (subject.before, subject.after, subject.action))
        codes = explorer.encode(cache.images(np.concatenate([before, after])))
        scores = explorer.retrieve_codes(codes[: len(before)], codes[len(before) :])
        chance = np.exp(scores.log_probability) if calibration is None else calibration.probabilities(scores)
        answer = scores.log_probability.argmax(axis=1).astype(np.int64)
        known = cache.has_factor_labels
        value = (
            cache.factors[before, cache.space.action_factors[truth]] if known else np.full(len(before), -1)
        )
        yield JudgedPairs(
            positions, truth, answer, chance[np.arange(len(answer)), answer], value.astype(np.int64), seen,
            total, calibration is not None,
        )  # fmt: skip
