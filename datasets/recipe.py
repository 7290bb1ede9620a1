"""What determines a cache: the same recipe on the same source gives the same arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from datasets.errors import DatasetInputError

IMPORTED = frozenset({"sprites"})  # data sets that are made from a folder of the user's


@dataclass(frozen=True)
class Recipe:
    """How a cache is drawn from a source.

    Attributes:
        name: the data set ("shapes").
        seed: of the drawing of pairs, 0 or greater.
        train_pairs: unordered pairs drawn for training, 1 or more; so for the other two splits.
        source: the folder that the images come from; empty for a built-in set.
    """

    name: str
    seed: int = 0
    train_pairs: int = 20_000
    validation_pairs: int = 2_000
    test_pairs: int = 4_000
    source: str = ""

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise DatasetInputError(f"seed {self.seed} is negative; choose 0 or greater")
        for split, count in self.pairs.items():
            if count < 1:
                raise DatasetInputError(f"{count} {split} pairs were asked for; ask for at least 1")

    @property
    def pairs(self) -> dict[str, int]:
        """Drawn pairs by split."""
        return {
            "train": self.train_pairs,
            "validation": self.validation_pairs,
            "test": self.test_pairs,
        }

    def to_json(self) -> dict[str, str | int]:
        """A JSON-ready object. Inverse of `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Recipe:
        """Inverse of `to_json`.

        Raises:
            DatasetInputError: a key is unknown or missing, or a value has the wrong type or range.
        """
        kinds = {field.name: str if field.name in ("name", "source") else int for field in fields(cls)}
        for key, value in data.items():
            if key not in kinds or not isinstance(value, kinds[key]):
                raise DatasetInputError(f"a recipe has no place for {key} = {value!r}")
        if "name" not in data:
            raise DatasetInputError("a recipe needs the name of its data set")
        return cls(**data)  # type: ignore[arg-type]
