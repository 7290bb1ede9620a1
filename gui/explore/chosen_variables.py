"""The chosen variables wherever Explore shows them: graph, palette, and cells of the images."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from engine.results import Palette
from gui.explore.graph_view import GraphView
from gui.explore.image_view import ImageColumn
from gui.explore.variable_panel import VariablePanel
from gui.state import Selection


class ChosenVariables:
    """Brings the views up to date with the selection, and turns places in images into variables."""

    def __init__(
        self, selection: Selection, view: GraphView, panel: VariablePanel, images: ImageColumn
    ) -> None:
        self._selection, self._view, self._panel, self._images = selection, view, panel, images

    def show(self) -> None:
        """Other variables are chosen; their palette is on its way."""
        run, chosen = self._selection.run, self._selection.variables
        self._view.set_selected(chosen)
        if run is None or not chosen:
            self._panel.set_variable(None)
        else:
            self._panel.set_variable(run.variable_name(chosen[0]), run.num_codes, len(chosen) - 1)
            if len(chosen) > 1:
                self._panel.set_together([(n, run.variable_name(n)) for n in chosen])
        self.show_neighbours()
        self.show_cells()
        if run is not None and chosen:
            self._panel.palette_view.set_place(surroundings(self._cells(chosen), run.grid[1:]))

    def show_neighbours(self) -> None:
        """Causes and effects of one variable along the drawn edges."""
        run, chosen = self._selection.run, self._selection.variables
        if run is None or len(chosen) != 1:
            return
        parents, children = self._view.neighbours(chosen[0])
        self._panel.set_neighbours(
            [(n, run.variable_name(n)) for n in parents], [(n, run.variable_name(n)) for n in children]
        )

    def show_cells(self, hovered: int | None = None) -> None:
        """Where the hovered variable, or else the chosen ones, lie in the images."""
        run = self._selection.run
        if run is None:
            self._images.set_cells([])
            return
        _, rows, columns = run.grid
        cells = self._cells(self._selection.variables if hovered is None else (hovered,))
        self._images.set_cells([QRectF(c / columns, r / rows, 1 / columns, 1 / rows) for r, c in cells])

    def _cells(self, nodes: tuple[int, ...]) -> list[tuple[int, int]]:
        """Row and column of variables, each once."""
        run = self._selection.run
        _, rows, columns = run.grid if run is not None else (1, 1, 1)
        return sorted({divmod(node % (rows * columns), columns) for node in nodes})

    def choose_place(self, x: float, y: float, more: bool) -> None:
        """Choose the variable of a place in the image, 0..1, of the codebook that is in use.

        `more` chooses it besides the others, or leaves it out again.
        """
        run, chosen = self._selection.run, self._selection.variable
        if run is None:
            return
        _, rows, columns = run.grid
        codebook = 0 if chosen is None else chosen // (rows * columns)
        codebook = codebook if self._view.plane is None else self._view.plane
        row, column = min(int(y * rows), rows - 1), min(int(x * columns), columns - 1)
        node = (codebook * rows + row) * columns + column
        (self._selection.toggle_variable if more else self._selection.set_variable)(node)

    def on_palette(self, palette: Palette) -> None:
        """The likeliest codes; of variables that were left meanwhile they say nothing."""
        if (palette.variable, *palette.others) == self._selection.variables:
            self._panel.set_palette(palette)

    def on_more_codes(self, palette: Palette) -> None:
        """Further codes of the same."""
        if (palette.variable, *palette.others) == self._selection.variables:
            self._panel.add_palette(palette)


def surroundings(cells: list[tuple[int, int]], grid: tuple[int, int]) -> QRectF:
    """Cells (row, column) of a grid (rows, columns) and one more around them, squared; in 0..1 of it."""
    rows, columns = grid
    top, left = (max(0, min(places) - 1) for places in zip(*cells, strict=True))
    bottom, right = (max(places) + 2 for places in zip(*cells, strict=True))
    side = min(max(bottom - top, right - left, 3), rows, columns)
    top, left = max(0, min(top, rows - side)), max(0, min(left, columns - side))
    return QRectF(left / columns, top / rows, side / columns, side / rows)
