"""The curves of Train: what they keep, how they are drawn and read."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.events import RunStarted, StepLogged, Validated
from gui.theme import apply_theme
from gui.train.curve_data import FIGURES, LOSSES, MAX_POINTS, SPEED, CurveData, Series, smoothed
from gui.train.curve_plot import CurvePlot
from gui.train.curves_panel import CurvesPanel


def _step(step: int, phase: str = "autoencoder", **values: float) -> StepLogged:
    return StepLogged(phase, step, step * 1.0, step / 100, 50.0, 100.0, values or {"loss": 1 / step})


def test_a_resumed_curve_is_cut_back_to_the_checkpoint() -> None:
    """Steps that were lost with a killed process do not stay in the curve."""
    data = CurveData()
    data.add([_step(n) for n in range(1, 6)])
    data.add([RunStarted("r", "shapes", "small", "cpu", 1, 3, 60.0), _step(4, loss=9.0)])
    series = data.curves[LOSSES][("autoencoder", "loss")]
    assert series.steps == [1, 2, 3, 4]
    assert series.values[-1] == 9.0
    data.add([RunStarted("r", "shapes", "small", "cpu", 1, 0, 60.0)])
    assert data.is_empty()


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    """A day of training does not make the plot slow, and its newest point is drawn, memory stays bounded."""
    series = Series()
    for n in range(1, 3 * MAX_POINTS):
        series.append(n, n * 0.5, math.sin(n))
    assert len(series.steps) < 2 * MAX_POINTS
    x, y = series.arrays(by_time=False)
    assert len(x) == len(y) <= MAX_POINTS
    assert x[0] == 1
    assert x[-1] == series.steps[-1] >= 3 * MAX_POINTS - 2
    minutes, _ = series.arrays(by_time=True)
    assert minutes[-1] == pytest.approx(x[-1] * 0.5 / 60)


@pytest.fixture
def plot(qtbot) -> CurvePlot:
    data = CurveData()
    data.add([_step(n, loss=float(10 - n), commitment=1e-3, learning_rate=1e-3) for n in range(1, 9)])
    data.add([Validated("autoencoder", 4, 4.0, {"psnr": 20.0})])
    made = CurvePlot(data, {"Losses": LOSSES, "Speed and memory": SPEED})
    made.resize(600, 300)
    qtbot.addWidget(made, before_close_func=lambda widget: widget.close_plot())
    made.show()
    made.redraw()
    return made


def test_a_long_curve_is_drawn_with_few_points(plot: CurvePlot) -> None:
    """Ten redraws a second must stay cheap: hours of steps become no more points than a screen is wide."""
    plot._data.add([_step(n, loss=1.0) for n in range(9, 8000)])
    plot.redraw()
    x, _ = plot._items["loss"].getOriginalDataset()
    assert len(x) <= 1920
    assert x[-1] > 7900


def test_values_under_the_pointer(plot: CurvePlot) -> None:
    """The nearest step's values stand in the legend while the pointer is over the plot, else the newest."""
    assert plot.values_at(3.2)["loss"] == 7.0
    view = plot.plot.getPlotItem().getViewBox()
    plot._on_hover(view.mapViewToScene(view.viewRect().center()))
    assert "at step" in plot.where.text()
    plot._on_hover(
        view.mapViewToScene(view.viewRect().center()) + view.mapViewToScene(view.viewRect().topLeft()) * 99
    )
    assert plot.where.text() == ""
    assert plot.legend.values["loss"].text() == "2"


def test_log_scale_leaves_out_what_has_no_logarithm(plot: CurvePlot) -> None:
    """Zeros and negative values disappear instead of breaking the axis."""
    plot._data.add([_step(9, loss=0.0), _step(10, loss=-1.0)])
    plot.log.setChecked(True)
    x, _ = plot._items["loss"].getOriginalDataset()
    assert x.max() == 8
    plot.log.setChecked(False)
    x, _ = plot._items["loss"].getOriginalDataset()
    assert x.max() == 10


def test_curves_are_switched_by_their_ticks(plot: CurvePlot) -> None:
    """A tick shows or hides a curve; what is on another scale than the rest is off at first."""
    assert plot._items["commitment"].isVisible()
    plot.legend.boxes["commitment"].click()
    assert not plot._items["commitment"].isVisible()
    plot.group.setCurrentText("Speed and memory")
    assert list(plot._items) == ["images_per_s", "learning_rate"]
    assert not plot._items["learning_rate"].isVisible()
    plot.legend.boxes["learning_rate"].click()
    assert plot._items["learning_rate"].isVisible()


def test_a_new_phase_comes_forward(plot: CurvePlot) -> None:
    """The curves of the phase that runs are on show; the earlier ones stay a choice."""
    plot._data.add([_step(11, phase="transition", hidden=1.0)])
    plot.redraw()
    assert plot.phase.currentText() == "transition"
    assert list(plot._items) == ["hidden"]
    plot.phase.setCurrentText("autoencoder")
    assert "loss" in plot._items


def test_both_phases_share_one_axis(plot: CurvePlot) -> None:
    """A curve that both phases have goes on where the first one ended."""
    plot._data.add([_step(11, phase="transition", loss=3.0, hidden=1.0)])
    plot.redraw()
    plot.phase.setCurrentText("both phases")
    assert list(plot._items) == ["loss", "commitment", "hidden"]
    x, y = plot._items["loss"].getOriginalDataset()
    assert x.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 11]
    assert y[-1] == 3.0
    x, _ = plot._items["hidden"].getOriginalDataset()
    assert x.tolist() == [11]


