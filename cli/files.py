"""Text files that a command writes: whole or not at all, and refused before the work where they cannot be."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from cli.errors import UsageError
from engine.whole_files import whole


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 under another name and renames, so that a full disk leaves no half file.

    Missing folders are made; what UTF-8 does not have (parts of odd file names) becomes "?".

    Raises:
        OSError: it cannot be written; `filename` is the path that the user gave.
    """
    with whole(path, make_folders=True) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def check_writable(path: Path, what: str) -> None:
    """Refuses a file that could not be written; nothing is made or changed.

    Args:
        path: the file that will be written later, after long work.
        what: what it will hold, with its article: "the report".

    Raises:
        UsageError: why not, and what to do.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder; give {what} a file name in it")
        # The temporary file's name, which is longer, must fit the file system too.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.with_name(f".{path.name}.part").lstat()
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not an ordinary file; choose another path for {what}")
        if path.exists() and not os.access(path, os.W_OK):
            raise UsageError(f"{path} is write-protected; choose another path for {what}")
        folder = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder, so {what} cannot lie in it; choose another path")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:  # ValueError: a path such as ".." or one with a zero byte
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{what} cannot be written to {path} ({why}); choose another path") from error
