"""The wizard for one's own data: ten images with labels, names and kinds of factors, what is possible."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

import datasets
from datasets.factors import Factor, FactorSpace
from datasets.own_preview import Preview, words
from datasets.pair_choices import USUAL, USUAL_PAIRS, PairChoices, offer_for, refusal, trial, words_of
from gui.dropping import local_paths
from gui.library.column_table import ColumnTable
from gui.library.example_strip import ExampleStrip
from gui.library.pair_rules_dialog import PairRulesDialog
from gui.replies import Activity
from gui.requests import OwnChoices
from gui.theme import colours
from gui.widgets import GAP, EmptyState, button, caption, heading, named, row
from gui.words import count, in_the_window, without_options

FILES = "Archives and arrays (*.zip *.tar *.tar.gz *.tgz *.tar.bz2 *.tar.xz *.npz *.h5 *.hdf5);;All files (*)"
WANTED = (
    "A folder or archive (zip, tar) with images and one .csv table: its first column, path, names the "
    "images, the others are their labels; or the table is a list of pairs, with the columns before, after "
    "and action. Or a .npz or .h5 file with the arrays images and labels."
)
WIDTH, HEIGHT, LEAST = 980, 700, 440
LOOKING = "Looking at the files\N{HORIZONTAL ELLIPSIS}"


class OwnWizard(QDialog):
    """Signals:
    preview_wanted(source, kinds, again, PairChoices): look at the files; "column=kind" where a kind was
        changed; `again` where only what is said of them was changed.
    build_wanted(name, OwnChoices): build the data set under this name.
    cancel_wanted: stop looking or building.
    """

    preview_wanted = Signal(str, tuple, bool, object)
    build_wanted = Signal(str, object)
    cancel_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("own_wizard")
        self.setWindowTitle("Your own data")
        self.setAcceptDrops(True)
        self._preview: Preview | None = None
        self._asked = ""  # the source that was asked about last
        self._wanted = OwnChoices()  # what a set that is built again had
        self._taken: tuple[str, ...] = ()
        self._failure = ""  # of the last build, until something is changed
        self._building = self._named = False  # named: by the user, or as it was
        self._pairs = USUAL_PAIRS  # by the names of columns
        self.source = named(QLineEdit(), "own_source", "Folder, archive or file of your data")
        self.source.setPlaceholderText("Folder, archive or file")
        self.folder = button(
            "Folder\N{HORIZONTAL ELLIPSIS}", "own_choose_folder", "Choose a folder", self._choose_folder
        )
        self.file = button(
            "File\N{HORIZONTAL ELLIPSIS}", "own_choose_file", "Choose an archive or file", self._choose_file
        )
        self.form = named(caption(WANTED, wrap=True), "own_form", "What the files were taken for")
        self.examples, self.columns = ExampleStrip(), ColumnTable()
        self.outlook = named(QLabel(), "own_outlook", "What will be possible")
        self.outlook.setWordWrap(True)
        self.name = named(QLineEdit(), "own_name", "Name of the data set")
        self.name_note = caption(wrap=True)
        self.pairs_words = named(caption(wrap=True), "own_pairs_words", "Which two images are a pair")
        self.other_pairs = button(
            "Other pairs\N{HORIZONTAL ELLIPSIS}", "own_other_pairs", "Choose other pairs", self._ask_pairs,
            "Larger steps, around the end, set to a value; what only the test has",
        )  # fmt: skip
        self.pairs_dialog = PairRulesDialog(self, "own_pairs", builds=False)
        self.pairs_dialog.chosen.connect(self._on_pairs)
        self.progress = named(QProgressBar(), "own_progress", "Progress of the build")
        self.progress.setTextVisible(False)
        self.progress_words = caption()
        self.build = button("Build", "own_build", "Build the data set", self._build)
        self.build.setProperty("role", "primary")
        self.close_button = button("Close", "own_close", "Close the wizard", self.reject)
        self.cancel = button("Cancel", "own_cancel", "Stop the build", self.cancel_wanted.emit)
        for pressed in (
            self.folder, self.file, self.other_pairs, self.build, self.close_button, self.cancel,
        ):  # fmt: skip
            pressed.setAutoDefault(False)  # Enter in a field does not build
        self._lay_out()
        self._connect()
        self._height = HEIGHT
        self.resize(WIDTH, HEIGHT)
        self._show_preview(None)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        layout.setSpacing(GAP)
        layout.addLayout(row(self.source, self.folder, self.file, spacing=4, wide=self.source))
        layout.addWidget(self.form)
        self.found = QWidget()
        inside = QVBoxLayout(self.found)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(GAP)
        inside.addWidget(self.examples)
        inside.addSpacing(GAP)
        inside.addWidget(self.columns, 1)
        self.pairs_row = QWidget()
        self.pairs_row.setLayout(
            row(heading("Pairs"), self.pairs_words, self.other_pairs, wide=self.pairs_words)
        )
        inside.addWidget(self.pairs_row)
        inside.addWidget(self.outlook)
        inside.addLayout(self._name_row())
        inside.addStretch()
        layout.addWidget(self.found, 1)
        self.filler = EmptyState(
            "Drop a folder or file here", "or choose it above; nothing is built before you say so."
        )
        layout.addWidget(self.filler, 1)
        self.progress_row = QWidget()
        self.progress_row.setLayout(row(self.progress_words, self.progress, self.cancel, wide=self.progress))
        layout.addWidget(self.progress_row)
        layout.addLayout(row(1, self.close_button, self.build))

    def _name_row(self) -> QHBoxLayout:
        self.name.setMaximumWidth(260)
        self.name.setMinimumWidth(200)
        return row(heading("Name of the data set"), self.name, self.name_note, wide=self.name_note)

    def _connect(self) -> None:
        self.source.editingFinished.connect(self._look)
        self.source.returnPressed.connect(lambda: self.take(self.source.text()))  # also where it is the same
        self.columns.changed.connect(self._on_change)
        self.columns.kinds_changed.connect(self._look_again)
        self.name.textEdited.connect(self._on_name)

    # ------------------------------------------------------------ what it is told

    def set_taken(self, names: Sequence[str]) -> None:
        """The names of one's own data that are there."""
        self._taken = tuple(names)
        self._check()

    def begin(self, name: str, choices: OwnChoices) -> None:
        """Open over the window.

        Args:
            name: of the set that is built again, or "" for a new one.
            choices: what was said of it; for a new one the source at most.
        """
        if self._building:  # that first
            pass
        elif choices.source and (
            choices.source != self._asked or replace(choices, source="") != OwnChoices()
        ):
            self._wanted, self._named = choices, bool(name)
            self.name.setText(name)
            self.take(choices.source)
        self._check()
        self.open()

    def take(self, source: str) -> None:
        """Look at another place."""
        self.source.setText(source)
        self._asked = ""
        self._look()

    def forget(self) -> None:
        """Begin anew the next time."""
        self.source.clear()
        self._look()

    def set_preview(self, preview: Preview) -> None:
        """The engine thread has looked."""
        if preview.path != self._asked:
            return
        if self._preview is None:
            self._show_preview(preview)
        else:
            self._preview = preview
            self.columns.update_columns(preview.columns)
        self._check()

    def set_failure(self, sentence: str) -> None:
        """It has not: nothing can be made of the place, or the build was refused."""
        sentence = without_options(sentence)
        if self._preview is None:
            self._show_words(f"{sentence[:1].upper()}{sentence[1:]}", bad=True)
        else:
            self._failure = f"It could not be built: {sentence}"
            self._check()

    def set_building(self, on: bool) -> None:
        """Whether the data set is being built."""
        self._building = on
        self.progress.setRange(0, 0)
        self.progress_words.setText("Building")
        for widget in (self.source, self.folder, self.file, self.columns, self.name):
            widget.setEnabled(not on)
        self._check()

    def set_progress(self, activity: Activity) -> None:
        """How far the build is."""
        self.progress.setRange(0, activity.total)
        self.progress.setValue(activity.done)
        self.progress_words.setText(activity.text)

    # ------------------------------------------------------------ what the user does

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_paths(event.mimeData()) and not self._building:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = local_paths(event.mimeData())
        if paths and not self._building:
            event.acceptProposedAction()
            self.take(str(paths[0]))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with images and a table", self.source.text())
        if folder:
            self.take(folder)

    def _choose_file(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Archive or file of arrays", self.source.text(), FILES)
        if file:
            self.take(file)

    def _look(self) -> None:
        text = self.source.text().strip()
        source = str(Path(text)) if text else ""
        if source == self._asked:
            return
        self._asked = source
        self._show_preview(None)
        if self._wanted.source != source:
            self._wanted, self._named = OwnChoices(), False
        columns = {
            name: column for column, _, name in (item.rpartition("=") for item in self._wanted.renames)
        }
        self._pairs = self._wanted.pairs.renamed(columns)
        if source:
            self._show_words(LOOKING)
            self.preview_wanted.emit(source, self._wanted.kinds, False, self._pairs)

    def _look_again(self) -> None:
        """The same files with other kinds or pairs."""
        self.preview_wanted.emit(self._asked, self.columns.kinds(), True, self._pairs)

    def _ask_pairs(self) -> None:
        choices = self._pairs.renamed(self._renames())
        self.pairs_dialog.begin(
            "own", "Other pairs of your own data", self._space(), offer_for("own"), choices
        )

    def _on_pairs(self, choices: PairChoices, _name: str) -> None:
        columns = {name: column for column, name in self._renames().items()}
        self._pairs = choices.renamed(columns)
        self._on_change()
        self._look_again()

    def _renames(self) -> dict[str, str]:
        """Column -> name of its factor, where that is another one."""
        return dict(item.rpartition("=")[::2] for item in self.columns.renames())

    def _space(self) -> FactorSpace:
        """The factors that the columns make."""
        columns = self._preview.columns if self._preview is not None else ()
        renames = self._renames()
        return FactorSpace(
            tuple(
                Factor(renames.get(column.name, column.name), column.values, column.kind)  # type: ignore[arg-type]
                for column in columns
                if column.kind != "ignore" and column.values
            )
        )

    def _on_name(self, _text: str) -> None:
        self._named = True
        self._on_change()

    def _on_change(self) -> None:
        self._failure = ""
        self._check()

    def _build(self) -> None:
        pairs = self._pairs.renamed(self._renames())
        choices = OwnChoices(self._asked, self.columns.kinds(), self.columns.renames(), pairs)
        self.build_wanted.emit(self.name.text(), choices)

    # ------------------------------------------------------------ what is shown

    def _show_preview(self, preview: Preview | None) -> None:
        self._preview, self._failure = preview, ""
        self.found.setVisible(preview is not None)
        self.filler.setVisible(preview is None)
        if preview is None:
            self._show_words(WANTED)
            self._check()
            return
        split = ", with the splits that the table says" if preview.has_split else ""
        notes = "".join(f" {note[:1].upper()}{note[1:]}." for note in preview.notes)
        self._show_words(f"Taken for {preview.form}: {count(preview.images)} images{split}.{notes}")
        renames = dict(item.rpartition("=")[::2] for item in self._wanted.renames)
        self.examples.set_examples(preview.examples, preview.labels, in_pairs=not preview.columns)
        self.pairs_row.setVisible(bool(preview.columns))
        self.columns.setVisible(bool(preview.columns))
        self.columns.set_columns(preview.columns, renames)
        fields = (
            self.file, *self.columns.fields(), self.other_pairs, self.name, self.close_button, self.build,
        )  # fmt: skip
        for before, after in pairwise(fields):
            QWidget.setTabOrder(before, after)
        if not self._named:
            self.name.setText(self._free_name(Path(preview.path).name.partition(".")[0].strip()))

    def _fit(self) -> None:
        """As high as what it shows; whoever made it larger has it so."""
        layout = self.layout()
        if layout is not None and self.height() == self._height:
            layout.activate()
            self._height = min(max(layout.totalHeightForWidth(self.width()), LEAST), HEIGHT)
            self.resize(self.width(), self._height)

    def _free_name(self, stem: str) -> str:
        """The name of the files, or with the first number that is free."""
        stem = "own" if datasets.called_problem(stem) else stem
        found, number = stem, 2
        while found in self._taken:
            found, number = f"{stem}-{number}", number + 1
        return found

    def _show_words(self, text: str, bad: bool = False) -> None:
        self.form.setText(text)
        self.form.setStyleSheet(f"color: {colours().bad}" if bad else "")

    def _check(self) -> None:
        """Whether all is well, and say what is not."""
        preview = self._preview
        self.progress_row.setVisible(self._building)
        if preview is None:
            self.build.setEnabled(False)
            return
        problem = self.columns.check() or self._check_pairs()
        self.examples.set_names(self.columns.names() or preview.label_names)
        name_problem = datasets.called_problem(self.name.text())
        again = self.name.text() in self._taken
        note = name_problem or ("it is there already and will be built again" if again else "")
        self.name_note.setText(note[:1].upper() + note[1:])
        self.name_note.setStyleSheet(f"color: {colours().bad}" if name_problem else "")
        found = preview.outlook
        bad = bool(found.problem or self._failure)
        first, dot, rest = (self._failure or words(found)).partition(". ")
        colour = colours().bad if bad else colours().text
        said = f'<b style="color:{colour}">{html.escape(first + dot)}</b>{html.escape(rest)}'
        self.outlook.setText("" if problem else said)
        self.other_pairs.setEnabled(not self._building)
        self.build.setText("Build again" if again else "Build")
        why_not = problem or name_problem or found.problem
        self.build.setEnabled(not why_not and not self._building)
        self.build.setToolTip(why_not)
        self._fit()

    def _check_pairs(self) -> str:
        """Say which pairs there will be; returns why there cannot be, or ""."""
        if self._pairs == USUAL_PAIRS:
            self.pairs_words.setText(f"{USUAL[:1].upper()}{USUAL[1:]}")
            self.pairs_words.setStyleSheet("")
            return ""
        space, choices = self._space(), self._pairs.renamed(self._renames())
        problem = in_the_window(refusal("own", space, choices), space.names) if space.factors else ""
        said = problem or ("; ".join(words_of(space, trial("own", space, choices))) if space.factors else "")
        self.pairs_words.setText(said[:1].upper() + said[1:])
        self.pairs_words.setStyleSheet(f"color: {colours().bad}" if problem else "")
        return problem
