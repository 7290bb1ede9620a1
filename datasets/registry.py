"""What each data set is: one entry a set, those of the importers included.

An entry names the modules of its set only inside functions, so that looking a name up stays cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from datasets.factors import FactorSpace
from datasets.recipe import Recipe

if TYPE_CHECKING:
    from datasets.build import Progress
    from datasets.image_sets import ImageSet
    from datasets.importing import GridSet
    from datasets.labelled import LabelledSource
    from datasets.source import Source


class About(NamedTuple):
    """The usual factors of a set, (height, width, channels), and a sentence each on its origin."""

    space: FactorSpace
    image_shape: tuple[int, int, int]
    licence: str
    citation: str


def _build(source: Source, path: Path, recipe: Recipe) -> Iterator[Progress]:
    from datasets.build import build

    return build(source, path, recipe)


@dataclass(frozen=True)
class Entry:
    """A data set.

    Attributes:
        title: one line for a list.
        recipe: how its cache is drawn unless asked otherwise.
        about: what can be said of it without its files.
        source: makes its source from what the user named (None where it is built in) and the stride.
        place: what the user names with --source, such as "folder or archive"; empty where it is built in.
        where: where users get it, a sentence; may be empty.
        build: builds the cache of a source.
        sparse: it has some images only, and all pairs that these allow.
    """

    title: str
    recipe: Recipe
    about: Callable[[], About]
    source: Callable[[Path | None, int], Source]
    place: str = ""
    where: str = ""
    build: Callable[[Source, Path, Recipe], Iterator[Progress]] = _build
    sparse: bool = False


def _shapes() -> About:
    from datasets.shapes import ShapesSource, shapes_space

    return About(shapes_space(), ShapesSource.image_shape, ShapesSource.licence, ShapesSource.citation)


def _shapes_source(_: Path | None, __: int) -> Source:
    from datasets.shapes import ShapesSource

    return ShapesSource()


def _pendulum() -> About:
    from datasets.pendulum import PendulumSource, pendulum_space

    source = PendulumSource
    return About(pendulum_space(), source.image_shape, source.licence, source.citation)


def _pendulum_source(_: Path | None, __: int) -> Source:
    from datasets.pendulum import PendulumSource

    return PendulumSource()


def _sprites() -> About:
    from datasets.sprites import SpritesSource, sprites_space

    return About(sprites_space(), SpritesSource.image_shape, SpritesSource.licence, SpritesSource.citation)


def _sprites_source(folder: Path | None, _: int) -> Source:
    from datasets.sprites import SpritesSource

    return SpritesSource(folder or Path())


def _celeba() -> About:
    from datasets.celeba import USUAL, CelebaSource
    from datasets.pairing import attribute_space

    return About(
        attribute_space(USUAL), CelebaSource.image_shape, CelebaSource.licence, CelebaSource.citation
    )


def _celeba_source(place: Path | None, _: int) -> Source:
    from datasets.celeba import CelebaSource

    return cast("Source", CelebaSource(place or Path()))  # labelled: only `_build_celeba` takes it


def _build_celeba(source: Source, path: Path, recipe: Recipe) -> Iterator[Progress]:
    from datasets.labelled import build_labelled

    return build_labelled(cast("LabelledSource", source), path, recipe)


def _own() -> About:
    from datasets.factors import Factor
    from datasets.own_pairs import CITATION, LICENCE

    space = FactorSpace((Factor("factor 1", ("first", "second"), "binary"),))
    return About(space, (64, 64, 3), LICENCE, CITATION)


def _own_source(place: Path | None, _: int) -> Source:
    from datasets.own import OwnSource

    return OwnSource(place or Path())


def _build_own(source: Source, path: Path, recipe: Recipe) -> Iterator[Progress]:
    from datasets.own import OwnSource, build_own

    return build_own(cast(OwnSource, source), path, recipe)


@cache
def entries() -> dict[str, Entry]:
    """All data sets by name, built-in ones first."""
    from datasets.importers import imported_sets
    from datasets.importing import GridSet

    imported = {
        one.name: _of_grid_set(one) if isinstance(one, GridSet) else _of_image_set(one)
        for one in imported_sets()
    }
    return {**_ENTRIES, **imported, "own": _OWN}


def _of_image_set(image_set: ImageSet) -> Entry:
    def source(path: Path | None, _: int) -> Source:
        from datasets.image_source import ImageSetSource

        return ImageSetSource(image_set, path or Path())

    return Entry(
        image_set.title,
        Recipe(image_set.name, train_pairs=200_000),  # more than there are
        lambda: About(image_set.space, (64, 64, 3), image_set.licence, image_set.citation),
        source,
        image_set.place,
        image_set.where,
        _build_own,
        sparse=True,
    )


def _of_grid_set(grid_set: GridSet) -> Entry:
    def source(path: Path | None, stride: int) -> Source:
        from datasets.stored import StoredGridSource

        return StoredGridSource(grid_set, path or Path(), stride)

    def build(source: Source, path: Path, recipe: Recipe) -> Iterator[Progress]:
        from datasets.stored import StoredGridSource, build_stored

        return build_stored(cast(StoredGridSource, source), path, recipe)

    return Entry(
        grid_set.title,
        Recipe(grid_set.name, stride=grid_set.stride),
        lambda: About(grid_set.space, grid_set.image_shape, grid_set.licence, grid_set.citation),
        source,
        grid_set.place,
        grid_set.where,
        build,
    )


_OWN = Entry(
    "Your own images, with a table of labels or as arrays",
    Recipe("own", train_pairs=200_000, validation_pairs=20_000, test_pairs=20_000),  # all that there are
    _own,
    _own_source,
    "folder, archive or file",
    "a folder with a .csv whose first column (path) names the images, or with the columns before, after and "
    "action; or a .npz or .h5 file with the arrays images and labels",
    _build_own,
    sparse=True,
)
_ENTRIES = {
    "shapes": Entry("Shapes: a solid in a room, built in", Recipe("shapes"), _shapes, _shapes_source),
    "pendulum": Entry(
        "Pendulum: causes and effects, built in",
        Recipe("pendulum", validation_pairs=1_000, test_pairs=2_000),
        _pendulum,
        _pendulum_source,
    ),
    "sprites": Entry(
        "Sprites: game characters, from a folder of sheets",
        Recipe("sprites", test_pairs=2_000),
        _sprites,
        _sprites_source,
        "folder",
        "github.com/YingzhenLi/Sprites",
    ),
    "celeba": Entry(
        "CelebA: faces with attributes, from your copy",
        Recipe("celeba", train_pairs=200_000),  # more than there are: all that the images allow
        _celeba,
        _celeba_source,
        "folder or archive",
        "mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        _build_celeba,
    ),
}
