"""Other pairs than the usual ones, chosen in the window: for a set of the registry, for one's own data."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QSpinBox

import datasets
from datasets.cache import Cache
from datasets.home import caches_dir
from datasets.recipe import Hole, Recipe
from gui.library.pair_rules_dialog import PairRulesDialog
from gui.main_window import MainWindow
from tests.datasets.set_files import write_shapes3d
from tests.datasets.test_own import folder  # noqa: F401 (fixture)
from tests.gui import test_dataset_pages, test_own_wizard
from tests.gui.conftest import wait_idle
from tests.gui.test_own_wizard import choose_kind, kind, name, type_over

WAIT = 30_000
quick_pictures = test_dataset_pages.quick_pictures
built = test_dataset_pages.library
library, wizard = test_own_wizard.library, test_own_wizard.wizard


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def press(box) -> None:
    """By the keyboard."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Space)


def spin(dialog: PairRulesDialog, factor: str) -> QSpinBox:
    return next(step.box for step in dialog.form.steps if step.factor.name == factor)


@pytest.mark.usefixtures("quick_pictures")
def test_a_set_is_built_with_other_pairs(qtbot, built: MainWindow, monkeypatch) -> None:
    """Chosen by keyboard and mouse, refused as it is typed, built under another name; its page
    says the rules, and the set that was there stays as it is."""
    small = Recipe("shapes", train_pairs=600, validation_pairs=30, test_pairs=60)
    monkeypatch.setitem(datasets._RECIPES, "shapes", small)
    detail = built.library.dataset_detail
    assert "A pair is</b></td><td>one factor, one step" in detail.facts.text()
    before = (caches_dir() / "shapes.h5").read_bytes()
    click(detail.other_pairs)
    dialog = detail.pairs_dialog
    assert dialog.isVisible()
    assert not dialog.accept_button.isEnabled()
    assert "usual pairs" in dialog.accept_button.toolTip()
    form = dialog.form
    press(form.wrap)
    press(form.set_values)
    assert not spin(dialog, "shape").isEnabled()
    assert spin(dialog, "floor_hue").maximum() == 4
    assert spin(dialog, "view").maximum() == 14
    spin(dialog, "view").setFocus()
    QTest.keyClick(spin(dialog, "view"), Qt.Key.Key_Up)
    assert dialog.name.placeholderText() == "shapes-set-wrap-step-view-2"
    # What only the test has: a share, then values that are not there, then some that are.
    click(form.add_values)
    line = form.held_out[0]
    assert "Name at least one value of floor hue" in dialog.problem.text()
    assert not dialog.accept_button.isEnabled()
    line.parts[0][0].setCurrentIndex(line.parts[0][0].findData("scale"))
    QTest.keyClicks(line.parts[0][1], "9")
    assert "has no value" in dialog.problem.text()
    assert "--" not in dialog.problem.text()
    type_over(line.parts[0][1], "0, 1")
    assert dialog.accept_button.isEnabled()
    click(form.add_share)
    share = form.held_out[1]
    boxes = share.findChildren(QComboBox)
    assert len(boxes) == 3
    boxes[1].setCurrentIndex(boxes[1].findData("object_hue"))
    click(line.remove)
    form.several.setValue(2)
    form.frequency.setCurrentIndex(1)
    type_over(dialog.name, "shapes")
    assert "already" in dialog.problem.text()
    type_over(dialog.name, "others")
    click(dialog.accept_button)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: detail.title.text() == "others", timeout=2 * WAIT)
    wait_idle(qtbot, built, WAIT)
    with datasets.open_cache("others") as cache:
        recipe = cache.recipe
        assert (recipe.rules, recipe.steps) == (("set", "wrap"), ("view=2",))
        assert (recipe.frequency, recipe.several) == ("natural", 2)
        assert len(recipe.hold_out) == 20
        assert {name for name, _ in recipe.hold_out[0].values} == {"floor_hue", "object_hue"}
    said = detail.summary.text()
    assert (
        "Built with other pairs: floor hue, wall hue and object hue go on around the end; shape is set"
        in said
    )
    assert "only the test has 20 of 100 combinations of floor hue and object hue" in said
    assert "steps of 2 values of view" in detail.facts.text()
    assert not detail.other_pairs.isVisible()
    assert (caches_dir() / "shapes.h5").read_bytes() == before


