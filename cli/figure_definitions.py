"""What the figures of an evaluation are: their keys, titles, units, and a definition in one sentence each.

docs/model.md, section 4, has the definitions in full.
"""

from __future__ import annotations

from dataclasses import dataclass

KEYS = (
    *("run", "dataset", "split", "pairs", "quick", "notes"),
    *("directed_accuracy", "directed_accuracy_interval", "chance"),
    *("factor_accuracy", "factor_accuracy_interval", "factor_chance"),
    *("temperature", "ece", "ece_interval", "reliability", "kinds", "several"),
    *("per_action", "actions", "confusion", "worst_action", "frequency_slope", "majority_accuracy"),
    *("psnr", "psnr_interval", "ssim", "ssim_interval"),
    *("quality_cost_db", "quality_cost_db_interval", "quality_cost_ssim"),
    *("probe_accuracy", "probe_chance", "probe_ceiling", "probe_ceiling_interval"),
    *("atomic_rate", "atomic_rate_interval", "atomic_over_ceiling", "hit_rate", "hit_rate_interval"),
    *("hit_chance", "collateral_rate", "collateral_rate_interval", "rollout"),
    *("edges_kept", "edges_kept_hidden"),
    *("graph_value", "graph_value_interval", "ce_cut", "ce_learned", "ce_full"),
    *("graph_faithfulness_auroc", "graph_faithfulness_auroc_interval", "graph_faithfulness_full"),
    *("factor_graph", "factor_graph_shd"),
    *("dci", "mig", "sap", "factor_vae_score"),
)
"""What `doscope evaluate --json` always has; a figure that was not measured is null."""

RETRIEVAL, IMAGES, INTERVENTION = "action retrieval", "reconstruction", "intervention"
ROLLOUT, GRAPH, DISENTANGLEMENT = "repeated actions", "causal graph", "disentanglement"
FACTOR_GRAPH = "graph of factors"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Figure:
    """What does not depend on the run; `compare` is (word, path of the number)."""

    group: str
    path: str
    title: str
    unit: str
    definition: str
    compare: tuple[str, str] | None = None


