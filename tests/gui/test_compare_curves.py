"""Train: other runs laid over the curves of the run on show, chosen from a menu."""

from __future__ import annotations

import shutil
from pathlib import Path

from datasets.home import runs_dir
from gui.main_window import MainWindow
from gui.train.curves_panel import MOST_OTHERS
from tests.gui.conftest import wait_idle
from tests.gui.test_train import WAIT, home, training_window  # noqa: F401 (fixtures)


def test_runs_are_compared_by_their_curves(
    qtbot,
    training_window: MainWindow,  # noqa: F811
    tiny_run: Path,
) -> None:
    """Chosen runs come over the watched one, up to four; one that cannot be read is taken off and said."""
    window, curves = training_window, training_window.train.curves
    for number in range(MOST_OTHERS + 2):
        shutil.copytree(tiny_run, runs_dir() / f"run-{number}")
    window.show_workspace(3)
    window.show_workspace(2)
    wait_idle(qtbot, window, WAIT)
    window.train.watch(runs_dir() / "run-0")
    qtbot.waitUntil(lambda: not window.train.data.is_empty(), timeout=WAIT)
    actions = {action.text(): action for action in curves.menu.actions()}
    assert "bundled" not in actions
    for number in range(1, MOST_OTHERS + 1):
        actions[f"run-{number}"].trigger()
    loss = curves.plots[0]
    qtbot.waitUntil(lambda: len(loss._others) == MOST_OTHERS, timeout=WAIT)
    qtbot.waitUntil(lambda: all(not data.is_empty() for data in loss._others.values()), timeout=WAIT)
    assert not actions["run-5"].isEnabled()
    assert curves.compare.text() == "Compare (4)"
    assert "run-3" in loss.compared.text()
    actions["run-2"].trigger()
    assert "run-2" not in loss._others
    assert actions["run-5"].isEnabled()
    shutil.rmtree(runs_dir() / "run-5")
    actions["run-5"].trigger()
    qtbot.waitUntil(lambda: "run-5" in window.messages.text, timeout=WAIT)
    assert set(loss._others) == {"run-1", "run-3", "run-4"}
    assert not {a.text(): a for a in curves.menu.actions()}["run-5"].isChecked()
    window.train._leave()
    wait_idle(qtbot, window, WAIT)
