"""One plot of a run's curves: choose the phase, switch curves, log scale, values under the pointer."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.train.curve_data import FIGURES, CurveData
from gui.words import count, duration, figure, readable

# Okabe-Ito, the order that stays apart longest; dashes tell curves apart without colour.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
ON_DARK = {"#0072B2": "#3FA0E0"}
DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)


class CurvePlot(QWidget):
    """Curves of one group ("losses" or "figures") of a CurveData.

    Signals:
        phase_chosen(phase): the user chose the phase whose curves are shown.
    """

    phase_chosen = Signal(str)

    def __init__(self, data: CurveData, group: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data, self._group, self._title = data, group, title
        self._by_time = False
        self._hidden: set[str] = set()
        self._items: dict[str, pg.PlotDataItem] = {}
        self._boxes: dict[str, QCheckBox] = {}
        self._follow = True
        self.plot = pg.PlotWidget(background=None)
        self.plot.setObjectName(f"train_plot_{group}")
        self.plot.setAccessibleName(f"Curves: {title}")
        self.plot.showGrid(x=True, y=True, alpha=0.2)
        self.plot.getPlotItem().setMenuEnabled(False)
        self.plot.getPlotItem().hideButtons()
        self.plot.setMinimumHeight(120)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.hide()
        self.plot.addItem(self._cursor, ignoreBounds=True)
        self.plot.scene().sigMouseMoved.connect(self._on_hover)
        self._lay_out()
        self._paint_axes()

    def _lay_out(self) -> None:
        self.phase = QComboBox()
        self.phase.setObjectName(f"train_{self._group}_phase")
        self.phase.setAccessibleName(f"Phase shown in {self._title}")
        self.phase.currentTextChanged.connect(self._on_phase)
        self.log = QCheckBox("log scale")
        self.log.setObjectName(f"train_{self._group}_log")
        self.log.setAccessibleName(f"Logarithmic scale for {self._title}")
        self.log.toggled.connect(self._on_log)
        self.values = QLabel()
        self.values.setObjectName(f"train_{self._group}_values")
        self.values.setMinimumWidth(10)
        top = QHBoxLayout()
        top.addWidget(QLabel(f"<b>{self._title}</b>"))
        top.addWidget(self.phase)
        top.addWidget(self.values, 1)
        top.addWidget(self.log)
        self.legend = QHBoxLayout()
        self.legend.setSpacing(10)
        self.legend.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addLayout(self.legend)
        layout.addWidget(self.plot, 1)

    def show_time(self, by_time: bool) -> None:
        """Minutes instead of steps on the horizontal axis."""
        self._by_time = by_time
        self._paint_axes()
        self.redraw()
        self.plot.enableAutoRange()

    def follow(self, on: bool) -> None:
        """Whether the newest phase with curves is shown of itself."""
        self._follow = on

    def redraw(self) -> None:
        """Bring the plot up to date with the data."""
        self._update_phases()
        names = self._data.names(self._group, self.phase.currentText())
        if list(self._items) != names:
            self._rebuild(names)
        for name, item in self._items.items():
            x, y = self._data.curves[self._group][(self.phase.currentText(), name)].arrays(self._by_time)
            if self.log.isChecked():
                x, y = x[y > 0], y[y > 0]  # a logarithm of nothing would break the axis
            item.setData(x, y)

    def close_plot(self) -> None:
        """Take every item out before the window goes (pyqtgraph keeps references otherwise)."""
        self.plot.scene().sigMouseMoved.disconnect(self._on_hover)
        self._rebuild([])
        self.plot.removeItem(self._cursor)
        self.plot.close()

    def changeEvent(self, event: object) -> None:
        super().changeEvent(event)  # type: ignore[arg-type]
        if getattr(event, "type", None) is not None and event.type() == event.Type.PaletteChange:  # type: ignore[attr-defined]
            self._paint_axes()
            self._restyle()

    def _update_phases(self) -> None:
        phases = self._data.phases(self._group)
        shown = [self.phase.itemText(i) for i in range(self.phase.count())]
        if phases == shown:
            return
        chosen = phases[-1] if self._follow and phases else self.phase.currentText()
        with QSignalBlocker(self.phase):
            self.phase.clear()
            self.phase.addItems(phases)
            self.phase.setCurrentIndex(max(0, self.phase.findText(chosen)) if phases else -1)
        self.phase.setVisible(len(phases) > 1)

    def _on_phase(self, phase: str) -> None:
        self.redraw()
        self.plot.enableAutoRange()
        self.phase_chosen.emit(phase)

    def _on_log(self, on: bool) -> None:
        self.plot.setLogMode(y=on)
        self.redraw()
        self.plot.enableAutoRange()

    def _rebuild(self, names: list[str]) -> None:
        for name in list(self._items):
            self.plot.removeItem(self._items.pop(name))
            box = self._boxes.pop(name)
            self.legend.removeWidget(box)
            box.deleteLater()
        for name in names:
            self._items[name] = self.plot.plot(
                [], [], symbol="o" if self._group == FIGURES else None, symbolSize=5
            )
            self._items[name].setVisible(name not in self._hidden)
            self._boxes[name] = self._make_box(name)
        self._restyle()

    def _make_box(self, name: str) -> QCheckBox:
        box = QCheckBox(readable(name))
        box.setObjectName(f"train_{self._group}_curve_{name}")
        box.setAccessibleName(f"Show the curve {readable(name)}")
        box.setChecked(name not in self._hidden)
        box.toggled.connect(lambda on: self._on_box(name, on))
        self.legend.insertWidget(self.legend.count() - 1, box)
        return box

    def _on_box(self, name: str, on: bool) -> None:
        (self._hidden.discard if on else self._hidden.add)(name)
        self._items[name].setVisible(on)

    def _restyle(self) -> None:
        dark = self.palette().color(QPalette.ColorRole.Base).lightness() < 128
        for index, (name, item) in enumerate(self._items.items()):
            colour = COLOURS[index % len(COLOURS)]
            colour = ON_DARK.get(colour, colour) if dark else colour
            dash = DASHES[index // len(COLOURS) % len(DASHES)]
            item.setPen(pg.mkPen(colour, width=1.6, style=dash))
            if self._group == FIGURES:
                item.setSymbolBrush(colour)
                item.setSymbolPen(None)
            self._boxes[name].setStyleSheet(f"QCheckBox {{ color: {colour}; }}")

    def _paint_axes(self) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(QColor(text.red(), text.green(), text.blue(), 120))
            axis.setTextPen(text)
        self.plot.setLabel("bottom", "minutes" if self._by_time else "step")
        self._cursor.setPen(pg.mkPen(text, style=Qt.PenStyle.DotLine))

    def _on_hover(self, position: QPointF) -> None:
        inside = self.plot.getPlotItem().sceneBoundingRect().contains(position)
        self._cursor.setVisible(inside and bool(self._items))
        if not inside:
            self.values.clear()
            return
        x = self.plot.getPlotItem().getViewBox().mapSceneToView(position).x()
        self._cursor.setPos(x)
        self.values.setText(self.values_at(x))

    def values_at(self, x: float) -> str:
        """The visible curves' values nearest to a place on the horizontal axis, in words."""
        words, place = [], ""
        for name in self._items:
            series = self._data.curves[self._group][(self.phase.currentText(), name)]
            xs = np.asarray(series.elapsed) / 60 if self._by_time else np.asarray(series.steps, np.float64)
            if name in self._hidden or not len(xs):
                continue
            nearest = int(np.abs(xs - x).argmin())
            place = f"step {count(series.steps[nearest])}, {duration(series.elapsed[nearest])}: "
            words.append(f"{readable(name)} {figure(name, series.values[nearest])}")
        return place + ", ".join(words)
