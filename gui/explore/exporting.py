"""Export: what Explore shows, as files. Pictures are drawn here; the engine writes graphs for other tools."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PySide6.QtCore import QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.results import TraversalRow
from gui import requests as rq
from gui.explore.graph_difference import joined
from gui.explore.graph_panel import GraphPanel
from gui.explore.graph_view import GraphView
from gui.explore.traversal_view import TraversalView
from gui.replies import Written
from gui.state import Selection
from gui.theme import colours
from gui.widgets import to_qimage

IMAGE_FORMATS = {"png": "PNG image", "jpg": "JPEG image"}
GRAPH_FORMATS = {
    "svg": "SVG drawing",
    "png": "PNG image",
    "graphml": "GraphML, for networkx and Gephi",
    "dot": "DOT, for Graphviz",
    "csv": "Table of edges",
    "json": "JSON",
}
GRID_FORMATS = {"png": "PNG image", "svg": "SVG drawing", "gif": "Animated GIF, a frame a column"}
DRAWN = ("svg", "png")
SCALE = 2  # pixels of a PNG per pixel of the screen
MARGIN, CAPTION = 12, 32
GIF_SCALE, GIF_FRAME_MS = 3, 160
IMAGE_SIDE = 512  # small images are enlarged, by whole factors


class Exports(QObject):
    """Asks for a file, writes it, and says so.

    Signals:
        asked: a Request, for what the engine writes.
        hinted, warned: a sentence for the user.
    """

    asked = Signal(object)
    hinted = Signal(str)
    warned = Signal(str)

    def __init__(
        self, selection: Selection, graph: GraphPanel, traversal: TraversalView, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._selection, self._graph, self._traversal, self._parent = selection, graph, traversal, parent

    def choose_image(self) -> None:
        """Ask where the image after the interventions goes."""
        if self._selection.step is None:
            self.hinted.emit("There is no image to export yet.")
        else:
            self._ask("Export the image", "image", IMAGE_FORMATS, self.write_image)

    def choose_graph(self) -> None:
        """Ask where the graph goes."""
        if self._selection.step is None:
            self.hinted.emit("There is no graph to export yet.")
        else:
            self._ask("Export the causal graph", "graph", GRAPH_FORMATS, self.write_graph)

    def choose_grid(self) -> None:
        """Ask where the traversal grid goes."""
        if not self._traversal.grid.rows:
            self.hinted.emit("There is no traversal to export yet.")
        else:
            self._ask("Export the traversal", "traversal", GRID_FORMATS, self.write_grid)

    def write_image(self, path: Path) -> None:
        """The image after the interventions, enlarged by a whole factor."""
        step = self._selection.step
        if step is not None:
            image = to_qimage(step.image)
            factor = max(1, IMAGE_SIDE // max(image.width(), image.height()))
            self._write(path, lambda file: _save(image.scaled(image.size() * factor), file))

    def write_graph(self, path: Path) -> None:
        """The graph as it is seen, with its legend; or its drawn edges for another tool."""
        run, step = self._selection.run, self._selection.step
        if _suffix(path) in DRAWN:
            seen = (self._graph.legend, self._graph.view)
            self._write(path, lambda file: draw_widgets(seen, f"{self._graph.says()}, {self._of()}", file))
        elif run is not None and step is not None and self._graph.view.graph is not None:
            view = self._graph.view
            chances, pairs = view.shown.probabilities, None
            least = float(chances.min()) if len(chances) else 1.0
            if view.difference is not None:
                least, pairs = view.threshold, view.shown.pairs
            graph = view.seen_graph()
            self.asked.emit(rq.WriteGraph(str(run.path), step.codes, graph, least, str(path), pairs))

    def write_grid(self, path: Path) -> None:
        """The traversal grid, or its columns one after the other."""
        grid = self._traversal.grid
        if _suffix(path) == "gif":
            self._write(path, lambda file: animate(grid.rows, file))
        else:
            rows = f"Traversal of {self._traversal.rows()}"
            self._write(path, lambda file: draw_widgets((grid,), f"{rows}, {self._of()}", file))

    def copy_graph(self) -> None:
        """The drawn edges as lines of Python for networkx, to the clipboard."""
        found, run = self._graph.view.difference, self._selection.run
        shown = self._graph.view.shown if found is None else joined(found.gained, found.kept)
        if run is None or not len(shown.pairs):
            self.hinted.emit("No edge is drawn; there is nothing to copy.")
            return
        lines = [
            f"    ({run.variable_name(cause)!r}, {run.variable_name(effect)!r}, {chance:.4f}),"
            for (cause, effect), chance in zip(
                shown.pairs.tolist(), shown.probabilities.tolist(), strict=True
            )
        ]
        text = ["import networkx as nx", "", f"# {self._graph.says()}, {self._of()}".replace("\n", " ")]
        text += [
            "graph = nx.DiGraph()",
            "graph.add_weighted_edges_from([",
            *lines,
            '], weight="probability")',
        ]
        QGuiApplication.clipboard().setText("\n".join(text) + "\n")
        self.hinted.emit(f"{len(lines)} edges are on the clipboard, as Python for networkx.")

    def on_written(self, written: Written) -> None:
        """The engine has written a file."""
        self.hinted.emit(f"Saved {Path(written.path).name}: {written.what}.")

    def _of(self) -> str:
        """Whose image and model it is, and what was done to the image."""
        run, image, step = self._selection.run, self._selection.image, self._selection.step
        source = image.loaded.source if image is not None else ""
        done = step.title if step is not None and self._selection.history.index() > 0 else ""
        return ", ".join(word for word in (run.name if run is not None else "", source, done) if word)

    def _ask(self, title: str, name: str, formats: dict[str, str], write: Callable[[Path], None]) -> None:
        dialog = QFileDialog(self._parent, title)
        dialog.setObjectName(f"export_{name}_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"{text} (*.{suffix})" for suffix, text in formats.items()])
        dialog.setDefaultSuffix(next(iter(formats)))
        dialog.filterSelected.connect(
            lambda chosen: dialog.setDefaultSuffix(chosen.split("*.")[1].rstrip(")"))
        )
        dialog.selectFile(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def chosen(file: str) -> None:
            path = Path(file)
            if _suffix(path) in formats:
                write(path)
            else:
                known = ", ".join(f".{suffix}" for suffix in formats)
                self.warned.emit(f"{path.name} is not written: choose a name that ends with one of {known}.")

        dialog.fileSelected.connect(chosen)
        dialog.open()

    def _write(self, path: Path, write: Callable[[Path], None]) -> None:
        """Through a file beside it, so that nothing is left half written."""
        part = path.with_name(f".{path.stem}.part{path.suffix}")
        try:
            write(part)
            part.replace(path)
        except OSError as error:
            why = error.strerror or "the picture could not be written"
            self.warned.emit(f"{path} was not saved: {why}. Choose another place.")
        else:
            self.hinted.emit(f"Saved {path.name}.")
        finally:
            with contextlib.suppress(OSError):
                part.unlink()


def draw_widgets(widgets: Sequence[QWidget], caption: str, path: Path) -> None:
    """Widgets side by side as they are seen, under a line that says what it is.

    An SVG drawing, or a picture with twice the screen's pixels.

    Raises:
        OSError: it cannot be written.
    """
    width = sum(w.width() for w in widgets) + 2 * MARGIN
    area = QRect(0, 0, width, max(w.height() for w in widgets) + CAPTION + MARGIN)
    if _suffix(path) == "svg":
        path.open("wb").close()  # raises what the system says; Qt would only print it
        svg = QSvgGenerator()
        svg.setFileName(str(path))
        svg.setSize(area.size())
        svg.setViewBox(area)
        svg.setTitle(caption)
        _paint(widgets, caption, QPainter(svg), area)
        return
    image = QImage(area.size() * SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SCALE)
    _paint(widgets, caption, QPainter(image), area)
    _save(image, path)


def _paint(widgets: Sequence[QWidget], caption: str, painter: QPainter, area: QRect) -> None:
    painter.fillRect(area, QColor(colours().panel))
    painter.setFont(widgets[0].font())
    painter.setPen(QColor(colours().text))
    line = QRect(MARGIN, 0, area.width() - 2 * MARGIN, CAPTION)
    fitting = painter.fontMetrics().elidedText(caption, Qt.TextElideMode.ElideRight, line.width())
    painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, fitting)
    left = MARGIN
    for widget in widgets:
        if isinstance(widget, GraphView):
            widget.draw(painter, QRect(left, CAPTION, widget.width(), widget.height()))
        else:
            bare = QWidget.RenderFlag.DrawChildren  # without the window's background
            widget.render(painter, QPoint(left, CAPTION), QRegion(), bare)
        left += widget.width()
    painter.end()


def animate(rows: Sequence[TraversalRow], path: Path) -> None:
    """A GIF that goes through the columns and back; the rows of the grid stand side by side.

    Raises:
        OSError: it cannot be written.
    """
    columns = min(len(row.images) for row in rows)
    frames = []
    for column in (*range(columns), *range(columns - 2, 0, -1)):
        strip = np.concatenate([row.images[column] for row in rows], axis=1)
        large = strip.repeat(GIF_SCALE, axis=0).repeat(GIF_SCALE, axis=1)
        frames.append(PillowImage.fromarray(large))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=GIF_FRAME_MS, loop=0)


def _save(image: QImage, path: Path) -> None:
    path.open("wb").close()  # raises what the system says; Qt does not tell
    if not image.save(str(path)):
        raise OSError(None, "the picture could not be written")


def _suffix(path: Path) -> str:
    return path.suffix.lower().lstrip(".")
