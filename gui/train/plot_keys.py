"""Keys for a plot of curves: values point by point, zoom, moving, everything again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from gui.train.curve_plot import CurvePlot

ZOOM, MOVE = 0.8, 0.1  # of what is seen
PAGE = 20  # points
WALK = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -PAGE,
    Qt.Key.Key_PageDown: PAGE,
}
MOVES = {
    Qt.Key.Key_Left: (-MOVE, 0.0),
    Qt.Key.Key_Right: (MOVE, 0.0),
    Qt.Key.Key_Up: (0.0, MOVE),
    Qt.Key.Key_Down: (0.0, -MOVE),
}
ZOOMS = {
    Qt.Key.Key_Plus: ZOOM,
    Qt.Key.Key_Equal: ZOOM,  # plus without Shift
    Qt.Key.Key_Minus: 1 / ZOOM,
}


class PlotKeys(QObject):
    """Watches one plot; it has the keys while it has the focus, which it shows by its frame."""

    def __init__(self, curves: CurvePlot) -> None:
        super().__init__(curves)
        self._curves = curves
        curves.plot.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._curves.plot.viewport().update()
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._press(Qt.Key(event.key()), event.modifiers())
        return super().eventFilter(watched, event)

    def _press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether the key meant something here."""
        curves, box = self._curves, self._curves.plot.getPlotItem().getViewBox()
        (left, right), (low, high) = box.viewRange()
        if modifiers & Qt.KeyboardModifier.ShiftModifier and key in MOVES:
            across, up = MOVES[key]
            box.translateBy(x=across * (right - left), y=up * (high - low))
        elif key in WALK:
            curves.walk(WALK[key])
        elif key in ZOOMS:
            place = curves.cursor_x
            centre = (left + right) / 2 if place is None else place
            box.scaleBy((ZOOMS[key], ZOOMS[key]), center=QPointF(centre, (low + high) / 2))
        elif key == Qt.Key.Key_0:
            curves.plot.enableAutoRange()
        elif key == Qt.Key.Key_Escape and curves.cursor_x is not None:
            curves.hide_cursor()
        else:
            return False
        return True
