"""Figures of an evaluation, written by hand; numbers differ, so that none can stand in for another."""

from __future__ import annotations

from typing import Any

NAMES = ("hue", "size")
ACTIONS = ("hue+", "size+", "hue-", "size-")
CONFUSION = [[40, 3, 2, 1], [0, 50, 0, 0], [5, 6, 30, 7], [0, 0, 9, 27]]
SCORES = ("disentanglement", "completeness", "informativeness")


def measured(**changed: Any) -> dict[str, Any]:
    """The dictionary that the engine returns, with some keys changed."""
    per_action = {
        name: {
            "directed_accuracy": 0.801 + 0.01 * i,
            "interval": [0.701 + 0.01 * i, 0.861 + 0.01 * i],
            "pairs": 46 + i,
            "train_pairs": 1210 + 100 * i,
            "hit_rate": 0.641 + 0.01 * i,
            "atomic_rate": 0.541 + 0.01 * i,
            "quality_cost_db": 1.11 - 0.5 * i,
        }
        for i, name in enumerate(ACTIONS)
    }
    figures: dict[str, Any] = {
        "run": "a run", "dataset": "shapes", "split": "test", "pairs": 1180, "quick": False,
        "notes": ["only the first 1,000 pairs were used for rollouts"],
        "directed_accuracy": 0.8161, "directed_accuracy_interval": [0.7912, 0.8413], "chance": 0.25,
        "factor_accuracy": 0.8764, "factor_accuracy_interval": [0.8515, 0.9016], "factor_chance": 0.5,
        "temperature": 1.357, "ece": 0.0213, "ece_interval": [0.0165, 0.0311],
        "reliability": {"confidence": [0.51, 0.97], "accuracy": [0.44, 0.98], "pairs": [180, 1000]},
        "kinds": {"no action": 0.9671, "one action": 0.9132, "more than one action": 0.8893},
        "several": {
            "factors": 2, "pairs": 300, "accuracy": 0.5912, "accuracy_interval": [0.5513, 0.6314],
            "chance": 0.0167, "told": 0.8423,
        },
        "per_action": per_action, "actions": list(ACTIONS), "confusion": CONFUSION,
        "worst_action": {"action": "hue-", "directed_accuracy": 0.6257},
        "frequency_slope": 0.1238, "majority_accuracy": 0.2489,
        "psnr": 27.314, "psnr_interval": [26.115, 28.516], "ssim": 0.9131, "ssim_interval": [0.9032, 0.9233],
        "quality_cost_db": 1.367, "quality_cost_db_interval": [1.168, 1.569], "quality_cost_ssim": 0.0341,
        "probe_accuracy": {"hue": 0.9951, "size": 0.9862}, "probe_chance": {"hue": 0.1011, "size": 0.2542},
        "probe_ceiling": 0.9343, "probe_ceiling_interval": [0.9244, 0.9445],
        "atomic_rate": 0.7546, "atomic_rate_interval": [0.7347, 0.7748], "atomic_over_ceiling": 0.8077,
        "hit_rate": 0.8449, "hit_rate_interval": [0.8251, 0.8652], "hit_chance": 0.2512,
        "collateral_rate": 0.0553, "collateral_rate_interval": [0.0454, 0.0655],
        "rollout": [
            {
                "repetitions": k,
                "hit_rate": 0.9 - 0.1 * k,
                "hit_rate_interval": [0.87 - 0.1 * k, 0.93 - 0.1 * k],
                "collateral_rate": 0.05 * k,
                "pairs": 1000 - k,
                "actions": 5 - k,
                "ceiling": 0.96 - 0.01 * k,
            }
            for k in range(1, 6)
        ],
        "graph_value": 0.6256, "graph_value_interval": [0.6057, 0.6458], "edges_kept": 0.0659,
        "edges_kept_hidden": 0.0871, "ce_cut": 3.4125, "ce_learned": 2.2334, "ce_full": 1.5276,
        "graph_faithfulness_auroc": 0.7861, "graph_faithfulness_auroc_interval": [0.7662, 0.8063],
        "graph_faithfulness_full": 0.9672,
        "factor_graph": {
            "factors": ["hue", "size"], "moved": [[None, 0.6123], [0.0312, None]], "noise": [0.0141, 0.0271],
            "edges": [{"cause": "hue", "effect": "size", "moved": 0.6123, "noise": 0.0271, "at_least": 0.5}],
            "found": 1, "known": [["hue", "size"], ["size", "hue"]],
        },
        "factor_graph_shd": 1,
        "dci": {
            "latents": {name: 0.3164 + 0.1 * i for i, name in enumerate(SCORES)},
            "action_aligned": {name: 0.4265 + 0.1 * i for i, name in enumerate(SCORES)},
        },
        "mig": {"latents": 0.1166, "action_aligned": 0.2267},
        "sap": {"latents": 0.0368, "action_aligned": 0.1469},
        "factor_vae_score": {"latents": 0.5571, "action_aligned": 0.8572},
    }  # fmt: skip
    return {**figures, **changed}


def unlabelled() -> dict[str, Any]:
    """What is left where nothing is known of the factors' values, and some keys are not there at all."""
    labelled = ("atomic", "hit", "collateral", "probe", "dci", "mig", "sap", "factor_")
    figures = {key: None if key.startswith(labelled) else value for key, value in measured().items()}
    del figures["rollout"], figures["graph_value"]
    note = "no intervention figures from probes, no disentanglement scores: needs factor labels"
    return {**figures, "frequency_slope": None, "notes": [*figures["notes"], note]}
