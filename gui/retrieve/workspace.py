"""The Retrieve workspace: the pair, the ranking, the explanation, and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout

from engine.results import Image, LoadedImage, Retrieval, RunInfo
from gui import requests as rq
from gui.replies import DatasetView, Failure, PickedImage, PickedPair
from gui.retrieve.explanation import Explanation
from gui.retrieve.pair_view import AFTER, BEFORE, PairView
from gui.retrieve.ranking_view import RankingView
from gui.settings import restore_splitters, save_splitters
from gui.state import Selection
from gui.widgets import GAP, panel
from gui.workspace import Answer, Workspace

VIEW = "retrieve"
ALL_ACTIONS = 1_000
"""Predict the image of every action, so that any click in the ranking has its proof at hand."""


@dataclass(frozen=True)
class _Side:
    """One image of the question and the words under it."""

    image: Image
    note: str


class RetrieveWorkspace(Workspace):
    """Asks "which action turned this image into that one?" and shows the answer."""

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self.setObjectName("retrieve_workspace")
        self.pair = PairView()
        self.ranking = RankingView()
        self.explanation = Explanation()
        self._sides: dict[str, _Side] = {}
        self._true_action: str | None = None
        self._seed = 0
        self._lay_out()
        self._connect()
        self._forget_answer()
        self._update_buttons()

    def answers(self) -> dict[str, Answer]:
        return {
            rq.kind_of(rq.PickPair, VIEW): self._on_pair,
            rq.kind_of(rq.PickImage, BEFORE): lambda picked: self._on_picked(BEFORE, picked),
            rq.kind_of(rq.PickImage, AFTER): lambda picked: self._on_picked(AFTER, picked),
            rq.kind_of(rq.RetrieveAction): self._on_retrieval,
        }

    def _connect(self) -> None:
        self.pair.random_requested.connect(self.draw_pair)
        self.pair.explore_pair_requested.connect(self.take_explore_pair)
        self.pair.files_chosen.connect(self._read_files)
        self.pair.picture_pasted.connect(self._convert_pixels)
        self.pair.swap_requested.connect(self._swap)
        self.ranking.action_chosen.connect(self.explanation.choose)
        self.selection.run_changed.connect(self._on_run)
        self.selection.dataset_changed.connect(self._on_dataset)
        self.selection.step_changed.connect(lambda _step: self._update_buttons())

    def _lay_out(self) -> None:
        left = QSplitter(Qt.Orientation.Vertical)
        left.setObjectName("retrieve_left_splitter")
        right_panel, right_layout = panel(object_name="retrieve_explanation_panel")
        right_layout.addWidget(self.explanation)
        for view, name in ((self.pair, "retrieve_pair_panel"), (self.ranking, "retrieve_ranking_panel")):
            surface, layout = panel(object_name=name)
            layout.addWidget(view)
            left.addWidget(surface)
        left.setChildrenCollapsible(False)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("retrieve_splitter")
        self.splitter.addWidget(left)
        self.splitter.addWidget(right_panel)
        self.splitter.setStretchFactor(0, 4)
        self.splitter.setStretchFactor(1, 5)
        self.splitter.setSizes([580, 680])
        left.setSizes([380, 320])
        self.splitter.setChildrenCollapsible(False)
        self.splitters = (left, self.splitter)
        for splitter in self.splitters:
            splitter.setHandleWidth(GAP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.splitter)

    # ------------------------------------------------------------ what is chosen

    def _on_run(self, run: RunInfo | None) -> None:
        """Another model: a pair that has its size is asked about again, another pair goes."""
        if run is not None and any(side.image.shape != run.image_shape for side in self._sides.values()):
            self._sides.clear()
        self._update_buttons()
        self._show_sides()

    def _on_dataset(self, dataset: DatasetView | None) -> None:
        self.pair.set_factors(dataset.space.names if dataset else ())
        self._update_buttons()

    # ------------------------------------------------------------ answers of the engine thread

    def _on_pair(self, pair: PickedPair) -> None:
        names = self.selection.dataset.space.action_names if self.selection.dataset else ()
        self._true_action = names[pair.action] if pair.action < len(names) else None
        self._sides = {BEFORE: _side(pair.before), AFTER: _side(pair.after)}
        self._show_sides()

    def _on_picked(self, side: str, picked: PickedImage) -> None:
        self._true_action = None
        self._sides[side] = _side(picked.loaded)
        self._show_sides()

    def _on_retrieval(self, result: Retrieval) -> None:
        run = self.selection.run
        if run is None or AFTER not in self._sides:
            return
        known = self._true_action if self._true_action in result.action_names else None
        self.explanation.set_result(result, self._sides[AFTER].image, run.grid)
        self.ranking.set_result(result, known)

    def on_failed(self, kind: str, failure: Failure) -> None:
        """The images that were there stay; the side that could not be read says so."""
        for side in (BEFORE, AFTER):
            if kind == rq.kind_of(rq.PickImage, side):
                self.pair.set_note(side, f"Not changed: {failure.sentence}")
        if kind == rq.kind_of(rq.RetrieveAction):
            self.explanation.clear()
            self.ranking.set_empty(failure.sentence)

    # ------------------------------------------------------------ what the user does

    def draw_pair(self, factor: int = -1) -> None:
        """Ask for a random test pair, of one factor or of any (-1)."""
        dataset = self.selection.dataset
        if dataset is not None:
            self._seed += 1
            chosen = None if factor < 0 else factor
            self.asked.emit(rq.PickPair(dataset.dataset, "test", self._seed, chosen, view=VIEW))

    def take_explore_pair(self) -> None:
        """Explore's original image as before, its image after the interventions as after."""
        picked, step = self.selection.image, self.selection.step
        if picked is None or step is None:
            self.hinted.emit("Explore has no image yet: choose one there first.")
            return
        self._true_action = None
        self._sides = {
            BEFORE: _Side(picked.loaded.image, "Explore: original"),
            AFTER: _Side(step.image, f"Explore: {step.label}"),
        }
        self._show_sides()

    def _read_files(self, assignments: list[tuple[str, Path]]) -> None:
        for side, path in assignments:
            self.asked.emit(self._pick(side, file=str(path)))

    def _convert_pixels(self, side: str, pixels: Image) -> None:
        self.asked.emit(self._pick(side, pixels=pixels))

    def _pick(self, side: str, file: str = "", pixels: Image | None = None) -> rq.PickImage:
        shape = self.selection.run.image_shape if self.selection.run else (64, 64, 3)
        return rq.PickImage(shape=shape, file=file, pixels=pixels, view=side)

    def _swap(self) -> None:
        swapped = {BEFORE: AFTER, AFTER: BEFORE}
        self._sides = {swapped[side]: content for side, content in self._sides.items()}
        self._true_action = _opposite(self._true_action)
        self._show_sides()

    # ------------------------------------------------------------ inside

    def _show_sides(self) -> None:
        for side in (BEFORE, AFTER):
            content = self._sides.get(side)
            self.pair.set_image(side, content.image if content else None, content.note if content else "")
        self._ask()

    def _ask(self) -> None:
        run = self.selection.run
        if run is None or len(self._sides) < 2:
            self._forget_answer()
            return
        before, after = (self._sides[side].image for side in (BEFORE, AFTER))
        self.asked.emit(rq.RetrieveAction(str(run.path), before, after, ALL_ACTIONS))

    def _forget_answer(self) -> None:
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
        has_data = self.selection.dataset is not None
        why_not = "" if has_data else "Build or open a data set in the Library first"
        self.pair.set_enabled(self.selection.step is not None, has_data, why_not)

    # ------------------------------------------------------------ layout

    def save_layout(self, settings: QSettings) -> None:
        save_splitters(settings, self.splitters)

    def restore_layout(self, settings: QSettings) -> None:
        restore_splitters(settings, self.splitters)


def _side(loaded: LoadedImage) -> _Side:
    """The words under an image: where it comes from, then what was converted."""
    origin = Path(loaded.source).name if loaded.source else ""
    return _Side(loaded.image, "; ".join(filter(None, (origin, loaded.note))))


def _opposite(action: str | None) -> str | None:
    """The action that undoes one: "scale+" and "scale-"."""
    if not action:
        return None
    return action[:-1] + ("-" if action.endswith("+") else "+")
