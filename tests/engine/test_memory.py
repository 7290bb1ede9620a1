"""An answer that does not fit the memory is computed in parts, and is the same."""

from __future__ import annotations

import pytest
import torch

from engine.device import free_memory
from engine.model import CTVAE
from tests.conftest import tiny_config


def answers(model: CTVAE) -> list[torch.Tensor]:
    """What the three verbs say of some codes."""
    torch.manual_seed(2)
    before, after, action = torch.randint(32, (3, 64)), torch.randint(32, (3, 64)), torch.tensor([0, 5, 11])
    with torch.no_grad():
        acted, kept = model.apply_action(before, action), model.reconstruct(before)
        scores = model.retrieve_action(before, after)
    return [acted.latents_BPQD, acted.mask_BN, kept.latents_BPQD, scores.cross_entropy_BA]


@pytest.mark.parametrize("memory", [0, 1_000_000])
def test_parts_give_what_all_at_once_gives(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable at a time, or as many as fit a megabyte, beside everything in one piece."""
    torch.manual_seed(1)
    model = CTVAE(tiny_config(), (64, 64, 3), 12).eval()
    whole = answers(model)
    asked: list[int] = []
    act = model.transition.act

    def noted(context, actions, targets=None, local=None):
        asked.append(64 if targets is None else targets.shape[1])
        return act(context, actions, targets, local)

    monkeypatch.setattr(model.transition, "act", noted)
    monkeypatch.setattr("engine.model.LITTLE", 0)
    monkeypatch.setattr("engine.model.free_memory", lambda _device: 4 * memory)
    for part, all_at_once in zip(answers(model), whole, strict=True):
        torch.testing.assert_close(part, all_at_once)
    assert max(asked) < 64
    assert sum(asked) == 2 * 64  # every variable once for the action, once for the retrieval
    assert (max(asked) == 1) == (memory == 0)


def test_the_free_memory_is_a_sensible_number() -> None:
    """Somewhere between a megabyte and a petabyte."""
    assert 2**20 < free_memory(torch.device("cpu")) < 2**50
