"""Factor probes: what they learn from, what they read, and how they are kept."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from datasets.cache import Cache
from engine.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from engine.metrics import probe_store, probes
from engine.metrics.probe_store import key_of, load_probes, probes_path, probes_steps
from engine.metrics.probes import (
    Best,
    ProbeNetwork,
    Probes,
    accuracy,
    blurred,
    readable_factors,
    softened,
    training_steps,
)
from tests.engine.blocks import build_blocks

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_blocks(tmp_path_factory.mktemp("blocks") / "blocks.h5")


@pytest.fixture
def cache(blocks: Path) -> Iterator[Cache]:
    with Cache.open(blocks) as opened:
        yield opened


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Trainings of a moment, kept in a home of the test's own."""
    monkeypatch.setattr(probes, "FEWEST_STEPS", 20)
    monkeypatch.setattr(probes, "MOST_STEPS", 20)
    monkeypatch.setattr(probes, "CHECK_EVERY", 10)
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))


def ended(steps: Generator[object, None, Probes | None]) -> Probes:
    """The result of a generator."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def weights(trained: Probes) -> dict[str, Tensor]:
    return trained.network.state_dict()


def same(one: Probes, other: Probes) -> bool:
    return all(torch.equal(x, y) for x, y in zip(weights(one).values(), weights(other).values(), strict=True))


@pytest.mark.long
def test_they_learn_to_read_images_that_they_never_saw(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some hundred steps on sixty images most factors of test images are read right, blurred or not."""
    monkeypatch.setattr(probes, "FEWEST_STEPS", 250)
    monkeypatch.setattr(probes, "MOST_STEPS", 250)
    monkeypatch.setattr(probes, "CHECK_EVERY", 50)
    trained = ended(training_steps(cache, CPU))
    rows = cache.rows("test")
    assert (accuracy(trained, cache, rows) > 0.8).all()
    soft = blurred(torch.from_numpy(cache.images(rows)).permute(0, 3, 1, 2).float(), 0.8)
    read = trained.read(soft.permute(0, 2, 3, 1).round().to(torch.uint8).numpy())
    assert (read == cache.factors[rows]).mean() > 0.75


