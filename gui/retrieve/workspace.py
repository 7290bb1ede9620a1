"""The Retrieve workspace: the pair, the ranking, the reasons, longer distances, and judging the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSettings, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout

from engine.results import ActionPath, Explanation, Image, LoadedImage, Retrieval, RunInfo
from gui import requests as rq
from gui.replies import Calibrated, DatasetView, Failure, NoMistake, PickedImage, PickedPair, Written
from gui.retrieve.explanation import ExplanationView
from gui.retrieve.image_slot import AFTER, BEFORE, strange_words, words_of
from gui.retrieve.judge_view import JudgeView
from gui.retrieve.judging import NO_DATA_OF_RUN, Judging
from gui.retrieve.pair_view import PairView
from gui.retrieve.panes import arranged, tabs_of
from gui.retrieve.path_view import PathView
from gui.retrieve.ranking_view import RankingView
from gui.settings import restore_splitters, save_splitters
from gui.state import Selection
from gui.widgets import GAP
from gui.words import opposite_action
from gui.workspace import Answer, Workspace

VIEW = "retrieve"
CHOSEN = "chosen"  # the view under which one more action is explained
OF_DATA = (rq.kind_of(rq.FindMistake), rq.kind_of(rq.PickPair, VIEW))
OF_IMAGES = (rq.kind_of(rq.PickImage, BEFORE), rq.kind_of(rq.PickImage, AFTER))
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
        self._sides: dict[str, LoadedImage] = {}
        self._true_action: str | None = None
        self._result: Retrieval | None = None
        self._seed = 0
        self._position = -1  # in the split, of the pair on show; -1 for one from elsewhere
        self._calibrated = ("", "")  # the run's weights and the data set that a calibration was asked for
        self._lay_out()
        self._connect()
        self._forget_answer()
        self._update_buttons()

    def answers(self) -> dict[str, Answer]:
        return {
            rq.kind_of(rq.PickPair, VIEW): self._on_pair,
            rq.kind_of(rq.FindMistake): self._on_mistake,
            rq.kind_of(rq.PickImage, BEFORE): lambda picked: self._on_picked(BEFORE, picked),
            rq.kind_of(rq.PickImage, AFTER): lambda picked: self._on_picked(AFTER, picked),
            rq.kind_of(rq.RetrieveAction): self._on_retrieval,
            rq.kind_of(rq.ExplainActions): self._on_explanation,
            rq.kind_of(rq.ExplainActions, CHOSEN): self._on_explanation,
            rq.kind_of(rq.FindPath): self._on_path,
            rq.kind_of(rq.Calibrate): self._on_calibrated,
            rq.kind_of(rq.JudgeRun): self.judging.on_judged,
            rq.kind_of(rq.WriteAnswers): self._on_written,
        }

    def _connect(self) -> None:
        pair, path, judging = self.pair, self.path, self.judging
        pair.random_requested.connect(self.draw_pair)
        pair.mistake_requested.connect(self.next_mistake)
        pair.explore_pair_requested.connect(self.take_explore_pair)
        pair.files_chosen.connect(self._read_files)
        pair.picture_pasted.connect(self._convert_pixels)
        pair.swap_requested.connect(self.swap)
        pair.hinted.connect(self.hinted)
        self.ranking.action_chosen.connect(self.explanation.choose)
        self.ranking.explore_wanted.connect(lambda action: self._show_in_explore((action,)))
        self.ranking.path_wanted.connect(self.find_steps)
        self.explanation.wanted.connect(lambda action: self._explain((action,), CHOSEN))
        self.explanation.explore_wanted.connect(lambda action: self._show_in_explore((action,)))
        path.search_wanted.connect(self._search)
        path.cancel_wanted.connect(lambda: self.cancelled.emit(rq.kind_of(rq.FindPath)))
        path.explore_wanted.connect(lambda: self._show_in_explore(path.found_actions()))
        judging.asked.connect(self.asked)
        judging.cancelled.connect(self.cancelled)
        judging.forgotten.connect(self.forgotten)
        judging.hinted.connect(self.hinted)
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
        self._calibrate()

    def _on_run(self, run: RunInfo | None) -> None:
        """Another model: a pair that has its size is asked about again, another pair goes."""
        if run is not None and any(side.image.shape != run.image_shape for side in self._sides.values()):
            self._sides.clear()
        self._forget(*OF_DATA, *OF_IMAGES)
        self.judging.forget()
        self._update_buttons()
        self._show_sides()
        self._calibrate()

    def _on_dataset(self, dataset: DatasetView | None) -> None:
        self.pair.set_factors(dataset.space.names if dataset else ())
        self._forget(*OF_DATA)
        self._position = -1
        self.judging.forget()
        self._update_buttons()
        self._calibrate()

    def _calibrate(self) -> None:
        """Before the first answer that somebody looks at; what is known already costs nothing."""
        both = self.judging.both()
        if both is None or not self.isVisible():
            return
        wanted = (both[0].fingerprint, str(both[1].path))
        if wanted != self._calibrated:
            self._calibrated = wanted
            self.ranking.set_why_uncalibrated("")
            self.asked.emit(rq.Calibrate(str(both[0].path), both[1].dataset))

    # ------------------------------------------------------------ answers of the engine thread

    def _on_pair(self, pair: PickedPair) -> None:
        names = self.selection.dataset.space.action_names if self.selection.dataset else ()
        self._true_action = names[pair.action] if pair.action < len(names) else None
        self._sides, self._position = {BEFORE: pair.before, AFTER: pair.after}, pair.position
        self._show_sides()

    def _on_mistake(self, found: PickedPair | NoMistake) -> None:
        if isinstance(found, NoMistake):
            self.hinted.emit(f"No mistake: all {found.pairs:,} test pairs are answered right.")
        else:
            self.judging.end_walk()
            self._on_pair(found)

    def _on_picked(self, side: str, picked: PickedImage) -> None:
        self._true_action, self._position = None, -1
        self.judging.end_walk()
        self._sides[side] = picked.loaded
        self._show_sides()

    def _on_retrieval(self, result: Retrieval) -> None:
        run = self.selection.run
        if run is None or AFTER not in self._sides:
            return
        self._result = result
        known = self._true_action if self._true_action in result.action_names else None
        self.explanation.set_result(result, self._sides[AFTER].image, run.grid)
        self.ranking.set_result(result, known)
        self.path.start.setEnabled(not result.identical)
        for side, strange, decibels in zip((BEFORE, AFTER), result.strange, result.psnr, strict=True):
            if strange:
                warning = strange_words(decibels, result.psnr_floor)
                self.pair.set_note(side, f"{words_of(self._sides[side])}\n{warning}".strip())
        if missing := self.explanation.missing():
            self._explain(missing)

    def _on_explanation(self, explained: Explanation) -> None:
        self.explanation.add(explained)

    def _on_path(self, found: ActionPath) -> None:
        run = self.selection.run
        if run is not None and AFTER in self._sides:
            self.path.set_path(found, run.space.action_names, self._sides[AFTER].image)

    def _on_calibrated(self, calibrated: Calibrated) -> None:
        """An answer that was given before is given again, with what it is worth."""
        run, result = self.selection.run, self._result
        if run is None or result is None or result.calibrated or calibrated.run != str(run.path):
            return
        before, after = (self._sides[side].image for side in (BEFORE, AFTER))
        self.asked.emit(rq.RetrieveAction(calibrated.run, before, after))

    def _on_written(self, written: Written) -> None:
        self.hinted.emit(f"Written: {written.path} ({written.what}).")

    def on_failed(self, kind: str, failure: Failure) -> None:
        """The images that were there stay; the side that could not be read says so."""
        for side in (BEFORE, AFTER):
            if kind == rq.kind_of(rq.PickImage, side):
                self.pair.set_note(side, f"Not changed: {failure.sentence}")
        if kind == rq.kind_of(rq.Calibrate):
            self.ranking.set_why_uncalibrated(failure.sentence)
        if kind == rq.kind_of(rq.RetrieveAction):
            self.explanation.clear()
            self.ranking.set_empty(failure.sentence)

    def on_ended(self, kind: str) -> None:
        if kind == rq.kind_of(rq.FindPath):
            self.path.end()
        elif kind == rq.kind_of(rq.JudgeRun):
            self.judge.end()

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
            self._forget(*OF_DATA, *OF_IMAGES)
            self.judging.end_walk()
            self._seed += 1
            chosen = None if factor < 0 else factor
            self.asked.emit(rq.PickPair(dataset.dataset, "test", self._seed, chosen, view=VIEW))

    def _show_pair_at(self, position: int) -> None:
        """The test pair at a place of the split."""
        dataset = self.selection.dataset
        if dataset is not None:
            self._forget(*OF_DATA, *OF_IMAGES)
            self.asked.emit(rq.PickPair(dataset.dataset, position=position, view=VIEW))

    def _show_walk(self) -> None:
        """The pairs of a cell are shown with the reasons; keys go on to the next."""
        self.tabs.setCurrentIndex(WHY)
        self.pair.walk.on.setFocus()

    def _forget(self, *kinds: str) -> None:
        """Something newer is wanted: answers of these that are still to come would replace it."""
        for kind in kinds:
            self.forgotten.emit(kind)

    def next_mistake(self) -> None:
        """Ask for the next test pair that the model gets wrong."""
        both = self.judging.both()
        if both is None:
            self.hinted.emit(NO_DATA_OF_RUN)
        else:
            run, dataset = both
            self._forget(*OF_DATA, *OF_IMAGES)
            self.asked.emit(rq.FindMistake(str(run.path), dataset.dataset, self._position + 1))

    def take_explore_pair(self) -> None:
        """Explore's original image as before, its image after the interventions as after."""
        picked, step = self.selection.image, self.selection.step
        if picked is None or step is None:
            self.hinted.emit("Explore has no image yet: choose one there first.")
            return
        self._forget(*OF_DATA, *OF_IMAGES)
        self._true_action, self._position = None, -1
        self.judging.end_walk()
        before = replace(picked.loaded, source="Explore: original", note="")
        self._sides = {BEFORE: before, AFTER: LoadedImage(step.image, "", f"Explore: {step.label}")}
        self._show_sides()

    def _read_files(self, assignments: list[tuple[str, Path]]) -> None:
        self._forget(*OF_DATA)
        for side, path in assignments:
            self.asked.emit(self._pick(side, file=str(path)))

    def _convert_pixels(self, side: str, pixels: Image) -> None:
        self._forget(*OF_DATA)
        self.asked.emit(self._pick(side, pixels=pixels))

    def _pick(self, side: str, file: str = "", pixels: Image | None = None) -> rq.PickImage:
        shape = self.selection.run.image_shape if self.selection.run else (64, 64, 3)
        return rq.PickImage(shape=shape, file=file, pixels=pixels, view=side)

    def swap(self) -> None:
        """Before and after change places: the opposite question."""
        self._forget(*OF_DATA, *OF_IMAGES)
        swapped = {BEFORE: AFTER, AFTER: BEFORE}
        self._sides = {swapped[side]: content for side, content in self._sides.items()}
        self._true_action = opposite_action(self._true_action)
        self.judging.end_walk()
        self._show_sides()

    # ------------------------------------------------------------ asking

    def _show_sides(self) -> None:
        for side in (BEFORE, AFTER):
            loaded = self._sides.get(side)
            self.pair.set_image(side, loaded.image if loaded else None, words_of(loaded) if loaded else "")
        self._ask()

    def _ask(self) -> None:
        run = self.selection.run
        if run is None or len(self._sides) < 2:
            self._forget_answer()
            return
        self._stop_searching()
        before, after = (self._sides[side].image for side in (BEFORE, AFTER))
        self.asked.emit(rq.RetrieveAction(str(run.path), before, after))

    def _explain(self, actions: tuple[int, ...], view: str = "") -> None:
        if self._result is not None and self.selection.run is not None:
            codes = self._result.codes[0]
            self.asked.emit(rq.ExplainActions(str(self.selection.run.path), codes, actions, view=view))

    def judge_model(self) -> None:
        """Ask about every test pair, in front."""
        self.tabs.setCurrentIndex(JUDGE)
        self.judging.judge()
        self.judge.matrix.setFocus()

    def find_steps(self) -> None:
        """Look for the sequence of actions between the two images."""
        self.tabs.setCurrentIndex(STEPS)
        self._search(self.path.beam.value(), self.path.most_steps.value())

    def _search(self, beam: int, most_steps: int) -> None:
        run, result = self.selection.run, self._result
        if run is None or result is None or result.identical:
            self.hinted.emit("Choose two different images first.")
        else:
            before, after = result.codes
            self.path.begin()
            self.asked.emit(rq.FindPath(str(run.path), before, after, beam, most_steps))

    def _show_in_explore(self, actions: tuple[int, ...]) -> None:
        if BEFORE in self._sides:
            self.explore_wanted.emit(PickedImage(self._sides[BEFORE]), actions)

    def _stop_searching(self) -> None:
        self._result = None
        self._forget(*OF_ANSWER)
        self.path.set_ready(False)

    def _forget_answer(self) -> None:
        self._stop_searching()
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
