"""Data sets: sources that draw images, and caches that hold the images and pairs of one recipe.

The registry. Importing this package loads neither h5py nor Pillow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.errors import DatasetInputError
from datasets.factors import FactorSpace
from datasets.home import caches_dir
from datasets.imbalance import DEFAULT_IMAGES, hole, suffix
from datasets.pair_rules import Asked, acting, choose, rules_suffix
from datasets.recipe import LABELLED, Correlation, Hole, Recipe, Skew
from datasets.registry import Entry, entries

if TYPE_CHECKING:
    from datasets.build import Progress
    from datasets.cache import Cache as Cache
    from datasets.source import Source
    from datasets.steps import Steps

_RECIPES = {name: entry.recipe for name, entry in entries().items()}


@dataclass(frozen=True)
class DatasetInfo:
    """What can be said of a data set without reading it.

    Attributes:
        name: the word on the command line.
        title: one line for a list.
        space: its factors; those of a labelled set depend on what is asked for, these are usual ones.
        image_shape: (height, width, channels).
        licence, citation: of the images, a sentence each.
        needs_source: whether `build` needs files of the user's.
        place: what the user names then, such as "folder or archive".
        where: where users get them; may be empty.
        cache: where its cache is, or would be.
        built: whether a file is there.
    """

    name: str
    title: str
    space: FactorSpace
    image_shape: tuple[int, int, int]
    licence: str
    citation: str
    needs_source: bool
    place: str
    where: str
    cache: Path
    built: bool


def names() -> tuple[str, ...]:
    """The data sets, built-in ones first."""
    return tuple(_RECIPES)


def default_recipe(name: str) -> Recipe:
    """How the cache of a data set is drawn unless asked otherwise.

    Raises:
        DatasetInputError: there is no such data set; the message lists them.
    """
    try:
        return _RECIPES[name]
    except KeyError:
        raise DatasetInputError(f"unknown data set '{name}'; choose one of {', '.join(names())}") from None


def info(name: str) -> DatasetInfo:
    """What a data set is.

    Raises:
        DatasetInputError: there is no such data set.
    """
    entry, cache = _entry(name), caches_dir() / f"{name}.h5"
    about = entry.about()
    return DatasetInfo(
        name=name,
        title=entry.title,
        space=about.space,
        image_shape=about.image_shape,
        licence=about.licence,
        citation=about.citation,
        needs_source=bool(entry.place),
        place=entry.place,
        where=entry.where,
        cache=cache,
        built=cache.is_file(),
    )


def images_kept(name: str) -> int:
    """How many images of the user's file an interrupted import of a data set has left for the next one."""
    from datasets.kept_import import rows_kept

    return rows_kept(caches_dir(), name)


def _entry(name: str) -> Entry:
    default_recipe(name)  # refuses an unknown name
    return entries()[name]


def make_source(name: str, folder: Path | None = None, stride: int | None = None) -> Source:
    """The source of a data set.

    Args:
        name: one of `names()`.
        folder: where its files are, for a set that needs them: a folder, an archive or a file.
        stride: see `Recipe`; None for the usual one.

    Raises:
        DatasetInputError: there is no such data set, or it needs files.
        SourceError: they are not what it should be.
    """
    entry = _entry(name)
    if entry.place and folder is None:
        raise DatasetInputError(
            f"the data set '{name}' is read from your own files; name their {entry.place} with "
            f"--source {entry.place.split()[0].upper()}"
        )
    return entry.source(folder, entry.recipe.stride if stride is None else stride)


def causal_steps(name: str) -> Steps | None:
    """What actions make of the factors of a built-in set whose factors cause one another; None for others."""
    if name != "pendulum":
        return None
    source: object = make_source(name)
    from datasets.steps import Steps

    return source if isinstance(source, Steps) else None


def resolve(name_or_path: str | Path) -> Path:
    """The cache file of a bare name (of a data set, or of a file that is there), or an .h5 path as it is.

    Raises:
        DatasetInputError: it is neither.
    """
    if str(name_or_path) in _RECIPES:
        return caches_dir() / f"{name_or_path}.h5"
    kept = caches_dir() / f"{name_or_path}.h5"
    if str(name_or_path) == kept.stem and kept.is_file():
        return kept
    path = Path(name_or_path)
    if path.suffix.lower() in (".h5", ".hdf5") or path.is_file():
        return path
    raise DatasetInputError(
        f"unknown data set '{name_or_path}'; choose one of {', '.join(names())}, or the path of a cache (.h5)"
    )


