"""The gallery of codes: what a code looks like, where it occurs, and the way to do(variable := code)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QWidget

from datasets.cache import Cache
from datasets.errors import DatasetInputError
from engine.code_use import CodeUse
from engine.explorer import Explorer
from gui import code_use_work
from gui import requests as rq
from gui.code_use_work import CodeTables
from gui.data_work import DataWork
from gui.explore.gallery import KIND, Gallery
from gui.explore.gallery_dialog import GalleryDialog
from gui.main_window import MainWindow
from gui.replies import Activity, CodePage, Failure
from gui.state import Selection, Step
from gui.words import percent
from tests.gui.conftest import wait_idle

NODE = 27
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def explorer(tiny_run: Path) -> Explorer:
    return Explorer.load(tiny_run, threads=1)


@pytest.fixture
def cache(tiny_cache: Path) -> Iterator[Cache]:
    with Cache.open(tiny_cache) as opened:
        yield opened


class Desk:
    """The gallery without the main window: real dialog, real model; what is asked waits for `answer`."""

    def __init__(self, explorer: Explorer, cache: Cache) -> None:
        self.explorer, self.cache, self.tables = explorer, cache, CodeTables()
        self.root = QWidget()
        self.selection = Selection(self.root)
        self.gallery = Gallery(self.selection, self.root)
        self.dialog = self.gallery.dialog
        self.asked: list[rq.ReadCodeUse] = []
        self.gallery.asked.connect(self.asked.append)
        self.view = DataWork().view(str(cache.path))
        self.selection.set_run(explorer.info)
        self.selection.set_dataset(self.view)
        self.selection.set_reading(explorer.reconstruct(cache.images([0])[0]))
        self.selection.set_variable(NODE)

    def answer(self) -> CodeUse:
        """Answers every question, the newest last; what is shown then."""
        for request in self.asked:
            for page in self.tables.pages(request, self.explorer, self.cache):
                if isinstance(page, CodePage):
                    self.gallery.on_page(page)
        self.asked.clear()
        assert self.dialog.page is not None
        return self.dialog.page.use

    def press(self, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """A key in the gallery, which is in front."""
        self.dialog.activateWindow()
        QTest.keyClick(self.dialog, key, held)


@pytest.fixture
def desk(qtbot, explorer: Explorer, cache: Cache) -> Iterator[Desk]:
    made = Desk(explorer, cache)
    qtbot.addWidget(made.root)
    made.gallery.open()
    yield made
    made.selection.close()


def test_the_window_shows_what_is_true(
    qtbot, ready: MainWindow, tiny_cache: Path, explorer: Explorer, qapp: QApplication, monkeypatch
) -> None:
    """From a node's menu, the panel and by keys; share, map and bars agree with all validation images."""
    dialog, view = ready.explore.gallery.dialog, ready.explore.graph.view
    ready.activateWindow()
    QTest.keyClick(ready, Qt.Key.Key_K, CTRL)
    assert not dialog.isVisible()
    assert "node" in ready.messages.text
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)
    place = view.mapFromScene(view.nodes[NODE].scenePos())
    for spot in (QPoint(1, 1), place):  # beside all nodes there is no menu
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, view.mapToGlobal(spot))
        qapp.sendEvent(view.viewport(), event)
    (menu,) = view.findChildren(QMenu, "node_menu")
    menu.actions()[1].trigger()
    assert ready.selection.variable == NODE
    wait_idle(qtbot, ready)
    with Cache.open(tiny_cache) as cache:
        rows = cache.rows("validation")
        codes, labels = explorer.encode(cache.images(rows)), cache.factors[rows]
    code = int(ready.selection.step.codes[NODE])
    use = dialog.page.use
    assert (use.variable, use.code, use.num_images, dialog.page.total) == (NODE, code, len(rows), len(rows))
    np.testing.assert_allclose(dialog.map.heat.ravel(), (codes == code).mean(axis=0), rtol=1e-6)
    assert use.share == pytest.approx((codes == code).any(axis=1).mean())
    assert f"{percent(use.share)} of the images: rank {use.rank} " in dialog.summary.text()
    (bars,) = [factor for factor in dialog.bars.factors if factor.name == "shape"]
    among = labels[codes[:, NODE] == code, ready.selection.dataset.space.factor_index("shape")]
    assert len(among) > 0
    np.testing.assert_allclose(bars.among, np.bincount(among, minlength=len(bars.values)) / len(among))
    panel = ready.explore.variable_panel
    ready.activateWindow()
    qtbot.waitUntil(ready.isActiveWindow)
    panel.thumbs.setFocus()
    QTest.keyClick(panel.thumbs, Qt.Key.Key_Home)
    QTest.keyClick(panel.thumbs, Qt.Key.Key_Right)
    panel.gallery_button.click()
    wait_idle(qtbot, ready)
    assert dialog.page.use.code == panel.palette_view.shown.codes[1]
    before = ready.selection.step
    dialog.use.click()
    qtbot.waitUntil(lambda: ready.selection.step is not before)
    wait_idle(qtbot, ready)
    assert ready.selection.step.codes[NODE] == dialog.page.use.code
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    QTest.keyClick(dialog, Qt.Key.Key_Z, CTRL)
    assert ready.selection.step is before
    ready.show_workspace(1)
    assert not dialog.isVisible()
    wait_idle(qtbot, ready)


