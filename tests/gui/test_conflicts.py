"""One data set, two jobs: a build never pulls the file from under a job that reads it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import datasets
from datasets.home import caches_dir, runs_dir
from datasets.recipe import Recipe
from engine.errors import InputError
from gui import requests as rq
from gui.data_work import refuse_conflict
from gui.main_window import MainWindow
from gui.top_bar import WORKSPACES
from tests.gui.conftest import wait_idle

WAIT = 60_000
EVALUATE = rq.EvaluateRun("tiny", "shapes")
VERIFY = rq.VerifyDataset("shapes")
GALLERY = rq.ReadCodeUse("tiny", "shapes", 0, 0)
MEAN, MEASURE = rq.AverageGraph("tiny", "shapes"), rq.MeasureEffects("tiny", "shapes")
CALIBRATE, JUDGE = rq.Calibrate("tiny", "shapes"), rq.JudgeRun("tiny", "shapes")
MISTAKE = rq.FindMistake("tiny", "shapes")
TRAIN = rq.StartTraining("shapes", "small", "runs/a")
BUILD = rq.BuildDataset("shapes", view="library")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home of this test's own, in which `shapes` is a small data set."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    small = Recipe("shapes", train_pairs=150, validation_pairs=30, test_pairs=40)
    monkeypatch.setitem(datasets._RECIPES, "shapes", small)


@pytest.mark.parametrize(
    "user",
    [EVALUATE, VERIFY, TRAIN, GALLERY, MEAN, MEASURE, CALIBRATE, JUDGE, MISTAKE],
    ids=lambda request: request.kind,
)
def test_a_used_data_set_is_not_built_and_a_built_one_not_used(user: rq.Request) -> None:
    """Both ways round, and by whatever name the file is called; other files and short looks are free."""
    with pytest.raises(InputError, match=r"shapes is in use \(\w+"):
        refuse_conflict(BUILD, [user])
    with pytest.raises(InputError, match="being built"):
        refuse_conflict(user, [BUILD])
    by_path = rq.VerifyDataset(str(caches_dir() / "shapes.h5"))
    with pytest.raises(InputError):
        refuse_conflict(by_path, [BUILD])
    refuse_conflict(BUILD, [])
    refuse_conflict(user, [EVALUATE, VERIFY])
    refuse_conflict(rq.BuildDataset("sprites", "sheets"), [user])
    refuse_conflict(rq.BrowseImages("shapes"), [BUILD])


def test_the_first_start_builds_once(tiny_cache: Path) -> None:
    """Opening builds only what is missing: then it is a build like the others, else a look."""
    opening = rq.OpenDataset("shapes")
    with pytest.raises(InputError, match="being built"):
        refuse_conflict(BUILD, [opening])
    caches_dir().mkdir(parents=True)
    shutil.copy(tiny_cache, caches_dir() / "shapes.h5")
    refuse_conflict(VERIFY, [opening])
    refuse_conflict(opening, [BUILD])


@pytest.mark.usefixtures("brief_evaluation")
@pytest.mark.long
def test_build_again_waits_for_an_evaluation(
    qtbot, make_window: Callable[[], MainWindow], tiny_run: Path, tiny_cache: Path, keep_probes
) -> None:
    """Build again under Evaluate: a sentence, the file stays as it was, and the evaluation ends well."""
    caches_dir().mkdir(parents=True)
    path = Path(shutil.copy(tiny_cache, caches_dir() / "shapes.h5"))
    keep_probes()
    run, before = Path(shutil.copytree(tiny_run, runs_dir() / "tiny")), path.read_bytes()
    window = make_window()
    library = window.library
    window.show_workspace(WORKSPACES.index("Library"))
    qtbot.waitUntil(lambda: library.runs.choose(str(run)), timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    library.show_run(str(run))
    library.run_detail.evaluate.click()
    library.show_dataset("shapes")
    library.dataset_detail.build.click()
    qtbot.waitUntil(lambda: "in use" in window.messages.text, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert path.read_bytes() == before
    assert library.dataset_detail.build.isEnabled()
    assert library.run_detail._measured[str(run)]
