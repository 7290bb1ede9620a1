"""Retrieve: two images side by side, the ranked actions, and why."""
