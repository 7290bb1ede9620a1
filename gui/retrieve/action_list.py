"""The list of actions: name, bar and percentage of each; Enter or a double click opens one in Explore."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui.words import percent

PROBABILITY, IS_TRUE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
ACTION, IS_FACTOR = Qt.ItemDataRole.UserRole + 2, Qt.ItemDataRole.UserRole + 3
NAME = Qt.ItemDataRole.UserRole + 4  # without the percentage that the item's text ends with
RIGHT = "\N{CHECK MARK}"

Index = QModelIndex | QPersistentModelIndex


class ActionList(QListWidget):
    """Signals:
    opened(action): the user wants to see this action (its index) at work.
    """

    opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(BarDelegate(self))
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # not itemActivated: on some desktops a single click, which explains the action, would emit that too
        self.itemDoubleClicked.connect(self._open)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentItem())
        else:
            super().keyPressEvent(event)

    def _open(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(ACTION) is not None:
            self.opened.emit(int(item.data(ACTION)))


class BarDelegate(QStyledItemDelegate):
    """Paints name, bar and percentage of one action."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, option.fontMetrics.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette: QPalette = option.palette
        if selected:
            tint = QColor(palette.color(QPalette.ColorRole.Highlight))
            tint.setAlpha(70)
            painter.fillRect(option.rect, tint)
        area = QRectF(option.rect).adjusted(6, 3, -6, -3)
        indent = 14.0 if index.data(IS_FACTOR) is False else 0.0
        name_width = min(0.45 * area.width(), 190.0)
        number_width = option.fontMetrics.horizontalAdvance("<0.1 % ") + 6.0
        width = area.width() - name_width - number_width
        bar = QRectF(area.left() + name_width, area.top() + 2, width, area.height() - 4)
        probability = float(index.data(PROBABILITY))
        self._paint_bar(painter, bar, probability, palette)
        painter.setPen(palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Text))
        mark = f"{RIGHT} " if index.data(IS_TRUE) else ""
        name = option.fontMetrics.elidedText(
            mark + str(index.data(NAME)),
            Qt.TextElideMode.ElideRight,
            int(name_width - indent) - 6,
        )
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        place = QRectF(area.left() + indent, area.top(), name_width, area.height())
        painter.drawText(area, right, percent(probability))
        if index.data(IS_FACTOR):
            font = QFont(option.font)
            font.setBold(True)
            painter.setFont(font)
        painter.drawText(place, left, name)
        painter.restore()

    @staticmethod
    def _paint_bar(painter: QPainter, bar: QRectF, probability: float, palette: QPalette) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        track = QColor(palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Text))
        track.setAlpha(24)
        painter.setBrush(track)
        painter.drawRoundedRect(bar, 3, 3)
        painter.setBrush(palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.Highlight))
        filled = QRectF(bar.left(), bar.top(), bar.width() * probability, bar.height())
        if filled.width() >= 1:
            painter.drawRoundedRect(filled, min(3.0, filled.width() / 2), 3)
