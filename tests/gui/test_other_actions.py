"""Explore and Retrieve with actions that are no plain steps, and without factor labels."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QPushButton

from datasets.factors import Factor, FactorSpace
from engine.results import JudgedPairs, Retrieval
from gui.explore.action_panel import ActionPanel, moved_value
from gui.explore.asked_actions import action_of_cell, action_of_key, moves_of
from gui.explore.graph_view import GraphView
from gui.explore.image_source import ImageSource
from gui.explore.node_colours import FACTOR, NodeFacts, colour_nodes, letters
from gui.history import Step
from gui.retrieve.judge_view import JudgeView
from gui.retrieve.judged import BY_VALUE, by_factor, by_value
from gui.retrieve.ranking_view import factors_ranked
from gui.words import opposite_action

SPACE = FactorSpace(
    (
        Factor("shape", ("cube", "ball", "cone"), "nominal", "set"),
        Factor("hue", tuple("abcdef"), "cyclic", "around", 2),
        Factor("shake", ("unknown",), "nominal", "once"),
    )
)
NAMES = ("hue+", "hue-", "shape=cube", "shape=ball", "shape=cone", "shake")


def test_the_space_of_these_tests() -> None:
    """Steps first, then the others."""
    assert SPACE.action_names == NAMES


def test_the_panel_has_a_button_for_each(qapp) -> None:
    """A menu of values, minus and plus, and one for a single action; each asks for its own action."""
    panel, asked = ActionPanel(), []
    panel.action_wanted.connect(asked.append)
    panel.set_space(SPACE)
    panel.set_ready(True)
    buttons = {made.objectName(): made for made in panel.buttons}
    assert set(buttons) == {"action_shape", "action_hue_lower", "action_hue_raise", "action_shake"}
    menu = buttons["action_shape"].menu()
    assert [action.text() for action in menu.actions()] == ["cube", "ball", "cone"]
    menu.actions()[2].trigger()
    for name in ("action_hue_lower", "action_hue_raise", "action_shake"):
        buttons[name].click()
    assert [NAMES[action] for action in asked] == ["shape=cone", "hue-", "hue+", "shake"]
    assert all(isinstance(made, QPushButton) and made.isEnabled() for made in panel.buttons)
    panel.set_values((0, 5, 0), {0: 2, 1: 1})
    assert [reading.text() for reading in panel._readings] == ["cube → cone", "f → b", "unknown"]
    panel.deleteLater()


def test_what_keys_and_cells_mean() -> None:
    """Plus does the only action; a factor that is set has no key; cells are repetitions or values."""
    assert [action_of_key(SPACE, f, up) for f in range(3) for up in (True, False)] == [
        None,
        None,
        0,
        1,
        5,
        None,
    ]
    assert [action_of_cell(SPACE, "hue", ("-2", "-1", "0", "+1", "+2"), c) for c in range(5)] == [
        (1, 2),
        (1, 1),
        None,
        (0, 1),
        (0, 2),
    ]
    assert [action_of_cell(SPACE, "shape", ("0", "cube", "ball", "cone"), c) for c in range(4)] == [
        None,
        (2, 1),
        (3, 1),
        (4, 1),
    ]
    assert [action_of_cell(SPACE, "shake", ("0", "+1", "+2"), c) for c in range(3)] == [None, (5, 1), (5, 2)]
    assert action_of_cell(SPACE, "C0 (1, 2)", ("7", "9"), 1) is None


def test_how_far_an_action_moves() -> None:
    """A value that is set is as many steps away as it was, wherever earlier steps have led."""
    none = np.zeros(0)
    done = [Step("shape=ball", none, none, none, None, "", (0, 1)), Step("do", none, none, none, None, "")]
    assert moves_of(SPACE, NAMES.index("shape=cone"), (0, 3, 0), []) == (0, 2)
    assert moves_of(SPACE, NAMES.index("shape=cube"), (2, 3, 0), done) == (0, -3)
    assert moves_of(SPACE, NAMES.index("hue-"), None, done) == (1, -1)
    assert moves_of(SPACE, NAMES.index("shape=cone"), None, []) is None
    assert moves_of(SPACE, NAMES.index("shake"), (0, 0, 0), []) is None
    assert moved_value(SPACE.factors[1], 5, 1) == 1


@pytest.mark.parametrize(
    ("name", "opposite"),
    [("hue+", "hue-"), ("hue-", "hue+"), ("shape=cube", None), ("shake", None), ("", None)],
)
def test_opposites(name: str, opposite: str | None) -> None:
    """Only a step is known to have one."""
    assert opposite_action(name) == opposite


def test_ranking_by_factor() -> None:
    """The probabilities of all actions of a factor together."""
    chance = np.array([0.1, 0.1, 0.05, 0.2, 0.15, 0.4])
    result = Retrieval(NAMES, chance, -chance, np.argsort(-chance), np.zeros((2, 3), int), False)
    assert [(name, round(share, 3)) for name, share in factors_ranked(result)] == [
        ("shape", 0.4), ("shake", 0.4), ("hue", 0.2),
    ]  # fmt: skip


def judged(value: int) -> JudgedPairs:
    truth, answer = np.array([0, 3, 4, 5]), np.array([1, 4, 4, 0])
    return JudgedPairs(
        np.arange(4), truth, answer, np.ones(4), np.full(4, value), np.arange(6), 4, calibrated=True
    )


def test_judged_by_factor_and_value() -> None:
    """Another value of the same factor is the right factor."""
    shares = {share.label: (share.right, share.pairs) for share in by_factor(judged(0), SPACE)}
    assert shares == {"shape": (2, 2), "hue": (1, 1), "shake": (0, 1)}
    assert by_value(judged(-1), SPACE) == []
    assert len(by_value(judged(0), SPACE)) == 3


def test_values_are_not_offered_without_labels(qapp) -> None:
    """The table by values says what it needs."""
    view = JudgeView()
    view.judged, view._space = judged(-1), SPACE
    view.groups.setCurrentText(BY_VALUE)
    item = view.groups.model().item(view.groups.findText(BY_VALUE))
    assert not item.isEnabled()
    assert item.toolTip() == "needs factor labels"
    assert view.groups.currentText() != BY_VALUE
    view.judged = judged(1)
    view._show_bars()
    assert item.isEnabled()
    view.deleteLater()


def test_no_sliders_without_labels(qapp) -> None:
    """A sentence instead, and sliders again for a data set that has labels."""
    source = ImageSource()
    source.set_space(None, False, known=False)
    assert not source._unlabelled.isHidden()
    source.set_space(SPACE, False)
    assert source._unlabelled.isHidden()
    assert len(source._sliders) == 3
    source.deleteLater()


def test_colours_by_factor() -> None:
    """The largest mask among all actions of a factor."""
    masks = np.zeros((6, 3), np.float32)
    masks[4, 0] = masks[1, 1] = masks[5, 2] = 0.9
    facts = NodeFacts(names=SPACE.names, masks=masks, action_factors=tuple(SPACE.action_factors.tolist()))
    fills = colour_nodes(FACTOR, facts).fills
    assert fills is not None
    assert len({fill.name() for fill in fills}) == 3


def test_no_factor_is_known_by_its_colour_alone(qtbot) -> None:
    """Nine factors, eight colours: each has its own letter, on the nodes too; "none" has none."""
    names = ("bottomwear", "topwear", "hair", "eyes", "shoes", "body", "action", "rotation", "frame")
    assert letters(names) == ("b", "t", "h", "e", "s", "o", "a", "r", "f")
    assert letters(("a", "a b", "b")) == ("a", "b", "")
    masks = np.zeros((9, 10), np.float32)
    masks[np.arange(9), np.arange(9)] = 0.9
    found = colour_nodes(FACTOR, NodeFacts(names=names, masks=masks, action_factors=tuple(range(9))))
    assert "".join(map(found.letter_of, range(10))) == "bthesoarf"
    assert (found.words_of(8), found.words_of(9)) == ("targeted most by: frame", "targeted most by: none")
    looks = {(found.fills[n].name(), found.letter_of(n)) for n in range(10)}
    assert len(looks) == 10
    view = GraphView()
    qtbot.addWidget(view)
    view.resize(400, 400)
    view.set_variables((1, 2, 5))
    pictures = []
    for written in ([found.letter_of(n) for n in range(10)], []):
        view.set_fills(found.fills, written)
        pictures.append(view.grab().toImage())
    assert pictures[0] != pictures[1]
