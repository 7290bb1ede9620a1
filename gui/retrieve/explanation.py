"""Why: for the best actions, what the model predicts beside what really came."""

from __future__ import annotations

import html

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from engine.results import ONE_ACTION, Explanation, Retrieval
from gui.pictures import DIFFERENCE_GAIN, Image, PictureTile, difference_map
from gui.retrieve.action_map import ActionMap
from gui.retrieve.cell_map import NOTHING
from gui.retrieve.latent_map import LatentMap, MapLegend, agreement_words
from gui.widgets import EmptyState, caption, heading, named, row, tool_button
from gui.words import percent, readable_action

COLUMNS = (
    "predicted after",
    "real after",
    f"difference \N{MULTIPLICATION SIGN}{DIFFERENCE_GAIN}",
    "variables",
    "targets, edges",
)
SHOWN = 3
ON_ITS_WAY = "\N{HORIZONTAL ELLIPSIS}"
GIVEN_UP = "not explained; choose the action in the list for it"
ASSUMED = "If it was one action after all:"
WHY, NO_CHANGE = "Why this action?", "No change"
IDENTICAL = "The two images are identical: no action happened, and there is nothing to explain."
EMPTY = (
    "With two images chosen, the proof comes here: for the most probable actions, the image that the model "
    "predicts, the real one, where they differ, which latent variables changed, and the action's graph."
)


class ActionCard(QFrame):
    """One action's proof: predicted image, real image, difference, variables, graph.

    While the keyboard is on one of the two maps, the words beside the title tell its current cell.

    Signals:
        explore_wanted(action): show this action at work in Explore.
    """

    explore_wanted = Signal(int)

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.action = -1
        self.setObjectName(f"retrieve_card_{number}")
        self.setProperty("role", "panel")
        self.title = heading("")
        self.words = caption()
        self.words.setTextFormat(Qt.TextFormat.PlainText)  # "<0.1 %" is no tag
        self.words.setMinimumWidth(10)
        self._figures = ""
        self.explore = tool_button(
            "Explore",
            f"retrieve_card_{number}_explore",
            f"Show action {number + 1} in Explore",
            lambda: self.explore_wanted.emit(self.action),
            "Open the image before in Explore and do this action there",
        )
        self.predicted, self.real, self.difference = (PictureTile() for _ in range(3))
        self.map = LatentMap(f"retrieve_card_{number}_variables")
        self.graph = ActionMap(f"retrieve_card_{number}_targets")
        for shown in (self.map, self.graph):
            shown.said.connect(self._say)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 6, 8, 6)
        grid.addLayout(row(self.title, 1, self.words, self.explore), 0, 0, 1, len(COLUMNS))
        self.tiles = (self.predicted, self.real, self.difference, self.map, self.graph)
        for column, (name, tile) in enumerate(zip(COLUMNS, self.tiles, strict=True)):
            label = caption(name)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(tile, 1, column)
            grid.addWidget(label, 2, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)
        self.setMinimumHeight(150)
        grid.setVerticalSpacing(3)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def begin(self, result: Retrieval, rank: int, after: Image) -> None:
        """Show what is known before the explanation comes; `after` is the real image."""
        self.action = int(result.order[rank])
        probability = float(result.probabilities[self.action])
        name = readable_action(result.action_names[self.action])
        chance = html.escape(percent(probability))  # "<0.1 %" is no tag
        self.title.setText(f"{rank + 1} \N{MIDDLE DOT} <b>{html.escape(name)}</b> \N{MIDDLE DOT} {chance}")
        self.set_figures(ON_ITS_WAY, "")
        for words, tile in zip(COLUMNS, self.tiles, strict=True):
            tile.setAccessibleName(f"{words}, {name}")
        self.explore.setAccessibleName(f"Show {name} in Explore")
        self.real.set_image(after)
        for tile in (self.predicted, self.difference):
            tile.set_image(None)
        self.map.clear()
        self.graph.set_explanation(NOTHING, None)

    def set_explanation(
        self, explained: Explanation, changed: np.ndarray, after: Image, grid: tuple[int, int, int]
    ) -> None:
        """Show the proof on a (Q, H, W) latent grid."""
        self.predicted.set_image(explained.image)
        self.difference.set_image(difference_map(explained.image, after))
        error = float(np.abs(explained.image.astype(np.int16) - after.astype(np.int16)).mean())
        agreed = agreement_words(changed, explained.expected)
        self.set_figures(
            f"{agreed} \N{MIDDLE DOT} off by {error:.1f} of 255",
            f"Variables: {agreed}. Mean difference of a pixel: {error:.1f} of 255.",
        )
        self.map.set_result(grid, changed, explained.expected)
        self.graph.set_explanation(grid, explained)

    def set_figures(self, words: str, tip: str) -> None:
        """What stands beside the title while no cell of a map is told there."""
        self._figures = words
        self.words.setText(words)
        self.words.setToolTip(tip)

    def _say(self, words: str) -> None:
        """Tell the current cell of a map; its figures again when there is none."""
        self.words.setText(words or self._figures)

    def set_chosen(self, on: bool) -> None:
        """Mark the card of the action that is chosen in the list."""
        self.predicted.set_highlighted(on)


