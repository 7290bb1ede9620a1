"""The shortest sequence of actions between the two images, as a strip of the images on the way."""

from __future__ import annotations

import html
from itertools import groupby

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.results import ActionPath
from gui.pictures import DIFFERENCE_GAIN, Image, PictureTile, difference_map
from gui.widgets import GAP, EmptyState, button, caption, named, row
from gui.words import percent, readable_action

EMPTY = (
    "Choose two images, then look for the actions that lead from the first to the second: one step after"
    " another, several factors if need be."
)
SIDE, MOST_NEAR = 96, 320  # of an image of the strip; of one that is looked at closely, at most
TIMES = "\N{MULTIPLICATION SIGN}"
BEAM, MOST_BEAM, MOST_STEPS = 4, 32, 8
NEAR = {"chosen": "chosen image", "after": "real after", "difference": f"difference {TIMES}{DIFFERENCE_GAIN}"}


def path_words(actions: tuple[int, ...], names: tuple[str, ...]) -> str:
    """A sequence in words: "hue + three times" as "hue + ×3"; no action as such."""
    parts = []
    for action, same in groupby(actions):
        times = len(list(same))
        name = readable_action(names[action])
        parts.append(name if times == 1 else f"{name} {TIMES}{times}")
    return ", ".join(parts) if parts else "no action"


