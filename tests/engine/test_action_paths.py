"""The search for a sequence of actions: exact where the model is, bounded, and its best so far."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.steps import moved
from engine.action_paths import PathSearch, find_path, same_multiset
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


def test_what_is_judged_is_what_is_shown() -> None:
    """Where the order of actions matters, a state's codes are those that its own actions lead to."""

    class Ordered(Exact):
        def next_codes(self, codes: np.ndarray, actions: np.ndarray) -> np.ndarray:
            after = super().next_codes(codes, actions)
            after[:, 3] = np.where((actions % 4 == 0) & (codes[:, 1] > 1), (codes[:, 3] + 1) % 4, after[:, 3])
            return after

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
