"""What a training step looks at: which variables, and how many edges it finds drawn."""

from __future__ import annotations

import pytest
import torch

from engine.objectives import choose_hidden, choose_targets, drawn_probability, drawn_share


@pytest.mark.parametrize("count", [1, 4, 9, 20])
def test_hidden_variables_are_predicted_first(count: int) -> None:
    """No variable twice, as many as asked or there are, and hidden ones far more often than others."""
    torch.manual_seed(0)
    hidden = torch.zeros(500, 9, dtype=torch.bool)
    hidden[:, :4] = True
    chosen = choose_hidden(hidden, count, torch.ones(9, dtype=torch.bool))
    assert chosen.shape == (500, min(count, 9))
    assert all(len(set(row)) == len(row) for row in chosen.tolist())
    share = float((chosen < 4).float().mean())
    assert share == pytest.approx({1: 1.0, 4: 0.95, 9: 4 / 9, 20: 4 / 9}[count], abs=0.05)


def test_a_strong_edge_costs_no_more_than_one_that_is_surely_drawn() -> None:
    """The chance to pass the threshold: one half there, nearly all or nothing away from it."""
    chance = drawn_probability(torch.tensor([0.05, 0.5, 0.8, 0.95]), 0.3)
    assert float(chance[1]) == pytest.approx(0.5)
    assert float(chance[0]) < 0.001
    assert float(chance[3] - chance[2]) < 0.02


def test_the_share_of_edges_drawn_counts_visible_sources() -> None:
    """Edges above one half from visible variables, over all that there could be."""
    edges = torch.tensor([[[0.9, 0.9, 0.1], [0.9, 0.1, 0.1]]])
    both, none = torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, 3, dtype=torch.bool)
    assert float(drawn_share(edges, none, both)) == 0.5
    assert float(drawn_share(edges, none, torch.tensor([[True, False]]))) == pytest.approx(2 / 3)
    assert float(drawn_share(edges, torch.tensor([[True, False, False]]), both)) == 0.25


@pytest.mark.parametrize("count", [1, 5, 9, 20])
def test_changed_variables_are_looked_at_first(count: int) -> None:
    """Targets are distinct, as many as asked, and hold the changed variables before any other."""
    changed = torch.zeros(2, 9, dtype=torch.bool)
    changed[0, [1, 4]] = True
    targets = choose_targets(changed, torch.zeros(2, 9), count)
    assert targets.shape == (2, min(count, 9))
    assert len(set(targets[0].tolist())) == min(count, 9)
    assert len({1, 4} & set(targets[0].tolist())) == min(count, 2)


def test_variables_that_vary_are_predicted_before_others() -> None:
    """Hidden and varying first, then the rest by chance."""
    torch.manual_seed(0)
    hidden, varies = torch.zeros(500, 8, dtype=torch.bool), torch.zeros(8, dtype=torch.bool)
    hidden[:, :4], varies[[0, 1, 4, 5]] = True, True
    chosen = choose_hidden(hidden, 4, varies)
    share = torch.stack([(chosen == n).any(dim=1).float().mean() for n in range(8)])
    assert share[[0, 1]].min() > 0.99
    assert share[[2, 3, 4, 5]].min() > 0.3
    assert share[[6, 7]].max() < 0.1