class Station(QWidget):
    """One image of the strip with words above and below it; a click, or Enter, looks at it closely.

    Signals:
        chosen(station): the one.
    """

    chosen = Signal(object)

    def __init__(self, above: str, image: Image, below: str) -> None:
        super().__init__()
        self.image, self.words = image, ", ".join(filter(None, (above, below)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.tile = PictureTile(minimum=SIDE)
        self.tile.setFixedSize(SIDE, SIDE)
        self.tile.set_image(image)
        self.setAccessibleName(self.words)
        self.setToolTip(self.words)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for words in (above, below):
            label = caption()
            room = label.fontMetrics()
            label.setText(room.elidedText(words, Qt.TextElideMode.ElideRight, SIDE))
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setFixedWidth(SIDE)
            layout.addWidget(label)
        layout.insertWidget(1, self.tile)
        layout.addStretch(1)
        self.setFixedWidth(SIDE)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.chosen.emit(self)


class PathView(QWidget):
    """Settings of the search, its progress, and the best sequence so far.

    Signals:
        search_wanted(beam, most steps): begin.
        cancel_wanted(): stop; what was found stays.
        explore_wanted(): show the sequence at work in Explore.
    """

    search_wanted = Signal(int, int)
    cancel_wanted = Signal()
    explore_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.found: ActionPath | None = None
        self._after: Image | None = None
        self._strip: list[Station] = []
        self._searching = False
        self.beam = named(
            QSpinBox(),
            "retrieve_beam",
            "Width of the beam",
            "How many half-way states are followed at once; 1 is greedy, more is slower and surer",
        )
        self.beam.setRange(1, MOST_BEAM)
        self.beam.setValue(BEAM)
        self.most_steps = named(
            QSpinBox(), "retrieve_most_steps", "Most steps", "The longest sequence that is looked for"
        )
        self.most_steps.setRange(1, MOST_STEPS)
        self.most_steps.setValue(MOST_STEPS)
        self.start = button(
            "Find the steps", "retrieve_path_start", "Look for the sequence of actions", self._start_or_stop
        )
        self.explore = button(
            "Explore",
            "retrieve_path_explore",
            "Show the sequence in Explore",
            self.explore_wanted.emit,
            "Open the image before in Explore and do these actions there",
        )
        self.answer = named(QLabel(), "retrieve_path", "Sequence of actions")
        self.answer.setWordWrap(True)
        self.left = named(caption(wrap=True), "retrieve_path_left", "How near the sequence comes")
        self.empty = EmptyState("Longer distances", EMPTY)
        self._lay_out()
        self.set_ready(False)

    def _lay_out(self) -> None:
        self.strip = QWidget()
        self._stations = QHBoxLayout(self.strip)
        self._stations.setContentsMargins(0, 0, 0, GAP)
        self._stations.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.scroller = named(QScrollArea(), "retrieve_path_strip", "Images on the way")
        self.scroller.setWidgetResizable(True)
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setWidget(self.strip)
        self.scroller.setFixedHeight(SIDE + 62)
        self.near = [named(PictureTile(), f"retrieve_path_{name}", words) for name, words in NEAR.items()]
        self.near_words = [caption(words) for words in NEAR.values()]
        close = QGridLayout()
        for column, (tile, words) in enumerate(zip(self.near, self.near_words, strict=True)):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            close.addWidget(words, 0, column)
            close.addWidget(tile, 1, column)
        close.setRowStretch(1, 100)
        close.setRowStretch(2, 1)  # empty: what is beyond the largest images
        self.close_up = QWidget()
        self.close_up.setLayout(close)
        beam_label, steps_label = QLabel("Beam"), QLabel("at most")
        beam_label.setBuddy(self.beam)
        steps_label.setBuddy(self.most_steps)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(
            row(beam_label, self.beam, steps_label, self.most_steps, QLabel("steps"), 1, self.start)
        )
        layout.addLayout(row(self.answer, self.explore, wide=self.answer))
        for part in (self.left, self.scroller):
            layout.addWidget(part)
        layout.addWidget(self.close_up, 100)
        layout.addWidget(self.empty, 100)
        layout.addStretch(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The large images are square: their names stay right above them."""
        super().resizeEvent(event)
        across = (self.width() - (len(self.near) - 1) * GAP) // len(self.near)
        for tile in self.near:
            tile.setMaximumHeight(max(tile.minimumHeight(), min(MOST_NEAR, across)))

    def set_ready(self, ready: bool) -> None:
        """Another pair (or none): what was found for the last one goes."""
        self.found = None
        self._searching = False
        self.start.setEnabled(ready)
        self.start.setText("Find the steps")
        for part in (self.answer, self.left, self.scroller, self.close_up, self.explore):
            part.hide()
        self.empty.show()

    def found_actions(self) -> tuple[int, ...]:
        """The best sequence so far; empty where there is none."""
        return () if self.found is None else self.found.actions

    def begin(self) -> None:
        """A search is on its way."""
        self.found, self._searching = None, True
        self.start.setText("Stop")
        for part in (self.empty, self.left, self.scroller, self.close_up, self.explore):
            part.hide()
        self.answer.show()
        self.answer.setText("Looking for the steps\N{HORIZONTAL ELLIPSIS}")

    def set_path(self, found: ActionPath, names: tuple[str, ...], after: Image) -> None:
        """Show the best sequence so far between the pair whose second image is `after`."""
        self.found = found
        best = "" if found.finished else ", best so far"
        steps = f"{len(found.actions)} step{'' if len(found.actions) == 1 else 's'}{best}: "
        self.answer.setText(f"<b>{steps}</b>{html.escape(path_words(found.actions, names))}")
        left = f"{percent(found.distance)} of the distance between the images is left"
        if not found.actions and found.distance == 0:
            left = "the model's codes of the two images are the same"
        self.left.setText(f"{left}; {found.tried:,} states tried")
        self._fill(found, names, after)
        for part in (self.answer, self.left, self.scroller, self.close_up):
            part.show()
        self.explore.setVisible(bool(found.actions))

    def end(self) -> None:
        """The search is over, by itself or because it was stopped."""
        if not self._searching:
            return
        self._searching = False
        self.start.setText("Find the steps")
        if self.found is None:
            self.answer.setText("Nothing was found so far.")
        elif not self.found.finished:
            self.answer.setText(self.answer.text().replace("best so far", "best before it was stopped"))

    def stations(self) -> list[Station]:
        """The images of the strip, from the image before to the real one after."""
        return list(self._strip)

    def _fill(self, found: ActionPath, names: tuple[str, ...], after: Image) -> None:
        for station in self._strip:
            self._stations.removeWidget(station)
            station.deleteLater()
        strip = [Station("before", found.images[0], "reconstruction")]
        for number, (action, image) in enumerate(zip(found.actions, found.images[1:], strict=True), start=1):
            strip.append(Station(readable_action(names[action]), image, f"step {number}"))
        strip.append(Station("real after", after, ""))
        for station in strip:
            self._stations.addWidget(station)
            station.chosen.connect(self._look_at)
        self._strip, self._after = strip, after
        self._look_at(strip[-2])

    def _look_at(self, station: Station) -> None:
        """One image of the strip, large, beside the real one after and what differs."""
        if self._after is None:
            return
        for one in self._strip:
            one.tile.set_highlighted(one is station)
        for tile, image in zip(
            self.near, (station.image, self._after, difference_map(station.image, self._after)), strict=True
        ):
            tile.set_image(image)
        self.near_words[0].setText(station.words)

    def _start_or_stop(self) -> None:
        if self._searching:
            self.cancel_wanted.emit()
        else:
            self.search_wanted.emit(self.beam.value(), self.most_steps.value())
