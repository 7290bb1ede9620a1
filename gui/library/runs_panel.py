"""The list of runs: search it, choose the figure that it shows, sort it, choose one run or several."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from gui.library.run_detail import state_words
from gui.library.table import EntryTable
from gui.replies import RunEntry
from gui.widgets import named, row
from gui.words import count, duration, figure, readable, short

FIRST_FIGURES = ("directed_accuracy", "factor_accuracy", "psnr")
STEPS, TIME, BEGUN = "steps", "training time", "begun"
DASH = "\N{EN DASH}"


class RunsPanel(QWidget):
    """Search field, figure, table.

    Signals:
        chosen(path): one run.
        several_chosen(paths): list of two or more runs, in the order of the table.
    """

    chosen = Signal(str)
    several_chosen = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: dict[str, RunEntry] = {}
        self.search = named(QLineEdit(), "library_run_search", "Search the runs")
        self.search.setPlaceholderText("Name, data set, preset, tag or note")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self._fill())
        self.figure = named(QComboBox(), "library_run_figure", "Figure shown in the list")
        self.figure.setToolTip("The figure in the list; a click on its heading sorts by it")
        self.figure.currentIndexChanged.connect(lambda _: self._fill())
        self.table = EntryTable("library_runs", "Runs", ("run", "data set", "state", "figure"), several=True)
        self.table.setToolTip("")
        self.table.chosen.connect(self.chosen)
        self.table.several_chosen.connect(self.several_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        bar = row(self.search, self.figure, spacing=6)
        bar.setStretch(0, 1)
        layout.addLayout(bar)
        layout.addWidget(self.table, 1)

    def set_runs(self, entries: Sequence[RunEntry]) -> None:
        """Other runs; search, figure and order stay."""
        self._entries = {str(entry.path): entry for entry in entries}
        names = dict.fromkeys(FIRST_FIGURES)
        names |= dict.fromkeys(sorted({name for entry in entries for name in entry.figures}))
        with QSignalBlocker(self.figure):
            shown = self.figure.currentData()
            self.figure.clear()
            for name in (*names, STEPS, TIME, BEGUN):
                self.figure.addItem(readable(name), name)
            self.figure.setCurrentIndex(max(0, self.figure.findData(shown)))
        self._fill()

    def _fill(self) -> None:
        """The rows that the search finds; what was chosen stays chosen if it is among them."""
        words = self.search.text().casefold().split()
        kept = self.table.keys()
        found = [(path, e) for path, e in self._entries.items() if all(w in searched(e) for w in words)]
        name = str(self.figure.currentData() or FIRST_FIGURES[0])
        self.table.setHorizontalHeaderItem(3, self.table.header_item(short(name)))
        self.table.set_rows([(path, run_row(entry, name)) for path, entry in found], sort_keys(found, name))
        self.table.choose_all([path for path in kept if path in self._entries])


def searched(entry: RunEntry) -> str:
    """All that a search looks at."""
    return " ".join((entry.name, entry.dataset, entry.preset, *entry.tags, entry.note)).casefold()


def value_of(entry: RunEntry, name: str) -> float | None:
    """The figure of a run, steps and times among them."""
    others = {STEPS: float(entry.step), TIME: entry.elapsed_s, BEGUN: entry.begun}
    return others[name] if name in others else entry.figures.get(name)


def run_row(entry: RunEntry, name: str) -> tuple[str, ...]:
    """A run's cells."""
    value = value_of(entry, name)
    words = {STEPS: count, TIME: duration, BEGUN: date}.get(name, partial(figure, name))
    tagged = f"{entry.name}   {' '.join(f'#{tag}' for tag in entry.tags)}".rstrip()
    return tagged, entry.dataset, state_words(entry), DASH if value is None else words(value)


def date(seconds: float) -> str:
    """A day and time, from seconds since 1970; a dash where it is not known."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else DASH


def sort_keys(found: Sequence[tuple[str, RunEntry]], name: str) -> list[tuple[object, ...]]:
    """What each cell is sorted by: words by letters, numbers by size, a missing figure below all."""
    keys: list[tuple[object, ...]] = []
    for _, entry in found:
        value = value_of(entry, name)
        number = float("-inf") if value is None else value
        keys.append((entry.name.casefold(), entry.dataset.casefold(), state_words(entry), number))
    return keys
