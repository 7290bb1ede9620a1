"""do-action: a row a factor, with a button a direction and the value that the image should have now."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from datasets.factors import Factor, FactorSpace
from datasets.steps import Steps
from gui.explore.graph_legend import paint_letter
from gui.explore.node_colours import letters
from gui.theme import category
from gui.widgets import GAP, button, caption, heading
from gui.words import value_of

READING_WIDTH = 172  # of a factor's name and its value's words together; the panel is narrow
LEAST_READING = 56
HINT = "The model's actions appear here when it is loaded."


class ActionPanel(QWidget):
    """Signals:
    action_wanted: action index, once a click.
    """

    action_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._space: FactorSpace | None = None
        self._causal: Steps | None = None
        self._readings: list[QLabel] = []
        self._names: list[QLabel] = []
        self._start: tuple[int, ...] | None = None
        self._steps: dict[int, int] = {}
        self._read: tuple[int | None, ...] | None = None
        self.buttons: list[QPushButton] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(heading("Actions"))
        self._hint = caption(HINT, wrap=True)
        layout.addWidget(self._hint)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP - 2)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        layout.addLayout(self._grid)

    def set_space(self, space: FactorSpace | None, causal: Steps | None = None) -> None:
        """The factors of the loaded model, and what actions make of them where factors cause one another."""
        self._space = space
        self._causal = causal if causal is not None and causal.space == space else None
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._readings, self._names, self.buttons = [], [], []
        self._read = None
        for line in range(space.num_factors if space is not None else 0):
            assert space is not None
            self._add(line, space)
        self._hint.setVisible(space is None)

    def _add(self, line: int, space: FactorSpace) -> None:
        factor, up, down = space.factors[line], space.step_action(line, 1), space.step_action(line, -1)
        name = QLabel(factor.name.replace("_", " "))
        reading = caption()
        self._readings.append(reading)
        self._names.append(name)
        self._grid.addWidget(_Dot(line, letters(space.names)[line]), line, 0)
        self._grid.addWidget(name, line, 1)
        self._grid.addWidget(reading, line, 2)
        if up < 0 or down < 0:
            self._add_others(line, space)
            return
        for column, (sign, word, action) in enumerate((("−", "lower", down), ("+", "raise", up)), start=3):
            tip = f"Action {factor.name}{'+' if word == 'raise' else '-'}"
            spoken = f"{word} {factor.name} by one step"
            made = button(sign, f"action_{factor.name}_{word}", spoken, self._asker(action), tip)
            made.setFixedWidth(34)
            made.setEnabled(False)
            self._grid.addWidget(made, line, column)
            self.buttons.append(made)

    def _add_others(self, line: int, space: FactorSpace) -> None:
        """The button of a factor that is not moved by steps: its only action, or a menu of its values."""
        factor, actions = space.factors[line], space.actions_of(line)
        one = space.action_names[actions[0]] if len(actions) == 1 else f"set {factor.name}"
        ask = self._asker(actions[0])
        made = button("+" if len(actions) == 1 else "=", f"action_{factor.name}", one, ask, f"Action {one}")
        if len(actions) > 1:
            made.clicked.disconnect()
            menu = QMenu(made)
            for value, action in zip(factor.values, actions, strict=True):
                menu.addAction(value, self._asker(action))
            made.setMenu(menu)
        made.setEnabled(False)
        self._grid.addWidget(made, line, 3, 1, 2)
        self.buttons.append(made)

    def _asker(self, action: int) -> Callable[[], None]:
        return lambda: self.action_wanted.emit(action)

    def set_factor(self, chosen: int) -> None:
        """Mark the factor whose actions the keys apply."""
        for factor, name in enumerate(self._names):
            text = self._space.names[factor].replace("_", " ") if self._space is not None else ""
            name.setText(f"<b>{escape(text)}</b>" if factor == chosen else escape(text))
            name.setToolTip(
                "The keys + and − act on the factor in bold; in the graph, Page Up and Page Down choose it"
            )

    def set_hint(self, hint: str) -> None:
        """What is said where there are no actions; empty: the usual."""
        self._hint.setText(hint or HINT)

    def set_ready(self, ready: bool) -> None:
        """Whether there is an image to act on."""
        for made in self.buttons:
            made.setEnabled(ready)

    def set_values(self, start: tuple[int, ...] | None, steps: dict[int, int]) -> None:
        """Show the value that each factor should have: where the image started, and the steps asked since.

        Args:
            start: the image's factor values, None when unknown.
            steps: factor -> signed number of steps.
        """
        self._start, self._steps = start, steps
        self._say_values()

    def set_read(self, values: tuple[int | None, ...] | None) -> None:
        """What probes read of the present image, factor by factor; None where there are none."""
        self._read = values
        self._say_values()

    def _say_values(self) -> None:
        """The value each factor should have; what is read, where that is another one or all that is known."""
        if self._space is None:
            return
        start, steps, count = self._start, self._steps, self._space.num_factors
        expected = () if start is None or len(start) != count else self._expected(start)
        widest = max(name.sizeHint().width() for name in self._names)
        room = max(LEAST_READING, READING_WIDTH - widest)
        for f, (factor, reading) in enumerate(zip(self._space.factors, self._readings, strict=True)):
            read = self._read[f] if self._read is not None and len(self._read) == count else None
            if start is None or not expected:
                words = (f"{steps[f]:+d}" if steps.get(f) else "", _read_as(factor, read))
                text = " ".join(filter(None, words))
            else:
                before, now = start[f], expected[f]
                text = _value(factor, now)
                if read is not None and read != now:
                    text = f"{text} ≠ {_value(factor, read)}"
                elif now != before:
                    text = f"{_value(factor, before)} → {text}"
            fitting = reading.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
            reading.setText(fitting)
            probes = "" if read is None else f"The probes read the image as {factor.values[read]}"
            reading.setToolTip("\n".join(filter(None, (text if text != fitting else "", probes))))

    def _expected(self, start: tuple[int, ...]) -> tuple[int, ...]:
        """The value that each factor should have; effects follow their causes."""
        assert self._space is not None
        factors = self._space.factors
        if self._causal is None:
            return tuple(moved_value(x, start[f], self._steps.get(f, 0)) for f, x in enumerate(factors))
        own = self._causal.own_values(np.array([start], dtype=np.int64))
        for f, count in self._steps.items():
            own[0, f] += count
        values = self._causal.settle(own)[0][0]
        return tuple(int(np.clip(v, 0, x.size - 1)) for v, x in zip(values, factors, strict=True))


def _read_as(factor: Factor, value: int | None) -> str:
    return "" if value is None else f"reads {_value(factor, value)}"


def _value(factor: Factor, value: int) -> str:
    return value_of(factor.name, factor.values[value])


def moved_value(factor: Factor, value: int, steps: int) -> int:
    """The value after some steps: cyclic factors wrap around, others stop at their ends."""
    steps *= factor.step
    if factor.kind == "cyclic":
        return (value + steps) % factor.size
    return min(max(value + steps, 0), factor.size - 1)


class _Dot(QWidget):
    """The factor's colour and letter in the graph."""

    def __init__(self, index: int, letter: str) -> None:
        super().__init__()
        self._index, self._letter = index, letter
        self.setFixedSize(14, 20)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 0))
        painter.setBrush(category(self._index))
        painter.drawEllipse(1, 4, 12, 12)
        paint_letter(painter, QRectF(1, 4, 12, 12), self._letter, category(self._index))