def test_what_a_set_does_not_offer(qtbot, library: MainWindow, tmp_path: Path) -> None:
    """Faces and sets without their files say why; the pendulum has what only the test has; the place that was
    named belongs to the set that it was named for. A build that is refused leads back to the form."""
    detail = library.library.dataset_detail
    for dataset, on, words in (
        ("celeba", False, "its photographs allow"),
        ("pendulum", False, ""),
        ("3dshapes", False, "Choose the file"),
    ):
        library.library.show_dataset(dataset)
        assert detail.other_pairs.isVisible()
        assert detail.other_pairs.isEnabled() is (on or dataset == "pendulum")
        assert words in detail.other_pairs.toolTip()
    library.library.show_dataset("own")
    assert not detail.other_pairs.isVisible()
    library.library.show_dataset("pendulum")
    click(detail.other_pairs)
    form = detail.pairs_dialog.form
    assert not form.acting.isVisible()
    assert not form.drawing.isVisible()
    assert form.kept_apart.isVisible()
    assert "causes and effects" in detail.pairs_dialog.words.text()
    click(detail.pairs_dialog.cancel)
    library.library.show_dataset("3dshapes")
    detail.source.setText(str(write_shapes3d(tmp_path)[0]))
    library.library.show_dataset("dsprites")
    assert detail.source.text() == ""
    library.library.show_dataset("3dshapes")
    assert detail.source.text().endswith("3dshapes.h5")
    click(detail.other_pairs)
    form = detail.pairs_dialog.form
    form.wrap.setChecked(True)
    click(detail.pairs_dialog.accept_button)  # the small file has fewer values than the published one
    qtbot.waitUntil(lambda: detail.pairs_dialog.isVisible(), timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    assert "going on around the end is for cyclic factors of 3 values or more" in (
        detail.pairs_dialog.problem.text().lower()
    )
    click(detail.pairs_dialog.usual)
    assert not form.wrap.isChecked()
    assert not list(caches_dir().glob("*.h5"))


def test_ones_own_data_with_other_pairs(qtbot, library: MainWindow, wizard) -> None:
    """Chosen for the factors as they are called there; the number of pairs follows, a renamed factor
    keeps its step, one that is left out is said; built, and built again as it was."""
    usual = wizard.outlook.text()
    assert "One factor, one step" in wizard.pairs_words.text()
    type_over(name(wizard, 1), "mass")
    click(wizard.other_pairs)
    dialog = wizard.pairs_dialog
    assert dialog.isVisible()
    assert not dialog.name_row.isVisible()
    spin(dialog, "mass").setValue(2)
    click(dialog.form.add_values)
    line = dialog.form.held_out[0]
    line.parts[0][0].setCurrentIndex(line.parts[0][0].findData("colour"))
    type_over(line.parts[0][1], "red, gold, navy")
    click(dialog.accept_button)
    qtbot.waitUntil(lambda: wizard.outlook.text() != usual, timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    assert wizard.pairs_words.text() == (
        "Steps of 2 values of mass; only the test has 3 of 8 values of colour (gold, navy, red)"
    )
    type_over(name(wizard, 1), "heft")
    assert "2 values of heft" in wizard.pairs_words.text()
    choose_kind(kind(wizard, 1), "ignore")
    qtbot.waitUntil(lambda: "Unknown factor 'weight'" in wizard.pairs_words.text(), timeout=WAIT)
    assert not wizard.build.isEnabled()
    choose_kind(kind(wizard, 1), "ordinal")
    qtbot.waitUntil(wizard.build.isEnabled, timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    expected = int(wizard.outlook.text().split("(")[1].split(" train")[0].replace(",", ""))
    type_over(wizard.name, "cats")
    click(wizard.build)
    qtbot.waitUntil(lambda: not wizard.isVisible(), timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    with Cache.open(caches_dir() / "cats.h5") as cache:
        assert cache.recipe.steps == ("heft=2",)
        assert cache.recipe.hold_out == (Hole((("colour", (1, 4, 6)),)),)
        assert len(cache.transitions("train")) == pytest.approx(expected, rel=0.35)
        assert set(cache.factors[cache.rows("test"), 2]) == {1, 4, 6}
    detail = library.library.dataset_detail
    assert "steps of 2 values of heft" in detail.summary.text()
    assert "176 images resized to 64 x 64 pixels" in detail.facts.text()
    click(detail.build)
    qtbot.waitUntil(lambda: len(wizard.columns.rows) > 0, timeout=WAIT)
    wait_idle(qtbot, library, WAIT)
    assert "2 values of heft; only the test has 3 of 8" in wizard.pairs_words.text()
    click(wizard.other_pairs)
    assert spin(dialog, "heft").value() == 2
    click(dialog.form.held_out[0].remove)
    click(dialog.accept_button)
    assert wizard.pairs_words.text() == "Steps of 2 values of heft"
    wait_idle(qtbot, library, WAIT)
    click(wizard.close_button)
