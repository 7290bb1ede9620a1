"""What the system's and torch's own errors mean: memory that does not do, an accelerator that is gone.

Knows no torch: the errors are told by their names and words.
"""

from __future__ import annotations

import re

from engine.errors import DeviceLost, OutOfMemory, TrainingStopped

SETTINGS = {
    "autoencoder": "training.autoencoder_batch or autoencoder.width",
    "transition": "training.transition_batch, training.targets or transition.width",
}
_WORDS = (
    "can't allocate memory",  # torch, processor
    "not enough memory: you tried to allocate",  # the same on Windows
    "out of memory",  # cuda, mps
    "CUBLAS_STATUS_ALLOC_FAILED",
)
_ASKED = re.compile(
    r"(?:tried to allocate|Unable to allocate)\s+([\d.]+)\s*(bytes|[KMGTP]i?B)?", re.IGNORECASE
)
_UNITS = {"": 1, "bytes": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50}
_LOST = ("CUDA error", "no CUDA-capable device", "NVML", "MPS backend", "AcceleratorError")


def explained(error: BaseException, phase: str = "", run: object = None) -> TrainingStopped | None:
    """The clear error for one of torch or the system; None where it is something else.

    Args:
        error: what was raised.
        phase: of the training, empty outside of one.
        run: the run directory, where the last checkpoint stays.
    """
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or any(word in text for word in _WORDS):
        return OutOfMemory(_memory_words(text, phase, run))
    if isinstance(error, RuntimeError) and any(word in text for word in _LOST):
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        after = (
            "resume the run when the device is back, or with --device cpu" if phase else "use --device cpu"
        )
        return DeviceLost(f"the accelerator stopped working ({first}); {after}")
    return None


def bytes_asked(text: str) -> int | None:
    """How many bytes a message says were asked for, where it does."""
    found = _ASKED.search(text)
    if found is None:
        return None
    number, unit = found.groups()
    unit = unit or ""
    factor = _UNITS[unit if unit.lower() == "bytes" or not unit else unit[0].upper()]
    return int(float(number) * factor)


def _memory_words(text: str, phase: str, run: object) -> str:
    device = "the accelerator's memory" if "CUDA" in text or "MPS" in text else "the memory"
    asked = bytes_asked(text)
    wanted = "" if asked is None else f" ({_size(asked)} more were wanted)"
    if not phase:
        return f"{device} does not do{wanted}; close other programs, or use a smaller model"
    kept = "" if run is None else f" the last checkpoint stays in {run};"
    return (
        f"{device} does not do for the {phase} phase{wanted};{kept} lower {SETTINGS[phase]}"
        " in a new run, or close other programs and resume"
    )


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:,.1f} MB"
