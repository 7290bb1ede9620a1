"""Explorer: the object that the window, the command line and a notebook share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.cache import Cache
from engine.errors import InputError, RunError
from engine.explorer import Explorer
from engine.model import NextCodes
from engine.retrieval import explain, retrieve
from engine.traversal import traverse_actions, traverse_actions_steps, traverse_variables


@pytest.fixture(scope="module")
def explorer(tiny_run: Path) -> Explorer:
    return Explorer.load(tiny_run, threads=1)


@pytest.fixture(scope="module")
def pair(tiny_cache: Path):
    with Cache.open(tiny_cache) as cache:
        pairs = cache.transitions("test")
        return cache.images(pairs.before[:1])[0], cache.images(pairs.after[:1])[0]


def test_what_is_loaded_is_said(explorer: Explorer, tiny_run: Path) -> None:
    """The info names the run, the data set, the actions and the sizes."""
    info = explorer.info
    assert (info.name, info.dataset, info.grid, info.num_codes) == ("tiny", "shapes", (1, 8, 8), 32)
    assert info.num_variables == 64
    assert info.variable_name(20) == "0,2,4"
    assert info.space.action_names[2] == "object_hue+"
    assert "directed_accuracy" in info.figures


def test_the_same_question_has_the_same_answer(explorer: Explorer, pair, tiny_run: Path) -> None:
    """Two calls, and two loads, agree to the last bit in everything that is shown."""
    other = Explorer.load(tiny_run, threads=1)
    before, after = pair
    codes = explorer.encode(before)
    assert np.array_equal(codes, other.encode(before))
    assert np.array_equal(explorer.apply_action(codes, 3).image, other.apply_action(codes, 3).image)
    first, second = retrieve(explorer, before, after), retrieve(other, before, after)
    assert np.array_equal(first.probabilities, second.probabilities)
    assert np.array_equal(explorer.graph(codes).edges, other.graph(codes).edges)


def test_direct_do_moves_the_set_variables_only(explorer: Explorer, pair) -> None:
    """do(variable := code), direct: that code and nothing else; setting the present code changes nothing."""
    codes = explorer.encode(pair[0])
    chosen = {20: (int(codes[20]) + 1) % 32, 41: (int(codes[41]) + 5) % 32}
    done = explorer.do(codes, chosen, propagate=False)
    assert {i: int(done.codes[i]) for i in chosen} == chosen
    assert set(np.flatnonzero(done.moved)) == set(chosen) == set(np.flatnonzero(done.targets))
    assert np.array_equal(done.image, explorer.decode(done.codes))
    same = explorer.do(codes, {20: int(codes[20])}, propagate=True)
    assert not same.moved.any()


def test_propagated_do_moves_descendants_only(explorer: Explorer, pair) -> None:
    """What moves beyond the set variable can be reached from it in the base graph; the set one stays set."""
    import networkx as nx

    codes = explorer.encode(pair[0])
    graph = nx.from_numpy_array(explorer.graph(codes).edges > 0.5, create_using=nx.DiGraph)
    for variable in (0, 20, 63):
        code = (int(codes[variable]) + 3) % 32
        done = explorer.do(codes, {variable: code}, propagate=True)
        assert done.codes[variable] == code
        assert set(np.flatnonzero(done.moved)) - {variable} <= nx.descendants(graph, variable)


def test_nothing_follows_from_no_cause(explorer: Explorer, pair) -> None:
    """Variables set to the codes that they have, propagated: the model's own errors move nothing."""
    codes = explorer.encode(pair[0])
    done = explorer.do(codes, {i: int(codes[i]) for i in (3, 20, 41)}, propagate=True)
    assert np.array_equal(done.codes, codes)


