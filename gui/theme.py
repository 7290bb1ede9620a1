"""Light and dark: Fusion with palettes of our own, one style sheet, and colours safe for colour-blind eyes.

Data colours are Okabe and Ito's; roles in the graph never rely on colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

ICONS = Path(__file__).resolve().parent.parent / "resources" / "icons"
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C")
"""Eight colours for categories (factors, curves), in this order."""
_CATEGORIES = tuple(QColor(name) for name in OKABE_ITO)  # reading a name takes long


@dataclass(frozen=True)
class Colours:
    """The colours of one theme, as #rrggbb.

    Attributes:
        window, panel, field: from the background to what lies on top.
        text, dim, line: text, secondary text, hairlines.
        accent: selection and focus; `on_accent` is text on it.
        cause, effect, moved: roles in the graph: parents, children, changed by an intervention.
        good, bad: verdicts.
    """

    name: str
    window: str
    panel: str
    field: str
    hover: str
    text: str
    dim: str
    line: str
    accent: str
    on_accent: str
    cause: str
    effect: str
    moved: str
    good: str
    bad: str
    node: str
    edge: str


LIGHT = Colours(
    name="light", window="#eceef2", panel="#ffffff", field="#f5f6f9", hover="#e4e9f4", text="#1b1f2a",
    dim="#5d6578", line="#d5d9e3", accent="#2457c5", on_accent="#ffffff", cause="#0072B2", effect="#B35C00",
    moved="#B0006E", good="#00734f", bad="#b3261e", node="#7d879c", edge="#4a5468",
)  # fmt: skip
DARK = Colours(
    name="dark", window="#14161c", panel="#1c1f28", field="#262a36", hover="#303648", text="#e8eaf1",
    dim="#9aa3b8", line="#343a4a", accent="#7aa2ff", on_accent="#0d1220", cause="#56B4E9", effect="#F0A030",
    moved="#F58CC6", good="#4cc79a", bad="#ff8a80", node="#8893ab", edge="#aab4c8",
)  # fmt: skip

_current = LIGHT


def colours() -> Colours:
    """The colours of the present theme; ask again on QEvent.PaletteChange."""
    return _current


def category(index: int) -> QColor:
    """A colour-blind-safe colour for the index-th category (cyclic); a new one, to be changed at will."""
    return QColor(_CATEGORIES[index % len(_CATEGORIES)])


def apply_theme(application: QApplication, name: str) -> None:
    """Dress the application: "light" or "dark".

    Raises:
        ValueError: another name.
    """
    global _current
    if name not in ("light", "dark"):
        raise ValueError(f"unknown theme '{name}'; choose light or dark")
    _current = LIGHT if name == "light" else DARK
    application.setStyle("Fusion")
    application.setFont(_font(application.font()))
    application.setPalette(_palette(_current))
    application.setStyleSheet(_style_sheet(_current))


@contextmanager
def dressed_at_once() -> Iterator[None]:
    """Widgets that are made inside get the style sheet together at the end.

    Otherwise Qt works it out for all of a widget's children again at each parent that the widget gets, which
    is most of the time that it takes to build the window.
    """
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        yield
        return
    sheet = application.styleSheet()
    application.setStyleSheet("")
    try:
        yield
    finally:
        application.setStyleSheet(sheet)


def system_theme(application: QApplication) -> str:
    """What the desktop asks for: "dark" where its window colour is dark."""
    return "dark" if application.palette().color(QPalette.ColorRole.Window).lightness() < 128 else "light"


def _font(system: QFont) -> QFont:
    """The desktop's font, unless there is a better one for an interface."""
    families = set(QFontDatabase.families())
    font = QFont(system)
    for family in ("Inter", "Segoe UI", ".AppleSystemUIFont", "Noto Sans", "Open Sans", "Liberation Sans"):
        if family in families:
            font.setFamily(family)
            break
    font.setPointSizeF(9.5)
    return font


def _palette(c: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for key, value in {
        role.Window: c.window, role.WindowText: c.text, role.Base: c.field, role.AlternateBase: c.panel,
        role.Text: c.text, role.Button: c.field, role.ButtonText: c.text, role.BrightText: c.bad,
        role.Highlight: c.accent, role.HighlightedText: c.on_accent, role.ToolTipBase: c.panel,
        role.ToolTipText: c.text, role.PlaceholderText: c.dim, role.Link: c.accent, role.Mid: c.line,
        role.Midlight: c.hover, role.Light: c.panel, role.Dark: c.line, role.Shadow: c.window,
    }.items():  # fmt: skip
        palette.setColor(key, QColor(value))
    faded = QColor(c.dim)
    faded.setAlpha(130)
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, faded)
    return palette


def _icon(name: str, c: Colours) -> str:
    """The path of an icon in the theme's colours, as style sheets want it."""
    return (ICONS / f"{name}-{c.name}.svg").as_posix()


