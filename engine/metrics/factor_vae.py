"""The FactorVAE score (Kim and Mnih, ICML 2018, section 4).

A vote: choose a factor, take a batch of images that share one value of it, divide each dimension by its
standard deviation over all images, and note the dimension with the least variance in the batch. Votes train
a majority-vote classifier from dimension to factor; the score is its accuracy on other votes. Chance is 1/F.

Choices, those of Locatello et al. (ICML 2019) where the paper leaves room: 64 images a batch, 10,000 votes to
train and 5,000 to judge. Dimensions without variance are left out. The images are a finite, labelled set and
no full grid, so the shared value is that of an image drawn at random, and the batch is drawn among the images
with that value, each at most once: the other factors vary as they do in the set. Values of fewer than 8
images are left out, and where fewer than 64 share the value, the batch is all of them. Of several dimensions
with the least variance, as 0 is in quantized latents, the first is noted.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from engine.errors import InputError
from engine.events import Progressed
from engine.metrics.labelled import (
    Code,
    Factors,
    check_labelled,
    finished,
    varying_dimensions,
    varying_factors,
)

BATCH = 64
FEWEST = 8
TRAIN_VOTES, TEST_VOTES = 10_000, 5_000
VOTES_A_STEP = 500
Rows = npt.NDArray[np.int64]


def factor_vae_score(
    code: Code,
    factors: Factors,
    *,
    train_votes: int = TRAIN_VOTES,
    test_votes: int = TEST_VOTES,
    batch: int = BATCH,
    seed: int = 0,
) -> float:
    """Accuracy 0..1 of the majority vote for codes [n,d] and factor values [n,F].

    Factors with one value are left out.

    Raises:
        InputError: the arrays do not fit, no factor varies, or no value of a factor has 8 images.
    """
    return finished(
        factor_vae_steps(
            code, factors, train_votes=train_votes, test_votes=test_votes, batch=batch, seed=seed
        )
    )


def factor_vae_steps(
    code: Code,
    factors: Factors,
    *,
    train_votes: int = TRAIN_VOTES,
    test_votes: int = TEST_VOTES,
    batch: int = BATCH,
    seed: int = 0,
    stage: str = "FactorVAE score",
) -> Generator[Progressed, None, float]:
    """`factor_vae_score` that yields every few hundred votes."""
    check_labelled(code, factors)
    alike_of_factor = [_alike(factors[:, f]) for f in varying_factors(factors)]
    active = code[:, varying_dimensions(code)].astype(np.float64)
    if not active.shape[1]:
        return 1 / len(alike_of_factor)  # nothing to tell factors by
    scaled = ((active - active.mean(axis=0)) / active.std(axis=0, ddof=1)).astype(np.float32)
    rng = np.random.default_rng(seed)
    votes_DF = np.zeros((2, active.shape[1], len(alike_of_factor)), dtype=np.int64)
    total = train_votes + test_votes
    for vote in range(total):
        factor = int(rng.integers(len(alike_of_factor)))
        rows = _draw(alike_of_factor[factor], batch, rng)
        dimension = int(np.argmin(_variance(scaled[rows])))
        votes_DF[int(vote >= train_votes), dimension, factor] += 1
        if (vote + 1) % VOTES_A_STEP == 0 or vote + 1 == total:
            yield Progressed(stage, vote + 1, total)
    return majority_accuracy(votes_DF[0], votes_DF[1])


def _variance(some: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Variance of each dimension of a batch [b,d], exactly 0 where all images agree."""
    offset = some - some[0]
    sums, squares = offset.sum(axis=0), np.einsum("ij,ij->j", offset, offset)
    variance: npt.NDArray[np.float32] = (squares - sums**2 / len(some)) / (len(some) - 1)
    return np.maximum(variance, 0)


def majority_accuracy(train_DF: npt.NDArray[np.int64], test_DF: npt.NDArray[np.int64]) -> float:
    """Share of the test votes [d,F] whose factor is the commonest of their dimension in training."""
    answer_D = train_DF.argmax(axis=1)
    return float(test_DF[np.arange(len(test_DF)), answer_D].sum() / test_DF.sum())


def _alike(factor: Factors) -> list[Rows]:
    """The rows of each value of a factor [n], values of too few images left out.

    Raises:
        InputError: none is left.
    """
    groups = [np.flatnonzero(factor == value) for value in np.unique(factor)]
    enough = [rows for rows in groups if len(rows) >= FEWEST]
    if not enough:
        raise InputError(f"no value of a factor is shared by {FEWEST} images; the FactorVAE score needs more")
    return enough


def _draw(alike: list[Rows], batch: int, rng: np.random.Generator) -> Rows:
    """Rows that share the value of a random image, each at most once."""
    sizes = np.array([len(rows) for rows in alike])
    rows = alike[int(np.searchsorted(np.cumsum(sizes), rng.integers(sizes.sum()), side="right"))]
    return rng.choice(rows, min(batch, len(rows)), replace=False)
