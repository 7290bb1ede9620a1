"""One run in detail: what it is, how well it does, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal, SignalInstance
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.library.factor_graph_view import FactorGraphView
from gui.library.more_button import MoreButton
from gui.library.notes_editor import NotesEditor
from gui.library.questions import ask_to_delete
from gui.replies import Evaluated, RunEntry
from gui.widgets import button, caption, heading, named, row
from gui.words import count, duration, end_of_run, facts_html, figure, readable, readable_action

BUNDLED = "bundled"


def state_words(entry: RunEntry) -> str:
    """How a run stands, in a few words."""
    if entry.problem:
        return "cannot be used"
    if entry.finished_reason:
        return end_of_run(entry.finished_reason)
    return "in training" if entry.owner else "interrupted"


class RunDetail(QWidget):
    """The right side of the Library while a run is chosen.

    Signals:
        explore_requested(path), resume_requested(path), watch_requested(path), delete_requested(path).
        rename_requested(path, name), export_requested(path, file): of the menu "More".
        evaluate_requested(path): measure it on its data set's test pairs.
        again_requested(path): train another one like it.
    """

    explore_requested = Signal(str)
    resume_requested = Signal(str)
    watch_requested = Signal(str)
    evaluate_requested = Signal(str)
    delete_requested = Signal(str)
    again_requested = Signal(str)
    rename_requested = Signal(str, str)
    export_requested = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entry: RunEntry | None = None
        self._training = self._evaluating = False
        self._measured: dict[str, dict[str, object]] = {}
        self.title = heading("")
        self.facts = named(QLabel(), "library_run_facts", "Facts about the run")
        self.facts.setWordWrap(True)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.explore = self._button("Explore", "explore", "Open the run in Explore", self.explore_requested)
        self.explore.setProperty("role", "primary")
        self.resume = self._button("Resume", "resume", "Resume training the run", self.resume_requested)
        self.watch = self._button("Curves", "watch", "Show the run's curves in Train", self.watch_requested)
        self.evaluate = self._button(
            "Evaluate", "evaluate", "Evaluate the run on all test pairs", self.evaluate_requested
        )
        self.again = self._button(
            "Again with\N{HORIZONTAL ELLIPSIS}",
            "again",
            "Train another run with these settings, some of them changed",
            self.again_requested,
        )
        self.folder = button("Open folder", "library_run_folder", "Open the run's folder", self._open_folder)
        self.delete = button(
            "Delete\N{HORIZONTAL ELLIPSIS}", "library_run_delete", "Delete the run", self.ask_delete
        )
        self.more = MoreButton(self)
        self.figures = _figures_table()
        self.hint = caption("", wrap=True)
        self.factor_graph = FactorGraphView()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row(self.title, 1))
        layout.addLayout(
            row(
                *(self.explore, self.resume, self.again, self.evaluate, self.watch, self.folder),
                *(self.more, 1, self.delete),
                spacing=6,
            )
        )
        layout.addWidget(self.facts)
        self.notes = NotesEditor()
        layout.addWidget(self.notes)
        layout.addWidget(heading("Figures"))
        layout.addWidget(self.hint)
        layout.addWidget(self.factor_graph)
        layout.addWidget(self.figures, 1)

    def _button(self, text: str, name: str, accessible: str, signal: SignalInstance) -> QPushButton:
        return button(text, f"library_run_{name}", accessible, lambda: signal.emit(self.path()))

    def set_entry(self, entry: RunEntry) -> None:
        """Show a run."""
        self._entry = entry
        self.title.setText(entry.name)
        self.facts.setText(facts_words(entry))
        self.notes.set_entry(entry, writable=entry.name != BUNDLED and not entry.problem)
        self._show_figures()
        self._update()

    def set_training(self, on: bool) -> None:
        """One training at a time: no resuming while one runs."""
        self._training = on
        self._update()

    def set_evaluating(self, on: bool) -> None:
        """An evaluation is under way."""
        self._evaluating = on
        self._update()

    def set_evaluated(self, path: str, measured: Evaluated) -> None:
        """The figures of an evaluation; kept for as long as the window is open."""
        self._measured[path] = measured.figures
        self._show_figures()

    def path(self) -> str:
        """The run's, or ""."""
        return str(self._entry.path) if self._entry else ""

    def _update(self) -> None:
        entry = self._entry
        if entry is None:
            return
        bundled = entry.name == BUNDLED
        self.resume.setEnabled(entry.resumable and not self._training and not bundled)
        why = "A training is running: stop it first" if self._training else "Go on from the last checkpoint"
        self.resume.setToolTip(why if entry.resumable and not bundled else "This run cannot be resumed")
        usable = entry.explorable and not entry.problem
        self.explore.setEnabled(usable)
        self.explore.setToolTip("" if usable else entry.problem or "This run has no checkpoint yet")
        self.watch.setEnabled(not self._training)
        self.evaluate.setEnabled(usable and not self._evaluating)
        self.evaluate.setText("Evaluating\N{HORIZONTAL ELLIPSIS}" if self._evaluating else "Evaluate")
        self.again.setEnabled(not self._training and not entry.problem)
        self.more.rename.setEnabled(not bundled and not self._training and not entry.problem)
        self.more.export.setEnabled(not entry.problem)
        self.delete.setEnabled(not bundled and not self._training)
        self.delete.setToolTip("The bundled model belongs to Doscope" if bundled else "")

    def _show_figures(self) -> None:
        measured = self._measured.get(self.path(), {})
        rows = [
            (readable(name), figure(name, value), "saved with the run")
            for name, value in (self._entry.figures if self._entry else {}).items()
        ]
        rows += measured_rows(measured)
        self.factor_graph.set_graph(measured.get("factor_graph"))
        self.figures.setRowCount(len(rows))
        for index, texts in enumerate(rows):
            for column, text in enumerate(texts):
                self.figures.setItem(index, column, QTableWidgetItem(text))
        self.figures.setVisible(bool(rows))
        self.hint.setText("" if rows else "No figures yet: Evaluate measures the run on all test pairs.")
        self.hint.setVisible(not rows)

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.path()))

    def ask_delete(self) -> None:
        """It asks, and says what goes and where it goes to."""
        path = self.path()
        question = f"Move the run '{self.title.text()}' with its checkpoints and curves to the trash?"
        ask_to_delete(self, "library", "run", question, path, lambda: self.delete_requested.emit(path))


