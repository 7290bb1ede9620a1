"""The two phases of a training: what one step is, how it is validated, what a sample picture shows."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from engine import distributed
from engine.batches import CodeNoise, TransitionSampler, to_images, to_tensor
from engine.device import autocast
from engine.events import Event, PhaseStarted, Progressed, SampleSaved, Steered, Validated
from engine.metrics.graph import edges_kept
from engine.metrics.images import psnr_db
from engine.metrics.retrieval import RetrievalTally
from engine.objectives import AutoencoderObjective, Terms, TransitionObjective
from engine.quantizer import perplexity
from engine.recorder import Recorder
from engine.room import saved, stand_still, when_there_is_room
from engine.steering import NEXT_PHASE, ORDERS, PAUSE, RATE, RESUME, SAVE, STOP, Order, StopOrdered
from engine.step_log import StepLog
from engine.training_images import TrainingImages
from engine.training_state import TrainingState

SAVE_EVERY_S = 60.0
SAVE_SHARE = 0.005  # of the time at most; the checkpoints of validations come on top
WARM_UP_STEPS = 100
SAMPLE_COLUMNS = 10
ACTED_IMAGES = 4  # all actions are done to so many validation images
VALIDATION_IMAGES, VALIDATION_PAIRS = 500, 1000
VALIDATION_BATCH = 50
PAUSED_S = 0.05  # between two looks for the order that ends a pause
EDGES_SETTLE = 0.6  # share of the phase after which the base graph has the wanted share of edges


class Phase(Protocol):
    """What `run_phase` needs to know of a phase."""

    name: str
    batch: int

    def terms(self) -> Terms: ...
    def validate(self) -> Iterator[Event]: ...
    def sample(self) -> list[np.ndarray]: ...
    def arrays(self) -> dict[str, np.ndarray]: ...


class AutoencoderPhase:
    """Equation (2) on random training images."""

    name = "autoencoder"

    def __init__(self, state: TrainingState, weight_HW: Tensor, images: TrainingImages) -> None:
        self._state, self._images = state, images
        self._objective = distributed.shared(
            AutoencoderObjective(state.model, weight_HW, state.config.autoencoder)
        )
        self.batch = state.config.training.autoencoder_batch
        self._rows = state.cache.rows("train")
        # a sample, because images that come from files lie in the order of the files
        rows = np.random.default_rng(0).permutation(state.cache.rows("validation"))
        self._validation = np.sort(rows[:VALIDATION_IMAGES])
        self._use_QK = np.zeros(
            (state.config.autoencoder.codebooks, state.config.autoencoder.codes), np.int64
        )

    def terms(self) -> Terms:
        state = self._state
        rows = np.sort(state.rng.choice(self._rows, self.batch))[distributed.part(self.batch)]
        terms: Terms = self._objective(self._images.batch(rows))
        return terms

    def validate(self) -> Iterator[Event]:
        """PSNR, perplexity and unused codes on validation images."""
        state, values, codes = self._state, [], []
        with torch.no_grad():
            for start in range(0, len(self._validation), VALIDATION_BATCH):
                rows = self._validation[start : start + VALIDATION_BATCH]
                images = self._images.batch(rows)
                found = state.model.encode(images)
                values.append(psnr_db(state.model.decode(found), images))
                codes.append(found)
                yield Progressed("validating", start + len(rows), len(self._validation))
        config = state.config.autoencoder
        codes_BQP = torch.cat(codes).unflatten(1, (config.codebooks, -1))
        used, dead = perplexity(codes_BQP, config.codes)
        of_codebook = codes_BQP.transpose(0, 1).flatten(1).cpu().numpy()
        self._use_QK = np.stack([np.bincount(found, minlength=config.codes) for found in of_codebook])
        state.figures |= {
            "psnr": float(torch.cat(values).mean()),
            "perplexity": used,
            "dead_codes": float(dead),
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """How often each code was used in the last validation, int64 [Q,K]."""
        return {"codes": self._use_QK}

    def sample(self) -> list[np.ndarray]:
        """Validation images above their reconstructions."""
        state = self._state
        images = state.cache.images(self._validation[:SAMPLE_COLUMNS])
        with torch.no_grad():
            decoded = state.model.decode(state.model.encode(to_tensor(images, state.device)))
        return [images, to_images(decoded)]


class TransitionPhase:
    """Equations (8) to (11) on the codes of training pairs; the autoencoder is frozen."""

    name = "transition"

    def __init__(self, state: TrainingState, codes: Tensor) -> None:
        self._state, self._codes = state, codes
        training = state.config.training
        self._objective = distributed.shared(TransitionObjective(state.model, training), unused=True)
        self.batch = training.transition_batch
        self._sampler = TransitionSampler(state.cache, codes, self.batch, state.factor_errors)
        self._noise = CodeNoise(
            state.model.autoencoder.quantizer.codebook_QKD,
            state.model.transition.codebook_of_variable,
            training.code_noise,
        )
        self._pairs = state.cache.transitions("validation")
        self._count = min(_validation_pairs(state), len(self._pairs))
        self._edges_NN = np.zeros((0, 0), np.float16)

    def terms(self) -> Terms:
        state = self._state
        batch = self._sampler.draw(state.rng).of(distributed.part(self.batch))
        training = state.config.training
        begun = state.phase_progress >= training.retrieval_start
        retrieve = begun and state.phase_step % training.retrieval_every == 0
        # the base mechanism and the retrieval learn from images as they are
        clean = math.ceil(max(training.base_share, training.retrieval_share) * len(batch.action_B))
        noisy = self._noise.add(batch, clean)
        terms: Terms = self._objective(*noisy, retrieve)
        self._sampler.note(distributed.gathered(batch.action_B), distributed.gathered(terms.pop("latent_B")))
        if "edges_drawn" in terms:
            # from all that can be to the wanted share, step by step: what is cut early cannot be learned from
            settled, layer = min(1.0, state.phase_progress / EDGES_SETTLE), state.model.transition
            cut = min(1.0, training.edge_share / layer.edges_that_can_be)
            layer.bargain(distributed.mean(terms["edges_drawn"]), layer.edges_that_can_be * cut**settled)
        return terms

    def validate(self) -> Iterator[Event]:
        """Action retrieval on validation pairs, and the share of base edges above 0.5."""
        state, count = self._state, self._count
        tally = RetrievalTally(state.cache.space)
        with torch.no_grad():
            for start in range(0, count, VALIDATION_BATCH):
                part = slice(start, min(start + VALIDATION_BATCH, count))
                before, after = (
                    self._codes_of(self._pairs.before[part]),
                    self._codes_of(self._pairs.after[part]),
                )
                scores = state.model.retrieve_action(before, after)
                tally.add(scores.log_probability_BA.float().cpu().numpy(), self._pairs.action[part])
                yield Progressed("validating", part.stop, count)
            context = state.model.transition.context(self._codes_of(self._pairs.before[:VALIDATION_BATCH]))
            edges = state.model.transition.base_edges(context)
        state.figures |= tally.figures()
        state.figures["edges_kept"] = kept = edges_kept(edges)
        state.figures["edges_per_variable"] = kept * (state.num_variables - 1)
        self._edges_NN = edges.mean(dim=0).cpu().numpy().astype(np.float16)

    def arrays(self) -> dict[str, np.ndarray]:
        """`graph`, float16 [N,N], [i, j]: i causes j: the base graph, mean over the images of the last
        validation; and what each action makes of some images, as `_each_action` gives it."""
        return {"graph": self._edges_NN} | self._each_action()

    def _each_action(self) -> dict[str, np.ndarray]:
        """The first validation pairs: `before`, `reconstruction`, `after`, uint8 [R,h,w,c]; `true_action`,
        int64 [R]; all actions done to each, `acted`, uint8 [R,A,h,w,c]; their `action_names`, [A]."""
        state, pairs, names = self._state, self._pairs, self._state.cache.space.action_names
        rows = pairs.before[:ACTED_IMAGES]
        actions = torch.arange(len(names), device=state.device)
        with torch.no_grad():
            codes_RN = self._codes_of(rows)
            decoded = to_images(state.model.decode(codes_RN))
            acted = [
                to_images(
                    state.model.autoencoder.decode_latents(
                        state.model.apply_action(codes_N.expand(len(names), -1), actions).latents_BPQD
                    )
                )
                for codes_N in codes_RN
            ]
        return {
            "before": state.cache.images(rows),
            "reconstruction": decoded,
            "after": state.cache.images(pairs.after[:ACTED_IMAGES]),
            "true_action": np.asarray(pairs.action[:ACTED_IMAGES], np.int64),
            "acted": np.stack(acted),
            "action_names": np.asarray(names),
        }

    def sample(self) -> list[np.ndarray]:
        """Before, the predicted after, the true after, of validation pairs."""
        state = self._state
        before_rows, after_rows = self._pairs.before[:SAMPLE_COLUMNS], self._pairs.after[:SAMPLE_COLUMNS]
        action = torch.from_numpy(self._pairs.action[:SAMPLE_COLUMNS]).to(state.device)
        with torch.no_grad():
            after = state.model.apply_action(self._codes_of(before_rows), action)
            predicted = to_images(state.model.autoencoder.decode_latents(after.latents_BPQD))
        return [state.cache.images(before_rows), predicted, state.cache.images(after_rows)]

    def _codes_of(self, rows: np.ndarray) -> Tensor:
        return self._codes[torch.from_numpy(rows).to(self._codes.device)].long()


def _validation_pairs(state: TrainingState) -> int:
    """Fewer in a run of a few minutes, which would otherwise spend its time on validation."""
    if state.budget.minutes is None:
        return VALIDATION_PAIRS
    return min(VALIDATION_PAIRS, max(100, round(state.budget.total_s)))


def run_phase(phase: Phase, state: TrainingState, recorder: Recorder) -> Iterator[Event]:
    """Steps until the phase's budget is spent; validates, samples and saves in between."""
    yield PhaseStarted(phase.name, state.step, state.elapsed_s)
    log = StepLog(phase, state.agreed())
    while state.agreed().phase_progress < 1:
        orders = _orders(state)
        if orders and log.waiting():
            yield log.event()
        if orders:
            yield from _heed(orders, state)
            state.agreed()  # the others do not know how long the leader took to save
        if state.phase_progress >= 1:
            break
        if _looks_due(state) > state.phase_looks:
            yield from _look(phase, state, recorder)
        log.add(timed_step(phase, state))
        if log.due() or _looks_due(state) > state.phase_looks or state.phase_progress >= 1:
            yield log.event()  # before anything is saved, so that a broken loss never is
        if not log.waiting() and not log.growing and _save_due(state):
            yield from saved(state)
    yield from _look(phase, state, recorder)


