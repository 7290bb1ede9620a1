"""A tiny model of the pendulum, trained and evaluated: the graph of factors in JSON, table and page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import datasets
from datasets.cache import Cache
from datasets.pendulum import GRAPH
from engine.training import train
from tests.cli.conftest import Call
from tests.conftest import tiny_config

ARROW = "\N{RIGHTWARDS ARROW}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of seconds on a small cache of the pendulum."""
    folder = tmp_path_factory.mktemp("pendulum")
    counts = {"train_pairs": 80, "validation_pairs": 10, "test_pairs": 40}
    for _ in datasets.build_steps("pendulum", out=folder / "pendulum.h5", **counts):  # type: ignore[arg-type]
        pass
    with Cache.open(folder / "pendulum.h5") as cache:
        for _ in train(tiny_config(), cache, folder / "run", threads=1):
            pass
    return folder / "run"


@pytest.mark.long
def test_evaluate_gives_the_graph_of_factors(
    call: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hardly trained, it misses most edges; figures, table and page agree on how many and which."""

    def other_figures(_: object) -> Iterator[object]:
        yield from ()
        return {}

    monkeypatch.setattr("engine.evaluation._graph", other_figures)  # they take long
    monkeypatch.setattr("engine.evaluation._calibration", other_figures)
    page = tmp_path / "page.html"
    figures = call("evaluate", "--run", run, "--quick", "--report", page, "--json").json
    graph = figures["factor_graph"]
    assert graph["known"] == [list(edge) for edge in GRAPH]
    found = {(edge["cause"], edge["effect"]) for edge in graph["edges"]}
    assert graph["found"] == len(found)
    assert figures["factor_graph_shd"] >= len(set(GRAPH) - found)
    assert 0 <= figures["atomic_rate"] <= figures["hit_rate"] <= 1
    assert 1 <= len(figures["rollout"]) <= 5
    html = page.read_text(encoding="utf-8")
    assert "Which factor causes which" in html
    assert html.count('class="factor"') == 4
    for cause, effect in GRAPH:
        assert f"{cause} {ARROW} {effect}, " in html
        state = "right" if (cause, effect) in found else "missing"
        assert f"<title>{cause} causes {effect}: {state}</title>" in html
