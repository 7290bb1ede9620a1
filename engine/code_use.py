"""How a code is used in a set of images: what it looks like, where it occurs, how often, with which factors.

Numpy only, so that the window can name the results without loading a model.

Legend: M images, Q codebooks, K codes per codebook, H x W latent grid, P = H*W cells, N = Q*P variables,
F factors, V values of a factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.factors import FactorSpace
from engine.errors import InputError
from engine.results import BoolArray, Codes, FloatArray, Image

EXAMPLES = 12
AROUND = 1  # cells on each side of an example


@dataclass(frozen=True, eq=False)
class FactorUse:
    """A factor of variation among the images that have a code at a variable, and among all images.

    Attributes:
        name, values: of the factor.
        among, overall: share of each value among the images with the code, and among all, [V]. Without any
            image with the code `among` is all zeros.
        information: I(has the code; value) / H(has the code), in 0..1: how much of the doubt whether an
            image has the code there its factor value takes away. None where none or all images have it.
        chance: what `information` comes to for a factor that has nothing to do with the code, because the
            images are few: the first-order bias (V - 1) / (2 M H), V counting values that occur.
    """

    name: str
    values: tuple[str, ...]
    among: FloatArray
    overall: FloatArray
    information: float | None
    chance: float


@dataclass(frozen=True, eq=False)
class CodeUse:
    """The use of one code of the codebook of a variable.

    Attributes:
        variable, code: what was asked about.
        num_images: M, the images that were looked at.
        share: of the images that have the code anywhere in the codebook's grid.
        rank: 1 for the code in most images; codes in equally many share a rank.
        num_used: codes of the codebook that any image has.
        order: all codes of the codebook, most used first, [K].
        heat: share of the images that have the code at each cell, [H,W].
        with_code: images that have it at the variable.
        examples: (image, cell) where it occurs, int64 [n,2]; at the variable's own cell first.
        factors: one a factor, first those that tell most beyond chance; empty where values are not known.
    """

    variable: int
    code: int
    num_images: int
    share: float
    rank: int
    num_used: int
    order: Codes
    heat: FloatArray
    with_code: int
    examples: npt.NDArray[np.int64]
    factors: tuple[FactorUse, ...]


def code_use(
    codes: Codes,
    grid: tuple[int, int, int],
    num_codes: int,
    variable: int,
    code: int,
    space: FactorSpace | None = None,
    labels: npt.NDArray[np.int64] | None = None,
) -> CodeUse:
    """The use of a code of the codebook of `variable` in images with codes [M,N].

    `space` and `labels` [M,F] are the factors and their values, or None where they are not known.

    Raises:
        InputError: no image, no such variable or code, or arrays that do not fit.
    """
    _check(codes, grid, num_codes, variable, code)
    book, cell = divmod(variable, grid[1] * grid[2])
    cells = codes.reshape(len(codes), grid[0], -1)[:, book]
    shares = shares_of_images(cells, num_codes)
    has = cells[:, cell] == code
    factors: tuple[FactorUse, ...] = ()
    if space is not None and labels is not None:
        if labels.shape != (len(codes), space.num_factors):
            raise InputError(f"{len(codes)} images do not have factor values of shape {labels.shape}")
        factors = factors_of(has, space, labels)
    heat: FloatArray = (cells == code).mean(axis=0).reshape(grid[1:]).astype(np.float32)
    return CodeUse(
        variable=variable,
        code=code,
        num_images=len(codes),
        share=float(shares[code]),
        rank=1 + int((shares > shares[code]).sum()),
        num_used=int((shares > 0).sum()),
        order=np.argsort(-shares, kind="stable"),
        heat=heat,
        with_code=int(has.sum()),
        examples=find_examples(cells, code, cell),
        factors=factors,
    )


def shares_of_images(cells: Codes, num_codes: int) -> FloatArray:
    """Share of the images that have each code anywhere, of codes [M,P] of one codebook, [K]."""
    there = np.zeros((len(cells), num_codes), dtype=bool)
    there[np.arange(len(cells))[:, None], cells] = True
    shares: FloatArray = there.mean(axis=0).astype(np.float32)
    return shares


def find_examples(cells: Codes, code: int, cell: int, count: int = EXAMPLES) -> npt.NDArray[np.int64]:
    """Where codes [M,P] of one codebook are `code`: at most `count` pairs (image, cell), int64 [n,2].

    One an image, so that no image fills them all; images that have it at `cell` come first. Where others
    have it several times the places take turns, so that not only the top left is seen.
    """
    here = np.flatnonzero(cells[:, cell] == code)[:count]
    found = [(int(image), cell) for image in here]
    elsewhere = (cells == code).any(axis=1) & (cells[:, cell] != code)
    for turn, image in enumerate(np.flatnonzero(elsewhere)[: count - len(found)]):
        places = np.flatnonzero(cells[image] == code)
        found.append((int(image), int(places[turn % len(places)])))
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def factors_of(has: BoolArray, space: FactorSpace, labels: npt.NDArray[np.int64]) -> tuple[FactorUse, ...]:
    """Every factor among the images that `has` [M] marks and among all; first those that tell most.

    Most beyond chance, that is: with few images a factor of many values would always lead.

    `labels` are the factor values, [M,F].
    """
    found = []
    for place, factor in enumerate(space.factors):
        values = labels[:, place]
        size = len(factor.values)
        information, chance = shared_information(has, values)
        among, overall = value_shares(values[has], size), value_shares(values, size)
        found.append(FactorUse(factor.name, factor.values, among, overall, information, chance))
    return tuple(sorted(found, key=lambda use: use.chance - (use.information or 0.0)))


def value_shares(values: npt.NDArray[np.int64], size: int) -> FloatArray:
    """Share of each of `size` values among values [n], [size]; zeros when there is none."""
    shares: FloatArray = (np.bincount(values, minlength=size) / max(1, len(values))).astype(np.float32)
    return shares


def shared_information(has: BoolArray, values: npt.NDArray[np.int64]) -> tuple[float | None, float]:
    """I(has; value) / H(has) of marks [M] and values [M], and its first-order bias; see FactorUse."""
    counts = np.stack(
        [np.bincount(values[has == mark], minlength=values.max() + 1) for mark in (False, True)]
    )
    doubt = _entropy(counts.sum(axis=1))
    if doubt == 0:
        return None, 0.0
    shared = doubt + _entropy(counts.sum(axis=0)) - _entropy(counts.ravel())
    occurring = int((counts.sum(axis=0) > 0).sum())
    chance = (occurring - 1) / (2 * len(has) * doubt)
    return float(np.clip(shared / doubt, 0.0, 1.0)), min(1.0, chance)


def _entropy(counts: npt.NDArray[np.int64]) -> float:
    """Of a distribution given as counts, in nats."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def crop(
    image: Image, grid: tuple[int, int], cell: int, around: int = AROUND
) -> tuple[Image, tuple[int, int, int, int]]:
    """A cell of the latent grid (H, W) in an image [h,w,c], with `around` cells on each side.

    All crops of an image size are of one size: at the border they are moved inwards. Also returns where
    the cell lies in the crop: left, top, width, height.
    """
    row, column = divmod(cell, grid[1])
    top, first_row, height = _window(image.shape[0], grid[0], row, around)
    left, first_column, width = _window(image.shape[1], grid[1], column, around)
    tall, wide = image.shape[0] // grid[0], image.shape[1] // grid[1]
    part = image[first_row : first_row + height, first_column : first_column + width]
    return part, (left - first_column, top - first_row, wide, tall)


def _window(length: int, parts: int, part: int, around: int) -> tuple[int, int, int]:
    """Along one axis: where the part begins, where the window around it begins, the window's length."""
    step = length // parts
    size = min(length, step * (1 + 2 * around))
    start = part * length // parts
    return start, min(max(0, start - around * step), length - size), size


def _check(codes: Codes, grid: tuple[int, int, int], num_codes: int, variable: int, code: int) -> None:
    variables = int(np.prod(grid))
    if codes.ndim != 2 or codes.shape[1] != variables or len(codes) == 0:
        raise InputError(f"expected codes of images with {variables} variables, not shape {codes.shape}")
    if not 0 <= variable < variables:
        raise InputError(f"there is no variable {variable}; variables are 0 to {variables - 1}")
    if not 0 <= code < num_codes:
        raise InputError(f"there is no code {code}; codes are 0 to {num_codes - 1}")
