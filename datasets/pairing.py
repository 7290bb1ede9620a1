"""Pairs among labelled images: two of one partition that differ in exactly one of the chosen attributes.

A grid has one image for each combination and every neighbour is at hand. Photographs are not a grid: a
*context* (values of all other chosen attributes) holds some images with and some without the attribute,
of different people. So pairs are ranked: the same person first, then the fewest differences in the
attributes that were not chosen, then the smallest distance between the pictures. An image is in at most
8 pairs of an attribute and context, and a context gives at most 64, as in the paper's public code, which
draws 8 images a side at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.errors import DatasetInputError
from datasets.factors import Factor, FactorSpace, IntArray

USES = 8  # pairs an image is in, for one attribute and context
CAP = USES * USES  # pairs of one attribute and context
ANCHORS = CAP  # images of a context's smaller side whose partners are looked for
MATCH_PERSON = "identity"
VALUES = ("no", "yes")
_SPLITS = 3

BoolArray = npt.NDArray[np.bool_]


def attribute_space(attributes: tuple[str, ...]) -> FactorSpace:
    """Binary factors, one an attribute."""
    return FactorSpace(tuple(Factor(name, VALUES, "binary") for name in attributes))


@dataclass(frozen=True)
class Labels:
    """What is known of N labelled images.

    Attributes:
        images: their names, [N].
        attributes: names, [A].
        present: whether an image has an attribute, [N, A].
        partitions: 0 train, 1 validation, 2 test; uint8 [N].
        people: number of the person shown, [N], or None where nobody knows.
    """

    images: tuple[str, ...]
    attributes: tuple[str, ...]
    present: BoolArray
    partitions: npt.NDArray[np.uint8]
    people: IntArray | None = None

    def column(self, attribute: str) -> int:
        """The position of an attribute.

        Raises:
            DatasetInputError: there is no such attribute; the message lists them.
        """
        try:
            return self.attributes.index(attribute)
        except ValueError:
            raise DatasetInputError(
                f"unknown attribute '{attribute}'; choose from {', '.join(self.attributes)}"
            ) from None

    def constant(self) -> tuple[str, ...]:
        """Attributes that all images of some partition have, or none: nothing can be learnt or asked."""
        varies = np.ones(len(self.attributes), bool)
        for split in range(_SPLITS):
            part = self.present[self.partitions == split]
            varies &= part.any(axis=0) & ~part.all(axis=0)
        return tuple(name for name, yes in zip(self.attributes, varies, strict=True) if not yes)

    def take(self, rows: IntArray) -> Labels:
        """The labels of some images."""
        return Labels(
            tuple(self.images[row] for row in rows.tolist()),
            self.attributes,
            self.present[rows],
            self.partitions[rows],
            None if self.people is None else self.people[rows],
        )


def contexts(labels: Labels, fixed: list[int], match_people: bool = False) -> IntArray:
    """A number for each image, [N]: equal where all attributes in the columns `fixed` (and people) are."""
    key = np.zeros(len(labels.images), np.int64)
    for column in fixed:
        key = 2 * key + labels.present[:, column]
    if match_people and labels.people is not None:
        _, key = np.unique(key, return_inverse=True)
        _, person = np.unique(labels.people, return_inverse=True)
        key = key * (int(person.max(initial=0)) + 1) + person
    return key


def usable(labels: Labels, chosen: list[int]) -> IntArray:
    """How many pairs the paper's cap leaves, for each column of `chosen` and split, [F, 3]."""
    counts = np.zeros((len(chosen), _SPLITS), np.int64)
    for f, column in enumerate(chosen):
        key = contexts(labels, [other for other in chosen if other != column])
        _, key = np.unique(key, return_inverse=True)
        size = int(key.max(initial=-1)) + 1
        has = labels.present[:, column]
        for split in range(_SPLITS):
            here = labels.partitions == split
            with_it = np.bincount(key[here & has], minlength=size)
            without = np.bincount(key[here & ~has], minlength=size)
            counts[f, split] = (np.minimum(with_it, USES) * np.minimum(without, USES)).sum()
    return counts


def choose_attributes(
    labels: Labels, number: int = 10, bounds: tuple[int, ...] = (200_000, 2_000, 4_000)
) -> tuple[str, ...]:
    """The attributes that together give most pairs, chosen one after the other; in the order of the file.

    More pairs than `bounds` (of training, validation, test) do not count; where sets give as many, the one
    whose rarest attribute has most training pairs is taken: first of the usable, then of all there are.
    Attributes that never vary, or always go with a chosen one, are not taken; so there may be fewer.
    """
    constant = labels.constant()
    left = [labels.column(name) for name in labels.attributes if name not in constant]
    chosen: list[int] = []
    key = labels.partitions.astype(np.int64)
    while left and len(chosen) < number:
        scores = {}
        for column in left:
            images = np.bincount(2 * key + labels.present[:, column], minlength=_SPLITS << (len(chosen) + 1))
            scores[column] = _worth(images.reshape(_SPLITS, *[2] * (len(chosen) + 1)), bounds)
        best = max(left, key=lambda column: (scores[column], -column))
        if scores[best][1] == 0:
            break
        key = 2 * key + labels.present[:, best]
        chosen.append(best)
        left.remove(best)
    return tuple(labels.attributes[column] for column in sorted(chosen))


def _worth(images: IntArray, bounds: tuple[int, ...]) -> tuple[int, int, int]:
    """How good a set of attributes is, given how many images each combination has, [3, 2, 2, ..., 2].

    Returns:
        Usable pairs within the bounds, and of the rarest attribute the usable and all training pairs.
    """
    counts, every = [], []
    for axis in range(1, images.ndim):
        without, with_it = (images.take(value, axis).reshape(_SPLITS, -1) for value in (0, 1))
        capped = np.minimum(without, USES) * np.minimum(with_it, USES)
        counts.append(capped.sum(axis=1))
        every.append(int((without[0] * with_it[0]).sum()))
    total = np.minimum(np.sum(counts, axis=0), bounds).sum()
    return int(total), int(min(count[0] for count in counts)), min(every)


