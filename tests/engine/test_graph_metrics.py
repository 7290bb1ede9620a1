"""Figures of the graph, on a layer made by hand whose parents and effects are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.config import TransitionConfig
from engine.metrics import graph, graph_predictors
from engine.metrics.graph import edges_kept, edges_kept_hidden, graph_steps, value_figures
from engine.metrics.graph_effects import Effects, auroc, effect_steps, faithfulness_figures
from engine.metrics.graph_predictors import Predictor, ceiling_steps, code_frequencies, log_likelihood
from engine.transition import CausalTransition

N, K = 4, 3
TWINS = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], dtype=bool)
ONE_WAY = np.array([[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
EMPTY = np.zeros((N, N), dtype=bool)


@torch.no_grad()
def by_hand(edges: np.ndarray, parents: np.ndarray) -> CausalTransition:
    """A layer that draws `edges` and whose messages say "take my code" from parents to children, [i, j].

    A variable without a message has all codes equally likely.
    """
    config = TransitionConfig(width=8, heads=1, pair_width=N * N, mask_width=4, depth=1)
    torch.manual_seed(0)  # of the parts that no prediction needs, but the ceiling may use
    layer = CausalTransition(config, (1, 2, 2), K, 2).eval()
    code, place = torch.eye(8)[:K], torch.eye(8)[K : K + N]
    layer.code_embedding.copy_(10 * code[None])
    layer.position.copy_(place)
    for linear, weight in ((layer.values[0], 0.1 * code.T @ code), (layer.values[2], code.T @ code)):
        linear.weight.copy_(weight)
        linear.bias.zero_()
    i, j = np.divmod(np.arange(N * N), N)  # one hidden unit of the pair network for each ordered pair
    layer.pair.weight.copy_(torch.cat([place[i], place[j]]))
    layer.pair.bias.copy_(torch.cat([torch.zeros(N * N), -torch.ones(N * N)]))
    layer.edge_heads[0].copy_(20 * torch.from_numpy(edges.ravel()).float())
    layer.edge_bias.fill_(-10.0)
    layer.relation_target.zero_()
    layer.relation_target[0, :, 0, :N] = torch.from_numpy(parents.T).float()
    layer.relation_source.copy_(torch.eye(N, layer.relation_source.shape[2])[:, None])
    layer.update.enter.weight.copy_(20 * code.T @ code)
    layer.update.enter.bias.zero_()
    layer.update.blocks[0][2].weight.zero_()
    layer.update.blocks[0][2].bias.zero_()
    return layer


def twins(count: int, seed: int = 0) -> np.ndarray:
    """Codes of images in which variables 0 and 1 agree, and 2 and 3."""
    return np.repeat(np.random.default_rng(seed).integers(K, size=(count, 2)), 2, axis=1)


def result_of(steps):
    """The value that a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def measured(edges: np.ndarray) -> dict:
    """All figures of a layer made by hand that knows the twins, in the quick form."""
    layer = by_hand(edges, TWINS)
    torch.seed()  # nothing may depend on torch's random numbers
    return result_of(graph_steps(layer, twins(300), twins(200, 1), quick=True))


@pytest.fixture(scope="module")
def true_graph() -> dict:
    """The figures of a layer whose graph is the true one."""
    return measured(TWINS)


def test_the_true_graph_is_worth_one(true_graph) -> None:
    """It carries all that there is, its edges are those that act, and the cut graph leaves log K."""
    assert true_graph["graph_value"] == pytest.approx(1, abs=0.05)
    assert true_graph["ce_cut"] == pytest.approx(math.log(K), abs=0.05)
    assert true_graph["ce_full"] == pytest.approx(true_graph["ce_learned"], abs=0.05)
    assert true_graph["ce_full"] < true_graph["ce_cut"] / 2
    assert true_graph["edges_kept"] == pytest.approx(4 / 12)
    assert true_graph["edges_kept_hidden"] == pytest.approx(1 / 3)
    assert true_graph["graph_faithfulness_auroc"] == 1
    assert true_graph["graph_faithfulness_full"] == 1
    low, high = true_graph["graph_value_interval"]
    assert 0.9 < low < high < 1.1


