"""What a training draws: hard factors more often, codes with noise that an action leaves alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.cache import Cache
from engine.batches import EVEN, CodeNoise, TransitionBatch, TransitionSampler
from engine.training_images import TrainingImages


@pytest.fixture
def sampler(tiny_cache: Path):
    with Cache.open(tiny_cache) as cache:
        codes = torch.arange(cache.num_images)[:, None].expand(-1, 4)
        yield TransitionSampler(cache, codes, 4000), cache


def test_every_factor_is_drawn_equally_often_at_first(sampler) -> None:
    """Six factors, 4,000 transitions: each within four standard deviations of its sixth."""
    drawn = sampler[0].draw(np.random.default_rng(0))
    counts = np.bincount((drawn.action_B % 6).numpy(), minlength=6)
    assert abs(counts - 4000 / 6).max() < 4 * np.sqrt(4000 / 6 * 5 / 6)


def test_both_directions_are_drawn_and_belong_to_their_images(sampler) -> None:
    """Action f raises factor f of the image before by one step, F + f lowers it, nothing else moves."""
    drawn, cache = sampler[0].draw(np.random.default_rng(0)), sampler[1]
    before, after = cache.factors[drawn.before_BN[:, 0]], cache.factors[drawn.after_BN[:, 0]]
    action = drawn.action_B.numpy()
    expected = np.zeros_like(before)
    expected[np.arange(len(action)), action % 6] = np.where(action < 6, 1, -1)
    assert (after - before == expected).all()
    assert 0.4 < (action < 6).mean() < 0.6


def test_hard_factors_are_drawn_more_often(sampler) -> None:
    """A factor with half of all errors gets its even part and half of the rest; none is forgotten."""
    sampler[0].errors[:] = [0.5, 0.1, 0.1, 0.1, 0.1, 0.1]
    drawn = sampler[0].draw(np.random.default_rng(0))
    shares = np.bincount((drawn.action_B % 6).numpy(), minlength=6) / 4000
    assert shares[0] == pytest.approx(EVEN / 6 + (1 - EVEN) * 0.5, abs=0.03)
    assert shares[1:].min() > EVEN / 6


def test_errors_are_noted_by_factor(sampler) -> None:
    """Both directions count for their factor; others keep theirs; a broken loss spoils nothing."""
    sampler[0].note(torch.tensor([0, 6, 2]), torch.tensor([3.0, 5.0, torch.nan]))
    assert sampler[0].errors == pytest.approx([1 + 0.05 * 3, 1, 1, 1, 1, 1])


def test_errors_fetched_together_count_one_after_the_other(sampler) -> None:
    """An accelerator's errors come some batches at once, and give what they give batch by batch."""
    cache, rng = sampler[1], np.random.default_rng(0)
    codes = torch.zeros(cache.num_images, 4, dtype=torch.int64)
    late = TransitionSampler(cache, codes, 4000, note_every=3)
    for number in range(3):
        assert late.errors == pytest.approx(1.0)
        noted = torch.from_numpy(rng.integers(0, 12, 5)), torch.from_numpy(rng.random(5)).bfloat16()
        sampler[0].note(*noted)
        late.note(*noted)
        assert (late.errors == sampler[0].errors).all() == (number == 2)


def test_images_that_stay_on_the_device_are_the_same(sampler) -> None:
    """By their rows, in any order; those of the test are not there."""
    cache, rows = sampler[1], np.concatenate([sampler[1].rows("validation")[::-1], sampler[1].rows("train")])
    there = TrainingImages(cache, torch.device("cpu"), resident=True)
    read = TrainingImages(cache, torch.device("cpu"))
    batch = there.batch(rows)
    assert torch.equal(batch, read.batch(rows))
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert batch.dtype == torch.float32
    with pytest.raises(IndexError, match="test images"):
        there.batch(cache.rows("test")[:1])


def test_images_stay_only_where_they_fit(sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of an accelerator's free memory is theirs at most; the processor's memory never is."""
    used = len(sampler[1].rows("train")) + len(sampler[1].rows("validation"))
    needed = used * 64 * 64 * 3
    for device, free, fits in (
        ("meta", 2 * needed, True),
        ("meta", 2 * needed - 2, False),
        ("cpu", 1 << 60, False),
    ):
        monkeypatch.setattr("engine.training_images.free_memory", lambda _, free=free: free)
        assert TrainingImages(sampler[1], torch.device(device)).resident is fits


def noisy(share: float = 0.5, first: int = 2) -> tuple[TransitionBatch, TransitionBatch, torch.Tensor]:
    """A batch without and with noise, and the codes."""
    torch.manual_seed(0)
    codebook = torch.randn(2, 20, 3)
    books = torch.tensor([0, 0, 0, 1, 1, 1])
    before = torch.randint(20, (40, 6))
    after = torch.where(torch.rand(40, 6) < 0.3, torch.randint(20, (40, 6)), before)
    batch = TransitionBatch(before, after, torch.randint(4, (40,)))
    return batch, CodeNoise(codebook, books, share).add(batch, first), codebook


def test_noise_stays_where_the_action_does_nothing() -> None:
    """An untouched variable keeps its wrong code, a changed one gets its true code; first rows are clean."""
    clean, made, _ = noisy()
    kept = clean.before_BN == clean.after_BN
    assert torch.equal(made.after_BN[kept], made.before_BN[kept])
    assert torch.equal(made.after_BN[~kept], clean.after_BN[~kept])
    assert torch.equal(made.before_BN[:2], clean.before_BN[:2])
    assert torch.equal(made.action_B, clean.action_B)


def test_noise_exchanges_the_asked_share_for_similar_codes() -> None:
    """Half of the codes, each for one of the eight nearest of its own codebook and never for itself."""
    clean, made, codebook = noisy()
    other = made.before_BN != clean.before_BN
    assert other[2:].float().mean().item() == pytest.approx(0.5, abs=0.1)
    for row, variable in other.nonzero().tolist():
        book = codebook[variable // 3]
        distance = (book - book[clean.before_BN[row, variable]]).norm(dim=1)
        assert distance.argsort()[1:9].eq(made.before_BN[row, variable]).any()


def test_no_noise_changes_nothing() -> None:
    """A share of 0 gives the batch as it was; a codebook of two codes has one neighbour."""
    clean, made, _ = noisy(0.0)
    assert torch.equal(made.before_BN, clean.before_BN)
    two = CodeNoise(torch.randn(1, 2, 3), torch.zeros(6, dtype=torch.long), 1.0)
    batch = TransitionBatch(clean.before_BN % 2, clean.before_BN % 2, clean.action_B)
    assert torch.equal(two.add(batch, 0).before_BN, 1 - clean.before_BN % 2)
