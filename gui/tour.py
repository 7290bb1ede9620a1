"""The guided tour: drives the real window through the real engine and saves what it looks like.

Used where there is no display, and for the pictures of the docs. Nothing is faked: every picture is the
window after the same signals that a person's clicks would send.
"""

from __future__ import annotations

import itertools
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QWidget

from datasets.home import runs_dir
from datasets.images import save_image
from gui import requests as rq
from gui.app import make_application
from gui.explore_tour import walk_through_explore
from gui.logs import open_log
from gui.main_window import MainWindow
from gui.replies import Failure
from gui.top_bar import WORKSPACES

log = logging.getLogger("doscope.tour")
SIZE = (1440, 900)
TRAINING_MINUTES = 1.0
JUDGED = 640  # pairs in the picture of the confusion matrix, at least


class TourError(Exception):
    """The tour could not go on; the message says where and why."""


def take_tour(
    out: Path,
    run: str = "bundled",
    dataset: str = "shapes",
    theme: str = "light",
    minutes: float = TRAINING_MINUTES,
) -> list[Path]:
    """Drive the window offscreen and save PNG pictures.

    Args:
        out: folder for the pictures; made when missing.
        run: whose model to explore.
        dataset: whose images to use, and to train on.
        theme: "light" or "dark".
        minutes: length of the short training; 0 leaves it out.

    Returns:
        The pictures, in the order of the tour.

    Raises:
        TourError: a step failed or took too long.
    """
    out.mkdir(parents=True, exist_ok=True)
    open_log()
    make_application(theme)
    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat))
        guide = Guide(window, out)
        try:
            guide.open(run, dataset)
            walk_through_explore(guide)
            guide.retrieve()
            if minutes > 0:
                guide.train(minutes)
            guide.library()
        finally:
            window.engine.shutdown()
            window.close()
    return guide.pictures