def test_smoothing_is_a_running_mean_without_bias(plot: CurvePlot) -> None:
    """By hand: half of the mean before and half of the new value, divided by the weights so far."""
    assert smoothed(np.array([4.0, 8.0, 2.0]), 0.5).tolist() == pytest.approx(
        [4, (2 * 0.5 + 4) / 0.75, (5 * 0.5 + 1) / 0.875]
    )
    assert smoothed(np.full(50, 7.0), 0.9).tolist() == pytest.approx([7.0] * 50)
    assert smoothed(np.array([1.0, 2.0]), 0).tolist() == [1, 2]
    plot.smooth(0.5)
    _, y = plot._items["loss"].getOriginalDataset()
    assert y[0] == 9.0
    assert 2.0 < y[-1] < 5.0
    assert plot.values_at(8)["loss"] == 2.0


def test_other_runs_are_laid_over(plot: CurvePlot) -> None:
    """The same curves, dashed, named below the plot, and switched by the same ticks."""
    other = CurveData()
    other.add([_step(n, loss=5.0) for n in range(1, 4)])
    plot.set_others({"earlier": other})
    assert "earlier" in plot.compared.text()
    x, y = plot._other_items["earlier", "loss"].getOriginalDataset()
    assert x.tolist() == [1, 2, 3]
    assert set(y.tolist()) == {5.0}
    plot.legend.boxes["loss"].click()
    assert not plot._other_items["earlier", "loss"].isVisible()
    plot.set_others({})
    assert not plot._other_items
    assert not plot.compared.isVisible()


def test_a_double_click_shows_everything_again(plot: CurvePlot) -> None:
    """After a zoom, as everywhere."""
    box = plot.plot.getPlotItem().getViewBox()
    plot.plot.setXRange(2, 3, padding=0)
    assert box.viewRange()[0] == [2, 3]
    QTest.mouseDClick(plot.plot.viewport(), Qt.MouseButton.LeftButton)
    box.updateAutoRange()
    assert box.viewRange()[0][1] > 7


def test_a_plot_is_read_and_zoomed_by_keys(plot: CurvePlot) -> None:
    """Point by point from the newest on, with words for screen readers; zoomed, moved, whole again."""
    plot.plot.setFocus()
    box = plot.plot.getPlotItem().getViewBox()
    for _ in range(3):
        QTest.keyClick(plot.plot, Qt.Key.Key_Left)
    assert plot.where.text().startswith("at step 6")
    assert plot.legend.values["loss"].text() == "4"
    assert "loss 4" in plot.plot.accessibleDescription()
    QTest.keyClick(plot.plot, Qt.Key.Key_PageUp)
    assert plot.cursor_x == 1
    (left, right), _ = box.viewRange()
    QTest.keyClick(plot.plot, Qt.Key.Key_Plus)
    (near, far), _ = box.viewRange()
    assert far - near < 0.9 * (right - left)
    QTest.keyClick(plot.plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert box.viewRange()[0][0] > near
    QTest.keyClick(plot.plot, Qt.Key.Key_PageDown)
    assert box.viewRange()[0][0] < plot.cursor_x == 8 < box.viewRange()[0][1]
    QTest.keyClick(plot.plot, Qt.Key.Key_0)
    box.updateAutoRange()
    assert box.viewRange()[0] == pytest.approx([left, right])
    QTest.keyClick(plot.plot, Qt.Key.Key_Escape)
    assert plot.cursor_x is None
    assert plot.where.text() == ""


def test_a_closed_plot_takes_no_more(plot: CurvePlot, qapp: QApplication) -> None:
    """What still arrives after the window was closed (a change of theme, a redraw) breaks nothing."""
    plot.close_plot()
    plot.close_plot()
    apply_theme(qapp, "dark")
    apply_theme(qapp, "light")
    plot.redraw()
    assert not plot._items


def test_an_empty_plot_says_what_it_waits_for(qtbot) -> None:
    """Before the first validation its axes are not empty without a word."""
    data = CurveData()
    data.add([_step(1)])
    made = CurvePlot(data, {"Validation": FIGURES})
    qtbot.addWidget(made, before_close_func=lambda widget: widget.close_plot())
    made.redraw()
    assert "first validation" in made.where.text()
    data.add([Validated("autoencoder", 4, 4.0, {"psnr": 20.0})])
    made.redraw()
    assert made.where.text() == ""


def test_drawing_takes_no_more_than_its_share(qtbot) -> None:
    """A slow plot is drawn anew when what it took is a small part of the time; without a limit at once."""
    data, now = CurveData(), [100.0]
    panel = CurvesPanel(data)
    panel._clock = lambda: now[0]
    qtbot.addWidget(panel, before_close_func=lambda widget: widget.close_plots())
    data.add([_step(1)])
    panel.redraw(0.02)
    loss = panel.plots[0]
    assert len(loss.points_of("loss")) == 1
    for plot in panel.plots:
        plot.take_spent_s()
    loss.plot.spent_s = 0.004
    data.add([_step(2)])
    now[0] += 0.19
    panel.redraw(0.02)
    assert len(loss.points_of("loss")) == 1
    now[0] += 0.02  # 0.2 s have passed: fifty times what the drawing took
    panel.redraw(0.02)
    assert len(loss.points_of("loss")) == 2
    loss.plot.spent_s = 100.0
    data.add([_step(3)])
    panel.redraw()
    assert len(loss.points_of("loss")) == 3
