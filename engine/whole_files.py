"""Writing a file whole or not at all. Standard library only, so that anybody may use it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole(path: Path, *, make_folders: bool = False) -> Iterator[Path]:
    """A temporary file beside `path`, to be written inside; it takes the place of `path` at the end.

    Whatever goes wrong, the old file stays and nothing temporary is left.

    Args:
        path: the file.
        make_folders: make those above it that are missing.

    Raises:
        OSError: it cannot be written; `filename` is the path that the user knows.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if make_folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
