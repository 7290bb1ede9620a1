"""One plot of a run's curves: phase, ticks, log scale, smoothing, other runs, values under the pointer."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, QSignalBlocker, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QCheckBox, QComboBox, QGraphicsItem, QVBoxLayout, QWidget

from gui.theme import OKABE_ITO, colours
from gui.train.curve_data import BOTH, FIGURES, CurveData, Series, smoothed
from gui.train.curve_legend import CurveLegend
from gui.train.plot_keys import PlotKeys
from gui.widgets import caption, heading, named, row
from gui.words import count, duration, figure, readable

ON_DARK = {"#0072B2": "#3FA0E0"}
ON_LIGHT = {"#F0E442": "#B8A800"}
DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
OTHER_DASHES = ([6, 3], [2, 2], [8, 3, 2, 3], [1, 4])  # of the runs that are compared with, in pens' widths
OTHER_MARKS = (
    "\N{EN DASH} \N{EN DASH}",
    "- - -",
    "\N{EN DASH} \N{MIDDLE DOT} \N{EN DASH}",
    "\N{MIDDLE DOT}  \N{MIDDLE DOT}",
)
LARGE = {"gradient_norm", "targets", "edges_per_variable"}
# On another scale than the rest of their plot, or settled before the phase began: off until wanted.
OFF_AT_FIRST = {
    "autoencoder": {"learning_rate", "memory_mb", "perplexity", "dead_codes"},
    "transition": {"learning_rate", "memory_mb", "perplexity", "dead_codes", "psnr", *LARGE},
    BOTH: {"learning_rate", "memory_mb", "perplexity", "dead_codes", "psnr", *LARGE},
}


TIP = (
    "Wheel, or + and \N{MINUS SIGN}: zoom. Drag, or Shift with the arrow keys: move. "
    "Double click, or 0: everything.\n"
    "The pointer, or the arrow keys: values at a step; Esc: the newest values."
)


class _TimedPlot(pg.PlotWidget):
    """Knows how long it has been painted for, in seconds. A frame shows that it has the focus."""

    spent_s = 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        begun = time.perf_counter()
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(QPen(QColor(colours().accent), 1))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
            painter.end()
        self.spent_s += time.perf_counter() - begun


class CurvePlot(QWidget):
    """Curves of one group of a CurveData.

    Args:
        data: of the run on show.
        groups: title -> group, one or several to choose from.
    """

    def __init__(self, data: CurveData, groups: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data, self._groups = data, dict(groups)
        self._title, self._group = next(iter(groups.items()))
        self._prefix = f"train_{self._group}"
        self._by_time = self._closed = False
        self._share = 0.0
        self._others: dict[str, CurveData] = {}
        self._other_items: dict[tuple[str, str], pg.PlotDataItem] = {}
        self._switched: dict[tuple[str, str], bool] = {}
        self._items: dict[str, pg.PlotDataItem] = {}
        self.plot = named(_TimedPlot(background=None), f"train_plot_{self._group}", f"Curves: {self._title}")
        self.plot.setToolTip(TIP)
        self.plot.showGrid(x=True, y=True, alpha=0.12)
        for side in ("left", "bottom"):  # else half of each redraw goes to finer lines and unchanged axes
            self.plot.getAxis(side).setStyle(maxTickLevel=0)
            self.plot.getAxis(side).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.plot.getPlotItem().setMenuEnabled(False)
        self.plot.getPlotItem().hideButtons()
        self.plot.setMinimumHeight(110)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.hide()
        self.plot.addItem(self._cursor, ignoreBounds=True)
        self.plot.scene().sigMouseMoved.connect(self._on_hover)
        self.plot.viewport().installEventFilter(self)
        PlotKeys(self)
        self._lay_out()
        self._paint_axes()

    def _lay_out(self) -> None:
        self.group = named(QComboBox(), f"{self._prefix}_group", "Curves shown in this plot")
        self.group.addItems(list(self._groups))
        self.group.currentTextChanged.connect(self._on_group)
        title = self.group if len(self._groups) > 1 else heading(self._title)
        self.phase = named(QComboBox(), f"{self._prefix}_phase", f"Phase shown in {self._title}")
        self.phase.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.phase.currentTextChanged.connect(self._on_phase)
        self.phase.hide()
        self.log = named(
            QCheckBox("log scale"), f"{self._prefix}_log", f"Logarithmic scale for {self._title}"
        )
        self.log.toggled.connect(self._on_log)
        self.where = named(caption(), f"{self._prefix}_where", "Place of the values beside the plot")
        self.where.setMinimumWidth(10)
        self.legend = CurveLegend(f"{self._prefix}_curves")
        self.legend.toggled.connect(self._on_toggled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.compared = named(caption(), f"{self._prefix}_compared", "Runs that are compared with")
        self.compared.setMinimumWidth(10)
        self.compared.hide()
        layout.addLayout(row(title, self.phase, self.where, 1, self.log))
        middle = row(self.plot, self.legend)
        middle.setStretch(0, 1)
        layout.addLayout(middle, 1)
        layout.addWidget(self.compared)

    def smooth(self, share: float) -> None:
        """Draw running means that take this share from the values before."""
        self._share = share
        self.redraw()

    def set_others(self, others: Mapping[str, CurveData]) -> None:
        """The same curves of other runs, by name, dashed."""
        self._others = dict(others)
        named_runs = (f"{mark} {name}" for mark, name in zip(OTHER_MARKS, others, strict=False))
        self.compared.setText("     ".join(("\N{EM DASH} this run", *named_runs)))
        self.compared.setVisible(bool(others))
        if not self._closed:
            self._rebuild(list(self._items))
            self.redraw()

    def show_time(self, by_time: bool) -> None:
        """Minutes instead of steps on the horizontal axis."""
        self._by_time = by_time
        self._paint_axes()
        self.redraw()
        self.plot.enableAutoRange()

    def take_spent_s(self) -> float:
        """Seconds that went into drawing since this was asked last."""
        spent_s, self.plot.spent_s = self.plot.spent_s, 0.0
        return float(spent_s)

    def redraw(self) -> None:
        """Bring the plot up to date with the data."""
        begun = time.perf_counter()
        if not self._closed:
            self._redraw()
        self.plot.spent_s += time.perf_counter() - begun

    def _redraw(self) -> None:
        self._update_phases()
        names = self._data.names(self._group, self.phase.currentText())
        if list(self._items) != names:
            self._rebuild(names)
        for name, item in self._items.items():
            self._draw(item, self._series(name))
        for (run, name), item in self._other_items.items():
            series = self._others[run].series(self._group, self.phase.currentText(), name)
            self._draw(item, series or Series())
        if not self._cursor.isVisible():
            self._show_newest()

    def close_plot(self) -> None:
        """Take every item out before the window goes (pyqtgraph keeps references otherwise). Once only."""
        if self._closed:
            return
        self._closed = True
        self.plot.scene().sigMouseMoved.disconnect(self._on_hover)
        self._rebuild([])
        self.plot.removeItem(self._cursor)
        self.plot.close()

    def values_at(self, x: float) -> dict[str, float]:
        """Every curve's value nearest to a place on the horizontal axis."""
        return {
            name: self._series(name).values[int(np.abs(self._places(name) - x).argmin())]
            for name in self._items
        }

    def points_of(self, name: str) -> npt.NDArray[np.float64] | None:
        """The places of a curve's points as they are drawn, or None where it has none."""
        item = self._items.get(name)
        drawn = None if item is None else item.getOriginalDataset()[0]
        return drawn if drawn is not None and len(drawn) else None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and not self._closed:
            self._paint_axes()
            self._restyle()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A double click into the plot shows everything again."""
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.plot.enableAutoRange()
            return True
        return super().eventFilter(watched, event)

    # ------------------------------------------------------------ inside

    def _draw(self, item: pg.PlotDataItem, series: Series) -> None:
        x, y = series.arrays(self._by_time)
        if self._group != FIGURES:  # a few points of validation are no noise
            y = smoothed(y, self._share)
        if self.log.isChecked():
            x, y = x[y > 0], y[y > 0]  # a logarithm of nothing would break the axis
        item.setData(x, y)

    def _series(self, name: str) -> Series:
        return self._data.series(self._group, self.phase.currentText(), name) or Series()

    def _on_group(self, title: str) -> None:
        self._title, self._group = title, self._groups[title]
        self._rebuild([])
        self.redraw()
        self.plot.enableAutoRange()

    def _places(self, name: str) -> npt.NDArray[np.float64]:
        series = self._series(name)
        return np.asarray(series.elapsed) / 60 if self._by_time else np.asarray(series.steps, np.float64)

    def _is_on(self, name: str) -> bool:
        phase = self.phase.currentText()
        return self._switched.get((phase, name), name not in OFF_AT_FIRST.get(phase, set()))

    def _update_phases(self) -> None:
        """A phase that begins is shown at once; the earlier ones stay a click away."""
        phases = self._data.phases(self._group)
        phases += [BOTH] if len(phases) > 1 else []
        if phases == [self.phase.itemText(i) for i in range(self.phase.count())]:
            return
        with QSignalBlocker(self.phase):
            self.phase.clear()
            self.phase.addItems(phases)
            self.phase.setCurrentIndex(min(1, len(phases) - 1))
        self.phase.setVisible(len(phases) > 1)
        self.plot.enableAutoRange()

    def _on_phase(self, phase: str) -> None:
        self.redraw()
        self.plot.enableAutoRange()

    def _on_log(self, on: bool) -> None:
        self.plot.setLogMode(y=on)
        self.redraw()
        self.plot.enableAutoRange()

    def _on_toggled(self, name: str, on: bool) -> None:
        self._switched[(self.phase.currentText(), name)] = on
        self._items[name].setVisible(on)
        for run in self._others:
            self._other_items[run, name].setVisible(on)
        self.plot.enableAutoRange()

    def _rebuild(self, names: list[str]) -> None:
        for item in (*self._items.values(), *self._other_items.values()):
            self.plot.removeItem(item)
        self._items.clear()
        self._other_items.clear()
        symbol = "o" if self._group == FIGURES else None
        for name in names:
            self._items[name] = self.plot.plot([], [], symbol=symbol, symbolSize=6)
            self._items[name].setVisible(self._is_on(name))
            for run in self._others:
                self._other_items[run, name] = other = self.plot.plot([], [])
                other.setVisible(self._is_on(name))
        self.legend.set_curves(self._pens(), {name: self._is_on(name) for name in names})
        self._restyle()

    def _colours(self) -> dict[str, str]:
        swap = ON_DARK if colours().name == "dark" else ON_LIGHT
        chosen = {name: OKABE_ITO[i % len(OKABE_ITO)] for i, name in enumerate(self._items)}
        return {name: swap.get(colour, colour) for name, colour in chosen.items()}

    def _pens(self) -> dict[str, QPen]:
        """By colour, and where those do not do by dashes."""
        return {
            name: pg.mkPen(colour, width=1.6, style=DASHES[index // len(OKABE_ITO) % len(DASHES)])
            for index, (name, colour) in enumerate(self._colours().items())
        }

    def _restyle(self) -> None:
        pens = self._pens()
        for name, colour in self._colours().items():
            item = self._items[name]
            item.setPen(pens[name])
            if self._group == FIGURES:
                item.setSymbolBrush(colour)
                item.setSymbolPen(None)
            for run, pattern in zip(self._others, OTHER_DASHES, strict=False):
                pen = pg.mkPen(colour, width=1.2)
                pen.setDashPattern(pattern)
                self._other_items[run, name].setPen(pen)
        self.legend.redraw(pens)

    def _paint_axes(self) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(QColor(text.red(), text.green(), text.blue(), 120))
            axis.setTextPen(text)
        self.plot.setLabel("bottom", "minutes" if self._by_time else "step")
        self._cursor.setPen(pg.mkPen(text, style=Qt.PenStyle.DotLine))

    def _on_hover(self, position: QPointF) -> None:
        inside = self.plot.getPlotItem().sceneBoundingRect().contains(position) and bool(self._items)
        self._cursor.setVisible(inside)
        if not inside:
            self._show_newest()
            return
        self._show_at(float(self.plot.getPlotItem().getViewBox().mapSceneToView(position).x()))

    @property
    def cursor_x(self) -> float | None:
        """Where the cross-hair stands on the horizontal axis; None while it is not seen."""
        return float(self._cursor.value()) if self._cursor.isVisible() else None

    def walk(self, points: int) -> None:
        """Move the cross-hair so many points on, or back; from the newest where it is not seen yet."""
        places = self._places(next(iter(self._items), ""))
        if not len(places):
            return
        here = len(places) if self.cursor_x is None else int(np.abs(places - self.cursor_x).argmin())
        x = float(places[min(max(0, here + points), len(places) - 1)])
        box = self.plot.getPlotItem().getViewBox()
        (left, right), _ = box.viewRange()
        if not left <= x <= right:
            box.translateBy(x=x - (left + right) / 2)
        self._cursor.setVisible(True)
        self._show_at(x)

    def hide_cursor(self) -> None:
        """No cross-hair; the newest values."""
        self._cursor.setVisible(False)
        self._show_newest()

    def _show_at(self, x: float) -> None:
        """The cross-hair, and the values beside the plot, at a place on the horizontal axis."""
        self._cursor.setPos(x)
        first = next(iter(self._items))
        nearest = int(np.abs(self._places(first) - x).argmin())
        series = self._series(first)
        self.where.setText(f"at step {count(series.steps[nearest])}, {duration(series.elapsed[nearest])}")
        values = self.values_at(x)
        self.legend.set_values(values)
        told = (f"{readable(name)} {figure(name, value)}" for name, value in values.items())
        self.plot.setAccessibleDescription(f"{self.where.text()}: {', '.join(told)}")

    def _show_newest(self) -> None:
        waiting = "the first values come with the first validation" if self._group == FIGURES else ""
        self.where.setText("" if self._items else waiting)
        self.legend.set_values({name: self._series(name).values[-1] for name in self._items})
