"""What the disentanglement scores share: codes of labelled images, checked, and factors that vary.

In these modules a *dimension* is one number of the code of an image, and a code is [n,d]: n images, d
dimensions. Factor values are whole numbers, [n,F].
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from engine.errors import InputError

Code = npt.NDArray[np.floating[Any]]
Factors = npt.NDArray[np.integer[Any]]
T = TypeVar("T")


def check_labelled(code: Code, factors: Factors) -> None:
    """Refuse what no score can be computed from.

    Raises:
        InputError: the shapes do not fit, a number is not finite, or there are fewer than two images.
    """
    if code.ndim != 2 or factors.ndim != 2 or len(code) != len(factors):
        raise InputError(
            f"codes must be [n,d] and factor values [n,F] of the same n, not {code.shape} and {factors.shape}"
        )
    if len(code) < 2 or code.shape[1] < 1:
        raise InputError(f"a score needs two images and one dimension, not codes of shape {code.shape}")
    if not np.issubdtype(factors.dtype, np.integer):
        raise InputError(f"factor values must be whole numbers, not {factors.dtype}")
    if not np.isfinite(code).all():
        raise InputError("the codes hold values that are not finite numbers; is the run damaged?")


def check_parts(code_train: Code, factors_train: Factors, code_test: Code, factors_test: Factors) -> None:
    """`check_labelled` of both parts, which must have the same dimensions and factors.

    Raises:
        InputError: as `check_labelled`, or the parts differ.
    """
    check_labelled(code_train, factors_train)
    check_labelled(code_test, factors_test)
    if code_train.shape[1] != code_test.shape[1] or factors_train.shape[1] != factors_test.shape[1]:
        raise InputError(
            f"both parts need the same dimensions and factors, not {code_train.shape}, {factors_train.shape}"
            f" and {code_test.shape}, {factors_test.shape}"
        )


def varying_factors(factors: Factors) -> list[int]:
    """The factors with two or more values among these images; the others are left out of every score.

    Raises:
        InputError: there is none.
    """
    varying = np.flatnonzero(factors.min(axis=0) < factors.max(axis=0)).tolist()
    if not varying:
        raise InputError("no factor has two values among these images; a score needs one that varies")
    return list(varying)


def varying_dimensions(code: Code) -> npt.NDArray[np.int64]:
    """The dimensions that are not the same for all images, ascending."""
    return np.flatnonzero(code.min(axis=0) < code.max(axis=0))


def top_two_gap(score_DF: npt.NDArray[np.float64]) -> float:
    """Mean over factors of the best dimension's score less the second best's, which is 0 if there is one."""
    ordered = np.sort(score_DF, axis=0)
    second = ordered[-2] if len(ordered) > 1 else np.zeros_like(ordered[-1])
    return float(np.mean(ordered[-1] - second))


def finished(steps: Generator[Any, None, T]) -> T:
    """A generator run to its end: what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
