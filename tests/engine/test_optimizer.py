"""Muon and AdamW side by side: directions, schedule, and a state that survives a checkpoint."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from engine.optimizer import Muon, Optimizer, feature_matrices, orthogonal


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 2**31))
def test_an_orthogonal_direction_has_singular_values_of_about_one(rows: int, columns: int, seed: int) -> None:
    torch.manual_seed(seed)
    # a matrix whose own singular values span one decade
    u, _ = torch.linalg.qr(torch.randn(max(rows, columns), min(rows, columns)))
    v, _ = torch.linalg.qr(torch.randn(min(rows, columns), min(rows, columns)))
    singular = torch.logspace(0, -1, min(rows, columns))
    matrix = (u * singular) @ v.T
    matrix = matrix if rows >= columns else matrix.T
    found = torch.linalg.svdvals(orthogonal(matrix))
    assert found.min() > 0.5
    assert found.max() < 1.3


def test_an_orthogonal_direction_keeps_the_singular_vectors() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(5, 9)
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    between = u.T @ orthogonal(matrix) @ vh.T
    assert torch.allclose(between, between.diagonal().diag(), atol=1e-4)


def test_a_step_of_muon_is_as_long_as_the_rate_whatever_the_gradient() -> None:
    torch.manual_seed(0)
    gradient = torch.randn(6, 6)
    moved = []
    for size in (1e-6, 1e6):
        weight = nn.Parameter(torch.zeros(6, 6))
        weight.grad = size * gradient
        Muon([weight], lr=0.1, weight_decay=0).step()
        moved.append(weight.detach().clone())
    assert torch.allclose(moved[0], moved[1], atol=1e-5)
    assert 0.05 < float(torch.linalg.matrix_norm(moved[0], 2)) < 0.13
    assert float((moved[0] * gradient).sum()) < 0


def test_muon_decays_weights_apart_from_the_gradient() -> None:
    weight = nn.Parameter(torch.ones(3, 3))
    weight.grad = torch.zeros(3, 3)
    Muon([weight], lr=0.1, weight_decay=0.5).step()
    assert torch.allclose(weight, torch.full((3, 3), 0.95))


def test_what_has_faded_is_zero() -> None:
    """Numbers below 1e-38 would make every later step many times slower."""
    weight = nn.Parameter(torch.zeros(4, 4))
    muon = Muon([weight], lr=0.0, weight_decay=0)
    for step in range(1500):
        gradient = torch.eye(4)
        gradient[3] = float(step == 0)  # the last row dies after the first step
        weight.grad = gradient
        muon.step()
    momentum = muon.state[weight]["momentum"]
    assert not momentum[3].any()
    assert momentum[0, 0] > 1
    tiny = torch.full((3, 3), 1e-12)
    tiny[0, 0] = 1.0
    assert (orthogonal(tiny) != 0).sum() == 1


def test_kernels_of_convolutions_are_matrices_and_tables_are_not() -> None:
    module = nn.Sequential(
        nn.Conv2d(4, 6, 3), nn.Linear(5, 3), nn.Linear(5, 1), nn.LayerNorm(5), nn.Embedding(7, 5)
    )
    assert [tuple(weight.shape) for weight in feature_matrices(module)] == [(6, 4, 3, 3), (3, 5)]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2)).to(
        memory_format=torch.channels_last  # type: ignore[call-overload]
    )


def optimizer_of(module: nn.Module) -> Optimizer:
    return Optimizer(
        list(module.parameters()), feature_matrices(module), matrix_rate=0.02, rate=0.01, weight_decay=0.01
    )


def steps(module: nn.Module, optimizer: Optimizer, count: int) -> None:
    for _ in range(count):
        optimizer.zero_grad()
        module(torch.rand(5, 3, 4, 4)).square().sum().backward()
        optimizer.step(1.0)


def test_every_parameter_moves_and_all_follow_the_schedule() -> None:
    module = network()
    before = [p.detach().clone() for p in module.parameters()]
    optimizer = optimizer_of(module)
    steps(module, optimizer, 1)
    assert all(not torch.equal(p, old) for p, old in zip(module.parameters(), before, strict=True))
    assert optimizer.rate == pytest.approx(0.01)
    before = [p.detach().clone() for p in module.parameters()]
    optimizer.step(0.0)
    assert optimizer.rate == 0
    assert all(torch.equal(p, old) for p, old in zip(module.parameters(), before, strict=True))


def test_a_restored_state_goes_on_as_if_nothing_had_happened() -> None:
    module = network()
    optimizer = optimizer_of(module)
    steps(module, optimizer, 3)
    kept = {name: tensor.clone() for name, tensor in optimizer.tensors().items()}
    assert {name.split(".")[1] for name in kept} == {"matrices", "others"}
    weights = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    random = torch.get_rng_state()
    steps(module, optimizer, 2)
    expected = [p.detach().clone() for p in module.parameters()]

    again = network()
    again.load_state_dict(weights)
    restored = optimizer_of(again)
    restored.restore(kept)
    torch.set_rng_state(random)
    steps(again, restored, 2)
    assert all(torch.equal(p, q) for p, q in zip(again.parameters(), expected, strict=True))