def _style_sheet(c: Colours) -> str:
    return f"""
    QToolTip {{ background: {c.panel}; color: {c.text}; border: 1px solid {c.line}; padding: 4px 8px; }}
    QWidget[role="panel"] {{ background: {c.panel}; border: 1px solid {c.line}; border-radius: 8px; }}
    QWidget[role="bar"] {{ background: {c.panel}; border-bottom: 1px solid {c.line}; }}
    QLabel[role="heading"] {{ font-weight: 600; color: {c.text}; }}
    QLabel[role="brand"] {{ font-weight: 700; font-size: 13pt; color: {c.accent}; }}
    QLabel[role="caption"] {{ color: {c.dim}; font-size: 8.5pt; }}
    QLabel[role="pill"] {{ background: {c.field}; border: 1px solid {c.line}; border-radius: 10px;
        padding: 1px 8px; color: {c.dim}; font-size: 8.5pt; }}
    QPushButton, QToolButton {{ background: {c.field}; border: 1px solid {c.line}; border-radius: 6px;
        padding: 4px 10px; color: {c.text}; min-height: 18px; }}
    QToolButton {{ padding: 3px 6px; }}
    QToolButton[role="glyph"] {{ padding: 3px 7px; }}
    QToolButton[popupMode="2"] {{ padding-right: 18px; }}
    QToolButton::menu-indicator {{ subcontrol-position: right center; right: 5px; }}
    QPushButton:hover, QToolButton:hover {{ background: {c.hover}; border-color: {c.accent}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {c.line}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus,
    QLineEdit:focus, QPlainTextEdit:focus {{ border: 1px solid {c.accent}; }}
    QPlainTextEdit {{ background: {c.field}; border: 1px solid {c.line}; border-radius: 6px; padding: 1px 4px;
        color: {c.text}; selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {c.dim}; background: transparent; }}
    QPushButton:checked, QToolButton:checked {{ background: {c.accent}; color: {c.on_accent};
        border-color: {c.accent}; }}
    QPushButton[role="primary"] {{ background: {c.accent}; color: {c.on_accent}; border-color: {c.accent};
        font-weight: 600; }}
    QPushButton[role="primary"]:disabled {{ background: {c.field}; color: {c.dim}; border-color: {c.line}; }}
    QPushButton[role="tab"] {{ background: transparent; border: none; border-radius: 6px; padding: 6px 16px;
        color: {c.dim}; font-weight: 600; }}
    QPushButton[role="tab"]:hover {{ background: {c.hover}; color: {c.text}; }}
    QPushButton[role="tab"]:checked {{ background: {c.field}; color: {c.accent};
        border-bottom: 2px solid {c.accent}; border-radius: 0; }}
    QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit {{ background: {c.field}; border: 1px solid {c.line};
        border-radius: 6px; padding: 3px 8px; min-height: 20px; color: {c.text};
        selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
    QComboBox::drop-down {{ border: none; width: 20px; }}
    QComboBox::down-arrow {{ image: url("{_icon("arrow-down", c)}"); width: 10px; height: 10px; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ subcontrol-origin: border; width: 20px;
        border: none; background: transparent; }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; margin-top: 2px; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; margin-bottom: 2px; }}
    QAbstractSpinBox::up-arrow {{ image: url("{_icon("arrow-up", c)}"); width: 10px; height: 10px; }}
    QAbstractSpinBox::down-arrow {{ image: url("{_icon("arrow-down", c)}"); width: 10px; height: 10px; }}
    QComboBox QAbstractItemView {{ background: {c.panel}; border: 1px solid {c.line};
        selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
    QSlider::groove:horizontal {{ height: 4px; background: {c.line}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ background: {c.panel}; border: 2px solid {c.accent}; width: 10px;
        height: 10px; margin: -5px 0; border-radius: 7px; }}
    QSlider::handle:horizontal:focus {{ background: {c.accent}; }}
    QSlider::sub-page:horizontal:disabled {{ background: {c.line}; }}
    QSlider::handle:horizontal:disabled {{ border-color: {c.line}; }}
    QProgressBar {{ background: {c.field}; border: 1px solid {c.line}; border-radius: 4px; height: 8px;
        text-align: center; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
    QSplitter::handle {{ background: transparent; }}
    QSplitter::handle:hover {{ background: {c.hover}; }}
    QScrollArea {{ border: none; background: transparent; }}
    QScrollArea > QWidget > QWidget {{ background: transparent; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {c.line}; border-radius: 4px; min-height: 24px;
        min-width: 24px; margin: 1px; }}
    QScrollBar::handle:hover {{ background: {c.dim}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QTableView, QListView, QTreeView {{ background: {c.panel}; alternate-background-color: {c.field};
        border: 1px solid {c.line}; border-radius: 6px; gridline-color: {c.line};
        selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
    QHeaderView::section {{ background: {c.field}; color: {c.dim}; border: none;
        border-bottom: 1px solid {c.line}; padding: 4px 8px; font-weight: 600; }}
    QHeaderView, QTableCornerButton::section {{ background: {c.field}; border: none; }}
    QTabWidget::pane {{ border: none; }}
    QTabBar::tab {{ background: transparent; color: {c.dim}; padding: 5px 12px; border: none;
        border-bottom: 2px solid transparent; }}
    QTabBar::tab:selected {{ color: {c.accent}; border-bottom: 2px solid {c.accent}; }}
    QTabBar::tab:hover {{ color: {c.text}; }}
    QStatusBar {{ background: {c.panel}; border-top: 1px solid {c.line}; color: {c.dim}; }}
    QStatusBar::item {{ border: none; }}
    QMenuBar {{ background: {c.panel}; }}
    QMenuBar::item {{ padding: 4px 10px; background: transparent; border-radius: 4px; }}
    QMenuBar::item:selected {{ background: {c.hover}; }}
    QMenu {{ background: {c.panel}; border: 1px solid {c.line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 24px 5px 12px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {c.accent}; color: {c.on_accent}; }}
    QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 8px; }}
    QGraphicsView {{ background: {c.panel}; border: none; }}
    QFrame[role="banner"] {{ border-radius: 6px; background: {c.field}; border: 1px solid {c.line}; }}
    QFrame[level="error"] {{ border-left: 4px solid {c.bad}; }}
    QFrame[level="warning"] {{ border-left: 4px solid {c.effect}; }}
    QFrame[level="info"] {{ border-left: 4px solid {c.accent}; }}
    """
