"""Trained probes, kept in the home folder so that a data set's probes are trained once.

One safetensors file a data set and recipe, beside the caches. Its header names what it was made for; a
damaged file, or one made for other images or by another version, is trained again and replaced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from pathlib import Path

import numpy as np
import torch

from datasets.cache import Cache
from datasets.home import caches_dir
from engine.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from engine.errors import EngineError
from engine.events import Progressed
from engine.metrics.probes import Probes, new_network, readable_factors, training_steps
from engine.same_data import splits_of

VERSION = 2  # of how probes are made; a higher one makes them anew
SAMPLED_IMAGES = 16


def probes_steps(
    cache: Cache, device: torch.device, notes: list[str], within_s: float | None = None
) -> Generator[Progressed, None, Probes | None]:
    """The probes of a cache, from the home folder or trained now and kept there.

    Args:
        cache: a cache with factor labels in which at least one factor varies.
        device: where they read.
        notes: gets a sentence when the probes could not be kept.
        within_s: see `training_steps`; probes that were trained in a hurry are not kept.
    """
    path = probes_path(cache)
    probes = load_probes(path, cache, device)
    if probes is None:
        probes = yield from training_steps(cache, device, within_s)
        if probes is not None and not probes.hurried:
            try:
                save_probes(path, probes, cache)
            except (EngineError, OSError) as error:
                notes.append(f"the factor probes could not be kept for the next time ({error})")
    return probes


def kept_probes(cache: Cache) -> Probes | None:
    """Those that lie in the home folder, on the CPU; None where there are none for this cache."""
    return load_probes(probes_path(cache), cache, torch.device("cpu"))


def probes_path(cache: Cache) -> Path:
    """Where the probes of a cache lie."""
    return caches_dir() / f"{cache.name}-{key_of(cache)[:12]}.probes.safetensors"


def key_of(cache: Cache) -> str:
    """A hash of everything that decides the probes: recipe, factors, their values, splits, some images."""
    facts = {
        "version": VERSION,
        "recipe": splits_of(cache),
        "factors": cache.space.to_json(),
        "image_shape": list(cache.image_shape),
    }
    digest = hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=20)
    digest.update(np.ascontiguousarray(cache.factors).data)
    digest.update(np.ascontiguousarray(cache.splits).data)
    rows = np.linspace(0, cache.num_images - 1, min(SAMPLED_IMAGES, cache.num_images)).astype(np.int64)
    digest.update(cache.images(rows).tobytes())
    return digest.hexdigest()


def save_probes(path: Path, probes: Probes, cache: Cache) -> None:
    """Writes atomically.

    Raises:
        DiskFull, RunError, OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(path, Checkpoint(probes.network.state_dict(), {"probes": key_of(cache)}))


def load_probes(path: Path, cache: Cache, device: torch.device) -> Probes | None:
    """The kept probes, or None when there are none for this cache."""
    if not path.is_file():
        return None
    try:
        checkpoint = load_checkpoint(path)
    except EngineError:
        return None
    network = new_network(cache, device)
    own = network.state_dict()
    fits = checkpoint.tensors.keys() == own.keys() and all(
        checkpoint.tensors[name].shape == own[name].shape for name in own
    )
    if checkpoint.meta.get("probes") != key_of(cache) or not fits:
        return None
    network.load_state_dict(checkpoint.tensors)
    return Probes(network, readable_factors(cache), device)
