"""The curves of Train: what they keep, how they are drawn and read."""

from __future__ import annotations

import math

import pytest
from PySide6.QtWidgets import QApplication

from engine.events import RunStarted, StepLogged, Validated
from gui.theme import apply_theme
from gui.train.curve_data import LOSSES, MAX_POINTS, CurveData, Series
from gui.train.curve_plot import CurvePlot


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
    data.add([_step(n, loss=float(10 - n), learning_rate=1e-3) for n in range(1, 9)])
    data.add([Validated("autoencoder", 4, 4.0, {"psnr": 20.0})])
    made = CurvePlot(data, LOSSES, "Losses")
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
    """The learning rate is off at first; a tick shows or hides a curve."""
    assert not plot._items["learning_rate"].isVisible()
    click_box = plot.legend.boxes["learning_rate"]
    click_box.click()
    assert plot._items["learning_rate"].isVisible()


def test_a_new_phase_comes_forward(plot: CurvePlot) -> None:
    """The curves of the phase that runs are on show; the earlier ones stay a choice."""
    plot._data.add([_step(11, phase="transition", hidden=1.0)])
    plot.redraw()
    assert plot.phase.currentText() == "transition"
    assert list(plot._items) == ["hidden"]
    plot.phase.setCurrentText("autoencoder")
    assert "loss" in plot._items


def test_a_closed_plot_takes_no_more(plot: CurvePlot, qapp: QApplication) -> None:
    """What still arrives after the window was closed (a change of theme, a redraw) breaks nothing."""
    plot.close_plot()
    plot.close_plot()
    apply_theme(qapp, "dark")
    apply_theme(qapp, "light")
    plot.redraw()
    assert not plot._items
