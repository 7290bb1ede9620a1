"""A whole evaluation of a tiny run: every promised key, consistent figures, and the golden ones.

After an intended change, write the new golden figures with `python -m tests.engine.test_evaluation` and
commit them with the reason.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.cache import Cache
from datasets.errors import DatasetInputError
from engine.errors import InputError
from engine.evaluation import evaluate, evaluation_steps
from engine.events import Progressed
from engine.explorer import Explorer
from engine.metrics import graph, intervening, probes

GOLDEN = Path(__file__).parent / "golden" / "evaluation.json"
# Trainings on other processors round otherwise and part ways; so far apart the figures may be.
TOLERANCES = {
    "psnr": 0.3, "quality_cost_db": 0.2, "ssim": 0.03, "quality_cost_ssim": 0.02, "directed_accuracy": 0.1,
    "factor_accuracy": 0.15, "chance": 1e-9, "factor_chance": 1e-9, "majority_accuracy": 1e-9,
    "frequency_slope": 0.5, "probe_ceiling": 0.1, "atomic_rate": 0.1, "hit_rate": 0.15,
    "collateral_rate": 0.15, "edges_kept": 0.2,
}  # fmt: skip
PAIRS_KEYS = {"directed_accuracy", "interval", "pairs", "train_pairs", "hit_rate", "atomic_rate"}
ROLLOUT_KEYS = {"repetitions", "hit_rate", "hit_rate_interval", "collateral_rate", "pairs", "ceiling"}
# docs/command-line.md and the report name them; the scores of disentanglement have tests of their own
KEYS = {
    "run", "dataset", "split", "pairs", "quick", "notes", "directed_accuracy", "directed_accuracy_interval",
    "chance", "factor_accuracy", "factor_accuracy_interval", "factor_chance", "per_action", "actions",
    "confusion", "worst_action", "frequency_slope", "majority_accuracy", "psnr", "psnr_interval", "ssim",
    "ssim_interval", "quality_cost_db", "quality_cost_db_interval", "quality_cost_ssim", "probe_accuracy",
    "probe_ceiling", "probe_ceiling_interval", "atomic_rate", "atomic_rate_interval", "atomic_over_ceiling",
    "hit_rate", "hit_rate_interval", "hit_chance", "collateral_rate", "collateral_rate_interval", "rollout",
    "graph_value", "graph_value_interval", "edges_kept", "graph_faithfulness_auroc",
    "graph_faithfulness_auroc_interval", "dci", "mig", "sap", "factor_vae_score",
    "temperature", "ece", "ece_interval", "reliability", "kinds", "several",
}  # fmt: skip


def quickly(patch: pytest.MonkeyPatch) -> None:
    """Probes and the graph's ceiling in a few steps; no hurry on a busy machine."""
    patch.setattr(probes, "MOST_STEPS", 30)
    patch.setattr(graph, "QUICK_STEPS", 10)
    patch.setattr(intervening, "QUICK_PROBES_S", 1e6)


