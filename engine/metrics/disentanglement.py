"""The disentanglement scores side by side: DCI, MIG, SAP and FactorVAE score (their modules define them).

Each is measured on two codes of the same images:

* latents: the flattened quantized latents, N·D numbers an image, one dimension each. The D numbers of a
  latent variable are all functions of one code index, so several dimensions tell the same: MIG and SAP, which
  ask for one dimension a factor, are low by construction, and so is completeness.
* action_aligned: these latents times W (engine/metrics/action_aligned.py), F numbers an image.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import InputError
from engine.events import Progressed
from engine.metrics.dci import dci_steps
from engine.metrics.factor_vae import factor_vae_steps
from engine.metrics.labelled import Code, Factors, check_parts, varying_factors
from engine.metrics.mig import mig
from engine.metrics.sap import sap_steps

FOREST_IMAGES, JUDGED_IMAGES = 1000, 2000
TRAIN_VOTES, TEST_VOTES = 3000, 2000
SCORES = ("dci", "mig", "sap", "factor_vae_score")
Scores = dict[str, dict[str, Any]]


def disentanglement_scores(
    latents_train: Code,
    factors_train: Factors,
    latents_test: Code,
    factors_test: Factors,
    W: npt.NDArray[np.float64],
    seed: int = 0,
) -> Generator[Progressed, None, Scores]:
    """Yields progress; returns {score: {"latents": x, "action_aligned": x}} for each of `SCORES`.

    x of dci is {"disentanglement", "completeness", "informativeness"}; the others are numbers. DCI's forests
    see 1,000 training images drawn at random and are judged on 2,000 test images, or all where there are
    fewer; SAP uses all of both parts, MIG and the FactorVAE score all of the test part, the latter with 3,000
    votes to train and 2,000 to judge. For 2,048 numbers and a few thousand images this takes half
    a minute to a minute on one core.

    Args:
        latents_train: [n,N·D], images that the classifiers learn from.
        factors_train: [n,F].
        latents_test: [m,N·D], other images.
        factors_test: [m,F].
        W: [N·D,F], from `action_aligned_readout`.
        seed: of the forests, their images and the votes.

    Raises:
        InputError: the arrays do not fit, no factor varies, or too few images share a factor value.
    """
    check_parts(latents_train, factors_train, latents_test, factors_test)
    varying_factors(factors_train)
    if W.ndim != 2 or W.shape[0] != latents_train.shape[1]:
        raise InputError(f"W must be [d,F] for latents of {latents_train.shape[1]} numbers, not {W.shape}")
    rng = np.random.default_rng(seed)
    learned = rng.permutation(len(latents_train))[:FOREST_IMAGES]
    judged = rng.permutation(len(latents_test))[:JUDGED_IMAGES]
    scores: Scores = {name: {} for name in SCORES}
    for name, readout in (("latents", None), ("action_aligned", W)):
        words = name.replace("_", "-")
        train, test = (part if readout is None else part @ readout for part in (latents_train, latents_test))
        scores["mig"][name] = mig(test, factors_test)
        yield Progressed(f"MIG of the {words}", 1, 1)
        scores["sap"][name] = yield from sap_steps(
            train, factors_train, test, factors_test, stage=f"SAP of the {words}"
        )
        scores["factor_vae_score"][name] = yield from factor_vae_steps(
            test,
            factors_test,
            train_votes=TRAIN_VOTES,
            test_votes=TEST_VOTES,
            seed=seed,
            stage=f"FactorVAE score of the {words}",
        )
        result = yield from dci_steps(
            train[learned],
            factors_train[learned],
            test[judged],
            factors_test[judged],
            seed=seed,
            stage=f"DCI of the {words}",
        )
        scores["dci"][name] = asdict(result)
    return scores
