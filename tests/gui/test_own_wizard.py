"""The wizard for one's own data, driven in the real window: look, name, choose kinds, build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QPushButton

from datasets.cache import Cache
from datasets.home import caches_dir
from gui.library.column_table import KINDS
from gui.library.own_wizard import OwnWizard
from gui.main_window import MainWindow
from tests.datasets.test_own import IMAGES, folder  # noqa: F401 (fixture)
from tests.datasets.test_own_pairs import separate, write
from tests.gui.conftest import wait_idle
from tests.gui.test_dropping import drop

WAIT = 30_000


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def type_over(field: QLineEdit, text: str) -> None:
    """As a person does: all is selected, then typed over."""
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)


def choose_kind(box: QComboBox, kind: str) -> None:
    """With the arrow keys."""
    box.setFocus()
    steps = list(KINDS).index(kind) - box.currentIndex()
    for _ in range(abs(steps)):
        QTest.keyClick(box, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
    assert box.currentData() == kind


def kind(wizard: OwnWizard, number: int) -> QComboBox:
    return wizard.findChild(QComboBox, f"own_kind_{number}")


def name(wizard: OwnWizard, number: int) -> QLineEdit:
    return wizard.findChild(QLineEdit, f"own_name_{number}")


@pytest.fixture
def library(qtbot, make_window: Callable[[], MainWindow], tmp_path: Path, monkeypatch) -> MainWindow:
    """The window with the Library in front, in an empty home, the card of `own` chosen."""
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    window = make_window()
    click(window.findChild(QPushButton, "workspace_library"))
    qtbot.waitUntil(lambda: window.library.datasets.rowCount() > 0, timeout=WAIT)
    wait_idle(qtbot, window, WAIT)
    window.library.show_dataset("own")
    return window


@pytest.fixture
def wizard(qtbot, library: MainWindow, folder: Path, monkeypatch) -> OwnWizard:  # noqa: F811
    """The wizard, opened from the card, after it has looked at the folder."""
    click(library.library.dataset_detail.build)
    opened = library.library.own.wizard
    assert opened.isVisible()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    click(opened.folder)
    qtbot.waitUntil(lambda: len(opened.columns.rows) > 0, timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    return opened


def test_a_data_set_is_looked_at_and_built(qtbot, library: MainWindow, wizard: OwnWizard) -> None:
    """Format, ten images with their labels, guessed kinds, what is possible; then a factor is renamed, a kind
    changed, a column left out, and the set is in the Library under its name, to be built again as it was."""
    assert "a folder with the table labels.csv: 176 images" in wizard.form.text()
    assert len(wizard.examples.examples) == 10
    for example in wizard.examples.examples:
        assert example.picture.isVisible()
        assert not example.picture.pixmap().isNull()
    first = wizard.examples.examples[0].words
    assert first.text().splitlines() == ["size: small", "weight: 0.5", "colour: red"]
    assert [kind(wizard, n).currentData() for n in range(3)] == ["binary", "ordinal", "nominal"]
    assert wizard.columns.rows[1].note.text().startswith("11: 0.5, 1, 2")
    assert "All figures will be possible" in wizard.outlook.text()
    assert "197 train" in wizard.outlook.text()
    assert wizard.name.text() == "mine"
    assert wizard.build.isEnabled()

    wizard.file.setFocus()
    for field in (name(wizard, 0), kind(wizard, 0), name(wizard, 1)):
        QTest.keyClick(wizard.focusWidget(), Qt.Key.Key_Tab)
        assert wizard.focusWidget() is field
    type_over(name(wizard, 1), "mass")
    choose_kind(kind(wizard, 0), "ignore")
    choose_kind(kind(wizard, 2), "cyclic")
    assert not name(wizard, 0).isVisible()
    qtbot.waitUntil(lambda: "88 of 88" in wizard.outlook.text())
    assert first.text().splitlines() == ["mass: 0.5", "colour: red"]
    type_over(wizard.name, "cats")
    click(wizard.build)
    qtbot.waitUntil(lambda: not wizard.isVisible(), timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    with Cache.open(caches_dir() / "cats.h5") as cache:
        assert cache.name == "cats"
        assert [(f.name, f.kind) for f in cache.space.factors] == [("mass", "ordinal"), ("colour", "cyclic")]
        assert cache.num_images == IMAGES // 2
    detail = library.library.dataset_detail
    assert library.library.datasets.key() == "cats"
    assert detail.title.text() == "cats: your own data"
    qtbot.waitUntil(lambda: len(detail.page.grid.pictures) > 0, timeout=WAIT)

    click(detail.build)
    qtbot.waitUntil(lambda: len(wizard.columns.rows) > 0, timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    assert [kind(wizard, n).currentData() for n in range(3)] == ["ignore", "ordinal", "cyclic"]
    assert (name(wizard, 1).text(), wizard.name.text()) == ("mass", "cats")
    assert wizard.build.text() == "Build again"
    click(wizard.close_button)
    assert not wizard.isVisible()


def test_what_is_wrong_is_said_where_it_is_wrong(
    qtbot,
    library: MainWindow,
    wizard: OwnWizard,
    folder: Path,  # noqa: F811
) -> None:
    """At the row and at the name as they are typed; where nothing can be built, what is in the way; and
    at the button when a build is refused."""
    type_over(name(wizard, 1), "colour")
    notes = [row.note.text() for row in wizard.columns.rows]
    assert notes[1] == notes[2] == "Another factor has this name"
    assert not wizard.build.isEnabled()
    type_over(name(wizard, 1), "weight=kg")
    assert "leave out =" in wizard.columns.rows[1].note.text().lower()
    type_over(name(wizard, 1), "weight")
    assert wizard.build.isEnabled()
    choose_kind(kind(wizard, 2), "binary")
    qtbot.waitUntil(lambda: "8 different values" in wizard.columns.rows[2].note.text())
    assert not wizard.build.isEnabled()
    choose_kind(kind(wizard, 2), "nominal")
    qtbot.waitUntil(wizard.build.isEnabled)
    for bad, said in (("shapes", "another data set"), ("", "give it a name"), ("a/b", "leave out /")):
        type_over(wizard.name, bad)
        assert said in wizard.name_note.text().lower()
        assert not wizard.build.isEnabled()
    type_over(wizard.name, "mine")

    table = folder / "labels.csv"
    good = table.read_text()
    head, *lines = good.splitlines()
    table.write_text("\n".join((f"{head},number", *(f"{line},{n % 50}" for n, line in enumerate(lines)))))
    QTest.keyClick(wizard.source, Qt.Key.Key_Return)  # looks again
    qtbot.waitUntil(lambda: len(wizard.columns.rows) == 4, timeout=WAIT)
    assert "Nothing can be built" in wizard.outlook.text()
    assert "without number there would be about" in wizard.outlook.text()
    assert not wizard.build.isEnabled()

    table.unlink()
    for place, said in ((folder, "no table"), (folder / "none", "does not exist")):
        type_over(wizard.source, str(place))
        QTest.keyClick(wizard.source, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda said=said: said in wizard.form.text(), timeout=WAIT)
        assert "--" not in wizard.form.text()
        assert not wizard.found.isVisible()
        assert not wizard.build.isEnabled()
    assert not library.messages.text  # the wizard says it

    table.write_text(good)
    assert drop(wizard.columns, folder) is wizard
    qtbot.waitUntil(lambda: len(wizard.columns.rows) == 3 and wizard.build.isEnabled(), timeout=WAIT)
    for path in sorted((folder / "pictures").iterdir())[:60]:
        path.write_bytes(b"no picture")
    click(wizard.build)
    qtbot.waitUntil(lambda: "could not be built" in wizard.outlook.text(), timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    assert "--" not in wizard.outlook.text()
    assert wizard.isVisible()
    assert wizard.build.isEnabled()
    assert not (caches_dir() / "mine.h5").exists()


def test_a_list_of_pairs_is_looked_at_and_built(
    qtbot, library: MainWindow, tmp_path: Path, monkeypatch
) -> None:
    """There are no columns to choose; what is possible is said, and Build makes the set."""
    source = write(tmp_path / "acts", separate())
    click(library.library.dataset_detail.build)
    wizard = library.library.own.wizard
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(source))
    click(wizard.folder)
    qtbot.waitUntil(lambda: "Only action retrieval" in wizard.outlook.text(), timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    assert "a folder with a list of 60 pairs, pairs.csv: 120 images" in wizard.form.text()
    labels = [example.words.toolTip() for example in wizard.examples.examples]
    assert len(labels) == 10
    assert labels[:2] == [f"action: open the door\nimage: {end}" for end in ("before", "after")]
    assert wizard.columns.rows == []
    assert wizard.build.isEnabled()
    click(wizard.build)
    qtbot.waitUntil(lambda: not wizard.isVisible(), timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    with Cache.open(caches_dir() / "acts.h5") as cache:
        assert cache.space.action_names == ("tilt+", "tilt-", "open the door")
        assert cache.name == "acts"
