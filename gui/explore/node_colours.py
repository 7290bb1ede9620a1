"""What the colours of the nodes mean: a factor, a code, a codebook, or how much a variable causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from engine.results import Codes, FloatArray
from gui.theme import category, colours

FACTOR, MOVES, CODE, CODEBOOK = "factor", "moves", "code", "codebook"
TARGET, OWN, EFFECTS = "target", "own", "effects"
SCHEMES = {
    FACTOR: "By action",
    MOVES: "Measured",
    CODE: "By code",
    CODEBOOK: "By codebook",
    TARGET: "By target",
    OWN: "By own code",
    EFFECTS: "By effects",
}
SCHEME_TIPS = {
    FACTOR: "The factor whose actions target a variable most, in this image",
    MOVES: "The factor that another code of a variable changes most often: measured with do and probes on "
    "validation images",
    CODE: "A colour a code",
    CODEBOOK: "The codebook that a variable's code is from",
    TARGET: "How probably the shown action targets a variable",
    OWN: "How much of its own present code a variable keeps when nothing is done",
    EFFECTS: "How many variables a variable causes",
}
LEAST_TARGETED = 0.05  # below it no factor's actions target the variable
GOLDEN = 0.618034  # codes next to each other get hues far apart
STEPS = 5
THRESHOLD = 0.5  # of an edge that the model uses


@dataclass(frozen=True)
class NodeColours:
    """A colour a node, and what the legend says.

    Attributes:
        fills: one a node; None where nothing is known yet.
        title: over the entries.
        entries: what each colour means.
        letters: one an entry, written on its nodes, so that nothing is said by colour alone; or none at all.
        kinds: the entry of each node; empty where colours are no kinds but degrees.
    """

    fills: list[QColor] | None = None
    title: str = ""
    entries: tuple[tuple[str, QColor], ...] = ()
    letters: tuple[str, ...] = ()
    kinds: tuple[int, ...] = ()

    def letter_of(self, node: int) -> str:
        """What is written on a node."""
        return self.letters[self.kinds[node]] if self.letters and self.kinds else ""

    def words_of(self, node: int) -> str:
        """What a node's colour says, or nothing."""
        return f"{self.title}: {self.entries[self.kinds[node]][0]}" if self.kinds else ""


@dataclass
class NodeFacts:
    """What is known of the variables in the present state.

    Attributes:
        grid: (Q, H, W).
        names: of the factors.
        masks: probability that each action targets each variable, [A, N].
        action_factors: the factor of each action; empty where they are two a factor, up and down.
        codes: present ones, [N].
        edges: probability that i causes j, [N, N], of the shown graph.
        mask, own: probability of being a target of the shown action, and weight of the own code, [N] each.
        moves: how often another code of a variable changes each factor, [N, F], once that is measured.
    """

    grid: tuple[int, int, int] | None = None
    names: tuple[str, ...] = ()
    masks: FloatArray | None = None
    action_factors: tuple[int, ...] = ()
    codes: Codes | None = None
    edges: FloatArray | None = None
    mask: FloatArray | None = None
    own: FloatArray | None = None
    moves: FloatArray | None = None


def letters(names: Sequence[str]) -> tuple[str, ...]:
    """A letter a name, the first in it that no name before it has; empty where all are taken."""
    taken: list[str] = []
    for name in names:
        taken.append(next((c for c in name.lower() if c.isalnum() and c not in taken), ""))
    return tuple(taken)


def colour_nodes(scheme: str, facts: NodeFacts) -> NodeColours:
    """The colours of a scheme, with nothing where its facts are not there yet."""
    if scheme == FACTOR and facts.masks is not None:
        factors = facts.action_factors or 2 * tuple(range(len(facts.names)))
        return _by_factor(facts.masks, facts.names, np.array(factors))
    if scheme == MOVES:
        if facts.moves is None:
            return NodeColours(None, "measuring…")
        return _by_share(facts.moves.T, facts.names, "changes most")
    if scheme == CODE and facts.codes is not None:
        return NodeColours([_of_code(int(code)) for code in facts.codes], "a colour a code")
    if scheme == CODEBOOK and facts.grid is not None:
        books, cells = facts.grid[0], facts.grid[1] * facts.grid[2]
        entries = tuple((f"codebook {book}", category(book)) for book in range(books))
        kinds = tuple(n // cells for n in range(books * cells))
        numbers = tuple(map(str, range(books)))
        return NodeColours([category(book) for book in kinds], "belongs to", entries, numbers, kinds)
    if scheme == TARGET and facts.mask is not None:
        return _by_level(facts.mask, "chance of a target")
    if scheme == OWN and facts.own is not None:
        return _by_level(facts.own, "keeps its own code")
    if scheme == EFFECTS and facts.edges is not None:
        effects = (facts.edges > THRESHOLD).sum(axis=1)
        most = max(1, int(effects.max()))
        levels = np.unique(np.linspace(0, most, STEPS).round().astype(int))
        entries = tuple((str(level), _of_strength(level / most)) for level in levels)
        return NodeColours([_of_strength(count / most) for count in effects], "so many effects", entries)
    return NodeColours()


def _by_level(values: FloatArray, title: str) -> NodeColours:
    """Numbers in 0..1, from the plain colour to the accent."""
    entries = tuple((f"{level:.2f}", _of_strength(level)) for level in np.linspace(0, 1, STEPS).tolist())
    return NodeColours([_of_strength(float(value)) for value in values], title, entries)


def _by_factor(masks: FloatArray, names: tuple[str, ...], factors: npt.NDArray[np.int64]) -> NodeColours:
    """The factor whose actions target a variable most."""
    most = np.stack([masks[factors == f].max(axis=0) for f in range(len(names))])
    return _by_share(most, names, "targeted most by")


def _by_share(by_factor: FloatArray, names: tuple[str, ...], title: str) -> NodeColours:
    """The factor with the largest share of a variable, [F, N]; plain where none has any."""
    none = by_factor.max(axis=0) < LEAST_TARGETED
    kinds = tuple(np.where(none, len(names), by_factor.argmax(axis=0)).tolist())
    entries = [(name.replace("_", " "), category(f)) for f, name in enumerate(names)]
    entries.append(("none", QColor(colours().line)))
    fills = [entries[kind][1] for kind in kinds]
    if not none.any():
        entries.pop()
    return NodeColours(fills, title, tuple(entries), (*letters(names), ""), kinds)


def _of_code(code: int) -> QColor:
    return QColor.fromHsvF((code * GOLDEN) % 1.0, 0.65, 0.85)


def _of_strength(share: float) -> QColor:
    """From the plain node's colour to the accent."""
    weak, strong = QColor(colours().line), QColor(colours().accent)
    mixed = [
        round((1 - share) * a + share * b)
        for a, b in (
            (weak.red(), strong.red()),
            (weak.green(), strong.green()),
            (weak.blue(), strong.blue()),
        )
    ]
    return QColor(*mixed)
