"""The disentanglement scores on codes whose scores are known: perfect, rotated, shuffled, worked by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics import factor_vae
from engine.metrics import sap as sap_module
from engine.metrics.dci import completeness, dci, disentanglement
from engine.metrics.factor_vae import factor_vae_score, majority_accuracy
from engine.metrics.mig import discretised, mig, normalised_information
from engine.metrics.sap import fit_classifiers, sap

SIZES = (4, 5, 2)
Array = np.ndarray[Any, Any]


def grid(copies: int = 8, sizes: tuple[int, ...] = SIZES) -> Array:
    """Factor values of every combination, so many times each, in random order."""
    values = np.array(list(product(*map(range, sizes))) * copies)
    return np.random.default_rng(0).permutation(values)


def perfect(factors: Array) -> Array:
    """One dimension a factor."""
    return factors.astype(np.float32)


def rotated(factors: Array) -> Array:
    """The first two factors mixed by 45 degrees, each at its own scale first."""
    code = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2)
    return np.concatenate([code[:, :2] @ turn, code[:, 2:]], axis=1)


def shuffled(factors: Array) -> Array:
    """A perfect code of other images."""
    return np.random.default_rng(1).permutation(perfect(factors))


def all_scores(code: Array, factors: Array) -> dict[str, float]:
    """Every score, the code's first half for training."""
    half = len(code) // 2
    parts = (code[:half], factors[:half], code[half:], factors[half:])
    three = dci(*parts)
    assert three.disentanglement is not None
    assert three.completeness is not None
    return {
        "disentanglement": three.disentanglement,
        "completeness": three.completeness,
        "informativeness": three.informativeness,
        "mig": mig(code, factors),
        "sap": sap(*parts),
        "factor_vae": factor_vae_score(code, factors, train_votes=200, test_votes=150),
    }


# limiting cases -----------------------------------------------------------------------------------------


def test_a_perfect_code() -> None:
    """One dimension a factor: DCI, MIG and FactorVAE score are 1. SAP is what linear classifiers allow."""
    scores = all_scores(perfect(grid()), grid())
    for name in ("disentanglement", "completeness", "informativeness", "factor_vae"):
        assert scores[name] == pytest.approx(1, abs=1e-9), name
    # all combinations equally often: the other dimensions tell exactly nothing
    assert scores["mig"] == pytest.approx(1, abs=1e-9)
    assert 0.2 < scores["sap"] < 0.6


def test_a_shuffled_code_tells_nothing() -> None:
    """Chance everywhere: no gap, no disentanglement, accuracies of guessing."""
    factors = grid(40)
    scores = all_scores(shuffled(factors), factors)
    assert scores["mig"] < 0.01
    assert abs(scores["sap"]) < 0.05
    assert scores["disentanglement"] < 0.15
    assert scores["completeness"] < 0.15
    guessing = np.mean([1 / size for size in SIZES])
    assert scores["informativeness"] == pytest.approx(guessing, abs=0.05)
    assert scores["factor_vae"] == pytest.approx(1 / len(SIZES), abs=0.12)


def test_a_rotated_code_tells_all_but_mixes() -> None:
    """45 degrees between two of three factors: still informative, no longer disentangled."""
    factors = grid(20)
    mixed, clean = all_scores(rotated(factors), factors), all_scores(perfect(factors), factors)
    assert mixed["informativeness"] > 0.98
    for name, least_loss in {
        "disentanglement": 0.2,
        "completeness": 0.2,
        "mig": 0.4,
        "sap": 0.05,
        "factor_vae": 0.1,
    }.items():
        assert mixed[name] < clean[name] - least_loss, name


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)])
def test_the_order_of_the_dimensions_does_not_matter(order: tuple[int, ...]) -> None:
    """A permuted perfect code is perfect."""
    code = perfect(grid())[:, list(order)]
    assert all_scores(code, grid()) == pytest.approx(all_scores(perfect(grid()), grid()), abs=1e-9)


