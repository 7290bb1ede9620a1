"""What Explore does: from the user's wish to a request, and from an answer to the state. No widgets.

Interventions wait in a row: each is asked for with the codes that the one before it left, so that three
quick clicks on "+" are three steps.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.results import Codes, Image, Intervention, RunInfo, TraversalRow
from gui import requests as rq
from gui.explore.asked_actions import Asked, action_of_cell, action_of_key, changed_factors, moves_of
from gui.explore.graph_presenter import GraphPresenter
from gui.history import Step
from gui.notebook import action_line, do_line, state_line
from gui.replies import DatasetView, FactorReading, PickedImage, ShownImage, Targets
from gui.state import Selection

VARIABLE_ROWS = 8
LIKELY_CODES = 32  # of a palette that does not show all


Wish = Callable[[Step], Asked]


class ExplorePresenter(QObject):
    """Signals:
    asked: a Request.
    warned: a sentence for the user.
    hinted: a sentence for the user that goes by itself.
    targets_read: Targets of the present run.
    factor_changed: the factor whose actions the keys apply.
    factors_read: what probes read of the present image: value indices, or None where nothing is known.
    traversal_begun: so many rows are on their way.
    cancelled: kind of a request whose answer is no longer wanted.
    """

    asked = Signal(object)
    warned = Signal(str)
    hinted = Signal(str)
    targets_read = Signal(object)
    factor_changed = Signal(int)
    factors_read = Signal(object)
    traversal_begun = Signal(int)
    cancelled = Signal(str)

    def __init__(self, selection: Selection, graphs: GraphPresenter, parent: QObject) -> None:
        super().__init__(parent)
        self._selection = selection
        self._wishes: deque[Wish] = deque()
        self._planned: tuple[PickedImage, tuple[int, ...]] | None = None  # to be done once it is read
        self._waiting: tuple[Asked, Step] | None = None  # what is being worked on, and from which step
        self._seeds = random.Random(0)
        self._graphs = graphs
        self._rows_of: Step | None = None  # the step that the traversal starts from
        self._targets_of: RunInfo | None = None  # the run whose targets have been asked for
        self._dataset_name = ""
        self.image_stays = False  # the data set that came last is the present image's own
        self.rows = "actions"
        self.factor = 0  # whose actions the keys apply
        self._all_codes = False
        selection.dataset_changed.connect(self._on_dataset)
        selection.run_changed.connect(self._on_run)
        selection.image_changed.connect(self._on_image)
        selection.step_changed.connect(self._on_step)
        selection.variable_changed.connect(self._on_variable)
        selection.restored.connect(self._on_restored)

    # ------------------------------------------------------------ choosing an image

    def random_image(self) -> None:
        """A random test image."""
        self._pick(seed=self._seeds.randrange(2**31))

    def step_image(self, step: int) -> None:
        """The previous or next test image."""
        image = self._selection.image
        position = image.position if image is not None and image.position is not None else -1
        self._pick(position=position + step if position >= 0 else 0)

    def pick_values(self, values: tuple[int, ...]) -> None:
        """The image with these factor values, or the nearest that has those that were moved."""
        self._pick(values=values)

    def pick_file(self, path: str) -> None:
        """An image from a file."""
        self.asked.emit(rq.PickImage(file=path, shape=self._shape()))

    def pick_pixels(self, pixels: Image) -> None:
        """An image from the clipboard."""
        self.asked.emit(rq.PickImage(pixels=pixels, shape=self._shape()))

    def begin_with(self, picked: PickedImage, actions: tuple[int, ...]) -> None:
        """Another image, and as soon as it is read some actions one after another; the first one's graph."""
        self._planned = (picked, actions)
        self._selection.set_image(picked)

    def _act_as_planned(self, picked: PickedImage) -> None:
        planned, self._planned = self._planned, None
        if planned is not None and planned[0] is picked:
            for action in planned[1]:
                self.act(action)
            if planned[1]:
                self._selection.set_action(planned[1][0])

    def take_result(self) -> None:
        """The image after the interventions becomes the image, and is read anew."""
        image, step, index = self._selection.image, self._selection.step, self._selection.history.index()
        if image is None or step is None or not index:
            self.hinted.emit("There is no result yet; intervene first.")
            return
        steps = f"{index} intervention{'s' if index > 1 else ''}"
        source = f"{image.loaded.source} after {steps}"
        self.asked.emit(rq.PickImage(pixels=step.image, shape=self._shape(), source=source))

    def _pick(
        self, seed: int = 0, position: int | None = None, values: tuple[int, ...] | None = None
    ) -> None:
        if self._selection.dataset is None:
            self.warned.emit("No data set is open yet; wait for it, or open an image file.")
            return
        dataset = self._selection.dataset.dataset
        keep = changed_factors(self._selection.image, values or ())
        self.asked.emit(rq.PickImage(dataset, seed=seed, position=position, values=values, keep=keep))

    def _shape(self) -> tuple[int, int, int]:
        run = self._selection.run
        return run.image_shape if run is not None else (64, 64, 3)

    # ------------------------------------------------------------ intervening

    def choose_factor(self, factor: int) -> None:
        """The factor whose actions the keys apply."""
        run = self._selection.run
        if run is not None:
            self.factor = factor % run.space.num_factors
            self.factor_changed.emit(self.factor)

    def act_on_factor(self, up: bool) -> None:
        """do-action on the chosen factor."""
        run = self._selection.run
        if run is None:
            return
        action = action_of_key(run.space, self.factor, up)
        if action is None:
            self.hinted.emit("The chosen factor is not moved by steps; take one of its buttons.")
        else:
            self.act(action)

    def act_as_shown(self) -> None:
        """do-action with the action whose graph is shown."""
        if self._selection.action is not None:
            self.act(self._selection.action)

    def act(self, action: int) -> None:
        """do-action, one step."""
        if self._selection.run is not None:
            self.choose_factor(self._selection.run.space.factor_of_action(action)[0])

        def wish(step: Step) -> Asked:
            run = self._need_run()
            name = run.space.action_names[action]
            line = action_line(action, name)
            moves = self._moves(run, action)
            return Asked(rq.ApplyAction(str(run.path), step.codes, action), name, line, moves)

        self._wish(wish)

    def _moves(self, run: RunInfo, action: int) -> tuple[int, int] | None:
        image, done = self._selection.image, self._selection.steps()[1 : self._selection.history.index() + 1]
        return moves_of(run.space, action, image.loaded.factors if image is not None else None, done)

    def do_code(self, variables: tuple[int, ...], code: int) -> None:
        """do(variable := code) of one or several variables, direct or propagated as chosen."""
        propagate = self._selection.propagate
        assignments = dict.fromkeys(variables, code)

        def wish(step: Step) -> Asked:
            run = self._need_run()
            what = run.variable_name(variables[0]) if len(variables) == 1 else f"{len(variables)} variables"
            label = f"do({what} = {code})"
            line = do_line(assignments, propagate, label)
            request = rq.DoVariables(str(run.path), step.codes, assignments, propagate)
            return Asked(request, label, line)

        self._wish(wish)

    def take_state(self, row: TraversalRow, column: int) -> None:
        """Make a cell of the traversal the present state."""
        step, run = self._selection.step, self._need_run()
        if step is None or step is not self._rows_of:
            return
        codes = row.codes[column]
        label = f"{row.title} {row.labels[column]}"
        moved = codes != step.codes
        python = state_line(codes, label)
        moves = None
        done = action_of_cell(run.space, row.title, row.labels, column)
        if done is not None:
            action, times = done
            one = self._moves(run, action)
            moves = None if one is None else (one[0], one[1] * times)
            python = action_line(action, label, times)
        self._selection.intervene(Step(label, codes, row.images[column], moved, None, python, moves))

    def _wish(self, wish: Wish) -> None:
        self._wishes.append(wish)
        self._grant()

    def _grant(self) -> None:
        step = self._selection.step
        if self._waiting is not None or step is None or not self._wishes:
            return
        asked = self._wishes.popleft()(step)
        self._waiting = (asked, step)
        self.asked.emit(asked.request)

    def on_intervention(self, kind: str, outcome: Intervention) -> None:
        """An intervention is done; one whose step has been left meanwhile is dropped."""
        if self._waiting is None or self._waiting[0].request.kind != kind:
            return
        (asked, before), self._waiting = self._waiting, None
        if self._selection.step is before:
            self._selection.intervene(
                Step(
                    asked.label, outcome.codes, outcome.image, outcome.moved, outcome.targets, asked.python,
                    asked.moves,
                )
            )  # fmt: skip
            self._say_how_many(asked, outcome)
        self._grant()

    def _say_how_many(self, asked: Asked, outcome: Intervention) -> None:
        """What moved nothing, and a do(variable) that moved most of the model, are worth a word."""
        moved, total, request = int(outcome.moved.sum()), len(outcome.moved), asked.request
        if not moved:
            self.hinted.emit(f"{asked.label}: no effect; no variable has another code now.")
        elif isinstance(request, rq.DoVariables) and request.propagate and 2 * moved > total:
            self.hinted.emit(
                f"{moved} of {total} variables moved; choose Direct to change only the chosen one."
            )

    def on_failed(self, kind: str) -> None:
        """Interventions that wait behind a failed one are dropped."""
        self._planned = None if kind == rq.kind_of(rq.ShowImage) else self._planned
        if self._waiting is not None and self._waiting[0].request.kind == kind:
            self._forget_wishes()

    def _forget_wishes(self) -> None:
        self._wishes.clear()
        self._waiting = None

    # ------------------------------------------------------------ answers and changes

    def on_shown(self, shown: ShownImage) -> None:
        """The model has read the image; the reading of one that was left meanwhile is dropped."""
        picked = self._selection.image
        if picked is None or shown.image is not picked.loaded.image:
            return
        self._forget_wishes()
        self._graphs.begin(shown.reconstruction.codes, shown.graph)
        self._selection.set_reading(shown.reconstruction)
        self._ask_targets(shown.reconstruction.codes)
        self._act_as_planned(picked)

    def on_targets(self, targets: Targets) -> None:
        """Which action targets which variable; those of a run that was left are dropped."""
        if self._targets_of is not None and self._targets_of is self._selection.run:
            self.targets_read.emit(targets)

    def read_factors(self) -> None:
        """Ask the probes, where there are some, what they read of the present image."""
        run, dataset, step = self._selection.run, self._selection.dataset, self._selection.step
        if run is not None and dataset is not None and step is not None and run.space == dataset.space:
            self.asked.emit(rq.ReadFactors(dataset.dataset, step.image))
        else:
            self.factors_read.emit(None)

    def on_factors_read(self, reading: FactorReading) -> None:
        """A reading of another image than the present says nothing any more."""
        step = self._selection.step
        if step is not None and reading.image is step.image:
            self.factors_read.emit(reading.values)

    def traverse(self, rows: str | None = None) -> None:
        """Traverse from the present state."""
        self.rows = rows if rows is not None else self.rows
        run, step = self._selection.run, self._selection.step
        if run is None or step is None:
            return
        kind: Literal["actions", "variables"] = "variables" if self.rows == "variables" else "actions"
        items = self._variable_rows() if kind == "variables" else tuple(range(run.space.num_factors))
        self._rows_of = step
        self.traversal_begun.emit(len(items))
        self.asked.emit(rq.Traverse(str(run.path), step.codes, kind, items))

    def _variable_rows(self) -> tuple[int, ...]:
        """The chosen variable and its strongest neighbours, or the variables with the strongest effects."""
        if self._graphs.base is None:
            return (self._selection.variable or 0,)
        edges, chosen = self._graphs.base.edges, self._selection.variable
        if chosen is None:
            return tuple(int(n) for n in np.argsort(-edges.sum(axis=1), kind="stable")[:VARIABLE_ROWS])
        near = np.maximum(edges[chosen], edges[:, chosen])
        near[chosen] = np.inf
        near[list(self._selection.others)] = 2.0  # all that are chosen come first
        rows = max(VARIABLE_ROWS, len(self._selection.variables))
        return tuple(int(n) for n in np.argsort(-near, kind="stable")[:rows])

    def _on_dataset(self, dataset: DatasetView | None) -> None:
        if dataset is None:
            return
        another = self._dataset_name not in ("", dataset.name)
        self._dataset_name = dataset.name
        self.image_stays = self._selection.image is not None and not another
        if self.image_stays:
            self.read_factors()
        else:
            self.random_image()

    def _on_run(self, _run: RunInfo | None) -> None:
        self._planned = None
        self._forget_wishes()
        self.choose_factor(0)
        self._rows_of = self._targets_of = None
        for kind in (rq.Traverse, rq.ReadTargets):
            self.cancelled.emit(rq.kind_of(kind))
        self._read()

    def _on_restored(self, dataset_name: str) -> None:
        """A session is back with an image of its own data set; only what is not in it is asked for."""
        self._dataset_name = dataset_name
        if self._selection.run is not None and self._selection.reconstruction is not None:
            self._ask_targets(self._selection.reconstruction.codes)

    def _on_image(self, _image: PickedImage | None) -> None:
        self._forget_wishes()
        self._rows_of = None  # the rows of the old image are no longer to be taken
        self._read()

    def _read(self) -> None:
        run, image = self._selection.run, self._selection.image
        if run is not None and image is not None and not self._selection.restoring:
            self.asked.emit(rq.ShowImage(str(run.path), image.loaded.image))

    def _on_step(self, step: Step | None) -> None:
        if step is None or self._selection.run is None:
            return
        if self._selection.variable is not None:
            self._ask_palette(step, self._selection.variable)
        self.read_factors()
        self.traverse()

    def _on_variable(self, variable: int | None) -> None:
        step = self._selection.step
        if variable is not None and step is not None and self._selection.run is not None:
            self._ask_palette(step, variable)
        elif variable is None:
            self.cancelled.emit(rq.kind_of(rq.FillPalette))
        if self.rows == "variables":
            self.traverse()

    def _ask_targets(self, codes: Codes) -> None:
        run = self._targets_of = self._need_run()
        self.asked.emit(rq.ReadTargets(str(run.path), codes))

    def show_all_codes(self, wanted: bool) -> None:
        """Whether palettes show all codes of their variable; those beyond the likeliest come in parts."""
        self._all_codes = wanted
        step, variable = self._selection.step, self._selection.variable
        if not wanted:
            self.cancelled.emit(rq.kind_of(rq.FillPalette))
        elif step is not None and variable is not None:
            self._ask_rest(step, variable)

    def _ask_palette(self, step: Step, variable: int) -> None:
        run, others = self._need_run(), self._selection.others
        self.asked.emit(rq.MakePalette(str(run.path), step.codes, variable, LIKELY_CODES, others))
        if self._all_codes:
            self._ask_rest(step, variable)

    def _ask_rest(self, step: Step, variable: int) -> None:
        run = self._need_run()
        if run.num_codes > LIKELY_CODES:
            others = self._selection.others
            self.asked.emit(rq.FillPalette(str(run.path), step.codes, variable, LIKELY_CODES, others))

    def _need_run(self) -> RunInfo:
        run = self._selection.run
        if run is None:
            raise RuntimeError("no run is loaded")
        return run
