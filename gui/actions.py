"""The menus: one QAction a command, with its shortcut."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from gui.shortcuts import show_shortcuts
from gui.top_bar import WORKSPACES

if TYPE_CHECKING:
    from gui.main_window import MainWindow


def build_menus(window: MainWindow) -> QMenu:
    """Fill the window's menu bar, but for Retrieve's menu, which is given back."""
    bar = window.menuBar()
    titles = ("&File", "&Edit", "&View", "&Retrieve", "&Help")
    file_menu, edit, view, retrieve, help_menu = (bar.addMenu(title) for title in titles)
    explore = window.explore
    of_explore = _add_sessions(file_menu, window)
    file_menu.addSeparator()
    of_explore += [
        _add(file_menu, window, "open_image", "Open image…", "Ctrl+O", explore.open_file),
        _add(file_menu, window, "random_image", "Random test image", "Ctrl+R", explore.random_image),
        _add(
            file_menu,
            window,
            "previous_image",
            "Previous test image",
            "Ctrl+[",
            lambda: explore.step_image(-1),
        ),
        _add(file_menu, window, "next_image", "Next test image", "Ctrl+]", lambda: explore.step_image(1)),
    ]
    file_menu.addSeparator()
    of_explore += [
        _add(file_menu, window, "export_image", "Export the image…", "Ctrl+E", explore.exports.choose_image),
        _add(file_menu, window, "export_graph", "Export the graph…", "Ctrl+G", explore.exports.choose_graph),
        _add(
            file_menu,
            window,
            "export_traversal",
            "Export the traversal…",
            "Ctrl+Shift+E",
            explore.exports.choose_grid,
        ),
    ]
    file_menu.addSeparator()
    _add(file_menu, window, "quit", "Quit", "Ctrl+Q", window.close)
    _add_undo(edit, window)
    edit.addSeparator()
    of_explore += _add_steps(edit, window)
    edit.addSeparator()
    of_explore += [
        _add(edit, window, "paste_image", "Paste image", "Ctrl+V", explore.paste),
        _add(
            edit,
            window,
            "take_result",
            "Use the result as the image",
            "Ctrl+U",
            explore.presenter.take_result,
        ),
        _add(
            edit, window, "copy_image", "Copy the image after the interventions", "Ctrl+C", explore.copy_image
        ),
        _add(
            edit,
            window,
            "copy_graph",
            "Copy the graph for networkx",
            "Ctrl+Shift+G",
            explore.exports.copy_graph,
        ),
    ]
    _enable_in(window, (window.explore,), of_explore)
    for index, name in enumerate(WORKSPACES):
        _add(view, window, f"show_{name.lower()}", name, f"Ctrl+{index + 1}", _shower(window, index))
    view.addSeparator()
    of_explore.append(_add(view, window, "gallery", "Gallery of codes…", "Ctrl+K", explore.show_gallery))
    _add(view, window, "toggle_theme", "Light or dark", "Ctrl+T", window.toggle_theme)
    _add(help_menu, window, "shortcuts", "Shortcuts", "F1", lambda: show_shortcuts(window))
    return retrieve


def fill_retrieve_menu(window: MainWindow, menu: QMenu) -> None:
    """Fill Retrieve's menu, once Retrieve is built."""
    _enable_in(window, (window.retrieve,), _add_retrieve(menu, window))
    _enable_in(window, (window.explore, window.retrieve), [_add_pair_of_explore(menu, window)])


def _add_sessions(menu: QMenu, window: MainWindow) -> list[QAction]:
    """Returns those that are Explore's; a session can be opened from anywhere."""
    sessions = window.sessions
    of_explore = [_add(menu, window, "new_session", "New session", "Ctrl+N", window.new_session)]
    _add(menu, window, "open_session", "Open session…", "Ctrl+Shift+O", sessions.choose)
    return [
        *of_explore,
        _add(menu, window, "save_session", "Save session…", "Ctrl+S", sessions.save),
        _add(menu, window, "save_session_as", "Save session as…", "Ctrl+Shift+S", sessions.save_as),
    ]


