"""Two small charts of judged pairs: the reliability diagram, and accuracy as bars."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.retrieve.judged import Share
from gui.theme import colours
from gui.words import percent

LEFT, BELOW = 34.0, 30.0
LINE = 18  # height of a bar with its words
MARGIN = 6  # between the numbers and the scroll bar


class ReliabilityView(QWidget):
    """Accuracy of the answers of each confidence, as bars, against the diagonal where the two are equal."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        nothing = np.zeros(0)
        self._answers, self._confidence, self._accuracy = nothing, nothing, nothing
        self.setObjectName("retrieve_reliability")
        self.setAccessibleName("Reliability diagram")
        self.setToolTip(
            "Answers sorted by their probability: on the diagonal the model is right as often as it says;"
            " below it, it is too sure of itself. The width of a bar's dot shows how many answers it holds."
        )
        self.setMinimumSize(150, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(240, 220)

    def set_bins(
        self,
        answers: npt.NDArray[np.float64],
        confidence: npt.NDArray[np.float64],
        accuracy: npt.NDArray[np.float64],
    ) -> None:
        """Show how many answers each bin holds, their mean confidence, and their accuracy, [bins] each."""
        self._answers, self._confidence, self._accuracy = answers, confidence, accuracy
        told = [
            f"{percent(float(sure))} sure: {percent(float(right))} of {int(count):,} right"
            for count, sure, right in zip(answers, confidence, accuracy, strict=True)
            if count
        ]
        self.setAccessibleDescription("; ".join(told))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text, dim = self.palette().color(QPalette.ColorRole.Text), QColor(colours().dim)
        side = min(self.width() - LEFT - 8, self.height() - BELOW - 6)
        area = QRectF(LEFT, 6, side, side)
        painter.setPen(QPen(QColor(colours().line), 1))
        painter.drawRect(area)
        painter.setPen(QPen(dim, 1, Qt.PenStyle.DashLine))
        painter.drawLine(area.bottomLeft(), area.topRight())
        self._paint_bars(painter, area)
        painter.setPen(text)
        font = painter.font()
        font.setPointSizeF(8)
        painter.setFont(font)
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - share * area.height()
            painter.drawText(QRectF(0, y - 8, LEFT - 5, 16), right, f"{share:g}")
            x = area.left() + share * area.width()
            painter.drawText(
                QRectF(x - 16, area.bottom() + 2, 32, 12), int(Qt.AlignmentFlag.AlignHCenter), f"{share:g}"
            )
        painter.setPen(dim)
        middle = int(Qt.AlignmentFlag.AlignHCenter)
        painter.drawText(
            QRectF(0, area.bottom() + 14, area.right() + 8, 14), middle, "probability of the answer"
        )
        painter.drawText(QRectF(area.left() + 6, area.top() + 4, area.width(), 14), 0, "share that is right")

    def _paint_bars(self, painter: QPainter, area: QRectF) -> None:
        bins, most = len(self._answers), max(1.0, float(self._answers.max(initial=0)))
        bar, dot = QColor(colours().accent), QColor(colours().effect)
        bar.setAlpha(90)
        for k in range(bins):
            if not self._answers[k]:
                continue
            height = float(self._accuracy[k]) * area.height()
            left = area.left() + k / bins * area.width()
            painter.fillRect(QRectF(left + 1, area.bottom() - height, area.width() / bins - 2, height), bar)
            place = QPointF(area.left() + float(self._confidence[k]) * area.width(), area.bottom() - height)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(dot)
            radius = 2.0 + 3.0 * float(self._answers[k]) / most
            painter.drawEllipse(place, radius, radius)


class AccuracyBars(QWidget):
    """A bar and a line of words for each group of pairs; as high as it needs, for a scroll area."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shares: list[Share] = []
        self.setObjectName("retrieve_accuracy")
        self.setAccessibleName("Accuracy by group")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def shares(self) -> list[Share]:
        """What is shown."""
        return self._shares

    def set_shares(self, shares: list[Share]) -> None:
        """Show the groups, in their order."""
        self._shares = shares
        self.setFixedHeight(max(1, len(shares)) * LINE + 4)
        told = [f"{one.label}: {percent(one.accuracy)} of {one.pairs:,}" for one in shares]
        self.setAccessibleDescription("; ".join(told))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = QFontMetricsF(self.font())
        text = self.palette().color(QPalette.ColorRole.Text)
        most = max((share.pairs for share in self._shares), default=0)
        numbers = metrics.horizontalAdvance(f"100.0 % of {most:,}") + 6
        names = min(
            max((metrics.horizontalAdvance(s.label) for s in self._shares), default=0.0) + 8,
            0.42 * self.width(),
        )
        track, bar = QColor(text), QColor(colours().accent)
        track.setAlpha(22)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        for k, share in enumerate(self._shares):
            y = 2.0 + k * LINE
            full = QRectF(names, y + 3, max(4.0, self.width() - names - numbers - 6 - MARGIN), LINE - 6)
            painter.fillRect(full, track)
            painter.fillRect(
                QRectF(full.left(), full.top(), full.width() * share.accuracy, full.height()), bar
            )
            painter.setPen(text)
            label = metrics.elidedText(share.label, Qt.TextElideMode.ElideRight, names - 6)
            painter.drawText(QRectF(0, y, names - 6, LINE), middle, label)
            painter.drawText(
                QRectF(self.width() - numbers - MARGIN, y, numbers, LINE),
                middle | int(Qt.AlignmentFlag.AlignRight),
                f"{percent(share.accuracy)} of {share.pairs:,}",
            )
