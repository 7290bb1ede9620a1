"""The Library workspace: data sets and runs on the left, the chosen one in detail on the right."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFileDialog, QSplitter, QStackedWidget, QVBoxLayout

from engine.comparison import Comparison
from gui import requests as rq
from gui.library.compare_view import CompareView
from gui.library.dataset_desk import DatasetDesk
from gui.library.dataset_detail import DatasetDetail
from gui.library.own_data import OwnData
from gui.library.run_detail import RunDetail
from gui.library.runs_panel import RunsPanel
from gui.library.study_view import StudyView
from gui.library.table import EntryTable
from gui.library.unpacking import Unpacking
from gui.replies import (
    Activity,
    DatasetEntry,
    DatasetView,
    Deleted,
    Dropped,
    Evaluated,
    Failure,
    Imported,
    Library,
    Renamed,
    RunEntry,
    Studies,
    Written,
)
from gui.settings import restore_splitters, save_splitters
from gui.state import Selection
from gui.widgets import GAP, EmptyState, button, heading, panel, row, tool_button
from gui.words import count, file_size
from gui.workspace import Answer, Workspace

VIEW = "library"
MAX_FOLDERS = 8
STUDIES = "\N{BULLET}studies"  # neither a data set's name nor a path


class LibraryWorkspace(Workspace):
    """What there is to explore and to train on.

    Signals:
        explore_wanted(path): open a run in Explore.
        resume_wanted(RunEntry): go on training a run.
        watch_wanted(path): show a run's curves in Train.
        curves_wanted(paths): show the curves of several runs over each other in Train.
        again_wanted(path): fill Train's form as a run was trained.
        dataset_wanted(name): make a data set the window's own.
        image_wanted(name, PickedImage): show an image of a data set in Explore.
    """

    explore_wanted = Signal(str)
    resume_wanted = Signal(object)
    watch_wanted = Signal(str)
    curves_wanted = Signal(list)
    again_wanted = Signal(str)
    dataset_wanted = Signal(str)
    image_wanted = Signal(str, object)

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self.setObjectName("library_workspace")
        self._datasets: dict[str, DatasetEntry] = {}
        self._runs: dict[str, RunEntry] = {}
        self._folders: list[str] = []
        self._shown = ""  # a data set's name, a run's path, or STUDIES
        self._evaluated_path = ""
        self.datasets = EntryTable("library_datasets", "Data sets", ("data set", "images", "size", "state"))
        self.runs_panel = RunsPanel()
        self.runs = self.runs_panel.table
        self.dataset_detail, self.run_detail, self.compare = DatasetDetail(VIEW), RunDetail(), CompareView()
        self.desk = DatasetDesk(self.dataset_detail, selection, VIEW, self)
        self.study = StudyView()
        self.own = OwnData(self.dataset_detail, self)
        self.unpacking = Unpacking(self)
        self.empty = EmptyState("Nothing chosen", "Choose a data set or a run on the left.")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.details = QStackedWidget()
        for widget in (self.empty, self.dataset_detail, self.run_detail, self.compare, self.study):
            self.details.addWidget(widget)
        left = QSplitter(Qt.Orientation.Vertical)
        left.setObjectName("library_left_splitter")
        refresh = tool_button("Refresh", "library_refresh", "Look again for data sets and runs", self.refresh)
        folder = button(
            "Add folder\N{HORIZONTAL ELLIPSIS}",
            "library_add_folder",
            "List the runs of another folder",
            self._add_folder,
        )
        self.import_run = button(
            "Import\N{HORIZONTAL ELLIPSIS}",
            "library_import_run",
            "Import an exported run",
            self._choose_import,
        )
        self.studies = button("Studies", "library_studies", "Trials of doscope sweep", self.show_studies)
        parts = (
            ("Data sets", self.datasets, self.unpacking.button, refresh),
            ("Runs", self.runs_panel, self.studies, self.import_run, folder),
        )
        for title, table, *extra in parts:
            surface, layout = panel()
            layout.addLayout(row(heading(title), 1, *extra))
            layout.addWidget(table)
            left.addWidget(surface)
        left.setStretchFactor(0, 2)
        left.setStretchFactor(1, 5)
        left.setSizes([270, 430])
        right, right_layout = panel(object_name="library_detail_panel")
        right_layout.addWidget(self.details)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("library_splitter")
        self.splitter.addWidget(left)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(0, 4)
        self.splitter.setStretchFactor(1, 6)
        self.splitter.setSizes([500, 760])
        self.splitters = (left, self.splitter)
        for splitter in self.splitters:
            splitter.setHandleWidth(GAP)
            splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.splitter)

    def _connect(self) -> None:
        self.datasets.chosen.connect(self.show_dataset)
        self.runs.chosen.connect(self.show_run)
        self.runs.several_chosen.connect(self.show_several)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self.runs, self._delete_chosen)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self.datasets, self._delete_dataset)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.compare.curves_wanted.connect(self.curves_wanted)
        self.study.asked.connect(self.asked)
        self.study.curves_wanted.connect(self.curves_wanted)
        self.study.run_wanted.connect(self._show_trial)
        self.own.asked.connect(self.asked)
        self.own.cancelled.connect(self.cancelled)
        self.own.built.connect(self._on_own)
        self.unpacking.asked.connect(self.asked)
        self.unpacking.unpacked.connect(self.desk.on_new)
        desk = self.desk
        for theirs, ours in (
            (desk.asked, self.asked),
            (desk.cancelled, self.cancelled),
            (desk.hinted, self.hinted),
            (desk.warned, self.warned),
            (desk.dataset_wanted, self.dataset_wanted),
            (desk.image_wanted, self.image_wanted),
        ):
            theirs.connect(ours)
        desk.changed.connect(self._on_datasets_changed)
        run = self.run_detail
        run.explore_requested.connect(self.explore_wanted)
        run.watch_requested.connect(self.watch_wanted)
        run.resume_requested.connect(lambda path: self.resume_wanted.emit(self._runs[path]))
        run.evaluate_requested.connect(self._evaluate)
        run.again_requested.connect(self.again_wanted)
        run.notes.written.connect(lambda path, notes: self.asked.emit(rq.WriteNotes(path, notes, view=path)))
        run.notes.refused.connect(self.warned)
        run.rename_requested.connect(lambda path, name: self.asked.emit(rq.RenameRun(path, name)))
        run.export_requested.connect(lambda path, file: self.asked.emit(rq.ExportRun(path, file)))
        run.delete_requested.connect(lambda path: self.asked.emit(rq.DeleteRun(path)))

    def answers(self) -> dict[str, Answer]:
        return {
            rq.kind_of(rq.ListLibrary): self._on_library,
            **self.desk.answers(),
            rq.kind_of(rq.EvaluateRun): self._on_evaluated,
            rq.kind_of(rq.DeleteRun): self._on_deleted,
            rq.kind_of(rq.CompareRuns): self._on_compared,
            rq.kind_of(rq.ReadStudies): self._on_studies,
            rq.kind_of(rq.RenameRun): self._on_renamed,
            rq.kind_of(rq.ExportRun): self._on_exported,
            rq.kind_of(rq.ImportRun): self._on_imported,
            **self.own.answers(),
            **self.unpacking.answers(),
        }

    def on_ended(self, kind: str) -> None:
        self.own.on_ended(kind)
        self.desk.on_ended(kind)
        if kind == rq.kind_of(rq.EvaluateRun):
            self.run_detail.set_evaluating(False)

    def on_failed(self, kind: str, failure: Failure) -> None:
        self.desk.on_failed(kind, failure)
        self.own.on_failed(kind, failure)

    def showEvent(self, event: QShowEvent) -> None:
        """Look again each time that the Library comes to the front."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Look again for data sets and runs."""
        self.asked.emit(rq.ListLibrary(tuple(self._folders)))

    def set_training(self, on: bool) -> None:
        """Whether the engine thread holds a training."""
        self.run_detail.set_training(on)
        self.dataset_detail.set_training(on)

    def set_activity(self, activity: Activity | None) -> None:
        """How far a build is."""
        self.desk.set_activity(activity)
        self.own.set_activity(activity)

    # ------------------------------------------------------------ answers of the engine thread

    def _on_library(self, library: Library) -> None:
        self._datasets = {entry.name: entry for entry in library.datasets}
        self._runs = {str(entry.path): entry for entry in library.runs}
        self.datasets.set_rows([(entry.name, dataset_row(entry)) for entry in library.datasets])
        self.runs_panel.set_runs(library.runs)
        self.own.set_datasets(library.datasets)
        if len(self.runs.keys()) > 1:
            self.show_several(self.runs.keys())
        elif self._shown in self._runs:
            self.show_run(self._shown)
        elif self._shown in self._datasets:
            self.show_dataset(self._shown)
        elif library.datasets and self._shown != STUDIES:
            self.show_dataset(library.datasets[0].name)

    def _on_own(self, view: DatasetView) -> None:
        self._shown = view.dataset
        self.desk.on_built(view)

    def _on_datasets_changed(self, name: str) -> None:
        """Hidden, `showEvent` looks again later."""
        self._shown = name or self._shown
        if self.isVisible():
            self.refresh()

    def _on_evaluated(self, measured: Evaluated) -> None:
        self.run_detail.set_evaluated(self._evaluated_path, measured)

    def _on_deleted(self, deleted: Deleted) -> None:
        self.hinted.emit(f"{deleted.path} is in {deleted.place}.")
        loaded = self.selection.run
        if loaded is not None and str(loaded.path) == deleted.path:  # its answers are gone with it
            self.selection.set_run(None)
            self.asked.emit(rq.LoadRun("bundled"))
        self.refresh()

    def _on_renamed(self, renamed: Renamed) -> None:
        loaded = self.selection.run
        if loaded is not None and str(loaded.path) == renamed.path:
            self.asked.emit(rq.LoadRun(renamed.new))
        self._shown = renamed.new
        self.refresh()

    def _on_exported(self, written: Written) -> None:
        self.hinted.emit(f"Exported: {written.path} ({written.what}).")

    def _on_imported(self, imported: Imported) -> None:
        self.hinted.emit(f"Imported: {imported.path}.")
        self._shown = imported.path
        self.refresh()

    # ------------------------------------------------------------ what the user does

    def show_dataset(self, name: str) -> None:
        """Show a data set in detail."""
        if self.datasets.choose(name):
            self.runs.clearSelection()
            self._shown = name
            self.dataset_detail.set_entry(self._datasets[name])
            self.details.setCurrentWidget(self.dataset_detail)

    def show_run(self, path: str) -> None:
        """Show a run in detail."""
        if self.runs.choose(path):
            self.datasets.clearSelection()
            self._shown = path
            self.run_detail.set_entry(self._runs[path])
            self.details.setCurrentWidget(self.run_detail)

    def show_several(self, paths: list[str]) -> None:
        """Show runs side by side."""
        self.datasets.clearSelection()
        self._shown = ""
        self.compare.wait_for(len(paths))
        self.details.setCurrentWidget(self.compare)
        self.asked.emit(rq.CompareRuns(tuple(paths)))

    def _on_compared(self, found: Comparison) -> None:
        if list(found.paths) == self.runs.keys():
            self.compare.set_comparison(found)

    def show_studies(self) -> None:
        """Show the studies of `doscope sweep`."""
        self.datasets.clearSelection()
        self.runs.clearSelection()
        self._shown = STUDIES
        self.details.setCurrentWidget(self.study)

    def _on_studies(self, studies: Studies) -> None:
        self.study.set_studies(studies)

    def _show_trial(self, path: str) -> None:
        if path in self._runs:
            self.runs_panel.search.clear()
            self.show_run(path)
        else:
            self.warned.emit(f"There is no run at {path}; it may lie on another machine, or was deleted.")

    def take(self, dropped: Dropped) -> None:
        """What was dropped on the window and belongs here."""
        if dropped.what == "run":
            self._shown = dropped.path
            self.add_folder(str(Path(dropped.path).parent))
        elif dropped.what == "exported run":
            self.asked.emit(rq.ImportRun(dropped.path))
        elif dropped.what == "packed":
            self.unpacking.look(dropped.path)
        else:
            self._shown = dropped.name
            self.show_dataset(dropped.name)
            if dropped.what == "own":
                self.own.open_at(dropped.path)
            else:
                self.dataset_detail.set_source(dropped.name, dropped.path)

    def _evaluate(self, path: str) -> None:
        self._evaluated_path = path
        self.run_detail.set_evaluating(True)
        self.asked.emit(rq.EvaluateRun(path, self._runs[path].dataset))

    def _delete_chosen(self) -> None:
        """The Delete key in the list of runs asks what the button asks."""
        if self.run_detail.isVisible() and self.run_detail.delete.isEnabled():
            self.run_detail.ask_delete()

    def _delete_dataset(self) -> None:
        """The same in the list of data sets."""
        if self.dataset_detail.isVisible() and self.dataset_detail.delete.isEnabled():
            self.dataset_detail.ask_delete()

    def _choose_import(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Import a run", "", "Exported runs (*.zip)")
        if file:
            self.asked.emit(rq.ImportRun(file))

    def _add_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with runs")
        if folder:
            self.add_folder(folder)

    def add_folder(self, folder: str) -> None:
        """List the runs of another folder as well, also the next time."""
        self._folders = [folder, *(known for known in self._folders if known != folder)][:MAX_FOLDERS]
        self.refresh()

    # ------------------------------------------------------------ layout

    def save_layout(self, settings: QSettings) -> None:
        settings.setValue("library/folders", self._folders)
        save_splitters(settings, self.splitters)

    def restore_layout(self, settings: QSettings) -> None:
        folders = settings.value("library/folders")
        known = [folders] if isinstance(folders, str) else folders if isinstance(folders, list) else []
        self._folders = [folder for folder in known if isinstance(folder, str) and folder]
        restore_splitters(settings, self.splitters)


def dataset_row(entry: DatasetEntry) -> tuple[str, ...]:
    """A data set's cells."""
    article = "an" if entry.place[:1] in "aeiou" else "a"
    missing = f"needs {article} {entry.place}" if entry.needs_source else "not built"
    state = "damaged" if entry.problem else "built" if entry.built else missing
    images = count(entry.num_images) if entry.num_images else "\N{EN DASH}"
    size = file_size(entry.size_bytes) if entry.size_bytes else "\N{EN DASH}"
    return entry.name, images, size, state
