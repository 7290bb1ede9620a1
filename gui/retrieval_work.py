"""The engine thread's part of Retrieve: no Qt, so that it can be tested by itself."""

from __future__ import annotations

import csv
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.results import Retrieval
from gui import requests as rq
from gui.data_work import DataWork
from gui.replies import Activity, Calibrated, NoMistake, Written

if TYPE_CHECKING:
    from datasets.cache import Cache
    from engine.calibration import Calibration
    from engine.events import Progressed
    from engine.explorer import Explorer

COLUMNS = ("pair", "true action", "answer", "probability", "right")


@dataclass(frozen=True)
class _Learning:
    """A calibration under way, of some weights on an open cache."""

    of: tuple[str, Cache]
    steps: Generator[Progressed, None, Calibration]


class RetrievalWork:
    """Answers the requests of Retrieve.

    Args:
        explorer_of: the loaded model of a run.
        data: the open caches.
    """

    def __init__(self, explorer_of: Callable[[str], Explorer], data: DataWork) -> None:
        self._explorer, self._data = explorer_of, data
        self._calibrations: dict[str, Calibration] = {}  # by fingerprint of the weights
        self._learning: _Learning | None = None  # one that is not there yet
        self.handlers: dict[type[rq.Request], Callable[[Any], object]] = {
            rq.PickPair: data.pick_pair,
            rq.RetrieveAction: self._retrieve,
            rq.ExplainActions: self._explain,
            rq.FindPath: self._find_path,
            rq.Calibrate: self._calibrate,
            rq.FindMistake: self._find_mistake,
            rq.JudgeRun: self._judge,
            rq.WriteAnswers: self._write_answers,
        }

    def _calibration(self, explorer: Explorer) -> Calibration | None:
        """What is known of these weights; the disk is asked until something is there."""
        key = explorer.info.fingerprint
        if key not in self._calibrations:
            from engine.calibration import kept_calibration

            found = kept_calibration(explorer)
            if found is None:
                return None
            self._calibrations[key] = found
        return self._calibrations[key]

    def _retrieve(self, request: rq.RetrieveAction) -> Retrieval:
        from engine.retrieval import retrieve

        explorer = self._explorer(request.run)
        return retrieve(explorer, request.before, request.after, self._calibration(explorer))

    def _explain(self, request: rq.ExplainActions) -> Iterator[object]:
        """One action a step, so that clicks come in between."""
        from engine.retrieval import explain

        explorer = self._explorer(request.run)
        for action in request.actions:
            yield explain(explorer, request.codes, action)

    def _find_path(self, request: rq.FindPath) -> Iterator[object]:
        from engine.action_paths import PathSearch

        search = PathSearch(
            self._explorer(request.run), request.before, request.after, request.beam, request.most_steps
        )
        for found in search.run():
            if found is None:
                yield Activity(
                    request.kind, f"{request.text}: {search.tried:,} states tried", cancellable=True
                )
            else:
                yield found

    def _calibrate(self, request: rq.Calibrate) -> Iterator[object]:
        explorer = self._explorer(request.run)
        if self._calibration(explorer) is None:
            yield from self._learn(request, explorer)
        else:
            yield Calibrated(request.run)

    def _learn(self, request: rq.Calibrate | rq.JudgeRun, explorer: Explorer) -> Iterator[object]:
        """Two requests in turns learn it together, and one that was cancelled loses nothing."""
        from engine.calibration import calibration_steps

        weights, cache = explorer.info.fingerprint, self._data.cache(request.dataset)
        while weights not in self._calibrations:
            if self._learning is None or self._learning.of != (weights, cache):
                self._learning = _Learning((weights, cache), calibration_steps(explorer, cache))
            try:
                now = next(self._learning.steps)
            except StopIteration as end:
                self._calibrations[weights], self._learning = end.value, None
                break
            except Exception:
                self._learning = None
                raise
            text = f"Calibrating the probabilities: {now.stage}"
            yield Activity(request.kind, text, now.done, now.total, cancellable=True)
        yield Calibrated(request.run)

    def _find_mistake(self, request: rq.FindMistake) -> Iterator[object]:
        from engine.judging import judging_steps

        explorer, cache, done = self._explorer(request.run), self._data.cache(request.dataset), 0
        for part in judging_steps(explorer, cache, request.split, start=request.start):
            wrong = np.flatnonzero(part.truth != part.answer)
            if len(wrong):
                position = int(part.positions[wrong[0]])
                yield self._data.pick_pair(rq.PickPair(request.dataset, request.split, position=position))
                return
            done += len(part)
            yield Activity(request.kind, request.text, done, part.total, cancellable=True)
        yield NoMistake(done)

    def _judge(self, request: rq.JudgeRun) -> Iterator[object]:
        from engine.judging import judging_steps

        explorer, cache, done = self._explorer(request.run), self._data.cache(request.dataset), 0
        if self._calibration(explorer) is None:
            yield from self._learn(request, explorer)
        for part in judging_steps(explorer, cache, request.split, self._calibration(explorer)):
            done += len(part)
            yield Activity(request.kind, request.text, done, part.total, cancellable=True)
            yield part

    def _write_answers(self, request: rq.WriteAnswers) -> Written:
        from engine.whole_files import whole

        judged, names = request.judged, request.action_names
        path = Path(request.path)
        with whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for k in np.argsort(judged.positions):
                truth, answer = names[judged.truth[k]], names[judged.answer[k]]
                writer.writerow(
                    (
                        int(judged.positions[k]), truth, answer, f"{judged.confidence[k]:.6f}",
                        int(truth == answer),
                    )
                )  # fmt: skip
        return Written(request.path, f"{len(judged):,} answers")
