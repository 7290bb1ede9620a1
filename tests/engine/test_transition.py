"""The causal transition layer: no leaks, one convention for edges, the same answer in every form."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import losses
from engine.action_node import READINGS, ActionNode
from engine.config import TransitionConfig
from engine.transition import PRICES, CausalTransition


def layer(codebooks: int = 1, side: int = 3, codes: int = 7, actions: int = 4, seed: int = 0):
    """A small random layer in inference mode, with edges on both sides of the threshold."""
    torch.manual_seed(seed)
    config = TransitionConfig(width=16, heads=2, pair_width=4, mask_width=4, depth=1)
    made = CausalTransition(config, (codebooks, side, side), codes, actions)
    with torch.no_grad():
        made.edge_heads.normal_(0, 2)
        made.edge_bias.zero_()
    return made.eval()


sizes = st.tuples(
    st.integers(1, 3), st.integers(2, 3), st.integers(2, 6), st.integers(1, 4), st.integers(0, 99)
)


@settings(max_examples=25, deadline=None)
@given(sizes)
def test_looking_at_some_targets_gives_what_looking_at_all_gives(size) -> None:
    """The logits of a subset of targets equal those of the full computation, for every mechanism."""
    q, side, codes, actions, seed = size
    net = layer(q, side, codes, actions, seed)
    n = net.num_variables
    z = torch.randint(codes, (3, n))
    a = torch.randint(actions, (3, 2))
    targets = torch.stack([torch.randperm(n)[: n - 1] for _ in range(3)])
    with torch.no_grad():
        context = net.context(z)
        for all_of_them, some in (
            (net.act(context, a), net.act(context, a, targets)),
            (net.base(context), net.base(context, targets)),
        ):
            index = targets[:, None, :, None].expand_as(some.logits_BGMK)
            torch.testing.assert_close(some.logits_BGMK, all_of_them.logits_BGMK.gather(2, index))


@settings(max_examples=15, deadline=None)
@given(sizes)
def test_what_was_computed_before_serves_again(size) -> None:
    """The context of the first images, and a local mask at hand, give what computing them anew gives."""
    q, side, codes, actions, seed = size
    net = layer(q, side, codes, actions, seed)
    z = torch.randint(codes, (3, net.num_variables))
    a = torch.randint(actions, (2, 2))
    with torch.no_grad():
        mine, anew = net.context(z).of_first(2), net.context(z[:2])
        known = net.act(mine, a, local_BGN=net.local_mask(mine, a))
        for found, wanted in ((known, net.act(anew, a)), (net.base(mine), net.base(anew))):
            for part, wanted_part in zip(found, wanted, strict=True):
                torch.testing.assert_close(part, wanted_part)


@settings(max_examples=15, deadline=None)
@given(sizes)
def test_the_layer_equals_an_obvious_loop(size) -> None:
    """Dense batched products give what loops over targets, sources and heads give."""
    q, side, codes, actions, seed = size
    net = layer(q, side, codes, actions, seed)
    n = net.num_variables
    z, action = torch.randint(codes, (1, n)), actions - 1
    with torch.no_grad():
        context = net.context(z)
        fast = net.act(context, torch.tensor([[action]])).logits_BGMK[0, 0]
        told = told_by_loops(net.action_node, context.values_BSVD[0], action)
        mechanism = 1 + action
        for j in range(n):
            message = torch.zeros(net.heads, 16 // net.heads)
            for i in range(n):
                pair = torch.relu(context.source_BVP[0, i] + context.target_BNP[0, j])
                edge = torch.sigmoid(pair @ net.edge_heads[mechanism] + net.edge_bias[mechanism])
                if i == j or edge <= 0.5:
                    continue
                for s in range(net.heads):
                    relation = net.relation_target[mechanism, j, s] @ net.relation_source[i, s]
                    message[s] += edge * relation * context.values_BSVD[0, s, i]
            features = context.embedded_BNE[0, j] + net.action_embedding[action] + told[j]
            hidden = net.update(
                message.reshape(1, 1, 1, -1), features.reshape(1, 1, 1, -1), torch.tensor([[mechanism]])
            )
            book = net.code_embedding[net.codebook_of_variable[j]]
            torch.testing.assert_close(fast[j], (hidden[0, 0, 0] @ book.T) / 4, atol=1e-4, rtol=1e-4)


def told_by_loops(node: ActionNode, values_SNV: torch.Tensor, action: int) -> list[torch.Tensor]:
    """What the node of an action tells each variable, written as the docstring says it."""
    heads, n, size = values_SNV.shape
    reading = torch.zeros(heads, READINGS, size)
    for i in range(n):
        for s in range(heads):
            for r in range(READINGS):
                reading[s, r] += node.read[i, s, r] * values_SNV[s, i]
    flat = reading.reshape(-1)
    flat = (flat - flat.mean()) / (flat.var(unbiased=False) + 1e-5).sqrt()
    thought = node.think(torch.relu(node.enter(flat) + node.action[action]))
    return [node.tell(torch.relu(thought * node.place_scale[j] + node.place_shift[j])) for j in range(n)]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 2), st.integers(2, 9), st.integers(2, 6), st.integers(0, 99))
def test_the_layer_starts_from_the_codebook(books: int, codes: int, size: int, seed: int) -> None:
    """Distances between embeddings are those between codes, up to one factor for all."""
    torch.manual_seed(seed)
    net = CausalTransition(TransitionConfig(width=16, heads=2), (books, 2, 2), codes, 2)
    codebook = torch.randn(books, codes, size) + 3
    net.start_from(codebook)
    wide, narrow = torch.cdist(net.code_embedding, net.code_embedding), torch.cdist(codebook, codebook)
    apart = narrow > 1e-3
    torch.testing.assert_close(
        wide[apart] / narrow[apart], (wide[apart] / narrow[apart]).mean().expand(int(apart.sum()))
    )
    assert float(net.code_embedding.detach().square().mean().sqrt()) == pytest.approx(0.5, rel=1e-3)


def test_a_wide_codebook_fits_narrow_embeddings() -> None:
    """Codes that are longer than the embeddings are projected, not refused."""
    net = CausalTransition(TransitionConfig(width=8, heads=2), (1, 2, 2), 5, 2)
    net.start_from(torch.randn(1, 5, 20))
    assert torch.isfinite(net.code_embedding).all()
    assert len(torch.unique(net.code_embedding[0], dim=0)) == 5


def test_distance_of_expected_latents_by_hand() -> None:
    """The codes 0, 2, 4 have the variance 8/3; the errors are summed and divided by what changes."""
    codebook, book = torch.tensor([[[0.0], [2.0], [4.0]]]), torch.zeros(1, 2, dtype=torch.long)
    before, after = torch.tensor([[0, 0]]), torch.tensor([[2, 0]])
    # the first is half and half between 0 and 4, the second says 4
    logits = torch.tensor([[[0.0, -99.0, 0.0], [-99.0, -99.0, 9.0]]])

    def distance(mask: list[float], after: torch.Tensor) -> torch.Tensor:
        return losses.latent_distance(logits, torch.tensor([mask]), before, after, codebook, book)

    assert distance([99.0, 0.0], after).shape == (1,)
    assert float(distance([99.0, 0.0], after)) == pytest.approx(((2 - 4) ** 2 + (2 - 0) ** 2) / (8 / 3))
    assert float(distance([-99.0, -99.0], after)) == pytest.approx(16 / (8 / 3))  # nothing moves
    assert float(distance([-99.0, -99.0], before)) == 0.0
    assert float(distance([99.0, 99.0], torch.tensor([[2, 2]]))) == pytest.approx(4 / 2 / (8 / 3))


def test_distance_of_expected_latents_in_several_codebooks() -> None:
    """Each variable is measured against the codes of its own codebook, before and after."""
    codebooks, book = torch.tensor([[[0.0], [2.0]], [[10.0], [12.0]]]), torch.tensor([[0, 1]])
    logits, codes = torch.zeros(1, 2, 2), torch.tensor([[0, 0]])
    for mask, after, expected in ((99.0, [[1, 1]], 1.0), (-99.0, [[0, 0]], 0.0), (-99.0, [[1, 1]], 4.0)):
        masks = torch.full((1, 2), mask)
        found = losses.latent_distance(logits, masks, codes, torch.tensor(after), codebooks, book)
        assert float(found) == pytest.approx(expected)


def test_an_untouched_variable_keeps_its_code_by_its_own_strength() -> None:
    """The stand-in: own strength 0.9 where nothing changed, a uniform code of four where something did."""
    own = torch.logit(torch.tensor([[0.9, 0.9]]))
    found = losses.untouched_log_likelihood(own, torch.tensor([[False, True]]), 4).exp()
    torch.testing.assert_close(found, torch.tensor([[0.9, 0.1 / 4]]))


def test_a_hidden_variable_is_seen_by_nobody() -> None:
    """Changing the code of hidden variables changes no prediction at all."""
    net = layer()
    z = torch.randint(7, (2, 9))
    hidden = torch.zeros(2, 9, dtype=torch.bool)
    hidden[:, 4] = True
    other = z.clone()
    other[:, 4] = (z[:, 4] + 1) % 7
    with torch.no_grad():
        first = net.base(net.context(z, hidden)).logits_BGMK
        second = net.base(net.context(other, hidden)).logits_BGMK
    assert torch.equal(first, second)


def test_edges_say_who_causes_whom() -> None:
    """[i, j]: with the edge i -> j cut, the code of i stops mattering to j, and the other way it does not."""
    net = layer()
    z = torch.randint(7, (1, 9))
    i, j = 2, 6
    with torch.no_grad():
        edges = net.base_edges(net.context(z))[0]
    assert torch.equal(edges.diagonal(), torch.zeros(9))
    changed = z.clone()
    for code in range(7):
        changed[0, i] = code
        with torch.no_grad():
            context, again = net.context(z), net.context(changed)
            edges_now = net.base_edges(again)[0]
            moved = not torch.allclose(
                net.base(context).logits_BGMK[0, 0, j], net.base(again).logits_BGMK[0, 0, j]
            )
        if moved:
            assert edges_now[i, j] > 0.5 or edges[i, j] > 0.5
        if code != z[0, i] and edges_now[i, j] > 0.5:
            assert moved


def test_base_edges_know_the_place_of_the_target_not_its_code() -> None:
    """Edges into a variable are the same whatever its code is, hidden or not; those out of it are not."""
    net = layer()
    codes = torch.randint(7, (1, 9))
    other, hidden = codes.clone(), torch.zeros(1, 9, dtype=torch.bool)
    other[0, 4], hidden[0, 4] = (codes[0, 4] + 1) % 7, True
    with torch.no_grad():
        edges = net.base_edges(net.context(codes))
        for changed in (net.base_edges(net.context(other)), net.base_edges(net.context(codes, hidden))):
            torch.testing.assert_close(changed[..., 4], edges[..., 4])
            assert not torch.allclose(changed[:, 4], edges[:, 4])
    assert len(edges[0, 0].unique()) > 2  # places differ


def test_the_price_of_edges_follows_the_share_drawn() -> None:
    """Up where too many are drawn, down where too few, still at the wanted share, within bounds."""
    net = layer()
    for drawn, sign in ((0.3, 1), (0.09, 0), (0.0, -1)):
        before = float(net.edge_price)
        net.bargain(torch.tensor(drawn), 0.09)
        assert (float(net.edge_price) > before) - (float(net.edge_price) < before) == sign
    for drawn, bound in ((1.0, PRICES[1]), (0.0, PRICES[0])):
        for _ in range(5000):
            net.bargain(torch.tensor(drawn), 0.09)
        assert float(net.edge_price) == pytest.approx(bound)


def test_whether_a_variable_is_a_target_depends_on_the_whole_image() -> None:
    """Another variable's code moves the mask that `act` gives, and not what a variable says alone."""
    net, action = layer(), torch.tensor([[2]])
    torch.nn.init.normal_(net.mask_state.weight)
    codes = torch.randint(7, (1, 9))
    other = codes.clone()
    other[0, 0] = (codes[0, 0] + 1) % 7
    with torch.no_grad():
        contexts = [net.context(z) for z in (codes, other)]
        local = [net.local_mask(c, action)[..., 1:] for c in contexts]
        whole = [net.act(c, action).mask_BGM[..., 1:] for c in contexts]
    torch.testing.assert_close(local[0], local[1])
    assert not torch.allclose(whole[0], whole[1])


