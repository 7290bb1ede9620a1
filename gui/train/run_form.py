"""What to train: data set, preset, budget, and every setting of the preset that was changed."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.results import Estimate
from gui.replies import Plan
from gui.theme import colours
from gui.train.length_field import LengthField
from gui.train.settings_form import SettingsForm
from gui.widgets import caption, named
from gui.words import bare_name, count, duration, file_size

DEVICES = ("auto", "cpu", "cuda", "mps")
ESTIMATE_AFTER_MS = 700  # of rest: some steps are made, which takes a second or two


@dataclass(frozen=True)
class RunPlan:
    """A filled and valid form.

    Attributes:
        minutes, epochs: what limits the training; both None where the settings' steps do.
        overrides: the settings that differ from the preset, by dotted name.
    """

    dataset: str
    preset: str
    name: str
    minutes: float | None
    epochs: float | None
    seed: int
    device: str
    overrides: dict[str, object] = field(default_factory=dict)


def name_problem(name: str, taken: Sequence[str]) -> str:
    """What is wrong with a run's name, as a sentence; empty when nothing is."""
    if not name.strip():
        return "Give the run a name."
    if any(letter in name for letter in '/\\:*?"<>|') or name.strip(". ") != name:
        return (
            "The run's name becomes a folder: leave out / \\ : * ? \" < > | and dots or spaces at its ends."
        )
    if name in taken:
        return f"A run '{name}' exists: choose another name, or resume it in the Library."
    return ""


def free_name(stem: str, taken: Sequence[str]) -> str:
    """`stem-1`, `stem-2`, ...: the first that no run has."""
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


