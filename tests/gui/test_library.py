"""Library, driven like a person does: building, checking, looking, evaluating, deleting."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton

import datasets
from datasets.cache import Cache
from datasets.home import caches_dir, runs_dir
from datasets.kept_import import KeptImport
from datasets.recipe import Recipe
from gui.library.work import findings_words, list_library
from gui.main_window import MainWindow
from gui.replies import Evaluated, RunEntry
from gui.words import bare_name, duration, figure, file_size, percent, readable_action
from tests.datasets.faces import random_faces, tarred
from tests.datasets.set_files import write_shapes3d
from tests.gui.conftest import wait_idle

WAIT = 60_000


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of this test's own, in which `shapes` is a small data set."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    small = Recipe("shapes", train_pairs=150, validation_pairs=30, test_pairs=40)
    monkeypatch.setitem(datasets._RECIPES, "shapes", small)
    return tmp_path / "home"


@pytest.fixture
def window(qtbot, home: Path, make_window: Callable[[], MainWindow]) -> MainWindow:
    """The window with the Library in front and its lists read."""
    made = make_window()
    click(made.findChild(QPushButton, "workspace_library"))
    qtbot.waitUntil(lambda: made.library.datasets.rowCount() > 0, timeout=WAIT)
    wait_idle(qtbot, made, WAIT)
    return made


@pytest.fixture
def with_run(qtbot, window: MainWindow, tiny_run: Path, tiny_cache: Path) -> MainWindow:
    """The Library with the tiny data set built and the tiny run listed and chosen."""
    caches_dir().mkdir(parents=True, exist_ok=True)
    shutil.copy(tiny_cache, caches_dir() / "shapes.h5")
    shutil.copytree(tiny_run, runs_dir() / "tiny")
    click(window.findChild(object, "library_refresh"))
    wait_idle(qtbot, window, WAIT)
    window.library.show_run(str(runs_dir() / "tiny"))
    return window


def cells(window: MainWindow, name: str) -> list[str]:
    table = window.library.datasets
    row = next(r for r in range(table.rowCount()) if table.item(r, 0).text() == name)
    return [table.item(row, column).text() for column in range(table.columnCount())]


def test_a_data_set_is_built_with_progress_and_shown(qtbot, window: MainWindow) -> None:
    """Build: the bar moves, the file is there, its images and counts are shown."""
    detail = window.library.dataset_detail
    seen: list[int] = []
    window.engine.activity.connect(lambda a: seen.append(a.done) if a is not None and a.total else None)
    assert cells(window, "shapes")[3] == "not built"
    click(detail.build)
    assert not detail.build.isEnabled()
    assert not detail.progress_row.isHidden()
    qtbot.waitUntil(lambda: len(detail.page.grid.pictures) > 0, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert len(set(seen)) > 1
    assert (caches_dir() / "shapes.h5").is_file()
    assert cells(window, "shapes")[3] == "built"
    assert detail.progress_row.isHidden()
    assert "40 test" in detail.facts.text()
    assert detail.build.text() == "Build again"


def test_a_build_is_cancelled_and_leaves_nothing(
    qtbot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancel ends it at its next step; no half file stays and the button is free again."""
    monkeypatch.setitem(datasets._RECIPES, "shapes", Recipe("shapes"))
    detail = window.library.dataset_detail
    click(detail.build)
    qtbot.waitUntil(lambda: "rendering" in detail.progress_words.text(), timeout=WAIT)
    click(detail.cancel)
    qtbot.waitUntil(detail.build.isEnabled, timeout=WAIT)
    assert not list(caches_dir().glob("*"))
    assert not list(caches_dir().glob(".*"))
    assert cells(window, "shapes")[3] == "not built"
    assert window.messages.text == "The build was cancelled."


