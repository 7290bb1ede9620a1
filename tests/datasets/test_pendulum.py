"""The pendulum: its physics by hand, its actions as true interventions, its pictures and its cache."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datasets
from datasets.build import build
from datasets.cache import SPLITS, Cache
from datasets.errors import CacheError, DatasetInputError
from datasets.pendulum import (
    ANGLES_DEG,
    DEVIATION,
    GRAPH,
    LENGTH_STEP,
    LIGHTS,
    POSITION_STEP,
    POSITIONS,
    SHORTEST,
    PendulumSource,
    pendulum_space,
    shadow,
)
from datasets.recipe import Recipe
from datasets.steps import PlainSteps, SettledNeighbours, Steps, moved, neighbours_of, successors
from datasets.verify import Findings, verify

SOURCE = PendulumSource()
SPACE = pendulum_space()
RECIPE = Recipe("pendulum", seed=2, train_pairs=300, validation_pairs=40, test_pairs=80)
own_values = st.tuples(
    st.integers(0, len(ANGLES_DEG) - 1),
    st.integers(0, len(LIGHTS) - 1),
    st.integers(-DEVIATION, DEVIATION),
    st.integers(-DEVIATION, DEVIATION),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pendulum") / "pendulum.h5"
    for _ in build(SOURCE, path, RECIPE):
        pass
    return path


@pytest.fixture
def cache(path: Path) -> Iterator[Cache]:
    with Cache.open(path) as opened:
        yield opened


def test_the_shadow_by_hand() -> None:
    """Light above the pivot, pendulum straight down: no length. 20 px to the left: by similar triangles.

    The pivot is 25 px above the ground and 26 below the light, so its shadow lies 20 * 25 / 26 to the right;
    the bob, 9 above and 42 below, has its at 20 * 9 / 42.
    """
    assert shadow(0.0, 32.0) == (0.0, 0.0)
    length, position = shadow(0.0, 12.0)
    pivot, bob = 20 * 25 / 26, 20 * 9 / 42
    assert length == pytest.approx(pivot - bob)
    assert position == pytest.approx((pivot + bob) / 2)
    # mirrored light and angle mirror the shadow
    length, position = shadow(30.0, 12.0)
    assert shadow(-30.0, 52.0) == pytest.approx((length, -position))
    # at 30 degrees the bob is 8 px to the right and 25 - 16 cos 30 above the ground, 28 from the light
    height = 25 - 16 * np.sqrt(3) / 2
    assert shadow(30.0, 12.0)[0] == pytest.approx(abs(12 + 28 * 51 / (51 - height) - (32 + pivot)))


def test_effects_are_what_the_physics_says() -> None:
    """Where nothing was done to the shadow its values are those of its equation, to half a step."""
    own = np.zeros((len(ANGLES_DEG) * len(LIGHTS), 4), np.int64)
    own[:, 0], own[:, 1] = (grid.ravel() for grid in np.indices((len(ANGLES_DEG), len(LIGHTS))))
    values, there = SOURCE.settle(own)
    assert there.all()
    length, position = shadow(ANGLES_DEG[own[:, 0]], LIGHTS[own[:, 1]])
    assert np.abs(values[:, 2] - length / LENGTH_STEP).max() <= 0.5 + 1e-9
    assert np.abs(values[:, 3] - POSITIONS // 2 - position / POSITION_STEP).max() <= 0.5 + 1e-9


@given(own=own_values, action=st.integers(0, 7))
def test_actions_are_interventions(own: tuple[int, ...], action: int) -> None:
    """An effect's action moves it alone, a cause's moves it and leaves deviations; the opposite undoes it."""
    values, there = SOURCE.settle(np.array([own]))
    if not there[0]:
        return
    assert (SOURCE.own_values(values) == [own]).all()
    after, possible = successors(SOURCE, values, [action])
    if not possible[0]:
        return
    factor, direction = SPACE.factor_of_action(action)
    step = (after - values)[0]
    assert step[factor] == direction
    if factor >= 2:
        assert np.abs(step).sum() == 1
    else:
        assert step[1 - factor] == 0
        caused = [SOURCE.settle(np.array([[*v[:2], 0, 0]]))[0][0] for v in (values[0], after[0])]
        assert (step[2:] == (caused[1] - caused[0])[2:]).all()
    back, possible = successors(SOURCE, after, [(action + 4) % 8])
    assert possible[0]
    assert (back == values).all()
    far, possible = successors(SOURCE, values, [action], repetitions=2)
    if possible[0]:
        assert (far == successors(SOURCE, after, [action])[0]).all()


def test_effects_move_by_more_than_one_step() -> None:
    """Some actions on a cause move an effect by two steps, some not at all; none leaves the grid."""
    neighbours = SettledNeighbours(SOURCE)
    held = np.arange(SPACE.num_images)
    for factor, low, high in neighbours.among(held):
        step = SPACE.to_values(high) - SPACE.to_values(low)
        assert len(low) > 10_000
        if factor < 2:
            assert {1, 2} <= set(np.abs(step[:, 2:]).ravel().tolist())
    assert neighbours.count() == sum(len(low) for _, low, _ in neighbours.among(held))


def test_the_set_holds_no_shadow_that_stands_off_too_far() -> None:
    """Deviations end at DEVIATION steps, and values at the ends of the grid; any values can be drawn."""
    for deviation, there in ((DEVIATION, True), (DEVIATION + 1, False), (-1, False)):
        assert SOURCE.settle(np.array([[7, 7, deviation, 0]]))[1].tolist() == [there]
    assert not SOURCE.settle(np.array([[-1, 0, 0, 0], [15, 0, 0, 0]]))[1].any()
    assert not successors(PlainSteps(SPACE), np.array([[0, 3, 0, 0]]), [4])[1][0]
    assert SOURCE.render(np.array([[0, 0, 18, 36]])).shape == (1, 64, 64, 3)
    with pytest.raises(DatasetInputError, match="light"):
        SOURCE.render(np.array([[0, 15, 0, 0]]))


def test_pictures_show_the_values() -> None:
    """The light, the bob and the shadow are where they should be; equal values give equal pictures."""
    values = np.array([[14, 0, 8, 18], [7, 14, 3, 26]])
    for image, (angle, light, length, position) in zip(SOURCE.render(values), values, strict=True):
        image = image.astype(int)
        assert abs(columns(image[:12, :, 2] < 110) - LIGHTS[light]) < 0.6
        red = (image[..., 0] - image[..., 1] > 100) & (np.arange(64)[:, None] > 30)
        assert abs(columns(red) - (32 + 16 * np.sin(np.deg2rad(ANGLES_DEG[angle])))) < 0.6
        dark = np.clip((196 - image[58, :, 0]) / (196 - 62), 0, 1)
        assert dark.sum() == pytest.approx(SHORTEST + LENGTH_STEP * length, abs=0.05)
        centre = (dark * (np.arange(64) + 0.5)).sum() / dark.sum()
        assert centre == pytest.approx(32 + POSITION_STEP * (position - 18), abs=0.05)
    alone = SOURCE.render(values[1:])
    assert (alone[0] == SOURCE.render(values)[1]).all()


def columns(where: np.ndarray) -> float:
    """The mean column of some pixels."""
    return float(np.nonzero(where)[1].mean() + 0.5)


def test_neighbouring_values_look_different() -> None:
    """One step of any factor changes the picture, by the eye of a reader of pixels."""
    values = np.array([[7, 7, 6, 18]])
    here = SOURCE.render(values)[0].astype(int)
    for action in range(8):
        there = SOURCE.render(moved(values, [action]))[0].astype(int)
        assert (np.abs(there - here).max(axis=-1) > 25).sum() >= 3


def test_pairs_come_from_the_source(cache: Cache) -> None:
    """Each transition is what the source makes of its action, in both directions; the splits hold apart."""
    for number, split in enumerate(SPLITS):
        pairs = cache.transitions(split)
        for direction in (pairs, pairs.reversed()):
            after, possible = successors(SOURCE, cache.factors[direction.before], direction.action)
            assert possible.all()
            assert (after == cache.factors[direction.after]).all()
        assert (cache.splits[pairs.before] == number).all()
        assert (cache.splits[pairs.after] == number).all()
        assert set(pairs.action) == set(range(8))
    assert len(cache.transitions("test")) == 80
    assert len(cache.transitions("train")) == 300 + cache.closure_pairs
    rows = cache.rows("train")
    apart = np.abs(cache.own_values[rows][:, None] - cache.own_values[rows][None]).sum(-1)
    assert (apart == 1).sum() // 2 == len(cache.transitions("train")), "the closure is complete"


def test_no_leak(cache: Cache) -> None:
    """The verifier counts again: no picture in two splits, no wrong step; and it can find a wrong one."""
    *_, found = verify(cache)
    assert isinstance(found, Findings)
    assert found.sound
    assert found.redrawn > 0
    cache.transitions("test").action[0] = (cache.transitions("test").action[0] + 1) % 8
    *_, found = verify(cache)
    assert isinstance(found, Findings)
    assert found.wrong_steps == 1
    assert not found.sound


def test_causes_and_effects_go_together_as_observed(cache: Cache) -> None:
    """In the pictures as they are the shadow's place follows the light: a correlated graph would show it."""
    light, position = cache.factors[:, 1], cache.factors[:, 3]
    assert np.corrcoef(light, position)[0, 1] < -0.7
    assert abs(np.corrcoef(light, cache.factors[:, 0])[0, 1]) < 0.2


