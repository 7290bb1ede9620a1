"""What the marks of the graph mean: a painted column beside it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.explore.graph_items import ink_on
from gui.explore.node_colours import NodeColours
from gui.theme import colours


def paint_letter(painter: QPainter, place: QRectF, letter: str, fill: QColor) -> None:
    """The letter of a colour, in the middle of a disc of it."""
    painter.save()
    font = QFont(painter.font())
    font.setPixelSize(9)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(ink_on(fill))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, letter)
    painter.restore()


class Legend(QWidget):
    """What shapes, rings and colours mean: a painted column beside the graph."""

    LINE, CLOSEST = 19, 12  # from one entry to the next, pixels
    TOP, ROLES = 10, 6  # middle of the first line; lines that are always there

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("graph_legend")
        self._colours = NodeColours()
        self._compares = False
        self.setFixedWidth(112)

    def set_compares(self, compares: bool) -> None:
        """Whether the edges are a difference, whose colours need a word."""
        self._compares = compares
        self._fit()

    def set_colours(self, node_colours: NodeColours) -> None:
        """What the fills of the nodes mean, nothing while it is not known."""
        self._colours = node_colours
        self._fit()

    def _fit(self) -> None:
        """Never less high than all lines need at their closest; its holder scrolls where there is no room."""
        self.setMinimumHeight(2 * self.TOP - 4 + self.CLOSEST * (self.rows() - 1))
        self.update()

    def title(self) -> str:
        """What the colours mean, in words."""
        return self._colours.title

    def rows(self) -> int:
        """How many lines there are, the title of the colours among them."""
        title = 1 if self._colours.title else 0
        return self.ROLES + 2 * self._compares + title + len(self._colours.entries)

    def pitch(self) -> int:
        """From one line to the next: closer where there is little room, so that none is cut off."""
        room = (self.height() - 2 * self.TOP + 4) // max(1, self.rows() - 1)
        return min(self.LINE, max(self.CLOSEST, room))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPointSizeF(8.5)
        painter.setFont(font)
        c = colours()
        roles = (
            ("selected", c.accent, "ring"),
            ("causes it", c.cause, "ring"),
            ("its effects", c.effect, "ring"),
            ("moved", c.moved, "dot"),
            ("action's target", c.text, "diamond"),
        )
        y, pitch = self.TOP, self.pitch()
        self._entry(painter, y, "cause → effect", QColor(c.edge), "arrow")
        y += pitch
        if self._compares:
            for text, colour, shape in (("edge gained", c.good, "line"), ("edge lost", c.bad, "dashes")):
                self._entry(painter, y, text, QColor(colour), shape)
                y += pitch
        for text, colour, shape in roles:
            self._entry(painter, y, text, QColor(colour), shape)
            y += pitch
        if not self._colours.title:
            return
        painter.setPen(QColor(c.text))
        painter.drawText(0, y + 4, self._colours.title)
        y += pitch
        for place, (text, fill) in enumerate(self._colours.entries):
            self._entry(painter, y, text, fill, "disc")
            if place < len(self._colours.letters):
                paint_letter(painter, QRectF(0, y - 6, 12, 12), self._colours.letters[place], fill)
            y += pitch

    def _entry(self, painter: QPainter, y: int, text: str, colour: QColor, shape: str) -> None:
        painter.setPen(QPen(colour, 2.2))
        painter.setBrush(colour if shape in ("disc", "dot") else Qt.BrushStyle.NoBrush)
        if shape == "diamond":
            painter.save()
            painter.translate(6, y)
            painter.rotate(45)
            painter.drawRect(-4, -4, 7, 7)
            painter.restore()
        elif shape == "arrow":
            painter.drawLine(0, y, 9, y)
            painter.setBrush(colour)
            painter.drawPolygon([QPointF(13, y), QPointF(9, y - 3), QPointF(9, y + 3)])
        elif shape in ("line", "dashes"):
            pen = QPen(colour, 2.2)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            if shape == "dashes":
                pen.setDashPattern([2.0, 1.2])
            painter.setPen(pen)
            painter.drawLine(0, y, 13, y)
        else:
            r = 3 if shape == "dot" else 5 if shape == "disc" else 4
            painter.drawEllipse(6 - r, y - r, 2 * r, 2 * r)
        painter.setPen(QColor(colours().dim))
        painter.drawText(18, y + 4, text)
