"""The sets that are imported, one module each: a module of this folder is a data set."""

from __future__ import annotations

import importlib
import pkgutil

from datasets.image_sets import ImageSet
from datasets.importing import GridSet


def imported_sets() -> tuple[GridSet | ImageSet, ...]:
    """All of them, in the order of the modules' names: each module has a GRID_SET or an IMAGE_SET."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(getattr(module, "GRID_SET", None) or module.IMAGE_SET for module in modules)


def grid_sets() -> tuple[GridSet, ...]:
    """Those that are grids."""
    return tuple(one for one in imported_sets() if isinstance(one, GridSet))


def image_sets() -> tuple[ImageSet, ...]:
    """Those that are not."""
    return tuple(one for one in imported_sets() if isinstance(one, ImageSet))