def test_a_file_is_imported(
    qtbot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set that needs a file says so and where to get it; the file is chosen, imported and shown."""
    small = Recipe("3dshapes", train_pairs=12, validation_pairs=2, test_pairs=3)
    monkeypatch.setitem(datasets._RECIPES, "3dshapes", small)
    source, _ = write_shapes3d(tmp_path)
    library, detail = window.library, window.library.dataset_detail
    assert cells(window, "3dshapes")[3] == "needs a file"
    library.show_dataset("3dshapes")
    assert not detail.build.isEnabled()
    assert "github.com/google-deepmind/3d-shapes" in detail.source_hint.text()
    assert detail.choose.isHidden()
    assert not detail.choose_archive.isHidden()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(source), ""))
    click(detail.choose_archive)
    click(detail.build)
    click(detail.cancel)
    wait_idle(qtbot, window, WAIT)
    # how much was read before it ended, and with it the rest of the sentence, depends on the machine
    assert window.messages.text.startswith("The build was cancelled")
    click(detail.build)
    qtbot.waitUntil(lambda: len(detail.page.grid.pictures) > 0, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert cells(window, "3dshapes")[3] == "built"
    assert "3 test" in detail.facts.text()
    assert "3dshapes is built" in window.messages.text
    library.show_dataset("sprites")
    assert not detail.choose.isHidden()
    assert detail.choose_archive.isHidden()


def test_what_a_cancelled_import_has_read_stays(
    qtbot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, also when another data set was finished meanwhile."""
    note = KeptImport.note
    monkeypatch.setattr(KeptImport, "note", lambda *what: (time.sleep(0.05), note(*what)))
    monkeypatch.setattr("datasets.stored._REPORT_S", 0.0)
    library, detail = window.library, window.library.dataset_detail
    library.show_dataset("3dshapes")
    detail.source.setText(str(write_shapes3d(tmp_path)[0]))
    click(detail.build)
    qtbot.waitUntil(lambda: detail.progress.value() > 20, timeout=WAIT)
    library.unpacking.unpacked.emit(SimpleNamespace(dataset="other", num_images=5))
    click(detail.cancel)
    wait_idle(qtbot, window, WAIT)
    assert "what was read of 3dshapes stays for a day" in window.messages.text
    assert datasets.images_kept("3dshapes") > 0
    assert datasets.images_kept("dsprites") == 0


def test_a_folder_without_sheets_is_refused(qtbot, window: MainWindow, tmp_path: Path) -> None:
    """Sprites needs a folder: none, then one without sheets; the sentence names it, nothing is written."""
    hints: list[str] = []
    window.library.hinted.connect(hints.append)
    library, detail = window.library, window.library.dataset_detail
    library.show_dataset("sprites")
    assert not detail.build.isEnabled()
    assert "folder" in detail.build.toolTip()
    wrong = tmp_path / "holiday"
    wrong.mkdir()
    detail.source.setText(str(wrong))
    click(detail.build)
    qtbot.waitUntil(lambda: "holiday" in window.messages.text, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert detail.build.isEnabled()
    assert not (caches_dir() / "sprites.h5").exists()
    assert not hints  # it failed; nobody cancelled it


def test_faces_are_built_from_an_archive(
    qtbot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CelebA takes a folder or an archive; once built it shows the factors that it has, and its faces."""
    library, detail = window.library, window.library.dataset_detail
    library.show_dataset("sprites")
    assert detail.choose_archive.isHidden()
    library.show_dataset("celeba")
    assert not detail.choose_archive.isHidden()
    assert "folder or archive" in detail.source_hint.text()
    assert "Choose the folder or archive" in detail.build.toolTip()
    assert "Eyeglasses 2 (binary)" in detail.facts.text()
    assert "must not be passed on" in detail.facts.text()
    archive = tarred(tmp_path / "faces.tar.gz", random_faces(60).files())
    monkeypatch.setattr(
        "gui.library.dataset_detail.QFileDialog.getOpenFileName", lambda *_: (str(archive), "")
    )
    click(detail.choose_archive)
    assert detail.source.text() == str(archive)
    click(detail.build)
    qtbot.waitUntil(lambda: len(detail.page.grid.pictures) > 0, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    assert cells(window, "celeba")[3] == "built"
    qtbot.waitUntil(lambda: "Bald 2 (binary), Male 2 (binary)" in detail.facts.text(), timeout=WAIT)
    assert "Eyeglasses" not in detail.facts.text()
    assert "Smiling" in detail.page.grid.words[0]


def test_a_damaged_cache_is_listed_with_its_remedy(qtbot, with_run: MainWindow) -> None:
    """A truncated file is marked, cannot be used, and can be built again."""
    path = caches_dir() / "shapes.h5"
    path.write_bytes(path.read_bytes()[:5000])
    library = with_run.library
    fresh = list_library(_entries(), ())
    library._on_library(fresh)
    library.show_dataset("shapes")
    wait_idle(qtbot, with_run, WAIT)
    assert cells(with_run, "shapes")[3] == "damaged"
    assert "cannot be used" in library.dataset_detail.facts.text()
    assert not library.dataset_detail.use.isEnabled()
    assert library.dataset_detail.build.isEnabled()


def _entries():
    from gui.data_work import DataWork

    work = DataWork()
    entries = work.entries()
    work.close()
    return entries


def test_a_sound_data_set_is_verified(qtbot, with_run: MainWindow) -> None:
    """Verify reads every image and says so."""
    with_run.library.show_dataset("shapes")
    wait_idle(qtbot, with_run, WAIT)
    click(with_run.library.dataset_detail.verify)
    qtbot.waitUntil(lambda: "is sound" in with_run.messages.text, timeout=WAIT)


def test_a_run_is_explored(qtbot, with_run: MainWindow) -> None:
    """Explore loads the chosen run and goes to Explore."""
    click(with_run.library.run_detail.explore)
    qtbot.waitUntil(lambda: with_run.selection.run is not None, timeout=WAIT)
    assert with_run.selection.run.name == "tiny"
    assert with_run.stack.currentWidget() is with_run.explore
    wait_idle(qtbot, with_run, WAIT)


@pytest.mark.long
@pytest.mark.usefixtures("brief_evaluation")
def test_a_run_is_evaluated(qtbot, with_run: MainWindow, keep_probes) -> None:
    """Evaluate measures the test pairs; figures and intervals stand in the table."""
    keep_probes()
    detail = with_run.library.run_detail
    click(detail.evaluate)
    assert not detail.evaluate.isEnabled()
    qtbot.waitUntil(detail.evaluate.isEnabled, timeout=WAIT)
    table = detail.figures
    rows = {
        table.item(r, 0).text(): table.item(r, 1).text()
        for r in range(table.rowCount())
        if table.item(r, 2).text().startswith("test pairs")
    }
    assert rows["directed accuracy"].endswith("%")
    assert int(rows["pairs"].replace(",", "")) > 0
    assert any(name.startswith("per action") for name in rows)


def test_a_run_is_deleted_only_after_a_question(qtbot, with_run: MainWindow) -> None:
    """Keep keeps it; Delete removes the directory and its row."""
    path = runs_dir() / "tiny"
    detail = with_run.library.run_detail
    for answer, stays in (("Keep", True), ("Delete", False)):
        click(detail.delete)
        box = with_run.findChild(QMessageBox, "library_delete_question")
        click(next(b for b in box.buttons() if b.text() == answer))
        wait_idle(qtbot, with_run, WAIT)
        assert path.exists() is stays
        QTest.qWait(20)
    names = [with_run.library.runs.item(r, 0).text() for r in range(with_run.library.runs.rowCount())]
    assert "tiny" not in names


def test_what_is_no_run_is_never_deleted(tmp_path: Path, home: Path) -> None:
    """A wrong path in a request removes nothing."""
    from engine.errors import RunError
    from engine.run_directory import BUNDLED
    from gui.library.work import delete_run
    from gui.requests import DeleteRun

    precious = tmp_path / "precious"
    precious.mkdir()
    for path in (precious, BUNDLED):
        with pytest.raises(RunError):
            delete_run(DeleteRun(str(path)))
    assert precious.is_dir()


def test_a_run_of_another_version_says_so(qtbot, with_run: MainWindow) -> None:
    """It is listed, cannot be explored or resumed, and tells why."""
    config = runs_dir() / "tiny" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"version": 99}))
    click(with_run.findChild(object, "library_refresh"))
    wait_idle(qtbot, with_run, WAIT)
    detail = with_run.library.run_detail
    assert "version 99" in detail.facts.text()
    assert not detail.explore.isEnabled()
    assert not detail.resume.isEnabled()
    assert not detail.evaluate.isEnabled()


def test_runs_of_another_folder_are_listed_and_remembered(qtbot, window: MainWindow, tiny_run: Path) -> None:
    """An added folder's runs appear beside those of the home, also after a restart of the window."""
    window.library.add_folder(str(tiny_run.parent))
    qtbot.waitUntil(lambda: window.library.runs.choose(str(tiny_run)), timeout=WAIT)
    window.library.save_layout(window.settings)
    window.library._folders = []
    window.library.restore_layout(window.settings)
    assert window.library._folders == [str(tiny_run.parent)]


def test_curves_of_a_run_open_in_train(qtbot, with_run: MainWindow) -> None:
    """Curves shows the finished run's losses in Train."""
    click(with_run.library.run_detail.watch)
    assert with_run.stack.currentWidget() is with_run.train
    qtbot.waitUntil(lambda: not with_run.train.data.is_empty(), timeout=WAIT)
    wait_idle(qtbot, with_run, WAIT)
    assert with_run.train.live.phase.text() == "finished"


def test_the_bundled_model_is_neither_resumed_nor_deleted(window: MainWindow) -> None:
    """Its buttons are off and say why."""
    detail = window.library.run_detail
    detail.set_entry(
        RunEntry(
            "bundled", Path("resources/bundled"), "shapes", "small", "transition", 9, 1.0, "stopped", True
        )
    )
    assert not detail.resume.isEnabled()
    assert not detail.delete.isEnabled()
    assert "belongs to Doscope" in detail.delete.toolTip()


def test_measured_figures_stay_beside_the_saved_ones(window: MainWindow) -> None:
    """An evaluation adds rows; another run's table does not show them."""
    detail = window.library.run_detail
    entries = [
        RunEntry(name, Path(name), "shapes", "small", "", 9, 1.0, "done", False, {"psnr": 30.0})
        for name in ("a", "b")
    ]
    detail.set_entry(entries[0])
    detail.set_evaluated("a", Evaluated("a", "shapes", "test", {"directed_accuracy": 0.5}))
    assert detail.figures.rowCount() == 2
    detail.set_entry(entries[1])
    assert detail.figures.rowCount() == 1


def test_verify_finds_what_is_wrong(tiny_cache: Path) -> None:
    """A copied image in another split, a pair without change, a picture that differs from its source."""
    from datasets.verify import Findings, verify

    with Cache.open(tiny_cache) as cache:
        pairs = cache.transitions("train")
        pixels = cache._images.copy()
        others = set(cache.rows("train")) - {0, pairs.before[1], pairs.after[1]}
        pixels[cache.rows("test")[-1]] = pixels[min(others)]
        pixels[pairs.before[1]] = pixels[pairs.after[1]]
        pixels[0] = 255 - pixels[0]
        cache._images = pixels
        *_, found = verify(cache)
    assert isinstance(found, Findings)
    assert not found.sound
    assert found.leaking >= 1
    assert found.null_pairs >= 1
    assert found.differing >= 1
    said = findings_words("shapes", found)
    assert "two splits" in said
    assert "Build it again" in said
    with Cache.open(tiny_cache) as cache:
        *_, sound = verify(cache)
        *_, again = verify(cache)
    assert sound.fingerprint == again.fingerprint != found.fingerprint
    assert sound.fingerprint in findings_words("shapes", sound)


def test_numbers_read_well() -> None:
    """Units, rounding and the unknown."""
    assert file_size(1536) == "1.5 KB"
    assert file_size(12) == "12 bytes"
    assert duration(3725) == "1:02:05"
    assert duration(float("nan")) == "unknown"
    assert percent(0.0004) == "<0.1 %"
    assert bare_name("shapes-correlate-a-b-0.2-images-40") == "shapes-correlate-a-b-0.2-images-40"
    assert bare_name("/data/a-0.2.h5") == bare_name("C:\\data\\a-0.2.h5") == "a-0.2"
    assert figure("psnr", 31.25) == "31.2 dB"
    assert figure("learning_rate", 2e-3) == "0.002"
    assert figure("loss", float("nan")) == "not a number"
    assert readable_action("object_hue-") == "object hue  \N{MINUS SIGN}"
    assert figure("pairs", 4000) == "4,000"
