"""How Retrieve is laid out: the pair over the ranking to the left, the tabs to the right."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget, QWidget

from gui.widgets import GAP, panel


def tabs_of(views: Mapping[str, QWidget]) -> QTabWidget:
    """One tab a view, under its name."""
    tabs = QTabWidget()
    tabs.setObjectName("retrieve_tabs")
    tabs.setAccessibleName("Reasons, steps, judgement")
    for name, view in views.items():
        if (layout := view.layout()) is not None:
            layout.setContentsMargins(0, GAP, 0, 0)  # clear of the tabs' own line
        tabs.addTab(view, name)
    return tabs


def arranged(pair: QWidget, ranking: QWidget, tabs: QWidget) -> tuple[QSplitter, QSplitter]:
    """The splitter of the left side, and the one of all."""
    left = QSplitter(Qt.Orientation.Vertical)
    left.setObjectName("retrieve_left_splitter")
    everything = QSplitter(Qt.Orientation.Horizontal)
    everything.setObjectName("retrieve_splitter")
    everything.addWidget(left)
    for view, name, into in (
        (pair, "retrieve_pair_panel", left),
        (ranking, "retrieve_ranking_panel", left),
        (tabs, "retrieve_explanation_panel", everything),
    ):
        surface, layout = panel(object_name=name)
        layout.addWidget(view)
        into.addWidget(surface)
    left.setSizes([370, 330])
    everything.setStretchFactor(0, 4)
    everything.setStretchFactor(1, 5)
    everything.setSizes([560, 700])
    for splitter in (left, everything):
        splitter.setHandleWidth(GAP)
        splitter.setChildrenCollapsible(False)
    return left, everything
