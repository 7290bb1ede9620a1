"""The quantizer and the autoencoder."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.autoencoder import Autoencoder
from engine.config import AutoencoderConfig
from engine.quantizer import Quantizer, perplexity


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(2, 9), st.integers(1, 5), st.integers(0, 99))
def test_codes_and_latents_are_inverse(codebooks: int, codes: int, size: int, seed: int) -> None:
    """Rows of the codebooks are found again as themselves, each codebook by its own block."""
    torch.manual_seed(seed)
    quantizer = Quantizer(codebooks, codes, size, 0.9, 0.01, 0).eval()
    # well apart: codes nearer than the rounding of a float32 distance may be exchanged
    quantizer.codebook_QKD.copy_(
        torch.randperm(codebooks * codes).reshape(codebooks, codes, 1).expand(-1, -1, size)
    )
    picked = torch.randint(codes, (2, codebooks, 6))
    latents = quantizer.codes_to_latents(picked)
    assert torch.equal(quantizer.latents_to_codes(latents), picked)
    assert torch.equal(quantizer(latents).codes_BQP, picked)


def test_blocks_do_not_overlap() -> None:
    """Moving the channels of one block changes the codes of that codebook only."""
    torch.manual_seed(0)
    quantizer = Quantizer(3, 8, 4, 0.9, 0.01, 0).eval()
    latents = torch.randn(2, 5, 3, 4)
    moved = latents.clone()
    moved[:, :, 1] += 10 * torch.randn(2, 5, 4)
    different = (
        (quantizer.latents_to_codes(latents) != quantizer.latents_to_codes(moved)).any(dim=2).any(dim=0)
    )
    assert different.tolist() == [False, True, False]


def test_the_gradient_passes_straight_through() -> None:
    """The gradient of the quantized latents reaches the latents unchanged."""
    quantizer = Quantizer(1, 4, 3, 0.9, 0.01, 0).eval()
    latents = torch.randn(1, 2, 1, 3, requires_grad=True)
    weight = torch.randn(1, 2, 1, 3)
    (quantizer(latents).latents_BPQD * weight).sum().backward()
    torch.testing.assert_close(latents.grad, weight)


def test_codebooks_find_clusters_and_dead_codes_come_back() -> None:
    """From a bad start (all codes equal), eight clusters end up with a code each."""
    torch.manual_seed(0)
    centres = torch.randn(8, 4) * 5
    quantizer = Quantizer(1, 16, 4, 0.9, 0.05, 1).train()
    for _ in range(80):
        which = torch.randint(8, (4, 64))
        quantizer((centres[which] + 0.01 * torch.randn(4, 64, 4))[:, :, None])
    quantizer.eval()
    found = quantizer(centres[None, :, None])
    assert float(found.commitment) < 0.01
    assert len(set(found.codes_BQP[0, 0].tolist())) == 8


def test_bf16_changes_neither_codes_nor_codebooks() -> None:
    """Under bf16 autocast, forced here, distances stay exact and the moving average works."""
    torch.manual_seed(0)
    plain, cast = (Quantizer(1, 16, 4, 0.9, 0.01, 0).train() for _ in range(2))
    cast.load_state_dict(plain.state_dict())
    for _ in range(3):
        latents = torch.randn(4, 20, 1, 4)
        torch.manual_seed(1)
        first = plain(latents)
        torch.manual_seed(1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            second = cast(latents)
            assert torch.equal(cast.latents_to_codes(latents), plain.latents_to_codes(latents))
        assert torch.equal(first.codes_BQP, second.codes_BQP)
    assert torch.equal(plain.codebook_QKD, cast.codebook_QKD)


def test_perplexity_of_known_codes() -> None:
    """Uniform use of four codes has perplexity four; one code, one; unused ones are counted."""
    even = torch.arange(4).repeat(8).reshape(4, 1, 8)
    value, dead = perplexity(even, 6)
    assert value == pytest.approx(4.0, rel=1e-5)
    assert dead == 2
    assert perplexity(torch.zeros(2, 1, 8, dtype=torch.long), 6)[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("shape", "codebooks", "patch"), [((64, 64, 3), 2, 8), ((32, 64, 1), 1, 4)])
def test_shapes_through_the_autoencoder(shape: tuple[int, int, int], codebooks: int, patch: int) -> None:
    """Any channel count and side that the patch divides; decode(encode) has the image's shape and range."""
    torch.manual_seed(0)
    config = AutoencoderConfig(codebooks=codebooks, codes=8, code_size=4, width=16, patch=patch)
    model = Autoencoder(config, shape).eval()
    height, width, channels = shape
    image = torch.rand(2, channels, height, width)
    codes = model.encode(image)
    assert codes.shape == (2, codebooks * (height // patch) * (width // patch))
    decoded = model.decode(codes).detach()
    assert decoded.shape == image.shape
    assert float(decoded.min()) >= 0
    assert float(decoded.max()) <= 1
    assert torch.equal(model(image).codes_BN, codes)


def test_a_code_changes_only_near_the_picture_change() -> None:
    """Painting one patch leaves the codes of cells beyond its neighbours as they were."""
    torch.manual_seed(0)
    config = AutoencoderConfig(codes=64, code_size=8, width=16, encoder_blocks=1)
    model = Autoencoder(config, (64, 64, 3)).eval()
    image = torch.rand(1, 3, 64, 64)
    painted = image.clone()
    painted[:, :, 0:8, 0:8] = 0
    with torch.no_grad():
        difference = (model.latents(image) - model.latents(painted)).abs().sum(dim=(0, 2, 3)).reshape(8, 8)
    assert difference[0, 0] > 0
    assert difference[1, 1] > 0
    assert not difference[2:].any()
    assert not difference[:, 2:].any()


def test_expected_latents_of_certain_and_of_divided_codes() -> None:
    """A certain code expects its own vector, in every codebook; two equal halves expect the middle."""
    net = Quantizer(2, 4, 3, decay=0.9, dead_after=0.0, warm_up=0)
    codes = torch.randint(4, (2, 2, 5))
    certain = torch.nn.functional.one_hot(codes.flatten(1), 4).float()
    torch.testing.assert_close(net.expected_latents(certain), net.codes_to_latents(codes))
    divided = torch.full((1, 10, 4), 0.0)
    divided[..., :2] = 0.5
    middle = net.codebook_QKD[:, :2].mean(dim=1)
    torch.testing.assert_close(net.expected_latents(divided)[0, 0], middle)
