"""Train: start, watch, pause and stop a run."""