def _save_due(state: TrainingState) -> bool:
    """Every minute, or less often where writing takes long."""
    return state.elapsed_s - state.saved_at_s > max(SAVE_EVERY_S, state.save_s / SAVE_SHARE)


def _orders(state: TrainingState) -> list[Order]:
    """What to do now, the same for all processes: the leader's orders, and any one's to stop."""
    orders = state.steering.take()
    if distributed.size() == 1 or not distributed.any_asks(bool(orders)):
        return orders
    stop = distributed.any_asks(any(order.kind == STOP for order in orders))
    number = int(distributed.numbers_of_leader([len(orders)])[0])
    given = [x for order in orders for x in (ORDERS.index(order.kind), order.value)]
    said = distributed.numbers_of_leader((given + [0.0] * (2 * number))[: 2 * number])
    orders = [Order(ORDERS[int(said[i])], said[i + 1]) for i in range(0, len(said), 2)]
    return [*orders, Order(STOP)] if stop and STOP not in {order.kind for order in orders} else orders


def _heed(orders: list[Order], state: TrainingState) -> Iterator[Event]:
    """What orders ask for, one after the other, and those that come while it is paused.

    A pause lasts until the order to go on, and takes none of the training's time.

    Raises:
        StopOrdered: the order was to stop.
    """
    paused = False
    while orders:
        for order in orders:
            if order.kind == (PAUSE if paused else RESUME):
                continue
            yield Steered(state.phase, state.step, state.elapsed_s, order.kind, order.value)
            if order.kind == STOP:
                raise StopOrdered
            if order.kind == SAVE:
                yield from saved(state)
            elif order.kind == NEXT_PHASE:
                state.phase_over = True
            elif order.kind == RATE:
                state.rate_factor = order.value
            else:
                paused = order.kind == PAUSE
        orders = (yield from _next_orders(state)) if paused else []


