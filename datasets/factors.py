"""Factors of variation, and the arithmetic between factor values, grid indices and actions.

A *grid set* holds every combination of its factors once; its image number is the mixed-radix number
of the factor values, last factor fastest (C order).

Actions are the atomic transitions of the paper (section 4.1): with F factors there are A = 2F of
them; action `f` raises factor f by one step and action `F + f` lowers it, in the order of the
paper's public code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from datasets.errors import DatasetInputError

IntArray = npt.NDArray[np.int64]
Kind = Literal["ordinal", "cyclic", "nominal", "binary"]


@dataclass(frozen=True)
class Factor:
    """One factor of variation.

    Attributes:
        name: identifier, as on the command line ("object_hue").
        values: the names of its values, in order; a factor value is an index into it.
        kind: "ordinal", "cyclic", "nominal" or "binary".
    """

    name: str
    values: tuple[str, ...]
    kind: Kind = "ordinal"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise DatasetInputError(f"factor '{self.name}' has the unknown kind '{self.kind}'")
        if not self.values:
            raise DatasetInputError(f"factor '{self.name}' has no values")

    @property
    def size(self) -> int:
        """The number of values."""
        return len(self.values)


@dataclass(frozen=True)
class FactorSpace:
    """The ordered factors of a data set."""

    factors: tuple[Factor, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(factor.name for factor in self.factors)

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(factor.size for factor in self.factors)

    @property
    def num_factors(self) -> int:
        return len(self.factors)

    @property
    def num_actions(self) -> int:
        """A = 2F."""
        return 2 * len(self.factors)

    @property
    def num_images(self) -> int:
        """The size of the full grid."""
        return int(np.prod(self.sizes, dtype=np.int64))

    @property
    def action_names(self) -> tuple[str, ...]:
        """`name+` for every factor, then `name-` for every factor; position = action index."""
        return tuple(f"{n}+" for n in self.names) + tuple(f"{n}-" for n in self.names)

    def action_index(self, name: str) -> int:
        """The index in 0..A-1 of an action such as "object_hue+".

        Raises:
            DatasetInputError: there is no such action; the message lists them.
        """
        try:
            return self.action_names.index(name)
        except ValueError:
            raise DatasetInputError(
                f"unknown action '{name}'; choose one of {', '.join(self.action_names)}"
            ) from None

    def factor_of_action(self, action: int) -> tuple[int, int]:
        """(factor index, direction +1 or -1) of an action index."""
        f = self.num_factors
        return (action, 1) if action < f else (action - f, -1)

    def factor_index(self, name: str) -> int:
        """The position of a factor.

        Raises:
            DatasetInputError: there is no such factor; the message lists them.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise DatasetInputError(
                f"unknown factor '{name}'; choose one of {', '.join(self.names)}"
            ) from None

    def to_index(self, values: npt.ArrayLike) -> IntArray:
        """Factor values [..., F] -> grid index [...]. Inverse of `to_values`.

        Raises:
            DatasetInputError: a value lies outside its factor's range.
        """
        v = np.asarray(values, dtype=np.int64)
        if v.shape[-1:] != (self.num_factors,):
            raise DatasetInputError(f"expected {self.num_factors} factor values, got shape {v.shape}")
        for f, factor in enumerate(self.factors):
            column = v[..., f]
            if column.size and (column.min() < 0 or column.max() >= factor.size):
                raise DatasetInputError(f"factor '{factor.name}' takes values 0 to {factor.size - 1}")
        return np.asarray(np.ravel_multi_index(tuple(np.moveaxis(v, -1, 0)), self.sizes), dtype=np.int64)

    def to_values(self, index: npt.ArrayLike) -> IntArray:
        """Grid index [...] -> factor values int64 [..., F]. Inverse of `to_index`."""
        return np.stack(np.unravel_index(np.asarray(index, dtype=np.int64), self.sizes), axis=-1).astype(
            np.int64
        )

    def to_json(self) -> list[dict[str, object]]:
        """A JSON-ready list, one object a factor. Inverse of `from_json`."""
        return [{"name": f.name, "kind": f.kind, "values": list(f.values)} for f in self.factors]

    @classmethod
    def from_json(cls, data: Sequence[dict[str, object]]) -> FactorSpace:
        """Inverse of `to_json`.

        Raises:
            DatasetInputError: an unknown kind or an empty list of values.
        """
        factors = []
        for item in data:
            values = item["values"]
            if not isinstance(values, list):
                raise DatasetInputError(f"factor '{item.get('name')}' has no list of values")
            factors.append(
                Factor(str(item["name"]), tuple(map(str, values)), item["kind"])  # type: ignore[arg-type]
            )
        return cls(tuple(factors))
