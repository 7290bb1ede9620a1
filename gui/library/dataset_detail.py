"""One data set in detail: building, checking, packing and deleting it, and its pages."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from datasets.pair_choices import USUAL, PairChoices, offer_for, plain
from gui.library.dataset_pages import DatasetPages
from gui.library.pair_rules_dialog import PairRulesDialog
from gui.library.questions import ask_to_delete
from gui.replies import Activity, DatasetEntry, DatasetView
from gui.widgets import button, caption, heading, named, row
from gui.words import count, duration, facts_html, file_size, readable

OWN_HINT = (
    "Build\N{HORIZONTAL ELLIPSIS} shows what your files are taken for, ten of their images, and what will be "
    "possible, before anything is built."
)
DOTS = "\N{HORIZONTAL ELLIPSIS}"


class DatasetDetail(QWidget):
    """The right side of the Library while a data set is chosen.

    Signals:
        build_requested(name, source folder or ""), cancel_requested(): building.
        own_requested(DatasetEntry): the same of one's own data, which takes more than a place to be said.
        verify_requested(name): read the whole cache and check it.
        use_requested(name): make it the window's data set.
        opened(name): its counts are wanted.
        pack_requested(name, file), delete_requested(name): what is done with the file.
        ruled_requested(name, source folder or "", PairChoices, new name): build it with other pairs.
    """

    build_requested = Signal(str, str)
    own_requested = Signal(object)
    cancel_requested = Signal()
    verify_requested = Signal(str)
    use_requested = Signal(str)
    opened = Signal(str)
    pack_requested = Signal(str, str)
    delete_requested = Signal(str)
    ruled_requested = Signal(str, str, object, str)

    def __init__(self, view: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entry: DatasetEntry | None = None
        self._view: DatasetView | None = None  # the entry's opened cache
        self._building = self._in_use = ""
        self._training = False
        self._sources: dict[str, str] = {}  # what was named for each set
        self.title = heading("")
        self.summary = named(caption("", wrap=True), "library_dataset_summary", "The data set in a line")
        self.pages = DatasetPages(view)
        self.facts, self.page = self.pages.facts, self.pages.sheet
        self.source = named(QLineEdit(), "library_source", "Folder of the original files")
        self.source.textChanged.connect(self._on_source)
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
        self.other_pairs = button(
            f"Other pairs{DOTS}", "library_other_pairs", "Build it with other pairs", self._ask_pairs
        )
        self.pairs_dialog = PairRulesDialog(self, "pairs", builds=True)
        self.pairs_dialog.chosen.connect(self._on_pairs)
        self.use = button(
            "Use", "library_use", "Use this data set", lambda: self.use_requested.emit(self._name()),
            "Make it the data set of Explore and Retrieve",
        )  # fmt: skip
        self.verify = button(
            "Verify", "library_verify", "Check the data set",
            lambda: self.verify_requested.emit(self._name()),
            "Read every image, hash it, and check what the build promised",
        )  # fmt: skip
        self.pack = button(f"Pack{DOTS}", "library_pack", "Pack the data set", self._choose_pack)
        self.folder = button(
            "Open folder", "library_dataset_folder", "Open the data set's folder", self._open_folder
        )
        self.delete = button(
            f"Delete{DOTS}", "library_dataset_delete", "Delete the data set", self.ask_delete
        )
        self.progress = named(QProgressBar(), "library_build_progress", "Progress of the build")
        self.progress.setTextVisible(False)
        self.progress_words = named(caption(), "library_build_words", "Stage of the build")
        self.cancel = button("Cancel", "library_cancel_build", "Cancel the build", self.cancel_requested.emit)
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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(self.title, 1))
        actions = (self.use, self.build, self.other_pairs, self.verify, self.pack, self.folder)
        layout.addLayout(row(*actions, 1, self.delete, spacing=6))
        layout.addWidget(self.summary)
        layout.addWidget(self.source_hint)
        layout.addWidget(self.source_row)
        layout.addWidget(self.progress_row)
        layout.addWidget(self.pages, 1)

    def set_entry(self, entry: DatasetEntry) -> None:
        """Show a data set. Its pages are read when another one is chosen."""
        another = self._entry is None or entry.name != self._entry.name or entry.built != self._entry.built
        self._entry = entry
        self._view = None if another else self._view
        self.source.setText(self._sources.get(entry.name, ""))
        self._update()
        self.pages.set_entry(entry, another)
        if another and entry.built and not entry.problem:
            self.opened.emit(entry.name)

    def forget(self) -> None:
        """The next `set_entry` reads the images anew."""
        self._entry = None

    def set_training(self, on: bool) -> None:
        """A cache that a training may be reading is not built again."""
        self._training = on
        self._update()

    def set_in_use(self, path: str) -> None:
        """The file of the window's own data set, which is not deleted; or empty."""
        self._in_use = path
        self._update()

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
        self.pages.imbalance.set_building(bool(name))
        self.progress.setRange(0, 0)
        self.progress_words.setText(f"Building {name}")
        self._update()

    def set_opened(self, view: DatasetView) -> None:
        """Counts that only the opened cache knows."""
        if self._entry is not None and view.dataset == self._entry.name:
            self._view = view
            if not self.source.text():
                self.source.setText(view.source)
            self._update()

    def set_source(self, name: str, place: str) -> None:
        """Fill in the place of a set's files."""
        self._sources[name] = place
        if name == self._name():
            self.source.setText(place)

    def _on_source(self, text: str) -> None:
        self._sources[self._name()] = text
        self._update()

    def _ask_pairs(self) -> None:
        entry = self._entry
        if entry is not None:
            self.pairs_dialog.begin(
                entry.name, f"{entry.name} with other pairs", plain(entry.space), offer_for(entry.name)
            )

    def _on_pairs(self, choices: PairChoices, name: str) -> None:
        self.ruled_requested.emit(self._name(), self.source.text().strip(), choices, name)

    def _name(self) -> str:
        return self._entry.name if self._entry else ""

    def _open_folder(self) -> None:
        if self._entry is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._entry.path.parent)))

    def _choose_pack(self) -> None:
        if self._entry is not None:
            beside = self._entry.path.parent / f"{self._entry.name}.packed.h5"
            file, _ = QFileDialog.getSaveFileName(self, "Pack the data set", str(beside), "Packed (*.h5)")
            if file:
                file = file if Path(file).suffix.lower() == ".h5" else f"{file}.packed.h5"
                self.pack_requested.emit(self._entry.name, file)

    def ask_delete(self) -> None:
        """It asks, and says what goes, how large it is and where it goes to."""
        entry = self._entry
        if entry is None:
            return
        question = f"Move the data set '{entry.name}' ({file_size(entry.size_bytes)}) to the trash?"
        details = f"{entry.path}\n{_way_back(entry)}"
        name = entry.name
        ask_to_delete(
            self, "library_dataset", "data set", question, details, lambda: self.delete_requested.emit(name)
        )

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
        self.facts.setText(facts_words(entry, self._view))
        self.summary.setText(summary_words(entry, self._view))
        self.summary.setVisible(entry.built)
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
        offer = offer_for(entry.name)
        why_no_pairs = why_not if offer and not entry.built else "" if offer else offer.why_not
        self.other_pairs.setVisible(not entry.special and entry.own is None)
        self.other_pairs.setEnabled(not why_no_pairs and not self._building)
        self.other_pairs.setToolTip(
            why_no_pairs or "Larger steps, around the end, set to a value; what only the test has"
        )
        self.use.setEnabled(usable and not self._building)
        self.build.setVisible(not entry.special)
        self.verify.setEnabled(usable and not self._building)
        self.pack.setEnabled(usable and not self._building)
        self.pack.setToolTip(f"Write it into a small file, to pass it on. Licence: {entry.licence}")
        self.folder.setEnabled(entry.built)
        why_kept = self._why_not_delete(entry)
        self.delete.setEnabled(not why_kept)
        self.delete.setToolTip(why_kept or f"Move the file ({file_size(entry.size_bytes)}) to the trash")
        self.progress_row.setVisible(bool(self._building))

    def _why_not_build(self, entry: DatasetEntry) -> str:
        """Why the Build button is off, as a sentence; empty when it is on."""
        if self._building:
            return f"{self._building} is being built"
        if entry.needs_source and entry.own is None and not self.source.text().strip():
            return f"Choose the {entry.place} of the original files first"
        if self._training and entry.built:
            return "A training runs and may be reading this file: stop it first"
        return ""

    def _why_not_delete(self, entry: DatasetEntry) -> str:
        """Why the Delete button is off, as a sentence; empty when it is on."""
        if not entry.built:
            return "There is no file to delete yet"
        if self._building:
            return f"{self._building} is being built"
        if self._in_use and Path(self._in_use).resolve() == entry.path.resolve():
            return "Explore and Retrieve use this data set with the open model: use another one first"
        return ""


