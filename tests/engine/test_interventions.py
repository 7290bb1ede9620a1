"""What actions do to the factors, judged by hand, by invariants, and with a model that is right by design.

The `Oracle` (tests/engine/blocks.py) stands in for a trained model. Each fault that it is given here is one
that the figures have to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datasets
from datasets.cache import Cache
from datasets.steps import PlainSteps, moved
from engine import evaluation
from engine.evaluation import evaluate, example_rows
from engine.metrics import intervening, subject
from engine.metrics.images import psnr_of_images, ssim_of_images
from engine.metrics.intervals import macro
from engine.metrics.interventions import hit_chance, intervention_figures, judge
from tests.engine.blocks import SIZES, BlocksSource, Oracle, build_blocks, seen

ALL = np.ones(3, dtype=bool)


def values(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array(rows, dtype=np.int64)


def can(before: np.ndarray, action: np.ndarray, sizes: tuple[int, ...], times: int) -> np.ndarray:
    """Whether actions stay inside a grid of these sizes."""
    return PlainSteps(BlocksSource(sizes).space).settle(moved(before, action, times))[1]


def chance(before: np.ndarray, action: np.ndarray) -> float:
    return hit_chance(moved(before, action), action, action % before.shape[1])


def test_a_hit_and_an_atomic_one_by_hand() -> None:
    """Three factors, actions 0..2 raise, 3..5 lower. A hit may have moved bystanders, an atomic one not."""
    before = values((1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1))
    action = np.array([0, 0, 4, 4, 2])
    read = values((2, 1, 1), (2, 0, 1), (1, 0, 1), (1, 2, 1), (0, 0, 1))
    judged = judge(read, moved(before, action), action % 3, ALL)
    assert judged.hit.tolist() == [True, True, True, False, False]
    assert judged.atomic.tolist() == [True, False, True, False, False]
    assert judged.collateral.tolist() == [0, 0.5, 0, 0, 1.0]


def test_factors_that_are_not_read_count_nowhere() -> None:
    """Of three factors two are read: the third may say anything, and one of one other factor moved."""
    read = values((2, 0, 9))
    judged = judge(read, values((2, 1, 1)), np.array([0]), np.array([True, True, False]))
    assert judged.hit.tolist() == [True]
    assert judged.collateral.tolist() == [1.0]
    only = judge(read, values((2, 1, 1)), np.array([0]), np.array([True, False, False]))
    assert only.atomic.tolist() == [True]
    assert np.isnan(only.collateral).all(), "without other factors nothing can be moved beside the target"


def test_repetitions_ask_for_as_many_steps() -> None:
    """Three times down from 4 is 1; from 2 it is not possible."""
    before, action = values((4, 0, 0), (2, 0, 0)), np.array([3, 3])
    assert can(before, action, (5, 5, 5), 3).tolist() == [True, False]
    assert can(before, action, (5, 5, 5), 2).tolist() == [True, True]
    assert moved(before, action, 3)[0].tolist() == [1, 0, 0]
    assert judge(values((1, 0, 0)), moved(before[:1], action[:1], 3), action[:1] % 3, ALL).atomic.all()


def test_chance_of_a_hit_by_hand() -> None:
    """Two values: a half. Four, from 0, 1, 2 up and from 1, 2, 3 down: always 1 hits one in three."""
    two = values((0, 9), (1, 9))
    assert chance(two, np.array([0, 2])) == pytest.approx(0.5)
    four = values((0, 9), (1, 9), (2, 9), (1, 9), (2, 9), (3, 9))
    up_down = np.array([0, 0, 0, 2, 2, 2])
    assert chance(four, up_down) == pytest.approx(1 / 3)
    # an action whose target is always 1 is hit by chance; both factors together count by their actions
    assert chance(values((5, 0)), np.array([1])) == 1.0
    both = np.concatenate([four, values((5, 0), (5, 0))]), np.concatenate([up_down, [1, 1]])
    assert chance(*both) == pytest.approx((1 + 2 / 3) / 3)


def test_figures_are_macro_averages() -> None:
    """Nine pairs of one action hit, one pair of another does not: a half, not nine tenths."""
    before, action = np.ones((10, 3), dtype=np.int64), np.array([0] * 9 + [1])
    read, truth = np.repeat(values((2, 1, 1)), 10, axis=0), moved(before, action)
    acted, best = judge(read, truth, action % 3, ALL), judge(truth, truth, action % 3, ALL)
    figures = intervention_figures(acted, best, action)
    assert figures["hit_rate"] == figures["atomic_rate"] == 0.5
    assert figures["collateral_rate"] == pytest.approx(0.25)
    assert figures["probe_ceiling"] == 1.0
    assert figures["atomic_over_ceiling"] == 0.5
    assert figures["hit_rate_interval"] == [0.5, 0.5]


@settings(deadline=None)
@given(st.data())
def test_judgement_and_intention_agree(data: st.DataObject) -> None:
    """What ends as intended is atomic, atomic is a hit without collateral, opposites undo each other."""
    factors, pairs = data.draw(st.integers(2, 5)), data.draw(st.integers(1, 8))
    numbers = st.lists(st.integers(0, 3), min_size=factors * pairs, max_size=factors * pairs)
    before, read = (np.array(data.draw(numbers)).reshape(pairs, factors) for _ in range(2))
    action = np.array(data.draw(st.lists(st.integers(0, 2 * factors - 1), min_size=pairs, max_size=pairs)))
    every = np.ones(factors, dtype=bool)
    after = moved(before, action)
    assert (np.abs(after - before).sum(axis=1) == 1).all()
    assert (moved(after, (action + factors) % (2 * factors)) == before).all()
    assert judge(after, after, action % factors, every).atomic.all()
    judged = judge(read, after, action % factors, every)
    assert (judged.atomic == (judged.hit & (judged.collateral == 0))).all()
    assert (judged.atomic == (read == after).all(axis=1)).all()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache.open(build_blocks(tmp_path / "blocks.h5")) as opened:
        yield opened


@pytest.fixture
def measure(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict]:
    """Figures of an oracle, read by probes that never err."""

    def measured(oracle: Oracle, **arguments: object) -> dict:
        probes = SimpleNamespace(read=seen, factors=ALL, hurried=False)

        def ready(*_: object) -> Iterator[object]:
            yield from ()
            return probes

        monkeypatch.setattr(subject, "check_same_data", lambda *_: None)
        monkeypatch.setattr(subject, "RunDirectory", lambda _: SimpleNamespace(description=lambda: None))
        monkeypatch.setattr(intervening, "probes_steps", ready)
        monkeypatch.setattr(evaluation, "_disentanglement", nothing)
        monkeypatch.setattr(evaluation, "_graph", nothing)
        monkeypatch.setattr(evaluation, "_calibration", nothing)
        return evaluate(oracle, cache, **arguments)

    return measured


def nothing(_: object) -> Iterator[object]:
    yield from ()
    return {}


def test_a_model_without_fault_has_full_marks(cache: Cache, measure: Callable[..., dict]) -> None:
    """Everything is 1, nothing costs quality, and rollouts go on for as long as the factors allow."""
    figures = measure(Oracle())
    ones = ("directed_accuracy", "ssim", "probe_ceiling", "atomic_rate", "atomic_over_ceiling", "hit_rate")
    assert {name: figures[name] for name in ones} == pytest.approx(dict.fromkeys(ones, 1.0))
    assert figures["psnr"] == 100
    assert figures["collateral_rate"] == figures["quality_cost_db"] == figures["quality_cost_ssim"] == 0
    assert [entry["repetitions"] for entry in figures["rollout"]] == [1, 2, 3, 4, 5]
    assert all(entry["hit_rate"] == entry["ceiling"] == 1 for entry in figures["rollout"])
    pairs = cache.transitions("test")
    for k, entry in enumerate(figures["rollout"], start=1):
        allowed = can(cache.factors[pairs.before], pairs.action, cache.space.sizes, k)
        assert entry["pairs"] == allowed.sum()
        assert entry["actions"] == len(np.unique(pairs.action[allowed]))
    assert figures["rollout"][4]["actions"] <= 2, "only the factor of six values allows five steps"
    assert {one["hit_rate"] for one in figures["per_action"].values()} == {1.0}


def test_an_action_with_the_wrong_sign_never_hits(cache: Cache, measure: Callable[..., dict]) -> None:
    """Up for down: no hit, but nothing else moves, and the ceiling stays."""
    figures = measure(Oracle(acts=lambda codes, action: moved(codes, (action + 3) % 6)))
    assert figures["hit_rate"] == figures["atomic_rate"] == figures["atomic_over_ceiling"] == 0
    assert figures["collateral_rate"] == 0
    assert figures["probe_ceiling"] == 1
    assert figures["quality_cost_db"] > 10, "a cost is positive when acting loses"


def test_an_action_that_moves_bystanders_is_no_atomic_one(cache: Cache, measure: Callable[..., dict]) -> None:
    """Factor 0 moves with whatever is asked: others hit, and one of two bystanders has moved."""

    def acts(codes: np.ndarray, action: np.ndarray) -> np.ndarray:
        after = moved(codes, action)
        after[:, 0] = (after[:, 0] + 1) % 6
        return after

    figures = measure(Oracle(acts=acts))
    action = cache.transitions("test").action
    others = action % 3 != 0
    assert figures["hit_rate"] == pytest.approx(macro(others, action)) == pytest.approx(4 / 6)
    assert figures["collateral_rate"] == pytest.approx(macro(others / 2, action))
    assert figures["atomic_rate"] == 0
    assert figures["rollout"][0]["collateral_rate"] == pytest.approx(macro(others / 2, action))
    assert {name: one["hit_rate"] for name, one in figures["per_action"].items()} == {
        "f0+": 0, "f1+": 1, "f2+": 1, "f0-": 0, "f1-": 1, "f2-": 1
    }  # fmt: skip


def test_the_ceiling_is_of_reconstructions(cache: Cache, measure: Callable[..., dict]) -> None:
    """A model that cannot encode odd values: the ceiling is the share of true after-images with even ones."""

    def encodes(v: np.ndarray) -> np.ndarray:
        lossy = v.copy()
        lossy[:, 1] -= v[:, 1] % 2
        return lossy

    figures = measure(Oracle(encodes=encodes))
    pairs = cache.transitions("test")
    even_after = cache.factors[pairs.after][:, 1] % 2 == 0
    even_before = cache.factors[pairs.before][:, 1] % 2 == 0
    assert figures["probe_ceiling"] == pytest.approx(macro(even_after, pairs.action))
    # judged against the true values before, what encoding lost of the image before is lost by the action
    assert figures["atomic_rate"] == pytest.approx(macro(even_before, pairs.action))
    assert figures["rollout"][0]["ceiling"] < 1


def test_quality_cost_compares_with_the_reconstruction_of_the_true_after(
    cache: Cache, measure: Callable[..., dict]
) -> None:
    """Done again by hand, pair by pair, for a model that does nothing when asked to act."""
    oracle = Oracle(encodes=lambda v: np.minimum(v, 4), acts=lambda codes, _: codes.copy())
    figures = measure(oracle)
    pairs = cache.transitions("test")
    cost_db, cost_ssim = [], []
    for b, a in zip(pairs.before, pairs.after, strict=True):
        truth = cache.images([a])
        best, acted = (oracle.decode(np.minimum(cache.factors[[row]], 4)) for row in (a, b))
        cost_db.append(float((psnr_of_images(best, truth) - psnr_of_images(acted, truth))[0]))
        cost_ssim.append(float((ssim_of_images(best, truth) - ssim_of_images(acted, truth))[0]))
    assert figures["quality_cost_db"] == pytest.approx(macro(np.array(cost_db), pairs.action))
    assert figures["quality_cost_ssim"] == pytest.approx(macro(np.array(cost_ssim), pairs.action))
    low, high = figures["quality_cost_db_interval"]
    assert 0 < low < figures["quality_cost_db"] < high
    of_first = figures["per_action"]["f0+"]["quality_cost_db"]
    assert of_first == pytest.approx(np.mean(np.array(cost_db)[pairs.action == 0]))


def test_the_asked_split_is_measured(cache: Cache, measure: Callable[..., dict]) -> None:
    """A model that is only right on validation images has full marks there and nowhere else."""
    known = {i.tobytes() for i in cache.images(cache.rows("validation"))}
    oracle = Oracle()

    def encode(images: np.ndarray) -> np.ndarray:
        right = np.array([i.tobytes() in known for i in images])
        return np.where(right[:, None], seen(images), 0)

    oracle.encode = encode
    on_validation, on_test = measure(oracle, split="validation"), measure(oracle, split="test")
    assert (on_validation["split"], on_validation["pairs"]) == ("validation", 12)
    assert on_validation["psnr"] == 100
    assert on_validation["probe_ceiling"] == 1
    assert (on_test["split"], on_test["pairs"]) == ("test", 30)
    assert on_test["psnr"] < 40
    assert on_test["probe_ceiling"] < 0.2


def test_probe_accuracy_is_of_the_split(cache: Cache) -> None:
    """Probes that read test images right and all others wrong are right; chance is the commonest value."""
    pairs, known = cache.transitions("test"), {i.tobytes() for i in cache.images(cache.rows("test"))}

    def read(images: np.ndarray) -> np.ndarray:
        right = np.array([i.tobytes() in known for i in images])
        return np.where(right[:, None], seen(images), 9)

    probes = SimpleNamespace(read=read, factors=np.array([True, False, True]))
    measured = subject.Subject(None, cache, "test", False, pairs.before, pairs.after, pairs.action)
    figures = intervening.probe_figures(measured, probes)
    assert figures["probe_accuracy"] == {"f0": 1.0, "f2": 1.0}
    counts = np.bincount(cache.factors[measured.rows][:, 2])
    assert figures["probe_chance"]["f2"] == pytest.approx(counts.max() / counts.sum())


def test_a_quick_look_does_without_probes_that_take_too_long(
    cache: Cache, measure: Callable[..., dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their figures are None and the note says how to get them; a full evaluation never gives up."""
    asked = []

    def slow(cache: Cache, device: object, notes: list[str], within_s: float | None) -> Iterator[object]:
        asked.append(within_s)
        yield from ()

    measure(Oracle())  # what it patches stays patched
    monkeypatch.setattr(intervening, "probes_steps", slow)
    figures = evaluate(Oracle(), cache, quick=True)
    evaluate(Oracle(), cache)
    assert asked == [intervening.QUICK_PROBES_S, None]
    assert figures["atomic_rate"] is figures["rollout"] is None
    assert any("evaluate once in full" in note for note in figures["notes"])


