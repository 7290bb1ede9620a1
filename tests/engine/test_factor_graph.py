"""The graph of factors: by hand, on made-up readings, and with models that are right or wrong by design."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datasets
from datasets.build import build
from datasets.cache import Cache
from datasets.factors import IntArray
from datasets.recipe import Recipe
from datasets.steps import BoolArray, in_range, moved, successors
from engine import calibration, evaluation
from engine.evaluation import evaluate
from engine.metrics import intervening, subject
from engine.metrics.factor_graph import (
    columns,
    difference_at_least,
    distance_to_known,
    edge_states,
    factor_graph,
    hamming_distance,
    learned_edges,
    moved_share,
    wilson,
)
from tests.engine.blocks import BlocksSource, Oracle, seen

NAMES = ("cause", "other", "effect")
ALL = np.ones(3, dtype=bool)
PAIRS = 900


def readings(
    share: float, noise: float = 0.0, collateral: float = 0.0, seed: int = 0
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...], np.ndarray]:
    """What probes read where actions on factor 0 move factor 2 in a share of the cases.

    Reading another value of factor 1 happens in a share `noise` of all images, and in a share `collateral`
    more after actions on factor 0.
    """
    rng = np.random.default_rng(seed)
    before = rng.integers(2, 7, (PAIRS, 3))
    action = rng.integers(0, 6, PAIRS)
    after = moved(before, action)
    on_cause = action % 3 == 0
    after[on_cause, 2] += rng.random(on_cause.sum()) < share
    read = [before.copy(), after.copy(), after.copy()]
    for one, more in zip(read, (0.0, 0.0, collateral), strict=True):
        one[:, 1] += rng.random(PAIRS) < noise
        one[:, 1] += on_cause & (rng.random(PAIRS) < more)
    return tuple(read), (before, after), action


def graph_of(*parts: object, known: object = (("cause", "effect"),)) -> dict:
    read, values, action = parts
    return factor_graph(read, values, action % 3, NAMES, known, ALL)  # type: ignore[arg-type]


def test_intervals_by_hand() -> None:
    """None of ten: Wilson's upper end is z^2 / (n + z^2). Newcombe's own example: 56 of 70 less 48 of 80."""
    assert wilson(0.0, 10, 1.96)[1] == pytest.approx(1.96**2 / (10 + 1.96**2))
    assert wilson(1.0, 10, 1.96)[1] == pytest.approx(1.0)
    assert difference_at_least(56 / 70, 70, 48 / 80, 80, 1.959964) == pytest.approx(0.0524, abs=5e-5)


def test_a_cause_is_found() -> None:
    """The one true edge, with the share of actions that move it; nothing else, whatever the noise."""
    for share, noise in ((0.9, 0.0), (0.4, 0.0), (0.9, 0.3), (0.3, 0.05)):
        graph = graph_of(*readings(share, noise, seed=1))
        assert learned_edges(graph) == [("cause", "effect")]
        assert distance_to_known(graph) == 0
        (edge,) = graph["edges"]
        assert edge["moved"] == pytest.approx(share, abs=0.08)
        assert edge["moved"] == moved_share(graph, ("cause", "effect"))
        # of two readings that each err with `noise` upwards, the values differ in 2 noise (1 - noise)
        assert graph["noise"][1] == pytest.approx(2 * noise * (1 - noise), abs=0.05)
        assert 0.1 < edge["at_least"] < share


def test_planted_errors_show() -> None:
    """A bystander that is moved beyond the noise is an extra edge; a little imprecision is none."""
    extra = graph_of(*readings(0.9, noise=0.05, collateral=0.3))
    assert edge_states(extra) == {("cause", "effect"): "right", ("cause", "other"): "extra"}
    assert distance_to_known(extra) == 1
    assert distance_to_known(graph_of(*readings(0.9, noise=0.05, collateral=0.03))) == 0
    nothing = graph_of(*readings(0.0))
    assert edge_states(nothing) == {("cause", "effect"): "missing"}
    assert distance_to_known(nothing) == 1
    assert graph_of(*readings(0.9), known=None)["known"] is None
    assert edge_states(graph_of(*readings(0.9), known=None)) == {("cause", "effect"): "found"}
    assert distance_to_known(graph_of(*readings(0.9), known=None)) is None


def test_noise_alone_makes_no_edge() -> None:
    """With readings that err in a fifth of the images no edge but the true one in any of 60 draws."""
    wrong = sum(
        learned_edges(graph_of(*readings(0.9, 0.2, seed=s))) != [("cause", "effect")] for s in range(60)
    )
    assert wrong == 0


def test_factors_that_are_not_read_are_left_out() -> None:
    """Known edges to them stay, as missing; actions without pairs give no share."""
    read, values, action = readings(0.9)
    graph = factor_graph(
        read, values, action % 3, NAMES, [("cause", "effect")], np.array([True, True, False])
    )
    assert graph["factors"] == ["cause", "other"]
    assert edge_states(graph) == {("cause", "effect"): "missing"}
    assert moved_share(graph, ("cause", "effect")) is None
    few = action % 3 == 0
    graph = factor_graph(
        tuple(r[few] for r in read), tuple(v[few] for v in values), action[few] % 3, NAMES, None, ALL
    )
    assert graph["moved"][1] == [None, None, None]
    assert graph["noise"][0] is None, "no pair leaves the first factor alone"


@pytest.mark.parametrize(
    ("learned", "known", "distance"),
    [
        ("ab", "ab", 0), ("", "ab", 1), ("ab", "", 1), ("ba", "ab", 1), ("ab ba", "ab", 1), ("ab ba", "", 2),
        ("ab ba", "ab ba", 0), ("ab cd", "ba ac", 3),
    ],
)  # fmt: skip
def test_hamming_distance_by_hand(learned: str, known: str, distance: int) -> None:
    """An edge too many, too few or turned round counts one."""
    first, second = ([(one[0], one[1]) for one in text.split()] for text in (learned, known))
    assert hamming_distance(first, second) == hamming_distance(second, first) == distance


edges = st.sets(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")).filter(lambda e: e[0] != e[1]))


@given(edges, edges, edges)
def test_hamming_distance_is_one(
    first: set[tuple[str, str]], second: set[tuple[str, str]], third: set[tuple[str, str]]
) -> None:
    """Zero for the same graph only, symmetric, and never longer by a way round."""
    assert (hamming_distance(first, second) == 0) == (first == second)
    assert hamming_distance(first, third) <= hamming_distance(first, second) + hamming_distance(second, third)


@given(edges)
def test_every_factor_is_drawn_once(found: set[tuple[str, str]]) -> None:
    """Also where causes run in a circle; without one, causes stand left of their effects."""
    listed = [{"cause": c, "effect": e} for c, e in found]
    graph = {"factors": list("abcd"), "edges": listed, "known": None}
    levels = columns(graph)
    assert sorted(name for level in levels for name in level) == list("abcd")
    if all(first < second for first, second in found):
        place = {name: i for i, level in enumerate(levels) for name in level}
        assert all(place[first] < place[second] for first, second in found)


# ------------------------------------------------------------ a whole evaluation


class CausalBlocks(BlocksSource):
    """Blocks whose third factor follows the first one, by two steps for each of its steps."""

    name = "causal blocks"
    factor_graph = (("f0", "f2"),)

    def __init__(self) -> None:
        super().__init__((4, 9, 9))

    def own_values(self, values: IntArray) -> IntArray:
        return values - np.outer(values[:, 0], [0, 0, 2])

    def settle(self, own: IntArray) -> tuple[IntArray, BoolArray]:
        values = own + np.outer(own[:, 0], [0, 0, 2])
        return values, in_range(self.space, values) & (own[:, 2] >= 0) & (own[:, 2] < 3)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    recipe = Recipe("causal blocks", seed=1, train_pairs=10, validation_pairs=2, test_pairs=30)
    for _ in build(CausalBlocks(), tmp_path / "blocks.h5", recipe):
        pass
    with Cache.open(tmp_path / "blocks.h5") as opened:
        yield opened


@pytest.fixture
def measure(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> Callable[[Oracle], dict]:
    """Figures of an oracle, read by probes that never err."""

    def ready(*_: object) -> Iterator[object]:
        yield from ()
        return SimpleNamespace(read=seen, factors=ALL, hurried=False)

    def nothing(_: object) -> Iterator[object]:
        yield from ()
        return {}

    monkeypatch.setattr(subject, "check_same_data", lambda *_: None)
    monkeypatch.setattr(subject, "RunDirectory", lambda _: SimpleNamespace(description=lambda: None))
    monkeypatch.setattr(intervening, "probes_steps", ready)
    for part in ("_disentanglement", "_graph", "_calibration"):
        monkeypatch.setattr(evaluation, part, nothing)
    return lambda oracle: evaluate(oracle, cache)


def causal(codes: np.ndarray, action: np.ndarray) -> np.ndarray:
    return successors(CausalBlocks(), codes, action)[0]


def test_a_model_that_knows_the_causes(
    cache: Cache, measure: Callable[[Oracle], dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effects that move by two steps are hits of the whole picture, and the graph is the known one."""
    figures = measure(Oracle(acts=causal))
    assert figures["hit_rate"] == figures["atomic_rate"] == figures["probe_ceiling"] == 1
    assert figures["collateral_rate"] == 0
    assert learned_edges(figures["factor_graph"]) == [("f0", "f2")]
    assert figures["factor_graph_shd"] == 0
    assert all(step["hit_rate"] == 1 and step["collateral_rate"] == 0 for step in figures["rollout"])
    # with the source at hand, more images are known so many steps away
    monkeypatch.setattr(datasets, "make_source", lambda *_: CausalBlocks())
    drawn = measure(Oracle(acts=causal))["rollout"]
    assert [step["hit_rate"] for step in drawn] == [1.0] * len(drawn)
    assert sum(step["pairs"] for step in drawn) > sum(step["pairs"] for step in figures["rollout"])


