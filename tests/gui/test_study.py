"""Library: a study's trials across parallel axes and in a table, from Optuna's own storage."""

from __future__ import annotations

import shutil
from pathlib import Path

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton

from datasets.home import runs_dir
from engine.config import load_preset
from engine.search_space import search_space
from engine.study import Plan, open_study, study_names
from gui.library.parallel_axes import Axis, Ranges
from gui.main_window import MainWindow
from tests.gui.conftest import wait_idle
from tests.gui.test_train import WAIT, home, training_window  # noqa: F401 (fixtures)

RATES = (1e-4, 1e-3, 1e-2, 3e-3)
FIGURES = (0.5, 0.9, 0.7, None)


def make_study(name: str = "rates") -> None:
    """Three trials that are done and one that is running."""
    config = load_preset("small")
    search = search_space(["training.transition_rate=1e-4:1e-2:log", "transition.width=64,96"], config)
    study, _ = open_study(name, None, Plan("shapes", config, 2.0, "directed_accuracy", search), 0)
    distributions = {
        "training.transition_rate": optuna.distributions.FloatDistribution(1e-4, 1e-2, log=True),
        "transition.width": optuna.distributions.CategoricalDistribution(["64", "96"]),
    }
    for number, (rate, value) in enumerate(zip(RATES, FIGURES, strict=True)):
        running = value is None
        state = optuna.trial.TrialState.RUNNING if running else optuna.trial.TrialState.COMPLETE
        study.add_trial(
            optuna.trial.create_trial(
                state=state,
                value=value,
                params={"training.transition_rate": rate, "transition.width": ("64", "96")[number % 2]},
                distributions=distributions,
                user_attrs={"run": str(runs_dir() / f"{name}-{number:04d}")},
            )
        )


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_trials_cross_the_axes(
    qtbot,
    training_window: MainWindow,  # noqa: F811
    tiny_run: Path,
) -> None:
    """By mouse and keyboard: the study, a line and its row, a range on an axis, the run, the curves."""
    window, library = training_window, training_window.library
    view, plot, table = library.study, library.study.plot, library.study.table
    window.show_workspace(3)
    qtbot.mouseClick(window.findChild(QPushButton, "library_studies"), Qt.MouseButton.LeftButton)
    wait_idle(qtbot, window, WAIT)
    assert "doscope sweep" in view._empty._hint.text()  # no file yet, and none is made by looking
    assert study_names() == ()
    make_study()
    view.ask()
    qtbot.waitUntil(lambda: table.rowCount() == 4, timeout=WAIT)
    assert view.names.currentText() == "rates"
    assert "3 done, 1 running; best 90.0 %" in view.summary.text()
    assert [table.item(0, column).text() for column in range(5)] == ["1", "done", "90.0 %", "0.001", "96"]
    assert [axis.title for axis in plot.axes] == ["transition rate", "width", "directed accuracy"]
    assert plot.axes[0].place(1e-3) == pytest.approx(0.5)  # even in the logarithm

    library.runs.clearSelection()
    narrow_down_by_keys(qtbot, window)
    first, second = plot.line_of(plot.trials[0])[:2]
    middle = QPoint(round(0.7 * first.x() + 0.3 * second.x()), round(0.7 * first.y() + 0.3 * second.y()))
    assert plot.describe(plot.trial_at(middle)).startswith("trial 1, done")
    qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=middle)
    assert table.keys() == ["1"]
    assert plot.selected == {1}
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert plot.selected == {1, 2}
    assert not view.show_run.isEnabled()

    x, low, high = round(plot.axis_x(0)), round(plot.y_of(0.9)), round(plot.y_of(0.4))
    qtbot.mousePress(plot, Qt.MouseButton.LeftButton, pos=QPoint(x, low))
    qtbot.mouseMove(plot, QPoint(x, high))
    qtbot.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=QPoint(x, high))
    assert [trial.number for trial in view.trials_kept()] == [1, 3]
    assert table.rowCount() == 2
    assert table.keys() == ["1"]
    view.ask()
    wait_idle(qtbot, window, WAIT)
    assert table.rowCount() == 2  # the range stays when the study is read again
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert table.rowCount() == 4

    qtbot.mouseClick(view.show_run, Qt.MouseButton.LeftButton)
    assert "rates-0001" in window.messages.text
    shutil.copytree(tiny_run, runs_dir() / "rates-0001")
    library.refresh()
    wait_idle(qtbot, window, WAIT)
    assert library.details.currentWidget() is view
    qtbot.mouseClick(view.show_run, Qt.MouseButton.LeftButton)
    assert library.details.currentWidget() is library.run_detail
    assert library.runs.key().endswith("rates-0001")


def narrow_down_by_keys(qtbot, window: MainWindow) -> None:
    """Tab to the plot, from axis to axis, and both ends of their ranges; screen readers hear of it."""
    view, plot = window.library.study, window.library.study.plot
    refresh = window.findChild(object, "library_study_refresh")
    refresh.setFocus()
    qtbot.keyClick(refresh, Qt.Key.Key_Tab)
    assert plot.hasFocus()
    for _ in range(3):
        qtbot.keyClick(plot, Qt.Key.Key_Left)  # to the first axis, and no further
    for _ in range(4):
        qtbot.keyClick(plot, Qt.Key.Key_Down)
    assert sorted(trial.number for trial in view.trials_kept()) == [0, 1, 3]
    qtbot.keyClick(plot, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert [trial.number for trial in view.trials_kept()] == [1, 3]
    assert plot.accessibleDescription() == ("transition rate: 0.000126 to 0.00398; 2 of 4 trials are kept")
    assert view.kept.text() == "transition rate 0.000126 to 0.00398: 2 of 4 trials"
    assert view.kept.isVisible()
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.accessibleDescription().startswith("width: all of it; 2 of 4")
    qtbot.keyClick(plot, Qt.Key.Key_Down)
    assert "width 64" in view.kept.text()
    assert view.table.rowCount() == 0
    qtbot.keyClick(plot, Qt.Key.Key_Backspace)
    assert view.table.rowCount() == 2
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert view.table.rowCount() == 4
    assert not view.kept.isVisible()


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30), st.sampled_from([(), ("a", "b", "c")]))
def test_ends_of_ranges_stay_in_order(moves: list[tuple[bool, bool]], values: tuple[str, ...]) -> None:
    """However they are moved: on the axis, the upper end above the lower; and back to the whole axis."""
    axis, ranges = Axis("training.x", "x", 1.0, 9.0, values=values), Ranges()
    for upper, up in moves:
        ranges.move_end(axis, upper, up)
        low, high = ranges.of(axis) or (0.0, 1.0)
        assert 0 <= low < high <= 1
        assert any(low <= place <= high for place, _ in axis.ticks()) or not values
    for _ in range(20):
        ranges.move_end(axis, True, True)
        ranges.move_end(axis, False, False)
    assert not ranges


def test_a_storage_that_cannot_be_used_is_said(
    qtbot,
    training_window: MainWindow,  # noqa: F811
) -> None:
    """An address of a database that is none: one sentence, and the view stays as it is."""
    window, view = training_window, training_window.library.study
    window.show_workspace(3)
    window.library.show_studies()
    view.storage.setFocus()
    qtbot.keyClicks(view.storage, "nonsense://somewhere")
    view._timer.start()  # as while a trial is running
    qtbot.keyClick(view.storage, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "storage cannot be used" in window.messages.text, timeout=WAIT)
    assert not view._timer.isActive()  # or it would be said again every five seconds
