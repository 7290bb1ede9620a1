"""How many images have each value of each factor: a bar chart a factor."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QScrollArea, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from datasets.factors import Factor, FactorSpace
from gui.dataset_replies import ValueCounts
from gui.theme import colours
from gui.widgets import caption, named
from gui.words import count, percent, readable

HEIGHT = 132
LINE = 18
SIDE = 4
ACROSS = 2


class ValueChart(QWidget):
    """The bars of one factor. Left and right walk over them and say the numbers.

    Signals:
        chosen(value): a bar was clicked, or Return pressed on it.
    """

    chosen = Signal(int)

    def __init__(self, factor: Factor, counts: list[int]) -> None:
        super().__init__()
        self.factor, self.counts = factor, counts
        self._at: int | None = None
        named(self, f"library_values_{factor.name}", f"Images by {readable(factor.name)}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(HEIGHT)
        self.setMaximumHeight(2 * HEIGHT)
        self.setAccessibleDescription("; ".join(self.words(at) for at in range(len(counts))))

    def sizeHint(self) -> QSize:
        return QSize(280, HEIGHT)

    def words(self, at: int) -> str:
        """The numbers of one bar."""
        share = self.counts[at] / max(1, sum(self.counts))
        return f"{self.factor.values[at]}: {count(self.counts[at])} images, {percent(share)}"

    def value_at(self, point: QPoint) -> int | None:
        """The value whose bar, or place for one, is at a point."""
        plot = self._plot()
        if not plot.left() <= point.x() <= plot.right():
            return None
        return min(int((point.x() - plot.left()) / plot.width() * len(self.counts)), len(self.counts) - 1)

    def _plot(self) -> QRectF:
        return QRectF(SIDE, LINE + 4, self.width() - 2 * SIDE, self.height() - 2 * LINE - 8)

    def _bar(self, at: int) -> QRectF:
        plot, top = self._plot(), max(1, *self.counts)
        slot = plot.width() / len(self.counts)
        height = plot.height() * self.counts[at] / top
        gap = min(3.0, slot / 5)
        return QRectF(plot.left() + at * slot + gap / 2, plot.bottom() - height, slot - gap, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c, plot = QPainter(self), colours(), self._plot()
        self._paint_title(painter)
        for at in range(len(self.counts)):
            painter.fillRect(self._bar(at), QColor(c.effect if at == self._at else c.accent))
        painter.setPen(QPen(QColor(c.line), 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        even = plot.bottom() - plot.height() * sum(self.counts) / len(self.counts) / max(1, *self.counts)
        painter.setPen(QPen(QColor(c.dim), 1, Qt.PenStyle.DashLine))
        painter.drawLine(round(plot.left()), round(even), round(plot.right()), round(even))
        self._paint_values(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_title(self, painter: QPainter) -> None:
        c, line = colours(), QRect(SIDE, 0, self.width() - 2 * SIDE, LINE)
        font = painter.font()
        font.setBold(True)
        painter.save()
        painter.setFont(font)
        painter.setPen(QColor(c.text))
        name = readable(self.factor.name)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        line.setLeft(line.left() + painter.fontMetrics().horizontalAdvance(name) + 8)
        painter.restore()
        most = f"{self.factor.size} values, at most {count(max(self.counts))} images"
        said = most if self._at is None else self.words(self._at)
        painter.setPen(QColor(c.dim if self._at is None else c.text))
        elide = Qt.TextElideMode.ElideRight
        text = painter.fontMetrics().elidedText(said, elide, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_values(self, painter: QPainter) -> None:
        """All the names below their bars where they fit, else those of the ends."""
        plot = self._plot()
        font = painter.font()
        font.setPointSizeF(8)
        painter.setFont(font)
        painter.setPen(QColor(colours().dim))
        slot, metrics = plot.width() / len(self.counts), painter.fontMetrics()
        top, names = plot.bottom() + 2, self.factor.values
        if all(metrics.horizontalAdvance(name) + 4 <= slot for name in names):
            for at, name in enumerate(names):
                area = QRectF(plot.left() + at * slot, top, slot, LINE)
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, name)
            return
        half, elide = plot.width() / 2 - 4, Qt.TextElideMode.ElideRight
        for name, left, side in (
            (names[0], plot.left(), Qt.AlignmentFlag.AlignLeft),
            (names[-1], plot.right() - half, Qt.AlignmentFlag.AlignRight),
        ):
            text = metrics.elidedText(name, elide, int(half))
            painter.drawText(QRectF(left, top, half, LINE), side | Qt.AlignmentFlag.AlignVCenter, text)

    def _go(self, at: int | None) -> None:
        if at != self._at:
            self._at = at
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go(self.value_at(event.position().toPoint()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self.value_at(event.position().toPoint())
        if at is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(at)

    def leaveEvent(self, event: QEvent) -> None:
        self._go(None)
        super().leaveEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._go(None)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at is not None:
                self.chosen.emit(self._at)
            else:
                super().keyPressEvent(event)
            return
        start = -1 if step > 0 else len(self.counts)
        self._go(min(max((start if self._at is None else self._at) + step, 0), len(self.counts) - 1))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = self.value_at(event.pos())
            QToolTip.showText(event.globalPos(), "" if at is None else self.words(at), self)
            return True
        return super().event(event)


class Histograms(QWidget):
    """The charts of one split.

    Signals:
        chosen(factor, value): the images of this value are wanted, both by index.
    """

    chosen = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.charts: list[ValueChart] = []
        self._split, self._space = "train", FactorSpace(())
        self._counts: ValueCounts | None = None
        self.hint = named(caption("", wrap=True), "library_values_words", "What the charts show")
        self._inside = QWidget()
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(0, 0, 8, 0)
        self._grid.setSpacing(12)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.scroller = named(QScrollArea(), "library_values", "Images by factor value")
        self.scroller.setWidgetResizable(True)
        self.scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroller.setWidget(self._inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self.hint)
        layout.addWidget(self.scroller, 1)

    def begin(self, split: str, space: FactorSpace) -> None:
        """Another data set: its counts come later."""
        self._split, self._space, self._counts = split, space, None
        self._show({})
        self.hint.setText("Counting\N{HORIZONTAL ELLIPSIS}")

    def set_counts(self, counts: ValueCounts) -> None:
        """Show them."""
        self._counts = counts
        self.set_split(self._split)

    def set_split(self, split: str) -> None:
        """Show another split."""
        self._split = split
        if self._counts is None:
            return
        found = self._counts.counts[split]
        self._show(found)
        self.hint.setText(
            "Images by factor value; click a bar to see them. Dashed: where all bars would end if the "
            "values were equally common."
            if found
            else "The factor values of this data set's images are not known, only the actions between them."
        )

    def _show(self, counts: Mapping[str, list[int]]) -> None:
        for chart in self.charts:
            self._grid.removeWidget(chart)
            chart.deleteLater()
        factors = [factor for factor in self._space.factors if factor.name in counts]
        self.charts = [ValueChart(factor, counts[factor.name]) for factor in factors]
        for place, chart in enumerate(self.charts):
            chart.chosen.connect(partial(self.chosen.emit, self._space.factors.index(chart.factor)))
            self._grid.addWidget(chart, place // ACROSS, place % ACROSS)