def _way_back(entry: DatasetEntry) -> str:
    """How a deleted set can be had again."""
    if entry.special:
        return "Until the trash is emptied it can be put back."
    return "It can be built again" + (" from the original files." if entry.needs_source else ".")


def summary_words(entry: DatasetEntry, view: DatasetView | None) -> str:
    """The state in a line; `view` knows the counts of an opened cache."""
    if entry.problem:
        return f"Cannot be used: {entry.problem}"
    parts = [file_size(entry.size_bytes), f"{count(entry.num_images)} images"]
    if view is not None:
        pairs = ", ".join(f"{count(number)} {split}" for split, number in view.pair_counts.items())
        parts.append(f"pairs: {pairs}")
    line = " \N{MIDDLE DOT} ".join(parts)
    if view is not None and view.pair_words:
        line = f"{line}\nBuilt with other pairs: {'; '.join(view.pair_words)}."
    return line


def facts_words(entry: DatasetEntry, view: DatasetView | None) -> str:
    """The facts as rich text; `view` knows the counts of an opened cache."""
    state = f"built, {file_size(entry.size_bytes)}" if entry.built else "not built yet"
    facts = {"State": f"cannot be used: {entry.problem}" if entry.problem else state}
    if view is not None:
        pairs = ", ".join(f"{count(number)} {split}" for split, number in view.pair_counts.items())
        facts["Images"] = f"{count(view.num_images)} in the file"
        facts["Pairs"] = f"{pairs}; {count(view.null_pairs_dropped)} without a visible change left out"
        if view.pair_words or offer_for(entry.name).actions:
            facts["Other pairs" if view.pair_words else "A pair is"] = "; ".join(view.pair_words) or USUAL
        if view.report:
            facts["Reading"] = "; ".join(view.report)
    if entry.space.factors and (entry.own is None or entry.built):
        factors = ", ".join(f"{readable(f.name)} {f.size} ({f.kind})" for f in entry.space.factors)
        facts["Factors"] = f"{factors}: {count(entry.space.num_images)} combinations"
    return facts_html(facts | {"Licence": entry.licence, "Citation": entry.citation, "File": str(entry.path)})