def test_propagation_follows_edges(explorer: Explorer, pair, tiny_run: Path) -> None:
    """With every edge open, setting causes moves effects; with every edge closed nothing else moves."""
    import torch

    other = Explorer.load(tiny_run, threads=1)
    codes = other.encode(pair[0])
    layer = other._model.transition
    chosen = {i: (int(codes[i]) + 7) % 32 for i in range(0, 64, 2)}
    with torch.no_grad():
        layer.edge_bias.fill_(20.0)
        open_edges = other.do(codes, chosen, propagate=True)
        layer.edge_bias.fill_(-20.0)
        closed = other.do(codes, chosen, propagate=True)
    assert set(np.flatnonzero(closed.moved)) == set(chosen)
    assert set(np.flatnonzero(open_edges.moved)) > set(chosen)


def test_loading_leaves_a_training_its_random_numbers(tiny_run: Path) -> None:
    """Exploring while a model trains in the same thread does not change the training."""
    import torch

    before = torch.get_rng_state()
    Explorer.load(tiny_run, threads=1)
    assert torch.equal(before, torch.get_rng_state())


def test_graphs_of_actions(explorer: Explorer, pair) -> None:
    """Base graph without mask; under an action only the columns of its targets may differ."""
    codes = explorer.encode(pair[0])
    base, acted = explorer.graph(codes), explorer.graph(codes, 2)
    assert np.array_equal(base.base, base.edges)
    assert np.array_equal(acted.base, base.edges)
    assert base.action == "none"
    assert not base.mask.any()
    assert acted.action == "object_hue+"
    assert base.edges.shape == (64, 64)
    assert ((base.edges >= 0) & (base.edges <= 1)).all()
    different = (base.edges != acted.edges).any(axis=0)
    assert not (different & (acted.mask <= 0.5)).any()


def test_a_palette_shows_each_code_once_and_the_present_one(explorer: Explorer, pair) -> None:
    """Most likely first; the present code is among them; its picture is the reconstruction."""
    codes = explorer.encode(pair[0])
    palette = explorer.palette(codes, 20, limit=8)
    assert len(palette.codes) == len(set(palette.codes.tolist())) == 8
    assert palette.current in palette.codes
    at = palette.codes.tolist().index(palette.current)
    assert np.array_equal(palette.images[at], explorer.decode(codes))
    assert (np.diff(palette.probabilities[:-1]) <= 1e-7).all()
    changes = palette.images.astype(float) - explorer.decode(codes)
    np.testing.assert_allclose(palette.effects, np.abs(changes).mean(axis=(1, 2, 3)) / 255, rtol=1e-5)
    assert palette.effects[at] == 0
    everything = explorer.palette(codes, 20, limit=32)
    assert everything.probabilities.sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("limit", [1, 5, 32])
def test_the_rest_of_a_palette_is_what_it_leaves_out(explorer: Explorer, pair, limit: int) -> None:
    """Palette and rest together have each code once with its probability, the rest most likely first."""
    codes = explorer.encode(pair[0])
    everything = explorer.palette(codes, 20, limit=32)
    unlikely = int(everything.codes[-1])
    codes[20] = unlikely  # the likelihood does not depend on it
    first, rest = explorer.palette(codes, 20, limit), list(explorer.palette_rest(codes, 20, limit, part=10))
    assert unlikely in first.codes
    assert [len(part.codes) for part in rest] == [min(10, 32 - s) for s in range(limit, 32, 10)]
    parts = [first, *rest]
    found = dict(
        zip(
            np.concatenate([part.codes for part in parts]).tolist(),
            np.concatenate([part.probabilities for part in parts]).tolist(),
            strict=True,
        )
    )
    assert found == dict(zip(everything.codes.tolist(), everything.probabilities.tolist(), strict=True))
    assert all((np.diff(part.probabilities) <= 0).all() for part in rest)


def test_traversals(explorer: Explorer, pair) -> None:
    """Rows of actions have the image in the middle; rows of variables start with it; steps chain."""
    codes = explorer.encode(pair[0])
    rows = list(traverse_actions(explorer, codes, [0, 2], steps=2))
    assert [row.title for row in rows] == ["floor_hue", "object_hue"]
    assert rows[0].labels == ("-2", "-1", "0", "+1", "+2")
    assert np.array_equal(rows[0].codes[2], codes)
    twice = explorer.apply_action(explorer.apply_action(codes, 0).codes, 0)
    assert np.array_equal(rows[0].codes[4], twice.codes)
    (row,) = traverse_variables(explorer, codes, [20], columns=5)
    assert row.title == "0,2,4"
    assert np.array_equal(row.codes[0], codes)
    assert len(set(row.codes[:, 20].tolist())) == 5
    assert 0 <= row.effect <= 1


