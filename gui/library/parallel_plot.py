"""A study's trials as lines across parallel axes (Inselberg 1985): which settings lead to good figures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.study import StudyResult, TrialResult
from gui.library.parallel_axes import Axis, Ranges, axes_of, value_on
from gui.theme import colours
from gui.words import percent

SIDE, TOP, BOTTOM = 46.0, 44.0, 18.0  # around the axes, in device-independent pixels
NEAR, SHORT_DRAG = 7.0, 3.0
ENDS = {Qt.Key.Key_Up: True, Qt.Key.Key_Down: False}  # moves an end of the range up?
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
CLEAR = (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)


class ParallelPlot(QWidget):
    """One line a trial, the better the stronger; pruned ones are dashed.

    A drag along an axis keeps the trials that cross it there, a click on the axis takes that back, as Esc
    does for all axes; a click on a line chooses its trial. By keys: the arrows to the sides go from axis to
    axis, Up and Down move the upper end of its range, with Shift the lower one, Backspace takes it back.

    Signals:
        chosen(number): the trial whose line was clicked.
        kept_changed(): the ranges on the axes keep other trials.
    """

    chosen = Signal(int)
    kept_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axes: list[Axis] = []
        self.trials: tuple[TrialResult, ...] = ()
        self.selected: set[int] = set()
        self.ranges = Ranges()
        self.at = 0  # the axis that keys act on
        self._drag: tuple[int, float] | None = None
        self.setMinimumSize(240, 160)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(560, 300)

    def set_study(self, study: StudyResult | None) -> None:
        """Another study, or the same with other trials; ranges on axes that are still there stay."""
        self.axes = axes_of(study) if study is not None else []
        self.trials = study.trials if study is not None else ()
        self.ranges.forget_others(self.axes)
        self._go_to(min(self.at, max(0, len(self.axes) - 1)))

    def set_selected(self, numbers: set[int]) -> None:
        """Draw these trials on top, with their values."""
        self.selected = numbers
        self.update()

    def is_kept(self, trial: TrialResult) -> bool:
        """Whether a trial crosses all axes within their ranges."""
        return self.ranges.keep(trial, self.axes)

    def clear_ranges(self) -> None:
        """Keep all trials again."""
        if self.ranges:
            self.ranges.clear_all()
            self._on_kept()

    # ------------------------------------------------------------ places

    def axis_x(self, index: int) -> float:
        """Where an axis stands; a single one in the middle."""
        inner = self.width() - 2 * SIDE
        return SIDE + inner * (index / (len(self.axes) - 1) if len(self.axes) > 1 else 0.5)

    def y_of(self, place: float) -> float:
        """The height of a place on an axis."""
        return self.height() - BOTTOM - place * max(1.0, self.height() - TOP - BOTTOM)

    def line_of(self, trial: TrialResult) -> list[QPointF]:
        """The points of a trial, where it has values."""
        places = [(index, axis.place(value_on(axis, trial))) for index, axis in enumerate(self.axes)]
        return [QPointF(self.axis_x(index), self.y_of(at)) for index, at in places if at is not None]

    def trial_at(self, point: QPointF) -> TrialResult | None:
        """The kept trial whose line is nearest to a point, if it is near."""
        near = [
            (self._distance(trial, point), at) for at, trial in enumerate(self.trials) if self.is_kept(trial)
        ]
        distance, at = min(near, default=(NEAR + 1, 0))
        return self.trials[at] if distance <= NEAR else None

    def _distance(self, trial: TrialResult, point: QPointF) -> float:
        line = self.line_of(trial)
        for first, second in pairwise(line):
            if first.x() - NEAR <= point.x() <= second.x() + NEAR:
                share = min(1.0, max(0.0, (point.x() - first.x()) / max(1e-9, second.x() - first.x())))
                return abs(first.y() + share * (second.y() - first.y()) - point.y())
        return NEAR + 1

    def _axis_at(self, point: QPointF) -> int | None:
        near = [index for index in range(len(self.axes)) if abs(self.axis_x(index) - point.x()) <= NEAR]
        return near[0] if near else None

    def _place_at(self, y: float) -> float:
        inner = max(1.0, self.height() - TOP - BOTTOM)
        return min(1.0, max(0.0, (self.height() - BOTTOM - y) / inner))

    # ------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        index = self._axis_at(point)
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if index is not None:
            self._drag = (index, point.y())
            self._go_to(index)
        elif (trial := self.trial_at(point)) is not None:
            self.chosen.emit(trial.number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            index, begun = self._drag
            if abs(event.position().y() - begun) >= SHORT_DRAG:
                ends = self._place_at(begun), self._place_at(event.position().y())
                self.ranges.set(self.axes[index], *ends)
                self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            return
        index, begun = self._drag
        self._drag = None
        if abs(event.position().y() - begun) < SHORT_DRAG:
            self.ranges.clear(self.axes[index])
        self._on_kept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        axis = self.axes[self.at] if self.axes else None
        if key == Qt.Key.Key_Escape and self.ranges:
            self.clear_ranges()
        elif axis is not None and key in STEPS:
            self._go_to(min(max(0, self.at + STEPS[key]), len(self.axes) - 1))
        elif axis is not None and key in ENDS:
            shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.ranges.move_end(axis, not shifted, ENDS[key])
            self._on_kept()
        elif axis is not None and key in CLEAR:
            self.ranges.clear(axis)
            self._on_kept()
        else:
            super().keyPressEvent(event)

    def _go_to(self, index: int) -> None:
        """The axis that keys act on."""
        self.at = index
        self._describe_axis()
        self.update()

    def _on_kept(self) -> None:
        self._describe_axis()
        self.kept_changed.emit()
        self.update()

    def _describe_axis(self) -> None:
        """For screen readers: the axis, what it keeps, and how many trials all axes keep."""
        if not self.axes:
            self.setAccessibleDescription("")
            return
        axis, kept = self.axes[self.at], sum(map(self.is_kept, self.trials))
        ends = self.ranges.of(axis)
        words = "all of it" if ends is None else axis.range_words(*ends)
        self.setAccessibleDescription(f"{axis.title}: {words}; {kept} of {len(self.trials)} trials are kept")

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            trial = self.trial_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.describe(trial) if trial else "", self)
            return True
        return super().event(event)

    def describe(self, trial: TrialResult) -> str:
        """A trial with its values, one a line."""
        lines = [f"{axis.title}: {axis.words(value_on(axis, trial))}" for axis in self.axes]
        return "\n".join([f"trial {trial.number}, {trial.state}", *lines])

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for trial in self._in_order():
            self._paint_trial(painter, trial)
        for index, axis in enumerate(self.axes):
            self._paint_axis(painter, index, axis)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _in_order(self) -> Iterator[TrialResult]:
        """What matters more is drawn later: the better ones, and last those that are chosen."""

        def order(trial: TrialResult) -> tuple[bool, bool, float]:
            value = -1e9 if trial.value is None else trial.value
            return trial.number in self.selected, self.is_kept(trial), value

        return iter(sorted(self.trials, key=order))

    def _paint_trial(self, painter: QPainter, trial: TrialResult) -> None:
        line = self.line_of(trial)
        if len(line) < 2:
            return
        chosen = trial.number in self.selected
        pen = QPen(self._colour(trial), 3.0 if chosen else 1.6)
        if trial.state != "done":
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(line))
        if chosen:
            painter.setBrush(pen.color())
            for point in line:
                painter.drawEllipse(point, 3.5, 3.5)

    def _colour(self, trial: TrialResult) -> QColor:
        """From the hairlines' colour to the accent, by the figure; chosen ones in a colour of their own."""
        theme = colours()
        if trial.number in self.selected:
            return QColor(theme.moved)
        place = self.axes[-1].place(trial.value) if self.axes else None
        share = 0.0 if place is None or not self.is_kept(trial) else 0.3 + 0.7 * place
        return blend(QColor(theme.line), QColor(theme.accent), share)

    def _paint_axis(self, painter: QPainter, index: int, axis: Axis) -> None:
        theme, x = colours(), self.axis_x(index)
        here = self.hasFocus() and index == self.at
        painter.setPen(QPen(QColor(theme.accent if here else theme.text), 3.5 if here else 1.2))
        painter.drawLine(QPointF(x, self.y_of(0)), QPointF(x, self.y_of(1)))
        if (ends := self.ranges.of(axis)) is not None:
            kept = QColor(theme.accent)
            kept.setAlpha(110)
            top, bottom = self.y_of(ends[1]), self.y_of(ends[0])
            painter.fillRect(QRectF(x - 5, top, 10, max(2.0, bottom - top)), kept)
        small = QFont(self.font())
        small.setPointSizeF(max(7.0, small.pointSizeF() * 0.85))
        room = self._room()
        self._text(painter, self.font(), QColor(theme.accent if here else theme.text), x, 2, room, axis.title)
        if axis.importance is not None:
            self._text(painter, small, QColor(theme.dim), x, 20, room, f"matters {percent(axis.importance)}")
        painter.setFont(small)
        metrics = QFontMetricsF(small)
        last = index == len(self.axes) - 1 and index > 0
        for place, text in axis.ticks():
            self._tick(painter, metrics, QPointF(x, self.y_of(place)), text, last)

    def _tick(self, painter: QPainter, metrics: QFontMetricsF, at: QPointF, text: str, last: bool) -> None:
        """A value beside its axis, on a ground that keeps it readable over lines."""
        width, height = metrics.horizontalAdvance(text) + 4, metrics.height()
        left = at.x() - 6 - width if last else at.x() + 6
        area = QRectF(left, at.y() - height / 2, width, height)
        ground = QColor(colours().panel)
        ground.setAlpha(205)
        painter.fillRect(area, ground)
        painter.setPen(QColor(colours().dim))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), text)

    def _room(self) -> float:
        """How wide a title may be."""
        return self.axis_x(1) - self.axis_x(0) if len(self.axes) > 1 else float(self.width())

    def _text(
        self, painter: QPainter, font: QFont, colour: QColor, x: float, top: float, room: float, text: str
    ) -> None:
        """Over an axis, kept within the widget, shortened where it has no room."""
        painter.setFont(font)
        painter.setPen(colour)
        metrics = QFontMetricsF(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room - 8)
        width = metrics.horizontalAdvance(shown) + 2
        left = min(max(2.0, x - width / 2), self.width() - width - 2)
        painter.drawText(QRectF(left, top, width, metrics.height()), int(Qt.AlignmentFlag.AlignCenter), shown)


def blend(first: QColor, last: QColor, share: float) -> QColor:
    """A colour between two, the last one at a share of 1."""
    rest = 1 - share
    return QColor(
        round(rest * first.red() + share * last.red()),
        round(rest * first.green() + share * last.green()),
        round(rest * first.blue() + share * last.blue()),
    )
