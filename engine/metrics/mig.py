"""MIG, the mutual information gap (Chen et al., NeurIPS 2018, equation 6).

    MIG = mean over factors k of (I(z_i; v_k) − I(z_j; v_k)) / H(v_k)

with i and j the two dimensions that tell most about factor k. Each dimension is cut in 20 bins of equal
width between its least and greatest value (as in Locatello et al., ICML 2019, for codes that are no
distributions); information and entropies are those of the counted shares, without a correction for the
number of images. 1: one dimension tells each factor fully and no other tells anything. Chance is near 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.metrics.labelled import Code, Factors, check_labelled, top_two_gap, varying_factors

BINS = 20
CHUNK = 256  # dimensions at a time, to spare memory


def mig(code: Code, factors: Factors) -> float:
    """The gap of codes [n,d] and factor values [n,F], 0..1; factors with one value are left out.

    With a single dimension the second best is taken to tell nothing.

    Raises:
        InputError: the arrays do not fit or no factor varies.
    """
    check_labelled(code, factors)
    share = [normalised_information(code, factors[:, f]) for f in varying_factors(factors)]
    return top_two_gap(np.stack(share, axis=1))


def normalised_information(code: Code, factor: Factors) -> npt.NDArray[np.float64]:
    """I(z_i; v) / H(v) of each dimension of codes [n,d] with a factor [n] that varies, [d] in 0..1."""
    value = np.unique(factor, return_inverse=True)[1].reshape(-1)
    values = int(value.max()) + 1
    of_factor = _entropy(np.bincount(value)[None, :])[0]
    parts = []
    for start in range(0, code.shape[1], CHUNK):
        bins = discretised(code[:, start : start + CHUNK])
        dimensions = bins.shape[1]
        cell = (np.arange(dimensions) * BINS + bins) * values + value[:, None]
        counts = np.bincount(cell.reshape(-1), minlength=dimensions * BINS * values)
        counts = counts.reshape(dimensions, BINS, values)
        joint = _entropy(counts.reshape(dimensions, -1))
        parts.append(_entropy(counts.sum(axis=2)) + of_factor - joint)
    information: npt.NDArray[np.float64] = np.maximum(np.concatenate(parts), 0) / of_factor
    return information


def discretised(code: Code) -> npt.NDArray[np.int64]:
    """The bin 0..19 of each number of codes [n,d]; a dimension without variance has one bin."""
    least = code.min(axis=0).astype(np.float64)
    width = code.max(axis=0) - least
    scaled = (code - least) / np.where(width > 0, width, 1.0)
    return np.minimum((scaled * BINS).astype(np.int64), BINS - 1)


def _entropy(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Entropy in nats of each row of counts."""
    share = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy: npt.NDArray[np.float64] = -(share * logs).sum(axis=1)
    return entropy
