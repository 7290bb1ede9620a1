"""What an action does to the factors, as the probes read them (docs/model.md, section 4).

The result is judged against the true factor values of the image after, not against what the probes read of
any reconstruction: an action then has to end at what the data set says, its effects included where the
factor has some. What the autoencoder or the probes
lose counts against it, and alone in the probe ceiling, so that the two can be compared.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.metrics.intervals import macro, macro_interval

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Judged(NamedTuple):
    """One entry a pair, [P]."""

    hit: npt.NDArray[np.bool_]  # the target reads as its true value after the action
    collateral: Floats  # share of the other factors that do not read as theirs; nan without others
    atomic: npt.NDArray[np.bool_]  # a hit, and every other factor where it should be


def judge(read: Ints, truth: Ints, target: Ints, factors: npt.NDArray[np.bool_]) -> Judged:
    """Compares factor values [P,F] read from results with those that the actions truly lead to.

    Args:
        read: what the probes read.
        truth: true factor values of the images after.
        target: the factors of the actions [P]; all of them are read.
        factors: the factors that are read, bool [F]; the others count nowhere.
    """
    wrong = (read != truth) & factors
    hit = ~wrong[np.arange(len(target)), target]
    strayed = wrong.sum(axis=1) - ~hit
    others = int(factors.sum()) - 1
    collateral = strayed / others if others > 0 else np.full(len(target), np.nan)
    return Judged(hit, collateral, hit & (strayed == 0))


def hit_chance(truth: Ints, action: Ints, target: Ints) -> float:
    """Hit rate of results that say nothing: each factor always reads as one value, the best one for it.

    A macro average over actions, as the hit rate. For a factor of two values it is a half, whatever the
    number of actions; of more values, less.

    Args:
        truth: true factor values after the actions, [P,F].
        action: [P].
        target: their factors, [P].
    """
    asked = truth[np.arange(len(action)), target]
    best = []
    for f in np.unique(target):
        of_factor = target == f
        hits = [macro(asked[of_factor] == value, action[of_factor]) for value in np.unique(asked[of_factor])]
        best.append(max(hits) * len(np.unique(action[of_factor])))
    return float(sum(best) / len(np.unique(action)))


def macro_or_none(values: Floats, action: Ints) -> float | None:
    """Macro average over actions, None where a value is not a number."""
    return None if np.isnan(values).any() else macro(values, action)


def intervention_figures(acted: Judged, ceiling: Judged, action: Ints) -> dict[str, Any]:
    """Macro averages over actions; `ceiling` judges reconstructions of the true images after."""
    rate, top = macro(acted.atomic, action), macro(ceiling.atomic, action)
    alone = bool(np.isnan(acted.collateral).any())
    return {
        "probe_ceiling": top,
        "probe_ceiling_interval": macro_interval(ceiling.atomic, action),
        "atomic_rate": rate,
        "atomic_rate_interval": macro_interval(acted.atomic, action),
        "atomic_over_ceiling": rate / top if top > 0 else None,
        "hit_rate": macro(acted.hit, action),
        "hit_rate_interval": macro_interval(acted.hit, action),
        "collateral_rate": macro_or_none(acted.collateral, action),
        "collateral_rate_interval": None if alone else macro_interval(acted.collateral, action),
    }


def cost_figures(cost_db: Floats, cost_ssim: Floats | None, action: Ints) -> dict[str, Any]:
    """Quality costs [P] as macro averages over actions; positive is a loss."""
    return {
        "quality_cost_db": macro(cost_db, action),
        "quality_cost_db_interval": macro_interval(cost_db, action),
        "quality_cost_ssim": None if cost_ssim is None else macro(cost_ssim, action),
    }
