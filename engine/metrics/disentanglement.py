"""The disentanglement scores side by side: DCI, MIG, SAP and FactorVAE score (their modules define them).

Each is measured on two codes of the same images:

* latents: the flattened quantized latents, N·D numbers an image, one dimension each. The D numbers of a
  latent variable are all functions of one code index, so several dimensions tell the same: MIG and SAP, which
  ask for one dimension a factor, are low by construction, and so is completeness.
* action_aligned: these latents times W (engine/metrics/action_aligned.py), F numbers an image.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
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
_WORDS = {"dci": "DCI", "mig": "MIG", "sap": "SAP", "factor_vae_score": "FactorVAE score"}
Scores = dict[str, dict[str, Any]]
Steps = Generator[Progressed, None, Any]


def disentanglement_scores(
    latents_train: Code,
    factors_train: Factors,
    latents_test: Code,
    factors_test: Factors,
    W: npt.NDArray[np.float64] | None,
    notes: list[str],
    seed: int = 0,
) -> Generator[Progressed, None, Scores]:
    """Yields progress; returns {score: {"latents": x, "action_aligned": x}} for each of `SCORES`.

    x of dci is {"disentanglement", "completeness", "informativeness"}; the others are numbers; None is what
    cannot be measured. DCI's forests
    see 1,000 training images drawn at random and are judged on 2,000 test images, or all where there are
    fewer; SAP uses all of both parts, MIG and the FactorVAE score all of the test part, the latter with 3,000
    votes to train and 2,000 to judge. For 2,048 numbers and a few thousand images this takes half
    a minute to a minute on one core.

    Args:
        latents_train: [n,N·D], images that the classifiers learn from.
        factors_train: [n,F].
        latents_test: [m,N·D], other images.
        factors_test: [m,F].
        W: [N·D,F], from `action_aligned_readout`; None where there is none, and no action-aligned codes.
        notes: gets a sentence for each score of these codes that cannot be measured.
        seed: of the forests, their images and the votes.

    Raises:
        InputError: the arrays do not fit, or no factor varies.
    """
    check_parts(latents_train, factors_train, latents_test, factors_test)
    varying_factors(factors_train)
    if W is not None and (W.ndim != 2 or W.shape[0] != latents_train.shape[1]):
        raise InputError(f"W must be [d,F] for latents of {latents_train.shape[1]} numbers, not {W.shape}")
    scores: Scores = {name: {"latents": None, "action_aligned": None} for name in SCORES}
    for view, readout in (("latents", None), ("action_aligned", W)):
        if view == "action_aligned" and readout is None:
            continue
        train, test = (part if readout is None else part @ readout for part in (latents_train, latents_test))
        words = view.replace("_", "-")
        for name, steps in _each((train, factors_train, test, factors_test), words, seed).items():
            try:
                scores[name][view] = yield from steps()
            except InputError as error:
                codes = "latents" if view == "latents" else f"{words} codes"
                notes.append(f"no disentanglement score {_WORDS[name]} of the {codes}: {error}")
    return scores


def _each(
    parts: tuple[Code, Factors, Code, Factors], words: str, seed: int
) -> dict[str, Callable[[], Steps]]:
    """The scores of one code, by name; `words` say in the progress which code it is."""
    train, factors_train, test, factors_test = parts
    rng = np.random.default_rng(seed)
    learned = rng.permutation(len(train))[:FOREST_IMAGES]
    judged = rng.permutation(len(test))[:JUDGED_IMAGES]

    def mig_steps() -> Steps:
        found = mig(test, factors_test)
        yield Progressed(f"MIG of the {words}", 1, 1)
        return found

    def dci_parts() -> Steps:
        stage = f"DCI of the {words}"
        some = (train[learned], factors_train[learned], test[judged], factors_test[judged])
        return asdict((yield from dci_steps(*some, seed=seed, stage=stage)))

    votes = {"train_votes": TRAIN_VOTES, "test_votes": TEST_VOTES, "seed": seed}
    return {
        "mig": mig_steps,
        "sap": lambda: sap_steps(*parts, stage=f"SAP of the {words}"),
        "factor_vae_score": lambda: factor_vae_steps(
            test, factors_test, **votes, stage=f"FactorVAE score of the {words}"
        ),
        "dci": dci_parts,
    }
