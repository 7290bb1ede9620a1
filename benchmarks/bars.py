"""The figures of the table, and the bar of each: what the project wants to reach on two cores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes:
        key: of `doscope evaluate --json`; dots lead inwards, and a number picks the repetitions of `rollout`.
        title: as in the table.
        digits: after the decimal point.
        unit: written after the number.
    """

    key: str
    title: str
    digits: int = 3
    unit: str = ""

    def show(self, value: float) -> str:
        """The number with its unit."""
        return f"{self.number(value)}{' ' if self.unit else ''}{self.unit}"

    def number(self, value: float) -> str:
        """The number alone; what is rounded to zero has no sign."""
        shown = f"{value:.{self.digits}f}"
        return shown.removeprefix("-") if float(shown) == 0 else shown


@dataclass(frozen=True)
class Bar:
    """A limit for the median over the seeds.

    Attributes:
        limit: in the figure's unit.
        at_most: whether less is better.
    """

    limit: float
    at_most: bool = False

    def is_met(self, median: float) -> bool:
        """The figures are compared as they are, not as they are rounded for the table."""
        return median <= self.limit if self.at_most else median >= self.limit

    def show(self, figure: Figure) -> str:
        """Such as "≥ 0.97" or "≤ 1 dB"."""
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}{' ' if figure.unit else ''}{figure.unit}"


FIGURES = (
    Figure("directed_accuracy", "directed accuracy (macro)"),
    Figure("factor_accuracy", "factor accuracy (macro)"),
    Figure("worst_action.directed_accuracy", "directed accuracy of the worst action"),
    Figure("atomic_over_ceiling", "atomic rate / probe ceiling"),
    Figure("atomic_rate", "atomic rate"),
    Figure("probe_ceiling", "probe ceiling"),
    Figure("hit_rate", "hit rate"),
    Figure("collateral_rate", "collateral rate", 4),
    Figure("psnr", "PSNR of reconstructions", 1, "dB"),
    Figure("ssim", "SSIM of reconstructions"),
    Figure("quality_cost_db", "quality cost", 2, "dB"),
    Figure("quality_cost_ssim", "quality cost, SSIM"),
    Figure("rollout.5.hit_rate", "hit rate after five repetitions"),
    Figure("rollout.5.ceiling", "its ceiling: probes on reconstructions of the true image"),
    Figure("graph_value", "graph value"),
    Figure("edges_kept", "share of edges kept"),
    Figure("graph_faithfulness_auroc", "graph faithfulness, AUROC"),
    Figure("factor_graph_shd", "edges of the factor graph missing or extra", 0),
    Figure("dci.latents.disentanglement", "DCI disentanglement, latents"),
    Figure("dci.action_aligned.disentanglement", "DCI disentanglement, action-aligned"),
    Figure("dci.action_aligned.completeness", "DCI completeness, action-aligned"),
    Figure("dci.action_aligned.informativeness", "DCI informativeness, action-aligned"),
    Figure("mig.latents", "MIG, latents"),
    Figure("mig.action_aligned", "MIG, action-aligned"),
    Figure("sap.latents", "SAP, latents"),
    Figure("sap.action_aligned", "SAP, action-aligned"),
    Figure("factor_vae_score.latents", "FactorVAE score, latents"),
    Figure("factor_vae_score.action_aligned", "FactorVAE score, action-aligned"),
)
# The comparison of the imbalanced set with the uniform one of the same size; LOSS is made, not measured.
LOSS = Figure("loss", "directed accuracy lost against the uniform set", 1, "points")
COMPARED = (
    FIGURES[0],
    FIGURES[1],
    FIGURES[2],
    Figure("frequency_slope", "slope of directed accuracy per decade of training pairs"),
    Figure("majority_accuracy", "always answering the commonest action"),
    Figure("psnr", "PSNR of reconstructions", 1, "dB"),
)

BARS: dict[str, dict[str, Bar]] = {
    "shapes": {
        "directed_accuracy": Bar(0.97),
        "factor_accuracy": Bar(0.99),
        "atomic_over_ceiling": Bar(0.95),
        "collateral_rate": Bar(0.01, at_most=True),
        "psnr": Bar(29),
        "quality_cost_db": Bar(1.0, at_most=True),
        "rollout.5.hit_rate": Bar(0.90),
        "graph_value": Bar(0.90),
        "edges_kept": Bar(0.10, at_most=True),
        "graph_faithfulness_auroc": Bar(0.90),
    },
    "sprites": {
        "directed_accuracy": Bar(0.88),
        "factor_accuracy": Bar(0.94),
        "atomic_over_ceiling": Bar(0.85),
        "collateral_rate": Bar(0.03, at_most=True),
        "psnr": Bar(27),
        "quality_cost_db": Bar(1.5, at_most=True),
        "graph_value": Bar(0.85),
        "edges_kept": Bar(0.10, at_most=True),
        "graph_faithfulness_auroc": Bar(0.85),
    },
    "pendulum": {"factor_graph_shd": Bar(0, at_most=True)},
    "faces": {"directed_accuracy": Bar(0.80), "factor_accuracy": Bar(0.85)},
    "quality": {"directed_accuracy": Bar(0.99), "factor_accuracy": Bar(0.998), "psnr": Bar(32)},
    "imbalanced": {
        LOSS.key: Bar(3, at_most=True),
        "worst_action.directed_accuracy": Bar(0.85),
    },
}


def look_up(figures: Mapping[str, Any], key: str) -> float | None:
    """The number under a key, None if it was not measured.

    >>> look_up({"rollout": [{"repetitions": 5, "hit_rate": 0.9}]}, "rollout.5.hit_rate")
    0.9
    """
    found: Any = figures
    for word in key.split("."):
        if isinstance(found, Mapping):
            found = found.get(word)
        elif isinstance(found, Sequence) and not isinstance(found, str) and word.isdigit():
            found = next(
                (row for row in found if isinstance(row, Mapping) and row.get("repetitions") == int(word)),
                None,
            )
        else:
            return None
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def interval(figures: Mapping[str, Any], key: str) -> tuple[float, float] | None:
    """The 95 % interval of a figure on the top level, None if it has none."""
    found = figures.get(f"{key}_interval")
    if isinstance(found, Sequence) and len(found) == 2 and all(isinstance(end, int | float) for end in found):
        return float(found[0]), float(found[1])
    return None
