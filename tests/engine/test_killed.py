"""A killed training loses nothing that was saved, and ends as one that was never killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.killing import brief_config, measure


@pytest.mark.process
def test_killed_at_random_moments_a_run_ends_like_one_that_was_not(tiny_cache: Path, tmp_path: Path) -> None:
    """Three times SIGKILL, each time resumed: weights, optimizer, random states, figures are bit-identical.

    `python -m benchmarks.killing --kills 50` does it more often.
    """
    found = measure(brief_config(), tiny_cache, tmp_path, kills=3, seed=3)
    assert found["kills"] == 3
    assert found["differing"] == 0
