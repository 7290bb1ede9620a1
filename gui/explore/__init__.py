"""The Explore workspace: one image, its causal graph, and what interventions make of it."""
