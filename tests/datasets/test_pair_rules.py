"""Other pairs than the paper's, and what training never sees: each is what it says, and nothing leaks."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datasets
from datasets.cache import SPLITS, Cache
from datasets.errors import DatasetInputError
from datasets.factors import Factor, FactorSpace
from datasets.pair_rules import Asked, HeldOut, acting, choose, rules_suffix
from datasets.recipe import Hole, Recipe, Skew
from datasets.steps import GridNeighbours, acted, directed
from datasets.verify import Findings, verify
from tests.datasets.ruled import KINDS, KindSource, everything, leaks, ruled

SPACE = KindSource().space
OLD = {  # of the version before there were rules
    "plain": ("e89b1855208f783c8cc04f67", {"train_pairs": 60, "validation_pairs": 6, "test_pairs": 8}),
    "hidden": ("27d22fc9fdae21b3d4d14d87", {"train_pairs": 16, "validation_pairs": 3, "test_pairs": 4}),
    "drawn": ("be1d13daf2b09a99c4dc03dc", {"train_pairs": 0, "images": 70, "skew": (Skew("height", 4),)}),
}


def happens(space: FactorSpace, before: list[int], after: list[int]) -> set[str]:
    """All actions that lead from values to others, worked out anew from their names."""
    found = set()
    for f, factor in enumerate(space.factors):
        if any(x != y for g, (x, y) in enumerate(zip(before, after, strict=True)) if g != f):
            continue
        moved = after[f] - before[f]
        around = factor.acts == "around"
        if factor.acts == "set":
            found |= {f"{factor.name}={factor.values[after[f]]}"} if moved else set()
            continue
        for sign, step in (("+", factor.step), ("-", -factor.step)):
            if moved == step or (around and (moved - step) % factor.size == 0):
                found.add(factor.name + sign)
    return found


def check_actions(cache: Cache) -> None:
    """Each transition, there and back, is the one action that its name says."""
    for split in SPLITS:
        pairs = cache.transitions(split)
        for way in (pairs, pairs.reversed()):
            for before, after, action in zip(way.before, way.after, way.action, strict=True):
                names = happens(cache.space, cache.factors[before].tolist(), cache.factors[after].tolist())
                assert names == {cache.space.action_names[action]}


# ------------------------------------------------------------ as before


@pytest.mark.parametrize("name", OLD)
def test_a_usual_cache_is_what_it_always_was(tmp_path: Path, name: str) -> None:
    """Without rules the file is the same, byte for byte in every array and attribute."""
    digest, parts = OLD[name]
    ruled(tmp_path / "x.h5", KindSource(("hue",) if name == "hidden" else ()), **parts).close()
    assert everything(tmp_path / "x.h5") == digest


# ------------------------------------------------------------ which pairs there are


@pytest.mark.parametrize(
    ("parts", "there"),
    [
        ({"rules": ("wrap",)}, {"hue+", "hue-", "shape+", "height-", "lit+"}),
        ({"rules": ("set",)}, {"shape=shape 0", "shape=shape 3", "hue+", "lit-"}),
        ({"rules": ("wrap", "set"), "steps": ("hue=2", "height=3")}, {"hue+", "shape=shape 2", "height+"}),
        ({"frequency": "natural"}, {"hue+", "shape-"}),
    ],
)
def test_each_pair_is_the_action_that_it_says(tmp_path: Path, parts: dict, there: set[str]) -> None:
    """There and back, in every split; the recipe comes back from the file, and so do the actions."""
    with ruled(tmp_path / "x.h5", **parts) as cache:
        check_actions(cache)
        counts = cache.action_counts("train")
        assert there <= {name for name, count in counts.items() if count}
        assert Recipe.from_json(cache.recipe.to_json()) == cache.recipe
        assert cache.space == acting(SPACE, cache.recipe)
        found = next(item for item in verify(cache) if isinstance(item, Findings))
        assert found.sound


def test_around_the_end_only_where_there_is_none(tmp_path: Path) -> None:
    """Wrapping takes the last hue to the first; nothing else jumps. Two values cannot go around."""
    with ruled(tmp_path / "x.h5", rules=("wrap",)) as cache:
        pairs = cache.transitions("train")
        moved = np.abs(cache.factors[pairs.after] - cache.factors[pairs.before]).max(axis=0)
        assert moved.tolist() == [1, 4, 1, 1]
    two = FactorSpace((Factor("side", ("left", "right"), "cyclic"),))
    with pytest.raises(DatasetInputError, match="cyclic factors of 3 values or more"):
        acting(two, Recipe("tiny", rules=("wrap",)))


def test_null_pairs_are_dropped_and_counted(tmp_path: Path) -> None:
    """A shape that nobody sees cannot be set; then the recipe is refused, for it cannot be learned."""
    with pytest.raises(DatasetInputError, match="no training pair has the action shape=shape 0"):
        ruled(tmp_path / "x.h5", KindSource(("shape",)), rules=("set",), train_pairs=20)

    class Circle(KindSource):
        """The last hue looks like the first, as the last orientation of some sets does."""

        def render(self, values: np.ndarray) -> np.ndarray:
            return super().render(np.where([False, True, False, False], values % 4, values))

    with ruled(tmp_path / "y.h5", Circle(), rules=("wrap",)) as cache:
        assert cache.null_pairs_dropped > 0
        for split in SPLITS:
            pairs = cache.transitions(split)
            assert (np.abs(cache.factors[pairs.after] - cache.factors[pairs.before])[:, 1] < 4).all()


def test_natural_actions_are_as_frequent_as_their_pairs() -> None:
    """Balanced, each factor is as likely; natural, each pair is: within four standard errors of 20 draws."""
    space = acting(SPACE, Recipe("tiny", rules=("wrap", "set")))
    sizes = np.array(space.sizes)
    ways = np.array([3, 5, 6, 1]) / sizes  # pairs of each factor, over the number of images
    for natural, share in ((False, np.full(4, 0.25)), (True, ways / ways.sum())):
        neighbours, rng = GridNeighbours(space, natural), np.random.default_rng(1)
        drawn = np.concatenate([space.action_factors[neighbours.draw(rng).action] for _ in range(20)])
        found = np.bincount(drawn, minlength=4) / len(drawn)
        assert np.abs(found - share).max() < 4 * np.sqrt(0.25 / len(drawn))


acts = st.sampled_from(["steps", "around", "set"])


@st.composite
def spaces(draw: st.DrawFn) -> FactorSpace:
    factors = []
    for f in range(draw(st.integers(1, 3))):
        size, how = draw(st.integers(1, 5)), draw(acts)
        how = how if how != "around" or size > 2 else "steps"
        most = 1 if how == "set" else max(1, (size - 1) // (2 if how == "around" else 1))
        factors.append(
            Factor(f"f{f}", tuple(map(str, range(size))), "ordinal", how, draw(st.integers(1, most)))
        )
    return FactorSpace(tuple(factors))


@settings(max_examples=25)
@given(space=spaces(), seed=st.integers(0, 9))
def test_neighbours_are_those_that_the_names_say(space: FactorSpace, seed: int) -> None:
    """Counted, listed among some images and drawn: against all pairs of a small grid, one by one."""
    values = space.to_values(np.arange(space.num_images)).tolist()
    every = {(i, j) for i, j in combinations(range(len(values)), 2) if happens(space, values[i], values[j])}
    neighbours, rng = GridNeighbours(space), np.random.default_rng(seed)
    assert neighbours.count() == len(every)
    held = np.flatnonzero(rng.random(space.num_images) < 0.7)
    listed = Counter()
    for f, low, high in neighbours.among(held):
        block = directed(space, low, high, np.full(len(low), f), rng)
        for before, after, action, back in zip(*(column.tolist() for column in block), strict=True):
            listed[min(before, after), max(before, after)] += 1
            assert happens(space, values[before], values[after]) == {space.action_names[action]}
            assert happens(space, values[after], values[before]) == {space.action_names[back]}
    assert set(listed.values()) <= {1}
    assert set(listed) == {pair for pair in every if set(pair) <= set(held.tolist())}
    if every:
        block = neighbours.draw(rng)
        ends = np.sort(np.stack([block.before, block.after], axis=1), axis=1)
        assert {tuple(pair) for pair in ends.tolist()} <= every
        there = acted(space, space.to_values(block.before), block.action)
        assert (space.to_index(there) == block.after).all()


@settings(max_examples=25)
@given(space=spaces(), seed=st.integers(0, 9))
def test_how_many_actions_lie_between(space: FactorSpace, seed: int) -> None:
    """As many as a search finds; unreachable values are two or more away. And the space survives JSON."""
    assert FactorSpace.from_json(space.to_json()) == space
    start = np.random.default_rng(seed).integers(0, space.sizes)
    far = {tuple(start.tolist()): 0}
    queue = [start]
    for now in queue:
        for action in range(space.num_actions):
            after = acted(space, now[None], [action])[0]
            inside = ((after >= 0) & (after < space.sizes)).all()
            if inside and tuple(after.tolist()) not in far:
                far[tuple(after.tolist())] = far[tuple(now.tolist())] + 1
                queue.append(after)
    every = space.to_values(np.arange(space.num_images))
    counts = space.actions_between(start, every)
    for values, count in zip(every.tolist(), counts.tolist(), strict=True):
        assert count == far.get(tuple(values), count)
        assert tuple(values) in far or count >= 2


# ------------------------------------------------------------ what training never sees


def refused(error: DatasetInputError) -> None:
    """For want of pairs, and nothing else."""
    assert "could not be learned" in str(error) or "room for only" in str(error)


@settings(max_examples=15)
@given(
    seed=st.integers(0, 50),
    rules=st.sets(st.sampled_from(["wrap", "set"])),
    holes=st.sampled_from(
        [
            (Hole((("hue", (1, 2)),)),),
            (Hole((("shape", (0, 3)), ("lit", (1,)))), Hole((("height", (0, 1)), ("hue", (4,))))),
            (Hole((("height", (0,)),)), Hole((("lit", (0,)), ("shape", (1,))))),
        ]
    ),
    hidden=st.sampled_from([(), ("lit",)]),
)
def test_nothing_of_the_test_is_known_in_training(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    rules: set[str],
    holes: tuple[Hole, ...],
    hidden: tuple,
) -> None:
    """No test image, no test combination and no pixels of either are in a training or validation pair."""
    path = tmp_path_factory.mktemp("held") / "x.h5"
    counts = {"train_pairs": 20, "validation_pairs": 3, "test_pairs": 3}
    try:
        cache = ruled(path, KindSource(hidden), seed=seed, rules=tuple(rules), hold_out=holes, **counts)
    except DatasetInputError as error:  # small grids may have too little; never a leak instead
        refused(error)
        return
    with cache:
        assert len(cache.transitions("test")) == 3
        assert leaks(cache, holes) == []


def test_the_search_for_leaks_finds_one(tmp_path: Path) -> None:
    """A test image put among those of training is found, here and by verify."""
    holes = (Hole((("hue", (1, 2)),)),)
    with ruled(tmp_path / "x.h5", hold_out=holes) as cache:
        assert leaks(cache, holes) == []
        row, into = int(cache.rows("test")[0]), int(cache.transitions("train").before[0])
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        file["factor_values"][into] = file["factor_values"][row]
    with Cache.open(tmp_path / "x.h5") as cache:
        assert leaks(cache, holes)
        assert not next(item for item in verify(cache) if isinstance(item, Findings)).sound


@settings(max_examples=30)
@given(st.integers(0, 200), st.sampled_from([("hue",), ("shape", "hue"), ("height", "hue", "lit")]))
def test_a_share_is_chosen_by_the_seed(seed: int, factors: tuple[str, ...]) -> None:
    """A fifth of values or combinations; each value of several factors stays in training somewhere."""
    holes = choose(SPACE, Asked(factors), seed)
    assert holes == choose(SPACE, Asked(factors), seed)
    sizes = [KINDS[name][0] for name in factors]
    out = HeldOut(SPACE, holes).of(np.arange(SPACE.num_images))
    values = SPACE.to_values(np.arange(SPACE.num_images))
    assert out.mean() == pytest.approx(round(0.2 * np.prod(sizes)) / np.prod(sizes))
    for name in factors:
        f = SPACE.factor_index(name)
        left = np.unique(values[~out, f])
        assert len(left) == (KINDS[name][0] if len(factors) > 1 else KINDS[name][0] - 1)
        assert (np.diff(left) == 1).any(), "two neighbours stay"


# ------------------------------------------------------------ refused with a sentence


@pytest.mark.parametrize(
    ("name", "parts", "words"),
    [
        ("shapes", {"rules": ("wrap",), "images": 500}, "leave out --pairs, --step, --hold-out, --actions"),
        ("pendulum", {"rules": ("wrap",)}, "--pairs wrap is for cyclic factors"),
        ("shapes", {"steps": ("scale=8",)}, "scale has 8 values and cannot move by 8; give a step of 1 to 7"),
        ("shapes", {"steps": ("object_hue=5",), "rules": ("wrap",)}, "cannot move by 5 around its end"),
        ("shapes", {"steps": ("shape=2",), "rules": ("set",)}, "shape is set to its values and has no steps"),
        ("shapes", {"steps": ("size=2",)}, "unknown factor 'size'"),
        ("shapes", {"steps": ("scale=2", "scale=3")}, "given 2 times as a step"),
        ("shapes", {"steps": ("scale",)}, "is no step"),
        ("shapes", {"rules": ("round",)}, "there are no pairs 'round'"),
        ("shapes", {"several": 1}, "1 is not several factors"),
        ("causalvae_flow", {"several": 2}, "leave out --actions and --several"),
        ("shapes", {"frequency": "rare"}, "choose balanced or natural"),
        ("shapes", {"hold_out": [Asked(("colour",))]}, "unknown factor 'colour'"),
        ("shapes", {"hold_out": [Asked(("shape",), 0.8)]}, "two neighbours have to stay"),
        ("shapes", {"hold_out": [Asked(("shape", "shape"))]}, "names a factor twice"),
        ("shapes", {"hold_out": [Asked(("shape", "scale"), 0.99)]}, "every value stays in training"),
        (
            "shapes",
            {"hold_out": [Asked(("floor_hue", "wall_hue", "object_hue", "scale", "view"))]},
            "smaller",
        ),
        ("celeba", {"hold_out": [Asked(("Male",))]}, "those that its images allow"),
        ("own", {"frequency": "natural"}, "leave out --actions"),
    ],
)
def test_what_does_not_go_together_is_refused(name: str, parts: dict, words: str) -> None:
    """Before anything is drawn, with what to do."""
    with pytest.raises(DatasetInputError, match=words):
        datasets.make_recipe(name, **parts)


def test_all_held_out_is_refused(tmp_path: Path) -> None:
    """Also where actions are left without a pair, or the held-out part has none."""
    with pytest.raises(DatasetInputError, match="every value of lit is held out"):
        ruled(tmp_path / "x.h5", hold_out=(Hole((("lit", (0, 1)),)),))
    with pytest.raises(DatasetInputError, match="no training pair has the action lit"):
        ruled(tmp_path / "x.h5", hold_out=(Hole((("lit", (0,)),)),))
    every = tuple(Hole(((name, (1,)),)) for name in KINDS)
    single = Hole(tuple((name, (3 if name != "lit" else 1,)) for name in KINDS))
    with pytest.raises(DatasetInputError, match="among what is held out; hold out more"):
        ruled(tmp_path / "x.h5", hold_out=(single,))
    assert len(every) == 4
    assert list(tmp_path.iterdir()) == []


def test_the_pendulum_has_actions_of_its_own(tmp_path: Path) -> None:
    """Its rules are its physics, but angles can be held out."""
    recipe = datasets.make_recipe("pendulum", steps=["angle=2"])
    with pytest.raises(DatasetInputError, match="what its causes and effects make them"):
        list(datasets.build_recipe(recipe, tmp_path / "x.h5"))
    counts = {"train_pairs": 60, "validation_pairs": 10, "test_pairs": 12}
    recipe = datasets.make_recipe("pendulum", hold_out=[{"angle": [3, 4, 5]}], **counts)
    for _ in datasets.build_recipe(recipe, tmp_path / "x.h5"):
        pass
    with Cache.open(tmp_path / "x.h5") as cache:
        assert leaks(cache, recipe.hold_out) == []
        assert len(cache.transitions("test")) == 12


def test_names_tell_the_rules() -> None:
    """As weights do; a long one is shortened, and no two recipes share a name."""
    short = Recipe("shapes", rules=("wrap",), steps=("scale=2",), frequency="natural")
    assert datasets.cache_path(short).name == "shapes-wrap-step-scale-2-natural.h5"
    assert rules_suffix(Recipe("shapes")) == ""
    holes = choose(SPACE, Asked(("hue", "shape", "height")), 0)
    long, other = Recipe("tiny", hold_out=holes), Recipe("tiny", hold_out=holes[1:])
    assert len(rules_suffix(long)) < 40
    assert rules_suffix(long) != rules_suffix(other)
