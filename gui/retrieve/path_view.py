"""The shortest sequence of actions between the two images, as a strip of the images on the way."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSpinBox, QVBoxLayout, QWidget

from engine.results import ActionPath
from gui.pictures import Image, PictureTile, difference_map
from gui.widgets import GAP, EmptyState, button, caption, named, row
from gui.words import percent, readable_action

EMPTY = (
    "Choose two images, then look for the actions that lead from the first to the second: one step after"
    " another, several factors if need be."
)
SIDE = 96
ARROW = "\N{RIGHTWARDS ARROW}"
BEAM, MOST_BEAM, MOST_STEPS = 4, 32, 8


def path_words(actions: tuple[int, ...], names: tuple[str, ...]) -> str:
    """A sequence in words: "hue + three times" as "hue + ×3"; no action as such."""
    parts = []
    for action, same in groupby(actions):
        times = len(list(same))
        name = readable_action(names[action])
        parts.append(name if times == 1 else f"{name} \N{MULTIPLICATION SIGN}{times}")
    return ", ".join(parts) if parts else "no action"


class _Station(QWidget):
    """One image of the strip with words above and below it."""

    def __init__(self, above: str, image: Image, below: str) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.tile = PictureTile(minimum=SIDE)
        self.tile.setFixedSize(SIDE, SIDE)
        self.tile.set_image(image)
        self.tile.setAccessibleName(f"{above} {below}".strip())
        for words in (above, below):
            label = caption(words, wrap=True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
            label.setFixedWidth(SIDE)
            layout.addWidget(label)
        layout.insertWidget(1, self.tile)


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
        self.scroller.setMinimumHeight(SIDE + 84)
        beam_label, steps_label = QLabel("Beam"), QLabel("at most")
        beam_label.setBuddy(self.beam)
        steps_label.setBuddy(self.most_steps)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(
            row(beam_label, self.beam, steps_label, self.most_steps, QLabel("steps"), 1, self.start)
        )
        layout.addLayout(row(self.answer, 1, self.explore))
        layout.addWidget(self.left)
        layout.addWidget(self.scroller)
        layout.addWidget(self.empty, 1)
        layout.addStretch(0)

    def set_ready(self, ready: bool) -> None:
        """Another pair (or none): what was found for the last one goes."""
        self.found = None
        self._searching = False
        self.start.setEnabled(ready)
        self.start.setText("Find the steps")
        for part in (self.answer, self.left, self.scroller, self.explore):
            part.hide()
        self.empty.show()

    def found_actions(self) -> tuple[int, ...]:
        """The best sequence so far; empty where there is none."""
        return () if self.found is None else self.found.actions

    def begin(self) -> None:
        """A search is on its way."""
        self._searching = True
        self.start.setText("Stop")
        self.empty.hide()
        self.answer.show()
        self.answer.setText("Looking for the steps\N{HORIZONTAL ELLIPSIS}")

    def set_path(self, found: ActionPath, names: tuple[str, ...], after: Image) -> None:
        """Show the best sequence so far between the pair whose second image is `after`."""
        self.found = found
        best = "" if found.finished else ", best so far"
        steps = f"{len(found.actions)} step{'' if len(found.actions) == 1 else 's'}{best}: "
        self.answer.setText(f"<b>{steps}</b>{path_words(found.actions, names)}")
        self.left.setText(
            f"{percent(found.distance)} of the distance between the images is left;"
            f" {found.tried:,} states tried"
        )
        self._fill(found, names, after)
        for part in (self.answer, self.left, self.scroller):
            part.show()
        self.explore.setVisible(bool(found.actions))

    def end(self) -> None:
        """The search is over, by itself or because it was stopped."""
        if not self._searching:
            return
        self._searching = False
        self.start.setText("Find the steps")
        if self.found is None:
            self.answer.setText("Stopped before anything was found.")
        elif not self.found.finished:
            self.answer.setText(self.answer.text().replace("best so far", "best before it was stopped"))

    def _fill(self, found: ActionPath, names: tuple[str, ...], after: Image) -> None:
        while (item := self._stations.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._stations.addWidget(_Station("before", found.images[0], "reconstruction"))
        for number, (action, image) in enumerate(zip(found.actions, found.images[1:], strict=True), start=1):
            self._stations.addWidget(
                _Station(f"{ARROW} {readable_action(names[action])}", image, f"step {number}")
            )
        self._stations.addWidget(_Station("real after", after, ""))
        self._stations.addWidget(
            _Station("difference", difference_map(found.images[-1], after), "what is left")
        )

    def _start_or_stop(self) -> None:
        if self._searching:
            self.cancel_wanted.emit()
        else:
            self.search_wanted.emit(self.beam.value(), self.most_steps.value())
