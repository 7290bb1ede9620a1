"""The answer, how sure it is, and all actions as a list: most probable first, or by factor."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QListWidgetItem, QVBoxLayout, QWidget

from engine.results import KINDS, NO_ACTION, ONE_ACTION, SEVERAL_ACTIONS, Retrieval
from gui.retrieve.action_list import ACTION, IS_FACTOR, IS_TRUE, NAME, PROBABILITY, RIGHT, ActionList
from gui.theme import colours
from gui.widgets import GAP, button, caption, named, row
from gui.words import moved_factor, percent, readable, readable_action

KINDS_TIP = (
    "Told from how well the best action explains the pair, how well no action does, and how many variables"
    " changed. Learned on validation pairs: of one action, of none (the same image with a little noise), and"
    " of more than one (images that differ by two steps or more)."
)
UNCALIBRATED = (
    "not calibrated: open the run's data set, and the probabilities become what validation pairs bear out"
)
CLEAR_MARGIN, NARROW_MARGIN = 0.5, 0.1
WRONG, HALF = "\N{BALLOT X}", "\N{ALMOST EQUAL TO}"
IDENTICAL = "The two have the same pixels, so nothing happened between them and there is nothing to rank."


@dataclass(frozen=True)
class Verdict:
    """How the answer compares with the known truth: a symbol, a colour and a sentence."""

    symbol: str
    colour: str
    words: str


def verdict(answer: str, truth: str) -> Verdict:
    """Compare the most probable action with the true one, both as they are named in the data set."""
    true_words = readable_action(truth)
    if answer == truth:
        return Verdict(RIGHT, colours().good, f"correct: the true action is {true_words}")
    if moved_factor(answer) == moved_factor(truth):
        what = "wrong direction" if truth[-1:] in ("+", "-") else "another value"
        return Verdict(HALF, colours().effect, f"right factor, {what}: the true action is {true_words}")
    return Verdict(WRONG, colours().bad, f"wrong: the true action is {true_words}")


def verdict_of(result: Retrieval, truth: str) -> Verdict:
    """The verdict on the whole answer: between two images with one true action lies one action."""
    best = verdict(result.best, truth)
    if result.kind in (None, ONE_ACTION):
        return best
    ranked = (
        "ranked first" if result.best == truth else f"while {readable_action(result.best)} is ranked first"
    )
    words = f"wrong: one action lies between them, {readable_action(truth)}, {ranked}"
    return Verdict(WRONG, colours().bad, words)


def margin_words(margin: float) -> str:
    """How far the best action is ahead of the next, as a number and in words."""
    if margin >= CLEAR_MARGIN:
        word = "clear"
    elif margin < NARROW_MARGIN:
        word = "narrow, hardly ahead"
    else:
        word = "fair"
    return f"margin over the next action: {margin:.2f} ({word})"


def answer_words(result: Retrieval) -> str:
    """The answer in one line of rich text."""
    if result.kinds is not None and result.kind is not None and result.kind != ONE_ACTION:
        sure = percent(float(result.kinds[result.kind]))
        return f"<b>{KINDS[result.kind].capitalize()}</b> &nbsp; {html.escape(sure)}"
    best = float(result.probabilities[result.order[0]])
    return f"<b>{html.escape(readable_action(result.best))}</b> &nbsp; {html.escape(percent(best))}"


def margin_of(result: Retrieval) -> str:
    """What is to be said below the answer."""
    best = readable_action(result.best)
    if result.kind == NO_ACTION:
        return f"The images differ by less than an action. If it was one: {best}."
    if result.kind == SEVERAL_ACTIONS:
        return f"No single action explains the pair. If it was one: {best}."
    return margin_words(result.margin)


def kind_words(result: Retrieval) -> str:
    """How probable no, one and more than one action are."""
    if not result.calibrated:
        return UNCALIBRATED
    if result.kinds is None:
        return "calibrated; no and more than one action cannot be told without factor labels"
    shares = zip(KINDS, result.kinds.tolist(), strict=True)
    return " \N{MIDDLE DOT} ".join(f"{name} {percent(share)}" for name, share in shares)


def factors_ranked(result: Retrieval) -> list[tuple[str, float]]:
    """Factors and the probability of their actions together, most probable first."""
    factors = [moved_factor(name) for name in result.action_names]
    names = list(dict.fromkeys(factors))
    total = np.zeros(len(names), dtype=result.probabilities.dtype)
    np.add.at(total, [names.index(name) for name in factors], result.probabilities)
    return [(names[f], float(total[f])) for f in np.argsort(-total, kind="stable")]


class RankingView(QWidget):
    """The answer in one line, how sure it is, the verdict when the truth is known, and the list.

    Signals:
        action_chosen(action): the user chose an action (its index) to have it explained.
        explore_wanted(action): show this action at work in Explore.
        path_wanted(): the user wants the sequence of actions between the images.
    """

    action_chosen = Signal(int)
    explore_wanted = Signal(int)
    path_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Retrieval, str | None] | None = None
        self._why_uncalibrated = ""
        self.answer = named(QLabel(), "retrieve_answer", "Answer")
        self.answer.setWordWrap(True)
        self.margin = named(caption(wrap=True), "retrieve_margin", "Margin over the next action")
        self.margin.setTextFormat(Qt.TextFormat.PlainText)
        self.kinds = named(
            caption(wrap=True), "retrieve_kinds", "No, one, or more than one action", KINDS_TIP
        )
        self.truth = named(QLabel(), "retrieve_truth", "Comparison with the true action")
        self.truth.setWordWrap(True)
        self.path_button = button(
            "Find the steps",
            "retrieve_find_steps",
            "Find the sequence of actions between the images",
            self.path_wanted.emit,
            "Look for the shortest sequence of actions that turns the first image into the second",
        )
        self.by_factor = named(
            QCheckBox("by factor"),
            "retrieve_by_factor",
            "Group the actions by factor",
            "Both directions of a factor together, the most probable factor first",
        )
        self.by_factor.toggled.connect(lambda _on: self._fill())
        self.list = named(ActionList(), "retrieve_ranking", "Actions, most probable first")
        self.list.currentItemChanged.connect(self._on_current)
        self.list.opened.connect(self.explore_wanted)
        self.filler = QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP // 2)
        layout.addLayout(row(self.answer, self.path_button, wide=self.answer))
        layout.addLayout(row(self.margin, self.by_factor, wide=self.margin))
        for part in (self.kinds, self.truth):
            layout.addWidget(part)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.filler, 1)
        self.set_empty("Choose two images to see which action turns one into the other.")

    def set_empty(self, words: str) -> None:
        """No answer: say why or what to do."""
        self._shown = None
        self._clear()
        self.answer.setText(words)
        for part in (self.margin, self.kinds, self.truth, self.list, self.path_button, self.by_factor):
            part.hide()
        self.filler.show()

    def set_result(self, result: Retrieval, true_action: str | None = None) -> None:
        """Show an answer; `true_action` is the data set's own label, where known."""
        if result.identical:
            self.set_empty(f"<b>Identical images: no change.</b> {IDENTICAL}")
            return
        self._shown = (result, true_action)
        self.filler.hide()
        for part in (self.list, self.margin, self.kinds, self.by_factor, self.path_button):
            part.show()
        self.answer.setText(answer_words(result))
        self.margin.setText(margin_of(result))
        self._say_kinds()
        self._say_truth(result, true_action)
        self._fill()

    def _say_truth(self, result: Retrieval, true_action: str | None) -> None:
        self.truth.setVisible(true_action is not None)
        if true_action is not None:
            said = verdict_of(result, true_action)
            words = html.escape(said.words)
            self.truth.setText(f'<span style="color:{said.colour}"><b>{said.symbol} {words}</b></span>')

    def set_why_uncalibrated(self, words: str) -> None:
        """Why there is no calibration, for an answer without one; empty where it is still to come."""
        self._why_uncalibrated = words
        self._say_kinds()

    def _say_kinds(self) -> None:
        if self._shown is not None:
            result = self._shown[0]
            why = self._why_uncalibrated if not result.calibrated else ""
            self.kinds.setText(f"not calibrated: {why}" if why else kind_words(result))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._shown is not None:
            self._say_truth(*self._shown)  # its colour is the theme's

    def _fill(self) -> None:
        if self._shown is None:
            return
        self._clear()
        result, true_action = self._shown
        if self.by_factor.isChecked():
            for factor, share in factors_ranked(result):
                self._add_factor(factor, share)
                its = [a for a, name in enumerate(result.action_names) if moved_factor(name) == factor]
                for action in sorted(its, key=lambda a: -result.probabilities[a]):
                    self._add_row(result, action, true_action)
        else:
            for action in map(int, result.order):
                self._add_row(result, action, true_action)
        self.list.setCurrentRow(1 if self.by_factor.isChecked() else 0)

    def _add_factor(self, factor: str, share: float) -> None:
        item = QListWidgetItem(f"{readable(factor)}, {percent(share)}")
        item.setData(NAME, readable(factor))
        item.setData(PROBABILITY, share)
        item.setData(IS_FACTOR, True)
        item.setFlags(Qt.ItemFlag.NoItemFlags)  # the cursor passes over it
        self.list.addItem(item)

    def _add_row(self, result: Retrieval, action: int, true_action: str | None) -> None:
        name = result.action_names[action]
        probability = float(result.probabilities[action])
        item = QListWidgetItem(f"{readable_action(name)}, {percent(probability)}")
        item.setData(NAME, readable_action(name))
        item.setData(PROBABILITY, probability)
        item.setData(IS_TRUE, name == true_action)
        item.setData(ACTION, action)
        if self.by_factor.isChecked():
            item.setData(IS_FACTOR, False)
        nats = float(result.cross_entropy[action])
        item.setToolTip(
            f"{name}: cross entropy {nats:.4f} nats per variable."
            " A double click or Enter opens it in Explore."
        )
        self.list.addItem(item)

    def _on_current(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(ACTION) is not None:
            self.action_chosen.emit(int(item.data(ACTION)))

    def _clear(self) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        self.list.blockSignals(False)
