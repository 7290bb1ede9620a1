"""The graph with its controls: which graph, how many edges, which layout; a legend; the edges as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.results import CausalGraph, Codes, FloatArray, RunInfo
from gui.explore.edge_table import EdgeTable, Index
from gui.explore.graph_difference import GAINED, KEPT, LOST
from gui.explore.graph_items import Edges
from gui.explore.graph_legend import Legend
from gui.explore.graph_view import GraphView
from gui.explore.node_colours import (
    FACTOR,
    MOVES,
    SCHEME_TIPS,
    SCHEMES,
    THRESHOLD,
    NodeColours,
    NodeFacts,
    colour_nodes,
)
from gui.explore.zoom_view import ZOOM
from gui.widgets import GAP, EmptyState, caption, named, row, tool_button
from gui.words import count, percent

if TYPE_CHECKING:
    from engine.metrics.variable_effects import VariableEffects

MOST_EDGES = 600
COLUMN_WIDTHS = (76, 76, 112)  # of the table
MOST_MOVED = 3  # factors that a node's tool tip names
MEANS = (16, 128, 1000)  # images to average over
READING_TIP = "Number of edges drawn, and the probability p of the weakest of them"
LAYOUTS = (
    ("grid", "Image", "Every variable at its place over the image"),
    ("layered", "Layers", "Causes above their effects"),
    ("force", "Forces", "What is linked stands close together"),
)


class GraphPanel(QWidget):
    """Signals:
    action_chosen: action index whose graph to show, or None for the base graph.
    images_chosen: of how many images the graph is to be the mean; 1 is the present image's own.
    effects_wanted: what each variable moves is to be measured, for the colours.
    """

    action_chosen = Signal(object)
    images_chosen = Signal(int)
    effects_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.view = GraphView()
        self.which = named(QComboBox(), "graph_which", "Which graph: base, or under an action")
        self.layout_choice = named(QComboBox(), "graph_layout", "Layout of the graph")
        for choice in (self.which, self.layout_choice):
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.which.addItem("Base graph", None)
        self.colour_choice = named(QComboBox(), "graph_colours", "What the colours of the nodes mean")
        for scheme, text in SCHEMES.items():
            self.colour_choice.addItem(text, scheme)
            tip = f"Colours: {SCHEME_TIPS[scheme]}"
            self.colour_choice.setItemData(self.colour_choice.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.images_choice = named(QComboBox(), "graph_images", "Of which images the graph is")
        for images in (1, *MEANS):
            self.images_choice.addItem("This image" if images == 1 else f"Mean of {count(images)}", images)
        self.images_choice.setToolTip(
            "The graph of the present image, or the mean over validation images of the data set,"
            " whose spread the table shows"
        )
        self.plane_choice = named(QComboBox(), "graph_plane", "Variables of which codebook")
        self._facts = NodeFacts()
        self.compare_choice = named(
            QCheckBox("Difference"), "graph_difference", "Difference from the base graph"
        )
        for name, text, tip in LAYOUTS:
            self.layout_choice.addItem(text, name)
            self.layout_choice.setItemData(self.layout_choice.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.count = named(
            QSlider(Qt.Orientation.Horizontal), "graph_strongest", "Number of strongest edges shown"
        )
        self.count.setRange(0, MOST_EDGES)
        self.count.setPageStep(20)
        self.count.setValue(80)
        self.count.setMinimumWidth(36)
        self.threshold = named(
            QSlider(Qt.Orientation.Horizontal), "graph_threshold", "Probability above which edges are shown"
        )
        self.threshold.setRange(0, 99)
        self.threshold.setPageStep(10)
        self.threshold.setValue(round(100 * THRESHOLD))
        self.above = caption()
        self.reading = caption()
        self.reading.setMinimumWidth(72)
        self.reading.setToolTip(READING_TIP)
        self.table_switch = tool_button(
            "Table", "graph_table_switch", "Show the edges as a table", self._switch
        )
        self.table_switch.setCheckable(True)
        self.table_model = EdgeTable()
        self.table = named(QTableView(), "graph_table", "Edges of the causal graph, strongest first")
        self.table.setModel(self.table_model)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.setAlternatingRowColors(True)
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.legend = Legend()
        self.empty = EmptyState(
            "Loading the bundled model…", "The graph appears here; nothing is downloaded."
        )
        self._names: list[str] = []
        self._effects: VariableEffects | None = None
        self._build()
        self._connect()
        self._say_threshold()
        self.set_action(None)

    def _build(self) -> None:
        self.pages = QStackedWidget()
        for page in (self.empty, self.view, self.table):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        bar = row(
            self.which,
            self.layout_choice,
            self.count,
            self.reading,
            self.table_switch,
        )
        bar.setStretch(2, 1)
        layout.addLayout(bar)
        body = row(self._legend_column(), self.pages, self._zoom_buttons())
        body.setStretch(1, 1)
        layout.addLayout(body, 1)

    def _legend_column(self) -> QWidget:
        holder = QWidget()
        holder.setFixedWidth(self.legend.width() + 10)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.above)
        column.addWidget(self.threshold)
        column.addWidget(self.images_choice)
        column.addWidget(self.plane_choice)
        column.addWidget(self.compare_choice)
        column.addWidget(self.colour_choice)
        scroll = QScrollArea()
        scroll.setObjectName("graph_legend_scroll")
        scroll.setAccessibleName("Legend of the graph, scrollable")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.legend)
        column.addWidget(scroll, 1)
        return holder

    def _zoom_buttons(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for made in (
            tool_button("+", "graph_zoom_in", "Zoom in (wheel, Ctrl and +)", lambda: self.view.zoom(ZOOM)),
            tool_button(
                "−", "graph_zoom_out", "Zoom out (wheel, Ctrl and −)", lambda: self.view.zoom(1 / ZOOM)
            ),
            tool_button("Fit", "graph_fit", "Fit the graph into the view (0)", self.view.fit),
        ):
            made.setMinimumWidth(38)
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)  # all as wide as "Fit"
            column.addWidget(made)
        column.addStretch(1)
        return holder

    def _connect(self) -> None:
        for slider in (self.count, self.threshold):
            slider.sliderPressed.connect(lambda: self.view.set_dragged(True))
            slider.sliderReleased.connect(lambda: self.view.set_dragged(False))
        self.count.valueChanged.connect(self.view.set_strongest)
        self.threshold.valueChanged.connect(self._on_threshold)
        self.layout_choice.currentIndexChanged.connect(
            lambda _i: self.view.set_layout(str(self.layout_choice.currentData()))
        )
        self.colour_choice.currentIndexChanged.connect(lambda _i: self._on_colours())
        self.images_choice.activated.connect(
            lambda _i: self.images_chosen.emit(self.images_choice.currentData())
        )
        self.compare_choice.toggled.connect(self.view.set_compares)
        self.plane_choice.activated.connect(lambda _i: self.view.set_plane(self.plane_choice.currentData()))
        self.which.activated.connect(lambda _i: self.action_chosen.emit(self.which.currentData()))
        self.view.shown_changed.connect(self._on_shown)
        self.table.clicked.connect(self._choose)
        self.table.activated.connect(self._choose)
        self.table.selectionModel().currentRowChanged.connect(self._walk)

    def _on_threshold(self, per_cent: int) -> None:
        self.view.set_threshold(per_cent / 100)
        self._say_threshold()

    def _say_threshold(self) -> None:
        """The model uses the edges above 0.5; whatever else is shown is said to be another choice."""
        per_cent = self.threshold.value()
        moved = "" if per_cent == round(100 * THRESHOLD) else "; the model uses those above 0.5"
        self.above.setText(f"p above {per_cent / 100:.2f}")
        for part in (self.above, self.threshold):
            part.setToolTip(f"Edges with a probability above {per_cent / 100:.2f} are shown{moved}")

    def _choose(self, index: Index) -> None:
        if index.isValid():
            self.view.node_chosen.emit(self.table_model.cause(index.row()))

    def _walk(self, current: Index, previous: Index) -> None:
        """By arrow keys; that the table gets the focus (no row before) chooses nothing."""
        if previous.isValid():
            self._choose(current)

    def set_run(self, run: RunInfo | None) -> None:
        """Another model: other variables and actions."""
        self.view.set_variables(run.grid if run is not None else None)
        self._names = [run.variable_name(n) for n in range(run.num_variables)] if run is not None else []
        self.which.clear()
        self.which.addItem("Base graph", None)
        for index, name in enumerate(run.space.action_names if run is not None else ()):
            self.which.addItem(f"Under {name}", index)
        self._facts = NodeFacts(run.grid if run is not None else None)
        if run is not None:
            self._facts.names = run.space.names
            self._facts.action_factors = tuple(run.space.action_factors.tolist())
        self._effects = None  # of another run
        self.view.set_plane(None)
        self.plane_choice.clear()
        self.plane_choice.addItem("All codebooks", None)
        for book in range(run.grid[0] if run is not None else 0):
            self.plane_choice.addItem(f"Codebook {book}", book)
        self.plane_choice.setVisible(run is not None and run.grid[0] > 1)
        self._recolour()
        self._show_page()

    def set_graph(self, graph: CausalGraph | None) -> None:
        """Another graph."""
        self.view.set_graph(graph)
        if graph is not None:
            self._facts.edges, self._facts.mask, self._facts.own = graph.edges, graph.mask, graph.own
            self._recolour()
        self._show_page(graph is not None)

    def set_action(self, action: int | None) -> None:
        """Mark which graph is shown; only one under an action differs from the base graph."""
        self.which.setCurrentIndex(0 if action is None else action + 1)
        self.compare_choice.setEnabled(action is not None)
        self.compare_choice.setToolTip(
            "Choose a graph under an action, to see what it changes"
            if action is None
            else "Show which edges this action gains and loses against the base graph"
        )

    def set_targets(self, masks: FloatArray) -> None:
        """Which actions target which variables in the image, [A, N]."""
        self._facts.masks = masks
        self._recolour()

    def set_codes(self, codes: Codes | None) -> None:
        """The present codes, [N]."""
        self._facts.codes = codes
        self._recolour()

    def set_images(self, images: int) -> None:
        """Mark of how many images the shown graph is the mean."""
        self.images_choice.setCurrentIndex(self.images_choice.findData(images))

    def set_effects(self, effects: VariableEffects | None) -> None:
        """What was measured of each variable; None is not yet."""
        self._effects = effects
        self._facts.moves = effects.changed if effects is not None else None
        self._recolour()

    def refuse_effects(self) -> None:
        """They cannot be measured, or nobody wants to wait: back to the colours that need none."""
        if self._facts.moves is None and self.colour_choice.currentData() == MOVES:
            self.colour_choice.setCurrentIndex(self.colour_choice.findData(FACTOR))

    def _tell_nodes(self, found: NodeColours) -> None:
        names = self._facts.names
        tips = []
        for node, name in enumerate(self._names):
            codes, effects = self._facts.codes, self._effects
            code = f", code {int(codes[node])}" if codes is not None and len(codes) > node else ""
            tip = f"Variable {name} (codebook, row, column){code}"
            if node < len(found.kinds):
                words = found.words_of(node)
                tip += f"\n{words[:1].upper()}{words[1:]}"
            if effects is not None:
                shares = [f"{names[f]} {percent(p)}" for f, p in effects.strongest(node)[:MOST_MOVED]]
                moved = ", ".join(shares) if shares else "no factor"
                tip += f"\nAnother code changes {moved} ({count(int(effects.tried[node]))} images)"
            tips.append(tip)
        self.view.set_tips(tips, self._facts.codes)

    def _on_colours(self) -> None:
        scheme = str(self.colour_choice.currentData())
        self.colour_choice.setToolTip(f"Colours: {SCHEME_TIPS[scheme]}")
        if scheme == MOVES and self._facts.moves is None:
            self.effects_wanted.emit()
        self._recolour()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_facts"):
            self._recolour()  # some colours are the theme's

    def _recolour(self) -> None:
        found = colour_nodes(str(self.colour_choice.currentData()), self._facts)
        self.view.set_fills(found.fills, [found.letter_of(n) for n in range(len(found.fills or ()))])
        self._tell_nodes(found)
        self.legend.set_colours(found)

    def says(self) -> str:
        """Which graph is shown and how much of it, in words."""
        graph = self.view.graph
        if graph is not None and graph.spread is not None:
            return f"Mean of {graph.images} images: {self._says()}"
        return self._says()

    def _says(self) -> str:
        if self.view.difference is not None:
            return f"{self.which.currentText()}, difference from the base graph: {self.reading.text()} edges"
        return f"{self.which.currentText()}: {self.reading.text().replace(',', ' edges,')}"

    def _switch(self) -> None:
        self._show_page(self.pages.currentWidget() is not self.empty)

    def _show_page(self, ready: bool = False) -> None:
        page = self.table if self.table_switch.isChecked() else self.view
        self.pages.setCurrentWidget(page if ready else self.empty)

    def _on_shown(self, edges: Edges) -> None:
        found = self.view.difference
        graph = self.view.graph
        self.table_model.set_edges(edges, self._names, found, graph)
        for column, width in enumerate(COLUMN_WIDTHS):  # the last one, the longest, has what is left
            self.table.setColumnWidth(column, width)
        self.legend.set_compares(found is not None)
        if found is not None:
            counts = found.counts
            self.reading.setText(f"+{counts[GAINED]} −{counts[LOST]}")
            self.reading.setToolTip(
                f"{counts[GAINED]} edges gained, {counts[LOST]} lost, {counts[KEPT]} kept; an edge is there"
                f" above probability {self.threshold.value() / 100:.2f}. The largest changes are drawn first."
            )
            return
        self.reading.setToolTip(READING_TIP)
        weakest = f", p ≥ {float(edges.probabilities.min()):.2f}" if len(edges.probabilities) else ""
        self.reading.setText(f"{len(edges.pairs)}{weakest}")