def test_the_empty_graph_is_worth_nothing() -> None:
    """No edge kept: no better than the frequencies of codes; what acts in the ceiling is missed."""
    figures = measured(EMPTY)
    assert figures["graph_value"] == pytest.approx(0, abs=0.05)
    assert figures["ce_learned"] == pytest.approx(math.log(K), abs=1e-3)
    assert figures["ce_full"] < figures["ce_cut"] / 2
    assert figures["edges_kept"] == figures["edges_kept_hidden"] == 0
    assert figures["graph_faithfulness_full"] == 0.5
    assert figures["graph_faithfulness_auroc"] is None  # nothing has an effect in the model


def test_the_same_seed_gives_the_same_figures(monkeypatch) -> None:
    """Whatever the state of torch's random numbers is."""
    monkeypatch.setattr(graph, "QUICK_STEPS", 5)
    assert measured(TWINS) == measured(TWINS)


def test_edges_the_wrong_way_round_are_unfaithful() -> None:
    """0 acts on 1 and 2 on 3; edges from 1 to 0 and from 3 to 2 score below chance, the right ones 1."""
    for edges, low, high in ((ONE_WAY, 1, 1), (ONE_WAY.T, 0, 0.49)):
        layer = by_hand(edges, ONE_WAY)
        own, full = Predictor(layer, "learned"), Predictor(layer, "full")
        rng = np.random.default_rng(0)
        effects = result_of(effect_steps(own, full, twins(50), twins(12, 1), rng))
        assert len(effects.edge) == 12 * 3  # one target and three sources an image
        assert low <= faithfulness_figures(effects)["graph_faithfulness_full"] <= high


def test_effects_are_those_of_the_parents_alone() -> None:
    """Setting a parent to another code moves all of the probability, any other variable moves nothing."""
    layer = by_hand(ONE_WAY, ONE_WAY)
    own, full = Predictor(layer, "learned"), Predictor(layer, "full")
    effects = result_of(effect_steps(own, full, twins(50), twins(12, 1), np.random.default_rng(0)))
    acts = effects.edge > 0.5
    assert acts.sum() == 2 * 3  # each variable is a target three times, two of them have a parent
    for effect in (effects.ceiling, effects.learned):
        np.testing.assert_allclose(effect, acts, atol=1e-3)


def test_a_variable_that_never_changes_is_no_source() -> None:
    """Its effect cannot be measured: there is no other code to set it to."""
    codes = twins(50)
    codes[:, 0] = 1
    layer = by_hand(ONE_WAY, ONE_WAY)
    predictor = Predictor(layer, "full")
    effects = result_of(effect_steps(predictor, predictor, codes, codes[:8], np.random.default_rng(0)))
    assert len(effects.edge) == 8 * 3 - 6  # six of the eight images ask for another target than 0
    assert np.isfinite(effects.ceiling).all()


def test_hidden_variables_are_hidden_from_each_other() -> None:
    """A twin tells the code, a hidden twin does not; visible variables are not scored."""
    predictor = Predictor(by_hand(TWINS, TWINS), "learned")
    codes = np.array([[2, 2, 1, 1]])
    hidden = np.array([[True, True, True, False]])
    found = log_likelihood(predictor, codes, hidden)
    np.testing.assert_allclose(found, [[-math.log(K), -math.log(K), 0, 0]], atol=1e-3)


def test_the_graph_asked_for_is_the_one_used() -> None:
    """Twins without drawn edges: all edges tell the code, none or the drawn ones do not."""
    layer = by_hand(EMPTY, TWINS)
    codes, hidden = np.array([[2, 2, 1, 1]]), np.array([[True, False, False, False]])
    losses = {
        which: -log_likelihood(Predictor(layer, which), codes, hidden)[0, 0]
        for which in ("learned", "cut", "full")
    }
    assert losses["full"] < 1e-3
    assert losses["learned"] == pytest.approx(math.log(K)) == losses["cut"]
    kept = by_hand(TWINS, TWINS)
    learned, opened = (log_likelihood(Predictor(kept, g), codes, hidden) for g in ("learned", "open"))
    np.testing.assert_allclose(learned, opened, atol=1e-6)