def test_only_training_images_teach(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the network sees in training mode comes from training rows; test rows are never read at all."""
    asked: list[np.ndarray] = []
    images = cache.images
    monkeypatch.setattr(cache, "images", lambda rows: (asked.append(np.asarray(rows)), images(rows))[1])
    monkeypatch.setattr(Best, "settled", lambda *_: False)
    ended(training_steps(cache, CPU))
    assert (cache.splits[np.concatenate(asked)] == 0).all()
    monkeypatch.undo()
    asked.clear()
    monkeypatch.setattr(cache, "images", lambda rows: (asked.append(np.asarray(rows)), images(rows))[1])
    ended(training_steps(cache, CPU))
    assert set(cache.splits[np.concatenate(asked)]) == {0, 1}


def test_test_labels_have_no_say(cache: Cache) -> None:
    """Other labels of test images give the same probes, other labels of training images do not."""
    first = ended(training_steps(cache, CPU))
    cache.factors[cache.rows("test")] = 0
    assert same(first, ended(training_steps(cache, CPU)))
    train = cache.rows("train")
    cache.factors[train] = cache.factors[np.roll(train, 1)]
    assert not same(first, ended(training_steps(cache, CPU)))


def test_a_training_beside_them_keeps_its_random_numbers(cache: Cache) -> None:
    """Torch's and numpy's global generators are where they were."""
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    ended(training_steps(cache, CPU))
    assert torch.equal(torch.rand(3), expected)


def test_the_best_weights_win(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accuracies 0.5, 0.9, 0.8, 0.8, 0.7: it is time to stop, and the weights are those of 0.9."""
    found = iter([0.5, 0.9, 0.8, 0.8, 0.7])
    monkeypatch.setattr(probes, "accuracy", lambda *_: np.full(3, next(found)))
    network = probes.new_network(cache, CPU)
    best, stops = Best(), []
    for mark in range(5):
        network.heads.bias.data.fill_(mark)
        stops.append(best.settled(Probes(network, np.ones(3, dtype=bool), CPU), cache))
    best.restore(network)
    assert stops == [False, False, False, False, True]
    assert (network.heads.bias == 1).all()


def test_they_are_kept_and_not_trained_again(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time they come from the file, with the same weights; the file holds no pickle."""
    first = ended(probes_steps(cache, CPU, []))
    assert probes_path(cache).read_bytes()[8:9] == b"{", "safetensors: a length, then JSON"
    monkeypatch.setattr(probe_store, "training_steps", lambda *_: pytest.fail("trained again"))
    again = ended(probes_steps(cache, CPU, []))
    assert same(first, again)
    assert (again.read(cache.images([0, 1])) == first.read(cache.images([0, 1]))).all()


def test_a_file_that_does_not_fit_is_replaced(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut short, not a checkpoint, for other data or by another version: trained again."""
    first, path = ended(probes_steps(cache, CPU, [])), probes_path(cache)
    whole, content = load_checkpoint(path), path.read_bytes()
    smaller = {name: x[:1] if x.dim() else x for name, x in whole.tensors.items()}
    for tensors, meta in (
        (whole.tensors, {"probes": "0" * 40}),
        (smaller, whole.meta),
        (whole.tensors, {**whole.meta, "version": 0}),
    ):
        save_checkpoint(path, Checkpoint(tensors, meta))
        assert load_probes(path, cache, CPU) is None
    for damaged in (content[:-100], b"", b"\x80\x04 a pickle, perhaps"):
        path.write_bytes(damaged)
        assert load_probes(path, cache, CPU) is None
    again = ended(probes_steps(cache, CPU, []))
    assert same(first, again)
    assert load_probes(path, cache, CPU) is not None


def test_other_data_have_other_probes(cache: Cache, tmp_path: Path) -> None:
    """Another seed, other labels, other pixels: another key each; the same cache elsewhere: the same key."""
    first = key_of(cache)
    with Cache.open(Path(shutil.copy(cache.path, tmp_path / "elsewhere.h5"))) as moved:
        assert key_of(moved) == first
    with Cache.open(build_blocks(tmp_path / "more.h5", test_pairs=29)) as other:
        assert key_of(other) != first
    cache.factors[0, 0] ^= 1
    relabelled = key_of(cache)
    cache.factors[0, 0] ^= 1
    cache._images = 255 - cache._images
    assert len({first, relabelled, key_of(cache)}) == 3


def test_a_home_that_cannot_be_written_costs_a_note_only(cache: Cache, tmp_path: Path) -> None:
    """The probes are there all the same."""
    (tmp_path / "home").write_text("a file where the folder should be")
    notes: list[str] = []
    assert ended(probes_steps(cache, CPU, notes)) is not None
    assert len(notes) == 1
    assert "could not be kept" in notes[0]


def test_giving_up_and_cancelling_leave_nothing(cache: Cache) -> None:
    """No time: None at once. Closed half way: no file."""
    assert ended(probes_steps(cache, CPU, [], within_s=0.0)) is None
    steps = probes_steps(cache, CPU, [])
    next(steps)
    steps.close()
    assert not probes_path(cache).exists()


def test_in_a_hurry_fewer_steps_are_made_and_nothing_kept(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half the time, half the steps; with time enough all of them, as without a limit, and those are kept."""
    monkeypatch.setattr(probes, "FEWEST_IN_A_HURRY", 8)
    monkeypatch.setattr(probes, "_seconds_a_step", lambda *_: 1.0)
    totals = {progress.total for progress in probes_steps(cache, CPU, [], within_s=10.0)}
    assert totals == {10}
    assert ended(probes_steps(cache, CPU, [], within_s=10.0)).hurried
    assert not probes_path(cache).exists()
    unhurried = ended(probes_steps(cache, CPU, [], within_s=100.0))
    assert not unhurried.hurried
    assert probes_path(cache).exists()
    assert same(unhurried, ended(training_steps(cache, CPU)))
    assert ended(training_steps(cache, CPU, within_s=7.0)) is None


def test_the_time_of_a_step_is_measured(cache: Cache) -> None:
    """A small positive number, and the random numbers of the training itself stay as they are."""
    first = ended(training_steps(cache, CPU))
    assert 0 < probes._seconds_a_step(cache, CPU) < 60
    assert same(first, ended(training_steps(cache, CPU, within_s=1e6)))


@pytest.mark.parametrize(
    ("images", "factors", "steps"),
    [(10, 3, 40), (1000, 6, 234), (9999, 6, 600), (9999, 9, 1200), (3000, 10, 703)],
)
def test_steps_grow_with_the_data(
    monkeypatch: pytest.MonkeyPatch, images: int, factors: int, steps: int
) -> None:
    """15 passes in batches of 64, held between 40 and 600, or 200 more a factor beyond six."""
    monkeypatch.undo()
    values = np.arange(images)[:, None] % 2 * np.ones(factors, np.int64)
    small = SimpleNamespace(factors=values, rows=lambda _: np.arange(images))
    assert probes.planned_steps(small) == steps


@pytest.mark.long
def test_factors_with_one_value_are_not_read(cache: Cache) -> None:
    """They get no head, read as 0, and the others are read."""
    cache.factors[cache.rows("train"), 1] = 2
    assert readable_factors(cache).tolist() == [True, False, True]
    trained = ended(training_steps(cache, CPU))
    assert trained.network.sizes == (6, 4)
    read = trained.read(cache.images(np.arange(5)))
    assert read.shape == (5, 3)
    assert (read[:, 1] == 0).all()


@pytest.mark.parametrize("shape", [(8, 8, 3), (10, 13, 1), (64, 64, 3), (72, 100, 3)])
def test_images_of_any_size(shape: tuple[int, int, int]) -> None:
    """Sides that no stride divides, one channel, larger images: a head a factor each time."""
    network = ProbeNetwork(shape, (2, 7)).eval()
    logits = network(torch.zeros(3, shape[2], *shape[:2]))
    assert [tuple(x.shape) for x in logits] == [(3, 2), (3, 7)]


def test_softening_is_light() -> None:
    """Even areas stay as they are under blur; noise is small and without bias."""
    even = torch.full((2, 3, 16, 16), 0.5)
    assert torch.allclose(blurred(even, 1.3), even, atol=1e-6)
    edge = torch.zeros(1, 1, 16, 16)
    edge[..., 8:] = 1
    profile = blurred(edge, 1.0)[0, 0, 8]
    assert profile[7] == pytest.approx(1 - float(profile[8]), abs=1e-6)
    assert 0.2 < float(profile[7]) < 0.4
    assert (profile.diff() >= -1e-6).all()
    changed = softened(even, np.random.default_rng(0)) - even
    assert 0 < float(changed.abs().max()) < 0.25
    assert abs(float(changed.mean())) < 0.01