def test_rollouts_repeat_the_action_on_its_own_result(cache: Cache, measure: Callable[..., dict]) -> None:
    """Each action moves two steps at once: no hits at any number of repetitions, ceilings stay."""
    figures = measure(Oracle(acts=lambda codes, action: moved(codes, action, 2)))
    assert all(entry["hit_rate"] == 0 for entry in figures["rollout"])
    assert all(entry["ceiling"] == 1 for entry in figures["rollout"])


def test_rollout_ceilings_leave_training_images_out(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the source only images of the cache are known, and those of the training split are not used."""
    from engine.metrics.rollouts import TrueImages

    rows = np.arange(cache.num_images)
    images, known = TrueImages(cache).find(cache.factors[rows])
    assert (known == (cache.splits != 0)).all()
    assert (images == cache.images(rows[known])).all()
    monkeypatch.setattr(datasets, "make_source", lambda *_: BlocksSource())
    drawn_by_source, also = TrueImages(cache).find(cache.factors[rows])
    assert (also == known).all()
    assert (drawn_by_source == images).all()
    everything = np.argwhere(np.ones(SIZES))
    assert TrueImages(cache).find(everything)[1].sum() == len(everything) - (cache.splits == 0).sum()


def test_a_set_without_factor_labels(cache: Cache, measure: Callable[..., dict]) -> None:
    """Retrieval, image quality and quality cost are there; the rest is None, and a note says why."""
    oracle = Oracle()
    cache.has_factor_labels = False
    figures = measure(oracle)
    assert figures["atomic_rate"] is None
    assert figures["rollout"] is None
    assert figures["probe_accuracy"] is None
    assert figures["quality_cost_db"] == 0
    assert figures["directed_accuracy"] == 1
    assert any("needs factor labels" in note for note in figures["notes"])


def test_a_factor_with_one_value_is_left_out_and_said(cache: Cache, measure: Callable[..., dict]) -> None:
    """No action moves it, no probe reads it, and the note names it."""
    oracle = Oracle()
    for split, pairs in cache._transitions.items():
        keep = pairs.action % 3 != 2
        columns = (pairs.before, pairs.after, pairs.action, pairs.back)
        cache._transitions[split] = type(pairs)(*(column[keep] for column in columns))
    cache.factors[:, 2] = 0
    figures = measure(oracle)
    assert set(figures["per_action"]) == {"f0+", "f1+", "f0-", "f1-"}
    assert any("f2" in note and "one value" in note for note in figures["notes"])
    assert any("no pairs" in note and "f2+, f2-" in note for note in figures["notes"])


def test_people_who_differ_are_said_to(cache: Cache, measure: Callable[..., dict]) -> None:
    """Where images share factor values, a note says what the comparison with the image after means."""
    oracle = Oracle()
    plain = measure(oracle)
    cache.factors[cache.rows("train")[0]] = cache.factors[cache.rows("train")[1]]
    assert any("differ in more" in note for note in measure(oracle)["notes"])
    assert not any("differ in more" in note for note in plain["notes"])


def test_example_rows_show_different_actions(cache: Cache, measure: Callable[..., dict]) -> None:
    """Six rows are the six actions; the result of a model without fault is the true after."""
    oracle = Oracle()
    measure(oracle)  # lets the oracle pass for a run
    rows = example_rows(oracle, cache, "test", 6)
    assert {row.action for row in rows} == set(cache.space.action_names)
    for row in rows:
        assert row.before.dtype == np.uint8
        assert row.before.shape == cache.image_shape
        assert (row.result == row.after).all()
        assert (row.before != row.after).any()