@pytest.fixture(scope="module")
def measured(tiny_run: Path, tiny_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The figures of the tiny run on its test split, with probes of its own."""
    with pytest.MonkeyPatch.context() as patch, Cache.open(tiny_cache) as cache:
        patch.setenv("DOSCOPE_HOME", str(tmp_path_factory.mktemp("measured")))
        quickly(patch)
        return evaluate(Explorer.load(tiny_run, threads=1), cache, quick=True)


@pytest.fixture
def cache(tiny_cache: Path) -> Iterator[Cache]:
    with Cache.open(tiny_cache) as opened:
        yield opened


def test_every_promised_key_is_there(measured: dict[str, Any]) -> None:
    """What cannot be measured is None, never left out and never not-a-number."""
    assert measured.keys() >= KEYS
    text = json.dumps(measured, allow_nan=False)
    assert json.loads(text) == measured
    assert measured["run"] == "tiny"
    assert (measured["dataset"], measured["split"], measured["pairs"]) == ("shapes", "test", 60)
    assert set(measured["per_action"]) == set(measured["actions"])
    for figures in measured["per_action"].values():
        assert figures.keys() >= PAIRS_KEYS
    for entry in measured["rollout"]:
        assert entry.keys() >= ROLLOUT_KEYS
    assert any("only 60 pairs" in note for note in measured["notes"])


def test_the_figures_agree_with_each_other(measured: dict[str, Any]) -> None:
    """Macro averages are means over actions, intervals hold their figures, the worst is the worst."""
    for name in ("directed_accuracy", "hit_rate", "atomic_rate", "quality_cost_db"):
        of_actions = [one[name] for one in measured["per_action"].values()]
        assert np.mean(of_actions) == pytest.approx(measured[name]), name
    for name, value in measured.items():
        if name.endswith("_interval") and value is not None:
            low, high = value
            assert low - 1e-9 <= measured[name.removesuffix("_interval")] <= high + 1e-9, name
    worst = measured["worst_action"]
    assert worst["directed_accuracy"] == min(
        one["directed_accuracy"] for one in measured["per_action"].values()
    )
    assert measured["per_action"][worst["action"]]["directed_accuracy"] == worst["directed_accuracy"]
    assert sum(map(sum, measured["confusion"])) == measured["pairs"]
    assert sum(one["pairs"] for one in measured["per_action"].values()) == measured["pairs"]
    assert measured["chance"] == measured["majority_accuracy"] == pytest.approx(1 / 12)
    assert measured["rollout"][0]["hit_rate"] == pytest.approx(measured["hit_rate"])
    assert measured["atomic_rate"] <= measured["hit_rate"]


def test_training_pairs_are_counted_in_both_directions(measured: dict[str, Any], cache: Cache) -> None:
    """As training uses them: an action and its opposite have the same number, and all together twice all."""
    counts = {name: one["train_pairs"] for name, one in measured["per_action"].items()}
    stored = cache.action_counts("train")
    for factor in cache.space.names:
        assert counts[f"{factor}+"] == counts[f"{factor}-"] == stored[f"{factor}+"] + stored[f"{factor}-"]
    assert sum(counts.values()) == 2 * len(cache.transitions("train"))


def test_fewer_pairs_and_progress(tiny_run: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit takes the first pairs; each stage of progress ends at its total; closing cancels at once."""
    quickly(monkeypatch)
    explorer = Explorer.load(tiny_run, threads=1)
    steps = evaluation_steps(explorer, cache, "validation", limit=16, quick=True)
    last: dict[str, Progressed] = {}
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            figures = end.value
            break
        assert 0 < progress.done <= progress.total
        last[progress.stage] = progress
    assert figures["pairs"] == 16
    assert all(progress.done == progress.total for progress in last.values())
    first = cache.transitions("validation").action[:16]
    assert set(figures["per_action"]) == {figures["actions"][a] for a in first}
    steps = evaluation_steps(explorer, cache)
    next(steps)
    steps.close()


def test_one_pair_is_enough_for_an_answer(
    tiny_run: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two images, a step apart: what they cannot tell is left out, and nothing breaks."""
    quickly(monkeypatch)
    figures = evaluate(Explorer.load(tiny_run, threads=1), cache, limit=1, quick=True)
    assert figures["pairs"] == 1
    assert "more than one action" not in (figures["kinds"] or {})


def test_splits_without_pairs_are_refused(tiny_run: Path, cache: Cache) -> None:
    """An empty split and one that does not exist: a sentence that says what to do."""
    explorer = Explorer.load(tiny_run, threads=1)
    with pytest.raises(DatasetInputError, match="unknown split"):
        evaluate(explorer, cache, split="tset")
    pairs = cache.transitions("validation")
    cache._transitions["validation"] = type(pairs)(*np.zeros((4, 0), np.int64))
    with pytest.raises(InputError, match="has no pairs; choose another split"):
        evaluate(explorer, cache, split="validation")


def test_golden_figures(measured: dict[str, Any]) -> None:
    """The figures of a fixed training, within the tolerances above."""
    golden = json.loads(GOLDEN.read_text())
    for name, tolerance in TOLERANCES.items():
        assert measured[name] == pytest.approx(golden[name], abs=tolerance), name
        assert math.isfinite(measured[name])


if __name__ == "__main__":
    import datasets
    from engine.training import train
    from tests.conftest import tiny_config

    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as changes:
        changes.setenv("DOSCOPE_HOME", name)
        quickly(changes)
        for _ in datasets.build_steps(
            "shapes", out=Path(name) / "s.h5", train_pairs=200, validation_pairs=40, test_pairs=60, seed=1
        ):
            pass
        with Cache.open(Path(name) / "s.h5") as built:
            for _ in train(tiny_config(), built, Path(name) / "tiny", threads=1):
                pass
            found = evaluate(Explorer.load(Path(name) / "tiny", threads=1), built, quick=True)
    GOLDEN.write_text(json.dumps({key: found[key] for key in TOLERANCES}, indent=1) + "\n")
