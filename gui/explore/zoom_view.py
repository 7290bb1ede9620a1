"""A scene to look at: zoom, drag, fit, and frames drawn around items."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsView

SIDE = 1000.0  # of the scene; some are wider, or higher
ZOOM = 1.25
EDGE = 16  # pixels that stay free around what is brought into sight


class ZoomView(QGraphicsView):
    """Wheel and drag move over the scene; with Shift a drag beside the items draws a frame.

    Signals:
        framed: the items in a frame that was drawn, a list.
    """

    framed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setScene(QGraphicsScene(QRectF(0, 0, SIDE, SIDE), self))
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for part in (self, self.viewport()):
            part.setAcceptDrops(False)  # a picture that is dropped here is for the workspace
        self._zoomed = False

    def is_background(self, item: QGraphicsItem | None) -> bool:
        """Whether an item is none that can be clicked."""
        return item is None

    def fit(self) -> None:
        """Show everything."""
        self._zoomed = False
        margin = SIDE * 0.015
        self.fitInView(
            self.sceneRect().adjusted(-margin, -margin, margin, margin), Qt.AspectRatioMode.KeepAspectRatio
        )

    def refit(self) -> None:
        """Show everything again after a change, unless somebody has zoomed."""
        if not self._zoomed:
            self.fit()

    def zoom(self, factor: float) -> None:
        """Zoom in (above 1) or out, within 0.5 to 20 times the fitted size."""
        scale = self.transform().m11() * factor * SIDE / max(1, min(self.width(), self.height()))
        if 0.5 <= scale <= 20:
            self._zoomed = True
            self.scale(factor, factor)

    def keep_in_sight(self, item: QGraphicsItem) -> None:
        """Move the scene so far that an item is seen; where everything is seen, not at all."""
        if self._zoomed:
            self.ensureVisible(item, EDGE, EDGE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(ZOOM if event.angleDelta().y() > 0 else 1 / ZOOM)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl and plus or minus zoom, 0 shows everything; the rest is the scene's."""
        by_control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if by_control and event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(ZOOM)
        elif by_control and event.key() == Qt.Key.Key_Minus:
            self.zoom(1 / ZOOM)
        elif event.key() == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        beside = self.is_background(self.itemAt(event.position().toPoint()))
        if beside and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.setDragMode(QGraphicsView.DragMode.RubberBandDrag)
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        frame = self.rubberBandRect()
        super().mouseReleaseEvent(event)
        if self.dragMode() != QGraphicsView.DragMode.RubberBandDrag:
            return
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        if not frame.isEmpty():
            self.framed.emit(self.items(frame))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.is_background(self.itemAt(event.position().toPoint())):
            self.fit()
        else:
            super().mouseDoubleClickEvent(event)