class Guide:
    """One walk through the window.

    Attributes:
        pictures: what was saved so far.
    """

    def __init__(self, window: MainWindow, out: Path) -> None:
        self.window, self.out = window, out
        self.pictures: list[Path] = []
        self._failure: Failure | None = None
        self._trained: Path | None = None
        window.engine.failed.connect(self._on_failed)

    def open(self, run: str, dataset: str) -> None:
        """The window, and the image that it shows first."""
        self.window.resize(*SIZE)
        self.window.show()
        self.window.start(run, dataset)
        self.until(lambda: self.window.selection.step is not None, "the first image", 300)
        self.settle()
        self.picture("explore")

    def retrieve(self) -> None:
        """Which action turned one test image into another."""
        self._go("Retrieve")
        answered: list[str] = []
        self.window.engine.result.connect(lambda kind, _g, _p: answered.append(kind))
        self.window.retrieve.draw_pair()
        self.until(lambda: rq.kind_of(rq.RetrieveAction) in answered, "the retrieval")
        self.settle()
        self.picture("retrieve")
        self._find_steps()
        self._judge()

    def _find_steps(self) -> None:
        """The sequence of actions between two images that are three steps apart."""
        retrieve, explore = self.window.retrieve, self.window.explore.presenter
        run, steps = self.window.selection.run, self.window.selection.steps
        assert run is not None  # the tour began with it
        begun = len(steps())
        for factor in (0, 0, 2):
            up = self._has_room(factor)
            explore.act(factor if up else run.space.num_factors + factor)
        self.until(lambda: len(steps()) == begun + 3, "three actions")
        self.settle()
        retrieve.take_explore_pair()
        self.settle()
        retrieve.find_steps()
        self.until(lambda: retrieve.path.found is not None and retrieve.path.found.finished, "the steps")
        self.settle()
        self.picture("steps")

    def _has_room(self, factor: int) -> bool:
        """Whether the image's factor can be raised twice; where its values are not known, it is tried."""
        selection = self.window.selection
        if selection.image is None or selection.run is None or selection.image.loaded.factors is None:
            return True
        return selection.image.loaded.factors[factor] + 2 < selection.run.space.sizes[factor]

    def _judge(self) -> None:
        """The confusion matrix, as soon as some hundred pairs are in it."""
        retrieve = self.window.retrieve
        retrieve.tabs.setCurrentWidget(retrieve.judge)
        retrieve.judging.judge()

        def enough() -> bool:
            judged = retrieve.judge.judged
            return judged is not None and len(judged) >= min(JUDGED, judged.total)

        self.until(enough, "the judgement", 300)
        self.window.engine.cancel(rq.kind_of(rq.JudgeRun))
        self.settle()
        self.picture("judge")
        retrieve.tabs.setCurrentIndex(0)

    def train(self, minutes: float) -> None:
        """A short training with its curves."""
        self._go("Train")
        train, engine = self.window.train, self.window.engine
        self.until(lambda: train.form.plan() is not None, "the training form")
        train.form.minutes.setValue(minutes)
        plan = train.form.plan()
        self._trained = runs_dir() / plan.name if plan is not None else None
        train.form.start.click()
        self.until(lambda: engine.is_training, "the start of the training")
        self.pause(minutes * 60 * 0.8)
        self.picture("training")
        self.until(lambda: not engine.is_training, "the end of the training", minutes * 60 * 6 + 120)
        self.settle()
        self.picture("trained")

    def library(self) -> None:
        """Data sets and runs, one's own data; the short training goes again, having been seen."""
        self._go("Library")
        self.picture("library")
        pages = self.window.library.dataset_detail.pages
        pages.show_page(pages.histograms)
        self.settle()
        self.picture("values")
        pages.show_page(pages.sheet)
        self._own_data()
        if self._trained is not None:
            self.window.engine.submit(rq.DeleteRun(str(self._trained)))
            self.settle()

    def _own_data(self) -> None:
        """The wizard over a few pictures that are made for it."""
        wizard = self.window.library.own.wizard
        with tempfile.TemporaryDirectory() as folder:
            own = Path(folder) / "my_images"
            own.mkdir()
            write_squares(own)
            self.window.library.own.open_at(str(own))
            self.settle()
            wizard.source.setText(own.name)
            self.picture("wizard", wizard)
            wizard.reject()
            self.settle()

    # ------------------------------------------------------------ waiting

    def _go(self, workspace: str) -> None:
        self.window.show_workspace(WORKSPACES.index(workspace))
        self.settle()

    def picture(self, name: str, widget: QWidget | None = None) -> None:
        """Save what the window, or a dialog of it, looks like now."""
        path = self.out / f"{len(self.pictures) + 1:02d}-{name}.png"
        if not (widget or self.window).grab().save(str(path)):
            raise TourError(f"{path} could not be written; choose another folder with --out")
        log.info("picture %s", path)
        self.pictures.append(path)

    def settle(self) -> None:
        """Until the engine rests and the window has painted."""
        self.pause(0.1)
        self.until(self.window.engine.is_idle, "the engine", 300)
        self.pause(0.2)

    def until(self, reached: Callable[[], bool], what: str, limit_s: float = 120) -> None:
        """Wait for something.

        Raises:
            TourError: it failed, or did not come in time.
        """
        end = time.monotonic() + limit_s
        while not reached():
            if self._failure is not None:
                raise TourError(f"the tour stopped at {what}: {self._failure.sentence}")
            if time.monotonic() > end:
                raise TourError(
                    f"the tour waited {limit_s:.0f} s for {what}; see the log in DOSCOPE_HOME/logs"
                )
            self.pause(0.02)

    def pause(self, seconds: float) -> None:
        """Let the window work."""
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def _on_failed(self, _kind: str, _generation: int, failure: Failure) -> None:
        self._failure = failure


def write_squares(folder: Path) -> None:
    """A folder of one's own data: squares of three colours in six sizes at three places, and their table."""
    lines = ["path,colour,size,place"]
    colours = {"red": (220, 60, 50), "green": (60, 180, 80), "blue": (50, 90, 220)}
    for (name, colour), size, place in itertools.product(colours.items(), range(6), range(3)):
        image = np.full((64, 64, 3), 235, np.uint8)
        side, top = 8 + 4 * size, 4 + 14 * place
        image[top : top + side, 32 - side // 2 : 32 + side // 2] = colour
        save_image(folder / f"{name}-{size}-{place}.png", image)
        lines.append(f"{name}-{size}-{place}.png,{name},{size},{place}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
