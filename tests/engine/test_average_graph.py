"""The mean graph over images, and what each variable moves."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import torch

from datasets.cache import Cache
from engine.average_graph import average_graph
from engine.errors import InputError
from engine.explorer import Explorer
from engine.graph_files import to_network, write_graph
from engine.metrics import variable_effects
from engine.metrics.variable_effects import another_code, variable_effects_steps


@pytest.fixture(scope="module")
def explorer(tiny_run: Path) -> Explorer:
    return Explorer.load(tiny_run, threads=1)


@pytest.fixture(scope="module")
def codes(explorer: Explorer, tiny_cache: Path) -> np.ndarray:
    with Cache.open(tiny_cache) as cache:
        return explorer.encode(cache.images(cache.rows("validation")[:6]))


@pytest.mark.parametrize("action", [None, 2])
def test_the_mean_is_that_of_the_graphs(explorer: Explorer, codes: np.ndarray, action: int | None) -> None:
    """After three images: mean and standard deviation of their three graphs; after one: that graph."""
    graphs = [explorer.graph(one, action) for one in codes[:3]]
    first, _, third = average_graph(explorer, codes[:3], action)
    assert np.array_equal(first.edges, graphs[0].edges)
    assert not first.spread.any()
    stacked = np.stack([graph.edges for graph in graphs]).astype(np.float64)
    assert np.allclose(third.edges, stacked.mean(axis=0), atol=1e-6)
    assert np.allclose(third.spread, stacked.std(axis=0), atol=1e-3)
    for part in ("mask", "own", "base"):
        whole = np.stack([getattr(graph, part) for graph in graphs])
        assert np.allclose(getattr(third, part), whole.mean(axis=0), atol=1e-6)
    assert (third.images, third.action) == (3, graphs[0].action)


@pytest.mark.parametrize("suffix", ["csv", "json", "graphml", "dot"])
def test_a_mean_is_written_with_its_spread(
    explorer: Explorer, codes: np.ndarray, tmp_path: Path, suffix: str
) -> None:
    """No image's codes stand in the file; how many images they are, and the spread, do."""
    *_, mean = average_graph(explorer, codes)
    path = tmp_path / f"mean.{suffix}"
    write_graph(path, to_network(explorer.info, codes[0], mean, 0.5))
    text = path.read_text(encoding="utf-8")
    if suffix == "dot":
        assert "code=" not in text
        assert "spread=" in text
        assert f"images={len(codes)}" in text
    if suffix == "graphml":
        graph = nx.read_graphml(path)
        assert "code" not in graph.nodes["0,0,0"]
        assert graph.graph["images"] == len(codes)
        assert all("spread" in values for _, _, values in graph.edges(data=True))
    if suffix == "csv":
        header, line = text.splitlines()[:2]
        assert header == "cause,effect,probability,spread"
        names = [explorer.info.variable_name(n) for n in range(explorer.info.num_variables)]
        cause, effect = (names.index(name) for name in next(iter(_pairs(line))))
        assert float(line.rsplit(",", 1)[1]) == pytest.approx(float(mean.spread[cause, effect]), abs=1e-6)
    if suffix == "json":
        data = json.loads(text)
        assert data["images"] == len(codes)
        assert set(data["edges"][0]) == {"cause", "effect", "probability", "spread"}
        assert "code" not in data["nodes"][0]


def _pairs(line: str):
    import csv

    for cause, effect, *_ in csv.reader([line]):
        yield cause, effect


def test_the_lender_of_a_code_is_the_next_image_with_another_one() -> None:
    """[3, 3, 5, 3]: around the end for the last; where all have one code nobody can lend."""
    rows, donors = another_code(np.array([3, 3, 5, 3]))
    assert rows.tolist() == [0, 1, 2, 3]
    assert donors.tolist() == [2, 2, 3, 2]
    rows, donors = another_code(np.full(4, 7))
    assert len(rows) == len(donors) == 0


class ReadsBrightness:
    """Stands in for probes: factor 0 is whether the upper left cell is bright, the others never change."""

    def read(self, images: np.ndarray) -> np.ndarray:
        values = np.zeros((len(images), 6), np.int64)
        values[:, 0] = images[:, :8, :8].mean(axis=(1, 2, 3)) > 127
        return values


def test_what_a_variable_moves_is_what_the_probes_read(
    explorer: Explorer, codes: np.ndarray, tiny_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder that paints each cell by its own code alone: only variable 0 moves the upper left one."""

    def decode(codes: np.ndarray) -> np.ndarray:
        bright = (codes.reshape(-1, 8, 8) % 2 * 255).astype(np.uint8)
        return np.repeat(bright.repeat(8, axis=1).repeat(8, axis=2)[..., None], 3, axis=3)

    def probes_steps(*_arguments: object):
        yield from ()
        return ReadsBrightness()

    monkeypatch.setattr(explorer, "decode", decode)
    monkeypatch.setattr(variable_effects, "probes_steps", probes_steps)
    monkeypatch.setattr(variable_effects, "_place", lambda *_: tmp_path / "effects.json")
    codes = codes.copy()
    codes[:, 0] = [0, 1, 3, 1, 1, 0]
    codes[:, 5] = 9
    with Cache.open(tiny_cache) as cache:
        found = run(variable_effects_steps(explorer, cache, codes))
        again = run(variable_effects_steps(explorer, cache, np.zeros_like(codes)))  # read, not measured
    assert found.tried[0] == 6
    assert found.tried[5] == 0
    # lenders: 0 -> 1, 1 -> 3, 3 -> 1, 1 -> 0, 1 -> 0, 0 -> 1: four change from even to odd or back
    assert found.changed[0].tolist() == pytest.approx([4 / 6, 0, 0, 0, 0, 0])
    assert not found.changed[1:].any()
    assert found.strongest(0) == [(0, pytest.approx(4 / 6))]
    assert found.strongest(5) == []
    assert np.array_equal(again.changed, found.changed)


def test_measured_effects_are_kept_with_the_run(
    explorer: Explorer, codes: np.ndarray, tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time nothing is decoded; other images are measured anew; a damaged file counts as none."""
    monkeypatch.setattr("engine.metrics.probes.MOST_STEPS", 30)
    codes = codes[:4]
    with Cache.open(tiny_cache) as cache:
        found = run(variable_effects_steps(explorer, cache, codes))
        place = variable_effects._place(explorer, cache, codes)
        assert place.parent == explorer.info.path
        assert variable_effects._place(explorer, cache, codes[:3]) != place
        with monkeypatch.context() as patch:
            patch.setattr(explorer, "decode", None)
            again = run(variable_effects_steps(explorer, cache, codes))
        assert np.array_equal(again.changed, found.changed)
        place.write_text("{", encoding="utf-8")
        torch.manual_seed(1)
        anew = run(variable_effects_steps(explorer, cache, codes))
    assert np.array_equal(anew.changed, found.changed)
    assert found.changed.shape == (explorer.info.num_variables, cache.space.num_factors)


def test_without_labels_nothing_can_be_measured(
    explorer: Explorer, codes: np.ndarray, tiny_cache: Path
) -> None:
    """It says what is missing."""
    with Cache.open(tiny_cache) as cache:
        cache.has_factor_labels = False
        with pytest.raises(InputError, match="need factor labels"):
            run(variable_effects_steps(explorer, cache, codes))


def run(steps):
    """The result of a generator."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