def test_an_action_replaces_the_columns_of_its_targets() -> None:
    """Under an action the incoming edges of unmasked variables are exactly the base ones."""
    net = layer()
    z = torch.randint(7, (1, 9))
    mask = torch.zeros(1, 9, dtype=torch.bool)
    mask[0, 3] = True
    with torch.no_grad():
        context = net.context(z)
        base, acted = net.base_edges(context)[0], net.action_edges(context, 1, mask)[0]
    different = (base != acted).any(dim=0)
    assert different.tolist() == mask[0].tolist()


def test_the_transition_likelihood_is_a_distribution() -> None:
    """Summed over all codes the mixture of mask, action and base mechanism is one."""
    net = layer()
    z = torch.randint(7, (2, 9))
    with torch.no_grad():
        context = net.context(z)
        acted = net.act(context, torch.tensor([[1], [1]]))
        parents = net.base(context).logits_BGMK[:, 0]
        total = torch.zeros(2, 9)
        for code in range(7):
            after = torch.full((2, 9), code)
            base = losses.base_log_likelihood(parents, context.own_BN, z, after)
            total += losses.transition_log_likelihood(acted.logits_BGMK, acted.mask_BGM, base, after)[
                :, 0
            ].exp()
    torch.testing.assert_close(total, torch.ones(2, 9))


