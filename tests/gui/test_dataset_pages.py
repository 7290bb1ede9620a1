"""The pages of a data set in the Library: contact sheet, values, pairs, imbalanced sets, and its file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox

import datasets
from datasets.home import caches_dir
from datasets.source import ImageArray
from gui import requests as rq
from gui.library.picture_table import PictureTable
from gui.main_window import MainWindow
from gui.pictures import to_qimage
from gui.top_bar import WORKSPACES
from tests.gui.conftest import wait_idle

WAIT = 10_000


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


@pytest.fixture
def library(
    qtbot, tmp_path: Path, monkeypatch, tiny_cache: Path, make_window: Callable[[], MainWindow]
) -> MainWindow:
    """The window with the tiny data set's pages in front, in a home of this test's own."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    caches_dir().mkdir(parents=True)
    shutil.copy(tiny_cache, caches_dir() / "shapes.h5")
    window = make_window()
    window.show_workspace(WORKSPACES.index("Library"))
    qtbot.waitUntil(lambda: len(pages(window).sheet.grid.pictures) > 0, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    return window


def pages(window: MainWindow):
    return window.library.dataset_detail.pages


def show(qtbot, window: MainWindow, page) -> None:
    """Click the page's tab and wait for what it reads."""
    bar = pages(window).tabBar()
    place = bar.tabRect(pages(window).indexOf(page)).center()
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=place)
    wait_idle(qtbot, window, WAIT)


