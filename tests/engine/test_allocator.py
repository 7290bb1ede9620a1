"""Freed memory is kept: the next block of the same size costs no page faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine import allocator

MEGABYTES = 48  # more than glibc ever keeps by itself
FAULTS = f"""
import resource
import numpy as np
{{first}}
np.ones({MEGABYTES} << 17)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones({MEGABYTES} << 17)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone is told")
def test_a_freed_block_is_used_again_without_page_faults() -> None:
    def faults(first: str) -> int:
        made = subprocess.run(
            [sys.executable, "-c", FAULTS.format(first=first)], capture_output=True, text=True, check=True
        )
        return int(made.stdout)

    kept = faults("from engine.allocator import keep_freed_memory; assert keep_freed_memory()")
    assert kept < 100
    assert faults("") > 10 * max(1, kept)


def test_where_nobody_can_be_told_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.sys, "platform", "win32")
    assert not allocator.keep_freed_memory()
    monkeypatch.setattr(allocator.sys, "platform", "linux")
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _name: object())
    assert not allocator.keep_freed_memory()