def test_gradients_reach_everything_and_are_finite() -> None:
    """One step of every loss leaves a finite gradient on every parameter, hidden variables included."""
    from engine.config import TrainingConfig
    from engine.model import CTVAE
    from engine.objectives import transition_objective
    from tests.conftest import tiny_config

    torch.manual_seed(0)
    model = CTVAE(tiny_config(), (64, 64, 3), 12).train()
    before = torch.randint(32, (16, 64))
    after = torch.where(torch.rand(16, 64) < 0.3, torch.randint(32, (16, 64)), before)
    action = torch.randint(12, (16,))
    config = TrainingConfig(targets=28)
    transition_objective(model, before, after, action, config, retrieve=True)["loss"].backward()
    for name, parameter in model.transition.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name
    assert model.log_sharpness.grad is not None


def test_an_objective_under_bf16_stays_near_the_exact_one() -> None:
    """Both phases' objectives run under bf16 autocast, forced here, and agree to a few per cent."""
    from engine.model import CTVAE
    from engine.objectives import autoencoder_objective, transition_objective
    from tests.conftest import tiny_config

    config = tiny_config()
    torch.manual_seed(0)
    model = CTVAE(config, (64, 64, 3), 12).eval()
    z, action = torch.randint(32, (8, 64)), torch.randint(12, (8,))
    after = torch.where(torch.rand(8, 64) < 0.3, torch.randint(32, (8, 64)), z)
    images = torch.rand(4, 3, 64, 64)
    found = []
    for on in (False, True):
        torch.manual_seed(1)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=on):
            terms = transition_objective(model, z, after, action, config.training, retrieve=True)
            first = autoencoder_objective(model.autoencoder, images, torch.ones(64, 64), config.autoencoder)
            terms |= {"ae_" + k: v for k, v in first.items()}
        found.append(terms)
    for name, exact in found[0].items():
        torch.testing.assert_close(found[1][name].float(), exact, rtol=0.05, atol=0.02, msg=name)


