"""Making an imbalanced set: a form, the pairs to be expected while it is filled in, and what came of it."""

from __future__ import annotations

import html

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from datasets.factors import FactorSpace
from datasets.imbalance import DEFAULT_IMAGES
from gui import requests as rq
from gui.dataset_replies import Drafted, Expected, PairCounts
from gui.library.imbalance_rules import CorrelationRule, HoleRule, Rule, SkewRule
from gui.theme import colours
from gui.widgets import button, caption, named, row
from gui.words import count, readable, readable_action

DRAFT_AFTER_MS = 250
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
DASH = "\N{EN DASH}"
COLUMNS = ("pairs of each action", "+", "\N{MINUS SIGN}", "expected", "expected, new set")
HERE, NEW = 3, 4  # the columns of what was, and what is to be expected
CLI_WORDS = {
    "; ask for fewer with --images": "; ask for fewer images",
    "more --images": "more images",
    " in --skew ": " in the skew of ",
    " in --correlate ": " in the correlation of ",
    "a smaller --hole of": "a smaller hole of",
    "; remove one (--hole)": "; remove one",
}


class ImbalancePage(QWidget):
    """Signals:
    asked: a Request.
    build_wanted(BuildDrawn): build the set that the form describes.
    """

    asked = Signal(object)
    build_wanted = Signal(object)

    def __init__(self, view: str) -> None:
        super().__init__()
        self._view = view
        self._dataset, self._space = "", FactorSpace(())
        self.rules: list[Rule] = []
        self._made = 0  # rules so far, for their names
        self._building = False
        self._counts: PairCounts | None = None
        self._draft: Drafted | None = None
        self._timer = QTimer(self, singleShot=True, interval=DRAFT_AFTER_MS)
        self._timer.timeout.connect(self._ask)
        self._build_fields()
        self._lay_out()

    def _build_fields(self) -> None:
        self.intro = named(caption("", wrap=True), "imbalance_words", "What an imbalanced set is")
        self.images = named(
            QSpinBox(), "imbalance_images", "Training images to draw",
            "Training images to draw; the training pairs are all pairs of neighbours among them",
        )  # fmt: skip
        self.images.setGroupSeparatorShown(True)
        self.images.setRange(1, DEFAULT_IMAGES)
        self.images.setSingleStep(1000)
        self.name = named(QLineEdit(), "imbalance_name", "Name of the new data set")
        self.problem = named(QLabel(), "imbalance_problem", "Why the set cannot be built")
        self.problem.setWordWrap(True)
        self.skew = button(
            "Add skew", "imbalance_add_skew", "Add a skew", lambda: self.add(SkewRule),
            "A factor whose values grow rarer and rarer towards one end",
        )  # fmt: skip
        self.correlation = button(
            "Add correlation", "imbalance_add_correlation", "Add a correlation",
            lambda: self.add(CorrelationRule), "Two factors that prefer to lie close together",
        )  # fmt: skip
        self.hole = button(
            "Add hole", "imbalance_add_hole", "Add a hole", lambda: self.add(HoleRule),
            "Values of one or two factors that training never sees together",
        )  # fmt: skip
        self.build = button("Build", "imbalance_build", "Build the imbalanced set", self._build)
        self.build.setProperty("role", "primary")
        self.table = named(QTableWidget(0, len(COLUMNS)), "imbalance_pairs", "Training pairs of each action")
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        head = self.table.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        first = self.table.horizontalHeaderItem(0)
        if first is not None:
            first.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.images.valueChanged.connect(lambda _value: self._changed())
        self.name.textEdited.connect(lambda _text: self._changed())

    def _lay_out(self) -> None:
        self.form = QWidget()
        self._lines = QVBoxLayout()
        self._lines.setSpacing(6)
        inside = QVBoxLayout(self.form)
        inside.setContentsMargins(0, 0, 8, 0)
        inside.addLayout(self._lines)
        inside.addLayout(row(self.skew, self.correlation, self.hole, 1, spacing=6))
        images, name = QLabel("Training &images"), QLabel("&Name")
        images.setBuddy(self.images)
        name.setBuddy(self.name)
        inside.addLayout(row(images, self.images, name, self.name, self.build, wide=self.name))
        inside.addWidget(self.problem)
        inside.addStretch(1)
        scroller = named(QScrollArea(), "imbalance_form", "Form for an imbalanced set")
        scroller.setWidgetResizable(True)
        scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroller.setWidget(self.form)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self.intro)
        layout.addWidget(scroller, 1)
        layout.addWidget(self.table, 1)

    # ------------------------------------------------------------ what is shown

    def begin(self, dataset: str, space: FactorSpace) -> None:
        """Another data set; its counts come later."""
        self._dataset, self._space = dataset, space
        self._counts = self._draft = None
        self._timer.stop()
        for rule in list(self.rules):
            self._take_out(rule)
        self.name.clear()
        self.form.setEnabled(False)
        self.table.setRowCount(0)
        self.intro.setText("Counting pairs\N{HORIZONTAL ELLIPSIS}")
        self._show_problem("")

    def set_counts(self, counts: PairCounts) -> None:
        """The pairs that the data set has; the form is filled in as its images were drawn."""
        if counts.dataset != self._dataset:
            return
        self._counts = counts
        self.form.setEnabled(not counts.not_drawn)
        self.intro.setText(counts.not_drawn or _intro(counts))
        self.images.blockSignals(True)
        self.images.setRange(1, max(1, self._space.num_images))
        usual = min(DEFAULT_IMAGES, max(1, counts.images))
        self.images.setValue(counts.weights.images if counts.weights else usual)
        self.images.blockSignals(False)
        weights = counts.weights or rq.Weights(0)
        for skew in weights.skew:
            self._put_in(SkewRule(self._space, self._next_name("skew"), skew))
        for pair in weights.correlate:
            self._put_in(CorrelationRule(self._space, self._next_name("correlation"), pair))
        for hole in weights.holes:
            self._put_in(HoleRule(self._space, self._next_name("hole"), dict(hole)))
        self._fill_table()
        self._update()

    def set_draft(self, draft: Drafted) -> None:
        """What the form's set would be like."""
        if draft.dataset != self._dataset or self._timer.isActive():
            return
        self._draft = draft
        self.name.setPlaceholderText(draft.name)
        self._show_problem(plain_words(draft.problem, self._space))
        self._fill_table()
        self._update()

    def set_building(self, on: bool) -> None:
        """One build at a time."""
        self._building = on
        self._update()

    def refuse(self, sentence: str) -> None:
        """The build failed."""
        self._show_problem(plain_words(sentence, self._space))

    # ------------------------------------------------------------ what the user does

    def add(self, kind: type[SkewRule] | type[CorrelationRule] | type[HoleRule]) -> None:
        """Another line of the form."""
        rule = kind(self._space, self._next_name(kind.what))
        self._put_in(rule)
        rule.findChildren(QWidget)[0].setFocus()
        self._changed()

    def weights(self) -> rq.Weights:
        """What the form says."""
        return rq.Weights(
            self.images.value(),
            tuple(rule.value() for rule in self.rules if isinstance(rule, SkewRule)),
            tuple(rule.value() for rule in self.rules if isinstance(rule, CorrelationRule)),
            tuple(rule.value() for rule in self.rules if isinstance(rule, HoleRule)),
        )

    def _next_name(self, what: str) -> str:
        self._made += 1
        return f"imbalance_{what}_{self._made}"

    def _put_in(self, rule: Rule) -> None:
        rule.changed.connect(self._changed)
        rule.removed.connect(self._remove)
        self.rules.append(rule)
        self._lines.addWidget(rule)

    def _remove(self, rule: Rule) -> None:
        self._take_out(rule)
        self._changed()

    def _take_out(self, rule: Rule) -> None:
        self.rules.remove(rule)
        self._lines.removeWidget(rule)
        rule.deleteLater()

    def _changed(self) -> None:
        """Ask what it would be like when the typing pauses."""
        self._draft = None
        self._show_problem("")
        self._update()
        self._timer.start()

    def _ask(self) -> None:
        name = self.name.text().strip()
        self.asked.emit(rq.DraftDrawn(self._dataset, self.weights(), name, view=self._view))

    def _build(self) -> None:
        if self._draft is not None:
            name = self.name.text().strip() or self._draft.name
            self.build_wanted.emit(rq.BuildDrawn(self._dataset, self.weights(), name, view=self._view))

    def _update(self) -> None:
        ready = self._draft is not None and not self._draft.problem
        self.build.setEnabled(ready and not self._building)
        untouched = self._draft is None and not self.rules
        self.build.setToolTip(
            "A data set is being built"
            if self._building
            else "Add a skew, a correlation or a hole, or change the number of images, first"
            if untouched
            else "Build it as a data set of its own; this one stays as it is"
        )

    def _show_problem(self, sentence: str) -> None:
        self.problem.setVisible(bool(sentence))
        text = sentence[:1].upper() + sentence[1:]
        self.problem.setText(
            f'<span style="color:{colours().bad}">{html.escape(text)}.</span>' if text else ""
        )

    def _fill_table(self) -> None:
        counts = self._counts
        if counts is None:
            return
        drafted = self._draft.expected if self._draft is not None else None
        self.table.setColumnHidden(HERE, counts.expected is None)
        self.table.setColumnHidden(NEW, drafted is None)
        lines = _lines(counts.actions)
        self.table.setRowCount(len(lines))
        for line, (words, up, down) in enumerate(lines):
            numbers = (count(counts.pairs[up]), DASH if down is None else count(counts.pairs[down]))
            expected = (_about(counts.expected, up), _about(drafted, up))  # the same in both directions
            for column, text in enumerate((words, *numbers, *expected)):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(line, column, item)


