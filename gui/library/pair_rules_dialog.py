"""Other pairs than the paper's: a form, what is wrong with it as it is filled in, and the name of the set."""

from __future__ import annotations

import html

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

import datasets
from datasets.errors import DatasetError
from datasets.factors import FactorSpace
from datasets.pair_choices import USUAL, USUAL_PAIRS, Offer, PairChoices, trial
from datasets.special import place_for
from gui.library.pair_rules_form import PairRulesForm
from gui.theme import colours
from gui.widgets import GAP, button, caption, heading, named, row
from gui.words import in_the_window


class PairRulesDialog(QDialog):
    """Signals:
    chosen(PairChoices, name): the form is good; the name of the set is "" where none was asked for.

    Args:
        parent: what it opens over.
        prefix: the beginning of its widgets' names.
        builds: whether it ends in a build under a name, or only says what is chosen.
    """

    chosen = Signal(object, str)

    def __init__(self, parent: QWidget, prefix: str, builds: bool) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_dialog")
        self.setWindowTitle("Other pairs")
        self._dataset, self._space, self._builds = "", FactorSpace(()), builds
        self._stem = ""  # the name that tells the rules
        self.title = heading("")
        self.words = caption(wrap=True)
        self.form = PairRulesForm(prefix)
        self.name = named(QLineEdit(), f"{prefix}_name", "Name of the new data set")
        self.problem = named(QLabel(), f"{prefix}_problem", "Why it cannot be built so")
        self.problem.setWordWrap(True)
        self.usual = button(
            "Usual pairs", f"{prefix}_usual", "Back to the usual pairs",
            self._take_back, "Take everything back",
        )  # fmt: skip
        self.cancel = button("Cancel", f"{prefix}_cancel", "Close without a change", self.reject)
        self.accept_button = button(
            "Build" if builds else "Use these", f"{prefix}_accept",
            "Build it so" if builds else "Use these pairs", self._accept,
        )  # fmt: skip
        self.accept_button.setProperty("role", "primary")
        for pressed in (self.usual, self.cancel, self.accept_button):
            pressed.setAutoDefault(False)  # Enter in a field does not build
        self._offer = Offer()
        self._lay_out(prefix)
        self.form.changed.connect(self._check)
        self.name.textEdited.connect(self._check)
        self.resize(700, 680)

    def _lay_out(self, prefix: str) -> None:
        scroller = named(QScrollArea(), f"{prefix}_form", "Form for other pairs, scrollable")
        scroller.setWidgetResizable(True)
        scroller.setFrameShape(QFrame.Shape.NoFrame)
        scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroller.setWidget(self.form)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self.title)
        layout.addWidget(self.words)
        layout.addWidget(scroller, 1)
        label = QLabel("&Name of the new data set")
        label.setBuddy(self.name)
        self.name_row = QWidget()
        self.name_row.setLayout(row(label, self.name, wide=self.name))
        self.name_row.setVisible(self._builds)
        layout.addWidget(self.name_row)
        layout.addWidget(self.problem)
        layout.addLayout(row(self.usual, 1, self.cancel, self.accept_button))

    def begin(
        self, dataset: str, title: str, space: FactorSpace, offer: Offer, choices: PairChoices | None = None
    ) -> None:
        """Open for a data set of the registry.

        Args:
            dataset: its name.
            title: what stands above the form.
            space: its factors.
            offer: which choices there are.
            choices: what is chosen so far.
        """
        self._dataset, self._space, self._offer = dataset, space, offer
        self.title.setText(title)
        usual = f"Usually two images are a pair when they are one action apart: {USUAL}. "
        self.words.setText(f"{usual}{offer.why_not or 'What is said here makes other pairs.'}")
        self.name.clear()
        self.form.begin(space, offer, choices or USUAL_PAIRS)
        self._check()
        self.open()

    def refuse(self, sentence: str) -> None:
        """The build has failed: show the form again, with why."""
        self.open()
        self._show_problem(sentence)

    def _take_back(self) -> None:
        self.form.begin(self._space, self._offer, USUAL_PAIRS)
        self._check()

    def _accept(self) -> None:
        if self.accept_button.isEnabled():
            self.accept()
            name = (self.name.text().strip() or self._stem) if self._builds else ""
            self.chosen.emit(self.form.choices(), name)

    def _check(self, _text: str = "") -> None:
        """Whether it could be built so, as far as the factors tell."""
        choices = self.form.choices()
        self._stem, problem = "", ""
        try:
            self._stem = datasets.cache_path(trial(self._dataset, self._space, choices)).stem
            if self._builds and choices != USUAL_PAIRS:
                place_for(self.name.text().strip() or self._stem)
        except DatasetError as error:
            problem = str(error)
        usual = choices == USUAL_PAIRS
        self.name.setPlaceholderText(self._stem)
        self._show_problem(problem)
        self.accept_button.setEnabled(not problem and not (self._builds and usual))
        why = (
            "These are the usual pairs, which the other Build button makes" if self._builds and usual else ""
        )
        self.accept_button.setToolTip(why or "Build it as a data set of its own" * self._builds)

    def _show_problem(self, sentence: str) -> None:
        self.problem.setVisible(bool(sentence))
        text = in_the_window(sentence, self._space.names)
        text = f"{text[:1].upper()}{text[1:].rstrip('.')}."
        self.problem.setText(f'<span style="color:{colours().bad}">{html.escape(text)}</span>')
