"""Keeping what the keyboard walks over in sight."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QScrollArea, QWidget


def reveal(widget: QWidget, rect: QRect) -> None:
    """Scroll the area around `widget`, if any, until `rect` (in the widget's coordinates) is seen."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    inside = parent.widget() if parent is not None else None
    if parent is not None and inside is not None:
        middle = widget.mapTo(inside, rect.center())
        parent.ensureVisible(middle.x(), middle.y(), rect.width() // 2 + 2, rect.height() // 2 + 2)
