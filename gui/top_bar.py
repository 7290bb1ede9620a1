"""The bar at the top: name, run and data set, the four workspaces, theme and help."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QWidget

from engine.results import RunInfo
from gui.replies import DatasetView
from gui.widgets import GAP, named, tool_button
from gui.words import bare_name

PILL_WIDTH = 220  # of the longest name that is shown whole
WORKSPACES = ("Explore", "Retrieve", "Train", "Library")


class TopBar(QWidget):
    """Signals:
    workspace_chosen: index into WORKSPACES.
    theme_toggled, help_wanted: the buttons on the right.
    """

    workspace_chosen = Signal(int)
    theme_toggled = Signal()
    help_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        brand = QLabel("Doscope")
        brand.setProperty("role", "brand")
        self.run = _pill("run_name", "run: none")
        self.dataset = _pill("dataset_name", "data: none")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * GAP, GAP // 2, GAP + 4, GAP // 2)
        layout.setSpacing(GAP)
        for widget in (brand, self.run, self.dataset):
            layout.addWidget(widget)
        layout.addStretch(1)
        self._tabs = QButtonGroup(self)
        for index, name in enumerate(WORKSPACES):
            layout.addWidget(self._tab(index, name))
        layout.addStretch(1)
        layout.addWidget(
            tool_button("◐", "theme_button", "Switch between light and dark", self.theme_toggled.emit)
        )
        layout.addWidget(tool_button("?", "help_button", "Show the shortcuts (F1)", self.help_wanted.emit))

    def _tab(self, index: int, name: str) -> QPushButton:
        tab = named(QPushButton(name), f"workspace_{name.lower()}", f"{name} workspace", f"Ctrl+{index + 1}")
        tab.setCheckable(True)
        tab.setProperty("role", "tab")
        tab.clicked.connect(lambda _checked=False: self.workspace_chosen.emit(index))
        self._tabs.addButton(tab, index)
        return tab

    def set_workspace(self, index: int) -> None:
        """Mark the shown workspace."""
        self._tabs.button(index).setChecked(True)

    def set_run(self, run: RunInfo | None) -> None:
        """Show the loaded run."""
        _say(self.run, f"run: {run.name}" if run is not None else "run: none")

    def set_dataset(self, dataset: DatasetView | None) -> None:
        """Show the open data set."""
        name = bare_name(dataset.dataset) if dataset is not None else "none"  # a special set has its own
        _say(self.dataset, f"data: {name}")


def _say(pill: QLabel, text: str) -> None:
    """A long name is cut in its middle, and whole in the tool tip, so that the bar never grows."""
    pill.setText(pill.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, PILL_WIDTH))
    pill.setToolTip(text)


def _pill(object_name: str, text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName(object_name)
    label.setProperty("role", "pill")
    return label
