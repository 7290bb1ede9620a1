"""What an evaluation report says about the run and its data, in words; nothing of the machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cli import VERSION
from cli.output import duration

if TYPE_CHECKING:
    from datasets.cache import Cache
    from engine.explorer import Explorer

_SPLITS = {
    "test": "test: no training pair contains any of its images",
    "validation": "validation: no training pair contains any of its images, but choices were made on it",
    "train": "train: the model was trained on these pairs, so the figures flatter it",
}


def facts(explorer: Explorer, cache: Cache, figures: Mapping[str, Any], took_s: float) -> dict[str, str]:
    """Name -> value, in the order of reading.

    Args:
        explorer: the run.
        cache: the data that it was measured on.
        figures: of the evaluation.
        took_s: the evaluation's duration in seconds.
    """
    from engine.run_directory import RunDirectory

    info, directory = explorer.info, RunDirectory(explorer.info.path)
    config, status = directory.description().config, directory.status()
    height, width, channels = info.image_shape
    q, rows, columns = info.grid
    split = str(figures["split"])
    sizes = ", ".join(f"{n} ({s})" for n, s in zip(info.space.names, info.space.sizes, strict=True))
    trained = f"{status.step or info.step:,} steps"
    if status.elapsed_s > 0:
        trained += f" in {duration(status.elapsed_s)}"
    pairs, every = figures["pairs"], len(cache.transitions(split))
    measured = "unknown" if pairs is None else f"{pairs:,}"
    if pairs is not None and pairs < every:
        measured += f", the first of {every:,}"
    quick = "quick" if figures.get("quick") else "full"
    return {
        "run": info.name,
        "data set": f"{cache.name}, {cache.num_images:,} images of {height} × {width} pixels, "
        + ("grey" if channels == 1 else "colour"),
        "factors (values)": sizes,
        "split": _SPLITS.get(split, split),
        "pairs measured": measured,
        "actions": f"{info.space.num_actions}: each factor one step up (+) or down (-)",
        "model": f"CT-VAE, preset {config.preset}; {info.num_variables} latent variables "
        f"({q} × {rows} × {columns}: codebooks × rows × columns), each with {info.num_codes} codes",
        "training": f"{trained}, seed {config.training.seed}",
        "evaluation": f"{quick}, {duration(took_s)}, on {time.strftime('%Y-%m-%d')}",
        "program": f"Doscope {VERSION}",
    }