def test_graph_value_by_hand() -> None:
    """Cross entropies are per hidden variable over all images, not means of images."""
    losses = np.array([[4.0, 2.0, 1.0], [6.0, 3.0, 3.0]])  # cut, learned, full
    figures = value_figures(losses, np.array([1, 4]))
    assert (figures["ce_cut"], figures["ce_learned"], figures["ce_full"]) == (2.0, 1.0, 0.8)
    assert figures["graph_value"] == pytest.approx(5 / 6)
    # a bootstrap sample holds the first image twice, both, or the second twice
    assert figures["graph_value_interval"] == pytest.approx([2 / 3, 1])


def test_no_dependence_has_no_graph_value() -> None:
    """A ceiling that is no better than no parents, or nothing hidden, gives no figure instead of noise."""
    figures = value_figures(np.array([[1.0, 1.0, 1.2]]), np.array([1]))
    assert figures["graph_value"] is None
    assert figures["ce_full"] == pytest.approx(1.2)
    assert value_figures(np.zeros((2, 3)), np.zeros(2, dtype=np.int64))["graph_value"] is None


def test_what_cannot_be_measured_is_said(monkeypatch) -> None:
    """Independent, constant codes: no graph value, no faithfulness, and a sentence for each."""
    monkeypatch.setattr(graph, "QUICK_STEPS", 2)
    codes = np.ones((40, N), dtype=np.int64)
    figures = result_of(graph_steps(by_hand(EMPTY, TWINS), codes, codes, quick=True))
    assert figures["graph_faithfulness_auroc"] is None
    assert figures["graph_faithfulness_auroc_interval"] is None
    assert any("faithfulness" in note for note in figures["notes"])


def test_what_is_known_without_parents_comes_from_training_images(monkeypatch) -> None:
    """Codes that are rare in training stay a surprise, however common they are in the images measured on."""
    monkeypatch.setattr(graph, "QUICK_STEPS", 1)
    train = np.zeros((40, N), dtype=np.int64)
    train[::4] = 1
    figures = result_of(graph_steps(by_hand(EMPTY, TWINS), train, np.ones_like(train), quick=True))
    assert figures["ce_cut"] == pytest.approx(-math.log((10 + 1 / K) / 41))


def test_code_frequencies_by_hand() -> None:
    """Counts of the variable's own codes in training, with one image spread over all codes."""
    train = np.array([[0, 1], [0, 1], [1, 1]])
    found = np.exp(code_frequencies(train, np.array([[0, 0], [1, 1], [2, 2]]), K))
    third = 1 / K
    expected = np.array([[2 + third, third], [1 + third, 3 + third], [third, third]]) / 4
    np.testing.assert_allclose(found, expected)


def test_the_ceiling_learns_what_the_graph_misses_and_leaves_the_layer_alone() -> None:
    """A layer that knows nothing of twins gets a ceiling that does; its own weights stay."""
    torch.manual_seed(0)
    layer = by_hand(EMPTY, EMPTY)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    ceiling = result_of(ceiling_steps(layer, twins(300), np.random.default_rng(0), 200))
    hidden = np.tile([True, False, False, True], (100, 1))
    loss = -log_likelihood(ceiling, twins(100, 1), hidden).sum() / hidden.sum()
    assert ceiling.graph == "full"
    assert loss < 0.3
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())
    assert not ceiling.layer.training


