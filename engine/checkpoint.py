"""Checkpoints: one safetensors file each, with a JSON header; written to a temporary name and renamed.

The header's "doscope" entry holds the format version and whatever the training needs besides tensors.
Nothing is unpickled.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.errors import DiskFull, RunError

FORMAT_VERSION = 3
READABLE = (2, FORMAT_VERSION)


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: tensors by name, and plain data."""

    tensors: dict[str, Tensor]
    meta: dict[str, Any]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes atomically.

    Raises:
        DiskFull: the disk has no room; the previous file stays.
        RunError: the file cannot be written for another reason.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    header = {"doscope": json.dumps({"version": FORMAT_VERSION, **checkpoint.meta})}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    try:
        save_file(tensors, str(temporary), metadata=header)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        temporary.unlink(missing_ok=True)
        raise writing_failed(path, error) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint to the CPU.

    Raises:
        RunError: missing, damaged, or of another version; the message says what to do.
    """
    if not path.is_file():
        raise RunError(f"there is no checkpoint at {path}; train the run first")
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            meta = json.loads((file.metadata() or {}).get("doscope", "null"))
            if not isinstance(meta, dict):
                raise RunError(f"{path} is not a Doscope checkpoint; choose another run directory")
            if meta.get("version") not in READABLE:
                raise RunError(_other_version(path, meta.get("version")))
            tensors = {name: file.get_tensor(name) for name in list(file.keys())}
            return Checkpoint(_brought_up(tensors), meta)
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{path} is damaged ({error}); delete it, or train the run again") from error


def _other_version(path: Path, version: object) -> str:
    newer = isinstance(version, int) and version > FORMAT_VERSION
    what_to_do = "update Doscope" if newer else "train the run again or use the Doscope that made it"
    known = " and ".join(map(str, READABLE))
    return f"{path} has format version {version}, this Doscope reads {known}; {what_to_do}"


def _brought_up(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """In version 2 every variable took part in the base graph, and nothing said so."""
    known = [name for name in tensors if name.endswith("transition.position")]
    for name in known:
        varies = torch.ones(len(tensors[name]), dtype=torch.bool)
        tensors.setdefault(f"{name.removesuffix('position')}varies", varies)
    return tensors


def writing_failed(path: Path, error: Exception) -> DiskFull | RunError:
    """The clear error for a failed write of `path`."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "No space left" in str(error):
        return DiskFull(f"the disk is full: {path} was not written; free some space, then resume the run")
    return RunError(f"{path} could not be written ({error}); choose another run directory")


def restore_model(model: nn.Module, checkpoint: Checkpoint, path: Path) -> None:
    """Loads the entries called "model.*".

    Raises:
        RunError: names or shapes do not fit the run's configuration.
    """
    weights = {
        name.removeprefix("model."): tensor
        for name, tensor in checkpoint.tensors.items()
        if name.startswith("model.")
    }
    own = model.state_dict()
    if weights.keys() != own.keys() or any(weights[k].shape != own[k].shape for k in own):
        raise RunError(f"{path} does not fit the run's config.json; restore the file that belongs to it")
    model.load_state_dict({name: tensor.to(own[name].dtype) for name, tensor in weights.items()})


def model_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The model's entries of a checkpoint."""
    return {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