def water_fill(available: IntArray, total: int) -> IntArray:
    """Share `total` out equally, as far as each place has something: what one lacks the others give.

    Args:
        available: how much each place has, [n].
        total: how much is wanted.

    Returns:
        How much each gives, [n]; together `total`, or all there is.
    """
    given = np.zeros(len(available), np.int64)
    left = min(total, int(available.sum()))
    while left:
        open_places = np.flatnonzero(given < available)
        share = max(1, left // len(open_places))
        add = np.minimum(available[open_places] - given[open_places], share)
        add[np.cumsum(add) > left] = 0
        given[open_places] += add
        left -= int(add.sum())
    return given


@dataclass(frozen=True)
class Features:
    """What candidates are ranked by. N images.

    Attributes:
        others: attributes that were neither chosen nor matched, float32 [N, O] of 0 and 1.
        people: person numbers [N], or None.
        thumbs: small pictures uint8 [N, D], D at most 256.
        contents: a number for each image, equal where all pixels are, [N].
    """

    others: npt.NDArray[np.float32]
    people: IntArray | None
    thumbs: npt.NDArray[np.uint8]
    contents: IntArray

    def residual(self, a: IntArray, b: IntArray) -> IntArray:
        """In how many other attributes rows a and b differ, elementwise."""
        return np.asarray((self.others[a] != self.others[b]).sum(axis=-1), np.int64)

    def same_person(self, a: IntArray, b: IntArray) -> BoolArray:
        """Whether rows a and b show one person, elementwise; False where nobody knows."""
        if self.people is None:
            return np.zeros(np.broadcast(a, b).shape, bool)
        return np.asarray(self.people[a] == self.people[b])


def rank(
    without: IntArray, with_it: IntArray, features: Features, rng: np.random.Generator
) -> tuple[IntArray, int]:
    """The best pairs of one context.

    Args:
        without: rows of the images that lack the attribute.
        with_it: rows of those that have it.
        features: what decides which pairs are better.
        rng: picks the images that are looked at, where there are many.

    Returns:
        Pairs (row without, row with), best first, [n, 2] with n at most CAP; and how many pairs of equal
        pictures were met and left out.
    """
    swap = len(without) > len(with_it)
    few, many = (with_it, without) if swap else (without, with_it)
    anchors = _anchors(few, many, features, rng)
    score, null = _scores(anchors, many, features)
    take = min(USES, len(many))
    near = np.argpartition(score, take - 1, axis=1)[:, :take]
    best = np.take_along_axis(score, near, axis=1)
    order = np.lexsort((np.repeat(anchors, take), best.ravel()))
    order = order[best.ravel()[order] < _NEVER]
    pairs = _in_rounds(np.repeat(np.arange(len(anchors)), take)[order], near.ravel()[order])
    ranked = np.stack([anchors[pairs[:, 0]], many[pairs[:, 1]]], axis=1)
    return (ranked[:, ::-1] if swap else ranked), null


_NEVER = np.int64(1) << 62


def _anchors(few: IntArray, many: IntArray, features: Features, rng: np.random.Generator) -> IntArray:
    """At most ANCHORS of `few`, at random, people that are also in `many` first; ascending."""
    if len(few) <= ANCHORS:
        return few
    shuffled = rng.permutation(few)
    if features.people is not None:
        known = np.isin(features.people[shuffled], features.people[many])
        shuffled = shuffled[np.argsort(~known, kind="stable")]
    return np.sort(shuffled[:ANCHORS])


def _scores(anchors: IntArray, many: IntArray, features: Features) -> tuple[IntArray, int]:
    """How bad each pair is [anchors, many]: person, differences, distance and, to tell all apart, position.

    All sums are of whole numbers below 2 ** 24, so float32 is exact and every machine ranks alike.
    """
    a, b = features.others[anchors], features.others[many]
    differences = a.sum(axis=1)[:, None] + b.sum(axis=1) - 2 * (a @ b.T)
    x, y = (features.thumbs[rows].astype(np.float32) for rows in (anchors, many))
    distance = np.square(x).sum(axis=1, dtype=np.float64)[:, None] + np.square(y).sum(
        axis=1, dtype=np.float64
    )
    distance -= 2.0 * (x @ y.T)
    stranger = ~features.same_person(anchors[:, None], many)
    score = (stranger.astype(np.int64) << 6 | differences.astype(np.int64)) << 25 | distance.astype(np.int64)
    score = score << 24 | np.arange(len(many))
    null = features.contents[anchors][:, None] == features.contents[many]
    score[null] = _NEVER
    return score, int(null.sum())


def _in_rounds(first: IntArray, second: IntArray) -> IntArray:
    """Pairs in the order in which they are taken, [n, 2]: in round k no image is in more than k pairs.

    So many images are used before one is used again.
    """
    used_first = np.zeros(int(first.max(initial=-1)) + 1, np.int64)
    used_second: dict[int, int] = {}
    left = list(zip(first.tolist(), second.tolist(), strict=True))
    taken: list[tuple[int, int]] = []
    for most in range(1, USES + 1):
        later = []
        for a, b in left:
            if used_first[a] < most and used_second.get(b, 0) < most:
                taken.append((a, b))
                used_first[a] += 1
                used_second[b] = used_second.get(b, 0) + 1
                if len(taken) == CAP:
                    return np.array(taken, np.int64)
            else:
                later.append((a, b))
        left = later
    return np.array(taken, np.int64).reshape(-1, 2)
