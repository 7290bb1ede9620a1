"""Pairs of labelled images are what they are said to be, and the best that there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.cache import SPLITS
from datasets.celeba import USUAL, CelebaSource
from datasets.errors import DatasetInputError
from datasets.labelled import owned_rows, resolve_recipe
from datasets.pairing import CAP, USES, Features, Labels, choose_attributes, rank, usable, water_fill
from datasets.recipe import Recipe
from datasets.search import PairSearch
from tests.datasets.faces import Faces, random_faces

MANY = 200_000


def labels_of(faces: Faces) -> Labels:
    people = None if faces.people is None else np.array(faces.people)
    present = np.asarray(faces.present, bool)
    return Labels(tuple(faces.names), faces.attributes, present, np.array(faces.partitions, np.uint8), people)


def features_of(labels: Labels, recipe: Recipe, contents: np.ndarray | None = None) -> Features:
    number = len(labels.images)
    rng = np.random.default_rng(1)
    free = [i for i, name in enumerate(labels.attributes) if name not in (*recipe.attributes, *recipe.match)]
    return Features(
        others=labels.present[:, free].astype(np.float32),
        people=labels.people,
        thumbs=rng.integers(256, size=(number, 12)).astype(np.uint8),
        contents=np.arange(number) if contents is None else contents,
    )


def searched(labels: Labels, recipe: Recipe, contents: np.ndarray | None = None) -> PairSearch:
    search = PairSearch(recipe, labels, features_of(labels, recipe, contents))
    for _ in search.run(10.0):
        pass
    return search


@st.composite
def sets(draw: st.DrawFn) -> tuple[Labels, Recipe, np.ndarray]:
    """Up to 400 images with few people and attributes, some pictures equal, in all three partitions."""
    seed = draw(st.integers(0, 10_000))
    number, attributes = draw(st.integers(60, 400)), draw(st.integers(4, 8))
    faces = random_faces(number, seed, people=draw(st.integers(1, 30)), attributes=attributes)
    factors = faces.attributes[: draw(st.integers(1, 3))]
    match = tuple(draw(st.sets(st.sampled_from((*faces.attributes[3:], "identity")), max_size=2)))
    wanted = draw(st.sampled_from((1, 7, 50, MANY)))
    contents = np.random.default_rng(seed).integers(number * draw(st.integers(1, 20)), size=number)
    recipe = Recipe("celeba", seed, wanted, wanted, wanted, attributes=factors, match=match)
    return labels_of(faces), recipe, contents


@settings(max_examples=40, deadline=None)
@given(sets())
def test_what_a_pair_is(drawn: tuple[Labels, Recipe, np.ndarray]) -> None:
    """One partition; exactly the action's factor differs, in its direction; all that is matched agrees;
    equal pictures are no pair; each pair once; at most USES a image and CAP a context; bounds are kept.
    """
    labels, recipe, contents = drawn
    try:
        search = searched(labels, recipe, contents)
    except DatasetInputError:
        return  # matched too narrowly: tested below
    columns = [labels.column(name) for name in recipe.attributes]
    matched = [labels.column(name) for name in recipe.match if name != "identity"]
    for number, split in enumerate(SPLITS):
        pairs = search.transitions(split)
        assert len(pairs) <= recipe.train_pairs
        uses: Counter[tuple[object, ...]] = Counter()
        sizes: Counter[tuple[object, ...]] = Counter()
        for before, after, action in zip(pairs.before, pairs.after, pairs.action, strict=True):
            assert labels.partitions[before] == labels.partitions[after] == number
            factor, rises = action % len(columns), action < len(columns)
            change = labels.present[after].astype(int) - labels.present[before]
            assert [change[c] for c in columns] == [
                (1 if rises else -1) if f == factor else 0 for f in range(len(columns))
            ]
            assert not change[matched].any()
            if "identity" in recipe.match:
                assert labels.people is not None
                assert labels.people[before] == labels.people[after]
            assert contents[before] != contents[after]
            shared = [c for c in (*columns, *matched) if c != columns[factor]]
            context = (factor, *labels.present[before, shared].tolist())
            if "identity" in recipe.match:
                assert labels.people is not None
                context = (*context, int(labels.people[before]))
            sizes[context] += 1
            uses[(*context, int(before))] += 1
            uses[(*context, int(after))] += 1
        assert max(uses.values(), default=0) <= USES
        assert max(sizes.values(), default=0) <= CAP
        keys = [frozenset(pair) for pair in zip(pairs.before.tolist(), pairs.after.tolist(), strict=True)]
        assert len(set(keys)) == len(keys)
        counts = np.bincount(pairs.action, minlength=2 * len(columns))
        assert np.abs(counts[: len(columns)] - counts[len(columns) :]).max() <= 1


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 99))
def test_small_contexts_give_all_pairs(few: int, many: int, seed: int) -> None:
    """With at most 8 images a side every pair is taken, as in the paper; and none twice."""
    number = few + many
    rng = np.random.default_rng(seed)
    features = Features(
        rng.integers(2, size=(number, 3)).astype(np.float32),
        rng.integers(3, size=number),
        rng.integers(256, size=(number, 12)).astype(np.uint8),
        np.arange(number),
    )
    pairs, null = rank(np.arange(few), np.arange(few, number), features, rng)
    assert null == 0
    assert len(pairs) == few * many
    assert {tuple(pair) for pair in pairs.tolist()} == {
        (a, b) for a in range(few) for b in range(few, number)
    }


def test_a_large_context_gives_its_cap_from_many_images() -> None:
    """Of 300 x 200 images 64 pairs are taken, no image twice while there are others."""
    rng = np.random.default_rng(0)
    features = Features(
        np.zeros((500, 1), np.float32),
        None,
        rng.integers(256, size=(500, 12)).astype(np.uint8),
        np.arange(500),
    )
    pairs, _ = rank(np.arange(300), np.arange(300, 500), features, rng)
    assert len(pairs) == CAP
    assert len(set(pairs[:, 1].tolist())) > CAP // 2
    assert pairs[:, 0].max() < 300 <= pairs[:, 1].min()


def test_a_popular_image_is_in_eight_pairs() -> None:
    """The image that is nearest to all others is not in all pairs; and first everybody is in one."""
    thumbs = np.full((40, 4), 200, np.uint8)
    thumbs[:21] = 0  # twenty images without, and the popular one with the attribute
    features = Features(np.zeros((40, 1), np.float32), None, thumbs, np.arange(40))
    pairs, _ = rank(np.arange(20), np.arange(20, 40), features, np.random.default_rng(0))
    assert Counter(pairs[:, 1].tolist())[20] == USES
    assert (pairs[:8, 1] == 20).sum() == 1


def test_better_pairs_come_first() -> None:
    """The same person counts before fewer differences, and these before nearer pixels."""
    others = np.zeros((5, 4), np.float32)
    others[1, :3] = 1  # the same person, three differences
    others[3, 0] = 1  # a stranger, one difference, the same pixels
    thumbs = np.zeros((5, 192), np.uint8)
    thumbs[2] = 255  # strangers without a difference: as far as can be
    thumbs[4] = 3  # and near
    features = Features(others, np.array([7, 7, 1, 2, 3]), thumbs, np.arange(5))
    pairs, _ = rank(np.array([0]), np.arange(1, 5), features, np.random.default_rng(0))
    assert pairs.tolist() == [[0, 1], [0, 4], [0, 2], [0, 3]]
    swapped, _ = rank(np.arange(1, 5), np.array([0]), features, np.random.default_rng(0))
    assert swapped.tolist() == [[1, 0], [4, 0], [2, 0], [3, 0]]
    nobody_knows = replace(features, people=None)
    pairs, _ = rank(np.array([0]), np.arange(1, 5), nobody_knows, np.random.default_rng(0))
    assert pairs.tolist() == [[0, 4], [0, 2], [0, 3], [0, 1]]
    alike = replace(features, contents=np.array([0, 0, 2, 3, 4]))
    pairs, null = rank(np.array([0]), np.arange(1, 5), alike, np.random.default_rng(0))
    assert (pairs.tolist(), null) == ([[0, 4], [0, 2], [0, 3]], 1)


def test_people_on_both_sides_are_looked_at_first() -> None:
    """Among many images of the smaller side, those whose person is on the other side too are never missed."""
    number = 1000
    people = np.arange(number)
    people[[3, 77, 400]] = people[[600, 601, 999]]
    features = Features(
        np.zeros((number, 1), np.float32), people, np.zeros((number, 4), np.uint8), np.arange(number)
    )
    for seed in range(5):
        pairs, _ = rank(np.arange(450), np.arange(450, number), features, np.random.default_rng(seed))
        assert {(3, 600), (77, 601), (400, 999)} <= {tuple(p) for p in pairs.tolist()}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=12), st.integers(0, 300))
def test_sharing_out_is_even(available: list[int], total: int) -> None:
    """All is given that is wanted and there; who still has some gave as much as anybody, give or take one."""
    given_out = water_fill(np.array(available, np.int64), total)
    assert given_out.sum() == min(total, sum(available))
    assert (given_out >= 0).all()
    assert (given_out <= available).all()
    open_places = given_out < np.array(available)
    if open_places.any():
        assert given_out[open_places].min() >= given_out.max() - 1


def test_bounds_are_shared_among_attributes() -> None:
    """A bound leaves the rare attribute what it has, and the others the same number each."""
    rng = np.random.default_rng(2)
    present = rng.random((900, 3)) < [0.5, 0.4, 0.02]
    faces = Faces(present, (np.arange(900) % 3).tolist(), attributes=("A", "B", "Rare"))
    labels = labels_of(faces)
    recipe = Recipe("celeba", 0, MANY, MANY, MANY, attributes=faces.attributes)
    every = np.bincount(searched(labels, recipe).transitions("test").action % 3)
    assert every[2] < 100 < every[0]
    bound = replace(recipe, test_pairs=int(every[2]) + 121)
    counts = np.bincount(searched(labels, bound).transitions("test").action % 3)
    assert counts[2] == every[2]
    assert sorted(counts[:2]) == [60, 61]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(MANY, MANY, MANY), (500, 50, 20)]))
def test_the_choice_counts_what_there_is(seed: int, bounds: tuple[int, int, int]) -> None:
    """No single attribute could be exchanged for the last chosen one and give more pairs."""
    labels = labels_of(random_faces(200, seed, attributes=7))
    both, one = choose_attributes(labels, 2, bounds), choose_attributes(labels, 1, bounds)

    def worth(names: tuple[str, ...]) -> int:
        counts = usable(labels, [labels.column(name) for name in names])
        return int(np.minimum(counts.sum(axis=0), bounds).sum())

    others = [name for name in labels.attributes if name not in (*one, *labels.constant())]
    assert worth(both) == max(worth((*one, name)) for name in others)


def test_many_attributes_need_no_table_of_all_combinations() -> None:
    """Forty attributes have 2 ** 40 combinations; only those that occur are counted."""
    labels = labels_of(random_faces(300, attributes=40))
    assert usable(labels, list(range(39))).shape == (39, 3)


def test_choosing_attributes() -> None:
    """Constant and twin attributes are not taken, balanced ones before rare ones; always the same ones."""
    rng = np.random.default_rng(5)
    present = rng.random((900, 6)) < [0.02, 0.5, 0.5, 0.3, 1, 0.4]
    present[:, 5] = present[:, 1]
    faces = Faces(
        present, (np.arange(900) % 3).tolist(), attributes=("Rare", "A", "B", "C", "Always", "Twin")
    )
    labels = labels_of(faces)
    assert labels.constant() == ("Always",)
    assert set(choose_attributes(labels, 3)) in ({"A", "B", "C"}, {"Twin", "B", "C"})
    assert len(choose_attributes(labels, 10)) == 4
    assert choose_attributes(labels, 10) == choose_attributes(labels, 10)
    recipe, left_out = resolve_recipe(Recipe("celeba", attributes=("A", "Always", "B")), labels)
    assert recipe.attributes == ("A", "B")
    assert left_out == ("Always",)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (
            Recipe("celeba", attributes=("Smiling", "Tall")),
            "unknown attribute 'Tall'; choose from Bald, Male",
        ),
        (Recipe("celeba", match=("Tall",)), "unknown attribute 'Tall'"),
        (Recipe("celeba", attributes=("Blurry",)), "none of the attributes varies"),
        (
            Recipe("celeba", attributes=("Male", "Bald", "Smiling")),
            r"differ in Male alone .*\(most of all Smiling",
        ),
        (Recipe("celeba", attributes=("Bald",), match=("identity",)), "the source does not say who is who"),
    ],
)
def test_refused_attributes(asked: Recipe, complaint: str) -> None:
    """Unknown, constant and inseparable attributes are named."""
    faces = random_faces(60)
    faces.present[:, 2] = ~faces.present[:, 1]
    faces.people = None
    with pytest.raises(DatasetInputError, match=complaint):
        resolve_recipe(asked, labels_of(faces))


def test_matching_too_much_is_said() -> None:
    """Where a match leaves a split or a training action without pairs, that is said by name."""
    faces = random_faces(60, people=5)
    labels = labels_of(replace(faces, people=list(range(60))))
    recipe = Recipe("celeba", attributes=("Male", "Smiling"), match=("identity",))
    with pytest.raises(DatasetInputError, match="no two train images differ in one of the chosen attributes"):
        searched(labels, recipe)
    always_same = faces.present[:, 1].astype(int).tolist()  # nobody changes sex
    labels = labels_of(replace(faces, people=always_same))
    with pytest.raises(DatasetInputError, match=r"no training pair for Male\+ and Male-"):
        searched(labels, recipe)


def test_all_is_every_attribute() -> None:
    """`all` matches every attribute that is no factor; people only where they are named too."""
    labels = labels_of(random_faces(300, attributes=6))
    recipe, _ = resolve_recipe(Recipe("celeba", attributes=("Male",), match=("all",)), labels)
    assert set(recipe.match) == set(labels.attributes) - {"Male"}
    recipe, _ = resolve_recipe(Recipe("celeba", attributes=("Male",), match=("all", "identity")), labels)
    assert set(recipe.match) == {*labels.attributes, "identity"} - {"Male"}


def test_contents_belong_to_the_last_partition() -> None:
    """A picture in several partitions stays in test, else in validation; within one, all copies stay."""
    partitions = np.array([0, 0, 1, 2, 0, 1, 0, 0], np.uint8)
    contents = np.array([0, 1, 1, 0, 2, 3, 4, 4])
    assert owned_rows(partitions, contents).tolist() == [2, 3, 4, 5, 6, 7]


def test_the_drawn_faces() -> None:
    """Three thousand drawn faces in CelebA's layout: all ten recommended attributes have their pairs."""
    archive = Path(__file__).parents[3] / "shared" / "data" / "facesjs_celeba_3000.tar.gz"
    if not archive.is_file():
        pytest.skip("the drawn faces are not at ../shared/data/facesjs_celeba_3000.tar.gz")
    source = CelebaSource(archive)
    labels = source.labels
    assert np.bincount(labels.partitions).tolist() == [2400, 300, 300]
    assert len(labels.constant()) == 18
    assert labels.present[:, labels.column("Eyeglasses")].mean() == pytest.approx(0.094, abs=5e-4)
    assert all(image.std() > 20 for _, image in source.images(np.arange(20)))
    recipe, left_out = resolve_recipe(
        Recipe("celeba", train_pairs=MANY, attributes=(*USUAL, "Attractive")), labels
    )
    assert left_out == ("Attractive",)
    search = searched(labels, recipe)
    report = search.report()["pairs"]
    assert min(action["pairs"] for action in report["train"].values()) > 500  # type: ignore[index]
    assert min(action["pairs"] for action in report["test"].values()) >= 30  # type: ignore[index]
    same = sum(action["same_person"] for action in report["train"].values())  # type: ignore[index]
    assert same > 0.05 * len(search.transitions("train"))
