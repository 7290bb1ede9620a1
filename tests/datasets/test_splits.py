"""Pairs are drawn fairly, and splits never share an image, a content or a pair."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from datasets.errors import DatasetInputError
from datasets.factors import Factor, FactorSpace
from datasets.splits import Ledger, Pair, Patience, candidates, check_room, digests
from datasets.steps import GridNeighbours, strides


def space_of(*sizes: int) -> FactorSpace:
    return FactorSpace(tuple(Factor(f"f{i}", tuple(map(str, range(n)))) for i, n in enumerate(sizes)))


def test_a_candidate_differs_by_the_step_that_its_action_says() -> None:
    """Exactly the action's factor moves, by +1 or -1, never around the end; factors of size 1 never move."""
    space = space_of(3, 1, 5, 2)
    for pair in islice(candidates(GridNeighbours(space), np.random.default_rng(0)), 2000):
        factor, direction = space.factor_of_action(pair.action)
        expected = np.zeros(4, np.int64)
        expected[factor] = direction
        assert (space.to_values(pair.after) - space.to_values(pair.before) == expected).all()
        assert factor != 1


def test_every_action_and_every_step_is_equally_likely() -> None:
    """Actions are uniform whatever the factors' sizes, and so is the lower value of the step."""
    space = space_of(2, 9, 3)
    pairs = list(islice(candidates(GridNeighbours(space), np.random.default_rng(0)), 12_000))
    counts = np.bincount([p.action for p in pairs], minlength=6)
    assert abs(counts - 2000).max() < 5 * np.sqrt(2000)
    lows = [space.to_values(min(p.before, p.after))[1] for p in pairs if p.action % 3 == 1]
    counts = np.bincount(lows)
    assert len(counts) == 8
    assert abs(counts - len(lows) / 8).max() < 5 * np.sqrt(len(lows) / 8)


def test_strides_are_what_one_step_adds_to_the_grid_index() -> None:
    """Raising factor f by one adds strides[f] to the grid index."""
    space = space_of(3, 4, 5)
    for f, stride in enumerate(strides(space)):
        step = np.eye(3, dtype=np.int64)[f]
        assert space.to_index(step) - space.to_index([0, 0, 0]) == stride


def test_neighbours_are_counted() -> None:
    """The count of unordered neighbour pairs agrees with going through a small grid."""
    space = space_of(3, 1, 4)
    values = space.to_values(np.arange(space.num_images))
    apart = np.abs(values[:, None] - values[None]).sum(-1)
    assert GridNeighbours(space).count() == (apart == 1).sum() // 2
    with pytest.raises(DatasetInputError, match="has 17 pairs of neighbours, 18 were asked for"):
        check_room(GridNeighbours(space), 18)


def test_the_ledger_refuses_repeats_and_reverses() -> None:
    """A pair is accepted once, and its reverse counts as the same pair."""
    ledger = Ledger()
    assert ledger.offer(Pair(0, 1, 0), 0, b"a", b"b") == (True, [0, 1])
    assert ledger.offer(Pair(0, 1, 0), 0, b"a", b"b") == (False, [])
    assert ledger.offer(Pair(1, 0, 1), 0, b"b", b"a") == (False, [])
    assert ledger.offer(Pair(1, 2, 0), 0, b"b", b"c") == (True, [2])


def test_the_ledger_keeps_contents_apart() -> None:
    """An image that another split holds is refused, even under other labels; the own split may repeat it."""
    ledger = Ledger()
    ledger.offer(Pair(0, 1, 0), 2, b"a", b"b")
    assert not ledger.offer(Pair(1, 2, 0), 0, b"b", b"c")[0]
    assert not ledger.offer(Pair(7, 8, 0), 0, b"a", b"d")[0]
    assert ledger.offer(Pair(7, 8, 0), 2, b"a", b"d")[0]
    assert ledger.splits == [2, 2, 2, 2]


def test_null_pairs_are_counted_once() -> None:
    """A pixel-identical pair leaves no image, and is counted once however often it is drawn."""
    ledger = Ledger()
    for pair in (Pair(0, 1, 0), Pair(1, 0, 1), Pair(0, 1, 0)):
        assert ledger.offer(pair, 0, b"a", b"a") == (False, [])
    assert ledger.null_pairs == 1
    assert ledger.splits == []


def test_closure_finds_all_other_neighbours_of_one_split() -> None:
    """The closure holds each remaining non-null neighbour pair among the split's images, and no other."""
    space = space_of(2, 3)
    ledger = Ledger()
    # Images 0..3 are training images, 4 and 5 belong to the test; 0 and 3 look alike.
    ledger.offer(Pair(0, 1, 1), 0, b"a", b"b")
    ledger.offer(Pair(2, 1, 3), 0, b"c", b"b")
    ledger.offer(Pair(0, 3, 0), 0, b"a", b"a")
    ledger.offer(Pair(4, 5, 1), 2, b"e", b"f")
    ledger.row_of[3] = len(ledger.splits)
    ledger.splits.append(0)
    ledger.contents.append(b"g")
    found = ledger.close_under_steps(GridNeighbours(space), 0, np.random.default_rng(0))
    # 0-3 is settled as null; 1-4 and 2-5 leave the split: nothing is left to add.
    assert found == []
    assert ledger.null_pairs == 1


def test_closure_directions_are_mixed_and_true(tiny: Callable[..., object]) -> None:
    """Closure pairs point both ways, each with the action that its direction has."""
    space = space_of(6, 6)
    ledger = Ledger()
    for index in range(36):
        ledger.row_of[index] = index
        ledger.splits.append(0)
        ledger.contents.append(bytes([index]))
    found = ledger.close_under_steps(GridNeighbours(space), 0, np.random.default_rng(0))
    assert len({pair.key for pair in found}) == len(found) == GridNeighbours(space).count()
    assert {pair.action for pair in found} == {0, 1, 2, 3}
    for pair in found:
        factor, direction = space.factor_of_action(pair.action)
        assert (space.to_values(pair.after) - space.to_values(pair.before))[factor] == direction


def test_patience_ends() -> None:
    """A grid without further pairs ends the drawing with a sentence, not with an endless loop."""
    patience = Patience("test", 10)

    def wait() -> None:
        for _ in range(100_000):
            patience.note(accepted=False, have=3)

    with pytest.raises(DatasetInputError, match="about 3 test pairs beside the other splits, 10 were asked"):
        wait()


def test_digests_tell_contents() -> None:
    """Equal pixels give equal hashes, one changed pixel another, also for arrays that are not contiguous."""
    images = np.zeros((3, 8, 8, 3), np.uint8)
    images[2, 7, 7, 2] = 1
    a, b, c = digests(images)
    assert a == b != c
    assert digests(np.stack([images, images], axis=1)[:, 0]) == [a, b, c]