def test_the_first_row_of_a_traversal_waits_for_no_other(explorer: Explorer, pair, monkeypatch) -> None:
    """It is made alone, the rest three at a time; between two passes there is room for something else."""
    codes, asked, apply = explorer.encode(pair[0]), [], explorer.apply_actions
    monkeypatch.setattr(
        explorer, "apply_actions", lambda c, actions: (asked.append(len(actions)), apply(c, actions))[1]
    )
    came = list(traverse_actions_steps(explorer, codes, [0, 1, 2, 3, 4], steps=2))
    assert [row.title if row is not None else "" for row in came] == [
        *("", "", "floor_hue"),
        *("", "", "wall_hue", "object_hue", "scale"),
        *("", "", "shape"),
    ]
    assert asked == [2, 2, 6, 6, 2, 2]
    assert not list(traverse_actions(explorer, codes, []))


def test_retrieval_ranks_all_actions(explorer: Explorer, pair) -> None:
    """Probabilities sum to one and are ordered; predictions belong to the top actions; swapping matters."""
    found = retrieve(explorer, *pair)
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert (np.diff(found.probabilities[found.order]) <= 0).all()
    assert sorted(found.order.tolist()) == list(range(12))
    assert found.best == found.action_names[int(found.order[0])]
    codes = explorer.encode(pair[0])
    assert np.array_equal(found.codes, np.stack([codes, explorer.encode(pair[1])]))
    assert found.margin == pytest.approx(float(np.diff(np.sort(found.probabilities)[-2:])[0]))
    assert not found.identical
    assert found.kinds is None
    assert not found.calibrated
    assert retrieve(explorer, pair[0], pair[0]).identical
    with pytest.raises(InputError, match="different sizes"):
        retrieve(explorer, pair[0], pair[1][:32])


def test_an_explanation_is_the_action_done(explorer: Explorer, pair) -> None:
    """Image and expected changes are those of doing the action; mask and edges are those of its graph."""
    codes = explorer.encode(pair[0])
    reason, done, graph = (
        explain(explorer, codes, 3),
        explorer.apply_action(codes, 3),
        explorer.graph(codes, 3),
    )
    assert np.array_equal(reason.image, done.image)
    assert np.array_equal(reason.expected, done.moved)
    assert np.array_equal(reason.mask, graph.mask)
    assert np.array_equal(reason.edges, graph.edges)


def test_codes_alone_follow_as_with_images(explorer: Explorer, tiny_cache: Path) -> None:
    """What an action makes of many codes is the same whether anything is decoded or not."""
    with Cache.open(tiny_cache) as cache:
        codes = explorer.encode(cache.images(np.arange(70)))
    actions = np.arange(70) % 12
    assert np.array_equal(explorer.next_codes(codes, actions), explorer.apply_actions(codes, actions).codes)


def test_how_well_no_action_explains_a_pair(explorer: Explorer, pair) -> None:
    """An image is its own explanation; where codes change, doing nothing explains less."""
    codes = explorer.encode(np.stack(pair))
    same, other = (explorer.retrieve_codes(codes[:1], after).unchanged for after in (codes[:1], codes[1:]))
    assert 0 <= same[0] < other[0]