def _figures_table() -> QTableWidget:
    table = named(QTableWidget(0, 3), "library_run_figures", "Figures of the run")
    table.setHorizontalHeaderLabels(["figure", "value", "from"])
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setStretchLastSection(True)
    return table


def measured_rows(figures: dict[str, object]) -> list[tuple[str, str, str]]:
    """Figures of an evaluation as (name, value, where from); nested ones (per action) one line each."""
    rows = []
    for name, value in figures.items():
        if isinstance(value, dict):
            for key, inner in value.items():
                inner = inner.get("directed_accuracy") if isinstance(inner, dict) else inner
                if isinstance(inner, int | float):
                    rows.append(
                        (
                            f"{readable(name)}: {readable_action(str(key))}",
                            figure("accuracy", inner),
                            "test pairs",
                        )
                    )
        elif name.endswith("_interval") and isinstance(value, list):
            low, high = (figure(name.removesuffix("_interval"), float(v)) for v in value)
            rows.append((readable(name), f"{low} to {high}", "test pairs, 95 %"))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            rows.append((readable(name), figure(name, float(value)), "test pairs"))
    return rows


def facts_words(entry: RunEntry) -> str:
    """The facts as rich text."""
    facts = {"Problem": entry.problem} if entry.problem else {}
    facts |= {"Trained by": entry.owner} if entry.owner else {}
    return facts_html(
        facts
        | {
            "Data set": entry.dataset or "unknown",
            "Preset": entry.preset or "unknown",
            "State": f"{state_words(entry)}, {entry.phase} phase" if entry.phase else state_words(entry),
            "Step": f"{count(entry.step)}, {duration(entry.elapsed_s)} of training",
            "Folder": str(entry.path),
        }
    )
