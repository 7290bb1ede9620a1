"""Choosing an image: random, previous, next, a file, the clipboard, or sliders for its factor values."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QVBoxLayout, QWidget

from datasets.factors import FactorSpace
from gui.explore.scrolling import FittingScroll
from gui.replies import PickedImage
from gui.widgets import GAP, button, caption, heading, named, row, tool_button
from gui.words import value_of

LINE, FEWEST_SEEN = 18, 6  # height of a slider, and how many are always seen at once
SETTLE_MS = 40  # a dragged slider asks at most 25 times a second


class ImageSource(QWidget):
    """Signals:
    random_wanted, open_wanted, paste_wanted: the buttons.
    step_wanted: -1 previous, +1 next.
    values_chosen: tuple of factor values.
    """

    random_wanted = Signal()
    step_wanted = Signal(int)
    open_wanted = Signal()
    paste_wanted = Signal()
    values_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._sliders: list[QSlider] = []
        self._readings: list[QLabel] = []
        self._space: FactorSpace | None = None
        self._factors: tuple[int, ...] | None = None  # of the present image
        self._awaited = False  # values were chosen and their image has not come yet
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        self.random = button(
            "Random",
            "image_random",
            "Random test image",
            self.random_wanted.emit,
            "Random test image (Ctrl+R)",
        )
        before = tool_button("‹", "image_previous", "Previous test image", lambda: self.step_wanted.emit(-1))
        after = tool_button("›", "image_next", "Next test image", lambda: self.step_wanted.emit(1))
        opened = button(
            "Open", "image_open", "Open an image file", self.open_wanted.emit, "Open an image (Ctrl+O)"
        )
        pasted = button(
            "Paste", "image_paste", "Paste an image", self.paste_wanted.emit, "Paste an image (Ctrl+V)"
        )
        layout.addLayout(row(before, self.random, after, 1, opened, pasted, spacing=4))
        self.note = caption("", wrap=True)
        self.note.setObjectName("image_note")
        layout.addWidget(self.note)
        self._title = heading("Factors of the image")
        layout.addWidget(self._title)
        self._unlabelled = caption("Choosing by factor values needs factor labels.", wrap=True)
        self._unlabelled.hide()
        layout.addWidget(self._unlabelled)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(4)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        holder = QWidget()
        holder.setLayout(self._grid)
        self._scroll = FittingScroll(holder)  # many factors, or a low window: scrolled rather than squeezed
        self._scroll.setObjectName("factor_scroll")
        self._scroll.setAccessibleName("Factor values, scrollable")
        layout.addWidget(self._scroll)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._emit_values)

    def set_space(self, space: FactorSpace | None, can_render: bool = True, known: bool = True) -> None:
        """One slider a factor. Where not all images exist, a drag asks only for the value it ends at.

        Where the data set has no factor values (`known` false), this is said instead.
        """
        self._unlabelled.setVisible(not known)
        if space == self._space:
            self._set_tracking(can_render)
            return
        self._space = space
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._sliders, self._readings = [], []
        for line, factor in enumerate(space.factors if space is not None else ()):
            slider = named(
                QSlider(Qt.Orientation.Horizontal),
                f"factor_{factor.name}",
                f"Value of the factor {factor.name}",
            )
            slider.setRange(0, factor.size - 1)
            slider.setPageStep(1)
            slider.setMinimumHeight(LINE)  # its handle would be cut
            slider.valueChanged.connect(self._on_moved)
            slider.sliderMoved.connect(lambda _value: self._show_readings())
            slider.sliderReleased.connect(self._settle)
            reading = caption()
            reading.setMinimumWidth(56)
            self._grid.addWidget(caption(factor.name.replace("_", " ")), line, 0)
            self._grid.addWidget(slider, line, 1)
            self._grid.addWidget(reading, line, 2)
            self._sliders.append(slider)
            self._readings.append(reading)
        self._title.setVisible(bool(self._sliders))
        self._scroll.setVisible(bool(self._sliders))
        self._scroll.setMinimumHeight(min(len(self._sliders), FEWEST_SEEN) * (LINE + 4))
        self._scroll.updateGeometry()
        self._set_tracking(can_render)

    def _set_tracking(self, can_render: bool) -> None:
        for slider in self._sliders:
            slider.setTracking(can_render)

    def set_image(self, picked: PickedImage | None) -> None:
        """Show where the image comes from and its factor values, without asking for it again.

        Sliders that the user is moving stay where they are.
        """
        if picked is None:
            return
        loaded = picked.loaded
        place = f"{picked.split} image {picked.position}" if picked.position is not None else loaded.source
        self.note.setText(f"{place}: {loaded.note}" if loaded.note else place)
        self.note.setToolTip(loaded.address or loaded.source)
        self._factors, self._awaited = self._fitting(loaded.factors), False
        known = self._factors is not None
        self._title.setText("Factors of the image" if known else "Factors (unknown for this image)")
        self._settle()

    def _fitting(self, values: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """The values, unless they are of other factors: of a data set that was built anew, say."""
        sizes = [factor.size for factor in self._space.factors] if self._space is not None else []
        if values is None or len(values) != len(sizes):
            return None
        return values if all(v < size for v, size in zip(values, sizes, strict=True)) else None

    def refuse(self) -> None:
        """There is no image with the chosen values: back to those of the present image."""
        self._awaited = False
        self._settle()

    def _settle(self) -> None:
        """Put the sliders where the present image is, unless the user or an answer is about to move them."""
        moving = any(s.isSliderDown() or s.sliderPosition() != s.value() for s in self._sliders)
        if self._timer.isActive() or self._awaited or moving:
            return
        for slider, value in zip(self._sliders, self._factors or (), strict=False):
            slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(False)
        self._show_readings(self._factors is not None)

    def _show_readings(self, known: bool = True) -> None:
        if self._space is None:
            return
        for factor, slider, reading in zip(self._space.factors, self._sliders, self._readings, strict=True):
            value = value_of(factor.name, factor.values[slider.sliderPosition()])
            reading.setText(value if known else "—")

    def _on_moved(self) -> None:
        self._show_readings()
        if not self._timer.isActive():
            self._timer.start()

    def _emit_values(self) -> None:
        self._awaited = True
        self.values_chosen.emit(tuple(slider.value() for slider in self._sliders))