def test_duplicated_dimensions() -> None:
    """Two equal dimensions leave no gap and are not complete, but each tells one factor only."""
    factors = grid()
    scores = all_scores(np.tile(perfect(factors), (1, 2)), factors)
    assert scores["mig"] == pytest.approx(0, abs=1e-12)
    assert scores["sap"] == pytest.approx(0, abs=1e-12)
    assert scores["disentanglement"] == pytest.approx(1, abs=1e-9)
    assert scores["completeness"] < 0.95
    assert scores["factor_vae"] == 1


def test_noise_lowers_the_scores_step_by_step() -> None:
    """The more of a perfect code is drowned, the lower each score."""
    factors = grid(20)
    noise = np.random.default_rng(2).normal(size=factors.shape)
    series = [all_scores(perfect(factors) + level * noise, factors) for level in (0, 0.6, 3)]
    for name in series[0]:
        high, middle, low = (scores[name] for scores in series)
        assert high >= middle > low, name


@settings(max_examples=15, deadline=None)
@given(
    shift=st.floats(-5, 5),
    scale=st.sampled_from([0.25, 2.0, 100.0]),
    seed=st.integers(0, 1000),
)
def test_scores_know_no_unit(shift: float, scale: float, seed: int) -> None:
    """MIG and the FactorVAE score stay the same when a dimension is shifted, scaled or turned round."""
    rng = np.random.default_rng(seed)
    factors = grid(2)
    code = np.round(rng.normal(size=(len(factors), 4)) + factors[:, [0, 1, 2, 0]], 3)
    other = code * scale * np.array([1, -1, 1, 1]) + shift
    votes: dict[str, Any] = {"train_votes": 40, "test_votes": 30}
    assert factor_vae_score(other, factors, **votes) == factor_vae_score(code, factors, **votes)
    assert mig(other, factors) == pytest.approx(mig(code, factors), abs=0.02)
    assert 0 <= mig(code, factors) <= 1


# worked by hand -----------------------------------------------------------------------------------------


def test_importances_by_hand() -> None:
    """Disentanglement and completeness of a matrix worked out on paper."""
    importance = np.array([[0.5, 0.0], [0.5, 0.5], [0.0, 0.5]])
    # rows: pure, half and half, pure; weights 1/4, 1/2, 1/4
    assert disentanglement(importance) == pytest.approx(0.25 + 0 + 0.25)
    # columns: two of three dimensions, equally
    assert completeness(importance) == pytest.approx(1 - np.log(2) / np.log(3))
    assert disentanglement(importance.T) == pytest.approx(1 - np.log(2) / np.log(3))
    uneven = np.array([[3.0, 1.0], [0.0, 4.0]])
    entropy = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    assert disentanglement(uneven) == pytest.approx(0.5 * (1 - entropy) + 0.5)
    of_second = -(0.2 * np.log2(0.2) + 0.8 * np.log2(0.8))
    assert completeness(uneven) == pytest.approx((1 + 1 - of_second) / 2)


def test_importances_without_an_answer() -> None:
    """Nothing important scores 0; with one factor or one dimension there is nothing to tell apart."""
    assert disentanglement(np.zeros((3, 2))) == 0
    assert completeness(np.zeros((3, 2))) == pytest.approx(0, abs=1e-12)
    assert disentanglement(np.ones((3, 1))) is None
    assert completeness(np.ones((1, 3))) is None


def test_information_by_hand() -> None:
    """A dimension that tells half of a factor with four values: one bit of two."""
    factor = np.array([0, 1, 2, 3] * 6)
    code = np.stack([factor >= 2, factor, np.zeros(24)], axis=1).astype(float)
    assert normalised_information(code, factor) == pytest.approx([0.5, 1, 0])
    assert mig(code, factor[:, None]) == pytest.approx(0.5)
    assert mig(code[:, :1], factor[:, None]) == pytest.approx(0.5)  # no second dimension


