"""`doscope verify`: caches, packed caches and published files; what is wrong, and what is not known."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import datasets.importers.dsprites as dsprites
from datasets.importing import KnownFile
from datasets.packing import pack
from tests.cli.conftest import Call
from tests.datasets.set_files import write_dsprites_hdf5


def test_several_files(call: Call, tiny_cache: Path, tmp_path: Path) -> None:
    """A cache and its packed form have one fingerprint; a line each, and one JSON object; a file that is
    missing does not keep the others from being checked."""
    packed = tmp_path / "p.h5"
    list(pack(tiny_cache, packed))
    said = call("verify", tiny_cache, packed, "--json")
    assert said.code == 0
    cache, other = said.json["files"]
    assert (cache["kind"], other["kind"]) == ("cache", "packed")
    assert cache["fingerprint"] == other["fingerprint"]
    assert cache["images"] == other["images"] > 0
    assert cache["redrawn"] == 64
    assert said.json["sound"]
    assert cache["checksum"] is None
    text = call("verify", tiny_cache, tmp_path / "none.h5", tiny_cache)
    assert text.code == 1
    lines = text.out.splitlines()
    assert len(lines) == 3
    assert "sound; " in lines[0]
    assert "no check sum is known of it" in lines[0]
    assert "WRONG: " in lines[1]
    assert "does not exist" in lines[1]
    assert lines[0] == lines[2]
    assert not list(tmp_path.glob(".verify*"))


def test_what_is_wrong(call: Call, tiny_cache: Path, tmp_path: Path) -> None:
    """Pairs that their action does not lead to, images of another split, a cut file: exit code 1."""
    bad = Path(shutil.copy(tiny_cache, tmp_path / "bad.h5"))
    with h5py.File(bad, "r+") as file:
        action = file["transitions/train/action"]
        action[0] = (action[0] + 1) % 12
        images, splits = file["images"], file["splits"][...]
        images[np.flatnonzero(splits == 2)[0]] = images[np.flatnonzero(splits == 0)[0]]
    cut = tmp_path / "cut.h5"
    cut.write_bytes(tiny_cache.read_bytes()[:5000])
    said = call("verify", bad, cut, "--json")
    assert said.code == 1
    first, second = said.json["files"]
    assert first["wrong_steps"] == 1
    assert first["leaking"] == 1
    assert not first["sound"]
    assert second["error"]
    text = call("verify", bad).out
    assert "WRONG: 1 images that occur in two splits" in text
    assert "1 pairs that their action does not lead to" in text
    assert call("verify").code == 2


def test_published_files(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By size and content where a check sum is published; elsewhere it is said that none is known."""
    path = write_dsprites_hdf5(tmp_path)[0]
    assert "a file of dsprites: no check sum is known of it" in call("verify", path).out
    data = path.read_bytes()
    known = KnownFile(len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())
    monkeypatch.setitem(dsprites.GRID_SET.__dict__, "known", (known,))
    said = call("verify", path)
    assert said.code == 0
    assert "the published check sum" in said.out
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    said = call("verify", path, "--json")
    assert said.code == 1
    assert said.json["files"][0]["checksum"] == "wrong"
    (tmp_path / "letter.txt").write_text("hello")
    assert call("verify", tmp_path / "letter.txt").code == 1
