"""The engine thread's work, request by request: no Qt, so that it can be tested by itself.

`EngineWork.start` answers a request with a result, or with a generator of results for what takes longer.
Torch is imported by the first request that needs a model, never before.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.errors import CacheError, DatasetError
from engine.errors import EngineError
from engine.failures import explained
from engine.results import CausalGraph, Intervention, Palette, RunInfo
from gui import requests as rq
from gui.code_use_work import CodeTables
from gui.data_work import DataWork
from gui.kept_probes import KeptProbes
from gui.library.dataset_work import DatasetWork
from gui.library.keeping import export_steps, import_steps, rename
from gui.library.own_work import OwnPreviews, recognise_steps
from gui.library.work import delete_run, list_library, read_studies, verify
from gui.replies import (
    Activity,
    Deleted,
    Evaluated,
    FactorReading,
    Failure,
    Library,
    NodePositions,
    OpenedSession,
    Renamed,
    ShownImage,
    Targets,
    Written,
)
from gui.retrieval_work import RetrievalWork
from gui.session_work import open_session, save_session
from gui.training_work import TrainingWork, torch_threads

if TYPE_CHECKING:
    from engine.comparison import Comparison
    from engine.explorer import Explorer
    from engine.run_notes import RunNotes

MODELS_KEPT = 3


class EngineWork:
    """Owns the loaded models and the open caches. Used by one thread only."""

    def __init__(self) -> None:
        self.data = DataWork()
        self._explorers: dict[str, Explorer] = {}
        self._code_tables = CodeTables()
        self._probes = KeptProbes()
        self.training = TrainingWork(self.data)
        self.pages = DatasetWork(self.data)
        self._paths: dict[str, str] = {}  # as it was asked for -> the run's own path
        self._handlers: dict[type[rq.Request], Callable[[Any], object]] = {
            rq.LoadRun: self._load_run,
            rq.OpenDataset: self.data.open_dataset,
            rq.BuildDataset: self.data.build_dataset,
            rq.ListLibrary: self._list_library,
            rq.VerifyDataset: self._verify,
            rq.DeleteRun: self._delete_run,
            rq.CompareRuns: self._compare_runs,
            rq.ReadStudies: read_studies,
            rq.WriteNotes: self._write_notes,
            rq.RenameRun: self._rename_run,
            rq.ExportRun: export_steps,
            rq.ImportRun: import_steps,
            rq.PreviewOwn: OwnPreviews().preview,
            rq.Recognise: recognise_steps,
            rq.SaveSession: save_session,
            rq.OpenSession: self._open_session,
            rq.BrowseImages: self.data.browse,
            rq.PickImage: self.data.pick_image,
            rq.ShowImage: self._show_image,
            rq.ReadTargets: self._read_targets,
            rq.ReadFactors: self._read_factors,
            rq.ApplyAction: self._apply_action,
            rq.DoVariables: self._do_variables,
            rq.Graph: self._graph,
            rq.AverageGraph: self._average_graph,
            rq.MeasureEffects: self._measure_effects,
            rq.WriteGraph: self._write_graph,
            rq.LayoutGraph: self._layout,
            rq.MakePalette: self._palette,
            rq.FillPalette: self._fill_palette,
            rq.ReadCodeUse: self._read_code_use,
            rq.Traverse: self._traverse,
            rq.EvaluateRun: self._evaluate,
            **self.pages.handlers,
            **self.training.handlers,
            **RetrievalWork(self._explorer, self.data).handlers,
        }

    def start(self, request: rq.Request) -> object:
        """The answer, or a generator of answers."""
        return self._handlers[type(request)](request)

    def close(self) -> None:
        """Let go of models and files."""
        self._explorers.clear()
        self.data.close()

    # ------------------------------------------------------------ models

    def _explorer(self, run: str) -> Explorer:
        """The loaded model of a name or path; a run has one model whatever it was called by."""
        key = self._paths.get(run, run)
        if key not in self._explorers:
            from engine.explorer import Explorer

            explorer = Explorer.load(run, threads=torch_threads())
            key = self._paths[run] = str(explorer.info.path)
            self._keep(key, explorer)
        return self._explorers[key]

    def _load_newest(self, run: str) -> Explorer:
        """The last checkpoint's weights, in the place of the run's best ones."""
        from engine.explorer import Explorer

        explorer = Explorer.load(run, threads=torch_threads(), newest=True)
        key = self._paths[run] = str(explorer.info.path)
        self._explorers.pop(key, None)
        self._keep(key, explorer)
        return explorer

    def _keep(self, key: str, explorer: Explorer) -> None:
        self._explorers[key] = explorer
        while len(self._explorers) > MODELS_KEPT:
            del self._explorers[next(iter(self._explorers))]

    def _load_run(self, request: rq.LoadRun) -> RunInfo:
        """Always from the disk: a run that was trained on since has newer weights."""
        if request.newest:
            return self._load_newest(request.run).info
        self._explorers.pop(self._paths.get(request.run, request.run), None)
        return self._explorer(request.run).info

    def _open_session(self, request: rq.OpenSession) -> OpenedSession:
        opened, explorer = open_session(request.path, list(self._explorers.values()), torch_threads())
        if explorer is not None:
            key = str(explorer.info.path)
            self._explorers.pop(key, None)
            self._keep(key, explorer)
        return opened

    def _show_image(self, request: rq.ShowImage) -> ShownImage:
        explorer = self._explorer(request.run)
        reconstruction = explorer.reconstruct(request.image)
        return ShownImage(request.image, reconstruction, explorer.graph(reconstruction.codes, None))

    def _read_targets(self, request: rq.ReadTargets) -> Iterator[object]:
        """One action a step, so that clicks come in between."""
        explorer = self._explorer(request.run)
        masks = []
        for action in range(explorer.info.space.num_actions):
            masks.append(explorer.graph(request.codes, action).mask)
            yield None
        yield Targets(np.stack(masks).astype(np.float32))

    def _read_factors(self, request: rq.ReadFactors) -> FactorReading:
        """Nobody asked for it with a click, so what is missing is no error."""
        probes = None
        with contextlib.suppress(DatasetError):
            cache = self.data.cache(request.dataset)
            probes = self._probes.of(cache) if request.image.shape == cache.image_shape else None
        if probes is None:
            return FactorReading(request.image, None)
        read = probes.read(request.image[None])[0].tolist()
        values = tuple(v if known else None for v, known in zip(read, probes.factors.tolist(), strict=True))
        return FactorReading(request.image, values)

    def _apply_action(self, request: rq.ApplyAction) -> Intervention:
        explorer = self._explorer(request.run)
        outcome = explorer.apply_action(request.codes, request.action)
        targets = outcome.targets
        for _ in range(request.steps - 1):
            outcome = explorer.apply_action(outcome.codes, request.action)
            targets = targets | outcome.targets
        return Intervention(outcome.codes, outcome.image, outcome.codes != request.codes, targets)

    def _do_variables(self, request: rq.DoVariables) -> Intervention:
        return self._explorer(request.run).do(request.codes, request.assignments, request.propagate)

    def _graph(self, request: rq.Graph) -> CausalGraph:
        return self._explorer(request.run).graph(request.codes, request.action)

    def _average_graph(self, request: rq.AverageGraph) -> Iterator[object]:
        """A graph at once, at each doubling, and at the end; clicks come in between any two images."""
        from engine.average_graph import average_graph

        explorer, cache = self._explorer(request.run), self.data.cache(request.dataset)
        images = self._code_tables.images(request, explorer, cache)
        graph, due = None, 1
        for graph in average_graph(explorer, images, request.action):
            yield graph if graph.images == due else None
            due = 2 * due if graph.images == due else due
        if graph is not None and 2 * graph.images != due:
            yield graph

    def _measure_effects(self, request: rq.MeasureEffects) -> Iterator[object]:
        from engine.metrics.variable_effects import variable_effects_steps

        explorer, cache = self._explorer(request.run), self.data.cache(request.dataset)
        codes = np.stack(list(self._code_tables.images(request, explorer, cache)))
        steps = variable_effects_steps(explorer, cache, codes)
        while True:
            try:
                now = next(steps)
            except StopIteration as end:
                found = end.value
                break
            yield Activity(request.kind, now.stage.capitalize(), now.done, now.total, cancellable=True)
        yield found

    def _write_graph(self, request: rq.WriteGraph) -> Written:
        from engine.graph_files import to_network, write_graph

        info = self._explorer(request.run).info
        network = to_network(info, request.codes, request.graph, request.threshold, request.pairs)
        write_graph(Path(request.path), network)
        return Written(request.path, f"{network.number_of_edges()} edges")

    def _layout(self, request: rq.LayoutGraph) -> NodePositions:
        from gui.explore.graph_layout import force_directed, layered

        place = force_directed if request.layout == "force" else layered
        return NodePositions(place(request.edges, request.num_nodes))

    def _palette(self, request: rq.MakePalette) -> Palette:
        explorer = self._explorer(request.run)
        return explorer.palette(request.codes, request.variable, request.limit, request.others)

    def _fill_palette(self, request: rq.FillPalette) -> Iterator[object]:
        explorer = self._explorer(request.run)
        return explorer.palette_rest(request.codes, request.variable, request.limit, others=request.others)

    def _read_code_use(self, request: rq.ReadCodeUse) -> Iterator[object]:
        cache = self.data.cache(request.dataset)
        return self._code_tables.pages(request, self._explorer(request.run), cache)

    def _traverse(self, request: rq.Traverse) -> Iterator[object]:
        from engine.traversal import traverse_actions_steps, traverse_variables

        explorer, items = self._explorer(request.run), list(request.items)
        if request.rows == "actions":
            steps = max(1, request.columns // 2)
            yield from traverse_actions_steps(explorer, request.codes, items, steps)
        else:
            yield from traverse_variables(explorer, request.codes, items, request.columns)

    def _evaluate(self, request: rq.EvaluateRun) -> Iterator[object]:
        from engine.evaluation import evaluation_steps

        explorer, cache = self._explorer(request.run), self.data.cache(request.dataset)
        steps = evaluation_steps(explorer, cache, request.split, request.limit)
        while True:
            try:
                progress = next(steps)
            except StopIteration as end:
                figures = end.value
                break
            text = f"Evaluating: {progress.stage}"
            yield Activity(request.kind, text, progress.done, progress.total, cancellable=True)
        yield Evaluated(request.run, request.dataset, request.split, dict(figures))

    # ------------------------------------------------------------ the library

    def _list_library(self, request: rq.ListLibrary) -> Library:
        return list_library((*self.data.entries(), *self.pages.special_entries()), request.folders)

    def _verify(self, request: rq.VerifyDataset) -> Iterator[object]:
        return verify(self.data.cache(request.dataset))

    def _compare_runs(self, request: rq.CompareRuns) -> Comparison:
        from engine.comparison import compare_runs

        return compare_runs([Path(path) for path in request.paths])

    def _write_notes(self, request: rq.WriteNotes) -> RunNotes:
        from engine.run_notes import write_notes

        write_notes(Path(request.path), request.notes)
        return request.notes

    def _rename_run(self, request: rq.RenameRun) -> Renamed:
        self._explorers.pop(request.path, None)
        return rename(request)

    def _delete_run(self, request: rq.DeleteRun) -> Deleted:
        self._explorers.pop(request.path, None)
        return delete_run(request)


def _can_be_built(dataset: str) -> bool:
    """Whether a build needs nothing but the name: no path, and no folder of original files."""
    import datasets

    return dataset in datasets.names() and not datasets.info(dataset).needs_source


def describe(error: BaseException, request: rq.Request) -> Failure:
    """An exception -> what the user is told. The user's own mistakes carry no traceback."""
    detail = "".join(traceback.format_exception(error))
    if (
        isinstance(error, CacheError)
        and isinstance(request, rq.OpenDataset)
        and _can_be_built(request.dataset)
    ):
        return Failure(str(error), "", "Build again", rq.BuildDataset(request.dataset))
    if isinstance(error, EngineError | DatasetError):
        return Failure(str(error))
    if (found := explained(error)) is not None:
        return Failure(str(found), detail)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return Failure(
            f"The system refused{where}: {error.strerror or error}. Check space and permissions.", detail
        )
    doing = request.text.lower() or request.kind
    return Failure(f"Something went wrong inside Doscope while {doing}; the details are in the log.", detail)
