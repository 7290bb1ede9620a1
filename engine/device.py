"""Where and how the arithmetic runs: device, precision, threads."""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import torch

from engine.errors import InputError


def choose_device(name: str = "auto") -> torch.device:
    """The torch device for "auto", "cpu", "cuda", "cuda:1" or "mps"; auto prefers cuda, then mps.

    Raises:
        InputError: the device does not exist on this machine.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"unknown device '{name}'; choose auto, cpu, cuda or mps") from error
    missing = {"cuda": not torch.cuda.is_available(), "mps": not torch.backends.mps.is_available()}
    if missing.get(device.type, device.type != "cpu"):
        raise InputError(f"this machine has no device '{name}'; choose auto or cpu")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"this machine has no device '{name}'; choose auto or cpu")
    return device


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 matrix products are done by the hardware; emulated ones are hundreds of times slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        capabilities = torch.backends.cpu.get_cpu_capability()
        return capabilities.startswith("AVX512") and bool(torch.cpu._is_avx512_bf16_supported())
    return False


def autocast(device: torch.device, enabled: bool) -> AbstractContextManager[object]:
    """bf16 autocast where it is enabled and pays, else a context that does nothing."""
    if enabled and has_fast_bf16(device):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def limit_threads(threads: int | None) -> int:
    """Sets and returns the number of torch threads; None means all cores but never fewer than one.

    Raises:
        InputError: more threads than cores, or fewer than one.
    """
    cores = os.cpu_count() or 1
    wanted = cores if threads is None else threads
    if not 1 <= wanted <= cores:
        raise InputError(f"this machine has {cores} cores; choose 1 to {cores} threads, not {wanted}")
    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)
    return wanted


def used_memory(device: torch.device) -> int:
    """Bytes that this program holds: on an accelerator its tensors, else the process's resident memory.

    Where the system does not say what is resident now, the most that ever was.
    """
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return _peak_memory()


def _peak_memory() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had on the device; a guess of 2 GiB where the system does not tell."""
    if device.type == "cuda":
        free, _total = torch.cuda.mem_get_info(device)
        return int(free)
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable")).split()[1])
    except (OSError, StopIteration, ValueError):
        return 2 * 2**30
