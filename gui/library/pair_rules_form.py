"""The form that says which two images are a pair, and what training never sees."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from datasets.factors import Factor, FactorSpace
from datasets.pair_choices import Offer, PairChoices
from gui.library.held_out_rules import HeldOutRule, ShareRule, ValuesRule, rules_for
from gui.library.imbalance_rules import Rule
from gui.widgets import GAP, button, caption, heading, named, row
from gui.words import readable

PER_ROW = 3  # steps of factors
FREQUENCIES = {"balanced": "all alike", "natural": "as there are pairs of each"}
SHOWN = 6  # names in a list


@dataclass(frozen=True)
class _Step:
    """The step of one factor."""

    factor: Factor
    box: QSpinBox
    label: QLabel


class PairRulesForm(QWidget):
    """Signals:
    changed: something else is said.

    Args:
        prefix: the beginning of its widgets' names.
    """

    changed = Signal()

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix
        self._space, self._offer = FactorSpace(()), Offer()
        self._made = 0  # lines so far, for their names
        self.held_out: list[HeldOutRule] = []
        self.wrap = named(
            QCheckBox("Cyclic factors go on around their end"), f"{prefix}_wrap", "Around the end"
        )
        self.set_values = named(
            QCheckBox("Factors without an order are set to a value"), f"{prefix}_set", "Set to a value"
        )
        self.wrap_words, self.set_words = caption(wrap=True), caption(wrap=True)
        self.steps: list[_Step] = []
        self.steps_box = QWidget()
        self._grid = QGridLayout(self.steps_box)
        self.add_share = button(
            "Add a share", f"{prefix}_add_share", "Hold out a share", lambda: self.add(ShareRule),
            "Values of a factor, or combinations of several, drawn at random",
        )  # fmt: skip
        self.add_values = button(
            "Add values", f"{prefix}_add_values", "Hold out named values", lambda: self.add(ValuesRule),
            "Values that you name; of two factors, where they come together",
        )  # fmt: skip
        self.frequency = named(
            QComboBox(), f"{prefix}_frequency", "How often each action is drawn for training",
            "All alike: every action is drawn equally often. As there are pairs of each: an action of a "
            "factor with many values is drawn more often. Validation and test stay even.",
        )  # fmt: skip
        for word, words in FREQUENCIES.items():
            self.frequency.addItem(words, word)
        self.several = named(
            QSpinBox(), f"{prefix}_several", "Factors that change at once in further test pairs",
            "As many test pairs again, in which so many factors change at once; training has none of them. "
            "Evaluate then says how often all of the actions are told.",
        )  # fmt: skip
        self.several.setSpecialValueText("none")
        self._lay_out()
        for box in (self.wrap, self.set_values):
            box.toggled.connect(self._on_change)
        self.frequency.currentIndexChanged.connect(self._on_change)
        self.several.valueChanged.connect(self._on_change)

    def _lay_out(self) -> None:
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(4)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(6)
        frequency, several = QLabel("Actions are &drawn for training"), QLabel("Factors that change at &once")
        frequency.setBuddy(self.frequency)
        several.setBuddy(self.several)
        self.acting, self.kept_apart, self.drawing = QWidget(), QWidget(), QWidget()
        sections: tuple[tuple[QWidget, str, tuple[object, ...]], ...] = (
            (
                self.acting,
                "Actions",
                (self.wrap, self.wrap_words, self.set_values, self.set_words,
                 caption("How many values an action moves its factor by:"), self.steps_box),
            ),
            (
                self.kept_apart,
                "Only for the test",
                (caption("Values, or combinations, that training and validation never see.", wrap=True),
                 self._lines, row(self.add_share, self.add_values, 1, spacing=6)),
            ),
            (
                self.drawing,
                "Drawing",
                (row(frequency, self.frequency, 1),
                 row(several, self.several, caption("in further test pairs"), 1)),
            ),
        )  # fmt: skip
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, GAP, 0)
        layout.setSpacing(2 * GAP)
        for section, title, parts in sections:
            inside = QVBoxLayout(section)
            inside.setContentsMargins(0, 0, 0, 0)
            inside.setSpacing(6)
            inside.addWidget(heading(title))
            for part in parts:
                if isinstance(part, QWidget):
                    inside.addWidget(part)
                else:
                    inside.addLayout(part)  # type: ignore[arg-type]
            layout.addWidget(section)
        layout.addStretch(1)

    # ------------------------------------------------------------ what it is told

    def begin(self, space: FactorSpace, offer: Offer, choices: PairChoices) -> None:
        """Show choices for these factors; those of factors that are not there are left out."""
        self._space, self._offer = space, offer
        for line in list(self.held_out):
            self._take_out(line)
        self._begin_checks(space, choices)
        self._begin_steps(space, choices)
        for line in rules_for(space, choices.hold_out, f"{self._prefix}_held_{self._made}"):
            self._put_in(line)
        self._made += 1
        self.frequency.setCurrentIndex(max(0, self.frequency.findData(choices.frequency)))
        self.several.setRange(1, max(1, space.num_factors))
        self.several.setValue(max(1, choices.several))
        self.several.setEnabled(space.num_factors > 1)
        self.acting.setVisible(offer.actions)
        self.kept_apart.setVisible(offer.held_out)
        self.drawing.setVisible(offer.drawn)
        self._update()

    def choices(self) -> PairChoices:
        """What the form says."""
        rules = (("wrap", self.wrap), ("set", self.set_values))
        return PairChoices(
            rules=tuple(rule for rule, box in rules if box.isChecked()),
            steps=tuple(
                f"{step.factor.name}={step.box.value()}"
                for step in self.steps
                if step.box.isEnabled() and step.box.value() > 1
            ),
            hold_out=tuple(one for line in self.held_out for one in line.asked()),
            frequency=self.frequency.currentData(),
            several=self.several.value() if self.several.value() > 1 else 0,
        )

    def _begin_checks(self, space: FactorSpace, choices: PairChoices) -> None:
        around = [readable(f.name) for f in space.factors if f.kind == "cyclic" and f.size > 2]
        settable = [f for f in space.factors if f.kind == "nominal" and f.size > 1]
        names = [readable(f.name) for f in settable]
        self.wrap_words.setText(
            f"{_some(around)}: one more than the last value is the first."
            if around
            else "No factor of this set is cyclic."
        )
        self.set_words.setText(
            f"{_some(names)}: an action for each value, such as {readable(settable[0].name)} = "
            f"{settable[0].values[0]}, instead of one up and one down."
            if settable
            else "Every factor of this set has an order."
        )
        for box, fits, rule in ((self.wrap, around, "wrap"), (self.set_values, names, "set")):
            box.setEnabled(bool(fits))
            box.setChecked(bool(fits) and rule in choices.rules)

    def _begin_steps(self, space: FactorSpace, choices: PairChoices) -> None:
        for step in self.steps:
            for widget in (step.label, step.box):
                self._grid.removeWidget(widget)
                widget.deleteLater()
        wanted = {name: int(number) for name, _, number in (item.rpartition("=") for item in choices.steps)}
        self.steps = []
        for at, factor in enumerate(space.factors):
            words = f"Values that an action moves {readable(factor.name)} by"
            box = named(QSpinBox(), f"{self._prefix}_step_{factor.name}", words, words)
            box.setRange(1, max(1, factor.size - 1))
            box.setValue(wanted.get(factor.name, 1))
            box.setFixedWidth(72)
            label = QLabel(readable(factor.name))
            label.setBuddy(box)
            line, place = divmod(at, PER_ROW)
            self._grid.addWidget(label, line, 2 * place)
            self._grid.addWidget(box, line, 2 * place + 1)
            box.valueChanged.connect(self._on_change)
            self.steps.append(_Step(factor, box, label))
        for place in range(PER_ROW):
            self._grid.setColumnStretch(2 * place, 1)

    # ------------------------------------------------------------ what the user does

    def add(self, kind: type[ShareRule] | type[ValuesRule]) -> None:
        """Another line."""
        self._made += 1
        line = kind(self._space, f"{self._prefix}_held_{self._made}")
        self._put_in(line)
        line.findChildren(QWidget)[0].setFocus()
        self._on_change()

    def _put_in(self, line: HeldOutRule) -> None:
        line.changed.connect(self._on_change)
        line.removed.connect(self._remove)
        self.held_out.append(line)
        self._lines.addWidget(line)

    def _remove(self, line: Rule) -> None:
        self._take_out(line)
        self._on_change()

    def _take_out(self, line: Rule) -> None:
        self.held_out = [other for other in self.held_out if other is not line]
        self._lines.removeWidget(line)
        line.hide()
        line.deleteLater()

    def _on_change(self, _value: object = None) -> None:
        self._update()
        self.changed.emit()

    def _update(self) -> None:
        """A factor that is set to values has no steps; around its end there are fewer."""
        for step in self.steps:
            factor = step.factor
            is_set = self.set_values.isChecked() and factor.kind == "nominal" and factor.size > 1
            around = self.wrap.isChecked() and factor.kind == "cyclic" and factor.size > 2
            most = (factor.size - 1) // 2 if around else factor.size - 1
            step.box.setMaximum(max(1, most))
            step.box.setEnabled(not is_set and most > 1)
            step.box.setToolTip(
                "It is set to its values and has no steps"
                if is_set
                else f"1 to {most}"
                if most > 1
                else "It has too few values for a larger step"
            )


def _some(names: list[str]) -> str:
    """Names with commas, the first ones of many."""
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
