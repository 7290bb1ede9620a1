"""The Explore workspace: its views, put together, and their connections."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QMimeData, QSettings, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QSplitter

from datasets import causal_steps
from engine.results import Reconstruction, RunInfo
from gui import requests as rq
from gui.explore.action_panel import ActionPanel
from gui.explore.chosen_variables import ChosenVariables
from gui.explore.exporting import Exports
from gui.explore.gallery import Gallery
from gui.explore.graph_panel import GraphPanel
from gui.explore.graph_presenter import GraphPresenter
from gui.explore.history_commands import HistoryCommands
from gui.explore.history_strip import HistoryStrip
from gui.explore.image_source import ImageSource
from gui.explore.image_view import ImageColumn
from gui.explore.incoming import can_take, incoming
from gui.explore.presenter import ExplorePresenter
from gui.explore.traversal_view import TraversalView
from gui.explore.variable_panel import VariablePanel
from gui.history import Step
from gui.replies import DatasetView, Failure, NodePositions, PickedImage, Targets
from gui.settings import saved_bytes
from gui.state import Selection
from gui.widgets import GAP, panel, splitter, to_qimage
from gui.workspace import Answer, Workspace

IMAGE_FILES = "Images (*.png *.jpg *.jpeg *.bmp *.gif *.webp *.tif *.tiff)"


class ExploreWorkspace(Workspace):
    """One image, its graph, and what interventions make of it.

    Signals:
        session_dropped: the path of a session's file.
    """

    session_dropped = Signal(str)

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self.setObjectName("explore")
        self.images, self.source, self.graph = ImageColumn(), ImageSource(), GraphPanel()
        self.action_panel, self.variable_panel = ActionPanel(), VariablePanel()
        self.traversal, self.history = TraversalView(), HistoryStrip()
        self.graphs = GraphPresenter(selection, self)
        self.presenter = ExplorePresenter(selection, self.graphs, self)
        self.chosen_variables = ChosenVariables(selection, self.graph.view, self.variable_panel, self.images)
        self.exports = Exports(selection, self.graph, self.traversal, self)
        self.commands = HistoryCommands(selection, self.history, self)
        self.gallery = Gallery(selection, self)
        self.setAcceptDrops(True)
        self._build()
        self._connect()
        self.variable_panel.set_propagate(selection.propagate)
        self.traversal.clear()

    def answers(self) -> dict[str, Answer]:
        do, graphs = self.presenter, self.graphs
        acted, done = rq.kind_of(rq.ApplyAction), rq.kind_of(rq.DoVariables)
        return {
            rq.kind_of(rq.PickImage): self.selection.set_image,
            rq.kind_of(rq.ShowImage): do.on_shown,
            rq.kind_of(rq.ReadTargets): do.on_targets,
            rq.kind_of(rq.ReadFactors): do.on_factors_read,
            acted: partial(do.on_intervention, acted),
            done: partial(do.on_intervention, done),
            rq.kind_of(rq.Graph): graphs.on_graph,
            rq.kind_of(rq.AverageGraph): graphs.on_mean,
            rq.kind_of(rq.MeasureEffects): graphs.on_effects,
            rq.kind_of(rq.LayoutGraph): self._on_layout,
            rq.kind_of(rq.WriteGraph): self.exports.on_written,
            rq.kind_of(rq.MakePalette): self.chosen_variables.on_palette,
            rq.kind_of(rq.FillPalette): self.chosen_variables.on_more_codes,
            rq.kind_of(rq.ReadCodeUse): self.gallery.on_page,
            rq.kind_of(rq.Traverse): self.traversal.add_row,
        }

    def on_failed(self, kind: str, failure: Failure) -> None:
        self.presenter.on_failed(kind)
        self.graphs.on_failed(kind)
        self.gallery.on_failed(kind, failure)
        if kind == rq.kind_of(rq.PickImage):
            self.source.refuse()
        if kind == rq.kind_of(rq.LoadRun) and self.selection.run is None:
            self.graph.empty.set_text("No model is loaded", "Choose a run in the Library, or train one.")

    def on_ended(self, kind: str) -> None:
        self.gallery.on_ended(kind)
        self.graphs.on_ended(kind)
        if kind == rq.kind_of(rq.MeasureEffects):
            self.graph.refuse_effects()
        elif kind == rq.kind_of(rq.Traverse):
            self.traversal.finish()
        elif kind == rq.kind_of(rq.OpenDataset) and self.selection.dataset is None:
            self.images.original.set_placeholder("No data set is open")
            if self.selection.run is not None:
                self.graph.empty.set_text(
                    "No image yet", "Open an image file, or choose a data set in the Library."
                )

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        left, left_layout = panel(object_name="image_panel")
        left_layout.addWidget(self.images)
        left_layout.addWidget(self.source)
        left_layout.addStretch(1)
        left_layout.addWidget(self.history)
        centre, centre_layout = panel(object_name="graph_panel")
        centre_layout.addWidget(self.graph)
        below, below_layout = panel(object_name="traversal_panel")
        below_layout.addWidget(self.traversal)
        right, right_layout = panel(object_name="intervention_panel")
        right_layout.addWidget(self.action_panel)
        right_layout.addWidget(self.variable_panel, 1)
        self._middle = splitter(Qt.Orientation.Vertical, (centre, below), (3, 2))
        self._all = splitter(Qt.Orientation.Horizontal, (left, self._middle, right), (2, 5, 2))
        left.setMinimumWidth(304)
        right.setMinimumWidth(304)
        self._middle.setSizes([380, 310])
        self._all.setSizes([304, 640, 304])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self._all)

    def _connect(self) -> None:
        """All connections of this workspace: views -> presenter -> selection -> views."""
        do, graphs, chosen, graph = self.presenter, self.graphs, self.selection, self.graph
        for presenter in (do, graphs):
            presenter.asked.connect(self.asked)
            presenter.cancelled.connect(self.cancelled)
            presenter.warned.connect(self.warned)
        do.hinted.connect(self.hinted)
        self.exports.asked.connect(self.asked)
        self.exports.hinted.connect(self.hinted)
        self.exports.warned.connect(self.warned)
        self.gallery.asked.connect(self.asked)
        self.gallery.cancelled.connect(self.cancelled)
        self.gallery.hinted.connect(self.hinted)
        self.gallery.code_chosen.connect(lambda variable, code: do.do_code((variable,), code))
        # images
        self.source.random_wanted.connect(do.random_image)
        self.source.step_wanted.connect(do.step_image)
        self.source.values_chosen.connect(do.pick_values)
        self.source.open_wanted.connect(self.open_file)
        self.source.paste_wanted.connect(self.paste)
        # graph
        graph.view.node_chosen.connect(chosen.set_variable)
        graph.view.node_added.connect(chosen.toggle_variable)
        graph.view.nodes_chosen.connect(chosen.set_variables)
        graph.view.hovered.connect(self.chosen_variables.show_cells)
        self.images.place_chosen.connect(self.chosen_variables.choose_place)
        graph.view.palette_wanted.connect(self.variable_panel.thumbs.setFocus)
        graph.view.gallery_wanted.connect(self.gallery.open)
        graph.view.layout_wanted.connect(self._ask_layout)
        graph.view.shown_changed.connect(lambda _edges: self.chosen_variables.show_neighbours())
        graph.action_chosen.connect(chosen.set_action)
        graph.view.action_wanted.connect(do.act_as_shown)
        graph.images_chosen.connect(graphs.average)
        graph.effects_wanted.connect(graphs.measure_effects)
        # interventions
        self.action_panel.action_wanted.connect(do.act)
        for keys, up in (("+", True), ("=", True), ("-", False)):
            self._shortcut(keys, partial(do.act_on_factor, up))
        self.variable_panel.code_chosen.connect(do.do_code)
        self.variable_panel.propagate_chosen.connect(chosen.set_propagate)
        self.variable_panel.variable_chosen.connect(chosen.set_variable)
        self.variable_panel.all_wanted.connect(do.show_all_codes)
        self.variable_panel.gallery_wanted.connect(self.show_gallery)
        self.variable_panel.cleared.connect(lambda: chosen.set_variable(None))
        # traversal and history
        self.traversal.rows_chosen.connect(do.traverse)
        self.traversal.state_chosen.connect(do.take_state)
        self.traversal.compared.connect(self.commands.compare_states)
        do.traversal_begun.connect(self.traversal.begin)
        self.history.undo_wanted.connect(chosen.history.undo)
        self.history.redo_wanted.connect(chosen.history.redo)
        self.history.index_chosen.connect(chosen.history.setIndex)
        self.history.copy_wanted.connect(self.commands.copy_python)
        self.history.branch_chosen.connect(chosen.choose_branch)
        self.history.menu_wanted.connect(self.commands.show_menu)
        self.history.delete_wanted.connect(self.commands.delete)
        self.commands.hinted.connect(self.hinted)
        # state to views
        graphs.graph_read.connect(graph.set_graph)
        graphs.images_changed.connect(graph.set_images)
        graphs.effects_read.connect(graph.set_effects)
        graphs.effects_refused.connect(graph.refuse_effects)
        do.targets_read.connect(self._on_targets)
        do.factor_changed.connect(self.action_panel.set_factor)
        do.factors_read.connect(self.action_panel.set_read)
        graphs.effects_read.connect(lambda _effects: do.read_factors())
        chosen.dataset_changed.connect(self._on_dataset)
        chosen.run_changed.connect(self._on_run)
        chosen.image_changed.connect(self._on_image)
        chosen.reconstruction_changed.connect(self._on_reconstruction)
        chosen.step_changed.connect(self._on_step)
        chosen.history_changed.connect(self._show_history)
        chosen.read_only_changed.connect(self._on_read_only)
        chosen.variable_changed.connect(lambda _variable: self.chosen_variables.show())
        chosen.action_changed.connect(graph.set_action)
        chosen.propagate_changed.connect(self.variable_panel.set_propagate)

    def _shortcut(self, keys: str, act: Callable[[], None]) -> None:
        """While Explore is seen, before a combo box takes the key for its search; held down it is one."""
        made = QShortcut(QKeySequence(keys), self)
        made.setAutoRepeat(False)
        made.activated.connect(act)

    # ------------------------------------------------------------ commands

    def random_image(self) -> None:
        """A random test image."""
        self.presenter.random_image()

    def step_image(self, step: int) -> None:
        """The previous (-1) or next (+1) test image."""
        self.presenter.step_image(step)

    def open_file(self) -> None:
        """Let the user choose an image file."""
        dialog = QFileDialog(self, "Open an image", "", IMAGE_FILES)
        dialog.setObjectName("open_image_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.presenter.pick_file)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def paste(self) -> None:
        """An image, or an image file, from the clipboard."""
        if not self._take(QGuiApplication.clipboard().mimeData()):
            self.hinted.emit("The clipboard holds no image; copy one, or open a file.")

    def _take(self, data: QMimeData | None) -> bool:
        found = incoming(data)
        if isinstance(found, str) and found.lower().endswith(".doscope"):
            self.session_dropped.emit(found)
        elif isinstance(found, str):
            self.presenter.pick_file(found)
        elif found is not None:
            self.presenter.pick_pixels(found)
        return found is not None

    def show_gallery(self) -> None:
        """The gallery of codes, at the code that the palette's cursor is at."""
        self.gallery.open(self.variable_panel.palette_view.code_at_cursor())

    def copy_image(self) -> None:
        """The image after the interventions to the clipboard."""
        if self.selection.step is not None:
            QGuiApplication.clipboard().setImage(to_qimage(self.selection.step.image))
            self.hinted.emit("The image after the interventions is on the clipboard.")

    # ------------------------------------------------------------ state to views

    def _on_dataset(self, dataset: DatasetView | None) -> None:
        self.graph.set_effects(None)  # they were measured on images of the other one
        self.graph.refuse_effects()
        if dataset is None:
            self.source.set_space(None)
        else:
            known = dataset.has_factor_labels
            self.source.set_space(dataset.space if known else None, dataset.can_render, known)
            if self.presenter.image_stays:  # a session's image is here before its data set
                self.source.set_image(self.selection.image)

    def _on_run(self, run: RunInfo | None) -> None:
        self.graph.set_run(run)
        self.graph.set_effects(None)
        self.graph.refuse_effects()
        steps = None if run is None else causal_steps(run.dataset)
        self.action_panel.set_space(run.space if run is not None else None, steps)
        self.action_panel.set_factor(self.presenter.factor)
        if self.selection.read_only:
            self.graph.empty.set_text("No model, so no graph", "This session can only be looked at.")
        else:
            self.graph.empty.set_text(
                "Reading the image…", "The graph of what causes what in it appears here."
            )

    def _on_read_only(self, why: str) -> None:
        self.history.set_read_only(bool(why))
        self.action_panel.set_hint(
            "Interventions are off: the run of this session is not loaded." if why else ""
        )

    def _on_image(self, picked: PickedImage | None) -> None:
        self.source.set_image(picked)
        self.images.set_original(picked.loaded.image if picked is not None else None)
        self.graph.view.set_picture(picked.loaded.image if picked is not None else None)
        if picked is not None and picked.loaded.note and picked.loaded.factors is None:
            self.hinted.emit(f"{picked.loaded.source}: {picked.loaded.note}.")

    def _on_reconstruction(self, reading: Reconstruction | None) -> None:
        if reading is None:
            self.images.set_reconstruction(None)
            self.traversal.clear()
        else:
            self.images.set_reconstruction(reading.image, reading.psnr_db)

    def _on_step(self, step: Step | None) -> None:
        self.images.set_after(step.image if step is not None else None)
        self.action_panel.set_read(None)
        by_hand = step is not None and step.label.startswith("do(")
        self.graph.view.set_moved(
            step.moved if step is not None else None, step.targets if step is not None and by_hand else None
        )
        self.graph.set_codes(step.codes if step is not None else None)
        self.action_panel.set_ready(step is not None)
        if step is None:
            self.graph.set_graph(None)
        self._show_history()

    def _show_history(self) -> None:
        steps, index = self.selection.steps(), self.selection.history.index()
        self.history.set_steps(steps, min(index, max(0, len(steps) - 1)))
        self.history.set_branches(self.selection.branches.paths, self.selection.branches.present)
        image, run = self.selection.image, self.selection.run
        if run is None:
            return
        asked: dict[int, int] = {}
        for step in steps[1 : index + 1]:
            if step.moves is not None:
                factor, count = step.moves
                asked[factor] = asked.get(factor, 0) + count
        self.action_panel.set_values(image.loaded.factors if image is not None else None, asked)

    # ------------------------------------------------------------ answers

    def _on_targets(self, targets: Targets) -> None:
        if self.selection.run is not None:
            self.graph.set_targets(targets.masks)

    def _ask_layout(self, layout: str, edges: Any) -> None:
        run = self.selection.run
        if run is not None:
            self.asked.emit(rq.LayoutGraph(edges, run.num_variables, layout))

    def _on_layout(self, reply: NodePositions) -> None:
        self.graph.view.set_positions(reply.positions)

    # ------------------------------------------------------------ dropping, keys, layout

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if can_take(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if self._take(event.mimeData()):
            event.acceptProposedAction()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no view took for itself."""
        do, key = self.presenter, event.key()
        if key == Qt.Key.Key_Escape:
            self.selection.set_variable(None)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            do.choose_factor(do.factor + (1 if key == Qt.Key.Key_PageDown else -1))
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.gallery.dialog.close()  # it never acts on what is hidden

    def save_layout(self, settings: QSettings) -> None:
        for name, part in self._splitters():
            settings.setValue(f"explore/{name}", part.saveState())

    def restore_layout(self, settings: QSettings) -> None:
        for name, part in self._splitters():
            state = saved_bytes(settings, f"explore/{name}")
            if state is not None:
                part.restoreState(state)

    def _splitters(self) -> tuple[tuple[str, QSplitter], ...]:
        return (("middle", self._middle), ("all", self._all))