class RunForm(QWidget):
    """The form left of the curves.

    Signals:
        start_requested(plan): a valid RunPlan is to be trained.
        estimate_wanted(plan): what would this RunPlan take? The answer goes to `show_estimate`.
    """

    start_requested = Signal(object)
    estimate_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presets: dict[str, dict[str, object]] = {}
        self._taken: tuple[str, ...] = ()
        self._built: frozenset[str] = frozenset()
        self._name_is_ours = True
        self._training = False
        self._build_fields()
        self._lay_out()
        self._connect()
        self._check()

    def _build_fields(self) -> None:
        self.dataset = named(QComboBox(), "train_dataset", "Data set to train on")
        self.preset = named(QComboBox(), "train_preset", "Preset")
        self.name = named(QLineEdit(), "train_name", "Name of the run")
        self.length = LengthField()
        self.minutes = self.length.minutes
        self.seed = named(QSpinBox(), "train_seed", "Random seed")
        self.seed.setRange(0, 2**31 - 1)
        self.device = named(QComboBox(), "train_device", "Device")
        self.device.addItems(DEVICES)
        self.settings = SettingsForm()
        self.help = named(caption(wrap=True), "train_setting_help", "What the chosen setting means")
        self.help.hide()
        self.more = named(QToolButton(), "train_more_settings", "Show all settings")
        self.more.setText("All settings")
        self.more.setCheckable(True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.setAutoRaise(True)
        self.estimate = named(caption(), "train_estimate", "What the training will take")
        self.estimate.setWordWrap(True)
        self._estimated: RunPlan | None = None
        self._estimate_timer = QTimer(self, singleShot=True, interval=ESTIMATE_AFTER_MS)
        self._estimate_timer.timeout.connect(self._ask_for_estimate)
        self.problem = QLabel()
        self.problem.setObjectName("train_problem")
        self.problem.setWordWrap(True)
        self.start = named(QPushButton("Start training"), "train_start", "Start training")
        self.start.setProperty("role", "primary")

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, widget in (
            ("&Data set", self.dataset),
            ("&Preset", self.preset),
            ("&Run name", self.name),
            ("&Length", self.length),
            ("See&d", self.seed),
            ("De&vice", self.device),
        ):
            form.addRow(label, widget)
        self.scroller = QScrollArea()
        self.scroller.setObjectName("train_settings")
        self.scroller.setAccessibleName("All settings of the preset")
        self.scroller.setWidgetResizable(True)
        self.scroller.setFrameShape(QFrame.Shape.NoFrame)
        self.scroller.setWidget(self.settings)
        self.scroller.hide()
        self.filler = QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.more)
        layout.addWidget(self.scroller, 1)
        layout.addWidget(self.help)
        layout.addWidget(self.problem)
        layout.addWidget(self.estimate)
        layout.addWidget(self.start)
        layout.addWidget(self.filler, 1)

    def _connect(self) -> None:
        self.dataset.currentIndexChanged.connect(self._suggest_name)
        self.preset.currentTextChanged.connect(self._on_preset)
        self.name.textEdited.connect(self._on_name_edited)
        self.name.textChanged.connect(self._check)
        self.settings.changed.connect(self._check)
        self.settings.focused.connect(self._explain)
        self.length.changed.connect(self._check)
        self.device.currentTextChanged.connect(self._check)
        self.more.toggled.connect(self._on_more)
        self.start.clicked.connect(self._start)

    def set_datasets(self, names: Sequence[str]) -> None:
        """The data sets to choose from; the chosen one stays, also where a run's is not among them."""
        chosen = self.dataset.currentText()
        self._built = frozenset(names)
        listed = [*names, *([chosen] if chosen and chosen not in self._built else [])]
        self.dataset.blockSignals(True)
        self.dataset.clear()
        self.dataset.addItems(listed)
        self.dataset.setCurrentIndex(max(0, self.dataset.findText(chosen)) if listed else -1)
        self.dataset.blockSignals(False)
        self._suggest_name()
        self._check()

    def set_presets(self, settings: dict[str, dict[str, object]]) -> None:
        """Preset name -> dotted setting name -> value."""
        self._presets = settings
        chosen = self.preset.currentText() or "small"
        self.preset.blockSignals(True)
        self.preset.clear()
        self.preset.addItems(sorted(settings))
        self.preset.setCurrentText(chosen)
        self.preset.blockSignals(False)
        self._on_preset(self.preset.currentText())

    def has_presets(self) -> bool:
        """Whether the presets are known."""
        return bool(self._presets)

    def set_taken(self, names: Sequence[str]) -> None:
        """The names that runs have already."""
        self._taken = tuple(names)
        self._suggest_name()
        self._check()

    def set_training(self, on: bool) -> None:
        """One training at a time: the start button waits while one runs."""
        self._training = on
        self._check()

    def plan(self) -> RunPlan | None:
        """The filled form, or None while something is missing or wrong."""
        if self._problem():
            return None
        minutes, epochs = self.length.limits()
        return RunPlan(
            dataset=self.dataset.currentText(),
            preset=self.preset.currentText(),
            name=self.name.text(),
            minutes=minutes,
            epochs=epochs,
            seed=self.seed.value(),
            device=self.device.currentText(),
            overrides=self.settings.overrides(),
        )

    def _problem(self) -> str:
        dataset = self.dataset.currentText()
        if not dataset:
            return "No data set yet: build one in the Library."
        if dataset not in self._built and not dataset.endswith(".h5"):
            return f"The data set {dataset} is not built: build it in the Library, or choose another one."
        if not self.preset.currentText():
            return "No presets were found in resources/presets."
        return name_problem(self.name.text(), self._taken) or self.settings.problem()

    def _check(self) -> None:
        problem = self._problem()
        self.problem.setText(f'<span style="color:{colours().bad}">{html.escape(problem)}</span>')
        self.problem.setVisible(bool(problem))
        changed = len(self.settings.overrides())
        self.more.setText(f"All settings ({changed} changed)" if changed else "All settings")
        self.start.setEnabled(not problem and not self._training)
        self.start.setToolTip("A training is running: stop it first" if self._training else problem)
        self._refresh_estimate()

    def _on_preset(self, name: str) -> None:
        if name in self._presets:
            self.settings.set_preset(name, self._presets[name])
            self.help.hide()
        self._suggest_name()
        self._check()

    def _on_name_edited(self, text: str) -> None:
        self._name_is_ours = not text

    def _suggest_name(self) -> None:
        if self._name_is_ours and self.dataset.currentText():
            self.name.setText(
                free_name(f"{bare_name(self.dataset.currentText())}-{self.preset.currentText()}", self._taken)
            )

    def _on_more(self, on: bool) -> None:
        self.more.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.scroller.setVisible(on)
        self.help.hide()
        self.filler.setVisible(not on)

    def _explain(self, words: str) -> None:
        self.help.setText(words)
        self.help.show()

    def fill(self, plan: Plan) -> None:
        """Everything as a run was trained, but for its name."""
        if self.dataset.findText(plan.dataset) < 0:
            self.dataset.addItem(plan.dataset)
        self.dataset.setCurrentText(plan.dataset)
        if self.preset.findText(plan.preset) >= 0:
            self.preset.setCurrentText(plan.preset)
        for key, field_ in self.settings.fields.items():
            if key in plan.settings:
                field_.set_value(plan.settings[key])
        self.seed.setValue(int(str(plan.settings.get("training.seed", 0))))
        self.length.set_minutes(plan.minutes)
        self._name_is_ours = True
        self._suggest_name()
        self.more.setChecked(bool(self.settings.overrides()))
        self._check()

    # ------------------------------------------------------------ the estimate

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh_estimate()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._estimate_timer.stop()

    def _refresh_estimate(self) -> None:
        """Ask when nothing has been typed for a moment; a name changes nothing."""
        plan = self.plan()
        if plan is None or self._training:
            self._estimate_timer.stop()
            self.estimate.setText("")
            self._estimated = None
            return
        plan = replace(plan, name="", seed=0)
        if plan != self._estimated and self.isVisible():
            self._estimated = plan
            self.estimate.setText("Estimating what it takes\N{HORIZONTAL ELLIPSIS}")
            self._estimate_timer.start()

    def _ask_for_estimate(self) -> None:
        if self._estimated is not None and not self._training:
            self.estimate_wanted.emit(self._estimated)

    def show_estimate(self, found: Estimate | None) -> None:
        """The answer; None where there is none."""
        if self._estimated is None or found is None:
            self.estimate.setText("")
            return
        first, second = found.steps
        words = (
            f"About {duration(found.seconds)}: {count(first)} + {count(second)} steps, "
            f"{file_size(found.memory_bytes)} of memory."
        )
        if not found.fits:
            words += f" Only {file_size(found.free_bytes)} are free: lower the batch or the width."
        self.estimate.setText(words)

    def _start(self) -> None:
        plan = self.plan()
        if plan is not None:
            self._name_is_ours = True
            self.start_requested.emit(plan)