def test_the_cache_knows_the_factor_graph(cache: Cache, tmp_path: Path) -> None:
    """Edges come back by name; without the attribute there is none; an unknown factor is a damaged cache."""
    assert cache.factor_graph == GRAPH == SOURCE.factor_graph
    assert (cache.own_values == SOURCE.own_values(cache.factors)).all()
    copy = tmp_path / "copy.h5"
    copy.write_bytes(cache.path.read_bytes())
    with h5py.File(copy, "r+") as file:
        file.attrs["factor_graph"] = json.dumps([["angle", "wind"]])
    with pytest.raises(CacheError, match="unknown factor 'wind'"):
        Cache.open(copy)
    with h5py.File(copy, "r+") as file:
        del file.attrs["factor_graph"], file["own_values"]
    with Cache.open(copy) as plain:
        assert plain.factor_graph is None
        assert plain.own_values is plain.factors


def test_weights_are_refused() -> None:
    """Drawing images by weights would break the physics: refused by name, before anything is written."""
    with pytest.raises(DatasetInputError, match="'pendulum' cannot be drawn by weights"):
        next(datasets.build_recipe(datasets.make_recipe("pendulum", images=500)))


def test_kinds_of_sources(tiny: object) -> None:
    """A source with steps of its own is told from a plain grid."""
    assert isinstance(SOURCE, Steps)
    assert not isinstance(tiny(), Steps)  # type: ignore[operator]
    assert isinstance(neighbours_of(SOURCE, SPACE), SettledNeighbours)