def test_information_is_divided_by_the_entropy_of_the_factor() -> None:
    """A rare value: 1/4 against 3/4, fully told by one dimension and not by the other."""
    factor = np.array([0, 0, 0, 1] * 8)
    code = np.stack([factor, np.arange(32) % 8 // 4], axis=1).astype(float)
    assert mig(code, factor[:, None]) == pytest.approx(1)


def test_bins() -> None:
    """Twenty of equal width between the least and the greatest; the greatest lies in the last."""
    assert discretised(np.array([[0.0], [0.4], [0.6], [9.9], [10.0]]))[:, 0].tolist() == [0, 0, 1, 19, 19]
    assert discretised(np.full((3, 1), 7.0))[:, 0].tolist() == [0, 0, 0]


def test_bins_hide_what_lies_closer() -> None:
    """Two values within one bin look the same."""
    factor = np.array([0, 1] * 10)
    code = np.where(factor == 1, 0.01, 0.0)[:, None]
    code[0] = 1.0
    assert mig(code, factor[:, None]) < 0.1


def test_sap_by_hand() -> None:
    """A factor with two values: 1 for its dimension, 1/2 for an independent one, so SAP is 1/2."""
    factors = grid(20, (2, 2))
    code = perfect(factors)
    assert sap(code, factors, code, factors) == pytest.approx(0.5, abs=0.01)
    alone = code[:, :1]
    assert sap(alone, factors[:, :1], alone, factors[:, :1]) == 1  # no second dimension
    constant = np.concatenate([alone, np.ones_like(alone)], axis=1)
    assert sap(constant, factors[:, :1], constant, factors[:, :1]) == 1  # one without variance counts 0


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_classifiers_are_those_of_scikit_learn(classes: int) -> None:
    """Slopes, intercepts and accuracies of LinearSVC, rare classes and all, on every kind of dimension."""
    from sklearn.svm import LinearSVC

    rng = np.random.default_rng(classes)
    label = np.minimum(rng.geometric(0.4, 300) - 1, classes - 1)
    noise = rng.normal(size=(300, 3))
    code = np.concatenate([label[:, None] - 1.0, label[:, None] + noise, 5 + (label[:, None] % 2)], axis=1)
    distinct = sap_module._distinct(code)
    slope, intercept = fit_classifiers(distinct.value_DU, sap_module._counts(distinct, label, classes))
    first = 1 if classes == 2 else 0
    for d in range(code.shape[1]):
        one = code[:, [d]]
        theirs = LinearSVC(C=0.01, class_weight="balanced", tol=1e-8, dual=False, max_iter=10_000)
        theirs.fit(one, label)
        np.testing.assert_allclose(slope[d, first:], theirs.coef_[:, 0], atol=1e-6)
        np.testing.assert_allclose(intercept[d, first:], theirs.intercept_, atol=1e-6)
        ours = sap_module._accuracies(sap_module._distinct(one), label, one, label)[0]
        assert ours == pytest.approx(theirs.score(one, label), abs=0.01)


def test_votes_by_hand() -> None:
    """The majority of the training votes of each dimension answers for the test votes."""
    train = np.array([[5, 1], [0, 2], [0, 0]])
    test = np.array([[3, 1], [4, 1], [1, 0]])
    assert majority_accuracy(train, test) == pytest.approx((3 + 1 + 1) / 10)


def test_votes_are_judged_by_others() -> None:
    """One vote teaches one dimension at most, so the many that judge mostly find an untaught one."""
    score = factor_vae_score(perfect(grid()), grid(), train_votes=1, test_votes=200)
    assert 0.2 < score < 0.8


def test_variance_of_a_batch() -> None:
    """That of numpy, and exactly 0 where all images agree."""
    some = np.random.default_rng(0).normal(3, 2, size=(50, 6)).astype(np.float32)
    some[:, 2] = 0.1
    np.testing.assert_allclose(factor_vae._variance(some), some.var(axis=0, ddof=1), rtol=1e-4, atol=1e-9)
    assert factor_vae._variance(some)[2] == 0


def test_a_batch_shares_one_value() -> None:
    """Each image of a batch has the same value of the factor, at most once; small batches take all."""
    factor = np.array([0] * 100 + [1] * 20 + [2] * 3)
    alike = factor_vae._alike(factor)
    assert [len(rows) for rows in alike] == [100, 20]  # three images are too few
    rng = np.random.default_rng(0)
    sizes = set()
    for _ in range(50):
        rows = factor_vae._draw(alike, 64, rng)
        assert len(set(factor[rows])) == 1
        assert len(set(rows)) == len(rows)
        sizes.add(len(rows))
    assert sizes == {64, 20}


def test_votes_compare_variances_after_scaling() -> None:
    """A tiny dimension does not win by being tiny: only its variance beside its own counts."""
    factors = grid(20, (4, 4))
    tiny_noise = np.random.default_rng(0).normal(scale=1e-4, size=(len(factors), 1))
    code = np.concatenate([tiny_noise, factors + np.random.default_rng(1).normal(0, 0.1, factors.shape)], 1)
    assert factor_vae_score(code, factors, train_votes=200, test_votes=200) > 0.99


def test_a_code_without_variance_is_at_chance() -> None:
    """Nothing to tell factors by."""
    factors = grid()
    assert factor_vae_score(np.zeros((len(factors), 2)), factors) == pytest.approx(1 / 3)
    assert mig(np.zeros((len(factors), 2)), factors) == 0


# choices ------------------------------------------------------------------------------------------------


def test_a_factor_with_one_value_is_left_out() -> None:
    """As if it were not there."""
    factors = grid()
    code = rotated(factors)
    more = np.concatenate([factors, np.full((len(factors), 1), 3)], axis=1)
    assert all_scores(code, more) == all_scores(code, factors)


def test_the_numbers_of_the_values_do_not_matter() -> None:
    """Factor values need not be 0, 1, 2 ... among the images at hand."""
    factors = grid()
    assert all_scores(rotated(factors), 3 * factors + 2) == all_scores(rotated(factors), factors)


def test_the_test_part_is_not_learned_from() -> None:
    """Accuracies are those on other images: labels of the test part that make no sense cost all accuracy."""
    factors = grid(20)
    wrong = 1 - factors[:, 2:]
    code = perfect(factors)
    assert dci(code, factors[:, 2:], code, wrong).informativeness == 0
    assert sap(code[:, 2:], factors[:, 2:], code[:, 2:], wrong) == 0


def test_the_same_seed_gives_the_same_scores() -> None:
    """And another seed other votes and forests, on a code where it matters."""
    factors = grid(4)
    code = perfect(factors) + np.random.default_rng(0).normal(size=factors.shape)
    assert all_scores(code, factors) == all_scores(code, factors)
    half = len(code) // 2
    parts = (code[:half], factors[:half], code[half:], factors[half:])
    assert dci(*parts, seed=1) != dci(*parts, seed=0)


def test_the_forest_lays_little_importance_on_noise() -> None:
    """Factors that are read with errors, beside dimensions that tell nothing."""
    factors = grid(20, (3, 3))
    rng = np.random.default_rng(0)
    code = np.concatenate([factors + 0.4 * rng.normal(size=factors.shape), rng.normal(size=(180, 4))], axis=1)
    result = dci(code, factors, code, factors)
    assert result.disentanglement is not None
    assert result.disentanglement > 0.75  # trees grown to the end: 0.64


def test_boosted_trees_agree_on_a_perfect_code() -> None:
    """The other regressor of the field."""
    factors = grid(2, (3, 2))
    code = perfect(factors)
    result = dci(code, factors, code, factors, model="boosting")
    assert result.disentanglement == pytest.approx(1, abs=1e-6)
    assert result.completeness == pytest.approx(1, abs=1e-6)
    assert result.informativeness == 1
