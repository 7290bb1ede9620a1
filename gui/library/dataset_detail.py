"""One data set in detail: facts, factors, building, checking and a page of its images."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QLabel, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from gui.library.image_page import ImagePage
from gui.replies import Activity, Browsed, DatasetEntry, DatasetView
from gui.widgets import button, caption, heading, named, row
from gui.words import count, duration, facts_html, file_size, readable

SPLITS = ("train", "validation", "test")
OWN_HINT = (
    "Build\N{HORIZONTAL ELLIPSIS} shows what your files are taken for, ten of their images, and what will be "
    "possible, before anything is built."
)


class DatasetDetail(QWidget):
    """The right side of the Library while a data set is chosen.

    Signals:
        build_requested(name, source folder or ""), cancel_requested(): building.
        own_requested(DatasetEntry): the same of one's own data, which takes more than a place to be said.
        verify_requested(name): read the whole cache and check it.
        use_requested(name): make it the window's data set.
        page_requested(split, start): example images from a position on.
    """

    build_requested = Signal(str, str)
    own_requested = Signal(object)
    cancel_requested = Signal()
    verify_requested = Signal(str)
    use_requested = Signal(str)
    page_requested = Signal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entry: DatasetEntry | None = None
        self._building = ""
        self._training = False
        self.title = heading("")
        self.facts = named(QLabel(), "library_dataset_facts", "Facts about the data set")
        self.facts.setWordWrap(True)
        self.facts.setOpenExternalLinks(True)
        self.source = named(QLineEdit(), "library_source", "Folder of the original files")
        self.source.textChanged.connect(self._update)
        self.choose = button(
            "Choose\N{HORIZONTAL ELLIPSIS}",
            "library_choose_source",
            "Choose the folder of the files",
            self._choose,
        )
        self.choose_archive = button(
            "File\N{HORIZONTAL ELLIPSIS}",
            "library_choose_archive",
            "Choose the file or archive",
            self._choose_archive,
        )
        self.source_hint = caption("", wrap=True)
        self.build = button("Build", "library_build", "Build the data set", self._build)
        self.use = button(
            "Use", "library_use", "Use this data set", lambda: self.use_requested.emit(self._name()),
            "Make it the data set of Explore and Retrieve",
        )  # fmt: skip
        self.verify = button(
            "Verify", "library_verify", "Check the data set",
            lambda: self.verify_requested.emit(self._name()),
            "Read every image and check what the build promised",
        )  # fmt: skip
        self.progress = named(QProgressBar(), "library_build_progress", "Progress of the build")
        self.progress.setTextVisible(False)
        self.progress_words = named(caption(), "library_build_words", "Stage of the build")
        self.cancel = button("Cancel", "library_cancel_build", "Cancel the build", self.cancel_requested.emit)
        self.split = named(QComboBox(), "library_split", "Split whose images are shown")
        self.split.addItems(SPLITS)
        self.split.setCurrentText("test")
        self.split.currentTextChanged.connect(lambda split: self.page_requested.emit(split, 0))
        self.page = ImagePage()
        self.page.start_requested.connect(
            lambda start: self.page_requested.emit(self.split.currentText(), start)
        )
        self._lay_out()
        self._update()

    def _lay_out(self) -> None:
        self.source_row = QWidget()
        source = row(self.source, self.choose, self.choose_archive, spacing=4)
        source.setStretch(0, 1)
        self.source_row.setLayout(source)
        self.progress_row = QWidget()
        bar = row(self.progress_words, self.progress, self.cancel)
        bar.setStretch(1, 1)
        self.progress_row.setLayout(bar)
        self.page_box = QWidget()
        page = QVBoxLayout(self.page_box)
        page.setContentsMargins(0, 0, 0, 0)
        page.addLayout(row(heading("Images"), self.split, 1))
        page.addWidget(self.page, 1)
        self.filler = QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(self.title, 1, self.use, self.verify, self.build))
        layout.addWidget(self.source_hint)
        layout.addWidget(self.source_row)
        layout.addWidget(self.progress_row)
        layout.addWidget(self.facts)
        layout.addWidget(self.page_box, 1)
        layout.addWidget(self.filler, 1)

    def set_entry(self, entry: DatasetEntry) -> None:
        """Show a data set. The page of images is asked for when another one is chosen."""
        another = self._entry is None or entry.name != self._entry.name or entry.built != self._entry.built
        self._entry = entry
        if another:
            self.page.clear()
        self._update()
        if another and entry.built and not entry.problem:
            self.page_requested.emit(self.split.currentText(), 0)

    def forget(self) -> None:
        """The next `set_entry` reads the images anew."""
        self._entry = None

    def set_training(self, on: bool) -> None:
        """A cache that a training may be reading is not built again."""
        self._training = on
        self._update()

    def set_page(self, page: Browsed) -> None:
        """Example images of the chosen data set."""
        if self._entry is not None:
            self.page.set_page(page, self._entry.space)

    def set_progress(self, activity: Activity) -> None:
        """How far the build is."""
        self.progress.setRange(0, activity.total)
        self.progress.setValue(activity.done)
        left = (
            f", {duration(activity.remaining_s)} left" if activity.total and activity.remaining_s >= 0 else ""
        )
        done = f" {count(activity.done)} of {count(activity.total)}" if activity.total else ""
        self.progress_words.setText(f"{activity.text}{done}{left}")

    def set_building(self, name: str) -> None:
        """The data set that is being built, or ""."""
        self._building = name
        self.progress.setRange(0, 0)
        self.progress_words.setText(f"Building {name}")
        self._update()

    def set_opened(self, view: DatasetView) -> None:
        """Counts that only the opened cache knows."""
        if self._entry is not None and view.name == self._entry.name:
            self.facts.setText(facts_words(self._entry, view))

    def _name(self) -> str:
        return self._entry.name if self._entry else ""

    def _build(self) -> None:
        if self._entry is not None and self._entry.own is not None:
            self.own_requested.emit(self._entry)
            return
        self.build_requested.emit(self._name(), self.source.text().strip())

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the original files", self.source.text())
        if folder:
            self.source.setText(folder)

    def _choose_archive(self) -> None:
        archive, _ = QFileDialog.getOpenFileName(self, "File or archive of the data", self.source.text())
        if archive:
            self.source.setText(archive)

    def _update(self) -> None:
        entry = self._entry
        if entry is None:
            return
        usable = entry.built and not entry.problem
        self.title.setText(entry.title)
        self.facts.setText(facts_words(entry, None))
        self.source_row.setVisible(entry.needs_source and entry.own is None)
        self.source_hint.setVisible(entry.needs_source and not usable)
        self.choose.setVisible("folder" in entry.place)
        self.choose_archive.setVisible("file" in entry.place or "archive" in entry.place)
        where = f" Where to get it: {entry.where}." if entry.where else ""
        self.source_hint.setText(
            f"{OWN_HINT} What is needed: {entry.where}."
            if entry.own is not None
            else f"This data set is read from your own copy: choose its {entry.place}, then build.{where}"
        )
        self.source.setPlaceholderText(f"{entry.place.capitalize()} of {entry.name}")
        ellipsis = "" if entry.own is None else "\N{HORIZONTAL ELLIPSIS}"
        self.build.setText(("Build again" if entry.built else "Build") + ellipsis)
        self.build.setProperty("role", "" if usable else "primary")
        self.build.style().unpolish(self.build)
        self.build.style().polish(self.build)
        why_not = self._why_not_build(entry)
        self.build.setEnabled(not why_not)
        self.build.setToolTip(why_not)
        self.use.setEnabled(usable and not self._building)
        self.verify.setEnabled(entry.built and not self._building)
        self.progress_row.setVisible(bool(self._building) and entry.name in (self._building, "own"))
        self.page_box.setVisible(usable)
        self.filler.setVisible(not usable)

    def _why_not_build(self, entry: DatasetEntry) -> str:
        """Why the Build button is off, as a sentence; empty when it is on."""
        if self._building:
            return f"{self._building} is being built"
        if entry.needs_source and entry.own is None and not self.source.text().strip():
            return f"Choose the {entry.place} of the original files first"
        if self._training and entry.built:
            return "A training runs and may be reading this file: stop it first"
        return ""


def facts_words(entry: DatasetEntry, view: DatasetView | None) -> str:
    """The facts as rich text; `view` knows the counts of an opened cache."""
    state = f"built, {file_size(entry.size_bytes)}" if entry.built else "not built yet"
    facts = {"State": f"cannot be used: {entry.problem}" if entry.problem else state}
    if view is not None:
        pairs = ", ".join(f"{count(number)} {split}" for split, number in view.pair_counts.items())
        facts["Images"] = f"{count(view.num_images)} in the file"
        facts["Pairs"] = f"{pairs}; {count(view.null_pairs_dropped)} without a visible change left out"
    factors = ", ".join(f"{readable(f.name)} {f.size} ({f.kind})" for f in entry.space.factors)
    if entry.own is None or entry.built:
        facts["Factors"] = f"{factors}: {count(entry.space.num_images)} combinations"
    return facts_html(facts | {"Licence": entry.licence, "Citation": entry.citation, "File": str(entry.path)})