def test_one_pair_and_a_batch_agree(explorer: Explorer, tiny_cache: Path) -> None:
    """Retrieval does not depend on what else is in the batch."""
    with Cache.open(tiny_cache) as cache:
        pairs = cache.transitions("test")
        before, after = (
            explorer.encode(cache.images(pairs.before)),
            explorer.encode(cache.images(pairs.after)),
        )
    together = explorer.retrieve_codes(before, after)[0]
    alone = np.concatenate(
        [explorer.retrieve_codes(before[i : i + 1], after[i : i + 1])[0] for i in range(5)]
    )
    np.testing.assert_allclose(together[:5], alone, atol=1e-4)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (lambda e, z: e.apply_action(z, 12), "no action 12"),
        (lambda e, z: e.graph(z, -1), "no action -1"),
        (lambda e, z: e.do(z, {64: 0}, False), "no variable 64"),
        (lambda e, z: e.do(z, {0: 32}, False), "no code 32"),
        (lambda e, z: e.palette(z, 99), "no variable 99"),
        (lambda e, z: list(e.palette_rest(z, 99)), "no variable 99"),
        (lambda e, z: e.decode(z + 100), "codes are 0 to 31"),
        (lambda e, z: e.encode(np.zeros((32, 32, 3), np.uint8)), "shape"),
        (lambda e, z: list(traverse_actions(e, z, [9])), "no factor 9"),
    ],
)
def test_questions_without_an_answer_are_refused(explorer: Explorer, pair, question, words: str) -> None:
    """Unknown action, variable, code, factor, or another image size: a sentence, not an index error."""
    with pytest.raises(InputError, match=words):
        question(explorer, explorer.encode(pair[0]))


def test_runs_that_are_not_there(tmp_path: Path) -> None:
    """A name nobody trained, and a folder that is no run, are told apart."""
    with pytest.raises(RunError, match="no run 'nowhere'"):
        Explorer.load("nowhere")
    with pytest.raises(RunError, match=r"no config\.json"):
        Explorer.load(tmp_path)


def test_many_images_at_once_answer_as_one_by_one(
    explorer: Explorer, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """apply_actions is apply_action for each image with its own action, codes and images; none gives none."""
    model, codes_of_action = explorer._model, explorer.info.num_codes

    def moved_by_action(codes_BN: torch.Tensor, action_B: torch.Tensor) -> NextCodes:
        """A barely trained model does the same whatever is asked; this one does not."""
        after_BN = (codes_BN + 1 + action_B[:, None]) % codes_of_action
        latents = model.autoencoder.quantizer.codes_to_latents(after_BN[:, None])
        return NextCodes(after_BN, latents, torch.ones(codes_BN.shape))

    monkeypatch.setattr(model, "apply_action", moved_by_action)
    with Cache.open(tiny_cache) as cache:
        codes = explorer.encode(cache.images(np.arange(70)))
    actions = np.arange(70) % explorer.info.space.num_actions
    after = explorer.apply_actions(codes, actions)
    for row in (0, 5, 13, 69):
        alone = explorer.apply_action(codes[row], int(actions[row]))
        assert (after.codes[row] == alone.codes).all()
        assert np.abs(after.images[row].astype(int) - alone.image).max() <= 1
    nothing = explorer.apply_actions(codes[:0], actions[:0])
    assert (nothing.codes.shape, nothing.images.shape) == ((0, 64), (0, 64, 64, 3))
    with pytest.raises(InputError, match="no action 12"):
        explorer.apply_actions(codes[:1], np.array([12]))
    with pytest.raises(InputError, match="2 images but 1 actions"):
        explorer.apply_actions(codes[:2], np.array([0]))


def test_latents_are_the_vectors_of_the_codes(explorer: Explorer, pair) -> None:
    """Variable by variable: those with the same code of a codebook have the same vector, others do not."""
    codes = explorer.encode(pair[0])
    latents = explorer.latents(codes)
    assert latents.dtype == np.float32
    n = explorer.info.num_variables
    vectors = latents.reshape(n, -1)
    assert latents.shape == (1, vectors.size)
    same = codes[:, None] == codes[None]
    assert (np.abs(vectors[:, None] - vectors[None]).max(axis=2) == 0)[same].all()
    changed = codes.copy()
    changed[3] = (codes[3] + 1) % explorer.info.num_codes
    moved = (explorer.latents(changed) != latents).reshape(n, -1).any(axis=1)
    assert np.flatnonzero(moved).tolist() == [3]
