"""`doscope verify`: whether caches, packed caches and published files are what they should be."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import Commands, add_command
from cli.data import show_build
from cli.output import Result

if TYPE_CHECKING:
    from datasets.file_check import Checked
    from datasets.writer import Progress

_KINDS = {"cache": "the cache of", "packed": "the packed cache of", "source": "a file of"}
_NONE = "no check sum is known of it"


def add_commands(commands: Commands) -> None:
    """Adds `verify`."""
    parser = add_command(
        commands,
        "verify",
        "check data sets: read and hash every image, and count again what the build promised",
        "doscope verify shapes 3dshapes.h5 mine.packed.h5",
        verify,
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="the name of a data set, a cache (.h5), a packed one, or a file that a data set is built of",
    )


def verify(arguments: argparse.Namespace) -> Result:
    """Checks each file; one that is bad does not keep the others from being checked."""
    found = [_checked(name) for name in arguments.files]
    sound = all(one["sound"] for one in found)
    text = "\n".join(_words(one) for one in found)
    return Result({"sound": sound, "files": found}, text, exit_code=0 if sound else 1)


def _checked(name: str) -> dict[str, Any]:
    """The JSON object of a file."""
    import datasets
    from datasets.errors import DatasetError
    from datasets.file_check import check_file

    path = Path(name)
    try:
        path = path if path.exists() else datasets.resolve(name)
        steps = check_file(path)
        found: list[Checked] = []
        show_build(name, _told(steps, found))
    except DatasetError as error:
        return {"file": str(path), "sound": False, **_NOTHING, "error": str(error)}
    one = found[0]
    data = {"file": str(path), "sound": one.sound, **_NOTHING, "kind": one.kind, "name": one.name}
    data |= asdict(one.findings) if one.findings is not None else {}
    return {**data, "checksum": one.checksum}


def _told(steps: Any, found: list[Checked]) -> Iterator[Progress]:
    found.append((yield from steps))


_COUNTS = {
    "leaking": "images that occur in two splits, or outside the test although they are held out",
    "null_pairs": "pairs without a visible change",
    "wrong_steps": "pairs that their action does not lead to",
    "differing": "images that differ from their source",
}
_NOTHING: dict[str, Any] = {
    "kind": None, "name": None, "images": None, **dict.fromkeys(_COUNTS), "redrawn": None,
    "fingerprint": None, "checksum": None, "error": None,
}  # fmt: skip


def _words(one: dict[str, Any]) -> str:
    """A line for people."""
    if one["error"] is not None:
        return f"{one['file']}: WRONG: {one['error']}"
    what = f"{one['file']}: {_KINDS[one['kind']]} {one['name']}"
    if one["kind"] == "source":
        return f"{what}: {_of_source(one)}"
    faults = ", ".join(f"{one[key]:,} {words}" for key, words in _COUNTS.items() if one[key])
    drawn = f", {one['redrawn']} of them drawn again and equal" if one["redrawn"] else ""
    said = f"WRONG: {faults}; build it again" if faults else f"sound; {one['images']:,} images read{drawn}"
    return f"{what}: {said}; fingerprint {one['fingerprint']}; {_NONE}"


def _of_source(one: dict[str, Any]) -> str:
    if one["checksum"] is None:
        return f"{_NONE}; whether all of it can be read shows when it is built"
    if one["checksum"] == "right":
        return "sound; it has the published check sum"
    return "WRONG: it has the published size but not the published check sum; download it again"
