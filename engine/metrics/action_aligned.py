"""Action-aligned codes: a linear reading of the latents in which each factor's actions move one coordinate.

From training transitions and their actions alone, without any factor value: W is a ridge regression of what
an action should do to the coordinates on what it did to the flattened quantized latents,

    W = argmin Σ_p || W^T (after_p − before_p) − s_p e_f(p) ||² + λ ||W||²

with f(p) the factor and s_p = +1 or −1 the direction of the action of transition p. The code of an image is
W^T latents: F numbers, each defined up to a constant, in steps of the factor. (A factor that wraps around
has no such coordinate; its steps are then fitted as well as a line can.)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.errors import InputError
from engine.metrics.labelled import Code

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # λ, in units of the mean of the diagonal of X^T X
HELD_OUT = 5  # every fifth transition chooses λ
MOST_DIMENSIONS = 2**15


def action_aligned_readout(
    difference: Code, action: npt.NDArray[np.integer], num_factors: int
) -> npt.NDArray[np.float64]:
    """W [d,F], float64.

    λ is the one of 10^-4 .. 10 times the mean squared length of a dimension's differences that errs least on
    every fifth transition when fitted on the others; W is then fitted on all. About 10,000 transitions are
    plenty, and take a few seconds for 2,048 dimensions. More dimensions than transitions are fitted in the
    ridge's dual form, W = X^T (X X^T + λ I)^-1 S, which is the same W.

    Args:
        difference: latents after less latents before, [P,d] of at most 32,768 dimensions.
        action: action indices [P]: f raises factor f by one step, F + f lowers it.
        num_factors: F.

    Raises:
        InputError: the shapes do not fit, an action is unknown, there are fewer than five transitions or none
            changes the latents, or there are too many dimensions.
    """
    _check(difference, action, num_factors)
    wanted = np.zeros((len(action), num_factors))
    wanted[np.arange(len(action)), action % num_factors] = np.where(action < num_factors, 1.0, -1.0)
    x = np.asarray(difference, dtype=np.float64)
    held = np.arange(len(x)) % HELD_OUT == HELD_OUT - 1
    fitted = _ridge(x[~held], wanted[~held])
    errors = [float(np.square(x[held] @ fitted(penalty) - wanted[held]).sum()) for penalty in PENALTIES]
    return _ridge(x, wanted)(PENALTIES[int(np.argmin(errors))])


def _ridge(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> Callable[[float], npt.NDArray[np.float64]]:
    """From a penalty, in units of the mean squared length of a dimension of x [P,d], to W [d,F]."""
    unit, dual = float(np.square(x).sum()) / x.shape[1], x.shape[1] > len(x)
    gram = x @ x.T if dual else x.T @ x
    target = y if dual else x.T @ y

    def fitted(penalty: float) -> npt.NDArray[np.float64]:
        solved = np.linalg.solve(gram + penalty * unit * np.eye(len(gram)), target)
        return np.asarray(x.T @ solved if dual else solved, dtype=np.float64)

    return fitted


def _check(difference: Code, action: npt.NDArray[np.integer], num_factors: int) -> None:
    """Refuse what cannot be fitted."""
    if difference.ndim != 2 or action.shape != (len(difference),):
        raise InputError(f"differences [P,d] and actions [P] do not fit: {difference.shape}, {action.shape}")
    if difference.shape[1] > MOST_DIMENSIONS:
        raise InputError(
            f"action-aligned codes are fitted to at most {MOST_DIMENSIONS} numbers a latent,"
            f" not {difference.shape[1]}"
        )
    if len(action) < HELD_OUT:
        raise InputError(f"action-aligned codes need {HELD_OUT} training transitions, not {len(action)}")
    if action.min() < 0 or action.max() >= 2 * num_factors:
        raise InputError(f"actions of {num_factors} factors lie in 0..{2 * num_factors - 1}")
    if not np.isfinite(difference).all():
        raise InputError("the latents hold values that are not finite numbers; is the run damaged?")
    training = difference[np.arange(len(difference)) % HELD_OUT != HELD_OUT - 1]
    if not training.any():
        raise InputError(
            "no training transition changes the latents, so no action-aligned codes can be fitted"
        )
