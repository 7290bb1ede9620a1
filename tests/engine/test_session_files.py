"""Session files: what is saved comes back, and what a stranger sends is checked before it is used."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from engine import session_files
from engine.errors import InputError
from engine.results import LoadedImage, Reconstruction
from engine.session import Session, SessionRun, SessionStep, fingerprint
from engine.session_files import read_session, write_session
from engine.whole_files import whole

GRID, NODES, CODES = (1, 2, 3), 6, 16
TEXT = st.text(st.characters(categories=("L", "N", "P", "S"), include_characters=" "), max_size=20)
PATH = TEXT.map(lambda text: f"runs/{text}")


def pixels(seed: int, shape: tuple[int, int, int] = (4, 5, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@st.composite
def steps(draw, place: int, shape: tuple[int, int, int]) -> SessionStep:
    marks = st.none() | st.lists(st.booleans(), min_size=NODES, max_size=NODES).map(np.array)
    codes = draw(st.lists(st.integers(0, CODES - 1), min_size=NODES, max_size=NODES))
    moves = st.none() | st.tuples(st.integers(0, 5), st.integers(-9, 9))
    return SessionStep(
        draw(TEXT), np.array(codes, np.int64), pixels(place, shape), draw(TEXT), draw(marks), draw(marks),
        draw(TEXT), draw(moves),
    )  # fmt: skip


@st.composite
def sessions(draw) -> Session:
    """Any tree of steps, with images of one or three channels."""
    shape = (4, 5, draw(st.sampled_from([1, 3])))
    count = draw(st.integers(1, 6))
    made = tuple(draw(steps(place, shape)) for place in range(count))
    paths = [(0,)]
    for place in range(1, count):  # each step goes on from somewhere; the longest paths are the branches
        path = draw(st.sampled_from(paths))
        cut = draw(st.integers(1, len(path)))
        paths = [p for p in paths if p != path[:cut]] + [(*path[:cut], place)]
    branch = draw(st.integers(0, len(paths) - 1))
    return Session(
        run=SessionRun(draw(TEXT), draw(PATH), "ab12", GRID, CODES),
        dataset=draw(PATH),
        dataset_name="shapes",
        image=LoadedImage(pixels(99, shape), draw(TEXT), draw(TEXT), draw(st.none() | st.just((1, 0, 2)))),
        position=draw(st.none() | st.integers(0, 99)),
        split=draw(st.sampled_from(["", "test"])),
        reconstruction=Reconstruction(made[0].codes, made[0].image, pixels(98, shape), 30.5),
        steps=made,
        branches=tuple(paths),
        branch=branch,
        index=draw(st.integers(0, len(paths[branch]) - 1)),
        variable=draw(st.none() | st.integers(0, NODES - 1)),
        action=draw(st.none() | st.integers(0, 5)),
        propagate=draw(st.booleans()),
    )  # fmt: skip


def same(first: Any, second: Any) -> bool:
    """Equal field by field, arrays by their values and types."""
    if dataclasses.is_dataclass(first):
        names = [f.name for f in dataclasses.fields(first)]
        return type(first) is type(second) and all(same(getattr(first, n), getattr(second, n)) for n in names)
    if isinstance(first, tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(first, second)
    return bool(first == second)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sessions())
def test_what_is_saved_comes_back(tmp_path: Path, session: Session) -> None:
    """Every field and every pixel, whatever tree the steps form; and nothing else is left in the folder."""
    path = tmp_path / "a.doscope"
    write_session(path, session)
    assert same(read_session(path), session)
    assert [p.name for p in tmp_path.iterdir()] == ["a.doscope"]


@pytest.fixture
def session() -> Session:
    """A start, two steps, and a second branch from the first."""
    codes = [np.full(NODES, k, np.int64) for k in range(4)]
    made = tuple(SessionStep(f"step {k}", codes[k], pixels(k)) for k in range(4))
    return Session(
        SessionRun("tiny", "runs/tiny", "ab12", GRID, CODES), "shapes", "shapes",
        LoadedImage(pixels(9)), 3, "test", Reconstruction(codes[0], made[0].image, pixels(8), 30.0),
        made, ((0, 1, 2), (0, 1, 3)), 1, 2, variable=4,
    )  # fmt: skip


@pytest.fixture
def forge(tmp_path: Path, session: Session) -> Callable[..., Path]:
    """Saves the session, then rewrites it: other values in its JSON, other entries in its zip."""

    def forge(values: dict[str, Any] | None = None, entries: dict[str, bytes | None] | None = None) -> Path:
        path = tmp_path / "forged.doscope"
        write_session(path, session)
        with zipfile.ZipFile(path) as archive:
            held: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
        data = json.loads(held["session.json"] or b"")
        for dotted, value in (values or {}).items():
            *outer, last = dotted.split(".")
            inside = data
            for key in outer:
                inside = inside[int(key) if key.isdigit() else key]
            inside[last] = value
        held["session.json"] = json.dumps(data).encode()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**held, **(entries or {})}.items():
                if content is not None:
                    archive.writestr(name, content)
        return path

    return forge


def png(size: tuple[int, int], mode: str = "RGB") -> bytes:
    held = io.BytesIO()
    PillowImage.new(mode, size).save(held, "PNG")
    return held.getvalue()


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"version": 2}, "newer Doscope"),
        ({"version": "x"}, "version x"),
        ({"format": "zip"}, "not a Doscope session"),
        ({"index": 3}, "from 0 to 2"),
        ({"variable": NODES}, "from 0 to 5"),
        ({"branch": True}, "True"),
        ({"branches": []}, "branches"),
        ({"branches": [2]}, "lies on no branch"),
        ({"steps.1.after": 2}, "from 0 to 0"),
        ({"steps.0.after": 0}, "branches"),
        ({"steps.2.codes": [CODES] * NODES}, "from 0 to 15"),
        ({"steps.2.codes": [0]}, "1 codes"),
        ({"steps.2.moved": [NODES]}, "from 0 to 5"),
        ({"steps.1.label": "a\nimport os"}, "line of text"),
        ({"steps.1.python": "a\rimport os"}, "line of text"),
        ({"steps": []}, "damaged"),
        ({"image.shape": [40_000, 40_000, 3]}, "from 1 to 4096"),
        ({"image.shape": [4096, 4096, 3]}, "more than a session has"),
        ({"image.psnr_db": "much"}, "much"),
        ({"run.grid": [4096, 4096, 4096]}, "larger than any"),
        ({"run": []}, "damaged"),
        ({"image.factors": "12"}, "'1'"),
    ],
)
def test_what_does_not_hold_together_is_refused(forge, values: dict[str, Any], word: str) -> None:
    """One sentence that names the file and what is wrong."""
    path = forge(values)
    with pytest.raises(InputError, match="forged") as caught:
        read_session(path)
    assert word in str(caught.value).replace(str(path), "")


@pytest.mark.parametrize(
    ("entries", "word"),
    [
        ({"steps/0001.png": None}, "steps/0001.png"),
        ({"session.json": None}, "session.json"),
        ({"session.json": b"{"}, "damaged"),
        ({"session.json": b"[" * 100_000}, "damaged"),
        ({"original.png": png((5, 4))[:40]}, "damaged"),
        ({"original.png": b"GIF89a"}, "damaged"),
        ({"original.png": png((3000, 3000))}, "not as the session says"),
        ({"original.png": png((5, 4), "RGBA")}, "RGBA"),
    ],
)
def test_damaged_contents_are_refused(forge, entries: dict[str, bytes | None], word: str) -> None:
    """Missing, cut short, of another kind or size."""
    path = forge(entries=entries)
    with pytest.raises(InputError, match="forged") as caught:
        read_session(path)
    assert word in str(caught.value).replace(str(path), "")


def test_a_bomb_is_not_unpacked(forge, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would unpack to more than a session has is refused by what the zip declares."""
    path = forge(entries={"original.png": bytes(3_000_000)})
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(session_files, "MOST_BYTES", 2_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(InputError, match="unpack"):
        read_session(path)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut short"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    """Neither is a session; nor is a folder, or a file that is not there."""
    path = tmp_path / "other.doscope"
    path.write_bytes(content)
    for wrong in (path, tmp_path, tmp_path / "none.doscope"):
        with pytest.raises(InputError, match=wrong.name):
            read_session(wrong)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_flipped_byte_never_breaks_out(tmp_path: Path, session: Session, place: int, flip: int) -> None:
    """Whatever byte is another one: the session, or an InputError, never another exception."""
    path = tmp_path / "a.doscope"
    write_session(path, session)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= flip
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        read_session(path)


def test_the_old_file_stays_when_writing_fails(
    tmp_path: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: the error names the file, what was there is whole, and no part is left behind."""
    path = tmp_path / "a.doscope"
    write_session(path, session)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space") as caught:
        write_session(path, dataclasses.replace(session, index=0))
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.doscope"]


def test_too_long_a_history_is_not_saved(tmp_path: Path, session: Session, monkeypatch) -> None:
    """What could not be read again is not written; the sentence says what to do."""
    monkeypatch.setattr(session_files, "MOST_STEPS", 3)
    with pytest.raises(InputError, match="delete some"):
        write_session(tmp_path / "a.doscope", session)


@pytest.mark.parametrize("path", ["//server/run", "\\\\server\\run", "/\\server\\run"])
def test_another_machine_is_never_called(forge, path: str) -> None:
    """Network paths of a run or data set count as unknown."""
    found = read_session(forge({"run.path": path, "dataset": path}))
    assert found.run.path == found.dataset == ""


def test_the_fingerprint_tells_versions_apart() -> None:
    """Another setting, step or codebook is another version; the order of the settings is not."""
    codebook = np.arange(6, dtype=np.float32)
    same = fingerprint({"a": 1, "b": 2}, 5, codebook)
    assert same == fingerprint({"b": 2, "a": 1}, 5, codebook.copy())
    others = {
        fingerprint({"a": 1, "b": 3}, 5, codebook),
        fingerprint({"a": 1, "b": 2}, 6, codebook),
        fingerprint({"a": 1, "b": 2}, 5, codebook + 1e-6),
    }
    assert len(others | {same}) == 4


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """Until the new file is complete the old one is there, whatever the reason of the failure."""
    path = tmp_path / "new" / "kept.txt"
    with whole(path, make_folders=True) as temporary:
        temporary.write_text("old")

    def fail() -> None:
        with whole(path) as temporary:
            temporary.write_text("half")
            assert path.read_text() == "old"
            raise OSError(28, "the disk is full")

    with pytest.raises(OSError, match="full") as caught:
        fail()
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]
