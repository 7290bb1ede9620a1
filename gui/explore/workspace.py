"""The Explore workspace: its views, put together."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout

from gui import requests as rq
from gui.explore.image_source import ImageSource
from gui.explore.image_view import ImageColumn
from gui.state import Selection
from gui.widgets import GAP, panel
from gui.workspace import Answer, Workspace


class ExploreWorkspace(Workspace):
    """One image, its graph, and what interventions make of it."""

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self.images, self.source = ImageColumn(), ImageSource()
        self.setAcceptDrops(True)
        self._build()
        self._connect()

    def answers(self) -> dict[str, Answer]:
        return {
            rq.kind_of(rq.PickImage): self.selection.set_image,
            rq.kind_of(rq.ShowImage): self._on_shown,
        }

    def _build(self) -> None:
        left, left_layout = panel(object_name="image_panel")
        left_layout.addWidget(self.images, 1)
        left_layout.addWidget(self.source)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(left)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.splitter)

    def _connect(self) -> None:
        self.source.random_wanted.connect(self.random_image)
        self.source.step_wanted.connect(self.step_image)
        self.source.open_wanted.connect(self.open_file)
        self.source.paste_wanted.connect(self.paste)
        self.source.values_chosen.connect(self._pick_values)
        chosen = self.selection
        chosen.dataset_changed.connect(self._on_dataset)
        chosen.run_changed.connect(self._read_image)
        chosen.image_changed.connect(self._on_image)
        chosen.step_changed.connect(self._on_step)
