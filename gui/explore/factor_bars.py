"""How a code goes with the factors: their values among the images with the code, and among all."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.code_use import FactorUse
from gui.theme import colours
from gui.widgets import named
from gui.words import percent, readable

LINE, TITLE_LINE, GAP_BELOW = 18, 24, 8
NUMBERS = 116  # width of "100.0 % / 100.0 %"
NAMES = 88


class FactorBars(QWidget):
    """A block for each factor: a thick bar for the images with the code, a thin one for all images."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "gallery_factors", "Factor values of the images with the code, against all images")
        self.factors: tuple[FactorUse, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(NAMES + NUMBERS + 80)

    def set_factors(self, factors: tuple[FactorUse, ...]) -> None:
        """Show factors in this order."""
        self.factors = factors
        self.setFixedHeight(sum(TITLE_LINE + LINE * len(f.values) + GAP_BELOW for f in factors))
        self.setAccessibleDescription("; ".join(title_of(factor) for factor in factors))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = painter.font()
        font.setPointSizeF(8.5)
        painter.setFont(font)
        top = 0
        for factor in self.factors:
            height = TITLE_LINE + LINE * len(factor.values)
            if QRect(0, top, self.width(), height).intersects(event.rect()):
                self._paint_factor(painter, factor, top)
            top += height + GAP_BELOW

    def _paint_factor(self, painter: QPainter, factor: FactorUse, top: int) -> None:
        painter.setPen(QColor(colours().text))
        title = QRect(0, top, self.width(), TITLE_LINE)
        painter.drawText(title, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title_of(factor))
        among, overall = factor.among.tolist(), factor.overall.tolist()
        largest = max(*among, *overall, 1e-9)
        for place, value in enumerate(factor.values):
            line = QRect(0, top + TITLE_LINE + LINE * place, self.width(), LINE)
            self._paint_value(painter, line, value, among[place], overall[place], largest)

    def _paint_value(
        self, painter: QPainter, line: QRect, value: str, among: float, overall: float, largest: float
    ) -> None:
        c = colours()
        name = painter.fontMetrics().elidedText(value, Qt.TextElideMode.ElideRight, NAMES - 8)
        painter.setPen(QColor(c.dim))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        room = line.width() - NAMES - NUMBERS
        thick = QRect(NAMES, line.top() + 2, round(room * among / largest), 8)
        thin = QRect(NAMES, line.top() + 12, round(room * overall / largest), 3)
        painter.fillRect(thick, QColor(c.accent))
        painter.fillRect(thin, QColor(c.dim))
        painter.setPen(QColor(c.text))
        numbers = f"{percent(among)} / {percent(overall)}"
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, numbers)


def title_of(factor: FactorUse) -> str:
    """The factor and its normalised mutual information with the code, beside what chance would give."""
    name = readable(factor.name)
    if factor.information is None:
        return f"{name}: no information (no image has the code here, or all have)"
    return f"{name}: information {factor.information:.2f} (chance {factor.chance:.2f})"
