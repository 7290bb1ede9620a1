"""How good the model is at retrieval: every test pair asked, the answers counted while they come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QRegion, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QLabel,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from datasets.factors import FactorSpace
from engine.metrics.reliability import expected_calibration_error, reliability
from engine.results import JudgedPairs
from gui.retrieve.confusion_view import ConfusionView
from gui.retrieve.judge_charts import AccuracyBars, ReliabilityView
from gui.retrieve.judged import BY_VALUE, TABLES, confusion
from gui.theme import colours
from gui.widgets import GAP, EmptyState, button, caption, named, row, tool_button
from gui.words import percent

EMPTY = (
    "Ask the model about every test pair, and see which actions it takes for which, how far its probabilities"
    " can be trusted, and where it goes wrong. A cell of the matrix opens its pairs."
)
SCALE = 2  # pixels of the saved picture per pixel of the screen
LONGEST = 32_000  # side of the saved picture: many programs open no longer one


class JudgeView(QWidget):
    """Start and stop, the summary, the matrix, the reliability diagram, and accuracy by group.

    Signals:
        wanted(): judge the model.
        cancel_wanted(): stop; what was counted stays.
        cell_chosen(truth, answer): look at the pairs of a cell of the matrix.
        table_wanted(path): write the answers as a table.
        refused(words): a file could not be written.
        written(words): a file was written.
    """

    wanted = Signal()
    cancel_wanted = Signal()
    cell_chosen = Signal(int, int)
    table_wanted = Signal(str)
    refused = Signal(str)
    written = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.judged: JudgedPairs | None = None
        self._space: FactorSpace | None = None
        self._judging = False
        self.start = button(
            "Judge the model", "retrieve_judge", "Judge the model on all test pairs", self._start_or_stop
        )
        self.summary = named(QLabel(), "retrieve_judged", "Summary")
        self.summary.setWordWrap(True)
        self.matrix, self.reliability, self.bars = ConfusionView(), ReliabilityView(), AccuracyBars()
        self.matrix.cell_chosen.connect(self.cell_chosen)
        self.groups = named(QComboBox(), "retrieve_groups", "How the pairs are grouped")
        self.groups.addItems(list(TABLES))
        self.groups.currentIndexChanged.connect(lambda _index: self._show_bars())
        self.table_button = tool_button(
            "CSV\N{HORIZONTAL ELLIPSIS}",
            "retrieve_save_table",
            "Save the answers as a table",
            lambda: self._choose_file("answers.csv", "Table (*.csv)", self.table_wanted.emit),
        )
        self.picture_button = tool_button(
            "PNG\N{HORIZONTAL ELLIPSIS}",
            "retrieve_save_picture",
            "Save the charts as a picture",
            lambda: self._choose_file("judged.png", "Picture (*.png)", self.save_picture),
        )
        self.empty = EmptyState("How good is it?", EMPTY)
        self._lay_out()
        self.set_ready(False, "")

    def _lay_out(self) -> None:
        scroller = QScrollArea()
        scroller.setFrameShape(QFrame.Shape.NoFrame)
        scroller.setWidgetResizable(True)
        scroller.setWidget(self.bars)
        below = QWidget()
        below_layout = QVBoxLayout(below)
        below_layout.setContentsMargins(0, 0, 0, 0)
        below_layout.addLayout(row(caption("accuracy"), self.groups, 1))
        below_layout.addWidget(scroller, 1)
        upper = QSplitter(Qt.Orientation.Horizontal)
        upper.addWidget(self.matrix)
        upper.addWidget(self.reliability)
        upper.setSizes([440, 240])
        self.charts = QSplitter(Qt.Orientation.Vertical)
        self.charts.addWidget(upper)
        self.charts.addWidget(below)
        self.charts.setSizes([370, 240])
        for part in (upper, self.charts):
            part.setHandleWidth(GAP)
            part.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(
            row(self.start, self.summary, self.table_button, self.picture_button, wide=self.summary)
        )
        layout.addWidget(self.charts, 1)
        layout.addWidget(self.empty, 1)

    @property
    def is_judging(self) -> bool:
        """Whether answers are on their way."""
        return self._judging

    def set_ready(self, ready: bool, why_not: str) -> None:
        """Another run or data set (or none): what was counted for the last one goes."""
        self._judging, self._space = False, None
        self._clear()
        self.start.setEnabled(ready)
        self.start.setText("Judge the model")
        self.start.setToolTip(why_not)

    def _clear(self) -> None:
        self.judged = None
        self.summary.setText("")
        for part in (self.charts, self.table_button, self.picture_button):
            part.hide()
        self.empty.show()

    def begin(self, space: FactorSpace) -> None:
        """The answers are on their way."""
        self._clear()
        self._space, self._judging = space, True
        self.start.setText("Stop")

    def add(self, part: JudgedPairs) -> None:
        """More answers; those that come when nobody waits for them any more are dropped."""
        if self._space is None or not self._judging:
            return
        self.judged = part if self.judged is None else self.judged.joined(part)
        judged = self.judged
        right = judged.truth == judged.answer
        self.matrix.set_counts(confusion(judged, self._space.num_actions), self._space.action_names)
        self.reliability.set_bins(*reliability(judged.confidence, right))
        self._show_bars()
        error = expected_calibration_error(judged.confidence, right)
        of = "" if len(judged) == judged.total else f" of {judged.total:,}"
        self.summary.setText(
            f"{len(judged):,}{of} pairs: <b>{percent(float(right.mean()))}</b> right,"
            f" calibration error {error:.3f}{'' if judged.calibrated else ' (not calibrated)'}"
        )
        for shown in (self.charts, self.table_button, self.picture_button):
            shown.show()
        self.empty.hide()

    def end(self) -> None:
        """All answers are there, or it was stopped."""
        self._judging = False
        self.start.setText("Judge the model")

    def positions(self, truth: int, answer: int) -> list[int]:
        """Where in the split the pairs of a cell are."""
        if self.judged is None:
            return []
        inside = (self.judged.truth == truth) & (self.judged.answer == answer)
        return sorted(self.judged.positions[inside].tolist())

    def picture(self) -> QImage:
        """All charts, the whole matrix and table of accuracies with them, at twice the screen's size."""
        whole, diagram, bars = self.matrix.whole_size(), self.reliability, self.bars
        upper = max(whole.height(), diagram.height())
        width = max(whole.width() + GAP + diagram.width(), bars.width()) + 2 * GAP
        height = upper + bars.height() + 3 * GAP
        scale = SCALE if SCALE * max(width, height) <= LONGEST else 1
        made = QImage(scale * width, scale * height, QImage.Format.Format_RGB32)
        made.setDevicePixelRatio(scale)
        made.fill(QColor(colours().panel))
        painter = QPainter(made)
        painter.save()
        painter.translate(GAP, GAP)
        self.matrix.paint_whole(painter)
        painter.restore()
        for chart, left, top in ((diagram, whole.width() + 2 * GAP, GAP), (bars, GAP, upper + 2 * GAP)):
            chart.render(painter, QPoint(left, top), QRegion(), QWidget.RenderFlag.DrawChildren)
        painter.end()
        return made

    def save_picture(self, path: str) -> None:
        """The charts as a picture."""
        if self.picture().save(path):
            self.written.emit(f"Written: {path}")
        else:
            self.refused.emit(f"{path} could not be written; check the folder and the space on the disk.")

    def _show_bars(self) -> None:
        if self.judged is not None and self._space is not None:
            self._offer_values(bool((self.judged.value >= 0).any()))
            self.bars.set_shares(TABLES[self.groups.currentText()](self.judged, self._space))

    def _offer_values(self, known: bool) -> None:
        """Whether accuracies can be told by factor values."""
        at, model = self.groups.findText(BY_VALUE), self.groups.model()
        if isinstance(model, QStandardItemModel):
            model.item(at).setEnabled(known)
            model.item(at).setToolTip("" if known else "needs factor labels")
        if not known and self.groups.currentIndex() == at:
            self.groups.setCurrentIndex(0)

    def _start_or_stop(self) -> None:
        if self._judging:
            self.cancel_wanted.emit()
        else:
            self.wanted.emit()

    def _choose_file(self, name: str, kinds: str, take: Callable[[str], object]) -> None:
        dialog = QFileDialog(self, "Save as", name, kinds)
        dialog.setObjectName("retrieve_save_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(Path(name).suffix[1:])
        dialog.selectFile(name)
        dialog.fileSelected.connect(take)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
