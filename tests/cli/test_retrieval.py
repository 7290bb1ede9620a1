"""`doscope retrieve` on a tiny run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Call


def test_ranking_of_all_actions(call: Call, tiny_run: Path, before: Path, after: Path) -> None:
    """--json ranks every action once, by probabilities that sum to 1, as the Explorer gives them."""
    from engine.explorer import Explorer

    said = call("retrieve", "--run", tiny_run, "--before", before, "--after", after, "--json")
    assert said.code == 0
    ranking = said.json["ranking"]
    explorer = Explorer.load(tiny_run, device="cpu", threads=1)
    assert {row["action"] for row in ranking} == set(explorer.info.space.action_names)
    assert sum(row["probability"] for row in ranking) == pytest.approx(1, abs=1e-4)
    assert ranking == sorted(ranking, key=lambda row: -row["probability"])
    found = explorer.retrieve(np.asarray(Image.open(before)), np.asarray(Image.open(after)))
    assert said.json["best"] == ranking[0]["action"] == found.best


def test_top_shortens_the_list(call: Call, tiny_run: Path, before: Path, after: Path) -> None:
    """People see five lines unless they ask for another number."""
    common = ("retrieve", "--run", tiny_run, "--before", before, "--after", after)
    assert call(*common).out.count("\n") == 5
    assert call(*common, "--top", 2).out.count("\n") == 2
    assert len(call(*common, "--top", 3, "--json").json["ranking"]) == 3


def test_identical_images_are_no_action(call: Call, tiny_run: Path, before: Path) -> None:
    """Two pictures with the same pixels: nothing happened, and no action is claimed."""
    common = ("retrieve", "--run", tiny_run, "--before", before, "--after", before)
    said = call(*common, "--json")
    assert said.code == 0
    assert said.json["identical"] is True
    assert said.json["best"] is None
    assert "no action" in call(*common).out


def test_missing_image(call: Call, tiny_run: Path, before: Path) -> None:
    """The missing one of the two is named, and with --json the error is the one object on stdout."""
    said = call("retrieve", "--run", tiny_run, "--before", before, "--after", "nowhere.png", "--json")
    assert said.code == 2
    assert said.json["exit_code"] == 2
    assert "nowhere.png" in said.json["error"]
    assert "nowhere.png" in said.err
