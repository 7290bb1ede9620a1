"""A scrollable table of pictures of which only those in sight are asked for and kept."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from gui.theme import colours
from gui.widgets import named

KEPT = 2000  # pictures; those farthest from what is in sight go first
GAP = 4
CAPTION = 18
AnyIndex = QModelIndex | QPersistentModelIndex


class PictureModel(QAbstractTableModel):
    """Pictures by their place, in rows of as many as fit; what is missing is an empty cell.

    Attributes:
        pictures, words, captions: by place; `words` are the tool tips.
        total: how many places there are.
        across: in a row.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pictures: dict[int, QImage] = {}
        self.words: dict[int, str] = {}
        self.captions: dict[int, str] = {}
        self.total = 0
        self.across = 1

    def place(self, index: AnyIndex) -> int | None:
        """The place of a cell, None of one beyond the end."""
        place = index.row() * self.across + index.column()
        return place if index.isValid() and place < self.total else None

    def index_of(self, place: int) -> QModelIndex:
        """The cell of a place."""
        return self.index(place // self.across, place % self.across)

    def set_total(self, total: int) -> None:
        """Other pictures, none of them there yet."""
        self.beginResetModel()
        self.total = total
        self.pictures, self.words, self.captions = {}, {}, {}
        self.endResetModel()

    def set_across(self, across: int) -> None:
        """Another number in a row."""
        if across != self.across:
            self.beginResetModel()
            self.across = across
            self.endResetModel()

    def add(self, start: int, pictures: list[QImage], words: list[str], captions: list[str]) -> None:
        """Pictures from a place on."""
        for place, picture in enumerate(pictures, start):
            self.pictures[place] = picture
        self.words.update(enumerate(words, start))
        self.captions.update(enumerate(captions, start))
        for place in sorted(self.pictures, key=lambda place: abs(place - start))[KEPT:]:
            for kept in (self.pictures, self.words, self.captions):
                kept.pop(place, None)
        if self.rowCount():
            last = self.index(self.rowCount() - 1, self.across - 1)
            self.dataChanged.emit(self.index_of(start), last)

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else -(-self.total // self.across)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else self.across

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        place = self.place(index)
        if place is None:
            return None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.words.get(place)
        return None

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        return super().flags(index) if self.place(index) is not None else Qt.ItemFlag.NoItemFlags


class _Painter(QStyledItemDelegate):
    """A picture, its caption below, and a frame where the cursor is."""

    def __init__(self, table: PictureTable) -> None:
        super().__init__(table)
        self._table = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        model = self._table.pictures_model
        place = model.place(index)
        if place is None:
            return
        area: QRect = option.rect  # type: ignore[attr-defined]
        size = self._table.picture_size
        left = area.left() + (area.width() - size.width()) // 2
        square = QRect(left, area.top() + GAP // 2, size.width(), size.height())
        picture = model.pictures.get(place)
        if picture is None:
            painter.fillRect(square, QColor(colours().field))
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(square, picture)
        if place in model.captions:
            painter.setPen(QColor(colours().text))
            line = QRect(area.left(), square.bottom() + 1, area.width(), CAPTION)
            elide = Qt.TextElideMode.ElideRight
            text = painter.fontMetrics().elidedText(model.captions[place], elide, area.width() - GAP)
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.setPen(QPen(QColor(colours().accent), 3))
            painter.drawRect(square.adjusted(0, 0, -1, -1))


class PictureTable(QTableView):
    """The table. Arrow keys walk; Return and a double click open.

    Signals:
        wanted(start, count): pictures in sight that are missing.
        chosen(place): the cursor has come to this picture.
        opened(place): Return or a double click.

    Args:
        object_name, accessible_name: of the table.
        size: of a picture, in device-independent pixels.
        captions: there is a line of text below each.
    """

    wanted = Signal(int, int)
    chosen = Signal(int)
    opened = Signal(int)

    def __init__(self, object_name: str, accessible_name: str, size: QSize, captions: bool = False) -> None:
        super().__init__()
        named(self, object_name, accessible_name)
        self.picture_size = size
        self.pictures_model = PictureModel()
        self._asked = (0, 0)
        self._pitch = QSize(size.width() + GAP, size.height() + GAP + (CAPTION if captions else 0))
        self.setModel(self.pictures_model)
        self.setItemDelegate(_Painter(self))
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        for header, length in (
            (self.horizontalHeader(), self._pitch.width()),
            (self.verticalHeader(), self._pitch.height()),
        ):
            header.setMinimumSectionSize(length)
            header.setDefaultSectionSize(length)
            header.hide()
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._ask())
        self.selectionModel().currentChanged.connect(self._on_current)
        self.doubleClicked.connect(self._on_opened)

    @property
    def pictures(self) -> dict[int, QImage]:
        """Those that are there, by place."""
        return self.pictures_model.pictures

    @property
    def words(self) -> dict[int, str]:
        """Their tool tips."""
        return self.pictures_model.words

    def set_total(self, total: int) -> None:
        """Other pictures, of which the first are about to come."""
        self._asked = (0, 0)
        self.pictures_model.set_total(total)
        self.scrollToTop()

    def add(
        self, start: int, pictures: list[QImage], words: list[str], captions: list[str] | None = None
    ) -> None:
        """Pictures from a place on; what is in sight and still missing is asked for."""
        self._asked = (0, 0)
        self.pictures_model.add(start, pictures, words, captions or [])
        self._ask()

    def capacity(self) -> int:
        """How many are in sight at once."""
        view = self.viewport()
        return self._across() * max(1, -(-view.height() // self._pitch.height()))

    def in_sight(self) -> range:
        """The places in sight."""
        top = self.verticalScrollBar().value() // self._pitch.height()
        across = self.pictures_model.across
        rows = -(-self.viewport().height() // self._pitch.height()) + 1
        return range(top * across, min(self.pictures_model.total, (top + rows) * across))

    def choose(self, place: int) -> None:
        """Move the cursor."""
        self.setCurrentIndex(self.pictures_model.index_of(place))

    def chosen_place(self) -> int | None:
        """Where the cursor is."""
        return self.pictures_model.place(self.currentIndex())

    def _across(self) -> int:
        return max(1, self.viewport().width() // self._pitch.width())

    def _ask(self) -> None:
        """For what is missing in sight, unless it has been asked for."""
        seen = self.in_sight()
        missing = [place for place in seen if place not in self.pictures]
        if not missing or not self.isVisible():
            return
        asked = (missing[0], missing[-1] + 1 - missing[0])
        if asked != self._asked:
            self._asked = asked
            self.wanted.emit(*asked)

    def _on_current(self, index: QModelIndex, _before: QModelIndex) -> None:
        place = self.pictures_model.place(index)
        self.setAccessibleDescription(self.words.get(place, "") if place is not None else "")
        if place is not None:
            self.chosen.emit(place)

    def _on_opened(self, index: QModelIndex) -> None:
        place = self.pictures_model.place(index)
        if place is not None:
            self.opened.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_opened(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        place, across = self.chosen_place(), self._across()
        self.horizontalHeader().setDefaultSectionSize(self.viewport().width() // across)
        self.pictures_model.set_across(across)
        if place is not None:
            self.choose(place)
        self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()
