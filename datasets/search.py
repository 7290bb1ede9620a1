"""Searches all contexts of labelled images for pairs, and shares the wanted number out among them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from datasets.cache import SPLITS, Transitions
from datasets.errors import DatasetInputError
from datasets.factors import IntArray
from datasets.pairing import MATCH_PERSON, Features, Labels, attribute_space, contexts, rank, water_fill
from datasets.recipe import Recipe


class PairSearch:
    """The pairs of all splits. Call `run` to its end first.

    Args:
        recipe: with its attributes; its pair counts are upper bounds.
        labels: of all images of the cache, in the order of its rows.
        features: of the same images.

    Attributes:
        columns: of the chosen attributes in `labels`.
        null_pairs: pairs of equal pictures that were met and left out.
    """

    def __init__(self, recipe: Recipe, labels: Labels, features: Features) -> None:
        self._recipe, self._labels, self._features = recipe, labels, features
        self.columns = [labels.column(name) for name in recipe.attributes]
        self._matched = [labels.column(name) for name in recipe.match if name != MATCH_PERSON]
        self.null_pairs = 0
        self._found: dict[str, Transitions] = {}

    def run(self, slice_s: float) -> Iterator[tuple[int, int]]:
        """Search; yields (images compared, of all) every `slice_s` seconds.

        Raises:
            DatasetInputError: a split, or an action in training, has no pair.
        """
        total, done, reported = len(self.columns) * len(self._labels.images), 0, time.perf_counter()
        for number, split in enumerate(SPLITS):
            ranked: list[list[IntArray]] = []
            for factor in range(len(self.columns)):
                rng = np.random.default_rng([self._recipe.seed, number, factor])
                ranked.append([])
                for without, with_it in self._contexts(number, factor):
                    if len(without) and len(with_it):
                        pairs, null = rank(without, with_it, self._features, rng)
                        self.null_pairs += null
                        ranked[-1].append(pairs)
                    done += len(without) + len(with_it)
                    if time.perf_counter() - reported > slice_s:
                        yield done, total
                        reported = time.perf_counter()
            self._found[split] = self._share_out(number, ranked)
        yield total, total

    def transitions(self, split: str) -> Transitions:
        """The pairs of a split."""
        return self._found[split]

    def report(self) -> dict[str, object]:
        """How the pairs are, JSON-ready: for each split and action their number, how many show one person
        (null where nobody knows), and the mean number of differences in the other attributes.
        """
        rates = self._labels.present.mean(axis=0)
        return {
            "rates": {n: round(float(r), 4) for n, r in zip(self._labels.attributes, rates, strict=True)},
            "constant": self._labels.constant(),
            "pairs": {split: self._describe(pairs) for split, pairs in self._found.items()},
        }

    def _describe(self, pairs: Transitions) -> dict[str, dict[str, float | None]]:
        same = self._features.same_person(pairs.before, pairs.after)
        differ = self._features.residual(pairs.before, pairs.after)
        described: dict[str, dict[str, float | None]] = {}
        for action, name in enumerate(attribute_space(self._recipe.attributes).action_names):
            of = pairs.action == action
            described[name] = {
                "pairs": int(of.sum()),
                "same_person": None if self._features.people is None else int(same[of].sum()),
                "other_differences": round(float(differ[of].mean()), 3) if of.any() else None,
            }
        return described

    def _contexts(self, split: int, factor: int) -> Iterator[tuple[IntArray, IntArray]]:
        """The rows without and with an attribute, context by context."""
        column = self.columns[factor]
        fixed = [c for c in (*self.columns, *self._matched) if c != column]
        rows = np.flatnonzero(self._labels.partitions == split)
        key = contexts(self._labels, fixed, MATCH_PERSON in self._recipe.match)[rows]
        order = np.argsort(key, kind="stable")
        cuts = np.flatnonzero(np.diff(key[order])) + 1
        for group in np.split(rows[order], cuts):
            has = self._labels.present[group, column]
            yield group[~has], group[has]

    def _share_out(self, split: int, ranked: list[list[IntArray]]) -> Transitions:
        """Every attribute, and in it every context, gives the same number of its best pairs if it can."""
        rng = np.random.default_rng([self._recipe.seed, split, len(ranked)])
        counts = np.array([sum(map(len, groups)) for groups in ranked], np.int64)
        self._refuse_empty(SPLITS[split], counts)
        tables = []
        shares = water_fill(counts, self._recipe.pairs[SPLITS[split]])
        for factor, (groups, share) in enumerate(zip(ranked, shares.tolist(), strict=True)):
            # Which context gives one pair more than the next is a matter of chance.
            groups = [groups[i] for i in rng.permutation(len(groups))]
            quotas = water_fill(np.array([len(group) for group in groups], np.int64), share)
            pairs = np.concatenate(
                [np.empty((0, 2), np.int64), *(g[:q] for g, q in zip(groups, quotas.tolist(), strict=True))]
            )
            # One half falls and one rises, so that both directions are equally common.
            falls = rng.permutation(len(pairs)) % 2 == 1
            pairs[falls] = pairs[falls, ::-1]
            action = np.where(falls, factor + len(ranked), factor)
            tables.append(np.column_stack([pairs, action]))
        table = rng.permutation(np.concatenate(tables)).astype(np.int64)
        opposite = attribute_space(self._recipe.attributes).opposites
        return Transitions(table[:, 0], table[:, 1], table[:, 2], opposite[table[:, 2]])

    def _refuse_empty(self, split: str, counts: IntArray) -> None:
        if not counts.any():
            raise DatasetInputError(
                f"no two {split} images differ in one of the chosen attributes alone; choose fewer attributes"
            )
        if split == "train" and not counts.all():
            name = self._recipe.attributes[int(np.argmin(counts))]
            raise DatasetInputError(
                f"there is no training pair for {name}+ and {name}-: leave {name} out of the attributes, or "
                "match less"
            )