def _next_orders(state: TrainingState) -> Generator[Event, None, list[Order]]:
    """Stands still until there are orders."""
    while not (orders := _orders(state)):
        yield from stand_still("paused", PAUSED_S)
    return orders


def _looks_due(state: TrainingState) -> int:
    """How many validations should have been made by now; the last one comes after the last step."""
    count = state.config.training.validations
    return min(count - 1, math.floor(state.phase_progress * count + 1e-9))


def timed_step(phase: Phase, state: TrainingState) -> Terms:
    """One optimizer step; pauses between steps do not count as training time."""
    begun = time.perf_counter()
    state.model.train()
    warm = min(1.0, (state.phase_step + 1) / WARM_UP_STEPS)
    cosine = 0.5 * (1 + math.cos(math.pi * state.phase_progress))
    with autocast(state.device, state.config.training.bf16):
        terms = phase.terms()
    state.optimizer.zero_grad()
    terms["loss"].backward()  # type: ignore[no-untyped-call]
    terms["gradient_norm"] = nn.utils.clip_grad_norm_(state.optimizer.parameters, 1.0)
    state.optimizer.step(state.rate_factor * warm * (0.01 + 0.99 * cosine))
    state.step += 1
    state.phase_step += 1
    state.elapsed_s += time.perf_counter() - begun
    state.agreed()
    return {name: term.detach() for name, term in terms.items()}


