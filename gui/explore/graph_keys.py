"""The graph by keyboard: walking over the nodes, choosing them, what they say, and a node's menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QMenu, QToolTip

from gui.explore.graph_items import NodeItem
from gui.explore.graph_layout import next_node

if TYPE_CHECKING:
    from gui.explore.graph_view import GraphView

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class GraphKeys:
    """What keys do to a view of the graph."""

    def __init__(self, view: GraphView) -> None:
        self._view = view

    def press(self, event: QKeyEvent) -> bool:
        """Whether the key meant something here."""
        view, key, at = self._view, Qt.Key(event.key()), self._focused()
        if key in _ARROWS and view.nodes:
            keys = event.modifiers()
            more, look = keys & Qt.KeyboardModifier.ShiftModifier, keys & Qt.KeyboardModifier.ControlModifier
            self._walk(_ARROWS[key], None if look else view.node_added if more else view.node_chosen)
        elif key == Qt.Key.Key_Space and at is not None:
            view.node_added.emit(at)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            view.palette_wanted.emit()
        elif key == Qt.Key.Key_T and not event.modifiers() and at is not None:
            place = view.mapFromScene(view.nodes[at].scenePos())
            QToolTip.showText(view.viewport().mapToGlobal(place), view.words_at(place), view)
        else:
            return False
        return True

    def show_menu(self, event: QContextMenuEvent) -> None:
        """A menu for the node under the mouse, which is chosen by it; by keyboard for the chosen one."""
        view = self._view
        node = view.selected[0] if view.selected else None
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            found = view.itemAt(event.pos())
            node = found.node if isinstance(found, NodeItem) else None
        if node is None:
            return
        if node not in view.selected:
            view.node_chosen.emit(node)
        menu = QMenu(view)
        menu.setObjectName("node_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Go to the palette", view.palette_wanted.emit)
        menu.addAction("Gallery of codes…", view.gallery_wanted.emit)
        menu.popup(event.globalPos())

    def _focused(self) -> int | None:
        """The shown node that has the keyboard, or else the chosen one that counts."""
        item, shown = self._view.scene().focusItem(), self._view.in_plane()
        places = ([item.node] if isinstance(item, NodeItem) else []) + list(self._view.selected[:1])
        return next((node for node in places if shown[node]), None)

    def _walk(self, way: tuple[int, int], go: SignalInstance | None) -> None:
        """Take the keyboard to the next node in a direction, and choose it by `go`."""
        view, at = self._view, self._focused()
        shown = view.in_plane()
        found = int(np.flatnonzero(shown)[0]) if at is None else next_node(view.positions, at, way, shown)
        if found is not None:
            if go is not None:
                go.emit(found)
            view.nodes[found].setFocus()
            view.keep_in_sight(view.nodes[found])
