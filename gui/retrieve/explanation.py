"""Why: for the best actions, what the model predicts beside what really came."""

from __future__ import annotations

import html

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from engine.results import Retrieval
from gui.pictures import DIFFERENCE_GAIN, Image, PictureTile, difference_map
from gui.retrieve.latent_map import LatentMap, MapLegend
from gui.widgets import EmptyState, caption, heading, row
from gui.words import percent, readable_action

COLUMNS = (
    "predicted after",
    "real after",
    f"difference \N{MULTIPLICATION SIGN}{DIFFERENCE_GAIN}",
    "variables",
)
SHOWN = 3
EMPTY = (
    "With two images chosen, the proof comes here: for the most probable actions, the image that the model "
    "predicts, the real one, where they differ, and which latent variables changed."
)


def agreement_words(changed: np.ndarray, expected: np.ndarray) -> str:
    """How the changed variables and the expected ones overlap."""
    both = int((changed & expected).sum())
    return f"{int(changed.sum())} variables changed, {int(expected.sum())} expected, {both} the same"


class ActionCard(QFrame):
    """One action's proof: predicted image, real image, difference, variables."""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.action = -1
        self.setObjectName(f"retrieve_card_{number}")
        self.setProperty("role", "panel")
        self.title = heading("")
        self.words = caption()
        self.words.setMinimumWidth(10)
        self.predicted, self.real, self.difference = (PictureTile() for _ in range(3))
        self.map = LatentMap()
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 6, 8, 6)
        head = row(self.title, 1, self.words)
        grid.addLayout(head, 0, 0, 1, 4)
        for column, (name, tile) in enumerate(
            zip(COLUMNS, (self.predicted, self.real, self.difference, self.map), strict=True)
        ):
            tile.setAccessibleName(f"{name}, action {number + 1}")
            label = caption(name)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(tile, 1, column)
            grid.addWidget(label, 2, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)
        self.setMinimumHeight(150)
        grid.setVerticalSpacing(3)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_result(self, result: Retrieval, rank: int, after: Image, grid: tuple[int, int, int]) -> None:
        """Show the action at a rank of the order; `after` is the real image."""
        self.action = int(result.order[rank])
        probability = float(result.probabilities[self.action])
        name = readable_action(result.action_names[self.action])
        chance = html.escape(percent(probability))  # "<0.1 %" is no tag
        self.title.setText(f"{rank + 1} \N{MIDDLE DOT} <b>{html.escape(name)}</b> \N{MIDDLE DOT} {chance}")
        predicted = result.predicted[rank]
        self.predicted.set_image(predicted)
        self.real.set_image(after)
        self.difference.set_image(difference_map(predicted, after))
        self.map.set_result(grid, result.changed, result.expected[rank])
        error = float(np.abs(predicted.astype(np.int16) - after.astype(np.int16)).mean())
        agreed = agreement_words(result.changed, result.expected[rank])
        self.words.setText(f"{agreed}; mean difference {error:.1f} of 255")

    def set_chosen(self, on: bool) -> None:
        """Mark the card of the action that is chosen in the list."""
        self.predicted.set_highlighted(on)


class Explanation(QWidget):
    """Cards for the three most probable actions, and one for the chosen action when it is none of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: Retrieval | None = None
        self._after: Image | None = None
        self._grid = (0, 0, 0)
        self.empty = EmptyState("Why this action?", EMPTY)
        self.empty.setObjectName("retrieve_explanation_empty")
        self.cards = [ActionCard(number) for number in range(SHOWN + 1)]
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        for card in self.cards:
            column.addWidget(card, 1)
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
        layout.addWidget(self.scroller, 1)
        layout.addWidget(self.legend)
        self.clear()

    def clear(self) -> None:
        """No answer: say what will be here."""
        self._result = None
        self.empty.show()
        self.scroller.hide()
        self.legend.hide()

    def set_result(self, result: Retrieval, after: Image, grid: tuple[int, int, int]) -> None:
        """Show the best actions of an answer about an image `after` on a (Q, H, W) latent grid."""
        self._result, self._after, self._grid = result, after, grid
        shown = min(SHOWN, len(result.predicted))
        for rank, card in enumerate(self.cards):
            card.setVisible(rank < shown)
            if rank < shown:
                card.set_result(result, rank, after, grid)
        self.empty.hide()
        self.scroller.show()
        self.legend.show()

    def choose(self, action: int) -> None:
        """Bring an action's card into view; one beyond the best three gets the last card."""
        if self._result is None or self._after is None:
            return
        rank = int(np.flatnonzero(self._result.order == action)[0])
        extra = self.cards[SHOWN]
        extra.setVisible(SHOWN <= rank < len(self._result.predicted))
        if not extra.isHidden():
            extra.set_result(self._result, rank, self._after, self._grid)
        for card in self.cards:
            chosen = not card.isHidden() and card.action == action
            card.set_chosen(chosen)
            if chosen:
                self.scroller.ensureWidgetVisible(card)