def _add_steps(menu: QMenu, window: MainWindow) -> list[QAction]:
    """For the step under the cursor of the history, which is the present one unless it was moved."""
    do = window.explore.commands
    return [
        _add(menu, window, "rename_step", "Rename the step…", "F2", do.rename),
        _add(menu, window, "compare_step", "Compare the step with the present…", "Ctrl+D", do.compare),
        _add(menu, window, "delete_step", "Delete the step…", "Ctrl+Del", do.delete),
        _add(menu, window, "next_branch", "Next branch", "Ctrl+B", do.next_branch),
        _add(menu, window, "copy_command", "Copy the steps as a command", "Ctrl+Shift+C", do.copy_command),
    ]


def _add_retrieve(menu: QMenu, window: MainWindow) -> list[QAction]:
    """Returns what is Retrieve's: all of it."""
    do = window.retrieve
    return [
        _add(menu, window, "open_pair", "Open one or two images…", "Ctrl+O", lambda: do.pair.place().open()),
        _add(
            menu, window, "paste_pair", "Paste one or two images", "Ctrl+V", lambda: do.pair.place().paste()
        ),
        _add(menu, window, "random_pair", "Random test pair", "Ctrl+R", do.draw_chosen_pair),
        _add(menu, window, "next_mistake", "Next mistake", "Ctrl+M", do.next_mistake),
        _add(
            menu, window, "walk_back", "Previous pair of the walk", "Ctrl+[", lambda: do.judging.walk_on(-1)
        ),
        _add(menu, window, "walk_on", "Next pair of the walk", "Ctrl+]", lambda: do.judging.walk_on(1)),
        _add(menu, window, "swap_pair", "Exchange before and after", "Ctrl+Shift+X", do.swap),
        _add(menu, window, "find_steps", "Find the steps", "Ctrl+F", do.find_steps),
        _add(menu, window, "judge", "Judge the model", "Ctrl+J", do.judge_model),
    ]


def _add_pair_of_explore(menu: QMenu, window: MainWindow) -> QAction:
    """From Explore too: which action would lead to what is seen there?"""

    def take() -> None:
        window.show_workspace(WORKSPACES.index("Retrieve"))
        window.retrieve.take_explore_pair()

    return _add(menu, window, "pair_of_explore", "Take the pair from Explore", "Ctrl+Shift+R", take)


def _enable_in(window: MainWindow, workspaces: tuple[QWidget, ...], actions: list[QAction]) -> None:
    """From now on these commands go only while one of the workspaces is in front."""
    window.stack.currentChanged.connect(partial(_enable, window, workspaces, actions))
    _enable(window, workspaces, actions)


def _enable(
    window: MainWindow, workspaces: tuple[QWidget, ...], actions: list[QAction], _index: int = 0
) -> None:
    """Commands never act on what is hidden."""
    for action in actions:
        action.setEnabled(window.stack.currentWidget() in workspaces)


def _add_undo(menu: QMenu, window: MainWindow) -> None:
    """Like QUndoStack's own actions, and off while Explore is not in front."""
    history = window.selection.history
    undo = _add(menu, window, "undo", "Undo", "Ctrl+Z", history.undo)
    redo = _add(menu, window, "redo", "Redo", "Ctrl+Y", history.redo)
    undo.setShortcuts(QKeySequence.StandardKey.Undo)
    redo.setShortcuts([QKeySequence("Ctrl+Y"), QKeySequence("Ctrl+Shift+Z")])

    def refresh() -> None:
        in_front = window.stack.currentWidget() is window.explore
        undo.setEnabled(in_front and history.canUndo())
        redo.setEnabled(in_front and history.canRedo())

    history.undoTextChanged.connect(lambda text: undo.setText(f"Undo {text}".strip()))
    history.redoTextChanged.connect(lambda text: redo.setText(f"Redo {text}".strip()))
    for changed in (history.canUndoChanged, history.canRedoChanged, window.stack.currentChanged):
        changed.connect(lambda _now: refresh())
    refresh()


def _add(
    menu: QMenu, window: MainWindow, name: str, text: str, keys: str, triggered: Callable[[], object]
) -> QAction:
    action = QAction(text, window)
    action.setObjectName(f"action_{name}")
    action.setShortcut(QKeySequence(keys))
    action.triggered.connect(lambda _checked=False: triggered())
    menu.addAction(action)
    return action


def _shower(window: MainWindow, index: int) -> Callable[[], None]:
    return lambda: window.show_workspace(index)
