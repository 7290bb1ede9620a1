"""The main window: four workspaces, one state, one engine thread.

`_connect` and `_connect_others` are the whole event flow. Explore is built and seen first; the others,
with what they import a third of the work, come right after (`complete`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from gui import requests as rq
from gui.actions import build_menus, fill_retrieve_menu
from gui.closing import Closing
from gui.dropping import Dropping
from gui.engine_thread import EngineThread
from gui.explore.workspace import ExploreWorkspace
from gui.following import RUN, Following
from gui.messages import MessageBanner
from gui.preload import Preload
from gui.replies import DatasetView, Dropped, Failure, PickedImage, RunEntry
from gui.sessions import ITS_DATA, LAST, Sessions
from gui.settings import open_settings, saved_bytes, write_settings
from gui.shortcuts import show_shortcuts
from gui.state import Selection
from gui.status_bar import ActivityBar
from gui.theme import apply_theme, colours, dressed_at_once
from gui.top_bar import WORKSPACES, TopBar
from gui.widgets import last_within
from gui.workspace import Answer, Workspace

if TYPE_CHECKING:
    from gui.library.workspace import LibraryWorkspace
    from gui.retrieve.workspace import RetrieveWorkspace
    from gui.train.workspace import TrainWorkspace

# Nobody asked to calibrate, and Retrieve says it where it matters; the wizard says what it cannot read
QUIET = (rq.kind_of(rq.Calibrate), rq.kind_of(rq.PreviewOwn))
LIBRARY_IMAGE = "library-image"  # the view under which the data set of an image from the Library is opened


class MainWindow(QMainWindow):
    """Owns the engine thread, the selection and the workspaces.

    Attributes:
        engine, selection, messages: shared by all workspaces.
        workspaces: in the order of the tabs, as far as they are built.
        last_session: where the session is kept when the window closes; None keeps none.

    Args:
        whole: build all workspaces at once; else `complete` is called when the window has been seen.
    """

    retrieve: RetrieveWorkspace
    train: TrainWorkspace
    library: LibraryWorkspace

    def __init__(
        self, settings: QSettings | None = None, last_session: Path | None = None, whole: bool = True
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.last_session = last_session
        self._first = ("bundled", "shapes")
        self._explored: PickedImage | None = None  # waits for its data set
        self._answers: dict[str, list[Answer]] = {}
        self.settings = settings if settings is not None else open_settings()
        self.selection = Selection(self)
        self.engine = EngineThread(self)
        self.preload = Preload()
        with dressed_at_once():
            self.top_bar, self.messages, self.activity = TopBar(), MessageBanner(), ActivityBar()
            self.explore = ExploreWorkspace(self.selection)
            self.workspaces: tuple[Workspace, ...] = (self.explore,)
            self.following = Following(self.selection, self)
            self.sessions = Sessions(self.selection, self)
            self.dropping = Dropping(self)
            self.setAcceptDrops(True)
            self.closing = Closing(self)
            self._build()
            self._connect()
            if whole:
                self._build_others()
        self._restore_layout()
        self._show_file("")
        self.engine.start()

    def come_back(self, run: str = "bundled", dataset: str = "shapes") -> None:
        """Open the session of last time; where there is none, or a damaged one, `start`."""
        self._first = (run, dataset)
        if self.last_session is not None and self.last_session.is_file():
            self.engine.submit(rq.OpenSession(str(self.last_session), view=LAST))
        else:
            self.start(run, dataset)

    def start(self, run: str = "bundled", dataset: str = "shapes") -> None:
        """Load a run and a data set; Explore shows a test image as soon as both are there."""
        self._first = (run, dataset)
        self.engine.submit(rq.OpenDataset(dataset))
        self.engine.submit(rq.LoadRun(run))

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        self.stack = QStackedWidget()
        self.stack.addWidget(self.explore)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.top_bar, self.messages, self.stack):
            layout.addWidget(widget)
        layout.setStretch(2, 1)
        self.setCentralWidget(centre)
        self.setStatusBar(self.activity)
        self._retrieve_menu = build_menus(self)
        self.setMinimumSize(1024, 680)
        self.resize(1280, 800)
        self.show_workspace(0)

    def complete(self) -> None:
        """Build the workspaces that are not there yet."""
        if len(self.workspaces) < len(WORKSPACES):
            with dressed_at_once():
                self._build_others()
            for workspace in self.workspaces[1:]:
                workspace.restore_layout(self.settings)

    def _build_others(self) -> None:
        from gui.library.workspace import LibraryWorkspace
        from gui.retrieve.workspace import RetrieveWorkspace
        from gui.train.workspace import TrainWorkspace

        self.retrieve = RetrieveWorkspace(self.selection)
        self.train = TrainWorkspace(self.selection)
        self.library = LibraryWorkspace(self.selection)
        self.workspaces += (self.retrieve, self.train, self.library)
        for workspace in self.workspaces[1:]:
            self.stack.addWidget(workspace)
            self._join(workspace)
        self._connect_others()
        fill_retrieve_menu(self, self._retrieve_menu)

    def _join(self, workspace: Workspace) -> None:
        """Workspaces ask, the engine answers."""
        workspace.asked.connect(self.engine.submit)
        workspace.cancelled.connect(self.engine.cancel)
        workspace.forgotten.connect(self.engine.forget)
        workspace.hinted.connect(self.messages.info)
        workspace.warned.connect(self.messages.warning)
        for kind, answer in workspace.answers().items():
            self._route(kind, answer)

    def _connect_others(self) -> None:
        """From the Library and from Train to the other workspaces."""
        self.library.explore_wanted.connect(self.explore_run)
        self.train.explore_wanted.connect(self.explore_run)
        self.train.try_wanted.connect(self._try_run)
        self.library.resume_wanted.connect(self._resume_run)
        self.library.watch_wanted.connect(self._watch_run)
        self.library.curves_wanted.connect(self._watch_several)
        self.library.again_wanted.connect(self._train_again)
        self.library.dataset_wanted.connect(lambda name: self.engine.submit(rq.OpenDataset(name)))
        self.library.image_wanted.connect(self._explore_image)
        self.engine.training_changed.connect(self.train.set_training)
        self.engine.training_changed.connect(self.library.set_training)
        self.engine.activity.connect(self.library.set_activity)
        self.retrieve.explore_wanted.connect(self._explore_actions)
        self.setTabOrder(last_within(self.library), self.activity.cancel)  # the status bar comes last
        self.engine.training_changed.connect(self.closing.set_training)  # last: it may close the window

    def _connect(self) -> None:
        """All connections between the parts, but those of the workspaces that come later."""
        # the user chooses a workspace, a theme, help
        self.top_bar.workspace_chosen.connect(self.show_workspace)
        self.top_bar.theme_toggled.connect(self.toggle_theme)
        self.top_bar.help_wanted.connect(lambda: show_shortcuts(self))
        self._join(self.explore)
        self.engine.result.connect(self._on_result)
        self.engine.failed.connect(self._on_failed)
        self.engine.ended.connect(self._on_ended)
        self.engine.training_changed.connect(self.setWindowModified)
        # what is dropped where no nearer widget takes it
        self.dropping.asked.connect(self.engine.submit)
        self.dropping.warned.connect(self.messages.warning)
        self.dropping.session_found.connect(self.sessions.open)
        self.dropping.picture_found.connect(self._open_picture)
        self.dropping.cache_found.connect(lambda path: self.engine.submit(rq.OpenDataset(path, build=False)))
        self.dropping.library_found.connect(self._take_files)
        for kind, answer in self.dropping.answers().items():
            self._route(kind, answer)
        # sessions
        self.sessions.asked.connect(self.engine.submit)
        self.sessions.forgotten.connect(self.engine.forget)
        self.sessions.hinted.connect(self.messages.info)
        self.sessions.warned.connect(self.messages.warning)
        self.sessions.opened.connect(self._on_session)
        self.explore.session_dropped.connect(self.sessions.open)
        self.sessions.file_changed.connect(self._show_file)
        self._route(rq.kind_of(rq.SaveSession), self.sessions.on_written)
        self._route(rq.kind_of(rq.OpenSession), self.sessions.on_opened)
        self._route(rq.kind_of(rq.OpenSession, LAST), self.sessions.on_last)
        self._route(rq.kind_of(rq.OpenDataset, ITS_DATA), self.selection.set_dataset)
        # runs and data sets
        self.following.asked.connect(self.engine.submit)
        self.following.hinted.connect(self.messages.info)
        self.following.warned.connect(self.messages.warning)
        self._route(rq.kind_of(rq.LoadRun), self.following.on_run)
        self._route(rq.kind_of(rq.LoadRun), lambda _run: self.preload.start())
        self._route(rq.kind_of(rq.OpenDataset), self.following.on_dataset)
        self._route(rq.kind_of(rq.OpenDataset, RUN), self.following.on_dataset_of_run)
        self._route(rq.kind_of(rq.OpenDataset, LIBRARY_IMAGE), self._on_dataset_of_image)
        self._route(rq.kind_of(rq.BuildDataset), self.following.on_dataset)
        self.closing.save_wanted.connect(lambda: self.engine.submit(rq.StopTraining()))
        self.closing.close_wanted.connect(self.close)
        self.closing.hinted.connect(self.messages.info)
        self.closing.warned.connect(self.messages.warning)
        # what the thread does, and messages
        self.engine.activity.connect(self.activity.show_activity)
        self.activity.cancelled.connect(self.engine.cancel)
        self.messages.remedy_chosen.connect(self.engine.submit)
        self.selection.run_changed.connect(self.top_bar.set_run)
        self.selection.run_changed.connect(self.activity.show_run)
        self.selection.dataset_changed.connect(self.top_bar.set_dataset)

    def _route(self, kind: str, answer: Answer) -> None:
        self._answers.setdefault(kind, []).append(answer)

    # ------------------------------------------------------------ slots

    @Slot(int)
    def show_workspace(self, index: int) -> None:
        """Bring a workspace to the front."""
        if index:
            self.complete()
        self.stack.setCurrentIndex(index)
        if WORKSPACES[index] == "Train":
            self.preload.start()
        self.top_bar.set_workspace(index)

    @Slot()
    def toggle_theme(self) -> None:
        """Light to dark and back."""
        name = "light" if colours().name == "dark" else "dark"
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, name)
        self.settings.setValue("theme", name)

    @Slot(str)
    def explore_run(self, run: str) -> None:
        """Load a run (its path, or a name) and go to Explore."""
        self.engine.submit(rq.LoadRun(run))
        self.show_workspace(WORKSPACES.index("Explore"))

    def _take_files(self, found: Dropped) -> None:
        self.show_workspace(WORKSPACES.index("Library"))
        self.library.take(found)

    def _open_picture(self, path: str) -> None:
        self.show_workspace(WORKSPACES.index("Explore"))
        self.explore.presenter.pick_file(path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dropping.enter(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.dropping.drop(event)

    def _try_run(self, path: str) -> None:
        """The newest weights of a run in training, in Explore and Retrieve."""
        self.engine.submit(rq.LoadRun(path, newest=True))
        self.show_workspace(WORKSPACES.index("Explore"))
        self.messages.info(
            f"The weights of {Path(path).name} as they are now; the training goes on. "
            'Click "Try it now" in Train again for newer ones.'
        )

    def _explore_actions(self, picked: PickedImage, actions: tuple[int, ...]) -> None:
        """Retrieve's image before with some actions done to it, in Explore."""
        self.show_workspace(WORKSPACES.index("Explore"))
        self.explore.presenter.begin_with(picked, actions)

    def _explore_image(self, dataset: str, picked: PickedImage) -> None:
        """An image of the Library's in Explore, with its data set."""
        if self.selection.dataset is None or self.selection.dataset.dataset != dataset:
            self.engine.submit(rq.OpenDataset(dataset, build=False, view=LIBRARY_IMAGE))
            self._explored = picked
        else:
            self._show_picked(picked)

    def _on_dataset_of_image(self, dataset: DatasetView) -> None:
        """Another data set brings a random image of its own, which nobody asked for here."""
        self.following.on_dataset(dataset)
        self.engine.forget(rq.kind_of(rq.PickImage))
        if self._explored is not None:
            self._show_picked(self._explored)

    def _show_picked(self, picked: PickedImage) -> None:
        self.show_workspace(WORKSPACES.index("Explore"))
        self.explore.presenter.begin_with(picked, ())

    def _resume_run(self, entry: RunEntry) -> None:
        self.show_workspace(WORKSPACES.index("Train"))
        self.train.resume(str(entry.path), entry.dataset, entry.preset)

    def _watch_run(self, path: str) -> None:
        self.show_workspace(WORKSPACES.index("Train"))
        self.train.watch(Path(path))

    def _watch_several(self, paths: list[str]) -> None:
        """The first run on show in Train, the others laid over it."""
        self._watch_run(paths[0])
        self.train.curves.compare_with(paths[1:])

    def _train_again(self, path: str) -> None:
        self.show_workspace(WORKSPACES.index("Train"))
        self.train.again(path)

    @Slot(str, int, object)
    def _on_result(self, kind: str, _generation: int, payload: object) -> None:
        for answer in self._answers.get(kind, []):
            answer(payload)

    @Slot(str, int, object)
    def _on_failed(self, kind: str, _generation: int, failure: Failure) -> None:
        if kind in (rq.kind_of(rq.StartTraining), rq.kind_of(rq.StopTraining)):
            self.closing.give_up()
        if kind == rq.kind_of(rq.OpenDataset, RUN):
            self.following.on_missing_dataset()
        elif kind == rq.kind_of(rq.OpenSession, LAST):
            self.start(*self._first)  # the thread has logged why; nobody asked for it just now
        elif kind == rq.kind_of(rq.OpenDataset, ITS_DATA):
            self.messages.warning(f"The session's data set cannot be opened: {failure.sentence}")
        elif kind not in QUIET:
            self.messages.error(failure)
        for workspace in self.workspaces:
            workspace.on_failed(kind, failure)

    @Slot(str, int)
    def _on_ended(self, kind: str, _generation: int) -> None:
        for workspace in self.workspaces:
            workspace.on_ended(kind)

    def _on_session(self) -> None:
        """A session is back; without a data set of its own it gets the first one."""
        self.show_workspace(WORKSPACES.index("Explore"))
        if self.selection.dataset is None and not self.sessions.dataset:
            self.engine.submit(rq.OpenDataset(self._first[1]))

    @Slot(str)
    def _show_file(self, path: str) -> None:
        self.setWindowTitle(f"{Path(path).name} – Doscope[*]" if path else "Doscope[*]")

    def new_session(self) -> None:
        """Start afresh: another image, no history, and where no run is loaded the session's as it is now."""
        self.sessions.start_afresh(*self._first)
        if self.selection.dataset is not None:
            self.explore.random_image()

    # ------------------------------------------------------------ closing

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask first while a training runs; it saves, then the window closes."""
        if self.engine.is_training:
            event.ignore()
            self.closing.ask(self.train.path)
            return
        session = self.sessions.snapshot() if self.last_session is not None else None
        if session is not None:
            self.engine.submit(rq.SaveSession(str(self.last_session), session, view=LAST))
        self.engine.shutdown()
        self.preload.join()
        self._save_layout()
        if len(self.workspaces) == len(WORKSPACES):
            self.train.close_views()
        self.selection.close()
        event.accept()

    # ------------------------------------------------------------ layout

    def _save_layout(self) -> None:
        self.settings.setValue("geometry", self.saveGeometry())
        for workspace in self.workspaces:
            workspace.save_layout(self.settings)
        write_settings(self.settings)

    def _restore_layout(self) -> None:
        geometry = saved_bytes(self.settings, "geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        for workspace in self.workspaces:
            workspace.restore_layout(self.settings)
