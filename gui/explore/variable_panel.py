"""do-variable: the chosen variables, their neighbours, and the palette of what their codes would make."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.results import Palette
from gui.explore.palette_view import PaletteView
from gui.theme import colours
from gui.widgets import GAP, caption, heading, named, row, tool_button

MANY = 4


class VariablePanel(QWidget):
    """Signals:
    code_chosen: variables (a tuple of nodes), code.
    propagate_chosen: True for propagated.
    variable_chosen: a parent or child was clicked.
    all_wanted: whether all codes are to be shown, not only the most likely ones.
    gallery_wanted: the gallery of codes.
    cleared: no variable any more.
    """

    code_chosen = Signal(object, int)
    propagate_chosen = Signal(bool)
    variable_chosen = Signal(int)
    all_wanted = Signal(bool)
    gallery_wanted = Signal()
    cleared = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._likely: Palette | None = None
        self._near: tuple[list[tuple[int, str]], list[tuple[int, str]]] | None = None
        self._together: list[tuple[int, str]] = []
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
        self.palette_view = PaletteView()
        self.thumbs = self.palette_view.thumbs
        self.gallery_button = tool_button(
            "Gallery",
            "variable_gallery",
            "Gallery of codes",
            self.gallery_wanted.emit,
            "What a code looks like, and where and how often images have it (Ctrl+K)",
        )
        self.hint = caption(
            "Click a node of the graph to see what its codes would make of the image; with Shift, several.",
            wrap=True,
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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(row(self.title, self.code, 1, self.close_button))
        layout.addWidget(self.hint)
        layout.addWidget(self.neighbours)
        self.mode_bar = QWidget()
        bar = row(self.direct, self.propagated, self.gallery_button, spacing=4)
        bar.setStretch(0, 1)
        bar.setStretch(1, 1)
        self.mode_bar.setLayout(bar)
        layout.addWidget(self.mode_bar)
        layout.addWidget(self.palette_view, 100)
        layout.addStretch(1)
        self.palette_view.chosen.connect(self._on_chosen)
        self.palette_view.all_wanted.connect(self._on_all)

    def set_variable(self, name: str | None, num_codes: int = 0, others: int = 0) -> None:
        """Another variable, by its name; its palette comes later, the old one goes at once.

        `others` are chosen besides it, and get what it gets.
        """
        chosen = name is not None
        self.title.setText(
            f"{others + 1} variables" if others else f"Variable {name}" if chosen else "Variable"
        )
        self.hint.setVisible(not chosen)
        for widget in (self.neighbours, self.mode_bar, self.palette_view, self.close_button, self.code):
            widget.setVisible(chosen)
        self._likely = None  # the old pictures may not be clicked for another variable
        self.code.setText("")
        self.palette_view.clear(num_codes)

    def set_neighbours(self, parents: list[tuple[int, str]], children: list[tuple[int, str]]) -> None:
        """(node, name) of both, strongest first."""
        self._near, self._together = (parents, children), []
        self.neighbours.setText(f"{_links('Causes', parents)}<br>{_links('Effects', children)}")

    def set_together(self, variables: list[tuple[int, str]]) -> None:
        """(node, name) of several variables that are chosen together, instead of the neighbours of one."""
        self._near, self._together = None, variables
        self.neighbours.setText(f"{_links('Together', variables)}<br>All get the code of the same number.")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() != QEvent.Type.PaletteChange:
            return
        if self._near is not None:  # a link keeps the colour that it was written in
            self.set_neighbours(*self._near)
        elif self._together:
            self.set_together(self._together)

    def set_palette(self, palette: Palette) -> None:
        """The thumbnails of the most likely codes; the present code is marked."""
        self._likely = palette
        self.code.setText("" if palette.others else f"code {palette.current}")
        self.palette_view.set_palette(palette)

    def add_palette(self, palette: Palette) -> None:
        """More codes of the same variable."""
        self.palette_view.add_palette(palette)

    def set_propagate(self, propagate: bool) -> None:
        """Mark the mode."""
        self.propagated.setChecked(propagate)
        self.direct.setChecked(not propagate)

    def choose_likeliest_other(self) -> None:
        """Choose the most likely code that is not the present one, as if it was clicked."""
        self.palette_view.choose_likeliest_other()

    def _on_all(self, wanted: bool) -> None:
        if not wanted and self._likely is not None:
            self.palette_view.set_palette(self._likely)
        self.all_wanted.emit(wanted)

    def _on_chosen(self, code: int) -> None:
        if self._likely is not None:
            self.code_chosen.emit((self._likely.variable, *self._likely.others), code)


def _links(title: str, nodes: list[tuple[int, str]]) -> str:
    if not nodes:
        return f"{title}: none shown"
    shown = " · ".join(
        f'<a href="{node}" style="text-decoration:none; color:{colours().accent}">{name}</a>'
        for node, name in nodes[:MANY]
    )
    more = f" and {len(nodes) - MANY} more" if len(nodes) > MANY else ""
    return f"{title} ({len(nodes)}): {shown}{more}"
