"""The engine thread's work on a packed file before it is unpacked. No Qt."""

from __future__ import annotations

from pathlib import Path

from gui import requests as rq
from gui.dataset_replies import PackedView


def look_packed(request: rq.LookPacked) -> PackedView:
    """What it holds, and a free name.

    Raises:
        SourceError: it is no packed file, or damaged.
    """
    from datasets.packing import describe
    from datasets.special import PACKED, free_name

    packed = describe(Path(request.file))
    stem = Path(request.file).name
    stem = stem.removesuffix(PACKED).removesuffix(".h5")
    return PackedView(
        request.file, free_name(packed.recipe, stem), packed.images, packed.size_bytes, packed.licence
    )


def packed_place(file: str, name: str) -> Path:
    """Where the cache of a packed file goes under a name.

    Raises:
        DatasetInputError: it cannot be one, or there is a data set of this name.
        SourceError: it is no packed file, or damaged.
    """
    from datasets.packing import describe
    from datasets.special import place_for_recipe

    return place_for_recipe(describe(Path(file)).recipe, name)
