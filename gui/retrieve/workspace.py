"""The Retrieve workspace: the pair, the ranking, the reasons, longer distances, and judging the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSettings, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout

from engine.results import Image, JudgedPairs, LoadedImage, Retrieval, RunInfo
from gui import requests as rq
from gui.replies import Calibrated, DatasetView, Failure, NoMistake, PickedImage, PickedPair, Written
from gui.retrieve.calibrating import Calibrating
from gui.retrieve.explanation import ExplanationView
from gui.retrieve.image_slot import AFTER, BEFORE, strange_words, words_of
from gui.retrieve.judge_view import JudgeView
from gui.retrieve.judging import NO_DATA_OF_RUN, Judging
from gui.retrieve.pair_view import PairView
from gui.retrieve.panes import arranged, tabs_of
from gui.retrieve.path_view import PathView
from gui.retrieve.picking import KINDS as OF_IMAGES
from gui.retrieve.picking import Picking
from gui.retrieve.ranking_view import RankingView
from gui.retrieve.searching import Searching
from gui.settings import restore_splitters, save_splitters
from gui.state import Selection
from gui.widgets import GAP
from gui.words import opposite_action
from gui.workspace import Answer, Workspace

VIEW = "retrieve"
CHOSEN = "chosen"  # the view under which one more action is explained
OF_RUN = rq.kind_of(rq.FindMistake)
OF_DATA = (OF_RUN, rq.kind_of(rq.PickPair, VIEW))
OF_ANSWER = (
    rq.kind_of(rq.RetrieveAction),
    rq.kind_of(rq.ExplainActions),
    rq.kind_of(rq.ExplainActions, CHOSEN),
    rq.kind_of(rq.FindPath),
)
WHY, STEPS, JUDGE = range(3)
TABS = ("Why", "Steps", "Judge")


class RetrieveWorkspace(Workspace):
    """Asks "which action turned this image into that one?" and shows the answer.

    Signals:
        explore_wanted(picked, actions): open an image in Explore and do some actions there.
    """

    explore_wanted = Signal(object, object)

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self.setObjectName("retrieve_workspace")
        self.setAcceptDrops(True)
        self.pair, self.ranking = PairView(), RankingView()
        self.explanation, self.path, self.judge = ExplanationView(), PathView(), JudgeView()
        self.judging = Judging(selection, self.judge, self.pair.walk, self)
        self.searching = Searching(selection, self.path, self)
        self.picking = Picking(selection, self)
        self.calibrating = Calibrating(self.judging.both, self.ranking.set_why_uncalibrated, self)
        self._sides: dict[str, LoadedImage] = {}
        self._true_action: str | None = None
        self._result: Retrieval | None = None
        self._seed = 0
        self._position = -1  # in the split, of the pair on show; -1 for one from elsewhere
        self._lay_out()
        self._connect()
        self._forget_answer()
        self._update_buttons()

    def answers(self) -> dict[str, Answer]:
        return {
            rq.kind_of(rq.PickPair, VIEW): self._on_pair,
            rq.kind_of(rq.FindMistake): self._on_mistake,
            OF_IMAGES[BEFORE]: lambda picked: self._on_picked(BEFORE, picked),
            OF_IMAGES[AFTER]: lambda picked: self._on_picked(AFTER, picked),
            rq.kind_of(rq.RetrieveAction): self._on_retrieval,
            rq.kind_of(rq.ExplainActions): self.explanation.add,
            rq.kind_of(rq.ExplainActions, CHOSEN): self.explanation.add,
            rq.kind_of(rq.FindPath): self.searching.on_path,
            rq.kind_of(rq.Calibrate): self._on_calibrated,
            rq.kind_of(rq.JudgeRun): self._on_judged,
            rq.kind_of(rq.WriteAnswers): self._on_written,
        }

    def _connect(self) -> None:
        pair, judging = self.pair, self.judging
        for part in (judging, self.searching, self.picking, self.calibrating):
            part.asked.connect(self.asked)
            part.cancelled.connect(self.cancelled)
            part.forgotten.connect(self.forgotten)
            part.hinted.connect(self.hinted)
        pair.random_requested.connect(self.draw_pair)
        pair.mistake_requested.connect(self.next_mistake)
        pair.explore_pair_requested.connect(self.take_explore_pair)
        pair.files_chosen.connect(self._read_files)
        pair.picture_pasted.connect(self._convert)
        pair.swap_requested.connect(self.swap)
        pair.hinted.connect(self.hinted)
        self.ranking.action_chosen.connect(self.explanation.choose)
        self.ranking.explore_wanted.connect(lambda action: self._show_in_explore((action,)))
        self.ranking.path_wanted.connect(self.find_steps)
        self.explanation.wanted.connect(lambda action: self._explain((action,), CHOSEN))
        self.explanation.explore_wanted.connect(lambda action: self._show_in_explore((action,)))
        self.path.explore_wanted.connect(lambda: self._show_in_explore(self.path.found_actions()))
        judging.pair_wanted.connect(self._show_pair_at)
        judging.walk_begun.connect(self._show_walk)
        self.judge.refused.connect(self.warned)
        self.judge.written.connect(self.hinted)
        self.selection.run_changed.connect(self._on_run)
        self.selection.dataset_changed.connect(self._on_dataset)
        self.selection.step_changed.connect(lambda _step: self._update_buttons())

    def _lay_out(self) -> None:
        self.tabs = tabs_of(dict(zip(TABS, (self.explanation, self.path, self.judge), strict=True)))
        self.splitters = arranged(self.pair, self.ranking, self.tabs)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.splitters[-1])

    # ------------------------------------------------------------ what is chosen

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Pictures may be dropped anywhere here; anything else is the window's."""
        if self.pair.takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if self.pair.place().take(event.mimeData()):
            event.acceptProposedAction()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.calibrating.ask()

    def _on_run(self, run: RunInfo | None) -> None:
        """Another model: a pair that has its size is asked about again, another pair goes."""
        if run is not None and any(side.image.shape != run.image_shape for side in self._sides.values()):
            self._sides.clear()
            self.hinted.emit(f"{run.name} reads images of another size: choose the two in Retrieve again.")
        self._forget(OF_RUN)  # pairs and images on their way are the same for every run
        self.picking.follow_run()
        self.explanation.forget()
        self._show_sides()
        self._on_either()

    def _on_dataset(self, dataset: DatasetView | None) -> None:
        self.pair.set_factors(dataset.space.names if dataset else ())
        self._forget(*OF_DATA)
        self._position = -1
        self._on_either()

    def _on_either(self) -> None:
        """What rests on the run and the data set both is not that of the last ones."""
        self.judging.forget()
        self._update_buttons()
        self.calibrating.change()
        if self.isVisible():
            self.calibrating.ask()

    # ------------------------------------------------------------ answers of the engine thread

    def _on_pair(self, pair: PickedPair) -> None:
        names = self.selection.dataset.space.action_names if self.selection.dataset else ()
        self._true_action = names[pair.action] if pair.action < len(names) else None
        self._sides, self._position = {BEFORE: pair.before, AFTER: pair.after}, pair.position
        self._show_sides()

    def _on_mistake(self, found: PickedPair | NoMistake) -> None:
        if isinstance(found, NoMistake):
            self.hinted.emit(f"No mistake: the best action is right in all {found.pairs:,} test pairs.")
        else:
            self.judging.end_walk()
            self._on_pair(found)

    def _on_picked(self, side: str, picked: PickedImage) -> None:
        self._true_action, self._position = None, -1
        self.judging.end_walk()
        self.picking.done(side)
        self._sides[side] = picked.loaded
        self._show_side(side)  # the other one may have been refused, and goes on saying so
        self._ask()

    def _on_retrieval(self, result: Retrieval) -> None:
        run = self.selection.run
        if run is None or AFTER not in self._sides:
            return
        self._result = result
        known = self._true_action if self._true_action in result.action_names else None
        self.explanation.set_result(result, self._sides[AFTER].image, run.grid)
        self.ranking.set_result(result, known)
        for side, strange, decibels in zip((BEFORE, AFTER), result.strange, result.psnr, strict=True):
            if strange:
                warning = strange_words(decibels, result.psnr_floor)
                self.pair.set_note(side, f"{words_of(self._sides[side])}\n{warning}".strip())
        if missing := self.explanation.missing():
            self._explain(missing)
        self.searching.set_result(result)

    def _on_calibrated(self, calibrated: Calibrated) -> None:
        """An answer that was given before is given again, with what it is worth."""
        result = self._result
        if self.calibrating.on_answer(calibrated) and result is not None and not result.calibrated:
            before, after = (self._sides[side].image for side in (BEFORE, AFTER))
            self.asked.emit(rq.RetrieveAction(calibrated.run, before, after))

    def _on_judged(self, part: JudgedPairs | Calibrated) -> None:
        """Judging begins with the calibration where there is none yet."""
        if isinstance(part, Calibrated):
            self._on_calibrated(part)
        else:
            self.judging.on_judged(part)

    def _on_written(self, written: Written) -> None:
        self.hinted.emit(f"Written: {written.path} ({written.what}).")

    def on_failed(self, kind: str, failure: Failure) -> None:
        """The images that were there stay; the side that could not be read says so."""
        for side in (side for side in OF_IMAGES if OF_IMAGES[side] == kind):
            self.picking.done(side)
            self.pair.set_note(side, f"Not changed: {failure.sentence}")
        if kind == rq.kind_of(rq.Calibrate):
            self.calibrating.on_failed(failure.sentence)
        if kind == rq.kind_of(rq.RetrieveAction):
            self.searching.on_failed()
            self.explanation.clear()
            self.ranking.set_empty(failure.sentence)

    def on_ended(self, kind: str) -> None:
        ends = {
            rq.kind_of(rq.FindPath): self.path.end,
            rq.kind_of(rq.JudgeRun): self.judge.end,
            rq.kind_of(rq.Calibrate): self.calibrating.on_ended,
            rq.kind_of(rq.ExplainActions): self.explanation.end,
            rq.kind_of(rq.ExplainActions, CHOSEN): self.explanation.end,
        }
        if kind in ends:
            ends[kind]()

    # ------------------------------------------------------------ choosing a pair

    def draw_chosen_pair(self) -> None:
        """A random test pair of the factor that is chosen beside the button."""
        self.draw_pair(self.pair.factor.currentData())

    def draw_pair(self, factor: int = -1) -> None:
        """Ask for a random test pair, of one factor or of any (-1)."""
        dataset = self.selection.dataset
        if dataset is None:
            self.hinted.emit("No data set is open: build or open one in the Library.")
        else:
            self._forget_pairs()
            self.judging.end_walk()
            self._seed += 1
            chosen = None if factor < 0 else factor
            self.asked.emit(rq.PickPair(dataset.dataset, "test", self._seed, chosen, view=VIEW))

    def _show_pair_at(self, position: int) -> None:
        """The test pair at a place of the split."""
        dataset = self.selection.dataset
        if dataset is not None:
            self._forget_pairs()
            self.asked.emit(rq.PickPair(dataset.dataset, position=position, view=VIEW))

    def _show_walk(self) -> None:
        """The pairs of a cell are shown with the reasons; keys go on to the next."""
        self.tabs.setCurrentIndex(WHY)
        self.pair.walk.on.setFocus()

    def _forget(self, *kinds: str) -> None:
        """Something newer is wanted: answers of these that are still to come would replace it."""
        for kind in kinds:
            self.forgotten.emit(kind)

    def _forget_pairs(self) -> None:
        self._forget(*OF_DATA)
        self.picking.forget()

    def next_mistake(self) -> None:
        """Ask for the next test pair that the model gets wrong."""
        both = self.judging.both()
        if both is None:
            self.hinted.emit(NO_DATA_OF_RUN)
        else:
            run, dataset = both
            self._forget_pairs()
            self.asked.emit(rq.FindMistake(str(run.path), dataset.dataset, self._position + 1))

    def take_explore_pair(self) -> None:
        """Explore's original image as before, its image after the interventions as after."""
        picked, step = self.selection.image, self.selection.step
        if picked is None or step is None:
            self.hinted.emit("Explore has no image yet: choose one there first.")
            return
        if picked is not self.selection.read_image:
            self.hinted.emit("Explore has not read its present image: wait for it, or choose another there.")
            return
        self._forget_pairs()
        self._true_action, self._position = None, -1
        self.judging.end_walk()
        before = replace(picked.loaded, source="Explore: original", note="")
        self._sides = {BEFORE: before, AFTER: LoadedImage(step.image, "", f"Explore: {step.label}")}
        self._show_sides()

    def _read_files(self, assignments: list[tuple[str, Path]]) -> None:
        self._forget(*OF_DATA)
        self.picking.read_files(assignments)

    def _convert(self, side: str, pixels: Image) -> None:
        self._forget(*OF_DATA)
        self.picking.convert(side, pixels)

    def swap(self) -> None:
        """Before and after change places: the opposite question."""
        self._forget_pairs()
        swapped = {BEFORE: AFTER, AFTER: BEFORE}
        self._sides = {swapped[side]: content for side, content in self._sides.items()}
        self._true_action = opposite_action(self._true_action)
        self.judging.end_walk()
        self._show_sides()

    # ------------------------------------------------------------ asking

    def _show_sides(self) -> None:
        for side in (BEFORE, AFTER):
            self._show_side(side)
        self._ask()

    def _show_side(self, side: str) -> None:
        loaded = self._sides.get(side)
        self.pair.set_image(side, loaded.image if loaded else None, words_of(loaded) if loaded else "")

    def _ask(self) -> None:
        run = self.selection.run
        if run is None or len(self._sides) < 2:
            self._forget_answer()
            return
        before, after = (self._sides[side].image for side in (BEFORE, AFTER))
        self._begin_anew(after)
        self.asked.emit(rq.RetrieveAction(str(run.path), before, after))

    def _explain(self, actions: tuple[int, ...], view: str = "") -> None:
        if self._result is not None and self.selection.run is not None:
            codes = self._result.codes[0]
            self.asked.emit(rq.ExplainActions(str(self.selection.run.path), codes, actions, view=view))

    def judge_model(self) -> None:
        """Ask about every test pair, in front; what is counted already, or just now, is only shown."""
        self.tabs.setCurrentIndex(JUDGE)
        if self.judge.judged is None and not self.judge.is_judging:
            self.judging.judge()
        self.judge.matrix.setFocus()

    def find_steps(self) -> None:
        """Look for the sequence of actions between the two images."""
        self.tabs.setCurrentIndex(STEPS)
        self.searching.begin()

    def _show_in_explore(self, actions: tuple[int, ...]) -> None:
        if BEFORE in self._sides:
            self.explore_wanted.emit(PickedImage(self._sides[BEFORE]), actions)

    def _begin_anew(self, after: Image | None) -> None:
        self._result = None
        self._forget(*OF_ANSWER)
        self.searching.set_pair(after)

    def _forget_answer(self) -> None:
        self._begin_anew(None)
        self.explanation.clear()
        if self.selection.run is None:
            self.ranking.set_empty("No model is loaded: choose a run at the top of the window.")
        elif len(self._sides) == 1:
            missing = AFTER if BEFORE in self._sides else BEFORE
            self.ranking.set_empty(f"Choose the image {missing} the action as well.")
        else:
            self.ranking.set_empty(
                "Choose two images, or draw a random test pair, to see the actions ranked."
            )

    def _update_buttons(self) -> None:
        has_data, both = self.selection.dataset is not None, self.judging.both() is not None
        why_not = "" if has_data else "Build or open a data set in the Library first"
        no_judge = why_not or ("" if both else NO_DATA_OF_RUN)
        self.pair.set_enabled(self.selection.step is not None, why_not, no_judge)

    # ------------------------------------------------------------ layout

    def save_layout(self, settings: QSettings) -> None:
        save_splitters(settings, self.splitters)

    def restore_layout(self, settings: QSettings) -> None:
        restore_splitters(settings, self.splitters)