def _look(phase: Phase, state: TrainingState, recorder: Recorder) -> Iterator[Event]:
    """Validation figures, a sample picture, and the best checkpoint; the other processes wait for them."""
    if distributed.leads():
        yield from _look_closely(phase, state, recorder)
    state.agreed()


def _look_closely(phase: Phase, state: TrainingState, recorder: Recorder) -> Iterator[Event]:
    state.model.eval()
    begun, away, waited_s = time.perf_counter(), 0.0, state.waited_s
    for event in phase.validate():
        left = time.perf_counter()
        yield event
        away += time.perf_counter() - left
    rows, arrays = phase.sample(), phase.arrays()
    path = yield from when_there_is_room(lambda: recorder.sample(state.step, rows, arrays), state)
    best = None
    if phase.name == "transition":  # an autoencoder alone cannot be explored
        figure = rank(state)
        best = yield from when_there_is_room(lambda: state.save_best(figure), state)
    state.phase_looks = max(state.phase_looks + 1, _looks_due(state))
    state.look_s = time.perf_counter() - begun - away - (state.waited_s - waited_s)
    state.elapsed_s += state.look_s
    yield Validated(phase.name, state.step, state.elapsed_s, dict(state.figures))
    yield SampleSaved(phase.name, state.step, state.elapsed_s, path)
    if best is not None:
        yield replace(best, elapsed_s=state.elapsed_s)


def rank(state: TrainingState) -> float:
    """What the best checkpoint is chosen by: retrieval, and before that whether the graph has settled."""
    return state.figures["directed_accuracy"] + (state.phase_progress >= EDGES_SETTLE)
