"""The figures of an evaluation as people read them: title, unit, definition, and what to compare with.

The terminal's table and the report both show these rows, so that they cannot disagree. The definitions are
those of docs/model.md, section 4, in one sentence each.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]
Interval = tuple[float, float]

KEYS = (
    *("run", "dataset", "split", "pairs", "quick", "notes"),
    *("directed_accuracy", "directed_accuracy_interval", "chance"),
    *("factor_accuracy", "factor_accuracy_interval", "factor_chance"),
    *("per_action", "actions", "confusion", "worst_action", "frequency_slope", "majority_accuracy"),
    *("psnr", "psnr_interval", "ssim", "ssim_interval"),
    *("quality_cost_db", "quality_cost_db_interval", "quality_cost_ssim"),
    *("probe_accuracy", "probe_chance", "probe_ceiling", "probe_ceiling_interval"),
    *("atomic_rate", "atomic_rate_interval", "atomic_over_ceiling", "hit_rate", "hit_rate_interval"),
    *("hit_chance", "collateral_rate", "collateral_rate_interval", "rollout"),
    *("graph_value", "graph_value_interval", "edges_kept"),
    *("graph_faithfulness_auroc", "graph_faithfulness_auroc_interval"),
    *("dci", "mig", "sap", "factor_vae_score"),
)
"""What `doscope evaluate --json` always has; a figure that was not measured is null."""

RETRIEVAL, IMAGES, INTERVENTION = "action retrieval", "reconstruction", "intervention"
ROLLOUT, GRAPH, DISENTANGLEMENT = "repeated actions", "causal graph", "disentanglement"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        path: where the value lies in the figures, keys and positions joined by dots.
        value: None when it was not measured; `reason` then says why.
        interval: 95 %, or None.
        compare: (word, value) of the chance or ceiling beside it, or None.
        unit: "share" (0 to 1), "dB", "SSIM" (-1 to 1), "score" (0 to 1), "AUROC", "ratio" or "per decade".
    """

    group: str
    path: str
    title: str
    unit: str
    definition: str
    value: float | None
    interval: Interval | None = None
    compare: tuple[str, float] | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Figure:
    """What does not depend on the run; `compare` is (word, path of the number)."""

    group: str
    path: str
    title: str
    unit: str
    definition: str
    compare: tuple[str, str] | None = None


_FIGURES = (
    _Figure(
        RETRIEVAL, "directed_accuracy", "directed accuracy", "share",
        "Share of pairs (before, after) whose most probable action is the true one, factor and direction; "
        "mean over actions.",
        ("chance", "chance"),
    ),
    _Figure(
        RETRIEVAL, "factor_accuracy", "factor accuracy", "share",
        "Share of pairs whose most probable action moves the true factor, in either direction; mean over "
        "factors.",
        ("chance", "factor_chance"),
    ),
    _Figure(
        RETRIEVAL, "majority_accuracy", "always the commonest action", "share",
        "The directed accuracy of always answering the action that is commonest in training.",
    ),
    _Figure(
        RETRIEVAL, "worst_action.directed_accuracy", "worst action", "share",
        "Directed accuracy of the action that is retrieved least well.",
        ("chance", "chance"),
    ),
    _Figure(
        RETRIEVAL, "frequency_slope", "slope over frequency", "per decade",
        "Rise of an action's directed accuracy for ten times as many training pairs (least squares over "
        "actions); 0 means that rare actions are retrieved as well as common ones.",
    ),
    _Figure(
        IMAGES, "psnr", "PSNR", "dB",
        "Peak signal-to-noise ratio of the images that are encoded and decoded with nothing done to them.",
    ),
    _Figure(
        IMAGES, "ssim", "SSIM", "SSIM",
        "Structural similarity of the same reconstructions to their images; 1 is identical.",
    ),
    _Figure(
        INTERVENTION, "probe_ceiling", "probe ceiling", "share",
        "The atomic rate of reconstructions of the true after-images: what encoding and the probes, "
        "classifiers of the factors trained on real images, allow at most.",
    ),
    _Figure(
        INTERVENTION, "atomic_rate", "atomic rate", "share",
        "Share of pairs where, after the model applied the true action, the probes read the asked factor "
        "exactly one step on and every other factor unmoved; mean over actions.",
        ("ceiling", "probe_ceiling"),
    ),
    _Figure(
        INTERVENTION, "atomic_over_ceiling", "atomic rate / ceiling", "ratio",
        "Atomic rate divided by the probe ceiling: 1 means that acting loses nothing beyond encoding.",
    ),
    _Figure(
        INTERVENTION, "hit_rate", "hit rate", "share",
        "Share of pairs where the asked factor moved exactly one step, whatever the others did; mean over "
        "actions.",
        ("chance", "hit_chance"),
    ),
    _Figure(
        INTERVENTION, "collateral_rate", "collateral rate", "share",
        "Share of the other factors that moved although only one was asked to; mean over actions; lower is "
        "better.",
    ),
    _Figure(
        INTERVENTION, "quality_cost_db", "quality cost", "dB",
        "PSNR of the reconstructed true after-image minus PSNR of the model's result, both against the true "
        "after-image: positive means that acting costs quality beyond encoding.",
    ),
    _Figure(
        INTERVENTION, "quality_cost_ssim", "quality cost, SSIM", "SSIM",
        "The same difference in structural similarity; positive is a loss.",
    ),
    _Figure(
        GRAPH, "edges_kept", "edges kept", "share",
        "Share of ordered pairs of latent variables whose base edge probability exceeds one half.",
    ),
    _Figure(
        GRAPH, "graph_value", "graph value", "ratio",
        "How much of what all other variables tell about a hidden one the learned graph keeps: 0 as with no "
        "parents, 1 as with all edges.",
    ),
    _Figure(
        GRAPH, "graph_faithfulness_auroc", "graph faithfulness", "AUROC",
        "How well edge probabilities rank the measured effects of setting one variable on another (area "
        "under the ROC curve).",
        ("chance", "0.5"),
    ),
)  # fmt: skip

