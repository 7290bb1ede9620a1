"""Session files (`.doscope`): a zip with session.json and one PNG an image (docs/file-formats.md).

They may come from strangers: nothing is unpickled or run, sizes are bounded before anything is unpacked, and
every number is checked, so that what comes out is a Session that holds together.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image as PillowImage

from engine.errors import InputError
from engine.results import BoolArray, Codes, Image, LoadedImage, Reconstruction
from engine.session import Session, SessionRun, SessionStep
from engine.whole_files import whole

FORMAT = "doscope-session"
FORMAT_VERSION = 1
SUFFIX = ".doscope"
JSON_NAME = "session.json"
MOST_STEPS = 5_000
MOST_JSON_BYTES = 32 * 2**20
MOST_BYTES = 256 * 2**20  # of the file, of what it unpacks to, and of all pixels
MOST_BRANCHES = 500
MOST_LETTERS = 300  # of a label
MOST_PATH = 4_096
_SAME_TIME = (1980, 1, 1, 0, 0, 0)  # the same session gives the same bytes
T = TypeVar("T")


class _Damaged(ValueError):
    """What is wrong inside; `read_session` adds which file and what to do."""


# ---------------------------------------------------------------- writing


def write_session(path: Path, session: Session) -> None:
    """Writes a session whole or not at all; a file of that name stays until the new one is complete.

    Raises:
        InputError: the history has more than MOST_STEPS steps or MOST_BRANCHES branches.
        OSError: it cannot be written.
    """
    if len(session.steps) > MOST_STEPS or len(session.branches) > MOST_BRANCHES:
        raise InputError(
            f"a session holds at most {MOST_STEPS} steps and {MOST_BRANCHES} branches, this history has"
            f" {len(session.steps)} and {len(session.branches)}; delete some, then save again"
        )
    with whole(path, make_folders=True) as temporary, temporary.open("wb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            text = json.dumps(_to_json(session), separators=(",", ":")).encode()
            _put(archive, JSON_NAME, text, zipfile.ZIP_DEFLATED)
            for name, image in _pictures(session):
                _put(archive, name, _to_png(image), zipfile.ZIP_STORED)
        file.flush()
        os.fsync(file.fileno())


def _put(archive: zipfile.ZipFile, name: str, content: bytes, compression: int) -> None:
    archive.writestr(zipfile.ZipInfo(name, _SAME_TIME), content, compression)


def _pictures(session: Session) -> list[tuple[str, Image]]:
    """Every image by its name in the zip; the first step's is the reconstruction."""
    steps = [(_step_name(place), step.image) for place, step in enumerate(session.steps)]
    own = [("original.png", session.image.image), ("autoencoded.png", session.reconstruction.autoencoded)]
    return own + steps


def _step_name(place: int) -> str:
    return f"steps/{place:04d}.png"


def _to_png(image: Image) -> bytes:
    held = io.BytesIO()
    PillowImage.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(
        held, "PNG", compress_level=3
    )
    return held.getvalue()


def _to_json(session: Session) -> dict[str, Any]:
    run, image = session.run, session.image
    before = {second: first for path in session.branches for first, second in itertools.pairwise(path)}
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "run": {
            "name": _line(run.name, MOST_PATH),
            "path": _line(run.path, MOST_PATH),
            "fingerprint": run.fingerprint,
            "grid": list(run.grid),
            "num_codes": run.num_codes,
        },
        "dataset": _line(session.dataset, MOST_PATH),
        "dataset_name": _line(session.dataset_name, MOST_PATH),
        "image": {
            "shape": list(image.image.shape),
            "note": _line(image.note, MOST_PATH),
            "source": _line(image.source, MOST_PATH),
            "address": _line(image.address, MOST_PATH),
            "factors": None if image.factors is None else list(image.factors),
            "position": session.position,
            "split": session.split,
            "psnr_db": _finite(session.reconstruction.psnr_db),
        },
        "steps": [
            {"after": before.get(place), **_step_to_json(step)} for place, step in enumerate(session.steps)
        ],
        "branches": [path[-1] for path in session.branches],  # the rest follows from "after"
        "branch": session.branch,
        "index": session.index,
        "variable": session.variable,
        "action": session.action,
        "propagate": session.propagate,
    }


def _step_to_json(step: SessionStep) -> dict[str, Any]:
    return {
        "label": _line(step.label, MOST_LETTERS),
        "name": _line(step.name, MOST_LETTERS),
        "codes": step.codes.tolist(),
        "moved": _to_nodes(step.moved),
        "targets": _to_nodes(step.targets),
        "python": step.python,
        "moves": None if step.moves is None else list(step.moves),
    }