def open_cache(name_or_path: str | Path) -> Cache:
    """Open a cache that is already built.

    Raises:
        DatasetInputError: neither a data set nor a path.
        CacheError: the cache is missing or cannot be read.
    """
    from datasets.cache import Cache

    return Cache.open(resolve(name_or_path))


def make_recipe(
    name: str,
    *,
    source: Path | None = None,
    seed: int = 0,
    train_pairs: int | None = None,
    validation_pairs: int | None = None,
    test_pairs: int | None = None,
    images: int | None = None,
    skew: Sequence[Skew] = (),
    correlate: Sequence[Correlation] = (),
    holes: Sequence[Mapping[str, Sequence[str | int]]] = (),
    attributes: Sequence[str] = (),
    match: Sequence[str] = (),
    stride: int | None = None,
    kinds: Sequence[str] = (),
    renames: Sequence[str] = (),
    called: str = "",
    rules: Sequence[str] = (),
    steps: Sequence[str] = (),
    hold_out: Sequence[Asked | Hole | Mapping[str, Sequence[str | int]]] = (),
    frequency: str = "balanced",
    several: int = 0,
    space: FactorSpace | None = None,
) -> Recipe:
    """The recipe of a data set, with the set's defaults for what is None. See `Recipe`.

    Args:
        name: one of `names()`.
        source: the folder of its files, where it needs one.
        seed: of the drawing.
        train_pairs: unordered pairs drawn for training; with drawn images at most so many, None for all.
        validation_pairs: unordered pairs drawn for validation.
        test_pairs: the same for the test.
        images: training images to draw instead of pairs; None for none, or for the usual number where one of
            the next three is given.
        skew: factors whose values differ in how often they occur.
        correlate: factors that prefer to lie close together.
        holes: left-out combinations, each factor name -> value names or indices.
        attributes: of a labelled set, those that become its factors; none for the ten with most pairs.
        match: of a labelled set, what pairs have in common besides: attributes, "identity" or "all".
        stride: of a set with fine axes, only every so manyth of their values is kept.
        kinds: of one's own data, "column=kind" for columns that are guessed wrong; see `datasets.own_labels`.
        renames: of one's own data, "column=name" for factors that are called otherwise than their columns.
        called: the name of one's own data; empty for "own".
        rules: see `Recipe`, as the next ones.
        steps: "factor=number".
        frequency: of the actions.
        several: how many factors change at once in further test pairs, or 0.
        hold_out: what only the test has: a share of a factor's values or of some factors' combinations, or
            named combinations, each factor name -> value names or indices.
        space: the factors as the user's files have them, where they are known; else the files are opened.

    Raises:
        DatasetInputError: an unknown set, factor or value, or a number out of range; see `Recipe`.
        SourceError: the folder is not what it should be.
    """
    default = default_recipe(name)
    if name in LABELLED and (images or skew or correlate or holes):
        raise DatasetInputError(
            f"'{name}' has the images that it has: none can be drawn by weights; leave out --images, --skew, "
            "--correlate and --hole"
        )
    if name not in LABELLED and (attributes or match):
        raise DatasetInputError(
            f"'{name}' is a grid: all its factors are used and matched; leave out --attributes and --match"
        )
    if stride is not None and default.stride == 1:
        raise DatasetInputError(f"'{name}' has no axes to thin out; leave out --stride")
    if (kinds or renames or called) and name != "own":
        raise DatasetInputError(
            f"the factors of '{name}' are known; leave out --kind, --rename and --called: they are for 'own'"
        )
    if problem := called and called_problem(called):
        raise DatasetInputError(f"your data cannot be called '{called}': {problem}")
    sparse = _entry(name).sparse
    what = "your own images" if name == "own" else f"the images of '{name}'"
    if sparse and (images or skew or correlate or holes):
        raise DatasetInputError(
            f"{what} cannot be drawn by weights; leave out --images, --skew, --correlate and --hole"
        )
    if images is None:
        images = DEFAULT_IMAGES if skew or correlate or holes else 0
    if train_pairs is None:
        train_pairs = 0 if images else default.train_pairs
    if name in LABELLED and (rules or steps or hold_out or several or frequency != "balanced"):
        raise DatasetInputError(
            f"the pairs of '{name}' are those that its images allow; leave out --pairs, --step, --hold-out, "
            "--actions and --several"
        )
    if sparse and (several or frequency != "balanced"):
        raise DatasetInputError(f"{what} give all pairs that they allow; leave out --actions and --several")
    by_file = bool(source) and bool(holes or rules or steps or hold_out)
    known = space or (None if by_file else info(name).space)
    factors = known or _space_of(name, source, stride, kinds, renames)
    recipe = Recipe(
        name,
        seed=seed,
        train_pairs=train_pairs,
        validation_pairs=default.validation_pairs if validation_pairs is None else validation_pairs,
        test_pairs=default.test_pairs if test_pairs is None else test_pairs,
        source="" if source is None else str(Path(source).absolute()),
        images=images,
        skew=tuple(skew),
        correlate=tuple(correlate),
        holes=tuple(hole(factors, values) for values in holes),
        attributes=tuple(attributes),
        match=tuple(match),
        stride=default.stride if stride is None else stride,
        kinds=tuple(kinds),
        renames=tuple(renames),
        called="" if called == "own" else called,
        rules=tuple(rules),
        steps=tuple(steps),
        hold_out=tuple(gap for asked in hold_out for gap in _held_out(factors, asked, seed)),
        frequency=frequency,
        several=several,
    )
    if rules or steps:
        acting(factors, recipe)  # refuses, before anything is read, what does not go together
    return recipe