_VIEWS = {"latents": "latents", "action_aligned": "action-aligned codes"}
_SCORES = (
    ("dci", "disentanglement", "DCI disentanglement", "Whether each dimension tells about one factor only."),
    ("dci", "completeness", "DCI completeness", "Whether each factor is told by one dimension only."),
    ("dci", "informativeness", "DCI informativeness", "How well all dimensions together tell the factors."),
    ("mig", "", "MIG", "Gap in mutual information between a factor's two most informative dimensions."),
    ("sap", "", "SAP", "Gap in accuracy between a factor's two most predictive dimensions."),
    (
        "factor_vae_score", "", "FactorVAE score",
        "How often the steadiest dimension tells which factor was held fixed.",
    ),
)  # fmt: skip


def complete(figures: Figures) -> dict[str, Any]:
    """The figures as plain numbers with every promised key, in its order; what is missing becomes None."""
    return {key: _plain(figures.get(key)) for key in (*KEYS, *(key for key in figures if key not in KEYS))}


def _plain(value: Any) -> Any:
    """Plain Python instead of numpy's numbers and arrays; what is infinite or not a number as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def rows(figures: Figures) -> list[Row]:
    """Every figure, in the order of reading; those that were not measured say why."""
    found = [_row(figures, figure) for figure in _FIGURES]
    after = next(i for i, row in enumerate(found) if row.group == GRAPH)
    extra = [*_probe_rows(figures), *_rollout_rows(figures)]
    return [*found[:after], *extra, *found[after:], *_score_rows(figures)]


def _row(figures: Figures, figure: _Figure) -> Row:
    title = figure.title
    if figure.path.startswith("worst_action") and (name := look_up(figures, "worst_action.action")):
        title = f"{title} ({name})"
    value = number_at(figures, figure.path)
    return Row(
        group=figure.group,
        path=figure.path,
        title=title,
        unit=figure.unit,
        definition=figure.definition,
        value=value,
        interval=interval_at(figures, f"{figure.path}_interval"),
        compare=_compare(figures, figure),
        reason="" if value is not None else reason(figures, figure.path),
    )


def _compare(figures: Figures, figure: _Figure) -> tuple[str, float] | None:
    word, path = figure.compare or ("chance", f"{figure.path}_chance")
    value = float(path) if path[0].isdigit() else number_at(figures, path)
    return None if value is None else (word, value)


def _probe_rows(figures: Figures) -> Iterator[Row]:
    """One row a factor, or a single one that says why there is none."""
    chances = figures.get("probe_chance") or {}
    for name, accuracy in (figures.get("probe_accuracy") or {"": None}).items():
        value, chance = finite_number(accuracy), finite_number(chances.get(name))
        yield Row(
            group=INTERVENTION,
            path=f"probe_accuracy.{name}".rstrip("."),
            title=f"probe accuracy, {name}" if name else "probe accuracy",
            unit="share",
            definition="Share of real images of the split whose factor the probe reads right; chance is to "
            "answer the commonest value always.",
            value=value,
            compare=None if chance is None else ("chance", chance),
            reason="" if value is not None else reason(figures, "probe_accuracy"),
        )


def _rollout_rows(figures: Figures) -> Iterator[Row]:
    steps = figures.get("rollout") or [{}]
    for index, step in enumerate(steps):
        times = f"{step['repetitions']} ×" if "repetitions" in step else "repeated"
        ceiling = number_at(step, "ceiling")
        for key, title, definition in (
            (
                "hit_rate",
                "hit rate",
                "Share of images whose asked factor the probes read exactly that many steps on "
                "after the action was repeated.",
            ),
            (
                "collateral_rate",
                "collateral rate",
                "Share of the other factors that moved meanwhile; lower is better.",
            ),
        ):
            value = number_at(step, key)
            yield Row(
                group=ROLLOUT,
                path=f"rollout.{index}.{key}",
                title=f"{title}, {times}",
                unit="share",
                definition=definition,
                value=value,
                interval=interval_at(step, f"{key}_interval"),
                compare=("ceiling", ceiling) if key == "hit_rate" and ceiling is not None else None,
                reason="" if value is not None else reason(figures, "rollout"),
            )


def _score_rows(figures: Figures) -> Iterator[Row]:
    for key, part, title, definition in _SCORES:
        for view, words in _VIEWS.items():
            path = ".".join(word for word in (key, view, part) if word)
            value = number_at(figures, path)
            yield Row(
                group=DISENTANGLEMENT,
                path=path,
                title=f"{title}, {words}",
                unit="score",
                definition=definition,
                value=value,
                reason="" if value is not None else reason(figures, key),
            )


_PROBES, _MISSING = ("factor labels", "probe"), re.compile(r"\b(no|not|needs?|left out)\b", re.I)
_WORDS = {
    "ssim": ("SSIM",),
    "quality_cost_ssim": ("SSIM",),
    **dict.fromkeys(("probe_ceiling", "probe_accuracy", "atomic_rate", "atomic_over_ceiling"), _PROBES),
    **dict.fromkeys(("hit_rate", "collateral_rate", "rollout"), _PROBES),
    **dict.fromkeys(("edges_kept", "graph_value", "graph_faithfulness_auroc"), ("graph",)),
    **dict.fromkeys(("dci", "mig", "sap", "factor_vae_score"), ("disentanglement", "factor labels")),
}
"""Words by which a note speaks of a figure without its name."""
_USUAL = {"frequency_slope": "all actions have about as many training pairs"}


def reason(figures: Figures, path: str) -> str:
    """Why a figure was not measured: the note that speaks of it."""
    notes = [str(note) for note in figures.get("notes") or ()]
    key = path.split(".")[0]
    words = (key, key.replace("_", " "), *_WORDS.get(key, ()))
    for of_missing in (True, False):
        for word in words:
            for note in notes:
                if word.lower() in note.lower() and bool(_MISSING.search(note)) == of_missing:
                    return note
    return _USUAL.get(key, "left out of a quick look" if figures.get("quick") else "no reason is given")


def look_up(figures: Any, path: str) -> Any:
    """What lies at a path such as "dci.latents.completeness" or "rollout.0.hit_rate"; None if nothing."""
    for key in path.split("."):
        if isinstance(figures, Mapping):
            figures = figures.get(key)
        elif isinstance(figures, Sequence) and not isinstance(figures, str) and key.isdigit():
            figures = figures[int(key)] if int(key) < len(figures) else None
        else:
            return None
    return figures


def number_at(figures: Any, path: str) -> float | None:
    """The finite number at a path, else None."""
    return finite_number(look_up(figures, path))


def finite_number(value: Any) -> float | None:
    """A number as a float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def interval_at(figures: Any, path: str) -> Interval | None:
    """The (low, high) at a path, else None."""
    low, high = number_at(figures, f"{path}.0"), number_at(figures, f"{path}.1")
    return None if low is None or high is None else (low, high)


def number(value: float | None, unit: str = "share") -> str:
    """A value with the digits that its unit deserves; empty for None."""
    if value is None:
        return ""
    text = f"{value:.2f}" if unit == "dB" else f"{value:.3f}"
    if not float(text):  # no "-0.000"
        text = text.removeprefix("-")
    return f"+{text}" if unit == "per decade" and float(text) > 0 else text


def interval_text(interval: Interval | None, unit: str = "share") -> str:
    """Such as "0.987 to 0.993"; empty for None."""
    return "" if interval is None else f"{number(interval[0], unit)} to {number(interval[1], unit)}"