def test_sampling_is_for_training_only() -> None:
    """In inference mode two calls agree; in training mode edges are drawn."""
    net = layer()
    z = torch.randint(7, (4, 9))
    with torch.no_grad():
        assert torch.equal(net.base(net.context(z)).logits_BGMK, net.base(net.context(z)).logits_BGMK)
        net.train()
        assert not torch.equal(net.base(net.context(z)).logits_BGMK, net.base(net.context(z)).logits_BGMK)


def test_a_variable_that_never_varies_has_no_part_in_the_base_graph() -> None:
    """No edge into it or out of it; what others become does not depend on it, under actions neither."""
    net = layer()
    varies = torch.ones(9, dtype=torch.bool)
    varies[[2, 7]] = False
    net.set_varying(varies)
    assert net.edges_that_can_be == pytest.approx(7 * 6 / (9 * 8))
    z = torch.randint(7, (4, 9))
    other = z.clone()
    other[:, [2, 7]] = (z[:, [2, 7]] + 1) % 7
    rest = varies.nonzero()[:, 0]
    action = torch.ones(4, 1, dtype=torch.long)
    with torch.no_grad():
        first, second = net.context(z), net.context(other)
        edges = net.base_edges(first)
        assert edges.shape == (4, 9, 9)
        assert not edges[:, [2, 7]].any()
        assert not edges[:, :, [2, 7]].any()
        assert edges[:, rest][:, :, rest].sum(dim=(1, 2)).min() > 0
        for one, two in (
            (net.base(first), net.base(second)),
            (net.act(first, action), net.act(second, action)),
        ):
            assert torch.equal(one.logits_BGMK[:, :, rest], two.logits_BGMK[:, :, rest])
    again = layer()
    again.load_state_dict(net.state_dict())
    assert again.senders.tolist() == rest.tolist()
