"""Factors of variation, and the arithmetic between factor values, grid indices and actions.

A *grid set* holds every combination of its factors once; its image number is the mixed-radix number
of the factor values, last factor fastest (C order).

Actions are the atomic transitions of the paper (section 4.1). Usually, with F factors, there are A = 2F of
them; action `f` raises factor f by one step and action `F + f` lowers it, in the order of the
paper's public code. A factor may act otherwise (`Factor.acts`): around its end, to a named value, or, where
only actions are known and no values, as one action of its own. First come the actions that raise, then those
that lower, then those of all other factors, each in the order of the factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from datasets.errors import DatasetInputError

IntArray = npt.NDArray[np.int64]
Kind = Literal["ordinal", "cyclic", "nominal", "binary"]
Acts = Literal["steps", "around", "set", "once"]


@dataclass(frozen=True)
class Factor:
    """One factor of variation.

    Attributes:
        name: identifier, as on the command line ("object_hue").
        values: the names of its values, in order; a factor value is an index into it.
        kind: "ordinal", "cyclic", "nominal" or "binary".
        acts: its actions: "steps", up and down, not beyond the ends; "around", the same, from the last value
            on to the first; "set", one for each value that sets it; "once", a single action named as the
            factor, of which nothing else is known.
        step: by how many values an action of "steps" or "around" moves it.

    Raises:
        DatasetInputError: an unknown word, no value, or a step that leads nowhere or back at once.
    """

    name: str
    values: tuple[str, ...]
    kind: Kind = "ordinal"
    acts: Acts = "steps"
    step: int = 1

    def __post_init__(self) -> None:
        if self.acts not in get_args(Acts):
            raise DatasetInputError(f"factor '{self.name}' has unknown actions, '{self.acts}'")
        _check_step(self)
        if self.kind not in get_args(Kind):
            raise DatasetInputError(f"factor '{self.name}' has the unknown kind '{self.kind}'")
        if not self.values:
            raise DatasetInputError(f"factor '{self.name}' has no values")

    @property
    def size(self) -> int:
        """The number of values."""
        return len(self.values)


def _check_step(factor: Factor) -> None:
    """Refuse a step after which no value is left, or both directions are one."""
    if factor.step == 1 and factor.acts != "around":
        return
    most = (len(factor.values) - 1) // 2 if factor.acts == "around" else len(factor.values) - 1
    if not 1 <= factor.step <= most or factor.acts in ("set", "once"):
        raise DatasetInputError(
            f"{factor.name} has {len(factor.values)} values and cannot move by {factor.step}"
            + (" around its end" if factor.acts == "around" else "")
            + (f"; give a step of 1 to {most}" if most > 0 else "")
        )


class Action(NamedTuple):
    """One action.

    Attributes:
        name: such as "object_hue+", "shape=cube" or a word of the user's.
        factor: the position of its factor.
        direction: +1 or -1 of a step, else 0.
        value: the index of the value that it sets, else None.
    """

    name: str
    factor: int
    direction: int
    value: int | None = None


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
        """A, usually 2F."""
        return len(self.actions)

    @property
    def num_images(self) -> int:
        """The size of the full grid."""
        return int(np.prod(self.sizes, dtype=np.int64))

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """All actions; the position is the action index."""
        stepping = [(f, x) for f, x in enumerate(self.factors) if x.acts in ("steps", "around")]
        actions = [Action(f"{x.name}{s}", f, d) for s, d in (("+", 1), ("-", -1)) for f, x in stepping]
        for f, factor in enumerate(self.factors):
            if factor.acts == "set":
                actions += [Action(f"{factor.name}={v}", f, 0, k) for k, v in enumerate(factor.values)]
            elif factor.acts == "once":
                actions.append(Action(factor.name, f, 0))
        return tuple(actions)

    @property
    def action_names(self) -> tuple[str, ...]:
        """Usually `name+` for every factor, then `name-` for every factor; position = action index."""
        return tuple(action.name for action in self.actions)

    @cached_property
    def action_factors(self) -> IntArray:
        """The factor of each action, [A]."""
        return np.array([action.factor for action in self.actions], dtype=np.int64)

    @cached_property
    def opposites(self) -> IntArray:
        """The action that undoes each, [A]; -1 where that depends on what was there before."""
        return np.array([self.step_action(a.factor, -a.direction) for a in self.actions], dtype=np.int64)

    @property
    def steps_only(self) -> bool:
        """Whether every action is one step up or down."""
        return all(factor.acts in ("steps", "around") for factor in self.factors)

    def step_action(self, factor: int, direction: int) -> int:
        """The action that raises (+1) or lowers (-1) a factor; -1 where it is not moved by steps."""
        for index, action in enumerate(self.actions):
            if direction and action.factor == factor and action.direction == direction:
                return index
        return -1

    def actions_of(self, factor: int) -> tuple[int, ...]:
        """All actions of a factor."""
        return tuple(np.flatnonzero(self.action_factors == factor).tolist())

    def actions_between(self, first: npt.ArrayLike, second: npt.ArrayLike) -> IntArray:
        """The least number of actions that lead from values [..., F] to others, [...].

        Where steps of more than one value do not end there, one more than would pass it.
        """
        apart = np.abs(np.asarray(first, dtype=np.int64) - np.asarray(second, dtype=np.int64))
        counts = [_steps_apart(x, apart[..., f]) for f, x in enumerate(self.factors)]
        return np.asarray(np.sum(counts, axis=0), dtype=np.int64)

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
        """(factor index, direction +1 or -1, or 0 where it is no step) of an action index."""
        found = self.actions[action]
        return found.factor, found.direction

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
        return [_to_json(factor) for factor in self.factors]

    @classmethod
    def from_json(cls, data: Sequence[dict[str, object]]) -> FactorSpace:
        """Inverse of `to_json`.

        Raises:
            DatasetInputError: an unknown kind, other actions than are known, or an empty list of values.
        """
        factors = []
        for item in data:
            values = item["values"]
            if not isinstance(values, list):
                raise DatasetInputError(f"factor '{item.get('name')}' has no list of values")
            acts, step = item.get("acts", "steps"), item.get("step", 1)
            if not isinstance(step, int):
                raise DatasetInputError(f"factor '{item.get('name')}' has no number for its step")
            factors.append(
                Factor(str(item["name"]), tuple(map(str, values)), item["kind"], acts, step)  # type: ignore[arg-type]
            )
        return cls(tuple(factors))


def _to_json(factor: Factor) -> dict[str, object]:
    """What is usual is left out, so that usual caches and runs stay as they were."""
    data: dict[str, object] = {"name": factor.name, "kind": factor.kind, "values": list(factor.values)}
    if factor.acts != "steps":
        data["acts"] = factor.acts
    if factor.step != 1:
        data["step"] = factor.step
    return data


def _steps_apart(factor: Factor, apart: IntArray) -> IntArray:
    """Actions of one factor between values so far apart."""
    if factor.acts in ("set", "once"):
        return np.asarray(apart != 0, dtype=np.int64)
    if factor.acts == "around":
        size, step = factor.size, factor.step
        ways = np.full(size, size, dtype=np.int64)
        for count in range(size - 1, -1, -1):  # fewer steps overwrite more
            ways[[count * step % size, -count * step % size]] = count
        return ways[apart % size]
    whole, rest = np.divmod(apart, factor.step)
    return np.asarray(whole + 2 * (rest > 0), dtype=np.int64)
