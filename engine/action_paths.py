"""The shortest sequence of actions that turns one image into another: a beam search on codes.

A state is how often each action was done, [A], with the codes that the model predicts for it.
One move repeats one action as often as it may go, because the way to a far value need not come nearer with
every step; of all states that were reached, the nearest ones are moved on. Nothing is decoded but the answer.

The distance of two images is the mean square of the difference of their latents.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.factors import Factor
from engine.errors import InputError
from engine.explorer import Explorer
from engine.results import ActionPath, Codes, FloatArray

MOST_STEPS = 8
BEAM = 4
LESS = 0.015  # a longer sequence has to come nearer by this share of the distance
Counts = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _State:
    """How often each action was done, in the order in which factors were first moved, and what follows."""

    counts: Counts
    order: tuple[int, ...]
    codes: Codes
    distance: float

    @property
    def steps(self) -> int:
        return sum(self.counts)


class PathSearch:
    """One search.

    Args:
        explorer: the run.
        before, after: codes, [N].
        beam: how many states are moved on in each round; 1 is a greedy search.
        most_steps: the longest sequence.

    Raises:
        InputError: a beam or a number of steps below 1.
    """

    def __init__(
        self, explorer: Explorer, before: Codes, after: Codes, beam: int = BEAM, most_steps: int = MOST_STEPS
    ) -> None:
        if beam < 1 or most_steps < 1:
            raise InputError("the search needs a beam of 1 or more and at least one step")
        self._explorer, self._beam, self._most_steps = explorer, beam, most_steps
        self._sought = explorer.latents(after[None])[0]
        space = explorer.info.space
        self._factor = space.action_factors.tolist()
        self._most = [_most_repetitions(space.factors[f], most_steps) for f in self._factor]
        start = _State((0,) * space.num_actions, (), before, self._distance(before[None])[0])
        self._start, self._unit = start, max(start.distance, 1e-12)
        self._seen: dict[Counts, _State] = {start.counts: start}

    def run(self) -> Iterator[ActionPath | None]:
        """Yields None after every little while, and the best sequence where a better one was found.

        The last one is `finished`. To stop early, close the iterator: the last answer stands.
        """
        best, frontier = self._start, [self._start] if self._start.distance > 0 else []
        while frontier:
            reached = []
            for moved in self._moves(frontier):
                reached.extend(moved)
                yield None
            nearer = self._best()
            # two factors that show in the same place may come nearer only together
            first = frontier == [self._start]
            if nearer is not best:
                best = nearer
                yield self._path(best, finished=False)
            elif not first and not any(state.distance < best.distance for state in reached):
                break
            frontier = sorted(reached, key=lambda state: state.distance)[: self._beam]
        yield self._path(best, finished=True)

    @property
    def tried(self) -> int:
        """States that were looked at so far."""
        return len(self._seen)

    def _moves(self, frontier: list[_State]) -> Iterator[list[_State]]:
        """All new states that one move from these leads to, one repetition at a time.

        A factor is moved once: what a state's codes are is then what its actions lead to, one after another.
        """
        actions = range(len(self._factor))
        going = [(s, action) for s in frontier for action in actions if self._factor[action] not in s.order]
        codes = np.stack([state.codes for state, _ in going]) if going else np.zeros((0, 0), np.int64)
        for repetition in range(1, self._most_steps + 1):
            keep = [k for k, (state, action) in enumerate(going) if self._may(state, action, repetition)]
            if not keep:
                return
            going, codes = [going[k] for k in keep], codes[keep]
            codes = self._explorer.next_codes(codes, np.array([action for _, action in going]))
            distances = self._distance(codes)
            new = []
            for (state, action), after, distance in zip(going, codes, distances, strict=True):
                counts = _moved(state.counts, action, repetition)
                # actions that lead elsewhere in another order: the nearer end counts
                if counts not in self._seen or distance < self._seen[counts].distance:
                    self._seen[counts] = _State(counts, (*state.order, self._factor[action]), after, distance)
                    new.append(self._seen[counts])
            yield new

    def _may(self, state: _State, action: int, repetition: int) -> bool:
        """Whether the factor has so many values, and the sequence stays short enough."""
        return repetition <= self._most[action] and state.steps + repetition <= self._most_steps

    def _best(self) -> _State:
        """The nearest state; a shorter one that is hardly farther is better, but not than what was sought."""
        nearest = min(self._seen.values(), key=lambda state: state.distance)
        limit = nearest.distance + (LESS * self._unit if nearest.distance > 0 else 0.0)
        near = [state for state in self._seen.values() if state.distance <= limit]
        return min(near, key=lambda state: (state.steps, state.distance))

    def _distance(self, codes: Codes) -> list[float]:
        apart: FloatArray = self._explorer.latents(codes) - self._sought
        return np.square(apart).mean(axis=1).tolist()

    def _path(self, state: _State, finished: bool) -> ActionPath:
        """The sequence to a state, done step by step for the images on the way."""
        actions: list[int] = []
        for factor in state.order:
            for action, count in enumerate(state.counts):
                actions += [action] * (count if self._factor[action] == factor else 0)
        codes, images = [self._start.codes], [self._explorer.decode(self._start.codes)]
        for action in actions:
            following = self._explorer.apply_action(codes[-1], action)
            codes.append(following.codes)
            images.append(following.image)
        distance = self._distance(codes[-1][None])[0] / self._unit
        return ActionPath(
            tuple(actions), np.stack(codes), np.stack(images), distance, len(self._seen), finished
        )


def _moved(counts: Counts, action: int, repetition: int) -> Counts:
    """The counts after one more action was done so often."""
    return (*counts[:action], repetition, *counts[action + 1 :])


def _most_repetitions(factor: Factor, most_steps: int) -> int:
    """How often an action of a factor may lead somewhere else; of unknown values, always."""
    if factor.acts == "set":
        return 1
    if factor.acts == "once" or factor.size < 2:
        return most_steps
    if factor.acts == "around":  # the farthest value, by the shorter way
        return factor.size // math.gcd(factor.size, factor.step) // 2
    return (factor.size - 1) // factor.step


def find_path(
    explorer: Explorer, before: Codes, after: Codes, beam: int = BEAM, most_steps: int = MOST_STEPS
) -> ActionPath:
    """The search run to its end.

    Raises:
        InputError: as `PathSearch`.
    """
    *_, last = PathSearch(explorer, before, after, beam, most_steps).run()
    assert last is not None  # the search ends with its answer
    return last


def same_multiset(actions: tuple[int, ...], steps: npt.NDArray[np.int64]) -> bool:
    """Whether a sequence has exactly the actions of a difference of factor values [F]."""
    f = len(steps)
    counts = np.bincount(np.array(actions, dtype=np.int64), minlength=2 * f)
    return bool((counts[:f] == np.maximum(steps, 0)).all() and (counts[f:] == np.maximum(-steps, 0)).all())
