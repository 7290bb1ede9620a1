"""Labels as people have them -> factors: of a column, whose values are the ranks of its entries."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast, get_args

import numpy as np

from datasets.errors import DatasetInputError, SourceError
from datasets.factors import Factor, FactorSpace, IntArray, Kind

BINS = 16  # of a column of real numbers
CONTINUOUS = 64  # more different numbers than this are taken for measurements
MOST_NAMES = 1000  # more different words are names of images, no factor
LARGEST_GRID = 2**62


@dataclass(frozen=True)
class Labelling:
    """What a table says of N images.

    Attributes:
        space: the factors.
        values: their values, int64 [N, F].
        notes: what was left out or put together, sentences.
    """

    space: FactorSpace
    values: IntArray
    notes: tuple[str, ...]


def label(
    where: str,
    columns: Mapping[str, Sequence[str]],
    kinds: Mapping[str, str],
    names: Mapping[str, str] | None = None,
) -> Labelling:
    """Make factors of columns.

    Numbers are sorted by size, words by letters. Two values make a binary factor, numbers an ordinal and
    words a nominal one, unless `kinds` says otherwise; a column of more than 64 different numbers is put
    into 16 equally wide bins. Without a kind said, words that are all different are left out.

    Args:
        where: the table, for messages.
        columns: name -> entry of each image.
        kinds: column -> "ordinal", "cyclic", "nominal", "binary", or "ignore" to leave it out.
        names: column -> the name of its factor, where that is another one.

    Raises:
        DatasetInputError: a kind or name for a column that is not there, an unknown kind, a name that cannot
            be, or more combinations than there are numbers.
        SourceError: an entry is empty or no number among numbers, or no column varies.
    """
    check_kinds(where, columns, kinds)
    names = {} if names is None else names
    check_names(where, [name for name in columns if kinds.get(name) != "ignore"], names)
    factors, values, notes = [], [], []
    for name, entries in columns.items():
        kind = kinds.get(name)
        if kind == "ignore":
            continue
        made = factor_of(where, name, entries, kind, alone=len(columns) == 1)
        if isinstance(made, str):
            notes.append(made)
            continue
        factor, codes, note = made
        factors.append(replace(factor, name=names.get(name, name)))
        values.append(codes)
        notes += [note] if note else []
    if not factors:
        raise SourceError(f"'{where}' has no column with two values or more; there is nothing to change")
    if math.prod(factor.size for factor in factors) > LARGEST_GRID:
        raise DatasetInputError(
            f"the {len(factors)} columns of '{where}' have too many combinations; leave some out with "
            "--kind COLUMN=ignore"
        )
    return Labelling(FactorSpace(tuple(factors)), np.stack(values, axis=1), tuple(notes))


def check_kinds(where: str, columns: Mapping[str, Sequence[str]], kinds: Mapping[str, str]) -> None:
    """Refuse kinds that cannot be.

    Raises:
        DatasetInputError: a column that is not there, or an unknown kind.
    """
    known = (*get_args(Kind), "ignore")
    for name, kind in kinds.items():
        if name not in columns:
            raise DatasetInputError(
                f"'{where}' has no column '{name}'; it has {', '.join(columns) or 'none with labels'}"
            )
        if kind not in known:
            raise DatasetInputError(f"{name} cannot be '{kind}'; choose one of {', '.join(known)}")


def check_names(where: str, columns: Sequence[str], names: Mapping[str, str]) -> None:
    """Refuse names of factors that cannot be.

    Args:
        where: the table, for messages.
        columns: those that become factors.
        names: column -> name.

    Raises:
        DatasetInputError: a name of no column, twice, or with signs that other commands could not read.
    """
    for column, name in names.items():
        if column not in columns:
            raise DatasetInputError(
                f"'{where}' has no column '{column}' to rename; it has {', '.join(columns) or 'none'}"
            )
        if problem := name_problem(name):
            raise DatasetInputError(f"{column} cannot be called '{name}': {problem}")
    for name, count in Counter(names.get(column, column) for column in columns).items():
        if count > 1:
            raise DatasetInputError(f"{count} columns would be called '{name}'; give each another name")


def name_problem(name: str) -> str:
    """Why a factor cannot have a name, as the end of a sentence; empty where it can."""
    if not name.strip():
        return "give it a name"
    if name != name.strip() or not name.isprintable():
        return "leave out spaces at the ends and signs that cannot be seen"
    if any(sign in name for sign in "=,") or name[-1] in "+-":
        return "leave out = and commas, and + or - at the end: actions and commands are written with them"
    return ""


def factor_of(
    where: str, name: str, entries: Sequence[str], kind: str | None, alone: bool = False
) -> tuple[Factor, IntArray, str] | str:
    """The factor of a column, each image's value and a note; or only a note where it makes no factor.

    Args:
        where: the table, for messages.
        name: of the column.
        entries: of each image.
        kind: None to guess. Then words that are all different make no factor: no two images would agree in
            them, so that no other factor could have a pair.
        alone: whether it is the only column; then they do.

    Raises:
        SourceError: an entry is empty or no number among numbers.
        DatasetInputError: it is to be binary and has more than two values.
    """
    words = np.array([entry.strip() for entry in entries])
    if (words == "").any():
        row = int(np.flatnonzero(words == "")[0]) + 1
        raise SourceError(f"'{where}' says nothing of {name} in row {row}; fill it in or leave the row out")
    numbers = _numbers(where, name, words)
    if numbers is not None and kind not in ("nominal", "binary") and len(np.unique(numbers)) > CONTINUOUS:
        return _binned(name, numbers, kind)
    _, first, codes = np.unique(words if numbers is None else numbers, return_index=True, return_inverse=True)
    if len(first) < 2:
        return f"{name} has one value only and is left out"
    if len(first) > MOST_NAMES:
        return f"{name} has {len(first):,} different words and is left out"
    if kind is None and numbers is None and len(first) == len(words) > 2 and not alone:
        return f"{name} has another word for each image and is left out"
    if kind == "binary" and len(first) > 2:
        raise DatasetInputError(
            f"{name} has {len(first):,} different values, so it is not binary; make it ordinal, "
            "cyclic or nominal"
        )
    usual = "binary" if len(first) == 2 else "nominal" if numbers is None else "ordinal"
    factor = Factor(name, tuple(str(words[at]) for at in first), cast(Kind, kind or usual))
    return factor, codes.reshape(-1).astype(np.int64), ""


def _numbers(where: str, name: str, words: np.ndarray) -> np.ndarray | None:
    """The entries as numbers, or None where they are words."""
    try:
        numbers = words.astype(np.float64)
    except ValueError:
        return None
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers))[0]) + 1
        raise SourceError(f"'{where}' has no finite number for {name} in row {row}; mend it or leave it out")
    return numbers


def _binned(name: str, numbers: np.ndarray, kind: str | None) -> tuple[Factor, IntArray, str]:
    edges = np.linspace(numbers.min(), numbers.max(), BINS + 1)
    codes = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, BINS - 1).astype(np.int64)
    used, codes = np.unique(codes, return_inverse=True)
    names = tuple(f"{edges[k]:.4g} to {edges[k + 1]:.4g}" for k in used)
    note = f"{name} was put into {BINS} equally wide bins"
    return Factor(name, names, cast(Kind, kind or "ordinal")), codes.reshape(-1).astype(np.int64), note
