"""DCI: disentanglement, completeness and informativeness (Eastwood and Williams, ICLR 2018).

A regressor predicts each factor from all dimensions; R_ij is how much it uses dimension i for factor j.

    P_ij = R_ij / Σ_j R_ij        D_i = 1 − entropy of P_i· over factors, to base F
    Q_ij = R_ij / Σ_i R_ij        C_j = 1 − entropy of Q_·j over dimensions, to base d
    disentanglement = Σ_i ρ_i D_i with ρ_i = Σ_j R_ij / ΣΣ R        completeness = mean of C_j

Choices:

* Factors are discrete, so the regressors are classifiers and informativeness is their accuracy on the test
  part, mean over factors (as in Locatello et al., ICML 2019; the first paper has an error instead). The
  chance level is the share of the commonest value.
* "forest" is the first paper's second regressor, a random forest of 10 trees that look at all dimensions in
  each split; R is the mean decrease of the Gini impurity. Where the paper tunes the depth, leaves hold at
  least 5 images here: trees grown to the end split what is noise and lay importance on dimensions that tell
  nothing. "boosting" is gradient boosted trees with scikit-learn's defaults (100 rounds, depth 3), as in
  Locatello et al.: usual, but a hundred times slower where there are thousands of dimensions. Doscope's
  figures are those of the forest. On the action-aligned codes of a trained `shapes` model and 1,000 images
  both give 0.90, 0.90 and 0.96 (trees grown to the end 0.84, 0.85 and 0.96).
* Dimensions without variance count in d: a code that could be shorter is less complete for it than
  it seems, as the paper has it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.errors import InputError
from engine.events import Progressed
from engine.metrics.labelled import Code, Factors, check_parts, finished, varying_factors

TREES, LEAF = 10, 5
Model = Literal["forest", "boosting"]


@dataclass(frozen=True)
class DCI:
    """The three scores, each 0..1 with 1 the best.

    Attributes:
        disentanglement: whether each dimension tells about one factor only; None with a single factor.
        completeness: whether each factor is told by one dimension only; None with a single dimension.
        informativeness: test accuracy of the factors read from all dimensions.
    """

    disentanglement: float | None
    completeness: float | None
    informativeness: float


def dci(
    code_train: Code,
    factors_train: Factors,
    code_test: Code,
    factors_test: Factors,
    *,
    model: Model = "forest",
    seed: int = 0,
) -> DCI:
    """The scores of codes [n,d] and factor values [n,F]; the classifiers see the training part only.

    Factors with one value in the training part are left out.

    Raises:
        InputError: the parts do not fit, no factor varies, or the model is unknown.
    """
    steps = dci_steps(code_train, factors_train, code_test, factors_test, model=model, seed=seed)
    return finished(steps)


def dci_steps(
    code_train: Code,
    factors_train: Factors,
    code_test: Code,
    factors_test: Factors,
    *,
    model: Model = "forest",
    seed: int = 0,
    stage: str = "DCI",
) -> Generator[Progressed, None, DCI]:
    """`dci` that yields after each factor."""
    check_parts(code_train, factors_train, code_test, factors_test)
    factors = varying_factors(factors_train)
    importance_DF = np.zeros((code_train.shape[1], len(factors)))
    accuracy = np.zeros(len(factors))
    for j, factor in enumerate(factors):
        classifier = _classifier(model, seed)
        classifier.fit(code_train, factors_train[:, factor])
        importance_DF[:, j] = classifier.feature_importances_
        accuracy[j] = np.mean(classifier.predict(code_test) == factors_test[:, factor])
        yield Progressed(stage, j + 1, len(factors))
    return DCI(disentanglement(importance_DF), completeness(importance_DF), float(accuracy.mean()))


def disentanglement(importance_DF: npt.NDArray[np.float64]) -> float | None:
    """Σ_i ρ_i D_i of importances [d,F], all 0 or more; 0 if nothing is important, None with one factor."""
    if importance_DF.shape[1] < 2:
        return None
    total = importance_DF.sum()
    if total == 0:
        return 0.0
    weight_D = importance_DF.sum(axis=1) / total
    return float(np.sum(weight_D * (1 - _entropy_of_rows(importance_DF))))


def completeness(importance_DF: npt.NDArray[np.float64]) -> float | None:
    """Mean of C_j of importances [d,F]; a factor without any important dimension counts 0. None if d is 1."""
    if importance_DF.shape[0] < 2:
        return None
    return float(np.mean(1 - _entropy_of_rows(importance_DF.T)))


def _entropy_of_rows(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Entropy of each row, made to sum to 1, to the base of its length: 0..1. Rows of zeros have 1."""
    length = weights.shape[1]
    sums = weights.sum(axis=1, keepdims=True)
    share = np.divide(weights, sums, out=np.full_like(weights, 1 / length), where=sums > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy: npt.NDArray[np.float64] = -(share * logs).sum(axis=1) / np.log(length)
    return entropy


def _classifier(model: Model, seed: int) -> Any:
    """One untrained classifier of scikit-learn, which is loaded only where it is needed."""
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

    if model == "forest":
        return RandomForestClassifier(
            n_estimators=TREES, max_features=None, min_samples_leaf=LEAF, random_state=seed
        )
    if model == "boosting":
        return GradientBoostingClassifier(random_state=seed)
    raise InputError(f"unknown model '{model}'; choose forest or boosting")
