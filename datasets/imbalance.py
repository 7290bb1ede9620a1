"""Training images drawn unevenly from a grid: weights, the drawing, and how many pairs to expect.

The weight of an image with factor values v is

    w(v)  =  prod_f rho_f ^ (-i_f / (K_f - 1))  *  prod_(f,g) exp(-d_fg(v)^2 / (2 sigma_fg^2)),

0 inside a hole. A skew (Skew) has i = v where the high values are the rare ones, else i = K - 1 - v. A
correlation (Correlation) has d = |a - b| with a = v / (K - 1), or, where both factors are cyclic,
the way round the circle, d = min(|a - b|, 1 - |a - b|) with a = v / K. The exponential class counts are usual
in work on long tails; the correlation is that of Traeuble et al. 2021 (arXiv 2006.07886).

Images are drawn without replacement, the next one always in proportion to the weights of those left.
That is the order of independent exponential arrival times of rate w (Efraimidis and Spirakis 2006), so the
first n of an order are a draw of n, and a smaller draw lies within a larger one of the same seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.errors import DatasetInputError
from datasets.factors import Factor, FactorSpace, IntArray
from datasets.recipe import Correlation, Hole, Recipe, Skew

FloatArray = npt.NDArray[np.float64]

DEFAULT_IMAGES = 40_000  # about as many training images as the default recipe of `shapes` has
_LONGEST_SUFFIX = 120  # characters; file systems take names of 255


@dataclass(frozen=True)
class Expectation:
    """Training pairs of each action that a recipe leads to, before identical pictures are dropped.

    Attributes:
        mean: float64 [A].
        spread: standard deviation over seeds, an upper bound, float64 [A].
    """

    mean: FloatArray
    spread: FloatArray


def weights(space: FactorSpace, recipe: Recipe) -> FloatArray:
    """The probability of each image of the grid to be drawn first, [grid], sum 1.

    Raises:
        DatasetInputError: an unknown factor, a hole with a value outside its factor's range, or holes
            that leave nothing.
    """
    logs = log_weights(space, recipe)
    relative = np.exp(logs - logs.max())
    return np.asarray(relative / relative.sum())


def log_weights(space: FactorSpace, recipe: Recipe) -> FloatArray:
    """Log w of each image of the grid up to a constant, [grid]; -inf in a hole. Errors: see `weights`."""
    logs = np.zeros(space.sizes)
    for skew in recipe.skew:
        axis = space.factor_index(skew.factor)
        logs += _along(space, axis, _skew_logs(space.factors[axis], skew))
    for pair in recipe.correlate:
        logs += _correlation_logs(space, pair)
    for hole in recipe.holes:
        logs[np.ix_(*_hole_ranges(space, hole))] = -np.inf
    if not np.isfinite(logs).any():
        raise DatasetInputError("the holes leave no image to train on; remove one (--hole)")
    return logs.ravel()


def check(space: FactorSpace, recipe: Recipe) -> FloatArray:
    """`log_weights` of a recipe that the grid has enough images for.

    Raises:
        DatasetInputError: see `weights`, or more images are asked for than there are outside the holes.
    """
    logs = log_weights(space, recipe)
    there = int(np.isfinite(logs).sum())
    if recipe.images > there:
        raise DatasetInputError(
            f"the data set has {there:,} images to draw from, {recipe.images:,} were asked for; "
            "ask for fewer with --images"
        )
    return logs


def draw_order(logs: FloatArray, rng: np.random.Generator) -> IntArray:
    """Grid indices in the order in which they are drawn, without replacement; those in holes never are."""
    arrival = np.log(rng.standard_exponential(len(logs))) - logs
    order = np.argsort(arrival, kind="stable")
    return order[: int(np.isfinite(logs).sum())].astype(np.int64)


def inclusion(probabilities: FloatArray, images: int) -> FloatArray:
    """The probability of each image to be among the first `images` drawn, [grid]; the sum is `images`.

    An image is there when its arrival time is below the one at which `images` are expected to have come,
    pi = 1 - exp(-w t). The error is of the order 1 / images.
    """
    possible = int((probabilities > 0).sum())
    if images >= possible:
        return (probabilities > 0).astype(np.float64)
    # Few weights are different, so that the search does not go over the whole grid each time.
    different, often = np.unique(probabilities, return_counts=True)
    low = high = float(images)  # sum(1 - exp(-w t)) <= t
    while often @ -np.expm1(-different * high) < images:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if often @ -np.expm1(-different * middle) < images:
            low = middle
        else:
            high = middle
    return np.asarray(-np.expm1(-probabilities * high))


def expect(space: FactorSpace, recipe: Recipe, taken: npt.ArrayLike = ()) -> Expectation:
    """How many training pairs of each action a recipe with drawn images leads to.

    A pair is there when both its images are; `spread` takes the images for independent and the two
    directions of a pair for a fair coin.

    Args:
        space: the grid.
        recipe: of drawn images.
        taken: grid indices that other splits hold and training cannot have.

    Raises:
        DatasetInputError: see `weights`.
    """
    probabilities = weights(space, recipe)
    probabilities[np.asarray(taken, dtype=np.int64)] = 0
    there = inclusion(probabilities / probabilities.sum(), recipe.images).reshape(space.sizes)
    mean, variance = np.array([_count_steps(there, axis) for axis in range(space.num_factors)]).T
    kept = min(1.0, recipe.train_pairs / mean.sum()) if recipe.train_pairs and mean.sum() > 0 else 1.0
    mean, variance = kept * mean, kept**2 * variance + kept * (1 - kept) * mean
    return Expectation(np.tile(mean / 2, 2), np.tile(np.sqrt((variance + mean) / 4), 2))


def neighbours_within(space: FactorSpace, held: npt.ArrayLike) -> list[int]:
    """How many pairs of neighbours lie inside a set of grid indices, by factor, [F]."""
    grid = np.zeros(space.num_images, dtype=bool)
    grid[np.asarray(held, dtype=np.int64)] = True
    grid = grid.reshape(space.sizes)
    counts = []
    for axis in range(space.num_factors):
        lined = np.moveaxis(grid, axis, 0)
        counts.append(int((lined[:-1] & lined[1:]).sum()))
    return counts


def refuse_missing(space: FactorSpace, recipe: Recipe, pairs: Sequence[int]) -> None:
    """Refuse a draw that says nothing about some action.

    Args:
        space: the grid.
        recipe: for what may be to blame.
        pairs: training pairs by factor, [F].

    Raises:
        DatasetInputError: a factor with two values or more has none; names its actions and what to change.
    """
    for factor, count in zip(space.factors, pairs, strict=True):
        if factor.size > 1 and not count:
            remedies = ["more --images", *_remedies(recipe, factor.name)]
            remedies += ["more --train-pairs"] if recipe.train_pairs else []
            raise DatasetInputError(
                f"no training pair among {recipe.images:,} drawn images changes {factor.name}, so the "
                f"actions {factor.name}+ and {factor.name}- could not be learned; ask for "
                f"{', or '.join(remedies)}"
            )


def hole(space: FactorSpace, values: Mapping[str, Sequence[str | int]]) -> Hole:
    """A hole from values given by name or, where no value has that name, by index.

    Raises:
        DatasetInputError: an unknown factor or value.
    """
    named = []
    for name, chosen in values.items():
        factor = space.factors[space.factor_index(name)]
        named.append((name, tuple(_value_index(factor, value) for value in chosen)))
    return Hole(tuple(named))


def suffix(recipe: Recipe) -> str:
    """What a file name says of a recipe with drawn images ("-skew-object_hue-100-images-40000"), else ""."""
    if not recipe.images:
        return ""
    words: list[str] = []
    for skew in recipe.skew:
        words += ["skew", skew.factor, f"{skew.ratio:g}", *(["low"] if skew.rare == "low" else [])]
    for pair in recipe.correlate:
        words += ["correlate", pair.first, pair.second, f"{pair.sigma:g}"]
    for gap in recipe.holes:
        words += ["hole", *(f"{name}-{'.'.join(map(str, chosen))}" for name, chosen in gap.values)]
    words += ["images", str(recipe.images)]
    words += ["pairs", str(recipe.train_pairs)] if recipe.train_pairs else []
    text = "-" + "-".join(words)
    if len(text) <= _LONGEST_SUFFIX:
        return text
    return f"-{words[0]}-{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}-images-{recipe.images}"


def _skew_logs(factor: Factor, skew: Skew) -> FloatArray:
    """Log of the marginal weight of each value, [K]."""
    far = np.arange(factor.size) if skew.rare == "high" else np.arange(factor.size)[::-1]
    return np.asarray(-np.log(skew.ratio) * far / max(factor.size - 1, 1))


def _correlation_logs(space: FactorSpace, pair: Correlation) -> FloatArray:
    """Log of the weight of each combination of the two factors, shaped to be added to the grid."""
    axes = [space.factor_index(name) for name in (pair.first, pair.second)]
    factors = [space.factors[axis] for axis in axes]
    circle = all(factor.kind == "cyclic" for factor in factors)
    first, second = (
        _along(space, axis, np.arange(factor.size) / (factor.size if circle else max(factor.size - 1, 1)))
        for axis, factor in zip(axes, factors, strict=True)
    )
    distance = np.abs(first - second)
    if circle:
        distance = np.minimum(distance, 1 - distance)
    with np.errstate(over="ignore"):  # then the weight is 0
        return np.asarray(-((distance / pair.sigma) ** 2) / 2)


def _along(space: FactorSpace, axis: int, values: FloatArray) -> FloatArray:
    """Values [K] of one factor, shaped to be added to the grid."""
    shape = [1] * space.num_factors
    shape[axis] = len(values)
    return values.reshape(shape)


def _hole_ranges(space: FactorSpace, gap: Hole) -> list[list[int]]:
    """The values of each factor that the hole covers."""
    ranges = [list(range(size)) for size in space.sizes]
    for name, chosen in gap.values:
        axis = space.factor_index(name)
        for value in chosen:
            _value_index(space.factors[axis], value)
        ranges[axis] = list(chosen)
    return ranges


def _value_index(factor: Factor, value: str | int) -> int:
    """The index of a value."""
    text = str(value)
    if isinstance(value, str) and value in factor.values:
        return factor.values.index(value)
    if text.isascii() and text.isdigit() and int(text) < factor.size:
        return int(text)
    raise DatasetInputError(
        f"{factor.name} has no value '{text}'; give 0 to {factor.size - 1} or one of "
        f"{', '.join(factor.values)}"
    )


def _count_steps(there: FloatArray, axis: int) -> tuple[float, float]:
    """Mean and variance of the number of pairs that change one factor, given each image's inclusion."""
    line = np.moveaxis(there, axis, 0)
    pair = line[:-1] * line[1:]
    # Two pairs of a factor that share an image are both there when all three images are.
    shared = line[:-2] * line[1:-1] * line[2:] * (1 - line[1:-1])
    return float(pair.sum()), float((pair * (1 - pair)).sum() + 2 * shared.sum())


def _remedies(recipe: Recipe, factor: str) -> list[str]:
    """What in the recipe may be to blame that a factor never changes; all of it where nothing names it."""
    found: list[tuple[bool, str]] = []
    for skew in recipe.skew:
        found.append((skew.factor == factor, f"a smaller ratio in --skew {skew.factor}"))
    for pair in recipe.correlate:
        touches = factor in (pair.first, pair.second)
        found.append((touches, f"a larger sigma in --correlate {pair.first},{pair.second}"))
    for gap in recipe.holes:
        names = [name for name, _ in gap.values]
        found.append((factor in names, f"a smaller --hole of {' and '.join(names)}"))
    return [text for touches, text in found if touches] or [text for _, text in found]
