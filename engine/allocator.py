"""Keeps freed memory for the next tensor instead of giving it back to the system."""

from __future__ import annotations

import ctypes
import sys

# The numbers by which glibc's malloc.h knows its settings.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
KEEP, AHEAD, FROM_THE_HEAP = 2**31 - 1, 2**26, 2**30  # bytes


def keep_freed_memory() -> bool:
    """Tells the C library to keep what is freed; for the process, until it ends.

    A step of a training makes and frees hundreds of tensors of some megabytes. Left alone, glibc gives such
    blocks back at once, and the kernel has to find and clear every page of the next one: thousands of page
    faults a step (docs/performance.md). Memory then stays at the most that was needed at one time.

    Returns:
        Whether it could be told: on Linux with glibc.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    settings = ((_MMAP_THRESHOLD, FROM_THE_HEAP), (_TRIM_THRESHOLD, KEEP), (_TOP_PAD, AHEAD))
    told = [mallopt(name, value) == 1 for name, value in settings]
    return all(told)
