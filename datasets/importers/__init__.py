"""The grid sets that are imported, one module each: a module of this folder is a data set."""

from __future__ import annotations

import importlib
import pkgutil

from datasets.importing import GridSet


def grid_sets() -> tuple[GridSet, ...]:
    """All of them, in the order of the modules' names."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = (importlib.import_module(f"{__name__}.{module}").GRID_SET for module in modules)
    return tuple(found)
