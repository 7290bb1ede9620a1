"""What an action does to the factors, as the probes read them (docs/model.md, section 4).

"Moved" is judged against the true factor values of the image before, not against what the probes read of
its reconstruction: an action then has to end at what the data set says. What the autoencoder or the probes
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

    hit: npt.NDArray[np.bool_]  # the target reads as its true value moved by what was asked
    collateral: Floats  # share of the other factors that do not read as their true value; nan without others
    atomic: npt.NDArray[np.bool_]  # a hit, and no other factor moved


def intended(before: Ints, action: Ints, repetitions: int = 1) -> Ints:
    """Factor values [P,F] after actions [P] are done `repetitions` times; they may leave the range."""
    num_factors = before.shape[1]
    after = before.copy()
    after[np.arange(len(action)), action % num_factors] += repetitions * np.where(action < num_factors, 1, -1)
    return after


def judge(
    read: Ints, before: Ints, action: Ints, factors: npt.NDArray[np.bool_], repetitions: int = 1
) -> Judged:
    """Compares factor values [P,F] read from results with the true ones before.

    Args:
        read: what the probes read.
        before: true factor values of the images before.
        action: actions [P], of factors that are read.
        factors: the factors that are read, bool [F]; the others count nowhere.
        repetitions: how often the action was done.
    """
    wrong = (read != intended(before, action, repetitions)) & factors
    hit = ~wrong[np.arange(len(action)), action % before.shape[1]]
    moved = wrong.sum(axis=1) - ~hit
    others = int(factors.sum()) - 1
    collateral = moved / others if others > 0 else np.full(len(action), np.nan)
    return Judged(hit, collateral, hit & (moved == 0))


def possible(before: Ints, action: Ints, sizes: tuple[int, ...], repetitions: int) -> npt.NDArray[np.bool_]:
    """Whether each action [P] can be done so often without leaving its factor's range, bool [P]."""
    after = intended(before, action, repetitions)
    return np.asarray(((after >= 0) & (after < np.array(sizes))).all(axis=1))


def hit_chance(before: Ints, action: Ints) -> float:
    """Hit rate of results that say nothing: each factor always reads as one value, the best one for it.

    A macro average over actions, as the hit rate. For a factor of two values it is a half, whatever the
    number of actions; of more values, less.
    """
    target = action % before.shape[1]
    asked = intended(before, action)[np.arange(len(action)), target]
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