def _space_of(
    name: str, source: Path | None, stride: int | None, kinds: Sequence[str], renames: Sequence[str]
) -> FactorSpace:
    """The factors as the user's files have them."""
    made = make_source(name, source, stride)
    if not kinds and not renames:
        return made.space
    from datasets.own import OwnSource

    return made.space_of(kinds, renames) if isinstance(made, OwnSource) else made.space


def _held_out(
    space: FactorSpace, asked: Asked | Hole | Mapping[str, Sequence[str | int]], seed: int
) -> tuple[Hole, ...]:
    if isinstance(asked, Hole):
        return (asked,)
    return choose(space, asked, seed) if isinstance(asked, Asked) else (hole(space, asked),)


def called_problem(name: str, known: bool = False) -> str:
    """Why one's own data cannot have a name, as the end of a sentence; empty where they can.

    `known`: whether it may be that of a set of the registry.
    """
    if not name.strip():
        return "give it a name"
    if any(sign in name for sign in '/\\:*?"<>|#') or name.strip(". ") != name or not name.isprintable():
        return "it becomes a file's; leave out / \\ : * ? \" < > | # and dots or spaces at the ends"
    if name in _RECIPES and name != "own" and not known:
        return "another data set has this name; choose another"
    return ""


def cache_path(recipe: Recipe) -> Path:
    """Where the cache of a recipe is kept unless told otherwise; unusual ones tell their weights or rules."""
    if recipe.called:
        return caches_dir() / f"{recipe.called}.h5"
    return caches_dir() / f"{recipe.name}{suffix(recipe)}{rules_suffix(recipe)}.h5"


def build_recipe(recipe: Recipe, out: Path | None = None) -> Iterator[Progress]:
    """Build the cache of a recipe step by step; closing the iterator cancels.

    Args:
        recipe: see `make_recipe`.
        out: the file to write; by default `cache_path(recipe)`.

    Raises:
        DatasetInputError: see `make_source` and `build`.
        SourceError: the folder is not what it should be.
        CacheError: the cache cannot be written.
    """
    source = make_source(recipe.name, Path(recipe.source) if recipe.source else None, recipe.stride)
    return _entry(recipe.name).build(source, out or cache_path(recipe), recipe)


def build_steps(
    name: str,
    *,
    source: Path | None = None,
    out: Path | None = None,
    seed: int = 0,
    train_pairs: int | None = None,
    validation_pairs: int | None = None,
    test_pairs: int | None = None,
) -> Iterator[Progress]:
    """Build the cache of a data set by drawn pairs; see `make_recipe` and `build_recipe`.

    `out` is by default the place where `open_cache(name)` looks.
    """
    recipe = make_recipe(
        name,
        source=source,
        seed=seed,
        train_pairs=train_pairs,
        validation_pairs=validation_pairs,
        test_pairs=test_pairs,
    )
    return build_recipe(recipe, out)