FIGURES = (
    Figure(
        RETRIEVAL, "directed_accuracy", "directed accuracy", "share",
        "Share of pairs (before, after) whose most probable action is the true one, factor and direction; "
        "mean over actions.",
        ("chance", "chance"),
    ),
    Figure(
        RETRIEVAL, "factor_accuracy", "factor accuracy", "share",
        "Share of pairs whose most probable action moves the true factor, in either direction; mean over "
        "factors.",
        ("chance", "factor_chance"),
    ),
    Figure(
        RETRIEVAL, "ece", "expected calibration error", "share",
        "How far the calibrated probability of the answer is from the share of right answers, on average "
        "over 15 bins of probability; lower is better.",
    ),
    Figure(
        RETRIEVAL, "kinds.no action", "told: no action", "share",
        "Share of pairs of the same image, once with a little noise, or of images with the same factor "
        "values, that are told to have no action between them.",
        ("chance", "0.333"),
    ),
    Figure(
        RETRIEVAL, "kinds.one action", "told: one action", "share",
        "Share of pairs that one action lies between and that are told so.",
        ("chance", "0.333"),
    ),
    Figure(
        RETRIEVAL, "kinds.more than one action", "told: more than one action", "share",
        "Share of pairs of images that differ by two steps or more and that are told so; half of them by "
        "two to five.",
        ("chance", "0.333"),
    ),
    Figure(
        RETRIEVAL, "several.accuracy", "several actions at once", "share",
        "Share of pairs in which several factors changed of which as many actions, the most probable ones of "
        "different factors, are just the true ones.",
        ("chance", "several.chance"),
    ),
    Figure(
        RETRIEVAL, "several.told", "several actions, told", "share",
        "Share of these pairs that are told to have more than one action between them.",
        ("chance", "0.333"),
    ),
    Figure(
        RETRIEVAL, "majority_accuracy", "always the commonest action", "share",
        "The directed accuracy of always answering the action that is commonest in training.",
    ),
    Figure(
        RETRIEVAL, "worst_action.directed_accuracy", "worst action", "share",
        "Directed accuracy of the action that is retrieved least well.",
        ("chance", "chance"),
    ),
    Figure(
        RETRIEVAL, "frequency_slope", "slope over frequency", "per decade",
        "Rise of an action's directed accuracy for ten times as many training pairs (least squares over "
        "actions); 0 means that rare actions are retrieved as well as common ones.",
    ),
    Figure(
        IMAGES, "psnr", "PSNR", "dB",
        "Peak signal-to-noise ratio of the images that are encoded and decoded with nothing done to them.",
    ),
    Figure(
        IMAGES, "ssim", "SSIM", "SSIM",
        "Structural similarity of the same reconstructions to their images; 1 is identical.",
    ),
    Figure(
        INTERVENTION, "probe_ceiling", "probe ceiling", "share",
        "The atomic rate of reconstructions of the true after-images: what encoding and the probes, "
        "classifiers of the factors trained on real training images, allow at most.",
    ),
    Figure(
        INTERVENTION, "atomic_rate", "atomic rate", "share",
        "Share of pairs where, after the model applied the true action, the probes read every factor where "
        "it truly is then: the asked one exactly one step on, the others unmoved unless it causes them; mean "
        "over actions.",
        ("ceiling", "probe_ceiling"),
    ),
    Figure(
        INTERVENTION, "atomic_over_ceiling", "atomic rate / ceiling", "ratio",
        "Atomic rate divided by the probe ceiling: 1 means that acting loses nothing beyond encoding.",
    ),
    Figure(
        INTERVENTION, "hit_rate", "hit rate", "share",
        "Share of pairs where the asked factor moved exactly one step, whatever the others did; mean over "
        "actions; chance: results that always read as one value, the best.",
        ("chance", "hit_chance"),
    ),
    Figure(
        INTERVENTION, "collateral_rate", "collateral rate", "share",
        "Share of the other factors that are not where they should be: unmoved, unless the asked factor "
        "causes them; mean over actions; lower is better.",
    ),
    Figure(
        INTERVENTION, "quality_cost_db", "quality cost", "dB",
        "PSNR of the reconstructed true after-image minus PSNR of the model's result, both against the true "
        "after-image: positive means that acting costs quality beyond encoding.",
    ),
    Figure(
        INTERVENTION, "quality_cost_ssim", "quality cost, SSIM", "SSIM",
        "The same difference in structural similarity; positive is a loss.",
    ),
    Figure(
        GRAPH, "edges_kept", "edges kept", "share",
        "Share of ordered pairs of latent variables with a base edge whose probability exceeds one half.",
    ),
    Figure(
        GRAPH, "edges_kept_hidden", "edges kept, into hidden variables", "share",
        "The same among edges into hidden variables, which see more parents because their own code is gone.",
    ),
    Figure(
        GRAPH, "graph_value", "graph value", "ratio",
        "How much of what all other variables tell about a hidden one its parents in the graph tell: 0 as "
        "much as no parents, 1 as much as all variables.",
    ),
    Figure(
        GRAPH, "ce_cut", "cross entropy, no parents", "nats",
        "How badly hidden variables are predicted by the frequencies of their codes alone.",
    ),
    Figure(
        GRAPH, "ce_learned", "cross entropy, learned graph", "nats",
        "How badly the model predicts hidden variables from their parents in its graph; lower is better.",
    ),
    Figure(
        GRAPH, "ce_full", "cross entropy, all edges", "nats",
        "How badly a copy of the model predicts them that was trained further with all edges open.",
    ),
    Figure(
        GRAPH, "graph_faithfulness_auroc", "graph faithfulness", "AUROC",
        "How well edge probabilities tell pairs of variables where setting the one changes what the model "
        "predicts of the other from pairs where it does not (area under the ROC curve). An edge below one "
        "half has no effect by construction.",
        ("chance", "0.5"),
    ),
    Figure(
        GRAPH, "graph_faithfulness_full", "graph faithfulness, all edges open", "AUROC",
        "The same against effects in a copy of the model with all edges open. It listens to all of many "
        "variables that say the same; a sparse graph names a few of them.",
        ("chance", "0.5"),
    ),
    Figure(
        FACTOR_GRAPH, "factor_graph_shd", "edges that differ from the known graph", "edges",
        "Edges between factors that are missing, extra or turned round in the graph that the model's actions "
        "show, against the known one (structural Hamming distance); 0 is the same graph.",
    ),
    Figure(
        FACTOR_GRAPH, "factor_graph.found", "edges between factors", "edges",
        "Pairs of factors where the model's actions on the one move the other, as the probes read it, beyond "
        "the noise of reading and by a tenth of the actions more.",
    ),
)  # fmt: skip

VIEWS = {"latents": "latents", "action_aligned": "action-aligned codes"}
SCORES = (
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

_PROBES = ("factor labels", "probe")
WORDS_OF_NOTES = {
    "ssim": ("SSIM",),
    "quality_cost_ssim": ("SSIM",),
    **dict.fromkeys(("probe_ceiling", "probe_accuracy", "atomic_rate", "atomic_over_ceiling"), _PROBES),
    **dict.fromkeys(("hit_rate", "collateral_rate", "rollout", "factor_graph"), _PROBES),
    **dict.fromkeys(("edges_kept", "edges_kept_hidden"), ("graph",)),
    **dict.fromkeys(("ce_cut", "ce_learned", "ce_full"), ("graph value",)),
    **dict.fromkeys(("graph_faithfulness_auroc", "graph_faithfulness_full"), ("graph faithfulness",)),
    **dict.fromkeys(("dci", "mig", "sap", "factor_vae_score"), ("disentanglement", "factor labels")),
}
"""Words by which a note of the engine speaks of a figure without its name."""
USUAL_REASONS = {
    "frequency_slope": "all actions have about as many training pairs",
    "factor_graph_shd": "which factor causes which is not known of this data set",
}
EDGE_STATES = {
    "right": "as known",
    "missing": "missing: known, but not found",
    "extra": "extra: found, but not known",
    "found": "found",
}
"""What is said of an edge between factors (engine.metrics.factor_graph.edge_states)."""
