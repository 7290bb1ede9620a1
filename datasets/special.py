"""The caches of special recipes (imbalanced sets, passed-on files) that lie beside the usual ones.

One's own data under names of their own (datasets/kept.py) are not among them: they are known by their recipe.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import datasets
from datasets.errors import DatasetInputError
from datasets.home import caches_dir
from datasets.kept import own_names
from datasets.recipe import LABELLED, Recipe
from datasets.registry import entries

PACKED = ".packed.h5"  # how the name of a packed file ends


def special_names() -> tuple[str, ...]:
    """Their names, sorted, as `datasets.resolve` takes them."""
    folder = caches_dir()
    found = sorted(path.name for path in folder.glob("[!.]*.h5")) if folder.is_dir() else []
    stems = (name.removesuffix(".h5") for name in found if not name.endswith(PACKED))
    return tuple(stem for stem in stems if stem not in (*datasets.names(), *own_names()))


def place_for(name: str) -> Path:
    """The file of a new cache of this name.

    Raises:
        DatasetInputError: it cannot be one, or there is a data set of this name.
    """
    if not name or name.strip(". ") != name or set(name) & set('/\\:*?"<>|') or not name.isprintable():
        raise DatasetInputError(
            f"'{name}' cannot be a data set's name, because its file is called so; use letters and digits"
        )
    path = caches_dir() / f"{name}.h5"
    if name in datasets.names() or path.exists():
        raise DatasetInputError(f"there is a data set '{name}' already; choose another name")
    return path


def place_for_recipe(recipe: Recipe, name: str) -> Path:
    """The same of a cache that comes ready from elsewhere: it may have the usual name of its recipe.

    Raises:
        DatasetInputError: it cannot be one, or there is a data set of this name.
    """
    usual = datasets.cache_path(recipe)
    inside = usual.parent == caches_dir()  # a recipe that others wrote may name anything
    if inside and name == usual.stem and not usual.exists() and not datasets.called_problem(name, known=True):
        return usual
    return place_for(name)


def free_name(recipe: Recipe, stem: str) -> str:
    """A name for a cache that comes ready from elsewhere: its recipe's, its file's, or with a number."""
    names = [datasets.cache_path(recipe).stem, stem, *(f"{stem}-{k}" for k in range(2, 1000))]
    for name in names:
        with contextlib.suppress(DatasetInputError):
            place_for_recipe(recipe, name)
            return name
    return ""


def why_not_drawn(name: str) -> str:
    """Why no images of a data set can be drawn by weights, as a sentence; empty where they can."""
    if name in LABELLED or (name in datasets.names() and entries()[name].sparse):
        return "This data set has the images that it has: none of them can be drawn by weights."
    if name not in datasets.names():
        return f"Doscope does not know how the images of '{name}' are made, so it cannot draw new ones."
    if datasets.causal_steps(name) is not None:
        return "The factors of this data set cause one another, so its images cannot be drawn by weights."
    return ""
