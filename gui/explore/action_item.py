"""The node of an action in the drawn graph: a click on it is the do-action."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsSceneMouseEvent, QStyleOptionGraphicsItem, QWidget

from gui.theme import colours

HEIGHT, LETTER, MARGIN = 56.0, 34, 26.0  # scene units


class ActionItem(QGraphicsItem):
    """Hidden while the base graph is shown.

    Attributes:
        name: the action's name, or "none".
    """

    def __init__(self, clicked: Callable[[], None]) -> None:
        super().__init__()
        self.name = "none"
        self._clicked = clicked
        self._font = QFont()
        self._font.setPixelSize(LETTER)
        self.setVisible(False)
        self.setZValue(10)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_name(self, name: str) -> None:
        """Another action, or "none"."""
        self.prepareGeometryChange()
        self.name = name
        self.setVisible(name != "none")
        self.setToolTip(f"The action {name}, with arrows to its targets; click to apply it")

    def foot(self) -> float:
        """Where its arrows begin, y in the scene."""
        return self.y() + HEIGHT / 2

    def boundingRect(self) -> QRectF:
        width = QFontMetricsF(self._font).horizontalAdvance(self.name) + 2 * MARGIN
        return QRectF(-width / 2, -HEIGHT / 2, width, HEIGHT)

    def mousePressEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._clicked()
            event.accept()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        c = colours()
        box = self.boundingRect().adjusted(2, 2, -2, -2)
        painter.setPen(QPen(QColor(c.accent), 4))
        painter.setBrush(QColor(c.panel))
        painter.drawRoundedRect(box, HEIGHT / 3, HEIGHT / 3)
        painter.setFont(self._font)
        painter.setPen(QColor(c.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.name)