def test_no_button_of_the_gallery_is_cut(qtbot) -> None:
    """Also of a large codebook, whose numbers take more room."""
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = GalleryDialog(parent)
    dialog.show()
    dialog.set_place(0, (8, 8), 63, 1024, 866)
    dialog.set_present(866)
    qtbot.wait(20)
    for made in dialog.findChildren(QAbstractButton):
        assert made.width() >= made.sizeHint().width(), made.objectName()


def test_the_keyboard_walks_over_codes_and_cells(desk: Desk) -> None:
    """Left and right by number, up and down by use, Ctrl and arrows to another cell of the same codebook."""
    dialog, first = desk.dialog, desk.answer()
    dialog.number.setValue(7)
    desk.press(Qt.Key.Key_Right)
    assert desk.answer().code == 8
    desk.press(Qt.Key.Key_Left)
    desk.press(Qt.Key.Key_Left)
    assert desk.answer().code == 6
    dialog.number.setValue(int(first.order[3]))
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down):
        desk.press(key)  # quicker than the answers
    found = desk.answer()
    assert found.code == first.order[2]
    desk.press(Qt.Key.Key_Right, CTRL)
    assert desk.selection.variable == NODE + 1
    desk.press(Qt.Key.Key_Down, CTRL)
    moved = desk.answer()
    assert (moved.code, moved.variable, desk.selection.variable) == (found.code, NODE + 9, NODE + 9)
    middle = dialog.map.cell_rect(3).center().toPoint()
    QTest.mouseClick(dialog.map, Qt.MouseButton.LeftButton, pos=middle)
    assert desk.answer().variable == desk.selection.variable == 3
    desk.press(Qt.Key.Key_Up, CTRL)  # above the first row is nothing
    assert desk.selection.variable == 3
    assert (
        dialog.map.words(3) == f"row 0, column 3: {percent(float(dialog.page.use.heat[0, 3]))} of the images"
    )


def test_answers_to_older_questions_are_not_shown(desk: Desk) -> None:
    """Of another code, of another variable: what is asked for now is what is shown."""
    dialog = desk.dialog
    dialog.number.setValue((desk.answer().code + 5) % 32)
    (late,) = desk.asked
    shown = dialog.page
    dialog.number.setValue((late.code + 5) % 32)
    pages = list(desk.tables.pages(late, desk.explorer, desk.cache))
    desk.gallery.on_page(pages[-1])
    assert dialog.page is shown
    desk.selection.set_variable(NODE + 1)
    assert desk.answer().variable == NODE + 1
    assert (dialog.page.use.code, dialog.number.value()) == (desk.gallery._code, (late.code + 5) % 32)


def test_enter_looks_and_control_enter_uses(desk: Desk) -> None:
    """Enter in the number field sets nothing; Ctrl+Enter asks for another code than the present one."""
    chosen: list[tuple[int, int]] = []
    desk.gallery.code_chosen.connect(lambda variable, code: chosen.append((variable, code)))
    present, other = desk.answer().code, (desk.answer().code + 9) % 32
    desk.press(Qt.Key.Key_Return, CTRL)  # the variable has it already
    desk.dialog.number.setValue(other)
    QTest.keyClick(desk.dialog.number, Qt.Key.Key_Return)
    assert desk.answer().code == other
    assert not chosen
    desk.press(Qt.Key.Key_Return, CTRL)
    assert chosen == [(NODE, other)]
    codes = np.full(64, other)
    desk.selection.intervene(Step("set", codes, desk.explorer.decode(codes)))
    assert desk.dialog.use.text() == "The present code"
    desk.dialog.number.setValue(present)
    assert desk.dialog.use.isEnabled()