def test_a_model_that_learned_no_cause(measure: Callable[[Oracle], dict]) -> None:
    """It moves what was asked and leaves the effect behind: hits, but no true picture; an edge is missing."""
    figures = measure(Oracle(acts=moved))
    assert figures["hit_rate"] == 1
    assert figures["atomic_rate"] == pytest.approx(2 / 3)
    assert figures["collateral_rate"] == pytest.approx(1 / 6)
    assert edge_states(figures["factor_graph"]) == {("f0", "f2"): "missing"}
    assert figures["factor_graph_shd"] == 1


def test_a_model_that_took_going_together_for_causing(measure: Callable[[Oracle], dict]) -> None:
    """Where moving the effect moves the cause too, the graph has an edge too many."""

    def acts(codes: np.ndarray, action: np.ndarray) -> np.ndarray:
        after = causal(codes, action)
        after[:, 0] += np.where(action % 3 == 2, 1, 0)
        return after

    figures = measure(Oracle(acts=acts))
    assert edge_states(figures["factor_graph"]) == {("f0", "f2"): "right", ("f2", "f0"): "extra"}
    assert figures["factor_graph_shd"] == 1


def test_how_far_images_are_apart_is_counted_in_actions(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One action on the cause is one step, though its effect moves by two; the calibration counts so."""
    pairs = cache.transitions("test")
    assert (np.abs(cache.own_values[pairs.after] - cache.own_values[pairs.before]).sum(axis=1) == 1).all()
    assert (np.abs(cache.factors[pairs.after] - cache.factors[pairs.before]).sum(axis=1) == 3).any()
    asked: list[np.ndarray] = []

    def unlike(_space: object, own: np.ndarray, *_: object) -> tuple[np.ndarray, np.ndarray]:
        asked.append(own)
        return np.arange(2), np.arange(2)

    monkeypatch.setattr(calibration, "unlike_pairs", unlike)
    rows = cache.rows("test")
    steps = calibration.kind_numbers(Oracle(), cache, rows, cache.factors[rows], np.random.default_rng(0), 4)  # type: ignore[arg-type]
    for _ in steps:
        pass
    assert (asked[0] == cache.own_values[rows]).all()
