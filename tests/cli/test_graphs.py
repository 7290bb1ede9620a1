"""`doscope graph`: each format can be read again and says the same."""

from __future__ import annotations

import csv
import errno
import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call

THRESHOLD = 0.2


@pytest.fixture
def expected(tiny_run: Path, before: Path) -> dict[tuple[str, str], float]:
    """The edges that the Explorer gives, by names."""
    from engine.explorer import Explorer

    explorer = Explorer.load(tiny_run, device="cpu", threads=1)
    edges = explorer.graph(explorer.encode(np.asarray(Image.open(before))), None).edges
    name = explorer.info.variable_name
    return {
        (name(i), name(j)): float(edges[i, j]) for i, j in np.argwhere(edges >= THRESHOLD).tolist() if i != j
    }


def export(call: Call, run: Path, image: Path, form: str, out: Path) -> str:
    said = call(
        *("graph", "--run", run, "--image", image, "--action", "none", "--format", form),
        *("--threshold", THRESHOLD, "--out", out),
    )
    assert said.code == 0
    return out.read_text(encoding="utf-8")


def test_graphml(call: Call, tiny_run: Path, before: Path, tmp_path: Path, expected: dict) -> None:
    """networkx reads it with names, codes and probabilities; the direction is cause to effect."""
    export(call, tiny_run, before, "graphml", tmp_path / "g.graphml")
    network = nx.read_graphml(tmp_path / "g.graphml")
    assert network.is_directed()
    assert network.number_of_nodes() == 64
    assert network.nodes["0,3,4"]["row"] == 3
    assert 0 <= network.nodes["0,3,4"]["code"] < 32
    found = {(a, b): p for a, b, p in network.edges(data="probability")}
    assert found == pytest.approx(expected, abs=1e-6)
    assert found


def test_json(call: Call, tiny_run: Path, before: Path, tmp_path: Path, expected: dict) -> None:
    """The JSON form lists nodes and edges, with what the graph belongs to."""
    data = json.loads(export(call, tiny_run, before, "json", tmp_path / "g.json"))
    assert data["action"] == "none"
    assert len(data["nodes"]) == 64
    found = {(edge["cause"], edge["effect"]): edge["probability"] for edge in data["edges"]}
    assert found == pytest.approx(expected, abs=1e-6)


def test_csv(call: Call, tiny_run: Path, before: Path, tmp_path: Path, expected: dict) -> None:
    """A table of edges with a head line; names with commas are quoted."""
    export(call, tiny_run, before, "csv", tmp_path / "g.csv")
    with (tmp_path / "g.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {(row["cause"], row["effect"]): float(row["probability"]) for row in rows}
    assert found == pytest.approx(expected, abs=1e-6)


def test_dot(call: Call, tiny_run: Path, before: Path, tmp_path: Path, expected: dict) -> None:
    """One line a node and an edge, between the braces of a directed graph."""
    lines = export(call, tiny_run, before, "dot", tmp_path / "g.dot").splitlines()
    assert lines[0] == "digraph doscope {"
    assert lines[-1] == "}"
    assert sum(" -> " in line for line in lines) == len(expected)
    assert len(lines) == 2 + 64 + len(expected)


def test_action_changes_the_graph(call: Call, tiny_run: Path, before: Path) -> None:
    """The graph of an action carries the action's mask, the graph of none has none."""
    common = ("graph", "--run", tiny_run, "--image", before, "--format", "json", "--threshold", 1)
    base, acted = call(*common), call(*common, "--action", "object_hue+")
    assert (base.code, acted.code) == (0, 0)
    masks = [[node["mask"] for node in json.loads(said.out)["nodes"]] for said in (base, acted)]
    assert not any(masks[0])
    assert any(masks[1])


def test_json_flag_lists_the_edges(
    call: Call, tiny_run: Path, before: Path, tmp_path: Path, expected: dict
) -> None:
    """--json speaks of the file that was written and holds the same edges."""
    out = tmp_path / "g.graphml"
    said = call(
        "graph", "--run", tiny_run, "--image", before, "--threshold", THRESHOLD, "--out", out, "--json"
    )
    assert said.json["out"] == str(out)
    assert {(a, b) for a, b, _ in said.json["edges"]} == set(expected)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--action", "nothing"), "object_hue+"),
        (("--format", "pdf"), "graphml"),
        (("--threshold", "2"), "0 to 1"),
    ],
)
def test_bad_arguments(
    call: Call, tiny_run: Path, before: Path, arguments: tuple[str, ...], word: str
) -> None:
    """An unknown action, format or threshold: exit code 2, and the choices."""
    said = call("graph", "--run", tiny_run, "--image", before, *arguments)
    assert said.code == 2
    assert word in said.err


def test_full_disk_leaves_no_half_file(
    call: Call, tiny_run: Path, before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full the old file stays, no temporary one does, and the sentence names the path."""
    out = tmp_path / "g.graphml"
    out.write_text("old")

    def full(path: Path, *_: object, **__: object) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", full)
    said = call("graph", "--run", tiny_run, "--image", before, "--out", out)
    assert said.code == 1
    assert "disk is full" in said.err
    assert str(out) in said.err
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]
