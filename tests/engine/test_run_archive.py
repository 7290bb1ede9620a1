"""Runs in one file and back."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import EngineError, InputError, RunError
from engine.run_archive import Steps, export_run, import_run, rename_run


def to_end(steps: Steps) -> tuple[Path, list[tuple[int, int]]]:
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return end.value, seen


def contents(run: Path) -> dict[str, bytes]:
    """What is worth keeping; the guard of a training is always empty."""
    files = (p for p in run.rglob("*") if p.is_file() and p.name != ".training.guard")
    return {str(p.relative_to(run)): p.read_bytes() for p in files}


def test_an_exported_run_comes_back_whole(tiny_run_copy: Path, tmp_path: Path) -> None:
    """Byte for byte, without what only a training needs; a second import gets a number."""
    before = contents(tiny_run_copy)
    (tiny_run_copy / "orders").mkdir(exist_ok=True)
    for scratch in ("orders/1.json", ".training.guard", "training.lock"):
        (tiny_run_copy / scratch).write_text("{}")
    made, seen = to_end(export_run(tiny_run_copy, tmp_path / "run.zip"))
    assert seen[-1][0] == seen[-1][1] == sum(map(len, before.values()))
    place, _ = to_end(import_run(made, tmp_path / "runs"))
    assert place == tmp_path / "runs" / tiny_run_copy.name
    assert contents(place) == before
    again, _ = to_end(import_run(made, tmp_path / "runs"))
    assert again.name == f"{tiny_run_copy.name}-2"
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_a_cancelled_export_or_import_leaves_nothing(tiny_run_copy: Path, tmp_path: Path) -> None:
    """Also not the older file's end."""
    file = tmp_path / "run.zip"
    file.write_text("older")
    steps = export_run(tiny_run_copy, file)
    next(steps)
    steps.close()
    assert file.read_text() == "older"
    assert not list(tmp_path.glob(".*"))
    to_end(export_run(tiny_run_copy, file))
    steps = import_run(file, tmp_path / "runs")
    next(steps)
    steps.close()
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("name", ["../config.json", "/a/config.json", "a\\..\\..\\config.json", "a/b", ""])
def test_what_is_no_exported_run_is_refused(name: str, tmp_path: Path) -> None:
    """Paths that lead out, other archives, no archive: a sentence, and nothing is written."""
    file = tmp_path / "bad.zip"
    if name:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name, "{}")
    else:
        file.write_text("<html>Quota exceeded</html>")
    with pytest.raises(RunError, match=r"bad\.zip cannot be imported"):
        to_end(import_run(file, tmp_path / "runs"))
    assert not list(tmp_path.rglob("config.json"))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A file that grows by more than any of a run can."""
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/config.json", "{}")
        with archive.open("a/metrics.jsonl", "w") as inside:
            for _ in range(8):
                inside.write(bytes(1 << 20))
    with pytest.raises(RunError, match="absurdly large"):
        to_end(import_run(file, tmp_path / "runs"))


@example(where=0.640625, value=0, cut=False)  # a name that is empty then
@given(where=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), cut=st.booleans())
def test_damage_never_ends_in_a_traceback(tmp_path_factory, where: float, value: int, cut: bool) -> None:
    """A byte changed, or the end cut off: the run as it is, or a sentence; no half of it stays."""
    folder = tmp_path_factory.mktemp("damaged")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/config.json", '{"format": "doscope-run"}')
        archive.writestr("a/metrics.jsonl", "{}\n" * 20)
    data = bytearray(buffer.getvalue())
    place = int(where * len(data))
    data[place] = value
    (folder / "run.zip").write_bytes(data[:place] if cut else data)
    with pytest.raises(EngineError):  # whole, it has no settings in it
        to_end(import_run(folder / "run.zip", folder / "runs"))
    assert not list(folder.rglob("config.json"))


def test_a_run_is_renamed(tiny_run_copy: Path) -> None:
    """To a name that is free and can be a directory's."""
    before = contents(tiny_run_copy)
    place = rename_run(tiny_run_copy, " better ")
    assert (place.name, contents(place)) == ("better", before)
    assert not tiny_run_copy.exists()
    for name in ("", "a/b", "..", ".hidden", "better", "a\nb"):
        with pytest.raises(InputError):
            rename_run(place, name)
    assert contents(place) == before
