"""The pages of a built data set: its images, factor values, pairs, imbalanced sets made of it, and facts."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QScrollArea, QTabWidget, QWidget

from gui import requests as rq
from gui.dataset_replies import ValueCounts
from gui.library.contact_sheet import ContactSheet
from gui.library.histograms import Histograms
from gui.library.imbalance_page import ImbalancePage
from gui.library.pair_preview import PairPreview
from gui.replies import DatasetEntry
from gui.widgets import named
from gui.workspace import Answer

SPLITS = ("train", "validation", "test")
TITLES = ("Images", "Values", "Pairs", "Imbalance", "About")


class DatasetPages(QTabWidget):
    """Each page is filled when it is first seen. Without a cache there are only the facts.

    Signals:
        asked: a Request.
        build_wanted(BuildDrawn): build an imbalanced set.
        explore_wanted(PickImage): open an image in Explore.
    """

    asked = Signal(object)
    build_wanted = Signal(object)
    explore_wanted = Signal(object)

    def __init__(self, view: str) -> None:
        super().__init__()
        named(self, "library_pages", "Pages of the data set")
        self._view = view
        self._entry: DatasetEntry | None = None
        self._filled: set[QWidget] = set()
        self._page = 0  # the one that the user chose last
        self.facts = named(QLabel(), "library_dataset_facts", "Facts about the data set")
        self.facts.setWordWrap(True)
        self.facts.setOpenExternalLinks(True)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.facts.setContentsMargins(0, 8, 8, 0)
        self.sheet, self.histograms = ContactSheet(view), Histograms()
        self.pairs, self.imbalance = PairPreview(view), ImbalancePage(view)
        about = named(QScrollArea(), "library_about", "Facts about the data set")
        about.setWidgetResizable(True)
        about.setWidget(self.facts)
        pages = (self.sheet, self.histograms, self.pairs, self.imbalance, about)
        for page, title in zip(pages, TITLES, strict=True):
            self.addTab(page, title)
        self.split = named(QComboBox(), "library_split", "Split that is shown", "Split that is shown")
        self.split.addItems(SPLITS)
        self.split.setStyleSheet("min-height: 16px; padding: 1px 8px;")  # as high as the tabs
        self.setCornerWidget(self.split)
        self._connect()

    def _connect(self) -> None:
        for page in (self.sheet, self.pairs, self.imbalance):
            page.asked.connect(self.asked)
        self.histograms.chosen.connect(self._show_images)
        self.imbalance.build_wanted.connect(self.build_wanted)
        self.sheet.explore_wanted.connect(self.explore_wanted)
        self.split.currentTextChanged.connect(lambda _split: self._begin_anew(keep=self.imbalance))
        self.currentChanged.connect(self._on_page)

    def answers(self) -> dict[str, Answer]:
        """Kind of request -> the method that takes its payloads."""
        return {
            rq.kind_of(rq.BrowseImages, self._view): self.sheet.set_page,
            rq.kind_of(rq.FindImage, self._view): self.sheet.set_found,
            rq.kind_of(rq.CountValues, self._view): self._on_values,
            rq.kind_of(rq.DrawPairs, self._view): self.pairs.set_pairs,
            rq.kind_of(rq.CountPairs, self._view): self.imbalance.set_counts,
            rq.kind_of(rq.DraftDrawn, self._view): self.imbalance.set_draft,
        }

    def set_entry(self, entry: DatasetEntry, another: bool) -> None:
        """Show a data set; its pages are read anew where it is `another` one, or another file."""
        self._entry, page = entry, self._page
        usable = self._is_usable()
        for at in range(self.count() - 1):
            self.setTabVisible(at, usable)
        self.tabBar().setVisible(usable)
        self.setCurrentIndex(page if usable else self.count() - 1)
        self._show_split()
        if another:
            self._begin_anew()

    def show_page(self, page: QWidget) -> None:
        """Bring a page to the front."""
        self._page = self.indexOf(page)
        self.setCurrentIndex(self._page)

    def _show_images(self, factor: int, value: int) -> None:
        """Those of one value, in the sheet."""
        self.show_page(self.sheet)
        self.sheet.show_only((factor, value))

    def _name(self) -> str:
        return self._entry.name if self._entry is not None else ""

    def _on_page(self, index: int) -> None:
        """Remembered for the next data set, unless this one has no other page."""
        if self._is_usable():
            self._page = index
        self._show_split()
        self._fill()

    def _show_split(self) -> None:
        """Only where it makes a difference."""
        self.split.setVisible(self.currentWidget() in (self.sheet, self.histograms, self.pairs))

    def _is_usable(self) -> bool:
        return self._entry is not None and self._entry.built and not self._entry.problem

    def _begin_anew(self, keep: QWidget | None = None) -> None:
        self._filled &= {keep} if keep is not None else set()
        self._fill()

    def _fill(self) -> None:
        """Ask for what the page in front shows, once."""
        entry, page = self._entry, self.currentWidget()
        if entry is None or not self._is_usable() or page in self._filled:
            return
        if page is not None:
            self._filled.add(page)
        split: rq.Split = self.split.currentText()  # type: ignore[assignment]
        if page is self.sheet:
            self.sheet.begin(entry.name, split, entry.space)
        elif page is self.histograms:
            self.histograms.begin(split, entry.space)
            self.asked.emit(rq.CountValues(entry.name, view=self._view))
        elif page is self.pairs:
            self.pairs.begin(entry.name, split, entry.space)
        elif page is self.imbalance:
            self.imbalance.begin(entry.name, entry.space)
            self.asked.emit(rq.CountPairs(entry.name, view=self._view))

    def _on_values(self, counts: ValueCounts) -> None:
        if counts.dataset == self._name():
            self.histograms.set_counts(counts)
