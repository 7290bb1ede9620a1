"""do-variable: the chosen variable, its neighbours, and the palette of what its codes would make."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from engine.results import Palette
from gui.explore.thumbs import ThumbGrid
from gui.widgets import GAP, caption, heading, named, row, tool_button

MANY = 4


class VariablePanel(QWidget):
    """Signals:
    code_chosen: variable, code.
    propagate_chosen: True for propagated.
    variable_chosen: a parent or child was clicked.
    cleared: no variable any more.
    """

    code_chosen = Signal(int, int)
    propagate_chosen = Signal(bool)
    variable_chosen = Signal(int)
    cleared = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._palette: Palette | None = None
        self.title = heading("Variable")
        self.title.setObjectName("variable_title")
        self.title.setToolTip(
            "A variable is one place of the latent grid: codebook, row, column.\n"
            "A codebook is the list of codes that one of them is chosen from."
        )
        self.code = caption()
        self.code.setObjectName("variable_code")
        self.close_button = tool_button("✕", "variable_clear", "Clear the chosen variable", self.cleared.emit)
        self.neighbours = QLabel()
        self.neighbours.setObjectName("variable_neighbours")
        self.neighbours.setWordWrap(True)
        self.neighbours.setProperty("role", "caption")
        self.neighbours.setAccessibleName("Causes and effects of the variable")
        self.neighbours.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.neighbours.linkActivated.connect(lambda link: self.variable_chosen.emit(int(link)))
        self.direct = self._mode("Direct", "variable_direct", "Only the variable itself changes", False)
        self.propagated = self._mode(
            "Propagated", "variable_propagated", "Its descendants in the base graph are predicted again", True
        )
        self.thumbs = ThumbGrid("palette", "Palette: the image for each likely code of the variable")
        self.hint = caption(
            "Click a node of the graph to see what its codes would make of the image.", wrap=True
        )
        self._build()
        self.set_variable(None)

    def _mode(self, text: str, name: str, tip: str, propagate: bool) -> QPushButton:
        made = named(QPushButton(text), name, f"{text} intervention", tip)
        made.setCheckable(True)
        made.clicked.connect(lambda _checked=False: self.propagate_chosen.emit(propagate))
        return made

    def _build(self) -> None:
        modes = QButtonGroup(self)
        modes.addButton(self.direct)
        modes.addButton(self.propagated)
        scroll = QScrollArea()
        scroll.setObjectName("palette_scroll")
        scroll.setAccessibleName("Palette, scrollable")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        holder_layout = QVBoxLayout(holder)
        holder_layout.setContentsMargins(0, 0, 0, 0)
        holder_layout.addWidget(self.thumbs)
        holder_layout.addStretch(1)
        scroll.setWidget(holder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(row(self.title, self.code, 1, self.close_button))
        layout.addWidget(self.hint)
        layout.addWidget(self.neighbours)
        self.mode_bar = QWidget()
        bar = row(self.direct, self.propagated, spacing=4)
        bar.setStretch(0, 1)
        bar.setStretch(1, 1)
        self.mode_bar.setLayout(bar)
        layout.addWidget(self.mode_bar)
        layout.addWidget(scroll, 100)
        layout.addStretch(1)
        self._scroll = scroll
        self.thumbs.chosen.connect(self._on_chosen)

    def set_variable(self, name: str | None) -> None:
        """Another variable, by its name; its palette comes later, the old one goes at once."""
        chosen = name is not None
        self.title.setText(f"Variable {name}" if chosen else "Variable")
        self.hint.setVisible(not chosen)
        for widget in (self.neighbours, self.mode_bar, self._scroll, self.close_button, self.code):
            widget.setVisible(chosen)
        self._palette = None  # the old pictures may not be clicked for another variable
        self.code.setText("")
        self.thumbs.set_items(np.zeros((0, 1, 1, 3), np.uint8), ())

    def set_neighbours(self, parents: list[tuple[int, str]], children: list[tuple[int, str]]) -> None:
        """(node, name) of both, strongest first."""
        self.neighbours.setText(f"{_links('Causes', parents)}<br>{_links('Effects', children)}")

    def set_palette(self, palette: Palette) -> None:
        """The thumbnails; the present code is marked."""
        self._palette = palette
        codes = palette.codes.tolist()
        chances = [float(p) for p in palette.probabilities]
        top = max(chances) if chances else 1.0
        current = codes.index(palette.current) if palette.current in codes else None
        self.code.setText(f"code {palette.current}")
        self.thumbs.set_items(
            palette.images,
            tuple(map(str, codes)),
            tuple(f"code {k}, p = {p:.3f}" for k, p in zip(codes, chances, strict=True)),
            tuple(p / top if top > 0 else 0.0 for p in chances),
            current,
        )

    def set_propagate(self, propagate: bool) -> None:
        """Mark the mode."""
        self.propagated.setChecked(propagate)
        self.direct.setChecked(not propagate)

    def choose_likeliest_other(self) -> None:
        """Choose the most likely code that is not the present one, as if it was clicked."""
        if self._palette is not None:
            others = [i for i, code in enumerate(self._palette.codes) if code != self._palette.current]
            self.thumbs.choose(others[0])

    def _on_chosen(self, place: int) -> None:
        if self._palette is not None:
            self.code_chosen.emit(self._palette.variable, int(self._palette.codes[place]))


def _links(title: str, nodes: list[tuple[int, str]]) -> str:
    if not nodes:
        return f"{title}: none shown"
    shown = " · ".join(
        f'<a href="{node}" style="text-decoration:none">{name}</a>' for node, name in nodes[:MANY]
    )
    more = f" and {len(nodes) - MANY} more" if len(nodes) > MANY else ""
    return f"{title} ({len(nodes)}): {shown}{more}"