def test_the_contact_sheet(qtbot, library: MainWindow, monkeypatch) -> None:
    """The sheet holds the whole split; scrolled to the end, the end is read and no more."""
    monkeypatch.setattr("gui.library.contact_sheet.KEPT", 10)
    monkeypatch.setattr("gui.library.picture_table.KEPT", 80)
    sheet = pages(library).sheet
    asked: list[rq.BrowseImages] = []
    sheet.asked.connect(asked.append)
    grid, total = sheet.grid, sheet.grid.pictures_model.total
    assert total == library.library.dataset_detail._view.split_sizes["train"]
    assert len(grid.pictures) < total
    last = total - 1
    assert last not in grid.pictures
    grid.scrollToBottom()
    qtbot.waitUntil(lambda: last in grid.pictures, timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    assert len(asked) == 1
    assert len(grid.pictures) == 80
    assert set(sheet._positions) == set(sheet._values) == set(grid.pictures)
    assert asked[0].count <= grid.capacity() + 2 * grid.pictures_model.across
    with datasets.open_cache("shapes") as cache:
        row = int(cache.rows("train")[last])
        hue = cache.space.factors[0].values[cache.factors[row, 0]]
        assert grid.words[last].startswith(f"image {row}\nfloor hue: {hue}")
        assert grid.pictures[last] == to_qimage(cache.images([row])[0])
    # At random shows others, another click others again; the numbers are those of the images shown.
    grid.scrollToTop()
    qtbot.waitUntil(lambda: 0 in grid.words, timeout=WAIT)
    seen = [grid.words[0]]
    for _ in range(2):
        click(sheet.drawn)
        wait_idle(qtbot, library, WAIT)
        seen.append(sheet.grid.words[0])
    assert len(set(seen)) == 3
    assert "seed 1" in sheet.where.text()
    total = sheet.grid.pictures_model.total
    click(sheet.in_order)
    wait_idle(qtbot, library, WAIT)
    assert sheet.grid.words[0] == seen[0]
    pages(library).split.setCurrentText("validation")
    wait_idle(qtbot, library, WAIT)
    assert "images, in order" in sheet.where.text()
    assert 0 < sheet.grid.pictures_model.total < total
    # Arrow keys choose one, it is shown large with its values, Return opens just this one in Explore.
    click(sheet.drawn)
    wait_idle(qtbot, library, WAIT)
    sheet.grid.setFocus()
    QTest.keyClick(sheet.grid, Qt.Key.Key_Right)
    assert sheet.grid.chosen_place() == 1
    assert sheet.values.text() == sheet.grid.words[1].partition("\n")[0]
    # Its sliders show other images: one of the file, then one that has to be drawn.
    with datasets.open_cache("shapes") as cache:
        rows = cache.rows("test")
        for value, other in zip(cache.factors[rows[0]], sheet.sliders.sliders, strict=True):
            other.setValue(int(value))
        wait_idle(qtbot, library, WAIT)
        assert (sheet.large.image() == cache.images(rows[:1])[0]).all()
        assert sheet.values.text() == f"image {rows[0]}, test"
        missing = next(v for v in np.ndindex(10, 10, 10, 8) if cache.find((*v, 0, 0)) is None)
    for value, other in zip((*missing, 0, 0), sheet.sliders.sliders, strict=True):
        other.setValue(value)
    wait_idle(qtbot, library, WAIT)
    assert sheet.values.text() == "not in the file, drawn now"
    assert sheet.explore.isEnabled()
    QTest.keyClick(sheet.grid, Qt.Key.Key_Left)
    QTest.keyClick(sheet.grid, Qt.Key.Key_Right)
    row = int(sheet.grid.words[1].split()[1])
    QTest.keyClick(sheet.grid, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: library.selection.image is not None, timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    assert library.stack.currentWidget() is library.explore
    assert library.selection.dataset.dataset == "shapes"
    assert library.selection.image.loaded.address == f"shapes#{row}"
    assert library.selection.image.split == "validation"


def test_values_and_pairs(qtbot, library: MainWindow) -> None:
    """A chart a factor with the numbers of the split; keys walk over the bars, and they add up."""
    found = pages(library).histograms
    show(qtbot, library, found)
    for split in ("train", "test"):
        pages(library).split.setCurrentText(split)
        wait_idle(qtbot, library, WAIT)
        with datasets.open_cache("shapes") as cache:
            values = cache.factors[cache.rows(split)]
            assert [chart.factor.name for chart in found.charts] == list(cache.space.names)
            for f, chart in enumerate(found.charts):
                assert chart.counts == [int((values[:, f] == v).sum()) for v in range(chart.factor.size)]
    chart = found.charts[0]
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Right)
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart._at == 1
    assert chart.words(1).startswith(f"{chart.factor.values[1]}: {chart.counts[1]} images")
    assert chart.words(1) in chart.accessibleDescription()
    # Return, or a click, shows the images of this value and no others; the button shows all again.
    QTest.keyClick(chart, Qt.Key.Key_Return)
    wait_idle(qtbot, library, WAIT)
    sheet = pages(library).sheet
    assert pages(library).currentWidget() is sheet
    assert sheet.grid.pictures_model.total == chart.counts[1]
    said = f"floor hue: {chart.factor.values[1]}"
    assert all(said in words for words in sheet.grid.words.values())
    click(sheet.only)
    wait_idle(qtbot, library, WAIT)
    assert sheet.grid.pictures_model.total > chart.counts[1]
    # Any pairs, others with Again, and only those of one action; each is what its action makes of it.
    found = pages(library).pairs
    show(qtbot, library, found)
    first = list(found.table.words.values())
    assert len(first) >= 12
    click(found.another)
    wait_idle(qtbot, library, WAIT)
    assert list(found.table.words.values()) != first
    found.action.setCurrentText("object hue  \N{MINUS SIGN}")
    wait_idle(qtbot, library, WAIT)
    captions = set(found.table.pictures_model.captions.values())
    assert captions == {"object hue  \N{MINUS SIGN}"}
    assert "before:\nfloor hue" in found.table.words[0]


def test_drawn_pairs_are_pairs(tiny_cache: Path) -> None:
    """Of every action, turned round or not: the images differ by it."""
    from gui.data_work import DataWork
    from gui.library.dataset_work import DatasetWork

    data = DataWork()
    work, cache = DatasetWork(data), data.cache(str(tiny_cache))
    for action in (None, *range(cache.space.num_actions)):
        drawn = work.draw_pairs(rq.DrawPairs(str(tiny_cache), "train", action, 8, seed=3))
        assert drawn.actions
        assert action is None or set(drawn.actions) == {action}
        after = drawn.factors.copy()
        for at, index in enumerate(drawn.actions):
            factor, step = cache.space.factor_of_action(index)
            after[at, factor] += step
        rows = [cache.find(values) for values in after]
        np.testing.assert_array_equal(cache.images(rows), drawn.after)
    data.close()


@pytest.fixture
def quick_pictures(monkeypatch) -> None:
    """Images of `shapes` that only tell their factor values, where pictures do not matter."""

    def render(_source: object, values: npt.ArrayLike) -> ImageArray:
        numbers = np.asarray(values)
        images = np.zeros((len(numbers), 64, 64, 3), np.uint8)
        images[:, 0, : numbers.shape[1], 0] = numbers
        return images

    monkeypatch.setattr("datasets.shapes.ShapesSource.render", render)


@pytest.mark.usefixtures("quick_pictures")
def test_an_imbalanced_set_is_made(qtbot, library: MainWindow) -> None:
    """A wrong hole is refused at the form, a right one and a correlation stand in the recipe."""
    form = pages(library).imbalance
    show(qtbot, library, form)
    assert not form.build.isEnabled()
    click(form.correlation)
    click(form.hole)
    form.rules[1].parts[0][1].setText("9, 10")
    form.images.setValue(20_000)
    qtbot.waitUntil(lambda: "has no value" in form.problem.text(), timeout=WAIT)
    form.rules[1].parts[0][1].setText("8, 9")
    qtbot.waitUntil(form.build.isEnabled, timeout=WAIT)
    weights = form.weights()
    assert weights.correlate == (("floor_hue", "wall_hue", 0.2),)
    assert weights.holes == ({"floor_hue": ("8", "9")},)
    click(form.rules[0].remove)
    assert form.weights().correlate == ()
    click(form.rules[0].remove)
    # Expected counts while typing; a skew that leaves nothing is refused there; built, both are shown.
    click(form.skew)
    rule = form.rules[0]
    rule.factor.setCurrentIndex(rule.factor.findData("object_hue"))
    form.images.setValue(60)
    qtbot.waitUntil(lambda: "No training pair" in form.problem.text(), timeout=WAIT)
    assert "more images" in form.problem.text()
    assert "--" not in form.problem.text()
    assert not form.build.isEnabled()
    form.images.setValue(4000)
    qtbot.waitUntil(form.build.isEnabled, timeout=WAIT)
    assert not form.table.isColumnHidden(4)
    assert form.name.placeholderText() == "shapes-skew-object_hue-100-images-4000"
    expected = form.table.item(0, 4).text()
    for factor in ("floor_hue", "wall_hue", "view"):  # few images will do, as they lie close together
        click(form.skew)
        form.rules[-1].factor.setCurrentIndex(form.rules[-1].factor.findData(factor))
        form.rules[-1].ratio.setValue(1_000_000)
    form.images.setValue(150)
    assert not form.build.isEnabled()
    qtbot.waitUntil(form.build.isEnabled, timeout=WAIT)
    assert form.table.item(0, 4).text() != expected
    form.name.setText("rare hues")
    click(form.build)
    assert not library.library.dataset_detail.progress_row.isHidden()
    qtbot.waitUntil(lambda: library.library.dataset_detail.title.text() == "rare hues", timeout=6 * WAIT)
    wait_idle(qtbot, library, WAIT)
    with datasets.open_cache("rare hues") as cache:
        counts = list(cache.action_counts("train").values())
        assert [skew.factor for skew in cache.recipe.skew] == ["floor_hue", "object_hue", "view", "wall_hue"]
    shown = [form.table.item(f, column).text() for column in (1, 2) for f in range(6)]
    assert shown == [f"{n:,}" for n in counts]
    mean, spread = form.table.item(0, 3).text().split(" \N{PLUS-MINUS SIGN} ")
    assert abs(counts[0] - float(mean.replace(",", ""))) < 6 * float(spread.replace(",", ""))
    assert form.rules[1].value() == ("object_hue", 100.0, "high")


def test_a_data_set_is_packed_and_deleted(qtbot, library: MainWindow, tmp_path: Path, monkeypatch) -> None:
    """Into the file that was chosen; it can be unpacked to the same set, and is not taken for one itself."""
    from datasets.packing import unpack

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (_[2], ""))
    click(library.library.dataset_detail.pack)
    qtbot.waitUntil(lambda: "Packed:" in library.messages.text, timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    packed = caches_dir() / "shapes.packed.h5"
    assert packed.is_file()
    for _ in unpack(packed, tmp_path / "again.h5"):
        pass
    with datasets.open_cache("shapes") as cache, datasets.open_cache(tmp_path / "again.h5") as again:
        np.testing.assert_array_equal(cache.images([0, 5]), again.images([0, 5]))
    library.library.refresh()
    wait_idle(qtbot, library, WAIT)
    assert not library.library.datasets.choose("shapes.packed")
    # Del asks and says the size; Keep keeps it, Delete moves it away; one in use is not deleted.
    detail, path = library.library.dataset_detail, caches_dir() / "shapes.h5"
    library.library.dataset_wanted.emit("shapes")
    qtbot.waitUntil(lambda: library.selection.dataset is not None, timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    assert not detail.delete.isEnabled()
    assert "use another one first" in detail.delete.toolTip()
    library.selection.set_dataset(None)
    wait_idle(qtbot, library, WAIT)
    for answer, stays in (("Keep", True), ("Delete", False)):
        library.activateWindow()
        qtbot.waitUntil(library.isActiveWindow, timeout=WAIT)
        library.library.datasets.setFocus()
        QTest.keyClick(library.library.datasets, Qt.Key.Key_Delete)
        box = library.findChild(QMessageBox, "library_dataset_delete_question")
        assert "MB" in box.text()
        click(next(b for b in box.buttons() if b.text() == answer))
        wait_idle(qtbot, library, WAIT)
        assert path.exists() is stays
        QTest.qWait(20)
    assert "is in" in library.messages.text
    assert not detail.use.isEnabled()
    assert pages(library).currentIndex() == pages(library).count() - 1


def test_a_data_set_in_training_is_not_deleted(
    tmp_path: Path, monkeypatch, tiny_cache: Path, tiny_run: Path
) -> None:
    """Wherever the training goes on: its lock is looked at. What is no cache of the home is left alone."""
    import json

    from datasets.errors import CacheError
    from datasets.home import runs_dir
    from engine.errors import RunError
    from engine.run_lock import RunLock
    from gui.data_work import DataWork
    from gui.library.dataset_work import DatasetWork

    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    caches_dir().mkdir(parents=True)
    path = Path(shutil.copy(tiny_cache, caches_dir() / "shapes.h5"))
    run = Path(shutil.copytree(tiny_run, runs_dir() / "tiny"))
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "cache": str(path)}))
    work = DatasetWork(DataWork())
    with RunLock(run), pytest.raises(RunError, match="the run tiny is being trained on it"):
        work.delete(rq.DeleteDataset("shapes"))
    with pytest.raises(CacheError, match="left alone"):
        work.delete(rq.DeleteDataset(str(tiny_cache)))
    assert path.is_file()
    assert tiny_cache.is_file()
    assert work.delete(rq.DeleteDataset("shapes")).place
    assert not path.exists()


def test_a_table_forgets_what_is_far_away(qtbot, monkeypatch) -> None:
    """Of a large split only so many pictures are kept, those nearest to what came last."""
    from PySide6.QtCore import QSize

    monkeypatch.setattr("gui.library.picture_table.KEPT", 10)
    table = PictureTable("a", "b", QSize(64, 64))
    qtbot.addWidget(table)
    table.set_total(1_000_000)
    picture = to_qimage(np.zeros((4, 4, 3), np.uint8))
    for start in (0, 500_000):
        table.add(start, [picture] * 8, ["x"] * 8)
    assert len(table.pictures) == len(table.words) == 10
    assert set(range(500_000, 500_008)) <= set(table.pictures)
