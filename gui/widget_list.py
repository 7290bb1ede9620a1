"""All named interactive widgets of the window, as a table: `python -m gui.widget_list > docs/widgets.md`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QGraphicsView,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)

from gui.explore.thumbs import ThumbGrid
from gui.explore.traversal_view import TraversalGrid
from gui.library.histograms import ValueChart

if TYPE_CHECKING:
    from gui.main_window import MainWindow

INTERACTIVE = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QGraphicsView,
    QLineEdit, QPlainTextEdit, QTextEdit, ThumbGrid, TraversalGrid, ValueChart,
)  # fmt: skip
_PARTS = (QScrollBar, QHeaderView, QTabBar)
TITLE = """# Widgets

Every widget of the window that takes input, by its `objectName`, with the name that a screen reader says.
Names with a factor in them (`factor_…`, `action_…`) follow the loaded data set and run; here: `shapes`.
Made while the window is used: Train's settings of a preset (`train_setting_…`, each with a `…_reset` button)
and the ticks of its curves (`train_losses_curves_…`, `train_figures_curves_…`); in the wizard for
one's own data a row for each column (`own_name_0`, `own_kind_0`, …); in the Library a chart and
a slider for each factor (`library_values_…`, `library_factor_…`) and the lines
of the forms for an imbalanced set (`imbalance_skew_…`, `imbalance_correlation_…`, `imbalance_hole_…`)
and for other pairs (`pairs_step_…`, `pairs_held_…`, for one's own data `own_pairs_…`); in Compare, while it
is open, `compare_step`, `compare_flip` and `compare_codes`.
"""


def interactive(root: QWidget) -> Iterator[QWidget]:
    """Every widget below `root` that takes input; parts of others (a combo box's list) are left out."""
    for widget in root.findChildren(QWidget):
        takes_input = isinstance(widget, INTERACTIVE) or _takes_keys(widget)
        if takes_input and not isinstance(widget, _PARTS) and not _is_part(widget):
            yield widget


def _takes_keys(widget: QWidget) -> bool:
    """Drawn by Doscope itself, such as a map: the keyboard reaches it, and it has a name."""
    reached = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    return bool(reached) and bool(widget.objectName()) and not isinstance(widget, QScrollArea)


def _is_part(widget: QWidget) -> bool:
    """Made by Qt (or by pyqtgraph inside a plot) for a widget that has a name itself."""
    if widget.objectName().startswith("qt_"):
        return True
    parent = widget.parentWidget()
    while parent is not None:
        inside = (QComboBox, QAbstractSpinBox, QAbstractItemView, QTabBar, QGraphicsView, QLineEdit)
        if isinstance(parent, inside):
            return True
        parent = parent.parentWidget()
    return False


def _is_below(widget: QWidget, root: QWidget) -> bool:
    """Also in a dialog of `root`, which Qt's isAncestorOf takes for another window's."""
    parent = widget.parentWidget()
    while parent is not None and parent is not root:
        parent = parent.parentWidget()
    return parent is root


def page(window: MainWindow) -> str:
    """The text of docs/widgets.md."""
    lines = [TITLE]
    _ = window.train.curves.plots  # made when first needed
    sections: list[tuple[str, QWidget]] = [
        ("Bars and messages", window),
        *((type(w).__name__.removesuffix("Workspace"), w) for w in window.workspaces),
    ]
    for title, root in sections:
        lines += [f"## {title}\n", "| objectName | accessible name | kind |", "|---|---|---|"]
        for widget in interactive(root):
            if root is window and any(_is_below(widget, w) for w in window.workspaces):
                continue
            kind = next(base.__name__ for base in type(widget).__mro__ if base.__name__.startswith("Q"))
            lines.append(f"| `{widget.objectName()}` | {widget.accessibleName()} | {kind} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Print the page for the built-in data set's factors; nothing is loaded."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import datasets
    from gui.app import make_application
    from gui.main_window import MainWindow

    application = make_application("light")
    window = MainWindow()
    space = datasets.info("shapes").space
    window.explore.source.set_space(space)
    window.explore.action_panel.set_space(space)
    sys.stdout.write(page(window))
    window.close()
    application.processEvents()


if __name__ == "__main__":
    main()
