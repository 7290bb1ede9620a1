"""The engine thread's work on one's own data before they are built, and on what is dropped. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.errors import SourceError
from gui import requests as rq
from gui.replies import Activity, Dropped
from gui.words import without_options

if TYPE_CHECKING:
    from datasets.own_preview import OwnLook

MOST_KEPT = 5_000_000  # labels; more are read anew each time
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


class OwnPreviews:
    """Keeps what was opened last, so that another kind of a column is answered at once."""

    def __init__(self) -> None:
        self._look: OwnLook | None = None

    def preview(self, request: rq.PreviewOwn) -> Iterator[object]:
        """Nothing on the way, then Preview.

        Raises:
            DatasetError: see `OwnLook`.
        """
        from datasets.own_preview import OwnLook

        path = Path(request.source)
        if self._look is None or self._look.path != path or not request.again:
            self._look = None  # also where the next line fails
            self._look = OwnLook(path)
            yield None
        kinds = dict(item.rpartition("=")[::2] for item in request.kinds)
        preview = yield from self._look.preview(kinds, request.pairs)
        if preview.images * len(preview.columns) > MOST_KEPT:
            self._look = None
        yield preview


def recognise_steps(request: rq.Recognise) -> Iterator[object]:
    """Activities on the way, then Dropped.

    Raises:
        SourceError: nothing can be done with it.
    """
    path = Path(request.path)
    known = _by_name(path)
    if known:
        yield Dropped(request.path, known)
        return
    from datasets.recognition import recognise

    steps = recognise(path)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found = end.value
            break
        except SourceError as error:
            sentence = f"Doscope can do nothing with this: {without_options(str(error))}"
            raise SourceError(sentence) from error
        yield Activity(request.kind, request.text, cancellable=True)
    what = "own" if found.what == "source" and found.name == "own" else found.what
    yield Dropped(request.path, what, found.name)


def _by_name(path: Path) -> str:
    """What can be told without the readers of data sets; empty for the rest."""
    ending = path.suffix.lower()
    if path.is_dir():
        return "run" if (path / "config.json").is_file() else ""
    if ending == ".doscope":
        return "session"
    if ending in PICTURES:
        return "picture"
    if ending == ".zip":
        from engine.run_archive import holds_run

        return "exported run" if holds_run(path) else ""
    return ""
