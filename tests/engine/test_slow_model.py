"""The fast model and the slow one agree in every mode, in what they say and in every gradient."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.config import AutoencoderConfig, TransitionConfig
from engine.model import CTVAE
from tests.conftest import tiny_config
from tests.engine.slow_model import SlowModel

sizes = st.fixed_dictionaries(
    {
        "codebooks": st.integers(1, 2),
        "codes": st.integers(2, 6),
        "actions": st.integers(1, 3),
        "heads": st.sampled_from([1, 2]),
        "depth": st.integers(1, 2),
        "columns": st.integers(1, 3),
        "batch": st.integers(1, 2),
        "code_rank": st.sampled_from([0, 4]),
        "still": st.integers(0, 2),
        "seed": st.integers(0, 999),
    }
)


def made(size: dict[str, int]) -> CTVAE:
    """A random model of these sizes in inference mode, with edges on both sides of the threshold."""
    torch.manual_seed(size["seed"])
    config = dataclasses.replace(
        tiny_config(),
        autoencoder=AutoencoderConfig(codebooks=size["codebooks"], codes=size["codes"], code_size=3, width=8),
        transition=TransitionConfig(
            width=8,
            heads=size["heads"],
            pair_width=3,
            action_width=6,
            mask_width=4,
            depth=size["depth"],
            code_rank=size["code_rank"],
        ),
    )
    model = CTVAE(config, (16, 8 * size["columns"], 3), size["actions"])
    with torch.no_grad():
        for parameter in model.transition.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        model.transition.edge_heads.normal_(0, 2)
        model.transition.edge_bias.normal_(0, 0.5)
        model.log_sharpness.fill_(0.2)
    varies = torch.ones(model.transition.num_variables, dtype=torch.bool)
    varies[torch.randperm(len(varies))[: min(size["still"], len(varies) - 1)]] = False
    model.transition.set_varying(varies)
    return model.eval()


def compare(model: CTVAE, fast: Tensor, slow: Tensor) -> None:
    """Values, and the gradients of a weighted sum of them on every parameter of the layer."""
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=1e-4)
    weights = torch.linspace(-1, 1, fast.numel()).reshape(fast.shape)
    names, parameters = zip(*model.transition.named_parameters(), strict=True)
    gradients = [
        torch.autograd.grad((out * weights).sum(), parameters, allow_unused=True) for out in (fast, slow)
    ]
    for name, one, other in zip(names, *gradients, strict=True):
        if other is None:  # a part that this mode does not use
            assert one is None or not one.any(), name
        else:
            assert one is not None, name
            torch.testing.assert_close(
                one, other, atol=1e-5, rtol=1e-3, msg=lambda text, n=name: f"{n}: {text}"
            )


@pytest.mark.parametrize("mode", ["standard", "action", "causal"])
@settings(max_examples=5, deadline=None)
@given(sizes)
def test_every_mode_is_what_the_equations_say(mode: str, size: dict[str, int]) -> None:
    """To 1e-5 in float32, for random sizes, codes and actions."""
    model = made(size)
    b, n = size["batch"], model.transition.num_variables
    before, after = torch.randint(size["codes"], (2, b, n))
    action = torch.randint(size["actions"], (b,))
    images = [SlowModel(model, codes) for codes in before]
    if mode == "causal":
        slow = torch.stack(
            [
                torch.stack([image.cross_entropy(after[k], a) for a in range(size["actions"])])
                for k, image in enumerate(images)
            ]
        )
        compare(model, model.retrieve_action(before, after).cross_entropy_BA, slow)
        return
    asked = [None] * b if mode == "standard" else action.tolist()
    found = model.reconstruct(before) if mode == "standard" else model.apply_action(before, action)
    fast = found.latents_BPQD.transpose(1, 2).flatten(1, 2)  # variables: codebook, then place
    compare(model, fast, torch.stack([image.latents(a) for image, a in zip(images, asked, strict=True)]))
