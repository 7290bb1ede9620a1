"""The F1 sheet: all shortcuts in one place."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from gui.widgets import GAP, heading

PILL = 22  # height of a key
WORDS = 340  # width of what a key does
SHORTCUTS = (
    ("Ctrl+1 … Ctrl+4", "Explore, Retrieve, Train, Library"),
    ("Ctrl+N  Ctrl+Shift+O", "New session, open a session"),
    ("Ctrl+S  Ctrl+Shift+S", "Save the session, save it as another file"),
    ("Ctrl+O", "Open an image"),
    ("Ctrl+V", "Paste an image"),
    ("Ctrl+R", "A random test image"),
    ("Ctrl+[  Ctrl+]", "Previous, next test image"),
    ("Ctrl+E  Ctrl+G", "Export the image, the graph (Ctrl+Shift+E: the traversal)"),
    ("Ctrl+Z  Ctrl+Y", "Undo, redo an intervention"),
    ("F2  Ctrl+D  Ctrl+Del", "Rename, compare, delete a step of the history"),
    ("Ctrl+B", "Next branch of the history"),
    (
        "Arrow keys",
        "Walk over the nodes, the palette, the traversal grid, the history, Retrieve's maps of variables",
    ),
    ("Enter", "On a node: go to its palette; on a code: do(variable := code)"),
    ("Ctrl+K", "The gallery of codes: arrow keys walk over them, Ctrl+Enter uses one"),
    ("Escape", "Clear the chosen variable"),
    ("Shift", "With a click, an arrow key or a drag: choose several variables"),
    ("Ctrl+arrows  Space", "Walk over the nodes without choosing; add one, or leave it out"),
    ("+  −", "Apply the action of the factor in bold (in the graph, Page Up, Page Down: another)"),
    ("Ctrl and +  −   0", "Zoom the graph (or by wheel), fit it"),
    ("C", "In the traversal: compare the cell with the present image"),
    ("T", "What the mouse would be told: of the node, of the cell of the traversal or of Retrieve's maps"),
    ("Ctrl+U", "Use the result as the image"),
    ("Ctrl+C  Ctrl+Shift+C", "Copy the result, the interventions as a command"),
    ("Ctrl+Shift+G", "Copy the graph for networkx"),
    ("Ctrl+R  Ctrl+M", "In Retrieve: a random test pair, the next mistake"),
    ("Ctrl+O  Ctrl+V", "In Retrieve: open, paste one or two images"),
    ("Ctrl+Shift+R", "In Explore or Retrieve: ask about Explore's original and present image"),
    ("Ctrl+[  Ctrl+]", "In Retrieve: previous, next pair of a cell of the matrix"),
    ("Enter", "In Retrieve, on an action: show it at work in Explore"),
    ("Ctrl+Shift+X", "In Retrieve: exchange before and after"),
    ("Ctrl+F", "In Retrieve: find the steps between the images"),
    (
        "Ctrl+J",
        "In Retrieve: judge the model; arrow keys (Ctrl: only cells with pairs) and Enter open a cell",
    ),
    ("F2  Ctrl+E  Del", "In the Library: rename the run, export it, delete it"),
    ("Left  Right  +  −  0", "In Train's curves: read values, zoom, show all"),
    ("Arrow keys  Shift", "In a study's plot: choose an axis, move the ends of what is kept there"),
    ("Ctrl+T", "Light or dark"),
    ("F1", "This sheet"),
    ("Ctrl+Q", "Quit"),
)


def show_shortcuts(parent: QWidget) -> QDialog:
    """Open the sheet over the window."""
    dialog = QDialog(parent)
    dialog.setObjectName("shortcut_sheet")
    dialog.setWindowTitle("Shortcuts")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(3 * GAP, 2 * GAP, 3 * GAP, 2 * GAP)
    layout.setSpacing(2 * GAP)
    layout.addWidget(heading("Shortcuts"))
    grid = QGridLayout()
    grid.setHorizontalSpacing(3 * GAP)
    grid.setVerticalSpacing(GAP)
    half = -(-len(SHORTCUTS) // 2)
    for number, (keys, meaning) in enumerate(SHORTCUTS):
        side, line = divmod(number, half)
        key_label, words = QLabel(keys), QLabel(meaning)
        key_label.setProperty("role", "pill")
        words.setWordWrap(True)
        words.setFixedWidth(WORDS)
        words.ensurePolished()
        words.setMinimumHeight(words.heightForWidth(WORDS))  # a grid asks wrapped words for one line only
        key_label.setFixedHeight(PILL)
        side_of = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(key_label, line, 2 * side, side_of)
        grid.addWidget(words, line, 2 * side + 1)
    layout.addLayout(grid)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout.addWidget(buttons)
    dialog.open()
    return dialog
