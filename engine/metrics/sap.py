"""SAP, separated attribute predictability (Kumar, Sattigeri and Balakrishnan, ICLR 2018, section 3).

S_ij is how well dimension i alone predicts factor j; the score is the mean over factors of the greatest S_ij
less the second greatest. Choices:

* Factors are discrete, so S_ij is the test accuracy of a linear support vector classifier of that dimension
  (as in Locatello et al., ICML 2019): squared hinge loss, C = 0.01, balanced class weights, one class against
  the rest, the intercept part of the penalty: `sklearn.svm.LinearSVC(C=0.01, class_weight="balanced")`. That
  would take minutes for thousands of dimensions, so the same minimum is found here for all dimensions at
  once by Newton's method; a test compares the two.
* Codes are taken as they are, neither centred nor scaled. As the penalty does not shrink with the code, the
  accuracy of dimensions much smaller than 1 suffers.
* Dimensions without variance have S_ij = 0, as in the paper.

A linear classifier of one number tells extreme values from the rest but misses many between, so a perfect
code of factors with more than two values stays well below 1; for two values and independent dimensions it
reaches 1/2, the other dimensions being right by chance. A code that tells nothing has about 0.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.events import Progressed
from engine.metrics.labelled import (
    Code,
    Factors,
    check_parts,
    finished,
    top_two_gap,
    varying_dimensions,
    varying_factors,
)

PENALTY = 0.01  # C: the weight of the losses beside the norm
NEWTON_STEPS = 100
CLOSE_ENOUGH = 1e-8  # length of the gradient
CHUNK = 128  # dimensions at a time, to spare memory
Array = npt.NDArray[np.float64]


class Distinct(NamedTuple):
    """The distinct numbers of some dimensions: images with the same number and label count once, weighted.

    Attributes:
        value_DU: distinct numbers, filled up with zeros.
        place: which of them each image has, [n,D].
    """

    value_DU: Array
    place: npt.NDArray[np.int64]


def sap(code_train: Code, factors_train: Factors, code_test: Code, factors_test: Factors) -> float:
    """The score of codes [n,d] and factor values [n,F], 0..1; the classifiers see the training part only.

    Factors with one value in the training part are left out. With a single dimension that varies, the second
    best predicts nothing (0).

    Raises:
        InputError: the parts do not fit or no factor varies.
    """
    return finished(sap_steps(code_train, factors_train, code_test, factors_test))


def sap_steps(
    code_train: Code, factors_train: Factors, code_test: Code, factors_test: Factors, *, stage: str = "SAP"
) -> Generator[Progressed, None, float]:
    """`sap` that yields every 128 dimensions."""
    check_parts(code_train, factors_train, code_test, factors_test)
    factors, active = varying_factors(factors_train), varying_dimensions(code_train)
    score_DF = np.zeros((max(2, code_train.shape[1]), len(factors)))
    for start in range(0, len(active), CHUNK):
        dimensions = active[start : start + CHUNK]
        distinct, test = _distinct(code_train[:, dimensions]), code_test[:, dimensions].astype(np.float64)
        for j, factor in enumerate(factors):
            labels, truth = factors_train[:, factor], factors_test[:, factor]
            score_DF[dimensions, j] = _accuracies(distinct, labels, test, truth)
        yield Progressed(stage, min(start + CHUNK, len(active)), len(active))
    return top_two_gap(score_DF)


def _distinct(code: Code) -> Distinct:
    """The distinct numbers of each dimension of codes [n,D]."""
    found = [np.unique(column.astype(np.float64), return_inverse=True) for column in code.T]
    values = np.zeros((len(found), max(len(value) for value, _ in found)))
    for row, (value, _) in zip(values, found, strict=True):
        row[: len(value)] = value
    return Distinct(values, np.stack([index.reshape(-1) for _, index in found], axis=1))


def _accuracies(distinct: Distinct, labels: Factors, test: Array, truth: Factors) -> Array:
    """Test accuracy [D] of the classifiers of each dimension; test codes [m,D], true factor values [m]."""
    names, label = np.unique(labels, return_inverse=True)
    count_DUC = _counts(distinct, label.reshape(-1), len(names))
    slope_DC, intercept_DC = fit_classifiers(distinct.value_DU, count_DUC)
    accuracy = np.zeros(len(slope_DC))
    for d in range(len(slope_DC)):
        answer = (test[:, d, None] * slope_DC[d] + intercept_DC[d]).argmax(axis=1)
        accuracy[d] = np.mean(names[answer] == truth)
    return accuracy


def _counts(distinct: Distinct, label: npt.NDArray[np.int64], classes: int) -> Array:
    """Images of each class at each distinct number, [D,U,C]."""
    D, U = distinct.value_DU.shape
    cell = (np.arange(D) * U + distinct.place) * classes + label[:, None]
    return np.bincount(cell.reshape(-1), minlength=D * U * classes).reshape(D, U, classes).astype(np.float64)


def fit_classifiers(value_DU: Array, count_DUC: Array) -> tuple[Array, Array]:
    """Slopes and intercepts [D,C] of one linear support vector machine a dimension and class.

    Minimises (w² + b²)/2 + Σ_u C p_u max(0, 1 − f_u)² + C q_u max(0, 1 + f_u)², f_u = w x_u + b, with p_u the
    weighted number of images of the class at x_u and q_u that of the others. The balanced weight of a class
    is n / (classes · its images). With more than two classes the rest keeps weight 1, as LinearSVC has it.

    Args:
        value_DU: distinct numbers of each dimension.
        count_DUC: images of each class at them.
    """
    class_C = count_DUC.sum(axis=(0, 1)) / len(count_DUC)
    weight_C = class_C.sum() / (len(class_C) * class_C)
    rest_C = weight_C[::-1] if len(class_C) == 2 else np.ones_like(weight_C)
    own_DCU = PENALTY * np.moveaxis(count_DUC * weight_C, 2, 1)
    others = count_DUC.sum(axis=2, keepdims=True) - count_DUC
    rest_DCU = PENALTY * np.moveaxis(others * rest_C, 2, 1)
    return _newton(value_DU[:, None, :], own_DCU, rest_DCU)


def _newton(x_D1U: Array, own_DCU: Array, rest_DCU: Array) -> tuple[Array, Array]:
    """The minimum for every dimension and class: Newton steps, halved until the objective falls enough.

    The objective is convex and quadratic in pieces, so a handful of steps suffice.
    """
    slope, intercept = np.zeros(own_DCU.shape[:2]), np.zeros(own_DCU.shape[:2])
    for _ in range(NEWTON_STEPS):
        f = x_D1U * slope[..., None] + intercept[..., None]
        short, over = np.maximum(1 - f, 0), np.maximum(1 + f, 0)
        pull = 2 * (rest_DCU * over - own_DCU * short)
        curve = 2 * (rest_DCU * (over > 0) + own_DCU * (short > 0))
        g_slope, g_intercept = slope + (pull * x_D1U).sum(axis=2), intercept + pull.sum(axis=2)
        if np.hypot(g_slope, g_intercept).max() < CLOSE_ENOUGH:
            break
        a, b = 1 + (curve * x_D1U**2).sum(axis=2), (curve * x_D1U).sum(axis=2)
        c = 1 + curve.sum(axis=2)
        step_slope = (b * g_intercept - c * g_slope) / (a * c - b * b)
        step_intercept = (b * g_slope - a * g_intercept) / (a * c - b * b)
        now = _objective(x_D1U, own_DCU, rest_DCU, slope, intercept)
        fall = g_slope * step_slope + g_intercept * step_intercept  # below zero
        size = np.ones_like(slope)
        for _ in range(30):
            new_slope, new_intercept = slope + size * step_slope, intercept + size * step_intercept
            after = _objective(x_D1U, own_DCU, rest_DCU, new_slope, new_intercept)
            too_far = after > now + 1e-4 * size * fall + 1e-12 * np.abs(now)
            if not too_far.any():
                break
            size = np.where(too_far, size / 2, size)
        slope, intercept = new_slope, new_intercept
    return slope, intercept


def _objective(x_D1U: Array, own_DCU: Array, rest_DCU: Array, slope: Array, intercept: Array) -> Array:
    """The objective of `fit_classifiers`, [D,C]."""
    f = x_D1U * slope[..., None] + intercept[..., None]
    losses = own_DCU * np.maximum(1 - f, 0) ** 2 + rest_DCU * np.maximum(1 + f, 0) ** 2
    objective: Array = (slope**2 + intercept**2) / 2 + losses.sum(axis=2)
    return objective
