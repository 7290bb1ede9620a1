"""The thread that owns the engine: requests in, results out, the newest of a kind wins.

    window --submit(request)--> queue --EngineWork--> result(kind, generation, payload) --> window

Requests go first. What answers with a generator becomes a *job*, stepped between requests: first the
interactive ones (a traversal), then those in the background (building, evaluating, training) in turn.
Pausing a training is an order to it; stopping is closing its generator, which saves. A result whose
request has been overtaken by a newer one of its kind is dropped, here and at the window's end.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from engine.errors import Diverged
from gui import requests as rq
from gui.replies import Activity, Failure, TrainingEnded

if TYPE_CHECKING:
    from gui.engine_work import EngineWork

log = logging.getLogger("doscope.engine")
TRAINING = rq.StartTraining.__name__
MAX_UNDELIVERED = 100


@dataclass
class _Job:
    """A generator that is being stepped."""

    request: rq.Request
    generation: int
    steps: Iterator[object]


class EngineThread(QThread):
    """Signals, all emitted in the window's thread and only for the newest request of a kind:

    Signals:
        result: kind, generation, payload.
        failed: kind, generation, Failure.
        ended: kind, generation; nothing more comes for it (also after a failure or a cancel).
        activity: Activity, what the thread does now; None when it waits.
        training_changed: whether a training is running or paused.
    """

    result = Signal(str, int, object)
    failed = Signal(str, int, object)
    ended = Signal(str, int)
    activity = Signal(object)
    training_changed = Signal(bool)
    _told = Signal(str, str, int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("engine_thread")
        self._condition = threading.Condition()
        self._pending: dict[str, tuple[int, rq.Request]] = {}
        self._cancelled: dict[str, int] = {}  # kind -> the newest generation when it was cancelled
        self._newest: dict[str, int] = {}
        self._generation = 0
        self._quit = False
        self._jobs: dict[str, _Job] = {}  # thread's own, as all below
        self._turn = 0
        self._waiting = False
        self._sent = 0
        self._training = False  # the window's own, as the next
        self._delivered = 0
        self._told.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    # ------------------------------------------------------------ the window's side

    @property
    def is_training(self) -> bool:
        """Whether a training is running or paused."""
        return self._training

    def submit(self, request: rq.Request) -> int:
        """Queue a request; an unstarted older one of its kind is dropped. Returns its generation."""
        with self._condition:
            self._generation += 1
            self._pending.pop(request.kind, None)
            self._pending[request.kind] = (self._generation, request)
            self._newest[request.kind] = self._generation
            self._condition.notify()
            return self._generation

    def cancel(self, kind: str) -> None:
        """End the job of this kind at its next step, and forget one that has not begun."""
        with self._condition:
            self._cancelled[kind] = self._generation
            self._condition.notify()

    def forget(self, kind: str) -> None:
        """Like `cancel`, and answers that are on their way are dropped too."""
        with self._condition:
            self._generation += 1
            self._newest[kind] = self._cancelled[kind] = self._generation
            self._condition.notify()

    def shutdown(self, wait_ms: int = 30_000) -> bool:
        """Close all jobs (a training saves), write what was to be saved, and end the thread.

        False: it did not end in time.
        """
        with self._condition:
            self._quit = True
            self._condition.notify()
        return not self.isRunning() or self.wait(wait_ms)

    def is_idle(self) -> bool:
        """Nothing is asked, nothing is going on, and all answers have been delivered."""
        with self._condition:
            still = self._waiting and not self._pending and not self._cancelled
            return still and self._sent == self._delivered

    def _is_newest(self, kind: str, generation: int) -> bool:
        return self._newest.get(kind) == generation

    @Slot(str, str, int, object)
    def _deliver(self, what: str, kind: str, generation: int, payload: Any) -> None:
        self._delivered += 1
        if what == "activity":
            self.activity.emit(payload)
            return
        if kind == TRAINING and what in ("begun", "ended"):
            self._training = what == "begun"
            self.training_changed.emit(self._training)
        if not self._is_newest(kind, generation):
            return
        if what == "result":
            self.result.emit(kind, generation, payload)
        elif what == "failed":
            self.failed.emit(kind, generation, payload)
        elif what == "ended":
            self.ended.emit(kind, generation)

    # ------------------------------------------------------------ the thread's side

    def run(self) -> None:
        """The loop; ends after `shutdown`. What does the work is loaded when there is some."""
        self._wait()
        from gui.engine_work import EngineWork

        work = EngineWork()
        while True:
            self._wait()
            self._end_cancelled()
            if self._quit:
                break
            item = self._next_request()
            if item is not None:
                self._begin(work, *item)
            elif self._sent - self._delivered > MAX_UNDELIVERED:
                self.msleep(2)  # a window that is busy painting is not buried in news
            elif (job := self._next_job()) is not None:
                self._step(job)
        for kind in list(self._jobs):
            self._close(kind)
        for generation, request in list(self._pending.values()):
            if request.durable:
                self._begin(work, generation, request)
        work.close()

    def _wait(self) -> None:
        """Until there is something to do."""
        with self._condition:
            if not self._pending and not self._cancelled and not self._quit and not self._runnable():
                self._tell("activity", "", 0, None)
                self._waiting = True
                self._condition.wait()
                self._waiting = False

    def _next_request(self) -> tuple[int, rq.Request] | None:
        """The oldest request; None when there is none, or when a cancel has to be heeded first."""
        with self._condition:
            if not self._pending or self._cancelled:
                return None
            return self._pending.pop(next(iter(self._pending)))

    def _runnable(self) -> list[_Job]:
        interactive = [job for job in self._jobs.values() if not job.request.background]
        return interactive or list(self._jobs.values())

    def _next_job(self) -> _Job | None:
        jobs = self._runnable()
        self._turn += 1
        return jobs[self._turn % len(jobs)] if jobs else None

    def _begin(self, work: EngineWork, generation: int, request: rq.Request) -> None:
        kind = request.kind
        if request.text:
            self._tell(
                "activity", kind, generation, Activity(kind, request.text, cancellable=request.cancellable)
            )
        if isinstance(request, rq.StopTraining):
            self._close(TRAINING)
            self._tell("ended", kind, generation, None)
            return
        self._close(kind)
        from gui.data_work import refuse_conflict

        try:
            refuse_conflict(request, [job.request for job in self._jobs.values()])
            answer = work.start(request)
        except Exception as error:  # noqa: BLE001 (the door: all errors cross as a Failure)
            self._fail(kind, generation, error, request)
            return
        if hasattr(answer, "__next__"):
            self._jobs[kind] = _Job(request, generation, cast(Iterator[object], answer))
            self._tell("begun", kind, generation, None)
            return
        self._tell("result", kind, generation, answer)
        self._tell("ended", kind, generation, None)

    def _step(self, job: _Job) -> None:
        kind = job.request.kind
        try:
            payload = next(job.steps, self)
        except Exception as error:  # noqa: BLE001 (the door: all errors cross as a Failure)
            del self._jobs[kind]
            if isinstance(job.request, rq.StartTraining):
                reason = "diverged" if isinstance(error, Diverged) else "failed"
                self._tell("result", kind, job.generation, TrainingEnded(job.request.path, reason))
            self._fail(kind, job.generation, error, job.request)
            return
        if payload is self:
            del self._jobs[kind]
            self._tell("ended", kind, job.generation, None)
        elif isinstance(payload, Activity):
            self._tell("activity", kind, job.generation, payload)
        elif payload is not None:
            self._tell("result", kind, job.generation, payload)

    def _end_cancelled(self) -> None:
        """Close the cancelled jobs, and tell the end of those that had not begun."""
        with self._condition:
            cancelled, self._cancelled = self._cancelled, {}
            unbegun = {
                kind: self._pending.pop(kind)[0]
                for kind, newest in cancelled.items()
                if kind in self._pending and self._pending[kind][0] <= newest
            }
        for kind in cancelled:
            self._close(kind)
        for kind, generation in unbegun.items():
            self._tell("ended", kind, generation, None)

    def _close(self, kind: str) -> None:
        """Close a job's generator: a build removes its temporary file, a training saves."""
        job = self._jobs.pop(kind, None)
        if job is None:
            return
        trouble: Exception | None = None
        try:
            cast(Any, job.steps).close()
        except Exception as error:  # noqa: BLE001 (the door: all errors cross as a Failure)
            trouble = error
        if isinstance(job.request, rq.StartTraining):
            reason = "failed" if trouble else "stopped"
            self._tell("result", kind, job.generation, TrainingEnded(job.request.path, reason))
        if trouble is not None:
            self._fail(kind, job.generation, trouble, job.request)
            del trouble  # it holds this frame, and all that the job had
        else:
            self._tell("ended", kind, job.generation, None)

    def _fail(self, kind: str, generation: int, error: Exception, request: rq.Request) -> None:
        from gui.engine_work import describe

        failure: Failure = describe(error, request)
        log.error("%s: %s", kind, failure.sentence, exc_info=error)
        self._tell("failed", kind, generation, failure)
        self._tell("ended", kind, generation, None)

    def _tell(self, what: str, kind: str, generation: int, payload: object) -> None:
        self._sent += 1
        self._told.emit(what, kind, generation, payload)