class ExplanationView(QWidget):
    """Cards for the three most probable actions, and one for the chosen action when it is none of them.

    Signals:
        wanted(action): an action is to be explained that has not been yet.
        explore_wanted(action): show this action at work in Explore.
    """

    wanted = Signal(int)
    explore_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: Retrieval | None = None
        self._after: Image | None = None
        self._grid = (0, 0, 0)
        self._known: dict[int, Explanation] = {}
        self._given_up = False  # no explanation is on its way any more
        self.empty = EmptyState(WHY, EMPTY)
        self.empty.setObjectName("retrieve_explanation_empty")
        self.cards = [ActionCard(number) for number in range(SHOWN + 1)]
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        for card in self.cards:
            column.addWidget(card, 1)
            card.explore_wanted.connect(self.explore_wanted)
        self.assumed = named(caption(ASSUMED), "retrieve_assumed", "What the explanations assume")
        self.scroller = QScrollArea()
        self.scroller.setObjectName("retrieve_explanation")
        self.scroller.setAccessibleName("Explanation of the best actions")
        self.scroller.setWidgetResizable(True)
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setWidget(inside)
        self.legend = MapLegend()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.assumed)
        layout.addWidget(self.scroller, 1)
        layout.addWidget(self.legend)
        self.clear()

    def clear(self) -> None:
        """No answer: say what will be here."""
        self._begin_anew(WHY, EMPTY)

    def _begin_anew(self, title: str, words: str) -> None:
        self.empty.set_text(title, words)
        self._result = None
        self._known.clear()
        self.empty.show()
        for part in (self.assumed, self.scroller, self.legend):
            part.hide()

    def forget(self) -> None:
        """Other weights: what was explained by the last ones does not hold for an answer of these."""
        self._known.clear()

    def set_result(self, result: Retrieval, after: Image, grid: tuple[int, int, int]) -> None:
        """Begin the cards of an answer about an image `after`; their explanations come by `add`."""
        if result.identical:
            self._begin_anew(NO_CHANGE, IDENTICAL)
            return
        known = self._result is not None and np.array_equal(self._result.codes, result.codes)
        if not known or grid != self._grid:
            self._known.clear()  # else it is the same pair, asked about again
        self._result, self._after, self._grid, self._given_up = result, after, grid, False
        shown = min(SHOWN, len(result.order))
        for rank, card in enumerate(self.cards):
            card.setVisible(rank < shown)
            card.set_chosen(rank == 0)
            if rank < shown:
                card.begin(result, rank, after)
                if card.action in self._known:
                    self._complete(card)
        self.assumed.setVisible(result.kind not in (None, ONE_ACTION))
        self.empty.hide()
        self.scroller.show()
        self.legend.show()

    def missing(self) -> tuple[int, ...]:
        """The actions that have cards from the start and are still to be explained."""
        first = () if self._result is None else self._result.order[:SHOWN]
        return tuple(int(a) for a in first if int(a) not in self._known)

    def add(self, explained: Explanation) -> None:
        """An explanation has come."""
        self._known[explained.action] = explained
        for card in self.cards:
            if not card.isHidden() and card.action == explained.action:
                self._complete(card)

    def end(self) -> None:
        """No more explanations come: a card without one says what to do."""
        self._given_up = True
        for card in self.cards:
            if not card.isHidden() and card.action not in self._known:
                card.set_figures(GIVEN_UP, "")

    def choose(self, action: int) -> None:
        """Bring an action's card into view; one beyond the best three gets the last card."""
        if self._result is None or self._after is None:
            return
        rank = int(np.flatnonzero(self._result.order == action)[0])
        extra = self.cards[SHOWN]
        extra.setVisible(rank >= SHOWN)
        card = extra if rank >= SHOWN else self.cards[rank]
        if rank >= SHOWN:
            extra.begin(self._result, rank, self._after)
        if action in self._known:
            self._complete(card)
        elif rank >= SHOWN or self._given_up:
            card.set_figures(ON_ITS_WAY, "")
            self.wanted.emit(action)
        for card in self.cards:
            chosen = not card.isHidden() and card.action == action
            card.set_chosen(chosen)
            if chosen:
                self.scroller.ensureWidgetVisible(card)

    def _complete(self, card: ActionCard) -> None:
        if self._result is not None and self._after is not None:
            card.set_explanation(self._known[card.action], self._result.changed, self._after, self._grid)
