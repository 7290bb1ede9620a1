"""The example of docs/library.md works word for word."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import cli.door
import datasets
import datasets.importers
import datasets.registry
from tests.datasets import set_files as files

PAGE = Path(__file__).resolve().parents[2] / "docs" / "library.md"


@pytest.fixture
def dials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The example in a folder of its own that belongs to the importers; gone again afterwards."""
    text = PAGE.read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.S)
    assert example.count("\n") < 40
    assert "datasets/importers/dials.py" in text
    folder = tmp_path / "importers"
    folder.mkdir()
    (folder / "dials.py").write_text(example, encoding="utf-8")
    monkeypatch.setenv("DOSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(datasets.importers, "__path__", [*datasets.importers.__path__, str(folder)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    datasets.registry.entries.cache_clear()
    importlib.invalidate_caches()
    monkeypatch.setitem(datasets._RECIPES, "dials", datasets.registry.entries()["dials"].recipe)
    yield tmp_path
    datasets.registry.entries.cache_clear()
    sys.modules.pop("datasets.importers.dials", None)


def test_the_example(dials: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file alone makes `doscope build dials --source dials.npz` work, and the Library's card."""
    images = files.noise((36, 50, 40, 3))
    labels = files.grid((range(12), (0.5, 1, 2)))
    order = np.random.default_rng(0).permutation(36)
    np.savez(dials / "dials.npz", images=images[order], labels=labels[order])
    command = ["build", "dials", "--source", str(dials / "dials.npz"), "--json"]
    counts = [f"--{split}-pairs={n}" for split, n in (("train", 12), ("validation", 2), ("test", 2))]
    assert cli.door.run([*command, *counts]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["factors"] == {"hour": 12, "colour": 3}
    with datasets.open_cache("dials") as cache:
        assert cache.space.factors[1].values == ("red", "green", "blue")
        assert cache.image_shape == (64, 64, 3)
    info = datasets.info("dials")
    assert (info.built, info.place, info.where) == (True, "file", "made by you")
