"""What is said of the machine beside the figures: never its name, never a path."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
# Cores kept busy by others from which on a training is not alone any more
BUSY_CORES = 0.3


def describe() -> dict[str, object]:
    """Cores, processor and what it can do, memory in GB, system, Python and torch.

    `instructions` are those that decide how fast torch is, `memory_gb` may be None: where the system tells.
    """
    return {
        "cores": os.cpu_count() or 1,
        "processor": _processor(),
        "instructions": _instructions(),
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": _version_of("torch"),
    }


def code_state() -> str:
    """The commit of the code, with "+" where files differ from it; empty outside a checkout."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    if not commit:
        return ""
    return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def busy_cores(seconds: float = 1.0) -> float | None:
    """How many cores all processes keep busy together just now, looked at for `seconds`; None if unknown.

    To be asked while nothing of ours runs: whatever is busy then takes time from a training. The load average
    would still remember our own last step.
    """
    before = _busy_s()
    if before is None:
        return None
    began = time.monotonic()
    time.sleep(seconds)
    after = _busy_s()
    return None if after is None else max(0.0, (after - before) / (time.monotonic() - began))


def load_average() -> float | None:
    """The load average of the last minute, None where the system has none (Windows)."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _busy_s() -> float | None:
    """Seconds that all cores have worked since the start of the machine (Linux)."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        user, nice, system = (int(word) for word in first[1:4])
        return (user + nice + system) / float(os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.M)
    except OSError:
        found = None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def _instructions() -> str:
    """Such as "avx2 avx512f avx512_bf16"; processors of one name differ in them (Linux, else empty)."""
    try:
        found = re.search(r"^flags\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.M)
    except OSError:
        found = None
    flags = found.group(1).split() if found else []
    return " ".join(name for name in INSTRUCTIONS if name in flags)


def _memory_gb() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, OSError, ValueError):
        return None


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
