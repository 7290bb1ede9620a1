"""All actions, most probable first, as a list of bars."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import (
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.results import Retrieval
from gui.theme import colours
from gui.widgets import caption, named
from gui.words import percent, readable_action

PROBABILITY, IS_TRUE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
ACTION = Qt.ItemDataRole.UserRole + 2
CLEAR_MARGIN, NARROW_MARGIN = 0.5, 0.1
RIGHT, WRONG, HALF = "\N{CHECK MARK}", "\N{BALLOT X}", "\N{ALMOST EQUAL TO}"

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Verdict:
    """How the answer compares with the known truth: a symbol, a colour and a sentence."""

    symbol: str
    colour: str
    words: str


def verdict(answer: str, truth: str) -> Verdict:
    """Compare the most probable action with the true one, both as "factor+" or "factor-"."""
    true_words = readable_action(truth)
    if answer == truth:
        return Verdict(RIGHT, colours().good, f"correct: the true action is {true_words}")
    if answer[:-1] == truth[:-1]:
        return Verdict(
            HALF, colours().effect, f"right factor, wrong direction: the true action is {true_words}"
        )
    return Verdict(WRONG, colours().bad, f"wrong: the true action is {true_words}")


def margin_words(margin: float) -> str:
    """How far the best action is ahead of the next, as a number and in words."""
    if margin >= CLEAR_MARGIN:
        word = "clear"
    elif margin < NARROW_MARGIN:
        word = "narrow, hardly ahead"
    else:
        word = "fair"
    return f"margin over the next action: {margin:.2f} ({word})"


class BarDelegate(QStyledItemDelegate):
    """Paints name, bar and percentage of one action."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, option.fontMetrics.height() + 10)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette: QPalette = option.palette
        if selected:
            tint = QColor(palette.color(QPalette.ColorRole.Highlight))
            tint.setAlpha(70)
            painter.fillRect(option.rect, tint)
        area = QRectF(option.rect).adjusted(6, 3, -6, -3)
        name_width = min(0.45 * area.width(), 190.0)
        number_width = option.fontMetrics.horizontalAdvance("<0.1 % ") + 6.0
        width = area.width() - name_width - number_width
        bar = QRectF(area.left() + name_width, area.top() + 2, width, area.height() - 4)
        probability = float(index.data(PROBABILITY))
        self._paint_bar(painter, bar, probability, palette)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        mark = f"{RIGHT} " if index.data(IS_TRUE) else ""
        name = option.fontMetrics.elidedText(
            mark + str(index.data(Qt.ItemDataRole.DisplayRole)).split(",")[0],
            Qt.TextElideMode.ElideRight,
            int(name_width) - 6,
        )
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(QRectF(area.left(), area.top(), name_width, area.height()), left, name)
        painter.drawText(area, right, percent(probability))
        painter.restore()

    @staticmethod
    def _paint_bar(painter: QPainter, bar: QRectF, probability: float, palette: QPalette) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        track = QColor(palette.color(QPalette.ColorRole.Text))
        track.setAlpha(24)
        painter.setBrush(track)
        painter.drawRoundedRect(bar, 3, 3)
        painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
        filled = QRectF(bar.left(), bar.top(), bar.width() * probability, bar.height())
        if filled.width() >= 1:
            painter.drawRoundedRect(filled, min(3.0, filled.width() / 2), 3)


class RankingView(QWidget):
    """The answer in one line, its margin, the verdict when the truth is known, and the list.

    Signals:
        action_chosen(action): the user chose an action (its index) to have it explained.
    """

    action_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.answer = named(QLabel(), "retrieve_answer", "Most probable action")
        self.answer.setWordWrap(True)
        self.margin = named(caption(wrap=True), "retrieve_margin", "Margin over the next action")
        self.truth = named(QLabel(), "retrieve_truth", "Comparison with the true action")
        self.truth.setWordWrap(True)
        self.list = named(QListWidget(), "retrieve_ranking", "Actions, most probable first")
        self.list.setItemDelegate(BarDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._on_current)
        self.filler = QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.answer)
        layout.addWidget(self.margin)
        layout.addWidget(self.truth)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.filler, 1)
        self.set_empty("Choose two images to see which action turns one into the other.")

    def set_empty(self, words: str) -> None:
        """No answer: say why or what to do."""
        self._clear()
        self.answer.setText(words)
        for part in (self.margin, self.truth, self.list):
            part.hide()
        self.filler.show()

    def set_result(self, result: Retrieval, true_action: str | None = None) -> None:
        """Show an answer; `true_action` is the data set's own label, where known."""
        self._clear()
        for action in map(int, result.order):
            self._add_row(result, action, true_action)
        self.truth.setVisible(true_action is not None)
        self.filler.hide()
        self.list.show()
        self.margin.show()
        if result.identical:
            self.answer.setText("<b>Identical images: no change.</b>")
            self.margin.setText("The ranking below has no meaning for them.")
        else:
            best = float(result.probabilities[result.order[0]])
            self.answer.setText(f"<b>{readable_action(result.best)}</b> &nbsp; {percent(best)}")
            self.margin.setText(margin_words(best - float(result.probabilities[result.order[1]])))
        if true_action is not None:
            said = verdict(result.best, true_action)
            self.truth.setText(f'<span style="color:{said.colour}"><b>{said.symbol} {said.words}</b></span>')
        self.list.setCurrentRow(0)

    def _add_row(self, result: Retrieval, action: int, true_action: str | None) -> None:
        name = result.action_names[action]
        probability = float(result.probabilities[action])
        item = QListWidgetItem(f"{readable_action(name)}, {percent(probability)}")
        item.setData(PROBABILITY, probability)
        item.setData(IS_TRUE, name == true_action)
        item.setData(ACTION, action)
        nats = float(result.cross_entropy[action])
        item.setToolTip(f"{name}: cross entropy {nats:.4f} nats per variable")
        self.list.addItem(item)

    def _on_current(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.action_chosen.emit(int(item.data(ACTION)))

    def _clear(self) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        self.list.blockSignals(False)
