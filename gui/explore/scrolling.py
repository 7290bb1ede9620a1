"""Keeping what the keyboard walks over in sight."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QScrollArea, QWidget


def reveal(widget: QWidget, rect: QRect) -> None:
    """Scroll the area around `widget`, if any, until `rect` (in the widget's coordinates) is seen."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    if parent is not None and parent.widget() is not None:
        middle = widget.mapTo(parent.widget(), rect.center())
        parent.ensureVisible(middle.x(), middle.y(), rect.width() // 2 + 2, rect.height() // 2 + 2)
