"""The bundled model: small, whole, with its provenance, and as good as it says."""

from __future__ import annotations

import json

import numpy as np

from engine.explorer import Explorer
from engine.run_directory import BUNDLED, RunDirectory


def test_it_is_small_and_says_where_it_comes_from() -> None:
    """At most 8 MB; commands, seed, recipe and figures are in the provenance file; no machine's paths."""
    files = [path for path in BUNDLED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8e6
    provenance = json.loads((BUNDLED / "provenance.json").read_text())
    assert {"commands", "seed", "data_set", "figures", "test_pairs", "machine"} <= provenance.keys()
    assert json.loads((BUNDLED / "config.json").read_text())["cache"] == ""
    status = RunDirectory(BUNDLED).status()
    assert status.finished == "done"
    assert status.figures["directed_accuracy"] > 0.9


def test_it_retrieves_actions_of_fresh_pairs() -> None:
    """On pairs drawn here its accuracy is what the provenance promises, within the noise of 120 pairs."""
    from datasets.shapes import ShapesSource

    source, explorer = ShapesSource(), Explorer.load("bundled", threads=1)
    space, rng = source.space, np.random.default_rng(7)
    values = np.stack([rng.integers(0, size, 120) for size in space.sizes], axis=1)
    factor = np.arange(120) % space.num_factors
    rows = np.arange(120)
    values[rows, factor] %= np.array(space.sizes)[factor] - 1
    after = values.copy()
    after[rows, factor] += 1
    codes = explorer.encode(source.render(values)), explorer.encode(source.render(after))
    answer = explorer.retrieve_codes(*codes)[0].argmax(axis=1)
    assert (answer == factor).mean() > 0.93
    assert (explorer.retrieve_codes(codes[1], codes[0])[0].argmax(axis=1) == factor + 6).mean() > 0.93


def test_its_graph_is_not_empty_and_not_full() -> None:
    """A few per cent of all pairs are edges; following them moves something, but not everything."""
    from datasets.shapes import ShapesSource

    explorer = Explorer.load("bundled", threads=1)
    codes = explorer.encode(ShapesSource().render(np.array([[2, 5, 0, 6, 2, 7]]))[0])
    edges = explorer.graph(codes).edges > 0.5
    assert 0.005 < edges.mean() < 0.2
    cause = int(edges.sum(axis=1).argmax())
    moved = [
        int(explorer.do(codes, {cause: int(code)}, propagate=True).moved.sum())
        for code in explorer.palette(codes, cause, limit=12).codes
    ]
    assert max(moved) > 1
    assert max(moved) < explorer.info.num_variables