def test_why_there_is_nothing_to_see(desk: Desk) -> None:
    """No data set, a failure: said in the gallery, and nothing of the old code is left; closing cancels."""
    dialog, code = desk.dialog, desk.answer().code
    cancelled: list[str] = []
    desk.gallery.cancelled.connect(cancelled.append)
    desk.selection.set_dataset(None)
    assert "No data set" in dialog.summary.text()
    assert not dialog.examples.isVisible()
    assert not dialog.bars.isVisible()
    desk.selection.set_dataset(desk.view)
    assert desk.answer().code == code
    assert dialog.examples.isVisible()
    desk.gallery.on_failed(KIND, Failure("the cache is closed"))
    assert dialog.summary.text() == "the cache is closed"
    assert not cancelled
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert cancelled == [KIND]
    desk.selection.set_variable(NODE + 1)
    assert not desk.asked
    desk.gallery.open()
    assert dialog.isVisible()
    desk.selection.set_run(None)
    assert not dialog.isVisible()


# ---------------------------------------------------------------- the engine thread's part


def read(tables: CodeTables, explorer: Explorer, cache: Cache, code: int = 0) -> list[object]:
    return list(tables.pages(rq.ReadCodeUse("run", "data", NODE, code), explorer, cache))


def test_images_are_read_once(explorer: Explorer, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts grow; cancelled it goes on where it was; the next code reads nothing, another model does."""
    monkeypatch.setattr(code_use_work, "BATCH", 8)
    read_images: list[int] = []
    encode = Explorer.encode

    def counting(self: Explorer, images: np.ndarray) -> np.ndarray:
        read_images.append(len(images))
        return encode(self, images)

    monkeypatch.setattr(Explorer, "encode", counting)
    tables = CodeTables()
    total = len(cache.rows("validation"))
    steps = tables.pages(rq.ReadCodeUse("run", "data", NODE, 0), explorer, cache)
    for _ in range(3):
        next(steps)
    steps.close()
    told = read(tables, explorer, cache)
    pages = [page for page in told if isinstance(page, CodePage)]
    counts = [page.use.num_images for page in pages]
    assert counts[0] == 16  # what the cancelled question had read
    assert counts[-1] == total
    assert all(later >= 2 * earlier for earlier, later in pairwise(counts[:-1]))
    bars = [step for step in told if isinstance(step, Activity)]
    assert [bar.done for bar in bars] == [*range(24, total, 8), total]
    assert sum(read_images) == total
    (again,) = read(tables, explorer, cache, code=3)
    assert (again.use.code, again.use.num_images, sum(read_images)) == (3, total, total)
    other = Explorer(explorer._model, explorer.info)
    read(tables, other, cache)
    assert sum(read_images) == 2 * total


def test_examples_are_of_their_images(explorer: Explorer, cache: Cache) -> None:
    """The model gives the outlined cell of every example the code: the patch lies where the box says."""
    codes = explorer.encode(cache.images(cache.rows("validation")))
    code = int(np.bincount(codes.ravel()).argmax())
    page = read(CodeTables(), explorer, cache, code)[-1]
    assert len(page.crops) == 12
    for part, (left, top, wide, tall) in zip(page.crops, page.boxes, strict=True):
        patch = part[top : top + tall, left : left + wide]
        whole = np.tile(patch, (8, 8, 1))
        assert (explorer.encode(whole) == code).all()


def test_a_data_set_without_labels_or_validation_images(
    explorer: Explorer, tiny_cache: Path, tmp_path: Path, qtbot
) -> None:
    """Without factor values the factor part is left out and says so; without images it is refused."""
    path = tmp_path / "unlabelled.h5"
    path.write_bytes(tiny_cache.read_bytes())
    with h5py.File(path, "r+") as file:
        file.attrs["factor_labels"] = False
    work = DataWork()
    page = read(CodeTables(), explorer, work.cache(str(path)))[-1]
    assert page.use.factors == ()
    dialog = GalleryDialog(None)
    qtbot.addWidget(dialog)
    dialog.set_place(0, (8, 8), NODE, 32, page.use.code)
    dialog.set_page(page)
    assert "not known" in dialog.legend.text()
    work.close()
    with h5py.File(path, "r+") as file:
        file["splits"][...] = 0
    work = DataWork()
    with pytest.raises(DatasetInputError, match="no validation images"):
        read(CodeTables(), explorer, work.cache(str(path)))
    work.close()
