"""The lines of the form for an imbalanced set: a skew, a correlation, a hole."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QLineEdit, QWidget

from datasets.factors import FactorSpace
from gui.widgets import named, row, tool_button
from gui.words import readable

NONE = "\N{EN DASH}"
ENDS = {"high": "last values rare", "low": "first values rare"}


class Rule(QWidget):
    """One line.

    Signals:
        changed: something else is said.
        removed(Rule): its button was clicked.

    Args:
        space: the factors to choose from.
        name: the beginning of its widgets' names.
        what: what it is, in a word.
    """

    changed = Signal()
    removed = Signal(object)
    what = ""

    def __init__(self, space: FactorSpace, name: str) -> None:
        super().__init__()
        self.space, self._name = space, name
        self.remove = tool_button(
            "\N{MULTIPLICATION SIGN}", f"{name}_remove", f"Remove the {self.what}",
            lambda: self.removed.emit(self),
        )  # fmt: skip

    def _factor(self, part: str, words: str, optional: bool = False) -> QComboBox:
        """A box to choose a factor in."""
        box = named(QComboBox(), f"{self._name}_{part}", words, words)
        if optional:
            box.addItem(NONE, "")
        for factor in self.space.factors:
            box.addItem(readable(factor.name), factor.name)
        box.setMinimumContentsLength(9)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.currentIndexChanged.connect(lambda _index: self.changed.emit())
        return box

    def _number(self, part: str, words: str, low: float, high: float, value: float) -> QDoubleSpinBox:
        box = named(QDoubleSpinBox(), f"{self._name}_{part}", words, words)
        box.setRange(low, high)
        box.setValue(value)
        box.valueChanged.connect(lambda _value: self.changed.emit())
        return box


class SkewRule(Rule):
    """A factor whose values grow rarer towards one end."""

    what = "skew"

    def __init__(self, space: FactorSpace, name: str, skew: tuple[str, float, str] | None = None) -> None:
        super().__init__(space, name)
        self.factor = self._factor("factor", "Factor whose values grow rarer")
        self.ratio = self._number(
            "ratio", "How much commoner the commonest value is than the rarest", 1, 1e6, 100
        )
        self.ratio.setDecimals(0)
        self.ratio.setPrefix("1 : ")
        self.end = named(QComboBox(), f"{name}_end", "Which values are rare", "Which values are rare")
        for end, words in ENDS.items():
            self.end.addItem(words, end)
        self.end.currentIndexChanged.connect(lambda _index: self.changed.emit())
        if skew is not None:
            factor, ratio, end = skew
            self.factor.setCurrentIndex(self.factor.findData(factor))
            self.ratio.setDecimals(0 if ratio == round(ratio) else 2)
            self.ratio.setValue(ratio)
            self.end.setCurrentIndex(self.end.findData(end))
        self.setLayout(
            row(QLabel("Skew"), self.factor, self.ratio, self.end, self.remove, spacing=6, wide=self.factor)
        )

    def value(self) -> tuple[str, float, str]:
        """(factor, ratio, rare end)."""
        return self.factor.currentData(), self.ratio.value(), self.end.currentData()


class CorrelationRule(Rule):
    """Two factors that prefer to lie close together."""

    what = "correlation"

    def __init__(self, space: FactorSpace, name: str, pair: tuple[str, str, float] | None = None) -> None:
        super().__init__(space, name)
        self.first = self._factor("first", "Factor that is correlated")
        self.second = self._factor("second", "Factor that it is correlated with")
        self.second.setCurrentIndex(min(1, self.second.count() - 1))
        self.sigma = self._number("sigma", "Sigma: 0.1 correlates strongly, 0.4 weakly", 0.01, 10, 0.2)
        self.sigma.setSingleStep(0.05)
        self.sigma.setPrefix("\N{GREEK SMALL LETTER SIGMA} ")
        if pair is not None:
            first, second, sigma = pair
            self.first.setCurrentIndex(self.first.findData(first))
            self.second.setCurrentIndex(self.second.findData(second))
            self.sigma.setDecimals(2 if sigma == round(sigma, 2) else 4)
            self.sigma.setValue(sigma)
        box = row(QLabel("Correlation"), self.first, self.second, self.sigma, self.remove, spacing=6)
        box.setStretch(1, 1)
        box.setStretch(2, 1)
        self.setLayout(box)

    def value(self) -> tuple[str, str, float]:
        """(factor, factor, sigma)."""
        return self.first.currentData(), self.second.currentData(), self.sigma.value()


class HoleRule(Rule):
    """Values of one or two factors that training never sees together."""

    what = "hole"
    title = "Hole"

    def __init__(self, space: FactorSpace, name: str, hole: dict[str, Sequence[str]] | None = None) -> None:
        super().__init__(space, name)
        given = list((hole or {}).items())
        self.parts: list[tuple[QComboBox, QLineEdit]] = []
        for at in range(max(2, len(given))):
            factor = self._factor(f"factor_{at}", f"Factor of the {self.what}", optional=at > 0)
            values = named(
                QLineEdit(), f"{name}_values_{at}", "Values that are left out",
                "Values that are left out, by name or number from 0 on, with commas between them",
            )  # fmt: skip
            values.setPlaceholderText("0, 1")
            if at < len(given):
                factor.setCurrentIndex(factor.findData(given[at][0]))
                values.setText(", ".join(given[at][1]))
            values.textChanged.connect(lambda _text: self.changed.emit())
            self.parts.append((factor, values))
        box = row(
            QLabel(self.title), *(widget for part in self.parts for widget in part), self.remove, spacing=6
        )
        for at in range(1, 1 + 2 * len(self.parts)):
            box.setStretch(at, 1)
        self.setLayout(box)

    def value(self) -> dict[str, tuple[str, ...]]:
        """Factor -> values, as they were typed."""
        found: dict[str, tuple[str, ...]] = {}
        for factor, values in self.parts:
            if factor.currentData():
                typed = tuple(text.strip() for text in values.text().split(",") if text.strip())
                found[factor.currentData()] = (*found.get(factor.currentData(), ()), *typed)
        return found
