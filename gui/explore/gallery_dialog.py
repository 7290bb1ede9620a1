"""The gallery of codes: what a code looks like, where and how often it occurs, with which factor values."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.results import Codes
from gui.explore.code_pictures import ExampleCrops, HeatMap
from gui.explore.factor_bars import FactorBars
from gui.replies import CodePage
from gui.widgets import GAP, button, caption, heading, named, row, tool_button
from gui.words import count, percent

KEYS = "← → by number, ↑ ↓ by use, Ctrl+arrows to another cell, Ctrl+Enter uses the code"
LEGEND = "Thick bar, first number: images with the code. Thin bar, second number: all."
FEW = 20
WAITING = "Reading…"
INFORMATION = (
    "Information: how much of the doubt whether an image has the code at this cell its factor value takes\n"
    "away (mutual information over the entropy of having the code), 0 to 1. Chance: what it comes to\n"
    "for a factor that has nothing to do with the code, because the images are few."
)


class GalleryDialog(QDialog):
    """Signals:
    code_wanted: another code to look at.
    cell_wanted: another cell of the grid (row, column flattened).
    use_wanted: code that the variable shall be set to.
    """

    code_wanted = Signal(int)
    cell_wanted = Signal(int)
    use_wanted = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("gallery")
        self.setWindowTitle("Gallery of codes")
        self.page: CodePage | None = None
        self._order: Codes | None = None
        self._present: int | None = None
        self._codebook, self._grid, self._cell = (0, 1), (1, 1), 0
        self.number = named(QSpinBox(), "gallery_code", "Code number")
        self.of_what = caption()
        self.summary = QLabel()
        self.summary.setObjectName("gallery_summary")
        self.summary.setWordWrap(True)
        self.looks, self.occurs, self.goes_with = heading(""), heading("Where it occurs"), heading("")
        self.scale, self.legend, self.few = caption(), caption(wrap=True), caption(wrap=True)
        self.examples, self.map, self.bars = ExampleCrops(), HeatMap(), FactorBars()
        self.progress, self.pages = caption(), QStackedWidget()
        self._build()
        self._connect()
        self.resize(820, 640)

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(GAP)
        layout.addLayout(self._bar())
        layout.addWidget(self.summary)
        body = QWidget()
        side_by_side = row(self._pictures(), self._factors(), spacing=2 * GAP)
        side_by_side.setStretch(1, 1)
        body.setLayout(side_by_side)
        for part in (QWidget(), body):  # the empty one while there is nothing to see
            self.pages.addWidget(part)
        layout.addWidget(self.pages, 1)
        close = button("Close", "gallery_close", "Close the gallery", self.close)
        close.setAutoDefault(False)
        layout.addLayout(row(self.progress, 1, caption(KEYS), close))

    def _bar(self) -> QHBoxLayout:
        previous = tool_button("◀", "gallery_previous", "Previous code (←)", lambda: self._step(-1))
        following = tool_button("▶", "gallery_next", "Next code (→)", lambda: self._step(1))
        more = tool_button("More used", "gallery_more", "A code of more images (↑)", lambda: self._walk(-1))
        less = tool_button("Less used", "gallery_less", "A code of fewer images (↓)", lambda: self._walk(1))
        self.use = button(
            "Use this code",
            "gallery_use",
            "Set the variable to this code",
            lambda: self.use_wanted.emit(self.number.value()),
            "do(variable := this code), direct or propagated as chosen (Ctrl+Enter)",
        )
        self.use.setProperty("role", "primary")
        self.use.setAutoDefault(False)  # Enter in the number field looks at a code, it does not set it
        return row(previous, QLabel("Code"), self.number, following, self.of_what, 1, more, less, self.use)

    def _pictures(self) -> QWidget:
        holder = QWidget()
        holder.setFixedWidth(312)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        for part in (self.looks, self.examples, self.occurs):
            column.addWidget(part)
        column.addWidget(self.map, 1)
        column.addWidget(self.scale)
        return holder

    def _factors(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        self.goes_with.setWordWrap(True)
        self.goes_with.setToolTip(INFORMATION)
        scroll = named(QScrollArea(), "gallery_scroll", "Factors, scrollable")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        lines = QVBoxLayout(inside)
        lines.setContentsMargins(0, 0, GAP, 0)
        lines.addWidget(self.bars)
        lines.addStretch(1)
        scroll.setWidget(inside)
        for part in (self.goes_with, self.legend, self.few):
            column.addWidget(part)
        column.addWidget(scroll, 1)
        return holder

    def _connect(self) -> None:
        self.number.valueChanged.connect(self._on_number)
        self.map.cell_chosen.connect(self.cell_wanted)
        keys: dict[str, Callable[[], None]] = {
            "Left": lambda: self._step(-1),
            "Right": lambda: self._step(1),
            "Up": lambda: self._walk(-1),
            "Down": lambda: self._walk(1),
            "Ctrl+Left": lambda: self._move(0, -1),
            "Ctrl+Right": lambda: self._move(0, 1),
            "Ctrl+Up": lambda: self._move(-1, 0),
            "Ctrl+Down": lambda: self._move(1, 0),
            "Ctrl+Return": self.use.click,
        }
        for key, does in keys.items():
            QShortcut(QKeySequence(key), self).activated.connect(does)

    # ------------------------------------------------------------ what is shown

    def set_place(self, book: int, grid: tuple[int, int], cell: int, num_codes: int, code: int) -> None:
        """Which codebook, which cell of its grid (H, W), and which of its codes is to be looked at."""
        if (book, num_codes) != self._codebook:
            self._order = None
        self._codebook, self._grid, self._cell = (book, num_codes), grid, cell
        self.number.blockSignals(True)  # it is told what to show, it does not ask
        self.number.setRange(0, num_codes - 1)
        self.number.setValue(code)
        self.number.blockSignals(False)
        line, column = divmod(cell, grid[1])
        self.of_what.setText(f"of {count(num_codes)}, codebook {book}; cell: row {line}, column {column}")
        self.await_page()

    def set_present(self, code: int | None) -> None:
        """The code that the variable has now."""
        self._present = code
        self._mark_present()

    def _mark_present(self) -> None:
        same = self.number.value() == self._present
        self.use.setEnabled(not same)
        self.use.setText("The present code" if same else "Use this code")

    def await_page(self) -> None:
        """What is asked for now is not there yet; what is seen says of itself which code it is of."""
        self.progress.setText(WAITING)

    def end(self) -> None:
        """Nothing more comes."""
        if self.progress.text() == WAITING:
            self.progress.setText("")

    def say(self, sentence: str) -> None:
        """Show no code, but why there is none to see."""
        self.page = self._order = None
        self.pages.setCurrentIndex(0)
        self.summary.setText(sentence)
        self.progress.setText("")

    def set_page(self, page: CodePage) -> None:
        """The answer, or a first part of it."""
        use, self.page, self._order = page.use, page, page.use.order
        self.summary.setText(summary_of(page))
        self.looks.setText(f"What code {use.code} looks like")
        self.examples.set_examples(page.crops, page.boxes)
        self.map.set_heat(use.heat, self._cell)
        self.scale.setText(f"Empty: 0. Full colour: {percent(float(use.heat.max()))} of the images")
        self._show_factors(page)
        self.pages.setCurrentIndex(1)
        whole = use.num_images == page.total
        read = count(page.total) if whole else f"{count(use.num_images)} of {count(page.total)}"
        self.progress.setText(f"{read} validation images of {page.dataset} read")

    def _show_factors(self, page: CodePage) -> None:
        use = page.use
        many = f"{count(use.with_code)} images" if use.with_code != 1 else "1 image"
        self.goes_with.setText(f"Factors: {many} with code {use.code} at this cell, against all")
        self.legend.setText(
            LEGEND if page.labelled else f"The factor values of {page.dataset} are not known."
        )
        self.few.setText(
            "So few images tell little."
            if use.with_code
            else "There is nothing to compare here; the coloured cells of the map have the code."
        )
        self.few.setVisible(page.labelled and use.with_code < FEW)
        self.bars.set_factors(use.factors if use.with_code else ())

    def done(self, result: int) -> None:
        """Closed: another run may be looked at next, so nothing of this one is kept."""
        super().done(result)
        self.say("")

    # ------------------------------------------------------------ walking

    def _on_number(self, code: int) -> None:
        self.await_page()
        self._mark_present()
        self.code_wanted.emit(code)

    def _step(self, by: int) -> None:
        """To the next code number."""
        self.number.setValue(self.number.value() + by)

    def _walk(self, by: int) -> None:
        """To the code of the next more (-1) or less (+1) images."""
        if self._order is not None:
            place = self._order.tolist().index(self.number.value()) + by
            if 0 <= place < len(self._order):
                self.number.setValue(int(self._order[place]))

    def _move(self, down: int, right: int) -> None:
        """To a neighbouring cell."""
        line, column = divmod(self._cell, self._grid[1])
        if 0 <= line + down < self._grid[0] and 0 <= column + right < self._grid[1]:
            self.cell_wanted.emit((line + down) * self._grid[1] + column + right)


def summary_of(page: CodePage) -> str:
    """How often the code occurs, in a sentence."""
    use, used = page.use, count(page.use.num_used)
    if use.share == 0:
        return f"Code {use.code} is in none of {count(use.num_images)} images; {used} codes are."
    here = percent(use.with_code / use.num_images)
    return (
        f"Code {use.code} is in {percent(use.share)} of the images: rank {count(use.rank)} of {used} codes"
        f" that occur. At this cell {here} of the images have it."
    )