def _lines(actions: tuple[str, ...]) -> list[tuple[str, int, int | None]]:
    """Words and actions of each line: both directions of a factor in one, any other action by itself."""
    lines: list[tuple[str, int, int | None]] = []
    for at, name in enumerate(actions):
        back = f"{name[:-1]}-"
        if name.endswith("+") and back in actions:
            lines.append((readable(name[:-1]), at, actions.index(back)))
        elif not (name.endswith("-") and f"{name[:-1]}+" in actions):
            lines.append((readable_action(name), at, None))
    return lines


def _about(expected: Expected | None, at: int) -> str:
    """A mean and its spread."""
    if expected is None:
        return DASH
    return f"{count(expected.mean[at])} {PLUS_MINUS} {count(expected.spread[at])}"


def _intro(counts: PairCounts) -> str:
    made = (
        "The training images of this set were drawn by weights: its pairs stand beside those that were to be "
        "expected. "
        if counts.weights
        else ""
    )
    return (
        f"{made}The form makes another set of it, in which some values or combinations are rare. "
        "Its training pairs are all neighbours among the drawn images; validation and test stay even."
    )


def plain_words(sentence: str, space: FactorSpace) -> str:
    """An error that was written for the command line, as the form says it; without its full stop."""
    for name in space.names:
        sentence = sentence.replace(name, readable(name))
    for options, words in CLI_WORDS.items():
        sentence = sentence.replace(options, words)
    return sentence.rstrip(".")
