"""The search for a sequence of actions: exact where the model is, bounded, and its best so far."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.factors import Factor
from datasets.steps import moved
from engine.action_paths import PathSearch, _most_repetitions, find_path, same_multiset
from engine.errors import InputError
from engine.results import Intervention
from tests.datasets.drawing import space_of

SIZES = (6, 5, 4, 4)
SPACE = space_of(*SIZES)


class Exact:
    """Stands in for an Explorer: codes are factor values, actions are exact.

    Args:
        flat: every wrong value is equally far, as hues are; else nearer values have nearer latents.
    """

    def __init__(self, flat: bool) -> None:
        self.info = SimpleNamespace(space=SPACE, num_variables=len(SIZES))
        self.flat, self.calls = flat, 0

    def latents(self, codes: np.ndarray) -> np.ndarray:
        if self.flat:
            return np.eye(9, dtype=np.float32)[codes % 9].reshape(len(codes), -1)
        return codes.astype(np.float32)

    def next_codes(self, codes: np.ndarray, actions: np.ndarray) -> np.ndarray:
        self.calls += len(codes)
        return np.clip(moved(codes, actions), 0, np.array(SIZES) - 1)

    def apply_action(self, codes: np.ndarray, action: int) -> Intervention:
        after = self.next_codes(codes[None], np.array([action]))[0]
        return Intervention(after, self.decode(after), after != codes, after != codes)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return np.repeat(codes.astype(np.uint8), 3).reshape(1, len(codes), 3)


class Ordered(Exact):
    """Where the second factor is above 1, moving the first one moves the last one too."""

    def next_codes(self, codes: np.ndarray, actions: np.ndarray) -> np.ndarray:
        after = super().next_codes(codes, actions)
        after[:, 3] = np.where((actions % 4 == 0) & (codes[:, 1] > 1), (codes[:, 3] + 1) % 4, after[:, 3])
        return after


values = st.tuples(*(st.integers(0, size - 1) for size in SIZES))


@settings(deadline=None, max_examples=60)
@given(values, values, st.booleans(), st.sampled_from([1, 4]))
def test_it_is_exact_where_the_model_is(before, after, flat: bool, beam: int) -> None:
    """Any two states at most eight steps apart: exactly the actions between them, and where they lead."""
    steps = np.array(after) - np.array(before)
    found = find_path(Exact(flat), np.array(before), np.array(after), beam)
    if np.abs(steps).sum() > 8:
        assert len(found.actions) <= 8
        return
    assert same_multiset(found.actions, steps)
    assert found.finished
    assert found.distance == 0
    assert len(found.codes) == len(found.images) == len(found.actions) + 1
    assert (found.codes[-1] == after).all()
    assert (np.abs(np.diff(found.codes, axis=0)).sum(axis=1) == 1).all()


def test_nothing_to_do_is_no_action() -> None:
    """The same codes twice."""
    found = find_path(Exact(True), np.zeros(4, np.int64), np.zeros(4, np.int64))
    assert found.actions == ()
    assert len(found.images) == 1


def test_the_length_is_bounded() -> None:
    """No sequence longer than wanted is tried."""
    search = PathSearch(Exact(False), np.zeros(4, np.int64), np.array([5, 4, 3, 3]), most_steps=3)
    *_, last = search.run()
    assert len(last.actions) == 3
    assert all(state.steps <= 3 for state in search._seen.values())


def test_better_and_better_ones_come_and_a_stop_is_heeded() -> None:
    """Each answer is nearer than the one before; between two of them the search can be left."""
    search = PathSearch(Exact(True), np.array([0, 0, 0, 0]), np.array([3, 2, 1, 0]), beam=2)
    answers, breaths = [], 0
    for found in search.run():
        breaths += found is None
        answers += [] if found is None else [found]
    assert breaths >= 3
    distances = [answer.distance for answer in answers]
    assert distances == sorted(distances, reverse=True)
    assert [answer.finished for answer in answers] == [False] * (len(answers) - 1) + [True]
    steps = PathSearch(Exact(True), np.array([0, 0, 0, 0]), np.array([3, 2, 1, 0])).run()
    next(steps)
    steps.close()


def test_a_wider_beam_looks_at_more() -> None:
    """The setting does what it says."""
    narrow, wide = Exact(True), Exact(True)
    for explorer, beam in ((narrow, 1), (wide, 8)):
        find_path(explorer, np.array([0, 0, 0, 0]), np.array([3, 2, 1, 2]), beam)
    assert wide.calls > narrow.calls


@pytest.mark.parametrize(("beam", "most_steps"), [(0, 8), (4, 0)])
def test_impossible_settings_are_refused(beam: int, most_steps: int) -> None:
    """A sentence."""
    with pytest.raises(InputError, match="beam of 1 or more"):
        find_path(Exact(True), np.zeros(4, np.int64), np.ones(4, np.int64), beam, most_steps)


def test_multisets() -> None:
    """Order does not count, direction and number do."""
    assert same_multiset((0, 6, 0), np.array([2, 0, -1, 0]))
    assert not same_multiset((0, 6), np.array([2, 0, -1, 0]))
    assert not same_multiset((0, 0, 2), np.array([2, 0, -1, 0]))
    assert same_multiset((), np.zeros(4, dtype=np.int64))


def test_a_small_difference_counts() -> None:
    """What is exactly sought is not given up for a shorter sequence that is nearly there."""

    class Small(Exact):
        def latents(self, codes: np.ndarray) -> np.ndarray:
            return codes * np.array([1, 1, 1, 0.1], np.float32)

    found = find_path(Small(False), np.zeros(4, np.int64), np.array([1, 0, 0, 1]))
    assert same_multiset(found.actions, np.array([1, 0, 0, 1]))


def test_two_factors_that_show_in_one_place() -> None:
    """No action alone comes nearer, both together are what is sought."""

    class Mixed(Exact):
        def latents(self, codes: np.ndarray) -> np.ndarray:
            place = np.eye(30, dtype=np.float32)[codes[:, 0] * 5 + codes[:, 1]]
            return np.concatenate([place, codes[:, 2:].astype(np.float32)], axis=1)

    found = find_path(Mixed(True), np.zeros(4, np.int64), np.array([1, 1, 0, 0]))
    assert same_multiset(found.actions, np.array([1, 1, 0, 0]))


def test_of_two_orders_the_nearer_one_counts() -> None:
    """Also where the other one was found first."""
    found = find_path(Ordered(False), np.array([0, 1, 1, 1]), np.array([1, 2, 1, 2]))
    assert len(found.actions) == 2
    assert found.distance == 0


def test_codes_that_are_the_same_need_no_search() -> None:
    explorer = Exact(True)
    *_, last = PathSearch(explorer, np.ones(4, np.int64), np.ones(4, np.int64)).run()
    assert (last.actions, explorer.calls) == ((), 0)


@pytest.mark.parametrize(("size", "step", "most"), [(10, 1, 5), (10, 3, 5), (10, 4, 2), (9, 1, 4), (6, 2, 1)])
def test_around_a_circle_every_value_is_reached(size: int, step: int, most: int) -> None:
    """As often as the farthest value needs, by the shorter way."""
    factor = Factor("hue", tuple(map(str, range(size))), "cyclic", "around", step)
    reached = {k * step % size for k in range(-most, most + 1)}
    assert reached == {k * step % size for k in range(size)}
    assert _most_repetitions(factor, 8) == most


def test_what_is_judged_is_what_is_shown() -> None:
    """Where the order of actions matters, a state's codes are those that its own actions lead to."""

    explorer = Ordered(False)
    search = PathSearch(explorer, np.array([0, 0, 1, 1]), np.array([3, 3, 0, 2]), beam=3)
    *_, last = search.run()
    assert last is not None
    judged = next(
        s for s in search._seen.values() if (s.codes == last.codes[-1]).all() and s.steps == len(last.actions)
    )
    assert last.distance == pytest.approx(judged.distance / search._unit)
    for state in search._seen.values():
        assert (search._path(state, False).codes[-1] == state.codes).all()
