"""What determines a cache: the same recipe on the same source gives the same arrays."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from datasets.errors import DatasetInputError

LABELLED = frozenset({"celeba"})  # data sets that are no grid: some images, each with attributes

Rare = Literal["high", "low"]
RULES = ("wrap", "set")
FREQUENCIES = ("balanced", "natural")


@dataclass(frozen=True, order=True)
class Skew:
    """A factor whose values grow rarer, exponentially, towards one end (datasets.imbalance.weights).

    Attributes:
        factor: its name.
        ratio: the weight of the commonest value over that of the rarest, 1 or greater.
        rare: the rare end: "high" (the last values) or "low" (the first).

    Raises:
        DatasetInputError: a ratio below 1 or an unknown end.
    """

    factor: str
    ratio: float
    rare: Rare = "high"

    def __post_init__(self) -> None:
        object.__setattr__(self, "ratio", float(self.ratio))
        if not 1 <= self.ratio < math.inf:
            raise DatasetInputError(
                f"the skew of {self.factor} has the ratio {self.ratio:g}; give the commonest value's weight "
                "over the rarest one's, 1 or greater (':low' makes the first values the rare ones)"
            )
        if self.rare not in get_args(Rare):
            raise DatasetInputError(
                f"the skew of {self.factor} has no end '{self.rare}'; the rare end is high or low"
            )

    def to_json(self) -> dict[str, object]:
        """A JSON-ready object. Inverse of `from_json`."""
        return {"factor": self.factor, "ratio": self.ratio, "rare": self.rare}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Skew:
        """Inverse of `to_json`."""
        return cls(str(data["factor"]), _number(data["ratio"]), str(data["rare"]))  # type: ignore[arg-type]


@dataclass(frozen=True, order=True)
class Correlation:
    """Two factors that prefer to lie close together (datasets.imbalance.weights).

    Attributes:
        first, second: their names, in alphabetical order whatever the order they are given in.
        sigma: how close, with values scaled to 0..1; greater than 0, smaller is stronger.

    Raises:
        DatasetInputError: a factor with itself, or sigma of 0 or less.
    """

    first: str
    second: str
    sigma: float

    def __post_init__(self) -> None:
        first, second = sorted((self.first, self.second))
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "second", second)
        object.__setattr__(self, "sigma", float(self.sigma))
        if first == second:
            raise DatasetInputError(f"{first} cannot be correlated with itself; name two factors")
        if not 0 < self.sigma < math.inf:
            raise DatasetInputError(
                f"the correlation of {first} and {second} has sigma {self.sigma:g}; give a number greater "
                "than 0 (0.1 is strong, 0.4 weak)"
            )

    def to_json(self) -> dict[str, object]:
        """A JSON-ready object. Inverse of `from_json`."""
        return {"factors": [self.first, self.second], "sigma": self.sigma}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Correlation:
        """Inverse of `to_json`."""
        first, second = data["factors"]  # type: ignore[misc]
        return cls(str(first), str(second), _number(data["sigma"]))  # type: ignore[has-type]


@dataclass(frozen=True, order=True)
class Hole:
    """A combination that training never sees: all the named factors at one of their named values.

    Attributes:
        values: (factor, values) for each factor, both in ascending order; a value is an index.

    Raises:
        DatasetInputError: no factor, a factor twice or a factor without values.
    """

    values: tuple[tuple[str, tuple[int, ...]], ...]

    def __post_init__(self) -> None:
        tidy = tuple(sorted((name, tuple(sorted(set(chosen)))) for name, chosen in self.values))
        object.__setattr__(self, "values", tidy)
        if not tidy:
            raise DatasetInputError("a hole names no factor; give at least one, such as shape=3")
        _refuse_twice([name for name, _ in tidy], "in one hole")
        for name, chosen in tidy:
            if not chosen:
                raise DatasetInputError(f"a hole names no value of {name}; give at least one")

    def to_json(self) -> dict[str, object]:
        """A JSON-ready object. Inverse of `from_json`."""
        return {name: list(chosen) for name, chosen in self.values}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Hole:
        """Inverse of `to_json`."""
        return cls(tuple((str(n), tuple(int(v) for v in vs)) for n, vs in data.items()))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Recipe:
    """How a cache is drawn from a source.

    Either *pairs* are drawn for training (`images` 0), or *images*: then the training pairs are all
    pairs of neighbours among the drawn images, so that rare values have few pairs. Skews, correlations
    and holes weigh the drawn images; validation and test stay uniform.

    Attributes:
        name: the data set ("shapes").
        seed: of the drawing of pairs and images, 0 or greater.
        train_pairs: unordered pairs drawn for training, 1 or more; so for the other two splits. With
            drawn images: at most so many of the pairs among them, 0 for all.
        source: the folder or archive that the images come from; empty for a built-in set.
        images: images drawn for training, or 0.
        skew, correlate, holes: see their classes; in ascending order, whatever the order they are given in.
        attributes: of a labelled set, those that are its factors; empty for a grid.
        match: of a labelled set, what else the two images of a pair have in common: further attributes,
            or "identity" (the person).
        kinds: of one's own data, "column=kind" for columns whose factor is of another kind than guessed, or
            is to be ignored (datasets.own_labels).
        renames: of one's own data, "column=name" for factors that are called otherwise than their columns.
        called: what one's own data are called, so that there can be several; empty for "own".
        stride: of a grid with fine axes (MPI3D's arm), only every so manyth of their values is kept.
        rules: what else than the paper's pairs there are (datasets.pair_rules): "wrap", cyclic factors step
            around their end; "set", nominal ones are set to a value.
        steps: "factor=number" where an action moves a factor by more than one value.
        hold_out: combinations that only the test has, and nothing else; see `Hole`.
        frequency: of actions among the drawn training pairs: "balanced", or "natural", as there are pairs.
        several: 2 or more for as many test pairs again in which so many factors change at once, or 0.

    Raises:
        DatasetInputError: a number out of range, a factor or a pair of factors twice, a skew,
            correlation or hole without drawn images, or one of the last five with them.
    """

    name: str
    seed: int = 0
    train_pairs: int = 20_000
    validation_pairs: int = 2_000
    test_pairs: int = 4_000
    source: str = ""
    images: int = 0
    skew: tuple[Skew, ...] = ()
    correlate: tuple[Correlation, ...] = ()
    holes: tuple[Hole, ...] = ()
    attributes: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    stride: int = 1
    kinds: tuple[str, ...] = ()
    renames: tuple[str, ...] = ()
    called: str = ""
    rules: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    hold_out: tuple[Hole, ...] = ()
    frequency: str = "balanced"
    several: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise DatasetInputError(f"seed {self.seed} is negative; choose 0 or greater")
        if self.stride < 1:
            raise DatasetInputError(f"a stride of {self.stride} was asked for; 1 keeps all values")
        if self.images < 0:
            raise DatasetInputError(f"{self.images} images were asked for; ask for at least 1")
        for split, count in self.pairs.items():
            if count < (0 if split == "train" and self.images else 1):
                raise DatasetInputError(f"{count} {split} pairs were asked for; ask for at least 1")
        for key in ("skew", "correlate", "holes", "rules", "steps", "hold_out"):
            object.__setattr__(self, key, tuple(sorted(set(getattr(self, key)))))
        if self.weighted and not self.images:
            raise DatasetInputError(
                "a skew, correlation or hole weighs drawn images; say how many with --images"
            )
        _refuse_twice([skew.factor for skew in self.skew], "as a skew")
        _refuse_twice([f"{pair.first},{pair.second}" for pair in self.correlate], "as a correlation")
        _refuse_twice(self.attributes, "as an attribute")
        _refuse_twice(self.match, "to match")
        _refuse_twice([item.rpartition("=")[0] for item in self.kinds], "as a kind")
        _refuse_twice([item.rpartition("=")[0] for item in self.renames], "another name")
        self._check_rules()

    def _check_rules(self) -> None:
        for rule in self.rules:
            if rule not in RULES:
                raise DatasetInputError(f"there are no pairs '{rule}'; choose paper, {' or '.join(RULES)}")
        for step in self.steps:
            name, _, number = step.rpartition("=")
            if not name or not number.isdecimal() or int(number) < 1:
                raise DatasetInputError(f"'{step}' is no step; write factor=number, such as azimuth=3")
        _refuse_twice([item.rpartition("=")[0] for item in self.steps], "as a step")
        if self.frequency not in FREQUENCIES:
            raise DatasetInputError(
                f"actions cannot be '{self.frequency}'; choose {' or '.join(FREQUENCIES)}"
            )
        if self.several == 1 or self.several < 0:
            raise DatasetInputError(
                f"{self.several} is not several factors; ask for 2 or more with --several"
            )
        if self.images and self.ruled:
            raise DatasetInputError(
                "images are drawn with the usual pairs only; leave out --pairs, --step, --hold-out, "
                "--actions and --several, or --images and its weights (--hole keeps combinations from drawn "
                "images)"
            )

    @property
    def pairs(self) -> dict[str, int]:
        """Drawn pairs by split."""
        return {
            "train": self.train_pairs,
            "validation": self.validation_pairs,
            "test": self.test_pairs,
        }

    @property
    def weighted(self) -> bool:
        """Whether some training images are likelier than others."""
        return bool(self.skew or self.correlate or self.holes)

    @property
    def ruled(self) -> bool:
        """Whether pairs are not those of the usual rule."""
        return bool(self.rules or self.steps or self.hold_out or self.several) or self.frequency != "balanced"

    def to_json(self) -> dict[str, object]:
        """A JSON-ready object. Inverse of `from_json`.

        What the first caches did not know is left out where it is unused, so that their recipes and
        those that runs remember stay equal to today's.
        """
        data: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _FIRST or value != field.default:
                listed = isinstance(value, tuple)
                data[field.name] = [_plain(item) for item in value] if listed else value
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Recipe:
        """Inverse of `to_json`.

        Raises:
            DatasetInputError: a key is unknown or missing, or a value has the wrong type or range.
        """
        if "name" not in data and set(data) <= {field.name for field in fields(cls)}:
            raise DatasetInputError("a recipe needs the name of its data set")
        read = {key: _read(key, value) for key, value in data.items()}
        return cls(**read)  # type: ignore[arg-type]


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a word")
    return value


_FIRST = ("name", "seed", "train_pairs", "validation_pairs", "test_pairs", "source")
_PARTS: dict[str, Callable[[Any], object]] = {  # fields that are lists in JSON, and how an item is read
    "skew": Skew.from_json,
    "correlate": Correlation.from_json,
    "holes": Hole.from_json,
    "attributes": _word,
    "match": _word,
    "kinds": _word,
    "renames": _word,
    "rules": _word,
    "steps": _word,
    "hold_out": Hole.from_json,
}
_TYPES: dict[str, type] = {
    field.name: str if field.name in ("name", "source", "called", "frequency") else int
    for field in fields(Recipe)
    if field.name not in _PARTS
}


def _plain(item: object) -> object:
    return item.to_json() if isinstance(item, Skew | Correlation | Hole) else item


def _read(key: str, value: object) -> object:
    """One field's value from its JSON."""
    refusal = DatasetInputError(f"a recipe has no place for {key} = {value!r}")
    if key not in _PARTS:
        if key not in _TYPES or not isinstance(value, _TYPES[key]) or isinstance(value, bool):
            raise refusal
        return value
    if not isinstance(value, Sequence):
        raise refusal
    try:
        return tuple(_PARTS[key](item) for item in value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise refusal from error


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _refuse_twice(names: Iterable[str], where: str) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise DatasetInputError(f"{name} is given {count} times {where}; give it once")
