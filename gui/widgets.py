"""Small parts that all views share: names for tests and screen readers, captions, empty states."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPixmap
from PySide6.QtGui import QImage as QtImage
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.results import Image

GAP = 8  # the grid of all margins and distances, in device-independent pixels
W = TypeVar("W", bound=QWidget)


def named(widget: W, object_name: str, accessible_name: str, tip: str = "") -> W:
    """Give a widget its name for tests, its name for screen readers, and a tool tip. Returns it."""
    widget.setObjectName(object_name)
    widget.setAccessibleName(accessible_name)
    if tip:
        widget.setToolTip(tip)
    return widget


def button(
    text: str, object_name: str, accessible_name: str, clicked: Callable[[], object], tip: str = ""
) -> QPushButton:
    """A named push button."""
    made = named(QPushButton(text), object_name, accessible_name, tip)
    made.clicked.connect(lambda _checked=False: clicked())
    return made


def tool_button(
    text: str, object_name: str, accessible_name: str, clicked: Callable[[], object], tip: str = ""
) -> QToolButton:
    """A named small button."""
    made = named(QToolButton(), object_name, accessible_name, tip or accessible_name)
    made.setText(text)
    if len(text) == 1:
        made.setProperty("role", "glyph")  # as wide as it needs: a least width would let a layout cut words
    made.clicked.connect(lambda _checked=False: clicked())
    return made


def heading(text: str) -> QLabel:
    """The title of a panel."""
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


def caption(text: str = "", wrap: bool = False) -> QLabel:
    """Small, dimmed text."""
    label = QLabel(text)
    label.setProperty("role", "caption")
    label.setWordWrap(wrap)
    return label


def panel(*, object_name: str = "") -> tuple[QWidget, QVBoxLayout]:
    """A raised surface and its layout."""
    widget = QWidget()
    widget.setProperty("role", "panel")
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    if object_name:
        widget.setObjectName(object_name)
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(GAP + 4, GAP, GAP + 4, GAP + 4)
    layout.setSpacing(GAP)
    return widget, layout


def row(*items: QWidget | int, spacing: int = GAP, wide: QWidget | None = None) -> QHBoxLayout:
    """Widgets side by side; an int is a stretch; `wide`, one of them, takes what is left."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for item in items:
        if isinstance(item, int):
            layout.addStretch(item)
        else:
            layout.addWidget(item, 1 if item is wide else 0)
    return layout


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a property changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def to_qimage(image: Image) -> QtImage:
    """uint8 [height, width, 3] -> a QImage that owns its pixels."""
    height, width, channels = image.shape
    if channels != 3:
        raise ValueError(f"expected 3 channels, got {channels}")
    return QtImage(image.tobytes(), width, height, 3 * width, QtImage.Format.Format_RGB888).copy()


def to_pixmap(image: Image, side: int, smooth: bool = False, ratio: float = 1.0) -> QPixmap:
    """An image at `side` device-independent pixels, crisp unless `smooth`."""
    mode = Qt.TransformationMode.SmoothTransformation if smooth else Qt.TransformationMode.FastTransformation
    pixels = max(1, round(side * ratio))
    pixmap = QPixmap.fromImage(to_qimage(image)).scaled(
        pixels, pixels, Qt.AspectRatioMode.KeepAspectRatio, mode
    )
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


class EmptyState(QWidget):
    """What a view shows when it has nothing: a title, what to do, and perhaps a button."""

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setSpacing(GAP)
        layout.addStretch(1)
        self._title, self._hint = QLabel(title), caption(hint, wrap=True)
        font = QFont(self._title.font())
        font.setPointSizeF(font.pointSizeF() * 1.3)
        self._title.setFont(font)
        for label in (self._title, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
            layout.addWidget(label)
        layout.addStretch(1)

    def set_text(self, title: str, hint: str = "") -> None:
        """Say something else."""
        self._title.setText(title)
        self._hint.setText(hint)


def last_within(widget: QWidget) -> QWidget:
    """What the tab key reaches last of a widget's parts."""
    last, part = widget, widget.nextInFocusChain()
    while part is not None and widget.isAncestorOf(part):
        last = part if part.focusPolicy() & Qt.FocusPolicy.TabFocus else last
        part = part.nextInFocusChain()
    return last


def splitter(
    orientation: Qt.Orientation, widgets: tuple[QWidget, ...], stretch: tuple[int, ...]
) -> QSplitter:
    """Widgets beside or below each other, with handles between them."""
    made = QSplitter(orientation)
    made.setHandleWidth(GAP)
    made.setChildrenCollapsible(False)
    for place, (widget, share) in enumerate(zip(widgets, stretch, strict=True)):
        made.addWidget(widget)
        made.setStretchFactor(place, share)
    return made
