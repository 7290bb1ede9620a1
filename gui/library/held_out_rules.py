"""The lines of the form for other pairs that say what only the test has: a share, or named values."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QLabel, QSpinBox

from datasets.factors import FactorSpace
from datasets.pair_choices import Named, held_out_words
from datasets.pair_rules import SHARE, Asked
from datasets.recipe import Hole
from gui.library.imbalance_rules import HoleRule, Rule
from gui.widgets import caption, named, row

MOST_TOGETHER = 3  # factors whose combinations are held out
Asking = Asked | Named | Hole


class ShareRule(Rule):
    """A share of the values of a factor, or of the combinations of several."""

    what = "share for the test"

    def __init__(self, space: FactorSpace, name: str, asked: Asked | None = None) -> None:
        super().__init__(space, name)
        self.share = named(
            QSpinBox(), f"{name}_share", "Share for the test, in per cent",
            "Of the factor's values, or of the combinations of all factors in this line",
        )  # fmt: skip
        self.share.setRange(1, 99)
        self.share.setSuffix(" %")
        self.share.setMaximumWidth(84)
        self.share.setValue(round(100 * (SHARE if asked is None else asked.share)))
        self.share.valueChanged.connect(lambda _value: self.changed.emit())
        self.factors: list[QComboBox] = []
        for at in range(min(MOST_TOGETHER, space.num_factors)):
            words = "Factor whose values are held out" if at == 0 else "Factor in whose combinations"
            box = self._factor(f"factor_{at}", words, optional=at > 0)
            if asked is not None and at < len(asked.factors):
                box.setCurrentIndex(max(0, box.findData(asked.factors[at])))
            box.setMinimumContentsLength(7)
            self.factors.append(box)
        layout = row(QLabel("Share"), self.share, QLabel("of"), *self.factors, self.remove, spacing=6)
        for at in range(len(self.factors)):
            layout.setStretch(3 + at, 1)
        self.setLayout(layout)

    def asked(self) -> tuple[Asking, ...]:
        """As `PairChoices.hold_out` has it."""
        chosen = tuple(box.currentData() for box in self.factors if box.currentData())
        return (Asked(chosen, self.share.value() / 100),)


class ValuesRule(HoleRule):
    """Named values of a factor, or of two that are held out where they come together."""

    what = "values for the test"
    title = "Values"

    def asked(self) -> tuple[Asking, ...]:
        """See `ShareRule`."""
        return (self.value(),)


class KeptRule(Rule):
    """What the set had when it was built last; it can only be taken out."""

    what = "values for the test"

    def __init__(self, space: FactorSpace, name: str, holes: Sequence[Hole]) -> None:
        super().__init__(space, name)
        self._holes = tuple(holes)
        words = named(caption(held_out_words(space, holes), wrap=True), f"{name}_words", "Held out before")
        self.setLayout(row(QLabel("As before"), words, self.remove, spacing=6, wide=words))

    def asked(self) -> tuple[Asking, ...]:
        """See `ShareRule`."""
        return self._holes


HeldOutRule = ShareRule | ValuesRule | KeptRule


def rules_for(space: FactorSpace, asked: Sequence[Asking], name: str) -> list[HeldOutRule]:
    """The lines that say the same; what is of factors that are not there is left out."""
    made: list[HeldOutRule] = []
    groups: dict[tuple[str, ...], list[Hole]] = {}
    for one in asked:
        if not set(_factors_of(one)) <= set(space.names):
            continue
        if isinstance(one, Hole):
            groups.setdefault(_factors_of(one), []).append(one)
        elif isinstance(one, Asked):
            made.append(ShareRule(space, f"{name}_{len(made)}", one))
        else:
            values = {factor: tuple(map(str, chosen)) for factor, chosen in one.items()}
            made.append(ValuesRule(space, f"{name}_{len(made)}", dict(values)))
    made += [KeptRule(space, f"{name}_kept_{at}", holes) for at, holes in enumerate(groups.values())]
    return made


def _factors_of(one: Asking) -> tuple[str, ...]:
    if isinstance(one, Hole):
        return tuple(factor for factor, _ in one.values)
    return one.factors if isinstance(one, Asked) else tuple(one)