def test_the_ceiling_is_never_trained_on_what_chooses_it(monkeypatch) -> None:
    """Held-out images stay out of all batches, and a copy that gets worse is not taken."""
    codes = np.arange(60 * N).reshape(60, N)
    seen = []

    def spoil(layer, optimizer, batch, hidden, rng) -> None:
        seen.append(batch)
        with torch.no_grad():
            layer.code_embedding.zero_()

    monkeypatch.setattr(graph_predictors, "_ceiling_step", spoil)
    monkeypatch.setattr(graph_predictors, "_mean_loss", lambda p, held, hidden: looked_at(p, held))

    def looked_at(predictor, held) -> float:
        seen_codes = np.concatenate(seen) if seen else np.zeros((0, N), dtype=int)
        assert not np.isin(held, seen_codes).any()
        return 1.0 if predictor.graph == "open" else 2.0

    layer = by_hand(TWINS, TWINS)
    best = result_of(ceiling_steps(layer, codes, np.random.default_rng(0), 20))
    assert best == Predictor(layer, "open")
    assert len(np.unique(np.concatenate(seen))) == 48 * N


def test_edges_kept_by_hand() -> None:
    """Above one half counts, the diagonal does not, and images are averaged."""
    edges = torch.zeros(2, 3, 3)
    edges[0, 0, 1], edges[0, 1, 2], edges[1, 2, 0] = 0.51, 0.5, 0.9
    assert edges_kept(edges) == pytest.approx(2 / 12)


def test_edges_into_hidden_variables_are_counted_not_those_out_of_them() -> None:
    """0 causes 1, 2 and 3: each of these has one of three possible causes, 0 has none."""
    fan = np.zeros((N, N), dtype=bool)
    fan[0, 1:] = True
    layer, codes = by_hand(fan, fan), twins(1)
    for hidden, share in (([0, 1, 1, 1], 1 / 3), ([1, 0, 0, 0], 0), ([1, 1, 0, 0], 1 / 6)):
        assert edges_kept_hidden(layer, codes, np.array([hidden], dtype=bool)) == pytest.approx(share)
    assert edges_kept_hidden(layer, codes, np.zeros((1, N), dtype=bool)) is None


@pytest.mark.parametrize(
    ("score", "positive", "expected"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1),
        ([4, 3, 2, 1], [0, 0, 1, 1], 0),
        ([1, 1, 1, 1], [0, 1, 0, 1], 0.5),
        ([1, 2, 2, 3], [0, 1, 0, 1], 3.5 / 4),
        ([1, 2, 3], [1, 1, 1], None),
        ([], [], None),
    ],
)
def test_auroc_by_hand(score, positive, expected) -> None:
    """Pairs won over pairs, ties half; without both kinds there is none."""
    assert auroc(np.array(score, dtype=float), np.array(positive, dtype=bool)) == expected


entries = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=1, max_size=30)


@given(entries)
def test_auroc_counts_pairs(entries) -> None:
    """It equals the loop over all pairs, and a weight is as good as repeating the entry."""
    score, positive, weight = (np.array(column) for column in zip(*entries, strict=True))
    again = np.repeat(np.arange(len(score)), weight)
    won = [
        1.0 if p > n else 0.5 if p == n else 0.0
        for p in score[again][positive[again]]
        for n in score[again][~positive[again]]
    ]
    found = auroc(score.astype(float), positive, weight.astype(float))
    assert found is None if not won else found == pytest.approx(np.mean(won))


def test_shuffled_edges_are_at_chance_and_the_interval_knows_images() -> None:
    """Scores that know nothing give one half within the interval; one image gives no width."""
    rng = np.random.default_rng(0)
    effect, image = rng.random(4000) * 0.1, np.repeat(np.arange(40), 100)
    shuffled = faithfulness_figures(Effects(rng.permutation(effect), effect, effect, image))
    low, high = shuffled["graph_faithfulness_auroc_interval"]
    assert low < 0.5 < high
    assert high - low < 0.1
    right = faithfulness_figures(Effects(effect, effect, effect, image))
    assert right["graph_faithfulness_auroc"] == 1
    alone = faithfulness_figures(Effects(rng.permutation(effect), effect, effect, np.zeros(4000, dtype=int)))
    low, high = alone["graph_faithfulness_auroc_interval"]
    assert low == high == alone["graph_faithfulness_auroc"]
