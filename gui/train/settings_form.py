"""Every setting of a preset as a field, made from the declarations in engine/config.py."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.config import Config
from engine.errors import InputError
from gui.words import readable

# Chosen above in the form; a second field for the same thing would only contradict it.
ELSEWHERE = frozenset({"training.seed"})
CHANGED_MARK = "\N{BULLET}"


def config_of(preset: str, settings: dict[str, object]) -> Config:
    """A Config from dotted setting names.

    Raises:
        InputError: an unknown setting or a value that does not fit.
    """
    nested: dict[str, dict[str, object]] = {}
    for key, value in settings.items():
        section, _, name = key.partition(".")
        if name:
            nested.setdefault(section, {})[name] = value
    return Config.from_json({"preset": preset, **nested})


def descriptions() -> dict[str, str]:
    """Dotted setting name -> its sentence in the declaration's docstring."""
    found = {}
    for section in fields(Config):
        declared = getattr(Config(), section.name)
        if is_dataclass(declared):
            text = inspect.getdoc(type(declared)) or ""
            for name, words in re.findall(r"^    (\w+): (.+(?:\n {6,}.+)*)$", text, re.MULTILINE):
                found[f"{section.name}.{name}"] = " ".join(words.split())
    return found


class SettingField(QWidget):
    """One setting: its editor and the button that takes it back to the preset's value.

    Signals:
        changed(): the text or tick changed.
        focused(help): the keys go to it; what it means and what the preset has.
    """

    changed = Signal()
    focused = Signal(str)

    def __init__(self, key: str, preset_value: object, words: str) -> None:
        super().__init__()
        self.key, self.preset_value = key, preset_value
        self.label = QLabel()
        name = readable(key.partition(".")[2])
        tip = f"{words}\nPreset: {preset_value}\n{key}"
        self.editor: QCheckBox | QLineEdit
        if isinstance(preset_value, bool):
            self.editor = QCheckBox()
            self.editor.toggled.connect(self._on_change)
        else:
            self.editor = QLineEdit()
            self.editor.setPlaceholderText(_text_of(preset_value))
            self.editor.setMinimumWidth(60)
            self.editor.textChanged.connect(self._on_change)
        self.editor.setObjectName(f"train_setting_{key}")
        self.editor.setAccessibleName(f"Setting {key}")
        self._help = f"{name}: {words} Preset: {_text_of(preset_value)}."
        self.editor.setAccessibleDescription(self._help)
        self.editor.installEventFilter(self)
        self.back = QToolButton()
        self.back.setText("\N{ANTICLOCKWISE OPEN CIRCLE ARROW}")
        self.back.setAutoRaise(True)
        self.back.setObjectName(f"train_setting_{key}_reset")
        self.back.setAccessibleName(f"Take {key} back to the preset's value")
        self.back.setToolTip(f"Back to the preset's {preset_value}")
        self.back.clicked.connect(self.reset)
        self.back.clicked.connect(self.editor.setFocus)  # the button goes
        policy = self.back.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.back.setSizePolicy(policy)
        for widget in (self.label, self.editor):
            widget.setToolTip(tip)
        self._name = name
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.editor, 1)
        layout.addWidget(self.back)
        self.reset()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self.focused.emit(self._help)
        return super().eventFilter(watched, event)

    def text(self) -> str:
        """The value as typed."""
        if isinstance(self.editor, QCheckBox):
            return "true" if self.editor.isChecked() else "false"
        return self.editor.text().strip()

    def set_text(self, text: str) -> None:
        """Type a value."""
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(text.lower() == "true")
        else:
            self.editor.setText(text)

    def set_value(self, value: object) -> None:
        """A value as a configuration has it."""
        self.set_text(_text_of(value))

    def reset(self) -> None:
        """Back to the preset's value."""
        self.set_value(self.preset_value)
        self._mark()

    def is_changed(self) -> bool:
        """Whether the text is not the preset's (1e-3 and 0.001 are the same)."""
        return not _same(self.text(), _text_of(self.preset_value))

    def _on_change(self) -> None:
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        changed = self.is_changed()
        self.label.setText(f"<b>{CHANGED_MARK} {self._name}</b>" if changed else self._name)
        self.back.setVisible(changed)


def _text_of(value: object) -> str:
    """A value as one would type it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _same(first: str, second: str) -> bool:
    try:
        return float(first) == float(second)
    except ValueError:
        return first == second


class SettingsForm(QWidget):
    """All settings of a preset, section by section; changed ones are marked.

    Signals:
        changed(): some value changed.
        focused(help): the keys go to another field; what it means.
    """

    changed = Signal()
    focused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields: dict[str, SettingField] = {}
        self._preset = ""
        self._settings: dict[str, object] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 4, 0)
        self._inside: QWidget | None = None

    def set_preset(self, name: str, settings: dict[str, object]) -> None:
        """Show a preset's settings; changes to the former preset are dropped."""
        self._preset, self._settings = name, settings
        if self._inside is not None:
            self._layout.removeWidget(self._inside)
            self._inside.deleteLater()
        self._inside = QWidget()
        self.fields = {}
        form = QFormLayout(self._inside)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(3)
        words, section = descriptions(), ""
        for key, value in settings.items():
            if "." not in key or key in ELSEWHERE:
                continue
            if key.partition(".")[0] != section:
                section = key.partition(".")[0]
                form.addRow(QLabel(f"<b>{readable(section).capitalize()}</b>"))
            self._add(form, SettingField(key, value, words.get(key, "")))
        self._layout.addWidget(self._inside)

    def _add(self, form: QFormLayout, field: SettingField) -> None:
        field.label.setBuddy(field.editor)
        field.changed.connect(self.changed)
        field.focused.connect(self.focused)
        form.addRow(field.label, field)
        self.fields[field.key] = field

    def overrides(self) -> dict[str, object]:
        """The changed settings as typed (text); `Config.with_setting` converts them."""
        return {key: field.text() for key, field in self.fields.items() if field.is_changed()}

    def problem(self) -> str:
        """The first setting that does not fit, as a sentence; empty when all do."""
        try:
            config_of(self._preset, {**self._settings, **self.overrides()})
        except InputError as error:
            return str(error)
        return ""