def _to_nodes(marks: BoolArray | None) -> list[int] | None:
    """The marked variables; None stays None."""
    return None if marks is None else np.flatnonzero(marks).tolist()


def _line(text: str, most: int) -> str:
    """What `_text` takes: a file's name may hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:most]


def _finite(number: float) -> float | None:
    """JSON knows no infinity (the PSNR of a perfect reconstruction)."""
    return float(number) if np.isfinite(number) else None


# ---------------------------------------------------------------- reading


def read_session(path: Path) -> Session:
    """Reads and checks a session file; nothing in it is trusted.

    Raises:
        InputError: there is no such file, it is damaged, too large, of something else, or of a newer Doscope.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise InputError(f"{path} is a folder, not a session; choose a file that ends with {SUFFIX}")
        if size > MOST_BYTES:
            raise _Damaged(f"{size} bytes are more than a session has")
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive)
            data = json.loads(_content(archive, JSON_NAME))
            _check_format(path, data)
            return _from_json(data, archive)
    except FileNotFoundError as error:
        raise InputError(f"there is no session at {path}; choose another file") from error
    except KeyError as error:
        raise InputError(
            f"{path} is not a complete Doscope session ({error.args[0]}); choose another file"
        ) from error
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{path} is not a Doscope session, or it was cut short; choose another file"
        ) from error
    except (ValueError, TypeError, OSError, SyntaxError, RecursionError, OverflowError, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is damaged ({error}); choose another session") from error
    except (RuntimeError, NotImplementedError, PillowImage.DecompressionBombError) as error:
        # zipfile's words for encrypted entries and compressions that it does not know
        raise InputError(f"{path} is not a session that Doscope wrote ({error}); choose another") from error


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Before anything is unpacked: zipfile never gives more bytes than an entry declares."""
    entries = archive.infolist()
    if len(entries) > MOST_STEPS + 3:
        raise _Damaged(f"{len(entries)} files are more than a session has")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise _Damaged("it would unpack to more than a session has")


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    entry = archive.getinfo(name)
    if name == JSON_NAME and entry.file_size > MOST_JSON_BYTES:
        raise _Damaged(f"{name} is larger than a session's")
    return archive.read(entry)


def _check_format(path: Path, data: Any) -> None:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"{path} is not a Doscope session; choose a file that ends with {SUFFIX}")
    version = data.get("version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise InputError(
            f"{path} was saved by a newer Doscope (session version {version}, this one reads"
            f" {FORMAT_VERSION}); update Doscope to open it"
        )
    if version != FORMAT_VERSION:
        raise _Damaged(f"it has session version {version}")


def _from_json(data: dict[str, Any], archive: zipfile.ZipFile) -> Session:
    """The checked contents.

    Raises:
        KeyError, ValueError, TypeError: something is missing or no such value.
    """
    run, about = _run(data["run"]), data["image"]
    shape = _shape(about["shape"], len(data["steps"]))
    steps = tuple(
        _step(given, _picture(archive, _step_name(place), shape), run)
        for place, given in enumerate(data["steps"])
    )
    if not steps:
        raise _Damaged("it has no step")
    branches = _branches(data["branches"], [given["after"] for given in data["steps"]])
    branch = _whole(data["branch"], 0, len(branches) - 1)
    psnr = float("inf") if about["psnr_db"] is None else float(about["psnr_db"])
    if np.isnan(psnr):
        raise _Damaged("the PSNR is not a number")
    original, autoencoded = (_picture(archive, name, shape) for name in ("original.png", "autoencoded.png"))
    return Session(
        run=run,
        dataset=_local(_text(data["dataset"], MOST_PATH)),
        dataset_name=_text(data["dataset_name"], MOST_PATH),
        image=LoadedImage(
            original,
            _text(about["note"], MOST_PATH),
            _text(about["source"], MOST_PATH),
            _maybe(lambda given: tuple(_whole(v) for v in given), about["factors"]),
            _text(about.get("address", ""), MOST_PATH),  # sessions of before have none
        ),
        position=_maybe(_whole, about["position"]),
        split=_text(about["split"]),
        reconstruction=Reconstruction(steps[0].codes, steps[0].image, autoencoded, psnr),
        steps=steps,
        branches=branches,
        branch=branch,
        index=_whole(data["index"], 0, len(branches[branch]) - 1),
        variable=_maybe(lambda node: _whole(node, 0, _nodes(run) - 1), data["variable"]),
        action=_maybe(_whole, data["action"]),
        propagate=bool(data["propagate"]),
    )


def _run(given: dict[str, Any]) -> SessionRun:
    q, h, w = (_whole(size, 1, 4096) for size in given["grid"])
    if q * h * w > 2**16:
        raise _Damaged(f"a grid of {q} x {h} x {w} variables is larger than any model's")
    name, path = _text(given["name"], MOST_PATH), _local(_text(given["path"], MOST_PATH))
    return SessionRun(
        name, path, _text(given["fingerprint"]), (q, h, w), _whole(given["num_codes"], 1, 2**20)
    )


def _nodes(run: SessionRun) -> int:
    q, h, w = run.grid
    return q * h * w


def _step(given: dict[str, Any], image: Image, run: SessionRun) -> SessionStep:
    moves = given["moves"]
    if moves is not None:
        factor, count = moves
        moves = (_whole(factor, 0, 2**16), _whole(count, -(2**16), 2**16))
    return SessionStep(
        _text(given["label"]),
        _codes(given["codes"], run),
        image,
        _text(given["name"]),
        _from_nodes(given["moved"], run),
        _from_nodes(given["targets"], run),
        _text(given["python"], MOST_JSON_BYTES),
        moves,
    )


def _codes(given: Any, run: SessionRun) -> Codes:
    codes = np.array([_whole(code, 0, run.num_codes - 1) for code in given], dtype=np.int64)
    if len(codes) != _nodes(run):
        raise _Damaged(f"a step has {len(codes)} codes, the model {_nodes(run)} variables")
    return codes


def _from_nodes(given: Any, run: SessionRun) -> BoolArray | None:
    """Inverse of `_to_nodes`."""
    if given is None:
        return None
    marks = np.zeros(_nodes(run), dtype=bool)
    for node in given:
        marks[_whole(node, 0, len(marks) - 1)] = True
    return marks


def _branches(ends: Sequence[Any], after: Sequence[Any]) -> tuple[tuple[int, ...], ...]:
    """The paths from the first step to where each branch ends.

    Args:
        ends: a step's place for each branch.
        after: for each step the place of the one that it was made from; None for the first.

    Raises:
        ValueError: a step comes before the one it was made from, or lies on no branch.
    """
    if not 1 <= len(ends) <= MOST_BRANCHES or after[0] is not None:
        raise _Damaged("its branches are not such as Doscope saves")
    before = [0, *(_whole(given, 0, place) for place, given in enumerate(after[1:]))]
    paths = []
    for end in ends:
        path = [_whole(end, 0, len(after) - 1)]
        while path[-1] != 0:
            path.append(before[path[-1]])
        paths.append(tuple(reversed(path)))
    if len({place for path in paths for place in path}) < len(after):
        raise _Damaged("a step lies on no branch")
    return tuple(paths)


def _picture(archive: zipfile.ZipFile, name: str, shape: tuple[int, int, int]) -> Image:
    """One PNG; its size and kind are looked at before its pixels are unpacked."""
    height, width, channels = shape
    with PillowImage.open(io.BytesIO(_content(archive, name)), formats=("PNG",)) as opened:
        if opened.size != (width, height) or opened.mode != ("L" if channels == 1 else "RGB"):
            raise _Damaged(f"{name} is {opened.mode} {opened.size}, not as the session says")
        return np.array(opened, dtype=np.uint8).reshape(shape)


def _shape(given: Any, steps: int) -> tuple[int, int, int]:
    height, width, channels = (_whole(size, 1, 4096) for size in given)
    if channels not in (1, 3):
        raise _Damaged(f"images of {channels} channels")
    if steps > MOST_STEPS or height * width * channels * (steps + 2) > MOST_BYTES:
        raise _Damaged("its images are more than a session has")
    return height, width, channels


def _whole(given: Any, least: int = 0, most: int = 2**31) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise _Damaged(f"{str(given)[:40]!r} where a number from {least} to {most} belongs")
    return given


def _text(given: Any, most: int = MOST_LETTERS) -> str:
    """One line: labels go on screen and behind the # of a line of Python."""
    if not isinstance(given, str) or len(given) > most or not given.isprintable():
        raise _Damaged(f"{str(given)[:40]!r} where a line of text belongs")
    return given


def _local(path: str) -> str:
    """A path on this computer, else nothing: opening a stranger's file must not call another machine."""
    return "" if path[:2] in ("\\\\", "//", "\\/", "/\\") else path


def _maybe(convert: Callable[[Any], T], given: Any) -> T | None:
    return None if given is None else convert(given)
